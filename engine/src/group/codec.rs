//! The encoding of a group's formats: one version byte, then postcard. Members hash and sign these bytes, so a value has only
//! one form: the decoder refuses bytes that do not encode to themselves again.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a decoder refuses bytes. A retry with the same bytes fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// No version of Parley writes these bytes, or not in this form, or they are too long.
    #[error("the bytes are malformed")]
    Malformed,
    /// A newer version wrote them.
    #[error("the bytes have a newer version")]
    Newer,
}

/// `version || postcard(value)`.
pub(super) fn encode<T: Serialize>(version: u8, value: &T) -> Vec<u8> {
    // Postcard fails on maps and sequences of unknown length, which none of these types has.
    postcard::to_extend(value, vec![version]).unwrap_or_default()
}

/// Reads what [`encode`] made, of at most `max` bytes.
pub(super) fn decode<T: Serialize + DeserializeOwned>(
    version: u8,
    max: usize,
    bytes: &[u8],
) -> Result<T, FormatError> {
    let (first, rest) = bytes.split_first().ok_or(FormatError::Malformed)?;
    if *first > version {
        return Err(FormatError::Newer);
    }
    if *first < version || bytes.len() > max {
        return Err(FormatError::Malformed);
    }
    let value: T = postcard::from_bytes(rest).map_err(|_| FormatError::Malformed)?;
    if encode(version, &value) == bytes { Ok(value) } else { Err(FormatError::Malformed) }
}
