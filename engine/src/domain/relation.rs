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

/// The reference by which others name a message. Its author chose its id, so that the id alone names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageRef {
    /// Who wrote it.
    pub author: AccountId,
    /// Which of the author's messages.
    pub id: MessageId,
    /// When it was stored, roughly: where to search for it. It does not identify the message.
    pub stored: UnixMillis,
}

impl MessageRef {
    /// The name under which the message's relations are stored.
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

/// What a message says of another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation<'a> {
    pub(crate) target: MessageRef,
    pub(crate) what: What<'a>,
}

/// The kind of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// The message's new text. The greatest revision is valid.
    Edit { revision: u32, text: &'a str },
    /// Nobody must see the message any more.
    Deletion,
    /// A reaction with a sign, or its withdrawal. The greatest revision of one account and one sign is valid.
    Reaction { revision: u32, sign: &'a str, on: bool },
}
