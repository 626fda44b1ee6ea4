//! View models of groups.

use parley_protocol::ids::{AccountId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::{ConversationId, Delivery};
use crate::group::policy::{History, Permissions, Role};

/// A group in the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// The number of members; for an invitation, the number at that time.
    pub members: u32,
    /// Whether this account is in it.
    pub standing: GroupStanding,
    /// This person's role.
    pub role: Role,
    /// Whether this person may write now.
    pub may_write: bool,
    /// This person asked for changes that the group has not made yet.
    pub changing: bool,
    /// SHA-256 of the group's picture, if there is one and this device has it.
    pub picture: Option<[u8; 32]>,
    /// This account joined by a link, and this device has heard nobody yet who can confirm that this is the group of the
    /// link.
    pub unconfirmed: bool,
    /// How many ask to be let in; only for who may say so.
    pub asks: u32,
}

/// Whether this account is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupStanding {
    /// Somebody with whom this person never talked has added them, and they have not answered. This device has sent nothing
    /// back.
    Invited {
        /// The name that the account gives itself, or its username.
        by: String,
        /// Their username, if the relay knows one.
        username: Option<String>,
    },
    /// The account is a member.
    Member,
    /// This person left, or declined.
    Left,
    /// Somebody removed them.
    Removed,
    /// The group needs a newer version of the app: nothing is read or written until then.
    Paused,
    /// This device has lost its keys; a member adds it again once one is online.
    Lost,
    /// This person has asked to be let in.
    Asked(AskStage),
}

/// How far a request to be let in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskStage {
    /// It is on its way to the relay.
    Sending,
    /// It waits for somebody who governs the group.
    Waiting,
    /// It leads to nothing any more: the link is over, or nobody has answered for a month.
    Over,
}

/// Somebody who asks to be let into a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskView {
    /// Their account.
    pub account: AccountId,
    /// What they call themselves.
    pub name: String,
    /// What they say.
    pub greeting: String,
    /// The safety number with them, in groups of five digits.
    pub safety_number: Vec<String>,
    /// When it came.
    pub came: UnixMillis,
    /// Whose link they have.
    pub by: String,
    /// They are being added.
    pub adding: bool,
}

/// A group's panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: String,
    /// Its picture (JPEG, PNG or WebP), if there is one and this device has it.
    pub picture: Option<Vec<u8>>,
    /// This person's role.
    pub role: Role,
    /// Who may do what.
    pub permissions: Permissions,
    /// All members: owners, admins, members, each in the order in which they joined.
    pub members: Vec<MemberView>,
    /// People whom this person has added and who have not joined yet.
    pub adding: Vec<MemberView>,
    /// Links by which people join.
    pub links: Vec<InviteLinkView>,
    /// Who asks to be let in, the oldest first; only for who may say so.
    pub asks: Vec<AskView>,
    /// What who comes sees of what was written before.
    pub history: History,
}

/// A link by which people join a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLinkView {
    /// The id of the link.
    pub id: [u8; 16],
    /// What its maker is called.
    pub by: String,
    /// This account made it.
    pub own: bool,
    /// What to put after `https://host/#`; only if this account made the link.
    pub fragment: Option<String>,
    /// A member adds those who have the link.
    pub approval: bool,
    /// How many may join by the link; 0 is any number.
    pub most: u16,
    /// How many joined by the link.
    pub came: u16,
    /// When the link expires.
    pub expires: Option<UnixMillis>,
    /// The group does not have the link yet.
    pub making: bool,
}

/// On what terms people join by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkTerms {
    /// A member adds the joiners.
    pub approval: bool,
    /// The most joiners; 0 is any number.
    pub most: u16,
    /// How long the link is valid, in milliseconds.
    pub lasts: Option<u64>,
}

/// A group as a person with a link sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPreview {
    /// The id of its conversation, now or later.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: String,
    /// Its picture (JPEG, PNG or WebP), if there is one.
    pub picture: Option<Vec<u8>>,
    /// How many people are in it.
    pub people: u32,
    /// The name of the account that made the link, if this person knows it.
    pub by: Option<String>,
    /// A member adds those who have the link.
    pub approval: bool,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Their account, which may be the own one.
    pub account: AccountId,
    /// The name that they give themselves.
    pub name: String,
    /// Their username, if the relay knows one.
    pub username: Option<String>,
    /// Their role.
    pub role: Role,
    /// The safety number was compared.
    pub verified: bool,
    /// How many of their devices are in the group.
    pub devices: u32,
    /// Their colour: a number that is the same on all devices and in all groups.
    pub colour: u8,
    /// A removal that was asked for and not made yet.
    pub leaving: bool,
    /// The chat with them alone, if there is one.
    pub chat: Option<ConversationId>,
}

/// Who wrote a message in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorView {
    /// Their account.
    pub account: AccountId,
    /// Their current name.
    pub name: String,
    /// Their colour.
    pub colour: u8,
}

/// How many members have an own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Members who have the message.
    pub delivered: u32,
    /// Members who have seen it.
    pub read: u32,
    /// All members except this person.
    pub of: u32,
}

/// The details of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetails {
    /// For an own message: each of its other recipients, in order of the name.
    pub members: Vec<(AuthorView, Delivery)>,
    /// When the relay stored it; none while it waits.
    pub stored: Option<UnixMillis>,
    /// Its earlier versions and their times, oldest first.
    pub versions: Vec<(UnixMillis, String)>,
    /// Who reacts to it with what.
    pub reactions: Vec<(AuthorView, String)>,
    /// What the relay saw of it; none where this device did not see it pass: it came with history or from a backup.
    pub relay_saw: Option<Box<super::RelaySaw>>,
}
