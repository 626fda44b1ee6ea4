//! Pads content to hide its length. There are two rules, for two kinds of content:
//!
//! - Messages ([`message_length`]): one size for all short ones, then few: two for each doubling up to 4 KiB, and four
//!   beyond.
//! - Backups and files: Padmé ([`padded_length`]), with which at most `O(log log L)` bits of a length leak, for at most
//!   12 % more bytes (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).

use alloc::vec::Vec;

/// The marker between content and padding: ISO/IEC 7816-4, one 0x80 and then zeros.
const MARKER: u8 = 0x80;

/// Length of every short message, in bytes: a text of about 100 characters and everything around it. Encrypted, that is 308
/// bytes at the relay.
pub const SHORT_MESSAGE: usize = 162;
/// The next size.
const MEDIUM_MESSAGE: usize = 256;
/// Up to here, messages have two sizes for each doubling, and beyond it four.
const COARSE: usize = 4096;

/// The padding is not what [`pad`] and [`pad_message`] write.
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

/// The padded length of a message for `length` bytes of content (both in bytes): [`SHORT_MESSAGE`], 256, 384, 512, 768,
/// 1024 and so on; from 4096 on 5120, 6144, 7168, 8192, 10240 and so on.
#[must_use]
pub fn message_length(length: usize) -> usize {
    if length <= SHORT_MESSAGE {
        return SHORT_MESSAGE;
    }
    let length = length.max(MEDIUM_MESSAGE);
    let steps = if length <= COARSE { 2 } else { 4 };
    // The content is longer than this power of two, and no longer than the next.
    let below = length.checked_next_power_of_two().map_or(length, |power| power / 2);
    let step = below / steps;
    length.checked_next_multiple_of(step).unwrap_or(length)
}

/// Appends the marker and zeros up to the Padmé length, of at least `floor` bytes.
pub fn pad(content: &mut Vec<u8>, floor: usize) {
    pad_with(content, |length| padded_length(length).max(floor));
}

/// Appends the marker and zeros up to the length of a message.
pub fn pad_message(content: &mut Vec<u8>) {
    pad_with(content, message_length);
}

fn pad_with(content: &mut Vec<u8>, padded: impl Fn(usize) -> usize) {
    content.push(MARKER);
    content.resize(padded(content.len()), 0);
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
    fn known_lengths_of_messages() {
        for (length, padded) in [
            (0, 162),
            (162, 162),
            (163, 256),
            (257, 384),
            (385, 512),
            (513, 768),
            (4_096, 4_096),
            (4_097, 5_120),
            (65_537, 81_920),
            (usize::MAX, usize::MAX),
        ] {
            assert_eq!(message_length(length), padded, "of {length}");
        }
    }

    #[test]
    fn p1_messages_have_few_sizes() {
        let sizes = |most: usize| {
            let mut sizes: Vec<usize> = (1..=most).map(message_length).collect();
            sizes.dedup();
            sizes.len()
        };
        assert_eq!([162, 384, 1_024, 4_096, 65_536].map(sizes), [1, 3, 6, 10, 26]);
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
            let mut message = content.clone();
            pad_message(&mut message);
            prop_assert_eq!(unpad(&message), Ok(content.as_slice()));
        }

        #[test]
        fn a_message_costs_at_most_half_and_a_long_one_a_quarter(length in 171_usize..10_000_000) {
            let padded = message_length(length);
            let most = length / if length <= COARSE { 2 } else { 4 };
            prop_assert!(padded >= length && padded - length <= most);
            prop_assert!(message_length(padded) == padded && message_length(length + 1) >= padded);
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
