//! Sentences about the connection, about unsent messages, and about the account's server.

use parley_engine::view::{Connection, ConversationView, Outage, WaitReason};

/// Why there is no connection. `network` says whether the browser reports a network.
#[must_use]
pub const fn outage(why: Outage, network: bool) -> &'static str {
    match why {
        _ if !network => "You're offline. Messages will send when you reconnect.",
        Outage::Unreachable => "Offline: Parley can't be reached. Messages will send when you reconnect.",
        Outage::Busy => "Parley is busy right now. Messages will send when you reconnect.",
        Outage::Full => {
            "This Parley server is out of space, so nothing can be sent. Tell whoever runs it; messages will send after that."
        }
        Outage::Failing => "This Parley server has a problem right now. Messages will send when it's over.",
    }
}

/// When the next attempt to connect begins.
#[must_use]
pub fn next_attempt(seconds: u64) -> String {
    if seconds == 0 { "Trying again…".to_owned() } else { format!("Trying again in {seconds} s.") }
}

/// The relay does not have the account yet.
pub const REGISTERING: &str = "Setting up your account… This server hasn't accepted it yet.";

/// Why messages of a chat wait although there is a connection; empty if they do not wait. In a group the reason is one of its
/// members.
#[must_use]
pub fn chat_waits(chat: &ConversationView) -> Option<String> {
    let name = if chat.group.is_some() { "a member" } else { &chat.name };
    chat.waiting.map(|reason| waiting(reason, name))
}

/// The same, for messages to one person.
fn waiting(reason: WaitReason, name: &str) -> String {
    match reason {
        WaitReason::RelayFull => {
            "Waiting: this Parley server is out of space. Parley keeps trying; tell whoever runs the server."
                .to_owned()
        }
        WaitReason::RelayFailing => {
            "Waiting: this Parley server has a problem right now. Parley keeps trying.".to_owned()
        }
        WaitReason::TooMany => "Waiting: that was a lot at once. Parley goes on by itself in a moment.".to_owned(),
        WaitReason::InboxFull => {
            format!("Waiting: {name}'s inbox is full. It will send once they open Parley on all their devices.")
        }
        WaitReason::ChatFull => {
            "Waiting: this chat has reached the server's limit. It will send once older messages expire there."
                .to_owned()
        }
        WaitReason::NoDevice => {
            format!("Waiting: none of {name}'s devices can be reached yet. Ask them to open Parley once.")
        }
    }
}

/// The same, if the connection is the reason; `None` if it is not.
#[must_use]
pub const fn waiting_for(connection: Connection, network: bool) -> Option<&'static str> {
    match connection {
        Connection::Online => None,
        Connection::Connecting => Some("Waiting for the connection."),
        Connection::CatchingUp => Some("Waiting while Parley catches up."),
        Connection::Offline { why, .. } => Some(outage(why, network)),
        Connection::ReloadNeeded => Some(super::RELOAD_NEEDED),
        Connection::RelayTooOld => Some(super::RELAY_TOO_OLD),
    }
}

/// Before the address at which Parley opens.
pub const SECURE_ADDRESS: &str = "Open this address instead:";

/// While a connection opens.
pub const CONNECTING: &str = "Connecting…";
/// While the device receives what it missed.
pub const CATCHING_UP: &str = "Catching up…";

/// A request needs a connection; the app repeats it once there is one.
pub const ASKED_AGAIN: &str = "Waiting for a connection…";

/// On the first screen, in a window that seems to be private.
pub const PRIVATE_FIRST: &str =
    "If this is a private window, closing it deletes your account here. Better use a normal window.";
/// Above the chats, in a window that seems to be private.
pub const PRIVATE_EARLY: &str =
    "If this is a private window, closing it deletes your account here. Your recovery phrase brings it back.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_told_and_not_only_that_there_is_no_connection() {
        assert!(outage(Outage::Busy, true).starts_with("Parley is busy right now."));
        assert!(outage(Outage::Full, true).contains("out of space"));
        assert!(outage(Outage::Unreachable, true).starts_with("Offline"));
        assert!(outage(Outage::Unreachable, false).starts_with("You're offline"));
        assert_eq!(next_attempt(20), "Trying again in 20 s.");
        assert_eq!(next_attempt(0), "Trying again…");
        assert!(waiting(WaitReason::InboxFull, "Bob").starts_with("Waiting: Bob's inbox is full."));
    }
}
