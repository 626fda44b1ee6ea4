//! HKDF-SHA256 (RFC 5869): derives keys from a secret.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The requested key is longer than 8,160 bytes, or the pseudorandom key is shorter than 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("HKDF does not make keys of this length")]
pub struct LengthError;

/// Makes a pseudorandom key.
#[must_use]
pub fn extract(salt: &[u8], secret: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Hkdf::<Sha256>::extract(Some(salt), secret).0.into())
}

/// Expands a pseudorandom key to fill `key`, bound to `info`.
///
/// # Errors
/// When a length is not possible.
pub fn expand(pseudorandom: &[u8], info: &[u8], key: &mut [u8]) -> Result<(), LengthError> {
    let hkdf = Hkdf::<Sha256>::from_prk(pseudorandom).map_err(|_| LengthError)?;
    hkdf.expand(info, key).map_err(|_| LengthError)
}

/// Derives a key from a secret, bound to `info`: both steps in one, without a salt.
#[must_use]
pub fn derive(secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 8,160: expand cannot fail.
    let _ = Hkdf::<Sha256>::new(None, secret).expand(info, key.as_mut());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unhex;

    #[test]
    fn rfc_5869_test_case_3() {
        let expected = unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
        assert_eq!(derive(&[0x0b; 22], b"").as_slice(), expected);
        let mut key = [0; 32];
        expand(extract(b"", &[0x0b; 22]).as_slice(), b"", &mut key).unwrap();
        assert_eq!(key, derive(&[0x0b; 22], b"").as_slice(), "no salt is one of zeros");
    }

    #[test]
    fn lengths_that_hkdf_does_not_make_are_refused() {
        assert!(expand(&[1; 32], b"", &mut [0; 8160]).is_ok());
        assert!(expand(&[1; 32], b"", &mut [0; 8161]).is_err());
        assert!(expand(&[1; 31], b"", &mut [0; 32]).is_err());
    }
}
