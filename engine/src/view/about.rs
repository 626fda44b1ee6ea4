//! What views see of a message beside what it says.

use serde::{Deserialize, Serialize};

use super::MessageRef;

/// What is known of a message beside what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// How others name it; none of what nobody said.
    pub named: Option<MessageRef>,
    /// The message that it answers.
    pub reply: Option<MessageRef>,
    /// Somebody else wrote it, somewhere else.
    pub forwarded: bool,
    /// It said something else before.
    pub edited: bool,
    /// How many react with what, those of which there are most first.
    pub reactions: Vec<ReactionView>,
    /// How long it lasts once it is read, in seconds, if it disappears.
    pub expires: Option<u32>,
    /// When it will be gone, if that counts already.
    pub ends: Option<parley_protocol::ids::UnixMillis>,
}

/// A sign with which people react to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionView {
    /// One emoji, as its sender wrote it.
    pub sign: String,
    /// So many people.
    pub count: u32,
    /// This person is one of them.
    pub own: bool,
}
