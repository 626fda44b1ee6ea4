//! Padmé: pads a length so that at most `O(log log L)` bits of it leak, for at most 12 % more bytes
//! (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).

use alloc::vec::Vec;

/// The marker between content and padding: ISO/IEC 7816-4, one 0x80 and then zeros.
const MARKER: u8 = 0x80;

/// The padding is not what [`pad`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the padding is malformed")]
pub struct PaddingError;

/// The padded length for `length` bytes of content (both in bytes).
#[must_use]
pub fn padded_length(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let mantissa_bits = exponent.ilog2() + 1;
    let clear = exponent.saturating_sub(mantissa_bits);
    let mask = (1_usize << clear).wrapping_sub(1);
    length.checked_add(mask).map_or(length, |sum| sum & !mask)
}

/// Appends the marker and zeros up to the Padmé length, of at least `floor` bytes.
pub fn pad(content: &mut Vec<u8>, floor: usize) {
    content.push(MARKER);
    let target = padded_length(content.len()).max(floor);
    content.resize(target, 0);
}

/// The content without its padding.
pub fn unpad(padded: &[u8]) -> Result<&[u8], PaddingError> {
    let end = padded.iter().rposition(|byte| *byte != 0).ok_or(PaddingError)?;
    match padded.split_at_checked(end) {
        Some((content, [MARKER, ..])) => Ok(content),
        _ => Err(PaddingError),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_lengths() {
        for (length, padded) in [(0, 0), (1, 1), (9, 10), (100, 104), (1000, 1024), (65_537, 67_584)] {
            assert_eq!(padded_length(length), padded, "of {length}");
        }
    }

    #[test]
    fn refuses_what_was_not_padded() {
        assert_eq!(unpad(&[]), Err(PaddingError));
        assert_eq!(unpad(&[0, 0]), Err(PaddingError));
        assert_eq!(unpad(&[1, 2, 3]), Err(PaddingError));
    }

    proptest! {
        #[test]
        fn padding_comes_off_again(content: Vec<u8>, floor in 0_usize..300) {
            let mut padded = content.clone();
            pad(&mut padded, floor);
            prop_assert_eq!(unpad(&padded), Ok(content.as_slice()));
        }

        #[test]
        fn costs_at_most_an_eighth(length in 16_usize..10_000_000) {
            let padded = padded_length(length);
            prop_assert!(padded >= length && padded - length <= length / 8);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = unpad(&bytes);
        }
    }
}
