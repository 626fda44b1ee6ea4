//! Makes and sends commits, among them the regular replacement of this device's keys.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{Answer, AppendCommit, RelayError, Retry};
use parley_protocol::ids::{AppendId, LogId};

use crate::channel::group_era::EraStep;
use crate::channel::log::{Log, PendingCommit};
use crate::core::Engine;
use crate::core::relay_session::connecting::REFUSED;
use crate::core::relay_session::requests::Pending;
use crate::mls::group::Group;
use crate::mls::{DeviceSigner, Provider};
use crate::mutations::{Mutation, on};
use crate::view::WaitReason;

/// A device replaces its keys after this many messages ...
const MESSAGES_PER_UPDATE: u32 = 100;
/// ... or after this time (7 days), in milliseconds, when it sends something.
const UPDATE_AGE: u64 = 7 * 24 * 3600 * 1000;

impl Engine {
    /// Post-compromise security: after joining, and then from time to time, a sending device replaces its keys; in
    /// a group also one that does not send.
    pub(in crate::core) fn update_if_due(&mut self, id: &LogId) {
        let now = self.now;
        let Some(log) = self.logs.get(id) else {
            return;
        };
        if self.transcripts.get(id).is_some_and(|transcript| transcript.retired) {
            return;
        }
        let old = now.0.abs_diff(log.updated.0) > UPDATE_AGE;
        let sent = log.sent_since_update;
        let due = sent >= MESSAGES_PER_UPDATE || sent > 0 && (log.fresh || old);
        if !due && !self.is_renewal_due(id) {
            return;
        }
        let era = self.next_era_step(id);
        if self.group_of(id).is_some() {
            return self.of_groups().update_group(id, era);
        }
        let made = |group: &mut Group, provider: &Provider, signer: &DeviceSigner<'_>| {
            group.self_update(provider, signer, era)
        };
        let commit = self.with_group(id, made);
        if let (Ok(bytes), Some(log)) = (commit, self.logs.get_mut(id)) {
            log.commit = Some(PendingCommit { append: AppendId(self.random.array()), bytes, era });
            self.save_pending(id);
            self.send_commit(id);
        }
    }

    pub(in crate::core) fn send_commit(&mut self, id: &LogId) {
        if !self.may_write_into(id) {
            return;
        }
        let Some(commit) = self.logs.get(id).and_then(|log| log.commit.clone()) else {
            return;
        };
        let now = self.now;
        let keys = self.with_group(id, |group, provider, _| {
            let begins = commit.era == EraStep::Begins;
            let era = if begins { Some(group.next_era(provider, now)?) } else { None };
            Ok((group.epoch(), group.capability(provider)?, group.next_capability(provider)?, era))
        });
        let (Ok((epoch, capability, next, era)), Ok(bytes)) = (keys, Bytes::new(commit.bytes)) else {
            return self.broken(id);
        };
        self.live.or_default(*id).committing = true;
        let request = AppendCommit {
            log: *id,
            capability,
            epoch,
            append: commit.append,
            commit: bytes,
            next_append: next.hash(),
            next_read: era.as_ref().map(|era| era.read_capability().hash()),
            welcomes: self.welcomes(id),
            group_info: None,
        };
        let request = self.of_groups().with_package(request, era.as_ref());
        self.ask(request, Pending::Commit { log: *id, append: commit.append });
    }

    /// A stored commit comes back through the subscription and is merged there, in its place in the log.
    pub(in crate::core) fn committed(
        &mut self,
        id: &LogId,
        append: AppendId,
        result: &Result<Answer, RelayError>,
    ) {
        // The winning commit may have come before the answer about the losing one.
        if self.logs.get(id).and_then(|log| log.commit.as_ref()).is_none_or(|c| c.append != append) {
            return;
        }
        let error = match result {
            Ok(Answer::Undelivered(full)) => {
                self.live.or_default(*id).committing = false;
                return self.commit_without(id, full);
            }
            Ok(_) => {
                if on(Mutation::CommitAppliedEarly) {
                    self.own_commit_won(id);
                }
                return;
            }
            Err(error) => error,
        };
        self.live.or_default(*id).committing = false;
        match error.retry() {
            // One full inbox must not keep others waiting: members add its device later.
            _ if *error == RelayError::QuotaExceeded && self.drop_members_commit(id) => {}
            _ if self.is_filled_by_removed(id, *error) => {
                if let Some(read) = self.logs.get(id).map(|log| log.cursor) {
                    self.go_on_without_removed(id, read);
                }
            }
            // The log still takes texts when it takes no commits.
            _ if *error == RelayError::QuotaExceeded => self.put_the_update_off(id),
            Retry::After(pause) => {
                if let Some(peer) = self.logs.get(id).and_then(Log::peer) {
                    self.held_up_by(peer, *error, WaitReason::ChatFull);
                }
                self.retry_later(pause);
            }
            // Another commit won; it comes through the subscription, and this device drops its own then.
            Retry::AfterCatchUp => self.live.or_default(*id).committing = true,
            Retry::Never if self.drop_members_commit(id) => {}
            Retry::Never if says_that_it_rolled_back(*error) => self.log_rolled_back(id),
            // The log goes on unchanged; this device replaces its keys another time.
            Retry::Never => self.put_the_update_off(id),
        }
    }

    /// The record of an own commit is damaged, and the group encrypts nothing while a commit is pending: drops the commit. If
    /// the relay has the commit, it comes back as an entry that this device does not remember.
    pub(in crate::core) fn forget_lost_commit(&mut self, id: &LogId) {
        let lost = self.with_group(id, |group, _, _| Ok(group.has_pending_commit())).unwrap_or(false);
        if lost && self.logs.get(id).is_some_and(|log| log.commit.is_none()) {
            // If this fails, encrypting fails too, and the device gives up the log.
            let _ = self.with_group(id, |group, provider, _| group.drop_pending(provider));
            self.forget_welcomes(id);
        }
    }

    fn put_the_update_off(&mut self, id: &LogId) {
        if !self.drop_commit(id) {
            return self.retry_later(REFUSED);
        }
        let now = self.now;
        if let Some(log) = self.logs.get_mut(id) {
            (log.updated, log.sent_since_update, log.fresh) = (now, 0, false);
        }
        self.save_log(id);
        self.pump_log(id);
    }
}

/// Whether the error says that the relay's copy of the log has changed.
const fn says_that_it_rolled_back(error: RelayError) -> bool {
    matches!(
        error,
        RelayError::UnknownLog | RelayError::WrongCapability | RelayError::Expired | RelayError::RolledBack
    )
}
