//! Floors: how long the device log of an account was when a device was removed because the log said so. Members refuse
//! anybody who shows an older log later, in which the device is still present. The floors are in the GroupContext.

use parley_protocol::device_log::LogHead;
use parley_protocol::ids::AccountId;
use serde::{Deserialize, Serialize};

use super::codec::{self, FormatError};
use crate::table::Table;

/// The first byte.
const FORMAT: u8 = 1;
/// Most accounts.
pub(crate) const MAX_FLOORS: usize = 256;
/// Longest form, in bytes: the id, the length and the hash of each.
pub(crate) const MAX_BYTES: usize = 4 + MAX_FLOORS * (32 + 5 + 32);

/// The floors of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Floors(pub(crate) Table<AccountId, LogHead>);

impl Floors {
    pub(crate) fn encode(&self) -> Vec<u8> {
        codec::encode(FORMAT, self)
    }

    /// Reads the bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let floors: Self = codec::decode(FORMAT, MAX_BYTES, bytes)?;
        if floors.0.len() <= MAX_FLOORS { Ok(floors) } else { Err(FormatError::Malformed) }
    }

    /// The least head of an account's device log.
    pub(crate) fn of(&self, account: &AccountId) -> Option<&LogHead> {
        self.0.get(account)
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::EntryHash;

    use super::*;

    fn floors(count: u16) -> Floors {
        let floor = |number: u16| {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_be_bytes());
            (AccountId(id), LogHead { length: u32::MAX, hash: EntryHash([7; 32]) })
        };
        Floors((0..count).map(floor).collect())
    }

    #[test]
    fn the_format_is_pinned() {
        insta::assert_snapshot!(crate::hex(&Floors::default().encode()));
        insta::assert_snapshot!(crate::hex(&floors(2).encode()));
        assert_eq!(Floors::decode(&floors(2).encode()), Ok(floors(2)));
        assert_eq!(Floors::decode(&[2, 0]), Err(FormatError::Newer));
    }

    #[test]
    fn they_are_bounded_and_have_one_form_only() {
        let all = floors(256).encode();
        assert_eq!(Floors::decode(&all), Ok(floors(256)));
        assert_eq!(Floors::decode(&floors(257).encode()), Err(FormatError::Malformed));
        let bytes = floors(2).encode();
        for cut in 0..bytes.len() {
            assert_eq!(Floors::decode(&bytes[..cut]), Err(FormatError::Malformed), "cut at {cut}");
        }
        let swapped = [&bytes[..2], &bytes[2 + 69..], &bytes[2..2 + 69]].concat();
        assert_eq!(Floors::decode(&swapped), Err(FormatError::Malformed));
        let twice = [&bytes[..2 + 69], &bytes[2..2 + 69]].concat();
        assert_eq!(Floors::decode(&twice), Err(FormatError::Malformed));
    }
}
