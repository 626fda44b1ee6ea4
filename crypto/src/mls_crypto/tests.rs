//! Runs published test vectors through the provider.

use openmls_traits::crypto::OpenMlsCrypto as _;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::unhex as hex;

fn crypto() -> MlsCrypto {
    MlsCrypto::new(MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1)))
}

#[test]
fn rfc_5869_test_case_1() {
    let prk =
        crypto().hkdf_extract(HashType::Sha2_256, &hex("000102030405060708090a0b0c"), &[0x0b; 22]).unwrap();
    let prk_expected = hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    assert_eq!(prk.as_slice(), prk_expected);
    let okm =
        crypto().hkdf_expand(HashType::Sha2_256, prk.as_slice(), &hex("f0f1f2f3f4f5f6f7f8f9"), 42).unwrap();
    let okm_expected =
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_eq!(okm.as_slice(), okm_expected);
}

#[test]
fn rfc_8439_section_2_8_2() {
    let key: Vec<u8> = (0x80..=0x9f).collect();
    let nonce = hex("070000004041424344454647");
    let aad = hex("50515253c0c1c2c3c4c5c6c7");
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    let sealed = crypto().aead_encrypt(AeadType::ChaCha20Poly1305, &key, text, &nonce, &aad).unwrap();
    assert_eq!(&sealed[text.len()..], hex("1ae10b594f09e26a7e902ecbd0600691"));
    assert_eq!(sealed[..16], hex("d31a8d34648e60db7b86afbc53ef7ec2"));
    let opened = crypto().aead_decrypt(AeadType::ChaCha20Poly1305, &key, &sealed, &nonce, &aad).unwrap();
    assert_eq!(opened, text);
}

#[test]
fn rfc_8032_section_7_1_test_1() {
    let secret = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let expected = hex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    let signature = crypto().sign(SignatureScheme::ED25519, b"", &secret).unwrap();
    assert_eq!(signature, expected);
    crypto().verify_signature(SignatureScheme::ED25519, b"", &public, &signature).unwrap();
}

#[test]
fn p2_a_small_order_key_verifies_nothing() {
    // Without strict verification, the identity point verifies (R = identity, S = 0) over any message.
    let mut identity = [0_u8; 32];
    identity[0] = 1;
    let mut signature = [0_u8; 64];
    signature[0] = 1;
    let result = crypto().verify_signature(SignatureScheme::ED25519, b"anything", &identity, &signature);
    assert_eq!(result, Err(CryptoError::InvalidSignature));
}

#[test]
fn hpke_opens_what_it_sealed_and_nothing_else() {
    let pair = crypto().derive_hpke_keypair(SUITE.hpke_config(), &[7; 32]).unwrap();
    let sealed = crypto().hpke_seal(SUITE.hpke_config(), &pair.public, b"info", b"aad", b"text").unwrap();
    assert_eq!(sealed.kem_output.as_slice().len(), 1120);
    let open =
        |info: &[u8], aad: &[u8]| crypto().hpke_open(SUITE.hpke_config(), &sealed, &pair.private, info, aad);
    assert_eq!(open(b"info", b"aad").unwrap(), b"text");
    assert_eq!(open(b"other", b"aad"), Err(CryptoError::HpkeDecryptionError));
    assert_eq!(open(b"info", b"other"), Err(CryptoError::HpkeDecryptionError));
}

#[test]
fn every_other_suite_is_refused() {
    for suite in [
        Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
    ] {
        assert_eq!(crypto().supports(suite), Err(CryptoError::UnsupportedCiphersuite));
    }
    crypto().supports(SUITE).unwrap();
}

#[test]
fn p1_nothing_but_the_one_suite_is_done() {
    let crypto = crypto();
    assert_eq!(crypto.supported_ciphersuites(), [SUITE]);
    assert!(crypto.supports(SUITE).is_ok());
    let other = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
    assert!(crypto.supports(other).is_err());
    for hash in [HashType::Sha2_384, HashType::Sha2_512] {
        assert!(crypto.hash(hash, b"").is_err() && crypto.hmac(hash, b"key", b"").is_err());
        assert!(
            crypto.hkdf_extract(hash, b"", b"").is_err()
                && crypto.hkdf_expand(hash, &[1; 64], b"", 32).is_err()
        );
    }
    assert!(crypto.aead_encrypt(AeadType::Aes128Gcm, &[1; 16], b"", &[2; 12], b"").is_err());
    assert!(crypto.aead_decrypt(AeadType::Aes256Gcm, &[1; 32], &[0; 16], &[2; 12], b"").is_err());
    assert!(crypto.signature_key_gen(SignatureScheme::ECDSA_SECP256R1_SHA256).is_err());
    assert!(crypto.sign(SignatureScheme::ED448, b"", &[1; 32]).is_err());
    assert!(crypto.verify_signature(SignatureScheme::ED448, b"", &[1; 32], &[0; 64]).is_err());
    let classic =
        || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::ChaCha20Poly1305);
    assert!(crypto.derive_hpke_keypair(classic(), &[1; 32]).is_err());
    assert!(crypto.hpke_seal(classic(), &[1; 32], b"", b"", b"").is_err());
}

#[test]
fn a_new_key_signs_what_it_verifies() {
    let crypto = crypto();
    let (secret, public) = crypto.signature_key_gen(SignatureScheme::ED25519).unwrap();
    let signature = crypto.sign(SignatureScheme::ED25519, b"text", &secret).unwrap();
    assert!(crypto.verify_signature(SignatureScheme::ED25519, b"text", &public, &signature).is_ok());
    assert!(crypto.verify_signature(SignatureScheme::ED25519, b"texT", &public, &signature).is_err());
}
