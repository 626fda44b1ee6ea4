//! Implements [`OpenMlsCrypto`] for the one cipher suite, with published crates for RFC 5869, RFC 8032, RFC 8439 and RFC 9180.

use core::mem::take;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use sha2::{Digest, Sha256};
use tls_codec::SecretVLBytes;

use crate::hpke::{HpkeError, xwing};
use crate::{MlsRandom, SUITE, aead, hkdf, hmac};

/// The primitives of the cipher suite.
pub struct MlsCrypto {
    random: MlsRandom,
}

impl MlsCrypto {
    /// Makes a provider that draws from this generator.
    #[must_use]
    pub const fn new(random: MlsRandom) -> Self {
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

/// The key and the nonce as arrays, if the algorithm is the suite's.
fn aead_of(alg: AeadType, key: &[u8], nonce: &[u8]) -> Result<(aead::Key, aead::Nonce), CryptoError> {
    if !matches!(alg, AeadType::ChaCha20Poly1305) {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    let key = key.try_into().map_err(|_| CryptoError::InvalidLength)?;
    let nonce = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
    Ok((key, nonce))
}

/// Converts the error to OpenMLS's; `refused` is the error for a failure of this operation.
const fn hpke_error(error: HpkeError, refused: CryptoError) -> CryptoError {
    match error {
        HpkeError::PublicKey => CryptoError::InvalidPublicKey,
        HpkeError::PrivateKey => CryptoError::InvalidLength,
        HpkeError::Export => CryptoError::ExporterError,
        HpkeError::Refused => refused,
    }
}

impl OpenMlsCrypto for MlsCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == SUITE { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![SUITE]
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        Ok(hkdf::extract(salt, ikm).as_slice().into())
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        Ok(hmac::hmac(key, &[message]).as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        let mut okm = vec![0; length];
        hkdf::expand(prk, info, &mut okm).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
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
        let (key, nonce) = aead_of(alg, key, nonce)?;
        let sealed = aead::seal(&key, &nonce, aad, data);
        #[cfg(feature = "audit")]
        crate::audit::sealed(crate::audit::For::Mls, &key, &nonce, &sealed);
        Ok(sealed)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (key, nonce) = aead_of(alg, key, nonce)?;
        let opened = aead::open(&key, &nonce, aad, ct_tag);
        opened.map(|mut plain| take(&mut *plain)).map_err(|_| CryptoError::AeadDecryptionError)
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
        let sealed = xwing::seal(&self.random, pk_r, info, aad, ptxt)
            .map_err(|error| hpke_error(error, CryptoError::HpkeEncryptionError))?;
        Ok(HpkeCiphertext { kem_output: sealed.encapped.into(), ciphertext: sealed.ciphertext.into() })
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
        xwing::open(sk_r, input.kem_output.as_slice(), info, aad, input.ciphertext.as_slice())
            .map(|mut plain| take(&mut *plain))
            .map_err(|error| hpke_error(error, CryptoError::HpkeDecryptionError))
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
        let (encapped, mut secret) = xwing::send(&self.random, pk_r, info, exporter_context, exporter_length)
            .map_err(|error| hpke_error(error, CryptoError::SenderSetupError))?;
        Ok((encapped, take(&mut *secret).into()))
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
        xwing::receive(sk_r, enc, info, exporter_context, exporter_length)
            .map(|mut secret| take(&mut *secret).into())
            .map_err(|error| hpke_error(error, CryptoError::ReceiverSetupError))
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        our_hpke(&config)?;
        let mut pair = xwing::derive_key_pair(ikm);
        Ok(HpkeKeyPair { private: take(&mut *pair.private).into(), public: pair.public })
    }
}

#[cfg(test)]
mod tests;
