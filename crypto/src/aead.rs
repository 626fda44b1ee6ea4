//! ChaCha20-Poly1305 (RFC 8439), and XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.
//!
//! A sealed value is the ciphertext and then the tag of [`TAG`] bytes. The nonce is not in it.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use zeroize::Zeroizing;

/// 256 bits.
pub type Key = [u8; 32];
/// A nonce of ChaCha20-Poly1305. Never use the same one twice under one key.
pub type Nonce = [u8; 12];
/// A nonce of XChaCha20-Poly1305. Never use the same one twice under one key.
pub type XNonce = [u8; 24];

/// A sealed value is this many bytes longer than its plaintext.
pub const TAG: usize = 16;

/// The key, nonce or associated data is another one, or the value is damaged. A retry with the same bytes fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct OpenError;

/// Seals with ChaCha20-Poly1305.
#[must_use]
pub fn seal(key: &Key, nonce: &Nonce, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(key.into());
    // Encryption fails only beyond 256 GiB.
    cipher.encrypt(nonce.into(), Payload { msg: plaintext, aad }).unwrap_or_default()
}

/// Opens a value that [`seal`] made with the same key, nonce and associated data.
///
/// # Errors
/// When the value does not open with them.
pub fn open(key: &Key, nonce: &Nonce, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let cipher = ChaCha20Poly1305::new(key.into());
    let opened = cipher.decrypt(nonce.into(), Payload { msg: sealed, aad });
    opened.map(Zeroizing::new).map_err(|_| OpenError)
}

/// Seals with XChaCha20-Poly1305.
#[must_use]
pub fn xseal(key: &Key, nonce: &XNonce, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(key.into());
    // Encryption fails only beyond 256 GiB.
    cipher.encrypt(nonce.into(), Payload { msg: plaintext, aad }).unwrap_or_default()
}

/// Opens a value that [`xseal`] made with the same key, nonce and associated data.
///
/// # Errors
/// When the value does not open with them.
pub fn xopen(key: &Key, nonce: &XNonce, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let opened = cipher.decrypt(nonce.into(), Payload { msg: sealed, aad });
    opened.map(Zeroizing::new).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unhex;

    const TEXT: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";

    fn key() -> Key {
        core::array::from_fn(|place| 0x80 + u8::try_from(place).unwrap())
    }

    /// draft-irtf-cfrg-xchacha-03, A.3.1.
    #[test]
    fn the_published_vector_of_xchacha() {
        let nonce: XNonce = core::array::from_fn(|place| 0x40 + u8::try_from(place).unwrap());
        let aad = unhex("50515253c0c1c2c3c4c5c6c7");
        let sealed = xseal(&key(), &nonce, &aad, TEXT);
        assert_eq!(sealed[..16], unhex("bd6d179d3e83d43b9576579493c0e939"));
        assert_eq!(sealed[TEXT.len()..], unhex("c0875924c1c7987947deafd8780acf49"));
        assert_eq!(xopen(&key(), &nonce, &aad, &sealed).unwrap().as_slice(), TEXT);
    }

    #[test]
    fn a_sealed_value_is_longer_by_the_tag() {
        assert_eq!(seal(&key(), &[1; 12], b"", TEXT).len(), TEXT.len() + TAG);
        assert_eq!(xseal(&key(), &[1; 24], b"", b"").len(), TAG);
    }

    #[test]
    fn p1_nothing_opens_with_something_else() {
        let sealed = seal(&key(), &[1; 12], b"about", TEXT);
        assert_eq!(open(&key(), &[1; 12], b"about", &sealed).unwrap().as_slice(), TEXT);
        assert!(open(&[0; 32], &[1; 12], b"about", &sealed).is_err());
        assert!(open(&key(), &[2; 12], b"about", &sealed).is_err());
        assert!(open(&key(), &[1; 12], b"other", &sealed).is_err());
        assert!(open(&key(), &[1; 12], b"about", &sealed[..TAG - 1]).is_err());
        let sealed = xseal(&key(), &[1; 24], b"about", TEXT);
        assert!(xopen(&[0; 32], &[1; 24], b"about", &sealed).is_err());
        assert!(xopen(&key(), &[2; 24], b"about", &sealed).is_err());
        assert!(xopen(&key(), &[1; 24], b"other", &sealed).is_err());
        assert!(xopen(&key(), &[1; 24], b"about", &sealed[..TAG - 1]).is_err());
    }
}
