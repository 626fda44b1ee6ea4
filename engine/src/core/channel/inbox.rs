//! Processes this device's inbox: judges Welcomes before joining (RFC 9420 section 12.4.3.1), and reads the word of a device
//! of the account that waits to be added.

use std::collections::VecDeque;

use parley_protocol::frame::{Answer, InboxEntry, RelayError, Request};
use parley_protocol::ids::{AccountId, DeviceId, Epoch, GroupId, LogId, Seq, UnixMillis};

use crate::channel::log::{Log, Stage};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::account::devices::READY;
use crate::core::account::removal::is_after;
use crate::core::channel::making::{GROUP_WELCOME, WELCOME};
use crate::core::relay_session::connecting::POOL;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::consent::Proof;
use crate::domain::content::Sync;
use crate::domain::conversation::ConversationKey;
use crate::group::chat::GroupChat;
use crate::mls::group::{GroupError, OpenedWelcome};
use crate::mutations::{Mutation, on};
use crate::records::keys;
use crate::roster::Roster;

/// Most entries that wait in memory; the relay pushes the rest again after the next subscription.
const MAX_WAITING: usize = 256;

/// The first epoch of a group, in which its log is made: nothing was written before it.
const FIRST_EPOCH: Epoch = Epoch(1);

/// Inbox entries that this device received and has not processed.
#[derive(Default)]
pub(in crate::core) struct InboxWork {
    pub(in crate::core) entries: VecDeque<InboxEntry>,
    /// The account that the directory is being asked about before this device can judge the first entry.
    pub(in crate::core) asking: Option<AccountId>,
    /// The account that the directory was asked about.
    pub(in crate::core) asked: Option<AccountId>,
    pub(in crate::core) subscribed: bool,
    /// The last processed entry. The number holds for this connection only: a relay that was rolled back to a copy gives out
    /// numbers again, and acknowledged entries are gone.
    pub(in crate::core) last: Seq,
    /// The last entry that was processed and is not acknowledged yet, and whether a Welcome is among such entries.
    pub(in crate::core) unacknowledged: Option<Seq>,
    pub(in crate::core) welcomed: bool,
    /// Groups joined since this device last counted its KeyPackages: each join has used up one.
    pub(in crate::core) joined: u32,
    /// Welcomes into groups that wait until the half for groups is here ([`crate::core::parts`]). The engine acknowledges
    /// them only then.
    pub(in crate::core) held: Vec<InboxEntry>,
    /// More entries came than can wait: the engine ignores further ones, and asks for them again when there is room.
    pub(in crate::core) overflowed: bool,
}

/// What the engine does with an inbox entry.
pub(in crate::core) enum Verdict {
    /// The entry is processed, or can never be.
    Finished,
    /// The engine must ask the directory about this account first.
    Ask(AccountId),
    /// A Welcome that does not open: its sender used a KeyPackage that this device no longer has, or it is no Welcome at all.
    Sealed,
    /// A Welcome into a group from somebody whom the person does not know: it waits for the person.
    Invited(Box<(GroupChat, LogId)>),
    /// A Welcome into a group in which this device still is, as far as it has read.
    Early(Box<(GroupId, LogId)>),
}

/// The state of the device that added this one to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The device is in its account's log.
    Current,
    /// The device was removed from its account's log.
    Removed,
}

impl Engine {
    pub(in crate::core) fn inbox_subscribed(&mut self, result: &Result<Answer, RelayError>) {
        match result {
            Ok(Answer::Subscribed(_)) => {
                self.inbox.subscribed = true;
                self.changed.connection = true;
            }
            _ => self.retry_later(2_000),
        }
    }

    pub(in crate::core) fn inbox_entries(&mut self, device: &DeviceId, entries: Vec<InboxEntry>) {
        if self.account.as_ref().is_none_or(|account| account.device != *device) {
            return;
        }
        if entries.is_empty() {
            // The relay has no such inbox any more: the device was removed, and the device log must say so.
            return self.ask_own_log();
        }
        let mut newest = self.inbox.entries.back().map_or(self.inbox.last, |entry| entry.seq);
        for entry in entries {
            self.inbox.overflowed |= self.inbox.entries.len() >= MAX_WAITING;
            if entry.seq > newest && !self.inbox.overflowed {
                newest = entry.seq;
                self.inbox.entries.push_back(entry);
            }
        }
        self.work_on_inbox();
    }

    /// Processes entries until one has to wait for the directory.
    pub(in crate::core) fn work_on_inbox(&mut self) {
        self.process_entries();
        self.acknowledge();
    }

