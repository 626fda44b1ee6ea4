//! Words about a group's invite links: making one, and joining by one.

use parley_engine::view::AskStage;

use super::groups::apart;

/// The effect of an invite link, above the list of links.
pub const LINKS: &str = "Anyone with this link can join and see who is in the group.";

/// The same where every link needs approval.
pub const LINKS_THAT_ASK: &str =
    "Anyone with this link can see the group and ask to join. An admin lets them in.";

/// The maker of a link.
#[must_use]
pub fn link_by(name: &str, own: bool) -> String {
    if own { "Your link".to_owned() } else { format!("{}'s link", apart(name)) }
}

/// The group does not know the link yet.
pub const MAKING_LINK: &str = "Being created…";

/// The group knows the link.
pub const LINK_MADE: &str = "Your invite link is ready.";

/// How many people joined by a link, and how many may.
#[must_use]
pub fn joined(came: u16, most: u16) -> String {
    if most == 0 { format!("{came} joined") } else { format!("{came} of {most} joined") }
}

/// How long a link is valid.
#[must_use]
pub fn works_until(date: &str) -> String {
    format!("works until {date}")
}

/// The link needs a member's approval of each joiner.
pub const WITH_APPROVAL: &str = "needs approval";

/// Only the maker of a link has it.
#[must_use]
pub fn link_is_with(name: &str) -> String {
    format!("Only {} can copy this link.", apart(name))
}

/// The question before a link is revoked.
pub const REVOKE: &str =
    "Revoke this link? Nobody can join with it any more. Whoever has joined stays in the group.";

/// How long a new link is valid, in days. The second choice is the default.
pub const LASTS: [(&str, u64); 4] = [("1 day", 1), ("7 days", 7), ("30 days", 30), ("1 year", 365)];

/// How many people can join by a new link; 0 means any number, which is the default.
pub const MOST: [(&str, u16); 4] = [("No limit", 0), ("1 person", 1), ("10 people", 10), ("100 people", 100)];

/// The dialog that shows a group to which a link leads.
pub const JOIN_GROUP: &str = "Join a group";

/// While the app looks the group up.
pub const LOOKING_AT_GROUP: &str = "Looking at the group…";

/// There is no connection, and joining needs one.
pub const JOIN_OFFLINE: &str = "You're offline. Try again when you're connected.";

/// How many people are in the group.
#[must_use]
pub fn people(count: u32) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// The maker of the link, if this person knows them.
#[must_use]
pub fn invited_by(name: &str) -> String {
    format!("{} created this link.", apart(name))
}

/// The effect of joining, for a person with a link.
pub const JOINING_BY_LINK: &str = "If you join, everybody in it sees your name and can write to you here.";

/// With this link a person asks to join.
pub const ASKS_FIRST: &str =
    "An admin lets you in. They see your name and what you write here; until then you see no messages.";

/// The field beside it.
pub const GREETING: &str = "Message to the admins (optional)";

/// The message to the admins is too long.
pub const GREETING_LONG: &str = "That's too long. Shorten it and try again.";

/// The tick of a new link.
pub const APPROVE: &str = "An admin approves everyone who wants to join";

/// In the place of the composer, where this person has asked to join.
#[must_use]
pub const fn asked(stage: AskStage) -> &'static str {
    match stage {
        AskStage::Sending => "Your request to join will be sent when you're connected.",
        AskStage::Waiting => "Waiting for an admin to let you in. You can close Parley meanwhile.",
        AskStage::Over => "Nobody let you in with this link. Ask somebody in the group for a new one.",
    }
}

/// The same, short.
pub const ASKED_SHORT: &str = "Waiting for an admin";

/// Above the messages, for admins.
#[must_use]
pub fn asks(count: u32) -> String {
    if count == 1 { "1 person asks to join.".to_owned() } else { format!("{count} people ask to join.") }
}

/// Somebody asks to join, told aloud.
#[must_use]
pub fn new_ask(group: &str) -> String {
    format!("Somebody asks to join {}", apart(group))
}

/// By which link somebody asks, and when.
#[must_use]
pub fn asks_by(by: &str, when: &str) -> String {
    format!("Has {}'s link · {when}", apart(by))
}

/// Under a safety number of somebody who asks to join.
pub const ASK_NUMBER: &str = "If you know this person, compare this number with them: on their side it's shown in your contact details.";

/// Before somebody who asks is declined.
#[must_use]
pub fn decline_ask(name: &str) -> String {
    format!("Decline {}? They aren't told, and can't ask again with the same link.", apart(name))
}

/// In the chat of a group joined by link, until a person who can confirm the group has been heard.
pub const UNCONFIRMED: &str = "Nobody has confirmed yet that this is the group you were invited to. This goes away once the person \
    who sent the link, or somebody you know, has been here.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_how_many_came() {
        assert_eq!(joined(0, 0), "0 joined");
        assert_eq!(joined(3, 0), "3 joined");
        assert_eq!(joined(1, 10), "1 of 10 joined");
        assert_eq!((people(1), people(5)), ("1 person".to_owned(), "5 people".to_owned()));
    }
}
