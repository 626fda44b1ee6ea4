//! Words for the actions on messages.

use parley_engine::view::{ReactionView, Who};
use parley_protocol::ids::AccountId;

/// The button of a message's menu.
pub const MESSAGE_MENU: &str = "Message menu";
/// Above a message that somebody else wrote.
pub const FORWARDED: &str = "Forwarded";
/// In place of what is quoted.
pub const NOT_HERE: &str = "This message isn't on this device";
/// A message that was deleted for everyone, in short.
pub const DELETED_SHORT: &str = "Deleted message";
/// Before a message is deleted for everyone.
pub const DELETE_FOR_EVERYONE: &str = "This deletes the message for everyone in this chat and leaves a note that it was there. \
     Someone may have read or copied it already, and a device that's offline deletes it when it's back.";
/// Below the field in which a message is edited.
pub const EDIT_NOTE: &str = "Everyone sees that it was edited, and can see what it said before.";

/// In place of a message that was deleted for everyone; `by` whom, if not by its author; `own`, in a group, is the own account.
#[must_use]
pub fn deleted_for_all(by: Option<&Who>, own: Option<AccountId>) -> String {
    match by {
        None => "This message was deleted".to_owned(),
        Some(by) if Some(by.account) == own => "You deleted this message".to_owned(),
        Some(by) => format!("{} deleted this message", by.name),
    }
}

/// Names a quote.
#[must_use]
pub fn in_reply_to(name: &str, text: &str) -> String {
    format!("In reply to {name}: {text}")
}

/// Names a sign below a message.
#[must_use]
pub fn reaction(reaction: &ReactionView) -> String {
    let own = if reaction.own { ", with you" } else { "" };
    format!("{} {}{own}", reaction.sign, reaction.count)
}

/// Above the composer.
#[must_use]
pub fn replying_to(name: &str) -> String {
    format!("Reply to {name}")
}

/// How many messages are selected.
#[must_use]
pub fn selected(count: usize) -> String {
    match count {
        1 => "1 message selected".to_owned(),
        count => format!("{count} messages selected"),
    }
}

/// The keys that work everywhere: what is pressed, and what it does.
pub const KEYS: &[(&str, &str)] = &[
    ("Ctrl + K", "New chat"),
    ("Alt + ↑ or ↓", "Previous or next chat"),
    ("Enter", "Send"),
    ("Shift + Enter", "New line"),
    ("Shift + Tab, then ↑ or ↓", "From the composer to the messages"),
    ("Shift + Tab twice, then Enter", "Menu of a message"),
    ("Escape", "Close, or back to the chats"),
    ("?", "This list"),
];

/// When the relay stored a message.
#[must_use]
pub fn sent_at(time: &str) -> String {
    format!("Sent {time}")
}

/// The menu of a chat in the list.
pub const CHAT_MENU: &str = "Chat menu";

/// Below the chats: those that stand apart.
#[must_use]
pub fn archived(count: usize) -> String {
    format!("Archived, {count}")
}