    fn process_entries(&mut self) {
        while self.inbox.asking.is_none() {
            let Some(entry) = self.inbox.entries.front().cloned() else {
                if self.inbox.joined > POOL / 2 {
                    self.inbox.joined = 0;
                    self.count_key_packages();
                }
                return self.make_up_for_overflow();
            };
            if self.groups_sleep() && entry.payload.starts_with(&GROUP_WELCOME) {
                if self.inbox.held.len() >= MAX_WAITING {
                    return;
                }
                self.inbox.entries.pop_front();
                self.inbox.last = self.inbox.last.max(entry.seq);
                self.inbox.held.push(entry);
                continue;
            }
            match self.judge(&entry.payload, entry.time) {
                Verdict::Ask(account) if self.inbox.asked != Some(account) => {
                    if self.online() {
                        self.inbox.asking = Some(account);
                        self.look_up(account, Pending::JudgeInbox(account));
                    }
                    return;
                }
                Verdict::Sealed => {
                    self.could_not_open();
                    self.finish_entry(entry.seq);
                }
                Verdict::Ask(_) | Verdict::Finished | Verdict::Invited(_) | Verdict::Early(_) => {
                    self.finish_entry(entry.seq);
                }
            }
        }
    }

    fn make_up_for_overflow(&mut self) {
        if std::mem::take(&mut self.inbox.overflowed) {
            self.inbox.subscribed = false;
            self.retry_later(100);
        }
    }

    fn finish_entry(&mut self, seq: Seq) {
        self.inbox.entries.pop_front();
        self.inbox.asked = None;
        // A held entry is older than entries that were processed meanwhile.
        self.inbox.last = self.inbox.last.max(seq);
        self.changed.connection = true;
        self.inbox.unacknowledged = Some(self.inbox.last);
    }

    fn acknowledge(&mut self) {
        // The relay deletes an acknowledged entry and all entries before it.
        if !self.inbox.held.is_empty() {
            return;
        }
        let welcomed = std::mem::take(&mut self.inbox.welcomed);
        let Some(upto) = self.inbox.unacknowledged.take() else {
            return;
        };
        if welcomed {
            self.leave_stamp();
        }
        if let Some(account) = self.account.as_ref().filter(|_| self.online()) {
            let request =
                Request::AckInbox { address: account.address(), capability: account.inbox.clone(), upto };
            self.ask(request, Pending::AckInbox);
            if on(Mutation::AcknowledgeBeforePersist) {
                self.out.let_last_go();
            }
        }
    }

    pub(in crate::core) fn inbox_judged(&mut self, account: AccountId, result: Result<Found, LookUpError>) {
        self.inbox.asking = None;
        match result {
            Ok(found) if found.log.account() == account => {
                self.link.checked.insert(account, self.steady);
                if self.is_own_account(&account) {
                    self.take_own_log(found.log);
                } else if self.contacts.contains_key(&account) {
                    self.update_contact(&account, found);
                } else {
                    self.found.insert(account, found);
                }
                self.inbox.asked = Some(account);
            }
            Ok(_) | Err(LookUpError::Forged | LookUpError::Relay(RelayError::UnknownAccount)) => {
                self.inbox.asked = Some(account);
            }
            Err(_) => return self.retry_later(2_000),
        }
        self.work_on_inbox();
    }

    fn judge(&mut self, payload: &[u8], posted: UnixMillis) -> Verdict {
        if payload == READY {
            self.device_is_ready();
        }
        if let Some(welcome) = payload.strip_prefix(&GROUP_WELCOME) {
            return self.of_groups().group_welcome_came(welcome, posted);
        }
        let Some(welcome) = payload.strip_prefix(&WELCOME) else {
            return Verdict::Finished;
        };
        let mark = self.state.mark();
        let Some((proof, welcome)) = welcome.split_first_chunk() else { return Verdict::Finished };
        let verdict = self.judge_welcome(proof, welcome, posted);
        if let Err(verdict) = verdict {
            // This Welcome, or an honest one, still needs the KeyPackage that opened it.
            self.state.roll_back(mark);
            return verdict;
        }
        Verdict::Finished
    }

    pub(in crate::core) fn group_welcome_came(&mut self, welcome: &[u8], posted: UnixMillis) -> Verdict {
        let Some((log, welcome)) = welcome.split_first_chunk() else { return Verdict::Finished };
        let mark = self.state.mark();
        let Err(verdict) = self.judge_group_welcome(LogId(*log), welcome, posted) else {
            return Verdict::Finished;
        };
        self.state.roll_back(mark);
        if let Verdict::Invited(invited) = verdict {
            let (chat, log) = *invited;
            self.keep_invitation(chat, log, welcome, posted);
            return Verdict::Finished;
        }
        if let Verdict::Early(early) = verdict {
            let (group, log) = *early;
            self.keep_early_welcome(&group, log, welcome, posted);
            return Verdict::Finished;
        }
        verdict
    }

