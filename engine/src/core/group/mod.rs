//! Group chats ([`crate::group`]): carries out what people ask of them, and follows what their members do.
//!
//! A person asks for a *change*, which this device keeps until the group has made it ([`changing`]): if another member
//! commits first, the engine judges the change again. Lines in the chat tell what a commit has changed ([`following`]). A
//! commit that no member may make ends a log, and the group goes on in the log's successor ([`succeeding`]).

mod by_link;
mod changing;
mod copies;
mod devices;
mod following;
mod joining;
mod leaving;
mod naming;
mod newcomers;
mod projection;
mod reading;
mod receipts;
mod renewing;
mod starting;
mod succeeding;
mod whole;

use parley_protocol::ids::{AccountId, Epoch, GroupId, LogId};
use sha2::{Digest as _, Sha256};

use self::by_link::{ByLink, Wants};
use self::changing::Gathering;
use self::newcomers::Newcomers;
pub(super) use self::reading::NotTheirs;
use super::Engine;
use crate::channel::log::{Log, Stage};
use crate::core::relay_session::steady::Moment;
use crate::core::storage::dirty_set::Dirty;
use crate::domain::content::{MAX_PICTURE, display_name};
use crate::domain::conversation::ConversationKey;
use crate::group::chat::{Change, GroupChat, Standing};
use crate::group::policy::{Policy, Role};
use crate::set::Set;
use crate::table::Table;
use crate::view::{Command, CommandError, ConversationId, Reply, ViewRequestId};

/// Most devices in a group.
pub(super) const MAX_DEVICES: usize = 256;

/// The groups that this device knows.
#[derive(Default)]
pub(super) struct GroupChats {
    pub(super) all: Table<GroupId, GroupChat>,
    /// KeyPackages that the engine gathers for accounts that will be added.
    gathering: Table<LogId, Gathering>,
    /// When this device last sent receipts in a log.
    told: Table<LogId, Moment>,
    /// When it is this device's turn for tasks of any member, by log.
    turns: Table<LogId, Moment>,
    /// Invite links.
    pub(super) by_link: ByLink,
    /// With whom a group was compared on this connection, in which epoch.
    compared: Set<(GroupId, AccountId, Epoch)>,
    /// What was written before somebody came.
    pub(super) newcomers: Newcomers,
}

impl GroupChats {
    /// The connection is gone, and with it all requests.
    pub(super) fn forget_connection(&mut self) {
        self.gathering.clear();
        self.turns.clear();
        self.compared.clear();
        self.by_link.forget_connection();
    }
}

