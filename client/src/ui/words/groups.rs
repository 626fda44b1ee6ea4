//! Words about groups: their events, members and actions.

use parley_engine::view::{DeviceChange, Dropped, GroupLine, GroupStanding, History, Role, Told, Who, Why};
use parley_protocol::ids::AccountId;

/// The most names in a sentence; further people are counted.
const NAMED: usize = 4;

/// The engine's name for people without a known name.
const UNKNOWN: &str = "Somebody";

/// Isolates a name from the sentence's direction.
pub(super) fn apart(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// A person at the beginning of a sentence; "You" for the own person.
fn who(who: &Who, me: Option<AccountId>) -> String {
    if me == Some(who.account) { "You".to_owned() } else { apart(&who.name) }
}

/// The same within a sentence.
fn whom(who: &Who, me: Option<AccountId>) -> String {
    match who.name.as_str() {
        _ if me == Some(who.account) => "you".to_owned(),
        UNKNOWN => "somebody".to_owned(),
        name => apart(name),
    }
}

/// All these people; those without a name are counted.
fn all_of(people: &[Who], me: Option<AccountId>) -> String {
    let is_known = |it: &&Who| it.name != UNKNOWN || me == Some(it.account);
    let known: Vec<String> = people.iter().filter(is_known).map(|it| whom(it, me)).collect();
    match (known.is_empty(), people.len() - known.len()) {
        (_, 0) => listed(&known),
        (true, 1) => "somebody".to_owned(),
        (true, count) => format!("{count} people"),
        (false, 1) => format!("{} and somebody else", known.join(", ")),
        (false, _) => {
            let shown = known.len().min(NAMED);
            let others = people.len() - shown;
            format!("{} and {others} others", known.get(..shown).unwrap_or_default().join(", "))
        }
    }
}

/// The event as a sentence; `me` is the own account.
#[must_use]
pub fn group_line(line: &GroupLine, me: Option<AccountId>) -> String {
    match line {
        GroupLine::Created { by, name } => format!("{} created the group {}.", who(by, me), apart(name)),
        GroupLine::Added { by, people } => {
            format!("{} added {}.", who(by, me), all_of(people, me))
        }
        GroupLine::Removed { by, who: gone } => format!("{} removed {}.", who(by, me), whom(gone, me)),
        GroupLine::Left { who: gone } => format!("{} left.", who(gone, me)),
        GroupLine::Renamed { by, name } => format!("{} renamed the group to {}.", who(by, me), apart(name)),
        GroupLine::Picture { by, set: true } => format!("{} changed the group's picture.", who(by, me)),
        GroupLine::Picture { by, set: false } => format!("{} removed the group's picture.", who(by, me)),
        GroupLine::Role { by: Some(by), who: of, role } if by.account != of.account => {
            format!("{} made {} {}.", who(by, me), whom(of, me), a_role(*role))
        }
        GroupLine::Role { who: of, role, .. } => {
            let is = if me == Some(of.account) { "are" } else { "is" };
            format!("{} {is} now {}.", who(of, me), a_role(*role))
        }
        GroupLine::Permissions { by } => format!("{} changed who may do what in this group.", who(by, me)),
        GroupLine::Refused { by } => {
            let by = by.as_ref().map_or_else(|| "Someone".to_owned(), |by| who(by, me));
            format!("{by} tried something that this group doesn't allow. It was not done.")
        }
        GroupLine::Dropped(dropped) => self::dropped(dropped),
        GroupLine::Device { who: of, change } => match change {
            DeviceChange::Added => format!("{} added another device.", who(of, me)),
            DeviceChange::Removed => format!("{} removed a device.", who(of, me)),
            DeviceChange::Returned if me == Some(of.account) => {
                "One of your devices had lost its keys and was let in again.".to_owned()
            }
            DeviceChange::Returned => {
                format!("A device of {} had lost its keys and was let in again.", apart(&of.name))
            }
        },
        GroupLine::Joined { who: came, by } => {
            format!("{} joined with {}.", who(came, me), link_of(by, me))
        }
        GroupLine::History { by, history } => {
            format!("{} set what newcomers see: {}.", who(by, me), seen_by_newcomers(*history))
        }
        GroupLine::Earlier { by: Some(by), count } => {
            let rests = if me == Some(by.account) { "you".to_owned() } else { whom(by, me) };
            let shared = format!("{} shared {} with you.", who(by, me), earlier(*count));
            format!(
                "{shared} Who wrote them is checked; whether some are missing, and their dates, rest on {rests}."
            )
        }
        GroupLine::Earlier { by: None, count } => {
            format!("This group keeps {} for newcomers.", earlier(*count))
        }
        GroupLine::Links { by, made: true } => format!("{} created an invite link.", who(by, me)),
        GroupLine::Links { by, made: false } => format!("{} turned off an invite link.", who(by, me)),
    }
}

fn earlier(count: u32) -> String {
    super::counted(count.into(), "earlier message")
}

const fn seen_by_newcomers(history: History) -> &'static str {
    match history {
        History::Nothing => "nothing from before they came",
        History::Shared => "what a member shares with them",
        History::Kept => "what is written from now on",
    }
}

