//! Words for the list of chats, for the dialog that begins one, and around messages.

/// Below the field that finds somebody, while it is empty.
pub const FIND: &str = "Enter a username or paste an invite link";

/// Somebody is looked for.
pub const LOOKING: &str = "Looking…";

/// Somebody was found.
pub const FOUND: &str = "On Parley";

/// The same, with a chat.
pub const FOUND_CHAT: &str = "You already have a chat.";

/// What somebody is called whose name is not known.
pub const NAMELESS: &str = "Someone with an invite link";

/// Above the own invite link.
pub const BE_FOUND: &str = "Or let them find you";

/// What the own invite link is for.
pub const BE_FOUND_HOW: &str = "Send your invite link, or let them scan this code.";

/// No chat matches what is searched.
pub const NO_CHATS_FOUND: &str = "No chats found";

/// Where the list of chats is empty.
pub const NO_CHATS: &str = "No chats yet";

/// What to do then.
pub const NO_CHATS_HOW: &str = "Send someone your invite link, or write to a username.";

/// In the main pane before a chat is chosen.
pub const CHOOSE_CHAT: &str = "Choose a chat, or start a new one.";

/// Below that.
pub const ENCRYPTED: &str = "Your messages are end-to-end encrypted.";

/// Where a chat begins.
pub const CHAT_BEGINS: &str = "Messages are end-to-end encrypted.";

/// While something is loaded.
pub const LOADING: &str = "Loading…";
/// A part of the page did not come: there is no connection, or the server has a new version by now.
pub const PART_MISSING: &str = "This part of Parley couldn't be loaded. Check your connection, then try again. If that doesn't help, reload the page.";

/// The line above what is unread; how much that is may not be known.
#[must_use]
pub fn unread(count: Option<u32>) -> String {
    match count {
        None => "Unread messages".to_owned(),
        Some(1) => "1 unread message".to_owned(),
        Some(count) => format!("{count} unread messages"),
    }
}

/// Leads to messages that have come.
pub const NEW_MESSAGES: &str = "New messages";

/// Leads to the end of the chat.
pub const TO_NEWEST: &str = "Jump to newest";

/// Below the beginning of a long message.
pub const SHOW_MORE: &str = "Show more";

/// While a chat is being made.
pub const PREPARING: &str = "Setting up…";

/// Of a restored chat, without messages.
pub const NO_MESSAGES: &str = "No messages";

/// Of a chat in which nobody has written.
pub const SAY_HELLO: &str = "Say hello";

/// In place of a newest message that a newer version sent.
pub const NEWER_SHORT: &str = "Sent by a newer version";

/// In place of a newest message that is missing.
pub const GAP_SHORT: &str = "Something is missing here";

/// A contact has another name, in place of the newest message.
pub const RENAMED_SHORT: &str = "New name";

/// A contact's devices changed, in place of the newest message.
pub const KEYS_CHANGED_SHORT: &str = "Security change";

/// In an empty composer.
#[must_use]
pub fn write_to(name: &str) -> String {
    format!("Write to {name}")
}

/// A message is over the limit by so many characters, or by about so many.
#[must_use]
pub fn too_long(characters: usize, exact: bool) -> String {
    let characters = match grouped(characters) {
        one if one == "1" => "1 character".to_owned(),
        more => format!("{more} characters"),
    };
    if exact {
        format!("Message too long by {characters}.")
    } else {
        format!("Message too long. Shorten it by about {characters}.")
    }
}

/// Such as `1,234`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.char_indices() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_long_says_by_how_much() {
        assert_eq!(too_long(1, true), "Message too long by 1 character.");
        assert_eq!(too_long(123, true), "Message too long by 123 characters.");
        let about = "Message too long. Shorten it by about 1,234,567 characters.";
        assert_eq!(too_long(1_234_567, false), about);
    }
}
