//! Relations: what messages say of other messages, which are edits, deletions for everyone and reactions. Each relation is a
//! message of its own, stored at its place like any other. This file computes their effect on a message from the set of its
//! relations alone, so that devices that received them in different orders show the same.

mod state;

use parley_protocol::ids::{AccountId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use self::state::{Change, Relations, Said};

/// Longest sign of a reaction, in bytes.
pub(crate) const MAX_SIGN: usize = 64;

/// How a message is named by others. Its author chose its id, so that the id alone names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageRef {
    /// Who wrote it.
    pub author: AccountId,
    /// Which of theirs.
    pub id: MessageId,
    /// When it was stored, about: where to look for it. It names nothing.
    pub stored: UnixMillis,
}

impl MessageRef {
    /// Under which name what is known of it is stored.
    pub(crate) fn short(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(b"parley message ref v1\0");
        hash.update(self.author.as_bytes());
        hash.update(self.id.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// Whether it is the same message.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.author == other.author && self.id == other.id
    }
}

/// What a message says of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation<'a> {
    pub(crate) target: MessageRef,
    pub(crate) what: What<'a>,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// It reads so now. The greatest revision holds.
    Edit { revision: u32, text: &'a str },
    /// Nobody is to see it any more.
    Deletion,
    /// Somebody reacts to it with a sign, or takes that back. Of one account and one sign the greatest revision holds.
    Reaction { revision: u32, sign: &'a str, on: bool },
}
