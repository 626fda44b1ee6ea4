//! What views show of a message beside its content.

use serde::{Deserialize, Serialize};

use super::MessageRef;

/// What views show of a message beside its content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The reference by which others name the message; none for what nobody said.
    pub named: Option<MessageRef>,
    /// The message that it answers.
    pub reply: Option<MessageRef>,
    /// Another person wrote the text, elsewhere.
    pub forwarded: bool,
    /// The message had other content before.
    pub edited: bool,
    /// Reactions with their counts, the most frequent first.
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
    /// How many people use it.
    pub count: u32,
    /// This person is one of them.
    pub own: bool,
}
