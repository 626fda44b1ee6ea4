//! Handles a device whose state is an older one again: a browser profile that was restored from a copy. The device uses none
//! of the copy's keys, withdraws its KeyPackages, and says in its account's log that it was rolled back, since conversations
//! may exist of which the copy knows nothing. Another device that shares a log with it and hears nothing from it about that
//! log begins another log, and sends again what stands in the first.

use parley_protocol::device_log::Change;
use parley_protocol::frame::{Answer, RelayError, Retry};
use parley_protocol::ids::{AccountId, DeviceId, LogId, Seq};
use serde::{Deserialize, Serialize};

use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::core::channel::resync::EVERY_OTHER;
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::{Body, Resync};
use crate::domain::conversation::ConversationKey;
use crate::group::chat::Standing;
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;
use crate::view::Gap;

/// How long a device that was rolled back has to name the logs that it cannot read, in milliseconds, counted from its last
/// message about them.
const PATIENCE: u64 = 30_000;

/// As it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub(in crate::core) struct Rollback {
    /// This device was rolled back, and its account's log does not say so.
    untold: bool,
    /// The relay was rolled back to a copy, and may give out KeyPackages whose private keys are gone.
    stale_pool: bool,
    /// Somebody may have used such a KeyPackage since: the first Welcome that does not open shows that ...
    may_miss: bool,
    /// ... and the account's log does not say so yet.
    missed: bool,
    /// Logs with a device that was rolled back and has not named them since.
    doubtful: Set<LogId>,
    /// By the log with the resyncs, the logs that a rolled-back account has named so far.
    named: Table<LogId, Set<LogId>>,
    /// When this device gives the doubtful logs up, by the other account: what one person says makes nobody wait for another.
    #[serde(skip)]
    until: Table<ConversationKey, Moment>,
}

/// How far this connection has come with telling the rollback.
#[derive(Default)]
pub(in crate::core) struct Telling {
    pub(in crate::core) noticed: bool,
    pool_asked_back: bool,
    said: bool,
}

impl Rollback {
    /// A new connection gives the full time again.
    pub(in crate::core) fn forget_connection(&mut self) {
        self.until.clear();
    }
}

impl Engine {
    fn save_rollback(&self) {
        self.save(keys::ROLLBACK, &self.rollback);
    }

    /// This device's state is older than the one that the relay has seen.
    pub(in crate::core) fn noticed_rollback(&mut self) {
        self.rollback.untold = true;
        self.link.telling = Telling { noticed: true, ..Telling::default() };
        self.save_rollback();
        self.abandon_all();
    }

    /// This device has lost its keys of a group: its members add it again, once they read so in the account's log.
    pub(in crate::core) fn say_lost(&mut self) {
        self.rollback.untold = true;
        self.link.telling = Telling::default();
        self.save_rollback();
        self.tell_rollback();
    }

    /// The relay's KeyPackages of this device are from a copy.
    pub(in crate::core) fn pool_is_stale(&mut self) {
        self.rollback.stale_pool = true;
        self.rollback.may_miss = true;
        self.link.telling = Telling::default();
        self.save_rollback();
    }

    /// A Welcome does not open. Counts once for each rollback of the relay, since anybody can send such a Welcome.
    pub(in crate::core) fn could_not_open(&mut self) {
        if std::mem::take(&mut self.rollback.may_miss) {
            self.rollback.missed = true;
            self.link.telling.said = false;
            self.save_rollback();
            self.tell_rollback();
        }
    }

    /// Abandons all logs: no key of theirs may be used again.
    fn abandon_all(&mut self) {
        let conversations: Vec<_> = self.conversations.values().map(|c| (c.key, c.logs.clone())).collect();
        for (key, logs) in conversations {
            if let ConversationKey::Group(group) = key {
                self.roll_back_in_group(&group);
                continue;
            }
            if let Some(main) = self.usable_log(&key) {
                self.gap(&main, Gap::Restored);
            }
            for id in logs {
                self.name(&id, &key);
            }
            // Between the copy and now there may have been logs that this device does not know.
            let had_logs = self.conversations.get(&key.id()).is_some_and(|c| !c.logs.is_empty());
            if had_logs {
                self.enqueue(
                    key,
                    Body::Resync(Resync { log: EVERY_OTHER, after: Seq(0), reach: None, count: false }),
                    None,
                );
            }
        }
    }

