//! Moves a group to a successor log after a commit that nobody may make, or that nobody can attribute. Such a commit ends the
//! log and not the group: the members stay in their epoch and go on in another log. The successor follows from the epoch's
//! secret, the log and the commit, so that all members who refuse the commit find the same log without asking each other, and
//! the relay and members removed earlier do not (`docs/adr/0023`).

use parley_protocol::frame::{CreateLog, LogEntry, RelayError, Welcomes};
use parley_protocol::ids::{AccountId, EntryHash, GroupId, LogId, Seq};

use crate::channel::log::{Log, Stage, payload_hash};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::relay_session::connecting::REFUSED;
use crate::domain::message::{Gap, GroupLine};
use crate::mls::chat::ChatCommit;

impl Engine {
    /// The judge refused a commit. `by` is its author, as far as this device knows.
    pub(in crate::core) fn refuse_commit(&mut self, id: &LogId, entry: &LogEntry, by: Option<AccountId>) {
        let by = by.map(|account| self.who(&account));
        self.say_in_group(id, entry.seq, entry.time, vec![GroupLine::Refused { by }]);
        self.note_spoiled_link(id, entry);
        self.succeed(id, entry.seq, &payload_hash(&entry.payload));
    }

    /// The successor's log id is taken: a member who knows the epoch's secret took it before. The next successor follows from
    /// this one.
    pub(in crate::core) fn successor_is_taken(&mut self, id: &LogId) {
        self.succeed(id, Seq(0), &EntryHash([0; 32]));
    }

    fn succeed(&mut self, id: &LogId, seq: Seq, payload: &EntryHash) {
        let next = self.with_group(id, |group, provider, _| group.successor(provider, id, seq, payload));
        let Ok(next) = next.map(LogId) else { return self.broken(id) };
        let Some(before) = self.logs.get(id).cloned() else { return };
        if self.logs.contains_key(&next) {
            return;
        }
        let (group, key) = (before.group, before.conversation);
        self.leave_log(id);
        let mls = self.groups.remove(id);
        if let Some(mls) = mls {
            self.groups.insert(next, mls);
        }
        self.note_past_era(id);
        if let Some(era) = self.group_eras.get(id).cloned() {
            self.keep_group_era(&next, era);
            self.move_ask_key(id, &next);
        }
        self.forget_group_era(id);
        let mut log = Log::new(next, group, key, Stage::Creating, self.now);
        // The group and its keys are the same.
        (log.updated, log.sent_since_update, log.fresh) =
            (before.updated, before.sent_since_update, before.fresh);
        self.logs.insert(next, log);
        self.transcripts.insert(next, Transcript::default());
        let creation = self.succession(&next);
        if let Some(log) = self.logs.get_mut(&next) {
            log.creation = creation;
        }
        self.begin_history(&next, Seq(0));
        self.save_transcript(&next);
        self.save_log(&next);
        self.save_pending(&next);
        self.add_log_to_conversation(key, next);
        self.membership.unsettle(&next);
        self.unseal(id);
        if self.online() {
            self.send_creation(&next);
        }
    }

    fn succession(&mut self, next: &LogId) -> Option<CreateLog> {
        let (epoch, append) = self
            .with_group(next, |group, provider, _| Ok((group.epoch(), group.capability(provider)?.hash())))
            .ok()?;
        let read = self.group_eras.get(next)?.read_capability().hash();
        Some(CreateLog { log: *next, epoch, append, read, welcomes: Welcomes::default(), group_info: None })
    }

    /// Leaves a log whose group goes on elsewhere: this device reads and writes no more in it. The MLS group stays.
    fn leave_log(&mut self, id: &LogId) {
        let drops = |group: &mut crate::mls::group::Group, provider: &crate::mls::Provider| {
            if group.has_pending_commit() { group.drop_pending(provider) } else { Ok(()) }
        };
        // If this fails, so does the next commit, and the engine makes that one again.
        let _ = self.with_group(id, |group, provider, _| drops(group, provider));
        if let Some(log) = self.logs.get_mut(id) {
            log.stage = Stage::Dead;
            (log.creation, log.commit) = (None, None);
        }
        self.forget_welcomes(id);
        self.save_log(id);
        self.save_pending(id);
        self.unsubscribe(id);
        self.live.remove(id);
        self.reorder_buffer.forget(id);
        self.save_early(id);
        self.changed.connection = true;
    }

    /// The relay has no such log as this device wants to create, or refuses it.
    pub(in crate::core) fn group_log_refused(&mut self, id: &LogId, error: RelayError) {
        if error == RelayError::LogExists {
            self.successor_is_taken(id);
        } else {
            self.retry_later(REFUSED);
        }
    }

    /// The relay has lost entries of a group's log: no device can write there any more. The group goes on in the log that
    /// follows from its last epoch.
    pub(in crate::core) fn group_log_rolled_back(&mut self, id: &LogId) {
        match self.logs.get(id).map(|log| log.stage) {
            Some(Stage::Active) => self.succeed(id, Seq(u64::MAX), &EntryHash([0; 32])),
            Some(Stage::Creating) => self.retry_later(REFUSED),
            _ => {}
        }
    }

    /// This device's state is an older one again: it must use none of its keys any more.
    pub(in crate::core) fn roll_back_in_group(&mut self, group: &GroupId) {
        let Some(log) = self.log_of_group(group) else { return };
        self.gap(&log, Gap::Restored);
        self.must_renew(&log);
        // This device sends a commit that was on its way again as the same bytes. It does not send anything else again under
        // the same keys.
        self.unseal(&log);
    }

    /// This device must replace its keys in a group before it writes there.
    pub(in crate::core) fn must_renew(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        if let Some(chat) = self.group_chats.all.get_mut(&group) {
            chat.must_update = true;
        }
        self.save_group_chat(&group);
    }

    /// If this device's state was rolled back, replaces its keys before it writes anything; returns whether a commit is on
    /// its way.
    pub(in crate::core) fn renew_after_rollback(&mut self, id: &LogId) -> bool {
        let must = self.group_chat_of(id).is_some_and(|chat| chat.must_update && chat.is_active());
        if !must {
            return false;
        }
        // The own device log must first say that this device was rolled back: the new leaf then includes that word, and
        // nobody takes the word for one of a device that has lost its place here.
        if self.is_rollback_untold() {
            return true;
        }
        let era = self.next_era_step(id);
        // If the commit cannot be made now, this device writes nothing either.
        self.commit_group(id, ChatCommit::update(era), None, &[]);
        true
    }

    /// An own commit is in the log: the keys are new.
    pub(in crate::core) fn is_renewed(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        if let Some(chat) = self.group_chats.all.get_mut(&group)
            && std::mem::take(&mut chat.must_update)
        {
            self.save_group_chat(&group);
        }
    }

    /// A member has seen other entries than this device: the relay, or the member, shows different people different entries.
    pub(in crate::core) fn group_differs(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        if let Some(chat) = self.group_chats.all.get_mut(&group) {
            chat.differs = true;
        }
        self.save_group_chat(&group);
    }
}
