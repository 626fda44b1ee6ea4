//! The authenticated data of a group chat's commit (RFC 9420 section 6.1): what the commit does to the group era, and its
//! evidence. The GroupInfo cannot be part of this data, since it names the transcript that contains the data; members compare
//! it with the next epoch.

use crate::channel::group_era::EraStep;
use crate::group::evidence::Evidence;

/// The first byte; those of a conversation of two begin with 1.
const FORMAT: u8 = 2;

/// `2 || era (1) || SHA-256(evidence) (32)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AuthenticatedData {
    pub(super) era: EraStep,
    pub(super) evidence: [u8; 32],
}

impl AuthenticatedData {
    pub(super) fn of(era: EraStep, evidence: &Evidence) -> Self {
        Self { era, evidence: evidence.hash() }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let era = match self.era {
            EraStep::GoesOn => 0,
            EraStep::Begins => 1,
        };
        [&[FORMAT, era], &self.evidence[..]].concat()
    }

    /// None if the bytes are something else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (era, evidence) = match bytes {
            [FORMAT, 0, evidence @ ..] => (EraStep::GoesOn, evidence),
            [FORMAT, 1, evidence @ ..] => (EraStep::Begins, evidence),
            _ => return None,
        };
        Some(Self { era, evidence: evidence.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_pinned() {
        let data = AuthenticatedData { era: EraStep::Begins, evidence: [7; 32] };
        let bytes = data.encode();
        assert_eq!(bytes, [&[2, 1][..], &[7; 32]].concat());
        assert_eq!(AuthenticatedData::decode(&bytes), Some(data));
        insta::assert_snapshot!(crate::hex(
            &AuthenticatedData::of(EraStep::GoesOn, &Evidence::default()).encode()
        ));
        for other in [&[][..], &[2], &[2, 1], &bytes[..33], &[&bytes[..], &[0]].concat()] {
            assert_eq!(AuthenticatedData::decode(other), None);
        }
        for (at, value) in [(0, 1), (0, 3), (1, 2)] {
            let mut other = bytes.clone();
            other[at] = value;
            assert_eq!(AuthenticatedData::decode(&other), None);
        }
        assert_eq!(EraStep::of(&bytes), None, "a conversation of two does not take it");
    }
}