impl Engine {
    pub(super) fn group_command(
        &mut self,
        view: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::CreateGroup { name, people } => return self.create_group_chat(&name, &people),
            Command::ShowGroup(id) => {
                let view = self.group_view(&self.group_in(id)?).ok_or(CommandError::UnknownConversation)?;
                return Ok(Some(Reply::Group(Box::new(view))));
            }
            Command::AddToGroup { conversation, people } => self.add_to_group(conversation, &people)?,
            Command::RemoveFromGroup { conversation, account } => {
                self.ask_group(conversation, Change::Remove(account))?;
            }
            Command::SetRole { conversation, account, role } => {
                self.ask_group(conversation, Change::Role(account, role))?;
            }
            Command::SetGroupName { conversation, name } => {
                let name = display_name(&name).ok_or(CommandError::Name)?;
                self.ask_group(conversation, Change::Name(name))?;
            }
            Command::SetGroupPicture { conversation, picture } => {
                self.set_group_picture(conversation, picture)?;
            }
            Command::SetPermissions { conversation, permissions } => {
                self.ask_group(conversation, Change::Permissions(permissions))?;
            }
            Command::LeaveGroup { conversation, owner } => self.leave_group(conversation, owner)?,
            Command::JoinGroup(conversation) => self.accept_invitation(conversation)?,
            Command::DeclineGroup { conversation, block } => self.decline_invitation(conversation, block)?,
            Command::MakeGroupLink { conversation, terms } => self.make_group_link(conversation, &terms)?,
            Command::RevokeGroupLink { conversation, link } => self.revoke_group_link(conversation, link)?,
            Command::SetGroupHistory { conversation, history } => {
                self.ask_group(conversation, Change::History(history))?;
            }
            Command::ShareHistory { conversation, account, last, since } => {
                let share =
                    since.map_or(Change::Share(account, last), |since| Change::ShareSince(account, since));
                self.ask_group(conversation, share)?;
            }
            Command::LookAtGroup(text) => return self.follow_group_link(Some(view), &text, Wants::Look),
            Command::JoinByLink(text) => return self.follow_group_link(Some(view), &text, Wants::Join),
            Command::AskToJoin { link, greeting } => {
                return self.follow_group_link(Some(view), &link, Self::greeting(&greeting)?);
            }
            Command::WithdrawAsk(conversation) => self.withdraw_ask(conversation)?,
            Command::AnswerAsk { conversation, account, lets_in } => {
                self.answer_ask(conversation, &account, lets_in)?;
            }
            // All others are handled before they get here.
            _ => return Err(CommandError::UnknownConversation),
        }
        Ok(Some(Reply::Done))
    }

    /// The group of a conversation.
    fn group_in(&self, id: ConversationId) -> Result<GroupId, CommandError> {
        match self.conversations.get(&id).map(|conversation| conversation.key) {
            Some(ConversationKey::Group(group)) if self.group_chats.all.contains_key(&group) => Ok(group),
            _ => Err(CommandError::UnknownConversation),
        }
    }

    pub(super) fn is_group_chat(&self, id: ConversationId) -> bool {
        self.conversations.get(&id).is_some_and(|it| matches!(it.key, ConversationKey::Group(_)))
    }

    /// The group whose messages a log carries.
    pub(super) fn group_of(&self, log: &LogId) -> Option<GroupId> {
        match self.logs.get(log).map(|log| log.conversation) {
            Some(ConversationKey::Group(group)) => Some(group),
            _ => None,
        }
    }

    /// The group of a log, as this device knows it.
    pub(super) fn group_chat_of(&self, log: &LogId) -> Option<&GroupChat> {
        self.group_of(log).and_then(|group| self.group_chats.all.get(&group))
    }

    fn own_account_id(&self) -> Option<AccountId> {
        self.account.as_ref().map(|account| account.id)
    }

    /// The current log of a group.
    pub(super) fn log_of_group(&self, group: &GroupId) -> Option<LogId> {
        self.usable_log(&ConversationKey::Group(*group))
    }

    /// The record of a group's log is gone. If the group did not go on in another log, this device has lost its place.
    pub(super) fn find_log_of_group(&mut self, group: &GroupId, log: Log) {
        let id = log.id;
        let is_in = self.group_chats.all.get(group).is_some_and(GroupChat::is_active);
        let was_last = is_in && self.log_of_group(group).is_none();
        let stage = if was_last { Stage::Active } else { Stage::Dead };
        self.logs.insert(id, Log { stage, ..log });
        if was_last {
            self.lose_place(&id);
        }
    }

    /// The record of a group is gone and the group's log is not: rebuilds the record from the MLS group.
    pub(super) fn find_groups_of_logs(&mut self) {
        let of = |log: &Log| match log.conversation {
            ConversationKey::Group(group) if log.stage != Stage::Dead => Some((log.id, group)),
            _ => None,
        };
        let all: Vec<(LogId, GroupId)> = self.logs.values().filter_map(of).collect();
        for (id, group) in all {
            if self.group_chats.all.contains_key(&group) {
                continue;
            }
            if let Ok(state) = self.with_group(&id, |mls, _, _| mls.state()) {
                self.group_chats.all.insert(group, GroupChat::new(group, Standing::Member, &state));
                self.save_group_chat(&group);
            }
        }
    }

    pub(super) fn save_group_chat(&mut self, group: &GroupId) {
        self.dirty.insert(Dirty::GroupChat(*group));
        self.changed.conversations.insert(ConversationKey::Group(*group).id());
    }

    /// Whether an account is in one of this device's groups, as far as this device knows.
    pub(super) fn is_in_a_group(&self, account: &AccountId) -> bool {
        self.group_chats.all.values().any(|chat| chat.is_active() && chat.is_member(account))
    }

    /// Keeps a change that the person asks for, if they may, and begins with it.
    fn ask_group(&mut self, id: ConversationId, change: Change) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let chat = self.group_chats.all.get(&group).ok_or(CommandError::UnknownConversation)?;
        let own = self.own_account_id().ok_or(CommandError::NoAccount)?;
        if !chat.is_active() || !may(chat, &own, &change) {
            return Err(CommandError::NotAllowed);
        }
        if let Some(chat) = self.group_chats.all.get_mut(&group) {
            chat.changes.push_back(change);
        }
        self.save_group_chat(&group);
        self.pump(id);
        Ok(())
    }

    fn add_to_group(&mut self, id: ConversationId, people: &[AccountId]) -> Result<(), CommandError> {
        let people = self.known_people(people)?;
        let chat = self.group_chats.all.get(&self.group_in(id)?).ok_or(CommandError::UnknownConversation)?;
        if chat.devices().saturating_add(people.len()) > MAX_DEVICES {
            return Err(CommandError::GroupFull);
        }
        self.ask_group(id, Change::Add(people))
    }

    /// These accounts without repetition and without the own one; an error if one of them was never found.
    fn known_people(&mut self, people: &[AccountId]) -> Result<Vec<AccountId>, CommandError> {
        let mut known = Vec::new();
        for account in people {
            if self.is_own_account(account) || known.contains(account) {
                continue;
            }
            if !self.pin(account) {
                return Err(CommandError::NotFound);
            }
            if self.is_blocked(account) {
                return Err(CommandError::Blocked);
            }
            known.push(*account);
        }
        Ok(known)
    }

    fn set_group_picture(
        &mut self,
        id: ConversationId,
        picture: Option<Vec<u8>>,
    ) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        if picture.as_ref().is_some_and(|picture| picture.len() > MAX_PICTURE || !is_picture(picture)) {
            return Err(CommandError::Picture);
        }
        let hash = picture.as_ref().map(|picture| Sha256::digest(picture).into());
        self.ask_group(id, Change::Picture(hash))?;
        if let (Some(chat), Some(picture)) = (self.group_chats.all.get_mut(&group), picture) {
            chat.picture = picture;
        }
        self.save_group_chat(&group);
        Ok(())
    }

    /// Whether the person may write in a group now.
    pub(super) fn may_write_in_group(&self, group: &GroupId) -> bool {
        let own = self.own_account_id();
        let chat = self.group_chats.all.get(group).filter(|chat| chat.is_active());
        own.zip(chat).is_some_and(|(own, chat)| chat.policy.may_write(&own))
    }

    /// Whether a log is a live log of a group.
    pub(super) fn is_live_group_log(&self, id: &LogId) -> bool {
        self.group_of(id).is_some() && self.logs.get(id).is_some_and(|log: &Log| log.stage != Stage::Dead)
    }
}

/// Whether an account may ask for a change in the current state of the group.
fn may(chat: &GroupChat, account: &AccountId, change: &Change) -> bool {
    let policy: &Policy = &chat.policy;
    let role = policy.role(account);
    match change {
        Change::Add(_) => policy.may_add(account),
        Change::Remove(who) => role > policy.role(who) && who != account,
        Change::Role(who, to) if who == account => {
            role == Role::Owner && *to < role && policy.owners().count() > 1
        }
        Change::Role(..) => role == Role::Owner,
        Change::Name(_) | Change::Picture(_) => policy.may_change(account),
        Change::Permissions(_) | Change::Link(_) | Change::Revoke(_) | Change::History(_) => {
            role >= Role::Admin
        }
        Change::Share(..) | Change::ShareSince(..) => policy.shows_history() && policy.may_add(account),
        Change::Leave => true,
    }
}

/// Whether bytes begin like a picture of a kind that browsers decode and that runs no code: JPEG, PNG, WebP.
fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice());
    bytes.starts_with(&[0xFF, 0xD8, 0xFF]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n") || webp
}

/// SHA-256, as the policy names a picture.
fn hash_of(picture: &[u8]) -> [u8; 32] {
    Sha256::digest(picture).into()
}
