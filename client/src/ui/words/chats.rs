//! Words for the list of chats, for the dialog that begins one, and around messages.

/// Below the empty field that finds people.
pub const FIND: &str = "Enter a username or paste an invite link";

/// While the app looks a person up.
pub const LOOKING: &str = "Looking…";

/// Beside a person who was found.
pub const FOUND: &str = "On Parley";

/// Beside a found person with whom there is a chat.
pub const FOUND_CHAT: &str = "You already have a chat.";

/// The name of a person whose name is unknown.
pub const NAMELESS: &str = "Someone with an invite link";

/// Above the own invite link.
pub const BE_FOUND: &str = "Or let them find you";

/// What the own invite link is for.
pub const BE_FOUND_HOW: &str = "Send your invite link, or let them scan this code.";

/// No chat matches the search.
pub const NO_CHATS_FOUND: &str = "No chats found";

/// Where the list of chats is empty.
pub const NO_CHATS: &str = "No chats yet";

/// Below the empty list of chats.
pub const NO_CHATS_HOW: &str = "Send someone your invite link, or write to a username.";

/// In the main pane before a chat is chosen.
pub const CHOOSE_CHAT: &str = "Choose a chat, or start a new one.";

/// Below the hint to choose a chat.
pub const ENCRYPTED: &str = "Your messages are end-to-end encrypted.";

/// At the beginning of a chat.
pub const CHAT_BEGINS: &str = "Messages are end-to-end encrypted.";

/// While something loads.
pub const LOADING: &str = "Loading…";
/// A part of the page did not load: there is no connection, or the server has a newer version by now.
pub const PART_MISSING: &str = "This part of Parley couldn't be loaded. Check your connection, then try again. If that doesn't help, reload the page.";

/// The line above unread messages; their number may be unknown.
#[must_use]
pub fn unread(count: Option<u32>) -> String {
    match count {
        None => "Unread messages".to_owned(),
        Some(1) => "1 unread message".to_owned(),
        Some(count) => format!("{count} unread messages"),
    }
}

/// The button that leads to new messages.
pub const NEW_MESSAGES: &str = "New messages";

/// The button that leads to the end of the chat.
pub const TO_NEWEST: &str = "Jump to newest";

/// Below the beginning of a long message.
pub const SHOW_MORE: &str = "Show more";

/// While the app makes a chat.
pub const PREPARING: &str = "Setting up…";

/// In a restored chat without messages.
pub const NO_MESSAGES: &str = "No messages";

/// In a chat without any message yet.
pub const SAY_HELLO: &str = "Say hello";

/// In place of a newest message that a newer version sent.
pub const NEWER_SHORT: &str = "Sent by a newer version";

/// In place of a newest message that is missing.
pub const GAP_SHORT: &str = "Something is missing here";

/// A contact has another name, in place of the newest message.
pub const RENAMED_SHORT: &str = "New name";

/// A contact's devices changed, in place of the newest message.
pub const KEYS_CHANGED_SHORT: &str = "Security change";

/// In the empty composer.
#[must_use]
pub fn write_to(name: &str) -> String {
    format!("Write to {name}")
}

/// A message is over the limit by this many characters, or by about this many.
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

/// A number such as `1,234`.
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