/// A person's invite link. A joiner may not know its maker.
fn link_of(by: &Who, me: Option<AccountId>) -> String {
    match by.name.as_str() {
        _ if me == Some(by.account) => "your invite link".to_owned(),
        UNKNOWN => "an invite link".to_owned(),
        name => format!("{}'s invite link", apart(name)),
    }
}

fn dropped(dropped: &Dropped) -> String {
    match dropped {
        Dropped::Add(who, why) => format!("{} wasn't added: {}.", apart(&who.name), self::why(*why, true)),
        Dropped::Change(who, why) => {
            format!("Your change for {} wasn't made: {}.", apart(&who.name), self::why(*why, false))
        }
        Dropped::Settings(why) => {
            format!("Your change to this group wasn't made: {}.", self::why(*why, false))
        }
    }
}

const fn why(why: Why, added: bool) -> &'static str {
    match why {
        Why::NotAllowed => "you may no longer do that here",
        Why::Unreachable => "none of their devices can be in groups yet. Ask them to open Parley once",
        Why::Forged => "this Parley server gave a forged answer about their devices",
        Why::Full => "the group is full",
        Why::Over if added => "they're in the group already",
        Why::Over => "the group had changed by then",
        Why::Outdated => {
            "somebody in it has an older version of Parley. Ask everybody to reload Parley, then try again"
        }
    }
}

/// A list such as "Ada, Bob and Carol".
#[must_use]
pub fn listed(names: &[String]) -> String {
    let (shown, more) = names.split_at(if names.len() > NAMED + 1 { NAMED } else { names.len() });
    match (shown, more.len()) {
        ([], _) => "nobody".to_owned(),
        ([one], 0) => one.clone(),
        ([all @ .., last], 0) => format!("{} and {last}", all.join(", ")),
        (all, more) => format!("{} and {more} others", all.join(", ")),
    }
}

const fn a_role(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Admin => "an admin",
        Role::Owner => "an owner",
    }
}

/// The role beside a member; plain members have none.
#[must_use]
pub const fn role(role: Role) -> Option<&'static str> {
    match role {
        Role::Member => None,
        Role::Admin => Some("Admin"),
        Role::Owner => Some("Owner"),
    }
}

/// The name of the button that gives a role.
#[must_use]
pub const fn make(role: Role) -> &'static str {
    match role {
        Role::Member => "Make member",
        Role::Admin => "Make admin",
        Role::Owner => "Make owner",
    }
}

/// The number of people in a group.
#[must_use]
pub fn members(count: u32) -> String {
    super::counted(count.into(), "member")
}

/// The number of a member's devices in the group.
#[must_use]
pub fn devices(count: u32) -> String {
    super::counted(count.into(), "device")
}

/// Below the group's name, in place of the members.
#[must_use]
pub const fn standing(standing: &GroupStanding) -> Option<&'static str> {
    match standing {
        GroupStanding::Member | GroupStanding::Paused | GroupStanding::Lost => None,
        GroupStanding::Invited { .. } => Some("Invitation"),
        GroupStanding::Asked(_) => Some(super::ASKED_SHORT),
        GroupStanding::Left => Some("You left"),
        GroupStanding::Removed => Some("You were removed"),
    }
}