    /// Joins, or returns why not (the caller must then roll the state back).
    fn judge_welcome(&mut self, proof: &Proof, bytes: &[u8], posted: UnixMillis) -> Result<(), Verdict> {
        let opened = OpenedWelcome::open_pair(&self.mls, bytes).map_err(|error| match error {
            GroupError::Refused(_) => Verdict::Finished,
            _ => Verdict::Sealed,
        })?;
        if self.logs.contains_key(&opened.group.first_log()) {
            return Err(Verdict::Finished);
        }
        let peer = self.peer_of(&opened).ok_or(Verdict::Finished)?;
        let by_own = self.is_own_account(&opened.sender.account);
        let expected = !by_own && self.proves_token(proof, bytes);
        if !by_own && !self.may_join(&peer, expected) {
            return Err(Verdict::Finished);
        }
        let standing = self.check_members(&peer, &opened, posted)?;
        let (group_id, from_the_start) = (opened.group, opened.epoch == FIRST_EPOCH);
        let (id, key) = (group_id.first_log(), ConversationKey::Peer(peer));
        let sender = opened.sender.device;
        let group = opened.join(&self.mls).map_err(|_| Verdict::Finished)?;
        self.inbox.joined = self.inbox.joined.saturating_add(1);
        self.inbox.welcomed = true;
        self.groups.insert(id, Box::new(group));
        if !self.is_own_account(&peer) {
            self.pin(&peer);
        }
        if by_own && standing == Standing::Current {
            self.own_device_wrote_to(&peer);
        }
        self.was_let_in_by(&peer, expected && standing == Standing::Current);
        if standing == Standing::Removed {
            self.tainted.insert(id);
            self.save(keys::TAINTED, &self.tainted);
        }
        let mut log = Log::new(id, group_id, key, Stage::Active, self.now);
        log.heard.insert(sender);
        self.logs.insert(id, log);
        self.save_log(&id);
        // A member who adds somebody begins a group era.
        self.begin_group_era(&id, posted);
        self.transcripts.insert(id, if from_the_start { Transcript::default() } else { Transcript::late() });
        if from_the_start {
            self.begin_history(&id, Seq(0));
        }
        self.save_transcript(&id);
        self.add_log_to_conversation(key, id);
        self.membership.unsettle(&id);
        if self.is_own_account(&peer) {
            self.sync(Sync::Hello);
            self.tell_note();
        }
        if self.online() {
            self.resume_log(&id);
        }
        Ok(())
    }

    /// Whether the device logs name all members of the group. Asks for device logs that this device lacks.
    fn check_members(
        &self,
        peer: &AccountId,
        opened: &OpenedWelcome,
        posted: UnixMillis,
    ) -> Result<Standing, Verdict> {
        let known = self.contacts.get(peer).map(|contact| &contact.log);
        let log = known.or_else(|| self.found.get(peer).map(|found| &found.log));
        let roster = Roster::of(self.own_log.iter().chain(log));
        if let Some(leaf) = opened.members.iter().find(|leaf| !roster.had(leaf)) {
            return Err(Verdict::Ask(leaf.account));
        }
        // The sender of a new log may have begun it because their device was rolled back: this device needs what their device
        // log says of that first, so that it does not take this log for one from before. The sender may also have been
        // removed before.
        let sender = opened.sender.account;
        let known = opened.epoch > FIRST_EPOCH && self.knows_devices_of(&sender);
        if self.inbox.asked != Some(sender) && !known {
            return Err(Verdict::Ask(sender));
        }
        match roster.removed(&opened.sender) {
            None => Ok(Standing::Current),
            // A removed device cannot begin a log. A log to which it added this device while it was in its account goes on
            // without it.
            Some(removed) if opened.epoch > FIRST_EPOCH && !is_after(Some(removed), posted) => {
                Ok(Standing::Removed)
            }
            Some(_) => Err(Verdict::Finished),
        }
    }

    /// The other account of a 1:1 group that this device is in, or its own account, if no other is in the group.
    fn peer_of(&self, opened: &OpenedWelcome) -> Option<AccountId> {
        let (signer, account) = self.signer()?;
        let own = account.leaf(signer.0);
        let others = || opened.members.iter().filter(|leaf| leaf.account != own.account);
        let peer = others().next().map_or(own.account, |leaf| leaf.account);
        let fits = opened.members.contains(&own)
            && others().all(|leaf| leaf.account == peer)
            && (opened.sender.account == peer || opened.sender.account == own.account);
        fits.then_some(peer)
    }
}
