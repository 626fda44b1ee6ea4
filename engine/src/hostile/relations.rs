//! Relations to messages that are not the sender's.

use parley_protocol::ids::{LogId, MessageId};

use super::Peer;
use crate::domain::content::{Body, Part};
use crate::view::MessageRef;

/// What it is.
#[derive(Debug, Clone)]
pub enum Forged {
    /// It says something else, with this revision.
    Edit(u32, String),
    /// It is deleted for everyone.
    Deletion,
    /// Somebody reacts to it, or takes that back, with this revision.
    Reaction(u32, String, bool),
}

impl Forged {
    fn part(&self, target: &MessageRef) -> Part {
        match self {
            Self::Edit(revision, text) => Part::edit(target, *revision, text.clone()),
            Self::Deletion => Part::deletion(target),
            Self::Reaction(revision, sign, on) => Part::reaction(target, *revision, sign.clone(), *on),
        }
    }
}

impl Peer {
    /// Encrypts something that is said of a message, whosever that is; in a group, without a signature.
    pub fn relation(&mut self, log: LogId, target: &MessageRef, forged: &Forged) -> Vec<u8> {
        let head = self.log.head();
        self.content(log, &head, Body::Part(forged.part(target)))
    }

    /// The same in a group, signed.
    pub fn signed_relation(&mut self, log: LogId, target: &MessageRef, forged: &Forged) -> Vec<u8> {
        let id = MessageId(self.random.array());
        self.signed_part(log, id, forged.part(target))
    }
}