/// Who has an own message; `None` if nobody has.
#[must_use]
pub fn told(told: Told) -> Option<String> {
    let of = told.of;
    let by = |count: u32| if count >= of { "everybody".to_owned() } else { format!("{count} of {of}") };
    match (told.read, told.delivered) {
        _ if of == 0 => None,
        (0, 0) => None,
        (0, delivered) => Some(format!("Delivered to {}", by(delivered))),
        (read, _) => Some(format!("Read by {}", by(read))),
    }
}

/// In place of the composer: why the person cannot write; `None` if they can.
#[must_use]
pub const fn may_not_write(standing: &GroupStanding) -> Option<&'static str> {
    match standing {
        GroupStanding::Invited { .. } => None,
        GroupStanding::Asked(stage) => Some(super::asked(*stage)),
        GroupStanding::Member => Some("Only admins can write in this group."),
        GroupStanding::Left => Some("You left this group."),
        GroupStanding::Removed => Some("You were removed from this group."),
        GroupStanding::Lost => Some(
            "This browser can't read this group right now. Another member has to be online to let it in again.",
        ),
        GroupStanding::Paused => {
            Some("This group needs a newer version of Parley. Reload the page to read and write here.")
        }
    }
}

/// The person who sent the invitation: by username while their name is unknown.
fn inviter(by: &str, username: Option<&str>) -> String {
    if username == Some(by) { format!("@{by}") } else { by.to_owned() }
}

/// In place of the newest message of a group that this person has not joined.
#[must_use]
pub fn invited_short(by: &str, username: Option<&str>) -> String {
    format!("{} added you", apart(&inviter(by, username)))
}

/// A person has added this one to a group.
#[must_use]
pub fn new_invitation(by: &str, username: Option<&str>, name: &str) -> String {
    format!("{} added you to the group {name}", inviter(by, username))
}

/// Above the buttons of an invitation.
#[must_use]
pub fn invited_to(by: &str, username: Option<&str>, name: &str, members: u32) -> String {
    let by = match username {
        Some(username) if username != by => format!("{} (@{username})", apart(by)),
        _ => apart(&inviter(by, username)),
    };
    let members = super::counted(members.into(), "member");
    format!("{by} added you to {}, a group with {members}.", apart(name))
}

/// The effect of joining.
pub const JOINING: &str = "If you join, everybody in it sees your name and can write to you here. Until then they don't see that \
    you've read this.";

/// The question before an invitation is declined and its sender blocked.
#[must_use]
pub fn block_inviter(by: &str, username: Option<&str>) -> String {
    format!("Decline, and block {}?", apart(&inviter(by, username)))
}

/// The effect of that.
pub const BLOCK_INVITER: &str =
    "This invitation is deleted on your devices. You won't see what they write to you, and they aren't told.";

/// The dialog that makes a group.
pub const NEW_GROUP: &str = "New group";

/// Below the empty list of people.
pub const NO_PEOPLE: &str =
    "No contacts yet. Add someone by their username or invite link, or go on and add people later.";

/// No contact matches the search.
pub const NO_PEOPLE_FOUND: &str = "No contacts found";

/// The person who was found is in the group already.
pub const IN_GROUP: &str = "They're in this group already.";

/// The person who was found is chosen already.
pub const CHOSEN_ALREADY: &str = "You've chosen them already.";

/// The future members of a new group.
#[must_use]
pub fn with_people(names: &[String]) -> String {
    if names.is_empty() {
        return "Just you for now. You can add people later.".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| apart(name)).collect();
    format!("With {}.", listed(&names))
}

/// No name was entered.
pub const GROUP_NAME_NONE: &str = "Enter a name for the group.";

/// Beside a person who is being added.
#[must_use]
pub fn adding(name: &str) -> String {
    format!("Adding {}…", apart(name))
}

/// Beside a member who is being removed.
pub const REMOVING: &str = "Removing…";

/// Another requested change is not done yet.
pub const CHANGING: &str = "Your changes are on their way.";

