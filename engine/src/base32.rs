//! Base32 (RFC 4648 section 6) in lower case and without padding, for invite links and link codes.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// RFC 4648 section 6, lower case, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(buffer >> bits));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(digit(buffer << (5 - bits)));
    }
    text
}

fn digit(value: u32) -> char {
    let index = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(index).map_or('a', |byte| char::from(*byte))
}

/// The bytes; none if the text has other characters or leftover bits. Case does not matter.
pub(crate) fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == character.to_ascii_lowercase())?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    (bits < 5 && buffer == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4648 section 10.
    #[test]
    fn base32_is_the_standard_s() {
        let vectors = [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")];
        for (bytes, text) in vectors {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(unbase32(&text.to_uppercase()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn leftover_bits_and_other_letters_are_refused() {
        // A letter that ends no byte, bits that would be lost, and letters that are none.
        for text in ["a", "aaa", "ab", "mz", "m1", "my=", "ä"] {
            assert_eq!(unbase32(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn base32_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(unbase32(&base32(&bytes)), Some(bytes));
        }
    }
}
