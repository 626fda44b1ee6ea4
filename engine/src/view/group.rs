//! View models of groups.

use parley_protocol::ids::{AccountId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::{ConversationId, Delivery};
use crate::group::policy::{History, Permissions, Role};

/// A group in the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// How many people are in it; in an invitation, how many were.
    pub members: u32,
    /// Whether this account is in it.
    pub standing: GroupStanding,
    /// What this person is in it.
    pub role: Role,
    /// Whether this person may write now.
    pub may_write: bool,
    /// What this person asked for and the group has not done yet.
    pub changing: bool,
    /// SHA-256 of the group's picture, if there is one and it is known here.
    pub picture: Option<[u8; 32]>,
    /// This account came by a link, and nobody has been heard who can say that it is the group that the link is of.
    pub unconfirmed: bool,
}

/// Whether this account is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupStanding {
    /// Somebody whom this person never talked to has added them, and they have not answered. Nothing was sent back.
    Invited {
        /// What they call themselves, or their username.
        by: String,
        /// Their username, if the relay knows one.
        username: Option<String>,
    },
    /// It is.
    Member,
    /// This person left, or declined.
    Left,
    /// Somebody removed them.
    Removed,
    /// The group needs a newer version of the app: nothing is read or written until then.
    Paused,
    /// This device has lost its keys; somebody of the group lets it in again once they are online.
    Lost,
}

/// A group's panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: String,
    /// Its picture (JPEG, PNG or WebP), if there is one and it is known here.
    pub picture: Option<Vec<u8>>,
    /// What this person is in it.
    pub role: Role,
    /// Who may do what.
    pub permissions: Permissions,
    /// Everybody in it: owners, admins, members, each in the order in which they came.
    pub members: Vec<MemberView>,
    /// People whom this person has added and who are not in it yet.
    pub adding: Vec<MemberView>,
    /// Links by which people join.
    pub links: Vec<InviteLinkView>,
    /// What who comes sees of what was written before.
    pub history: History,
}

/// A link by which people join a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLinkView {
    /// Names it.
    pub id: [u8; 16],
    /// What its maker is called.
    pub by: String,
    /// This account made it.
    pub own: bool,
    /// What to put after `https://host/#`; only where this account made it.
    pub fragment: Option<String>,
    /// Somebody of the group lets in who has it.
    pub approval: bool,
    /// So many may come by it; 0 is any number.
    pub most: u16,
    /// So many came by it.
    pub came: u16,
    /// Until when it leads into the group.
    pub expires: Option<UnixMillis>,
    /// The group does not know it yet.
    pub making: bool,
}

/// On what terms people join by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkTerms {
    /// Somebody of the group lets them in.
    pub approval: bool,
    /// So many at most; 0 is any number.
    pub most: u16,
    /// It leads into the group for so long, in milliseconds.
    pub lasts: Option<u64>,
}

/// What a group looks like to who has a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPreview {
    /// What its conversation is, or will be.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: String,
    /// Its picture (JPEG, PNG or WebP), if there is one.
    pub picture: Option<Vec<u8>>,
    /// How many people are in it.
    pub people: u32,
    /// Who made the link, if this person knows them.
    pub by: Option<String>,
    /// Somebody of the group lets in who has the link.
    pub approval: bool,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Their account, which may be the own one.
    pub account: AccountId,
    /// What they call themselves.
    pub name: String,
    /// Their username, if the relay knows one.
    pub username: Option<String>,
    /// What they are.
    pub role: Role,
    /// The safety number was compared.
    pub verified: bool,
    /// How many of their devices are in the group.
    pub devices: u32,
    /// Their colour: a number that is the same on all devices and in all groups.
    pub colour: u8,
    /// Asked for and not done yet: they are being removed.
    pub leaving: bool,
    /// The chat with them alone, if there is one.
    pub chat: Option<ConversationId>,
}

/// Who wrote a message in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorView {
    /// Their account.
    pub account: AccountId,
    /// What they call themselves now.
    pub name: String,
    /// Their colour.
    pub colour: u8,
}

/// How many members have an own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// So many have it.
    pub delivered: u32,
    /// So many have seen it.
    pub read: u32,
    /// Of so many, this person not counted.
    pub of: u32,
}

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetails {
    /// Of an own message: each of the others who were to get it, in order of the name.
    pub members: Vec<(AuthorView, Delivery)>,
    /// When the relay stored it; none while it waits.
    pub stored: Option<UnixMillis>,
    /// What it said before, and since when, oldest first.
    pub versions: Vec<(UnixMillis, String)>,
    /// Who reacts to it with what.
    pub reactions: Vec<(AuthorView, String)>,
}
