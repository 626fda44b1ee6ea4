//! Derives a secret for the holder of one X25519 key: HPKE's KEM and key schedule, used only for an exported secret.

use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::HpkeError;
use crate::MlsRandom;

/// The length of the encapsulated key that the sender sends, in bytes.
pub const ENCAPPED: usize = 32;

/// The public key of 32 random bytes.
#[must_use]
pub fn public_key(private: &[u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*private)).to_bytes()
}

/// Returns the encapsulated key for the owner of a public key, and the secret that both sides then share.
///
/// # Errors
/// When no secret can be agreed on with that public key.
pub fn send(
    random: &MlsRandom,
    public: &[u8; 32],
    info: &[u8],
    context: &[u8],
) -> Result<(Vec<u8>, Zeroizing<[u8; 32]>), HpkeError> {
    let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(public).map_err(|_| HpkeError::PublicKey)?;
    let (encapped, sender) = hpke::setup_sender_with_rng::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        info,
        &mut *random.lock(),
    )
    .map_err(|_| HpkeError::Refused)?;
    let mut secret = Zeroizing::new([0; 32]);
    sender.export(context, secret.as_mut()).map_err(|_| HpkeError::Export)?;
    Ok((encapped.to_bytes().to_vec(), secret))
}

/// The secret that the receiver shares with the sender of `encapped`.
///
/// # Errors
/// When no secret can be agreed on with it.
pub fn receive(
    private: &[u8; 32],
    encapped: &[u8; ENCAPPED],
    info: &[u8],
    context: &[u8],
) -> Result<Zeroizing<[u8; 32]>, HpkeError> {
    let key =
        <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private).map_err(|_| HpkeError::PrivateKey)?;
    let encapped =
        <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapped).map_err(|_| HpkeError::Refused)?;
    let receiver = hpke::setup_receiver::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &key,
        &encapped,
        info,
    )
    .map_err(|_| HpkeError::Refused)?;
    let mut secret = Zeroizing::new([0; 32]);
    receiver.export(context, secret.as_mut()).map_err(|_| HpkeError::Export)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::unhex;

    /// RFC 7748, section 6.1: Alice's keys.
    #[test]
    fn the_public_key_of_the_published_vector() {
        let private = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let public = unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        assert_eq!(public_key(&private.try_into().unwrap()), *public);
    }

    #[test]
    fn both_have_the_same_secret_for_the_same_information() {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let (encapped, secret) = send(&random, &public_key(&[7; 32]), b"info", b"context").unwrap();
        let encapped: [u8; ENCAPPED] = encapped.try_into().unwrap();
        assert_eq!(receive(&[7; 32], &encapped, b"info", b"context").unwrap(), secret);
        assert_ne!(receive(&[8; 32], &encapped, b"info", b"context").unwrap(), secret);
        assert_ne!(receive(&[7; 32], &encapped, b"other", b"context").unwrap(), secret);
        assert_ne!(receive(&[7; 32], &encapped, b"info", b"other").unwrap(), secret);
    }

    #[test]
    fn p4_a_key_of_small_order_gives_no_secret() {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        assert!(send(&random, &[0; 32], b"", b"").is_err());
        assert!(receive(&[7; 32], &[0; ENCAPPED], b"", b"").is_err());
    }
}
