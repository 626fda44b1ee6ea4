//! The leaf state: what a leaf says of itself beside its credential, as an extension of the LeafNode (RFC 9420 section 7.2).

use parley_protocol::device_log::LogHead;
use serde::{Deserialize, Serialize};

use super::codec::{self, FormatError};
use super::policy;

/// The first byte.
const FORMAT: u8 = 1;
/// Longest form, in bytes.
const MAX_BYTES: usize = 128;

/// Distinguishes one stay of a device in a group from the next.
pub(crate) type Nonce = [u8; 16];

/// The leaf state of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeafState {
    /// The newest version of the policy that the device knows.
    pub(crate) version: u16,
    /// The head of the account's device log, as the device knew it. The head only grows.
    pub(crate) head: LogHead,
    /// Random. The first commit of the device replaces the KeyPackage's nonce, and later ones keep it: what the device signs
    /// for this stay is of no use in a later one.
    pub(crate) nonce: Nonce,
    /// The link by which the device came, for versions to come.
    pub(crate) came_by: Option<[u8; 16]>,
}

impl LeafState {
    /// The leaf state of a device of this version.
    pub(crate) const fn new(head: LogHead, nonce: Nonce) -> Self {
        Self { version: policy::VERSION, head, nonce, came_by: None }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        codec::encode(FORMAT, self)
    }

    /// Reads the bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        codec::decode(FORMAT, MAX_BYTES, bytes)
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::EntryHash;

    use super::*;

    #[test]
    fn the_format_is_pinned() {
        let head = LogHead { length: 300, hash: EntryHash([7; 32]) };
        let mut state = LeafState::new(head, [8; 16]);
        insta::assert_snapshot!(crate::hex(&state.encode()));
        state.came_by = Some([9; 16]);
        insta::assert_snapshot!(crate::hex(&state.encode()));
        assert_eq!(LeafState::decode(&state.encode()), Ok(state));
        let bytes = state.encode();
        for cut in 0..bytes.len() {
            assert_eq!(LeafState::decode(&bytes[..cut]), Err(FormatError::Malformed), "cut at {cut}");
        }
        for (hostile, error) in [
            ([&bytes[..], &[0]].concat(), FormatError::Malformed),
            ([&[1, 0x81, 0], &bytes[2..]].concat(), FormatError::Malformed),
            ([&[0], &bytes[1..]].concat(), FormatError::Malformed),
            ([&[2], &bytes[1..]].concat(), FormatError::Newer),
        ] {
            assert_eq!(LeafState::decode(&hostile), Err(error));
        }
    }
}
