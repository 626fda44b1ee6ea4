//! HPKE with X-Wing (X25519 and ML-KEM-768) and ChaCha20-Poly1305. A quantum computer of the future cannot open what is sealed
//! to such a key today.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::HpkeError;
use crate::MlsRandom;

type PublicKey = <XWing as Kem>::PublicKey;
type PrivateKey = <XWing as Kem>::PrivateKey;
type EncappedKey = <XWing as Kem>::EncappedKey;

/// The length of the encapsulated key beside a ciphertext, in bytes.
pub const ENCAPPED: usize = 1120;

/// The keys of a receiver.
pub struct KeyPair {
    /// 32 bytes.
    pub private: Zeroizing<Vec<u8>>,
    /// 1,216 bytes.
    pub public: Vec<u8>,
}

/// The message to the receiver.
pub struct Sealed {
    /// The encapsulated key, from which the receiver computes the shared secret; [`ENCAPPED`] bytes.
    pub encapped: Vec<u8>,
    /// The ciphertext with its tag.
    pub ciphertext: Vec<u8>,
}

/// Derives the key pair from keying material: `DeriveKeyPair` of draft-ietf-hpke-pq-03.
#[must_use]
pub fn derive_key_pair(material: &[u8]) -> KeyPair {
    let (private, public) = XWing::derive_keypair(material);
    KeyPair { private: Zeroizing::new(private.to_bytes().to_vec()), public: public.to_bytes().to_vec() }
}

/// Seals one plaintext to a public key.
///
/// # Errors
/// When `public` is not a public key.
pub fn seal(
    random: &MlsRandom,
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, HpkeError> {
    let key = PublicKey::from_bytes(public).map_err(|_| HpkeError::PublicKey)?;
    let (encapped, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &key,
        info,
        plaintext,
        aad,
        &mut *random.lock(),
    )
    .map_err(|_| HpkeError::Refused)?;
    Ok(Sealed { encapped: encapped.to_bytes().to_vec(), ciphertext })
}

/// Opens a message that [`seal`] made for the same information and associated data.
///
/// # Errors
/// When the message does not open with them.
pub fn open(
    private: &[u8],
    encapped: &[u8],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let (key, encapped) = received(private, encapped)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &key,
        &encapped,
        info,
        ciphertext,
        aad,
    )
    .map(Zeroizing::new)
    .map_err(|_| HpkeError::Refused)
}

/// Returns the encapsulated key for the owner of a public key, and a secret of `length` bytes that both sides then share.
///
/// # Errors
/// When `public` is not a public key, or the length is not possible.
pub fn send(
    random: &MlsRandom,
    public: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), HpkeError> {
    let key = PublicKey::from_bytes(public).map_err(|_| HpkeError::PublicKey)?;
    let (encapped, sender) = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &key,
        info,
        &mut *random.lock(),
    )
    .map_err(|_| HpkeError::Refused)?;
    let mut secret = Zeroizing::new(vec![0; length]);
    sender.export(context, &mut secret).map_err(|_| HpkeError::Export)?;
    Ok((encapped.to_bytes().to_vec(), secret))
}

/// The secret that the receiver shares with the sender of `encapped`, which [`send`] made.
///
/// # Errors
/// When a length is not possible.
pub fn receive(
    private: &[u8],
    encapped: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let (key, encapped) = received(private, encapped)?;
    let receiver =
        hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &key, &encapped, info)
            .map_err(|_| HpkeError::Refused)?;
    let mut secret = Zeroizing::new(vec![0; length]);
    receiver.export(context, &mut secret).map_err(|_| HpkeError::Export)?;
    Ok(secret)
}

fn received(private: &[u8], encapped: &[u8]) -> Result<(PrivateKey, EncappedKey), HpkeError> {
    let key = PrivateKey::from_bytes(private).map_err(|_| HpkeError::PrivateKey)?;
    let encapped = EncappedKey::from_bytes(encapped).map_err(|_| HpkeError::Refused)?;
    Ok((key, encapped))
}