    /// Gives a log up, and says up to which place this device knows it: this device knows nothing of logs that it does not
    /// name.
    fn name(&mut self, id: &LogId, key: &ConversationKey) {
        let Some((stage, cursor)) = self.logs.get(id).map(|log| (log.stage, log.cursor)) else { return };
        match stage {
            Stage::Creating => self.end_log(id),
            Stage::Active => {
                self.ask_again(id, *key, cursor, cursor);
                self.end_log(id);
            }
            Stage::Dead => {
                // What this device asked for before came in another log, which this device names too.
                let asked = self.transcripts.get(id).is_some_and(|transcript| transcript.asked.is_some());
                let after = if asked { Seq(u64::MAX) } else { cursor };
                let resync = Resync { log: *id, after, reach: None, count: false };
                self.enqueue(*key, Body::Resync(resync), None);
            }
        }
    }

    /// Somebody named a log in another log.
    pub(in crate::core) fn is_named(&mut self, here: &LogId, log: &LogId) {
        self.rollback.named.or_default(*here).insert(*log);
        self.save_rollback();
    }

    /// Returns and forgets the logs that were named in this log.
    pub(in crate::core) fn take_named(&mut self, here: &LogId) -> Set<LogId> {
        let Some(named) = self.rollback.named.remove(here) else { return Set::default() };
        self.save_rollback();
        named
    }

    /// Continues with what this connection has to tell: the pool first, so that a member who reads the word in the device log
    /// finds only KeyPackages that this device can open.
    pub(in crate::core) fn tell_rollback(&mut self) {
        let Rollback { untold, stale_pool, missed, .. } = self.rollback;
        if !(untold || stale_pool || missed) || !self.online() {
            return;
        }
        if (untold || stale_pool) && !std::mem::replace(&mut self.link.telling.pool_asked_back, true) {
            return self.forget_key_packages();
        }
        if !(untold || missed) {
            return;
        }
        let waits = |pending: &Pending| matches!(pending, Pending::ForgetKeyPackages | Pending::OwnLog);
        let ready = self.link.asked_own_log && !self.is_pending(waits);
        if !ready || std::mem::replace(&mut self.link.telling.said, true) {
            return;
        }
        let Some((log, account)) = self.own_log.as_ref().zip(self.account.as_ref()) else { return };
        let own = account.device;
        let change = if untold { Change::RolledBack(own) } else { Change::Missed(own) };
        if self.next_entry(change).is_none_or(|body| !log.has_room_for(&body)) {
            return self.rollback_is_told();
        }
        if let Some(entry) = self.sign_change(change, None) {
            self.append_own_log(entry, None);
        }
    }

    pub(in crate::core) fn key_packages_forgotten(&mut self, result: &Result<Answer, RelayError>) {
        match result {
            Ok(_) => {
                self.rollback.stale_pool = false;
                self.save_rollback();
                self.key_packages_counted(result);
                self.tell_rollback();
            }
            Err(error) if let Retry::After(pause) = error.retry() => {
                self.link.telling.pool_asked_back = false;
                self.retry_later(pause);
            }
            Err(_) => {}
        }
    }

    fn rollback_is_told(&mut self) {
        self.rollback.untold = false;
        self.rollback.missed = false;
        self.save_rollback();
    }

    /// Whether the account's log does not say yet that this device was rolled back.
    pub(in crate::core) const fn is_rollback_untold(&self) -> bool {
        self.rollback.untold
    }

    /// Tells members of groups where this device has lost its place, and with whom it talks, that the account's log has news:
    /// every message brings how far that log has come, and these messages say nothing else.
    fn tell_of_lost_places(&mut self) {
        let lost = self.group_chats.all.values().filter(|chat| chat.standing == Standing::Lost);
        let people: Set<AccountId> =
            lost.flat_map(|chat| chat.members.iter().map(|(account, _)| *account)).collect();
        for account in people {
            let key = ConversationKey::Peer(account);
            if self.consents_in(&key) && self.usable_log(&key).is_some() {
                self.enqueue(key, Body::Receipts(Vec::new()), None);
            }
        }
    }

    /// The log of an account has entries after the first `before`: reads what devices say there of themselves.
    pub(in crate::core) fn hear_rollback(&mut self, account: &AccountId, before: usize) {
        let own = self.account.as_ref().filter(|own| own.id == *account).map(|own| own.device);
        let log = match own {
            Some(_) => self.own_log.as_ref(),
            None => self.contacts.get(account).map(|contact| &contact.log),
        };
        let Some(log) = log else { return };
        let said: Vec<DeviceId> = log.rolled_back_since(before).chain(log.missed_since(before)).collect();
        let is_other = |device: &DeviceId| Some(*device) != own && log.device(device).is_some();
        let others = log.rolled_back_since(before).any(|device| is_other(&device));
        let missed: Vec<DeviceId> = log.missed_since(before).filter(is_other).collect();
        // A copy that is rolled back again also finds there what it said the time before.
        if self.link.telling.said && own.is_some_and(|own| said.contains(&own)) {
            self.rollback_is_told();
            // Groups add this device again only by KeyPackages from after its word.
            if !self.group_chats.all.is_empty() {
                self.forget_key_packages();
                self.tell_of_lost_places();
            }
        }
        if others {
            self.doubt(account, &[]);
        } else if !missed.is_empty() {
            self.doubt(account, &missed);
        }
    }

