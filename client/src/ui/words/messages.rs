//! Words for the actions on messages.

use parley_engine::view::{ReactionView, Who};
use parley_protocol::ids::AccountId;

/// The button of a message's menu.
pub const MESSAGE_MENU: &str = "Message menu";
/// Above a forwarded message.
pub const FORWARDED: &str = "Forwarded";
/// In place of a quoted message that is not here.
pub const NOT_HERE: &str = "This message isn't on this device";
/// A message that was deleted for everyone, in one line.
pub const DELETED_SHORT: &str = "Deleted message";
/// The question before a message is deleted for everyone.
pub const DELETE_FOR_EVERYONE: &str = "This deletes the message for everyone in this chat and leaves a note that it was there. \
     Someone may have read or copied it already, and a device that's offline deletes it when it's back.";
/// Below the field for editing a message.
pub const EDIT_NOTE: &str = "Everyone sees that it was edited, and can see what it said before.";

/// In place of a message that was deleted for everyone. `by` is the person who deleted it, if not its author; `own`, in a
/// group, is the own account.
#[must_use]
pub fn deleted_for_all(by: Option<&Who>, own: Option<AccountId>) -> String {
    match by {
        None => "This message was deleted".to_owned(),
        Some(by) if Some(by.account) == own => "You deleted this message".to_owned(),
        Some(by) => format!("{} deleted this message", by.name),
    }
}

/// The accessible name of a quote.
#[must_use]
pub fn in_reply_to(name: &str, text: &str) -> String {
    format!("In reply to {name}: {text}")
}

/// The accessible name of a reaction.
#[must_use]
pub fn reaction(reaction: &ReactionView) -> String {
    let own = if reaction.own { ", with you" } else { "" };
    format!("{} {}{own}", reaction.sign, reaction.count)
}

/// Above the composer, while the person answers.
#[must_use]
pub fn replying_to(name: &str) -> String {
    format!("Reply to {name}")
}

/// The number of selected messages.
#[must_use]
pub fn selected(count: usize) -> String {
    match count {
        1 => "1 message selected".to_owned(),
        count => format!("{count} messages selected"),
    }
}

/// The keyboard shortcuts that work everywhere: the keys, and their effect.
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

/// The time at which the relay stored a message.
#[must_use]
pub fn sent_at(time: &str) -> String {
    format!("Sent {time}")
}

/// The menu of a chat in the list.
pub const CHAT_MENU: &str = "Chat menu";

/// Below the chats: the link to archived ones.
#[must_use]
pub fn archived(count: usize) -> String {
    format!("Archived, {count}")
}