/// No member matches the search.
pub const NO_MEMBERS_FOUND: &str = "No members found";

/// The question before a member is removed from a group that may have invite links.
#[must_use]
pub fn remove(name: &str, has_links: bool) -> String {
    let links = if has_links { " All invite links of this group stop working." } else { "" };
    format!("Remove {} from this group? They keep what they have, and see nothing new.{links}", apart(name))
}

/// The question before an owner steps down.
pub const STEP_DOWN: &str =
    "You won't be an owner of this group any more. Only another owner can make you one again.";

/// The question before leaving.
pub const LEAVE: &str = "You'll see nothing new from this group. What you have stays until you delete it.";

/// The question before the only owner leaves.
pub const LEAVE_OWNER: &str = "You're the only owner. Choose who is the owner after you.";

/// The choice that leaves the next owner to the group.
pub const GROUP_CHOOSES: &str = "The group chooses";

/// The question before all messages of a group are deleted.
pub const DELETE_GROUP: &str = "This deletes all messages of this group here and on your other devices. The others keep \
    theirs. You stay in the group: a new message brings the chat back, empty.";

/// The same for a person who has left the group.
pub const DELETE_LEFT: &str =
    "This deletes all messages of this group here and on your other devices. The others keep theirs.";

/// The role that a permission requires.
#[must_use]
pub const fn least(role: Role) -> &'static str {
    match role {
        Role::Member => "Everybody",
        Role::Admin => "Admins",
        Role::Owner => "Owners",
    }
}

/// The label for what newcomers see of the history.
pub const NEWCOMERS_SEE: &str = "New members see";

/// One choice of that.
#[must_use]
pub const fn newcomers_see(history: History) -> &'static str {
    match history {
        History::Nothing => "Only new messages",
        History::Shared => "What a member shares",
        History::Kept => "Messages from now on",
    }
}

/// What somebody shares with who comes.
pub const SHARE: &str = "Earlier messages they see";

/// The choices: how many messages, 0 for none; the last one asks for a date.
pub const SHARES: [(&str, u16); 5] = [
    ("None", 0),
    ("Last 25 messages", 25),
    ("Last 100 messages", 100),
    ("All (up to 1,000)", 1_000),
    ("Since a date", 1_000),
];

/// What those can rely on with whom messages are shared.
pub const SHARE_RESTS: &str = "They can check who wrote each message. That none is missing, and when it was written, they take from you.";

/// No date was chosen.
pub const SHARE_NO_DATE: &str = "Choose a date.";

/// Messages are being shared.
#[must_use]
pub fn sharing_earlier(name: &str) -> String {
    format!("Sharing earlier messages with {}…", apart(name))
}

/// What it costs that messages are kept.
pub const KEPT_COSTS: &str = "New members can read the last 30 days, even while everyone is offline. So can anyone who gets \
    an invite link or one member's device.";

/// The label of the first permission.
pub const MAY_ADD: &str = "Who may add people";
/// The label of the second permission.
pub const MAY_WRITE: &str = "Who may write";
/// The label of the third permission.
pub const MAY_CHANGE: &str = "Who may change name and picture";

/// The picture could not be read, or not made small enough.
pub const NO_PICTURE: &str = "This picture can't be used. Choose a JPEG, PNG or WebP.";

/// In the details of a message that waits.
pub const NOT_SENT_YET: &str = "Not sent yet.";

