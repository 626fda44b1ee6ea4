//! Words about message requests and blocked people.

/// The heading of the list of requests.
pub const REQUESTS: &str = "Message requests";

/// The empty list of requests.
pub const NO_REQUESTS: &str = "No message requests";

/// The explanation of that list.
pub const REQUESTS_HOW: &str =
    "People you haven't written to, and groups you haven't joined. They don't see whether you've read this.";

/// The accessible name of the link to the list.
#[must_use]
pub fn requests(count: usize) -> String {
    format!("{REQUESTS}, {count}")
}

/// A new request, for a screen reader.
#[must_use]
pub fn new_request(name: &str) -> String {
    format!("New message request from {name}")
}

/// Above the buttons of a request.
#[must_use]
pub fn not_seen(name: &str) -> String {
    format!("{name} doesn't see that you've read this until you accept.")
}

/// The question before a person is blocked.
#[must_use]
pub fn block(name: &str) -> String {
    format!("Block {name}?")
}

/// The effect of blocking. A person who has only asked for a chat also loses what they wrote here.
#[must_use]
pub fn block_does(asks: bool) -> &'static str {
    if asks {
        "You won't see what they write, and they aren't told. This request is deleted on your devices."
    } else {
        "You won't see what they write, and they aren't told. This chat stays."
    }
}

/// In place of the composer of a blocked person.
#[must_use]
pub fn blocked(name: &str) -> String {
    format!("You blocked {name}. You won't see what they write while they're blocked.")
}

/// The explanation of blocking.
pub const BLOCKED_HOW: &str = "They aren't told, and you don't see what they write.";

/// The empty list of blocked people.
pub const NOBODY_BLOCKED: &str = "You haven't blocked anyone.";

/// A person was unblocked.
#[must_use]
pub fn unblocked(name: &str) -> String {
    format!("{name} is unblocked.")
}

/// The question before the own invite link is replaced.
pub const NEW_LINK: &str =
    "Whoever uses the old link then sends you a message request instead. Your chats stay as they are.";

/// The own invite link was replaced.
pub const NEW_LINK_MADE: &str = "That's your new link.";
