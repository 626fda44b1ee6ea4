//! Joins a group to which somebody has added this account. A Welcome from somebody whom the person does not know waits, and
//! on disk it stays unopened: the engine joins nothing, answers nothing and spends no key before the person agrees (RFC 9420
//! section 16.8).

use parley_protocol::ids::{AccountId, GroupId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::channel::log::{Log, Stage};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::channel::inbox::Verdict;
use crate::domain::consent::Consent;
use crate::domain::content::Sync;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{DeviceChange, GroupLine};
use crate::group::chat::{GroupChat, Standing};
use crate::mls::group::OpenedWelcome;
use crate::records::keys;
use crate::roster::Roster;
use crate::view::{CommandError, ConversationId};

/// Most invitations that wait for an answer: the engine keeps no further ones.
const MAX_INVITATIONS: usize = 16;
/// Most early Welcomes, into a group in which this device still is: the oldest go first.
const MAX_EARLY: usize = 4;
/// Most groups of one device.
const MAX_GROUPS: usize = 256;

/// A Welcome that waits for the person. As stored.
#[derive(Serialize, Deserialize)]
struct Invitation {
    log: LogId,
    posted: UnixMillis,
    #[serde(with = "serde_bytes")]
    welcome: Vec<u8>,
}

impl Engine {
    /// Judges a Welcome into a group whose messages are in this log. Joins, keeps the Welcome, or returns why not (the caller
    /// must then roll the state back).
    pub(in crate::core) fn judge_group_welcome(
        &mut self,
        log: LogId,
        bytes: &[u8],
        posted: UnixMillis,
    ) -> Result<(), Verdict> {
        let opened = OpenedWelcome::open(&self.mls, bytes).map_err(|_| Verdict::Sealed)?;
        let state = opened.chat.clone().ok_or(Verdict::Finished)?;
        let own = self.own_member().ok_or(Verdict::Finished)?.leaf;
        let in_use =
            self.logs.get(&log).is_some_and(|log| log.conversation != ConversationKey::Group(opened.group));
        if state.member(&own).is_none() || in_use {
            return Err(Verdict::Finished);
        }
        let group = opened.group;
        // The Welcome replaces nothing now; but the log may soon say that this device was removed before.
        if self.group_chats.all.get(&group).is_some_and(GroupChat::is_active) {
            return Err(Verdict::Early(Box::new((group, log))));
        }
        let sender = opened.sender;
        let by_own = self.is_own_account(&sender.account);
        self.knows_sender(&opened)?;
        // A member who was in the group with this account adds it again: the person agreed long ago to be in the group.
        let again = |chat: &GroupChat| chat.standing == Standing::Lost && chat.is_member(&sender.account);
        let again = self.group_chats.all.get(&group).is_some_and(again);
        let asked = self.group_chats.all.get(&group).is_some_and(|chat| chat.standing == Standing::Asked);
        let expected = by_own || again || asked || self.consents_to(&sender.account);
        if self.is_blocked(&sender.account) {
            return Err(Verdict::Finished);
        }
        let active = self.group_chats.all.values().filter(|chat| chat.is_active()).count();
        if active >= MAX_GROUPS {
            return Err(Verdict::Finished);
        }
        let known = by_own || self.contacts.contains_key(&sender.account);
        if !by_own {
            self.pin(&sender.account);
        }
        if expected {
            self.join_group(opened, log, posted).map_err(|()| Verdict::Finished)?;
            if asked {
                self.was_let_in(&group, &sender.account, known);
            }
            return Ok(());
        }
        let invited =
            |chat: &&GroupChat| matches!(chat.standing, Standing::Invited(_)) && chat.group != group;
        if self.group_chats.all.values().filter(invited).count() >= MAX_INVITATIONS {
            return Err(Verdict::Finished);
        }
        // As if the Welcome was not opened: its KeyPackage must be there when the person joins.
        let chat = GroupChat::new(group, Standing::Invited(sender.account), &state);
        Err(Verdict::Invited(Box::new((chat, log))))
    }

    /// Checks that the sender's device is in its account's log; asks for a log that does not name it yet.
    fn knows_sender(&self, opened: &OpenedWelcome) -> Result<(), Verdict> {
        let account = opened.sender.account;
        let known = self.known_log(&account).or_else(|| self.found.get(&account).map(|found| &found.log));
        let roster = Roster::of(known);
        match (roster.had(&opened.sender), roster.removed(&opened.sender)) {
            (true, None) => Ok(()),
            (true, Some(_)) => Err(Verdict::Finished),
            (false, _) => Err(Verdict::Ask(account)),
        }
    }

    /// Keeps a Welcome into a group in which this device still is, as far as it has read.
    pub(in crate::core) fn keep_early_welcome(
        &mut self,
        group: &GroupId,
        log: LogId,
        welcome: &[u8],
        posted: UnixMillis,
    ) {
        let mut early = self.early_welcomes(group);
        early.push(Invitation { log, posted, welcome: welcome.to_vec() });
        let over = early.len().saturating_sub(MAX_EARLY);
        early.drain(..over);
        self.save(&keys::early_welcomes(group), &early);
    }

    fn early_welcomes(&self, group: &GroupId) -> Vec<Invitation> {
        self.state.get(&keys::early_welcomes(group)).ok().flatten().unwrap_or_default()
    }

    /// This device is not in a group any more: judges the Welcomes that came before it knew, the newest first.
    pub(super) fn judge_early_welcomes(&mut self, group: &GroupId) {
        let early = self.early_welcomes(group);
        self.state.delete(&keys::early_welcomes(group));
        for Invitation { log, posted, welcome } in early.into_iter().rev() {
            if self.group_chats.all.get(group).is_some_and(GroupChat::is_active) {
                return;
            }
            let payload = [log.as_bytes().as_slice(), &welcome].concat();
            self.group_welcome_came(&payload, posted);
        }
    }

    /// Keeps a Welcome until the person answers.
    pub(in crate::core) fn keep_invitation(
        &mut self,
        chat: GroupChat,
        log: LogId,
        welcome: &[u8],
        posted: UnixMillis,
    ) {
        let group = chat.group;
        let Standing::Invited(by) = chat.standing else { return };
        self.pin(&by);
        self.save(&keys::invitation(&group), &Invitation { log, posted, welcome: welcome.to_vec() });
        self.group_chats.all.insert(group, chat);
        let key = ConversationKey::Group(group);
        self.unhide(&key);
        let id = self.conversation_of_key(key);
        let now = self.relay_time();
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.changed = now;
        }
        self.save_conversation(id);
        self.save_group_chat(&group);
    }

    fn join_group(&mut self, opened: OpenedWelcome, id: LogId, posted: UnixMillis) -> Result<(), ()> {
        let (group, sender) = (opened.group, opened.sender);
        let state = opened.chat.clone().ok_or(())?;
        let by_own = self.is_own_account(&sender.account);
        let mls = opened.join(&self.mls).map_err(|_| ())?;
        self.inbox.joined = self.inbox.joined.saturating_add(1);
        self.inbox.welcomed = true;
        self.groups.insert(id, Box::new(mls));
        let key = ConversationKey::Group(group);
        let mut log = Log::new(id, group, key, Stage::Active, self.now);
        log.heard.insert(sender.device);
        self.logs.insert(id, log);
        self.save_log(&id);
        self.begin_group_era(&id, posted);
        self.transcripts.insert(id, Transcript::late());
        self.save_transcript(&id);
        self.unhide(&key);
        self.add_log_to_conversation(key, id);
        self.membership.unsettle(&id);
        let mut chat = GroupChat::new(group, Standing::Member, &state);
        chat.sibling = by_own;
        let mut returns = false;
        if let Some(before) = self.group_chats.all.get(&group) {
            chat.picture.clone_from(&before.picture);
            if before.standing == Standing::Lost {
                returns = true;
                chat.sibling = true;
                chat.keep_of(before);
            }
        }
        self.forget_epochs(&group);
        self.note_epoch(&id);
        if !by_own && !returns {
            self.save(&keys::came(&group), &posted.min(self.relay_time()));
        }
        let catches_up = chat.policy.keeps_history() && !chat.sibling;
        self.group_chats.all.insert(group, chat);
        if catches_up {
            self.catch_up_by_package(&group, id);
        }
        self.state.delete(&keys::invitation(&group));
        self.save_group_chat(&group);
        let unknown: Vec<AccountId> = state
            .accounts()
            .into_iter()
            .filter(|account| !self.is_own_account(account) && !self.contacts.contains_key(account))
            .collect();
        self.ask_device_logs(unknown);
        let own = self.own_account_id();
        if let Some(own) = own.filter(|_| returns) {
            let (who, change) = (self.who(&own), DeviceChange::Returned);
            let time = posted.min(self.relay_time());
            self.say_in_group(&id, Seq(0), time, vec![GroupLine::Device { who, change }]);
        } else if let Some(own) = own.filter(|_| !by_own) {
            let line = GroupLine::Added { by: self.who(&sender.account), people: vec![self.who(&own)] };
            let time = posted.min(self.relay_time());
            self.say_in_group(&id, Seq(0), time, vec![line]);
        }
        if self.online() {
            self.resume_log(&id);
        }
        Ok(())
    }

    /// The person joins the group.
    pub(in crate::core) fn accept_invitation(&mut self, id: ConversationId) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        match self.group_chats.all.get(&group).map(|chat| chat.standing) {
            Some(Standing::Member) => return Ok(()),
            Some(Standing::Invited(_)) => {}
            _ => return Err(CommandError::NotAllowed),
        }
        self.open_invitation(&group)?;
        self.sync(Sync::Group(group, true));
        Ok(())
    }

    fn open_invitation(&mut self, group: &GroupId) -> Result<(), CommandError> {
        let kept: Option<Invitation> = self.state.get(&keys::invitation(group)).ok().flatten();
        let joined = kept.is_some_and(|kept| {
            let mark = self.state.mark();
            let opened = OpenedWelcome::open(&self.mls, &kept.welcome).ok();
            let done = opened.is_some_and(|opened| self.join_group(opened, kept.log, kept.posted).is_ok());
            if !done {
                self.state.roll_back(mark);
            }
            done
        });
        if joined {
            return Ok(());
        }
        self.forget_invitation(group);
        Err(CommandError::InvitationOver)
    }

    pub(super) fn decline_invitation(&mut self, id: ConversationId, block: bool) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let Some(Standing::Invited(by)) = self.group_chats.all.get(&group).map(|chat| chat.standing) else {
            return Err(CommandError::NotAllowed);
        };
        self.forget_invitation(&group);
        self.sync(Sync::Group(group, false));
        if block {
            self.decide(&by, Consent::Revoked);
        }
        Ok(())
    }

    fn forget_invitation(&mut self, group: &GroupId) {
        self.state.delete(&keys::invitation(group));
        if let Some(chat) = self.group_chats.all.get_mut(group) {
            chat.standing = Standing::Left;
        }
        self.save_group_chat(group);
    }

    /// The person has answered on another device of the account whether they join.
    pub(in crate::core) fn answered_elsewhere(&mut self, group: &GroupId, joins: bool) {
        let invited = |chat: &GroupChat| matches!(chat.standing, Standing::Invited(_));
        if !self.group_chats.all.get(group).is_some_and(invited) {
            return;
        }
        if joins {
            // If this device cannot open the Welcome, the account's other devices add it.
            let _ = self.open_invitation(group);
        } else {
            self.forget_invitation(group);
        }
    }
}
