//! The messages of a chat.

/// Above messages that are on their way from the disk.
pub const LOADING: &str = "Loading…";
/// Above the first message.
pub const CHAT_BEGINS: &str = "Messages are end-to-end encrypted. Only the two of you can read them.";
/// The line above what is unread.
pub const UNREAD: &str = "Unread messages";
/// Leads to messages that have come.
pub const NEW_MESSAGES: &str = "New messages";
/// Leads to the end of the chat.
pub const TO_NEWEST: &str = "Jump to newest";
/// Below the beginning of a long message.
pub const SHOW_MORE: &str = "Show more";
