//! Words about message requests and blocked people.

/// The list of those who ask for a chat.
pub const REQUESTS: &str = "Message requests";

/// Where nobody asks.
pub const NO_REQUESTS: &str = "No message requests";

/// Who is in that list.
pub const REQUESTS_HOW: &str =
    "People you haven't written to, and groups you haven't joined. They don't see whether you've read this.";

/// Accessible name of the link to the list.
#[must_use]
pub fn requests(count: usize) -> String {
    format!("{REQUESTS}, {count}")
}

/// Somebody asks.
#[must_use]
pub fn new_request(name: &str) -> String {
    format!("New message request from {name}")
}

/// Above the buttons of a request.
#[must_use]
pub fn not_seen(name: &str) -> String {
    format!("{name} doesn't see that you've read this until you accept.")
}

/// Before somebody is blocked.
#[must_use]
pub fn block(name: &str) -> String {
    format!("Block {name}?")
}

/// What it does; who has only asked for a chat loses what they wrote here, too.
#[must_use]
pub fn block_does(asks: bool) -> &'static str {
    if asks {
        "You won't see what they write, and they aren't told. This request is deleted on your devices."
    } else {
        "You won't see what they write, and they aren't told. This chat stays."
    }
}

/// In place of the composer.
#[must_use]
pub fn blocked(name: &str) -> String {
    format!("You blocked {name}. You won't see what they write while they're blocked.")
}

/// What blocked people can do.
pub const BLOCKED_HOW: &str = "They aren't told, and you don't see what they write.";

/// Where nobody is blocked.
pub const NOBODY_BLOCKED: &str = "You haven't blocked anyone.";

/// Somebody is heard again.
#[must_use]
pub fn unblocked(name: &str) -> String {
    format!("{name} is unblocked.")
}

/// Before the own invite link is replaced.
pub const NEW_LINK: &str =
    "Whoever uses the old link then sends you a message request instead. Your chats stay as they are.";

/// After it was.
pub const NEW_LINK_MADE: &str = "That's your new link.";
