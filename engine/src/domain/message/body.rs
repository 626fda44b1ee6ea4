//! The body of a message: what stands at one place in a chat.

use serde::{Deserialize, Serialize};

use crate::domain::content::Part;
use crate::domain::deletion::Mark;
use crate::domain::message::group_line::GroupLine;
use crate::domain::order::Fingerprint;

/// What somebody wrote, or what this device says in its place. As stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MessageBody {
    /// A part that somebody wrote.
    Part(Part),
    /// Something is missing here.
    Gap(Gap),
    /// The contact has taken another name.
    Renamed { from: String, to: String },
    /// The contact's devices or recovery phrase changed.
    KeysChanged(KeyChange),
    /// Something happened to the group.
    Group(GroupLine),
    /// A message that was deleted for everyone.
    Deleted(Trace),
}

/// The trace of a message that was deleted for everyone: enough to recognise it, and to delete the trace too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) mark: Mark,
}

/// Why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gap {
    /// A message was damaged or forged on its way and was rejected.
    Rejected,
    /// The relay has deleted what was sent while this device was away, for its age.
    Expired,
    /// The relay left something out here, or showed the contact something else.
    Missing,
    /// This browser's data were rolled back to an older copy: own messages after that copy are not on this device.
    Restored,
    /// The keys of this conversation were damaged on this device.
    Damaged,
    /// The record of a message on this device is damaged or gone.
    Lost,
    /// A text that waited to be sent is damaged or gone.
    Unsent,
    /// The account came back by its phrase, and own texts that the backup lacks did not come: only another device of the
    /// account can hand them over.
    Elsewhere,
    /// This device was added to a log after others had written there, and no other device of the account has sent what stands
    /// before.
    Late,
    /// A device wrote here after it was removed from its account.
    Removed,
}

/// What a contact's devices did to their account's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyChange {
    /// A device was added.
    Added,
    /// A device was removed.
    Removed,
    /// The recovery phrase was replaced.
    Phrase,
}

impl MessageBody {
    /// What somebody wrote, whether or not this version can show it.
    pub(crate) const fn part(&self) -> Option<&Part> {
        match self {
            Self::Part(part) => Some(part),
            Self::Gap(_)
            | Self::Renamed { .. }
            | Self::KeysChanged(_)
            | Self::Group(_)
            | Self::Deleted(_) => None,
        }
    }

    /// The number of bytes that others chose.
    pub(crate) fn length(&self) -> usize {
        self.part().map_or(0, Part::length)
    }
}