    /// Doubts logs of an account: nobody knows whether all of the account's devices read them; or doubts only those in which
    /// the devices in `missed` have said nothing so far.
    fn doubt(&mut self, account: &AccountId, missed: &[DeviceId]) {
        let own = self.is_own_account(account);
        let retired = |id: &LogId| self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        let theirs = self
            .logs
            .values()
            .filter(|log| log.conversation.peer().is_some() && (own || log.peer() == Some(*account)));
        let in_use = theirs.filter(|log| log.stage != Stage::Dead && !retired(&log.id));
        let silent = |log: &Log| missed.iter().any(|device| !log.heard.contains(device));
        let in_use = in_use.filter(|log| missed.is_empty() || silent(log));
        self.rollback.doubtful.extend(in_use.map(|log| log.id));
        self.save_rollback();
        self.settle_doubts();
    }

    /// A device that names its logs with somebody may not have come to the end.
    pub(in crate::core) fn doubt_longer(&mut self, key: &ConversationKey) {
        if self.rollback.until.remove(key).is_some() {
            self.settle_doubts();
        }
    }

    /// Gives up the logs that were not named in time: their device has forgotten them.
    pub(in crate::core) fn settle_doubts(&mut self) {
        if !self.online() {
            return;
        }
        let mut given_up = Vec::new();
        for id in self.rollback.doubtful.clone() {
            let key = self.logs.get(&id).map(|log| log.conversation);
            if key.is_none_or(|key| self.patience_ends(key)) {
                given_up.push(id);
            }
        }
        if given_up.is_empty() {
            return;
        }
        for id in &given_up {
            self.rollback.doubtful.remove(id);
        }
        self.save_rollback();
        for id in given_up {
            self.begin_anew(&id);
        }
    }

    /// Whether there was enough time to name the logs with somebody; if not, sets a timer.
    fn patience_ends(&mut self, key: ConversationKey) -> bool {
        let latest = self.steady.after(PATIENCE);
        let until = self.rollback.until.get(&key).copied().unwrap_or(latest);
        let left = until.since(self.steady);
        if left > 0 {
            self.rollback.until.insert(key, until);
            self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
        }
        left == 0
    }

    /// Replaces a log that a device of its members has forgotten.
    fn begin_anew(&mut self, id: &LogId) {
        let retired = self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        let Some((key, stage)) = self.logs.get(id).map(|log| (log.conversation, log.stage)) else { return };
        self.rollback.until.remove(&key);
        if retired || stage == Stage::Dead {
            return;
        }
        self.resyncs.count(key, self.steady);
        if stage == Stage::Creating {
            return self.end_log(id);
        }
        let resync = Resync { log: *id, after: Seq(0), reach: None, count: false };
        self.enqueue(key, Body::Resync(resync), None);
        self.retire(id, Seq(0));
        self.pump(key.id());
    }

    /// A log replaced another one of which this device knows nothing.
    pub(in crate::core) fn unknown_log_retired(&mut self, key: &ConversationKey, at: At) {
        let own = self.account.as_ref().map(|account| account.device);
        let was_rolled_back = self
            .own_log
            .as_ref()
            .is_some_and(|log| log.rolled_back_since(0).any(|device| Some(device) == own));
        if was_rolled_back && !self.is_own_conversation(key) {
            self.store_gap(&at.log, at.seq, at.stored, Gap::Restored);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_pinned() {
        let mut record = Rollback { untold: true, ..Rollback::default() };
        record.until.insert(ConversationKey::Peer(AccountId([4; 32])), Moment::default());
        record.doubtful.insert(LogId([1; 16]));
        record.named.or_default(LogId([2; 16])).insert(LogId([3; 16]));
        let bytes = postcard::to_allocvec(&record).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        let after: Rollback = postcard::from_bytes(&bytes).unwrap();
        assert!(after.untold && after.doubtful.contains(&LogId([1; 16])));
        assert!(after.named.get(&LogId([2; 16])).is_some_and(|named| named.contains(&LogId([3; 16]))));
        assert!(
            after.until.get(&ConversationKey::Peer(AccountId([4; 32]))).is_none(),
            "when they are given up is of this connection"
        );
    }
}