/// The accessible name of the list for mentions.
#[must_use]
pub fn found_members(count: usize) -> String {
    let found = super::counted(u64::try_from(count).unwrap_or(u64::MAX), "member");
    format!("{found} found. Up and down choose, Enter inserts.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Option<AccountId> = Some(AccountId([0; 32]));

    fn person(number: u8, name: &str) -> Who {
        Who { account: AccountId([number; 32]), name: name.to_owned() }
    }

    fn said(line: &GroupLine) -> String {
        group_line(line, ME).replace(['\u{2068}', '\u{2069}'], "")
    }

    #[test]
    fn lines_say_who_did_what_to_whom() {
        let (me, ada, bob) = (person(0, "Me"), person(1, "Ada"), person(2, "Bob"));
        let lines = [
            (GroupLine::Created { by: me.clone(), name: "Team".to_owned() }, "You created the group Team."),
            (
                GroupLine::Added { by: ada.clone(), people: vec![bob.clone(), me.clone()] },
                "Ada added Bob and you.",
            ),
            (GroupLine::Removed { by: me.clone(), who: bob.clone() }, "You removed Bob."),
            (GroupLine::Left { who: bob.clone() }, "Bob left."),
            (GroupLine::Role { by: None, who: me.clone(), role: Role::Owner }, "You are now an owner."),
            (GroupLine::Role { by: None, who: ada.clone(), role: Role::Admin }, "Ada is now an admin."),
            (
                GroupLine::Role { by: Some(ada.clone()), who: ada.clone(), role: Role::Admin },
                "Ada is now an admin.",
            ),
            (
                GroupLine::Role { by: Some(me.clone()), who: ada.clone(), role: Role::Member },
                "You made Ada a member.",
            ),
            (
                GroupLine::Refused { by: Some(ada.clone()) },
                "Ada tried something that this group doesn't allow. It was not done.",
            ),
            (GroupLine::Joined { who: bob.clone(), by: ada.clone() }, "Bob joined with Ada's invite link."),
            (GroupLine::Joined { who: me.clone(), by: ada.clone() }, "You joined with Ada's invite link."),
            (GroupLine::Joined { who: bob.clone(), by: me.clone() }, "Bob joined with your invite link."),
            (
                GroupLine::Joined { who: me.clone(), by: person(3, "Somebody") },
                "You joined with an invite link.",
            ),
            (GroupLine::Links { by: ada.clone(), made: true }, "Ada created an invite link."),
            (GroupLine::Links { by: me.clone(), made: false }, "You turned off an invite link."),
            (GroupLine::Dropped(Dropped::Add(bob, Why::Full)), "Bob wasn't added: the group is full."),
        ];
        for (line, sentence) in lines {
            assert_eq!(said(&line), sentence);
        }
    }

    #[test]
    fn people_without_a_name_are_counted() {
        let nobody = |number| person(number, "Somebody");
        let of = |people: Vec<Who>| said(&GroupLine::Added { by: person(1, "Ada"), people });
        assert_eq!(of(vec![nobody(2)]), "Ada added somebody.");
        assert_eq!(of(vec![nobody(2), nobody(3)]), "Ada added 2 people.");
        assert_eq!(of(vec![nobody(2), person(3, "Bob")]), "Ada added Bob and somebody else.");
        assert_eq!(of(vec![nobody(2), person(0, "Me"), nobody(3)]), "Ada added you and 2 others.");
    }

    #[test]
    fn many_names_are_counted() {
        let names = |count: usize| (1..=count).map(|it| it.to_string()).collect::<Vec<_>>();
        for (count, text) in
            [(0, "nobody"), (1, "1"), (2, "1 and 2"), (5, "1, 2, 3, 4 and 5"), (6, "1, 2, 3, 4 and 2 others")]
        {
            assert_eq!(listed(&names(count)), text);
        }
    }

    #[test]
    fn it_is_said_who_has_a_message() {
        let said = |delivered, read, of| told(Told { delivered, read, of });
        assert_eq!(said(0, 0, 7), None);
        assert_eq!(said(0, 0, 0), None);
        assert_eq!(said(5, 0, 7).as_deref(), Some("Delivered to 5 of 7"));
        assert_eq!(said(7, 3, 7).as_deref(), Some("Read by 3 of 7"));
        assert_eq!(said(7, 7, 7).as_deref(), Some("Read by everybody"));
    }

    #[test]
    fn who_removes_somebody_is_told_what_becomes_of_links() {
        assert!(!remove("Bob", false).contains("invite links"));
        assert!(remove("Bob", true).ends_with("All invite links of this group stop working."));
    }

    #[test]
    fn an_invitation_says_who_where_and_how_many() {
        let said = invited_to("Eve", Some("eve"), "Team", 5).replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(said, "Eve (@eve) added you to Team, a group with 5 members.");
        assert_eq!(new_invitation("eve", Some("eve"), "Team"), "@eve added you to the group Team");
    }
}
