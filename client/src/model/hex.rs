//! Converts ids in addresses to and from hexadecimal.

use core::fmt::Write;

/// Two digits for each byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads exactly `N` bytes.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_there_and_back() {
        assert_eq!(encode(&[0, 171, 255]), "00abff");
        assert_eq!(decode("00abff"), Some([0, 171, 255]));
    }

    #[test]
    fn refuses_what_is_not_hexadecimal() {
        for text in ["", "00", "00abf", "00abfg", "+1+1+1", "ää", "00abffff"] {
            assert_eq!(decode::<3>(text), None, "{text}");
        }
    }
}
