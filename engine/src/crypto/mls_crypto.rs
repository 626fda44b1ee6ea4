//! [`OpenMlsCrypto`] for the one suite: RFC 5869, RFC 8032, RFC 8439 and RFC 9180 by kept crates.

use chacha20poly1305::aead::{Aead as _, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use hpke::aead::ChaCha20Poly1305 as HpkeAead;
use hpke::kdf::HkdfSha256 as HpkeKdf;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use sha2::{Digest, Sha256};
use tls_codec::SecretVLBytes;

use super::{MlsRandom, SUITE};

/// The suite's primitives.
pub(crate) struct MlsCrypto {
    random: MlsRandom,
}

impl MlsCrypto {
    pub(crate) const fn new(random: MlsRandom) -> Self {
        Self { random }
    }
}

const fn sha256_only(hash: HashType) -> Result<(), CryptoError> {
    match hash {
        HashType::Sha2_256 => Ok(()),
        _ => Err(CryptoError::UnsupportedHashAlgorithm),
    }
}

const fn ed25519_only(scheme: SignatureScheme) -> Result<(), CryptoError> {
    match scheme {
        SignatureScheme::ED25519 => Ok(()),
        _ => Err(CryptoError::UnsupportedSignatureScheme),
    }
}

const fn our_hpke(config: &HpkeConfig) -> Result<(), CryptoError> {
    match config {
        HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha256, HpkeAeadType::ChaCha20Poly1305) => {
            Ok(())
        }
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

fn aead(alg: AeadType, key: &[u8], nonce: &[u8]) -> Result<(ChaCha20Poly1305, Nonce), CryptoError> {
    if !matches!(alg, AeadType::ChaCha20Poly1305) {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    let key = Key::try_from(key).map_err(|_| CryptoError::InvalidLength)?;
    let nonce = Nonce::try_from(nonce).map_err(|_| CryptoError::InvalidLength)?;
    Ok((ChaCha20Poly1305::new(&key), nonce))
}

type PublicKey = <XWing as Kem>::PublicKey;
type PrivateKey = <XWing as Kem>::PrivateKey;
type EncappedKey = <XWing as Kem>::EncappedKey;

impl OpenMlsCrypto for MlsCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == SUITE { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![SUITE]
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        Ok(Hkdf::<Sha256>::extract(Some(salt), ikm).0.as_slice().into())
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
        mac.update(message);
        Ok(mac.finalize().into_bytes().as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        let mut okm = vec![0; length];
        hkdf.expand(info, &mut okm).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        Ok(okm.into())
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        sha256_only(hash)?;
        Ok(Sha256::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aead(alg, key, nonce)?;
        let sealed = cipher.encrypt(&nonce, Payload { msg: data, aad });
        #[cfg(feature = "audit")]
        if let Ok(sealed) = &sealed {
            crate::audit::sealed(crate::audit::For::Mls, key, &nonce, sealed);
        }
        sealed.map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aead(alg, key, nonce)?;
        cipher.decrypt(&nonce, Payload { msg: ct_tag, aad }).map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        ed25519_only(alg)?;
        let key = SigningKey::from_bytes(&self.random.array());
        Ok((key.to_bytes().to_vec(), key.verifying_key().to_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        ed25519_only(alg)?;
        let key = pk.try_into().map_err(|_| CryptoError::InvalidPublicKey)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| CryptoError::InvalidPublicKey)?;
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        ed25519_only(alg)?;
        let key = SigningKey::from_bytes(key.try_into().map_err(|_| CryptoError::InvalidLength)?);
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        our_hpke(&config)?;
        let key = PublicKey::from_bytes(pk_r).map_err(|_| CryptoError::InvalidPublicKey)?;
        let (kem_output, ciphertext) = hpke::single_shot_seal_with_rng::<HpkeAead, HpkeKdf, XWing>(
            &OpModeS::Base,
            &key,
            info,
            ptxt,
            aad,
            &mut *self.random.lock(),
        )
        .map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext {
            kem_output: kem_output.to_bytes().to_vec().into(),
            ciphertext: ciphertext.into(),
        })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        our_hpke(&config)?;
        let key = PrivateKey::from_bytes(sk_r).map_err(|_| CryptoError::InvalidLength)?;
        let kem_output = EncappedKey::from_bytes(input.kem_output.as_slice())
            .map_err(|_| CryptoError::HpkeDecryptionError)?;
        hpke::single_shot_open::<HpkeAead, HpkeKdf, XWing>(
            &OpModeR::Base,
            &key,
            &kem_output,
            info,
            input.ciphertext.as_slice(),
            aad,
        )
        .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        our_hpke(&config)?;
        let key = PublicKey::from_bytes(pk_r).map_err(|_| CryptoError::InvalidPublicKey)?;
        let (kem_output, context) = hpke::setup_sender_with_rng::<HpkeAead, HpkeKdf, XWing>(
            &OpModeS::Base,
            &key,
            info,
            &mut *self.random.lock(),
        )
        .map_err(|_| CryptoError::SenderSetupError)?;
        let mut secret = vec![0; exporter_length];
        context.export(exporter_context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output.to_bytes().to_vec(), secret.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        our_hpke(&config)?;
        let key = PrivateKey::from_bytes(sk_r).map_err(|_| CryptoError::InvalidLength)?;
        let kem_output = EncappedKey::from_bytes(enc).map_err(|_| CryptoError::ReceiverSetupError)?;
        let context =
            hpke::setup_receiver::<HpkeAead, HpkeKdf, XWing>(&OpModeR::Base, &key, &kem_output, info)
                .map_err(|_| CryptoError::ReceiverSetupError)?;
        let mut secret = vec![0; exporter_length];
        context.export(exporter_context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
        Ok(secret.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        our_hpke(&config)?;
        let (private, public) = XWing::derive_keypair(ikm);
        Ok(HpkeKeyPair { private: private.to_bytes().to_vec().into(), public: public.to_bytes().to_vec() })
    }
}

#[cfg(test)]
mod tests;
