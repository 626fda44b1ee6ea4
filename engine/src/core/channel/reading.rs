//! Reads a log entry by entry, in order; all effects of an entry are in one change set (invariant 2).

use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AccountId, LogId, Seq, UnixMillis};

use crate::channel::group_era::EraStep;
use crate::channel::log::{Log, OwnAppend, Stage, payload_hash};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::account::removal::is_after;
use crate::domain::content::{Body, Content};
use crate::domain::message::{Author, Gap, Message, MessageBody};
use crate::group::link::ask::is_ask;
use crate::group::past::KeptEntry;
use crate::group::state::State;
use crate::mls::commit::{Changes, Unfit};
use crate::mls::credential::Leaf;
use crate::mls::group::{GroupError, Incoming};
use crate::mutations::{Mutation, on};
use crate::roster::Roster;

/// The place of a message.
#[derive(Debug, Clone, Copy)]
pub(in crate::core) struct At {
    pub(in crate::core) log: LogId,
    pub(in crate::core) seq: Seq,
    pub(in crate::core) stored: UnixMillis,
}

/// The result of reading an entry.
pub(in crate::core) enum Read {
    Content {
        from: Leaf,
        content: Box<Content>,
    },
    EpochEnded(EraStep),
    /// A commit removed this device.
    Removed,
    /// This device followed a commit of a group by this account; `was` is the group before the commit.
    GroupMoved {
        by: AccountId,
        era: EraStep,
        before: Box<State>,
    },
    /// A commit removed this device, perhaps to add it again.
    RemovedFromGroup {
        by: AccountId,
        returns: bool,
    },
    /// Somebody asks to be let into a group: no message.
    Asked,
    /// A member's message, rightly encrypted, whose content is none.
    Unreadable,
}

impl Engine {
    pub(in crate::core) fn log_entries(&mut self, id: &LogId, entries: Vec<LogEntry>) {
        // Who was in a group before may look at it again from outside: of that time the log stays, as one that is given up.
        let is_in = self.logs.get(id).is_some_and(|log| log.stage != Stage::Dead);
        if self.sleeps(id) || !is_in && self.of_groups().visited_entries(id, &entries) {
            return;
        }
        // Such an entry came by the subscription with which this device viewed the group from outside. The device's own
        // subscription says from where on it reads, and brings these entries again.
        if self.begins_late(id) && !self.live.get(id).is_some_and(|live| live.subscribed) {
            return;
        }
        for entry in entries {
            let Some(log) = self.logs.get(id).filter(|log| log.stage == Stage::Active) else {
                return;
            };
            if self.rests(log) {
                return self.rest(id);
            }
            if entry.seq <= log.cursor && !on(Mutation::ReplayAccepted) {
                continue;
            }
            let is_next = entry.first() <= log.cursor.next() && !self.membership.is_waiting(id);
            if is_next || on(Mutation::GapAccepted) {
                self.log_entry(id, entry);
            } else {
                self.keep_early(id, entry);
            }
        }
        self.read_early(id);
        self.stop_skipping(id);
        self.own_devices_were_heard(id);
        self.changed.connection = true;
        self.pump_log(id);
    }

    pub(in crate::core) fn log_entry(&mut self, id: &LogId, entry: LogEntry) {
        if matches!(entry.kind, EntryKind::Expired { .. }) {
            return self.messages_expired(id, &entry);
        }
        let written = entry.time;
        let time = self.place_entry(id, entry.seq, written);
        let entry = &LogEntry { time, ..entry };
        let before = entry.seq.0.saturating_sub(1);
        let may_wait = entry.kind == EntryKind::Commit || !self.may_write_into(id);
        let earlier = self.transcripts.get(id).filter(|_| may_wait).cloned();
        if let Some(log) = self.logs.get_mut(id) {
            log.cursor = entry.seq;
        }
        let payload = payload_hash(&entry.payload);
        let transcript = self.transcripts.or_default(*id);
        transcript.step(entry.seq, entry.era, &payload);
        if self.is_own(id, entry) {
            self.transcripts.or_default(*id).own_came_back(&payload);
            self.save_transcript(id);
            return self.save_log(id);
        }
        let mark = self.state.mark();
        match self.open_entry(id, entry, written) {
            Ok(Read::Content { from, content }) if self.is_void(id, &from, &content, written) => {
                self.void_content_came(id, entry, &from, &content);
            }
            Ok(Read::Content { from, content }) if self.is_beyond_request(id, &from, &content) => {
                // The entry counts as not read: its key must still be there when the person accepts.
                self.state.roll_back(mark);
                self.groups.remove(id);
                self.step_back(id, Seq(before), earlier);
                self.rest(id);
            }
            Ok(Read::Content { from, content }) => {
                self.passes_in(id, entry, written, (from.account, content.id));
                self.take_content(id, entry, &from, *content);
                self.has_passed();
            }
            Ok(Read::EpochEnded(era)) => {
                self.epoch_ended(id, era, written);
                self.subscribe_to_make_sure(id);
            }
            Ok(Read::Removed) => self.was_removed_from(id),
            Ok(Read::GroupMoved { by, era, before }) => {
                self.epoch_ended(id, era, written);
                self.of_groups().group_moved_on(id, Some(by), (entry.seq, entry.time), &before);
                self.subscribe_to_make_sure(id);
            }
            Ok(Read::RemovedFromGroup { by, returns }) => {
                let at = At { log: *id, seq: entry.seq, stored: entry.time };
                self.of_groups().was_removed_from_group(id, by, returns, at);
            }
            Ok(Read::Asked) => {}
            Ok(Read::Unreadable) => self.store_gap(id, entry.seq, entry.time, Gap::Rejected),
            Err(error) => {
                self.state.roll_back(mark);
                self.groups.remove(id);
                match error {
                    GroupError::Unlisted(account) if self.membership.may_wait(id, entry.seq, account) => {
                        self.step_back(id, Seq(before), earlier);
                        self.wait_for_device_log(id, LogEntry { time: written, ..entry.clone() }, account);
                    }
                    GroupError::Removed => self.go_on_without_removed(id, Seq(before)),
                    _ => self.rejected(id, entry, error, Seq(before)),
                }
            }
        }
        self.save_log(id);
        self.save_transcript(id);
    }

    /// Takes the entry back: it counts as not read.
    fn step_back(&mut self, id: &LogId, before: Seq, transcript: Option<Transcript>) {
        if let Some(log) = self.logs.get_mut(id) {
            log.cursor = before;
        }
        if let Some(transcript) = transcript {
            self.transcripts.insert(*id, transcript);
        }
    }

    /// Recognises an entry that this device appended by its bytes; the sender of an MLS message cannot decrypt it.
    fn is_own(&mut self, id: &LogId, entry: &LogEntry) -> bool {
        let (append, payload) = (entry.append, payload_hash(&entry.payload));
        if let Some(log) = self.logs.get_mut(id) {
            let same = |own: &OwnAppend| own.append == append && own.payload == payload;
            if let Some(place) = log.own.iter().position(same) {
                log.own.remove(place);
                return true;
            }
            let committed =
                log.commit.as_ref().is_some_and(|c| c.append == append && c.bytes == *entry.payload);
            if committed && entry.kind == EntryKind::Commit {
                if self.group_of(id).is_some() {
                    self.of_groups().own_group_commit_came(id, (entry.seq, entry.time));
                } else {
                    self.own_commit_won(id);
                }
                return true;
            }
        }
        // The answer to the append was lost, but the entry shows that the relay has stored the message.
        let number = self.outbox.iter().find_map(|(number, waiting)| {
            let sealed = waiting.sealed.as_ref()?;
            (sealed.log == *id && sealed.append == entry.append && sealed.payload == *entry.payload)
                .then_some(*number)
        });
        match number {
            Some(number) => {
                self.confirm(number, entry.seq, entry.time);
                true
            }
            None => false,
        }
    }

    fn open_entry(&mut self, id: &LogId, entry: &LogEntry, written: UnixMillis) -> Result<Read, GroupError> {
        let kind = entry.kind;
        if kind == EntryKind::Commit && self.group_of(id).is_some() {
            return self.of_groups().open_group_commit(id, entry);
        }
        if kind == EntryKind::Message && is_ask(&entry.payload) && self.group_of(id).is_some() {
            self.of_groups().ask_came(id, entry);
            return Ok(Read::Asked);
        }
        let roster = if kind == EntryKind::Commit { self.roster(id) } else { Roster::default() };
        let kept = KeptEntry::read(&entry.payload).filter(|_| self.group_of(id).is_some());
        let message = kept.as_ref().map_or(&*entry.payload, |kept| kept.message);
        let mut opened = None;
        let read = self.with_group(id, |group, provider, _| {
            if group.has_pending_commit() && kind == EntryKind::Commit {
                group.drop_pending(provider)?;
            }
            match (group.process(provider, message)?, kind) {
                (Incoming::Message { from, padded }, EntryKind::Message) => {
                    let content = Content::decode(&padded);
                    opened = Some(padded);
                    let read = |content| Read::Content { from, content: Box::new(content) };
                    Ok(content.map_or(Read::Unreadable, read))
                }
                (Incoming::Commit { from, .. }, EntryKind::Commit)
                    if is_after(roster.removed(&from), written) =>
                {
                    Err(GroupError::Removed)
                }
                (Incoming::Commit { from, staged, era }, EntryKind::Commit) => {
                    let changes = Changes::of(&staged, &from, group)?;
                    changes.fit(era)?;
                    changes.judge(&roster).map_err(|unfit| match unfit {
                        Unfit::Never => GroupError::Invalid,
                        Unfit::Unlisted(account) => GroupError::Unlisted(account),
                    })?;
                    group.merge(provider, *staged)?;
                    Ok(if group.is_active() { Read::EpochEnded(era) } else { Read::Removed })
                }
                _ => Err(GroupError::Invalid),
            }
        });
        let read = read?;
        self.note_opened(id, opened.as_deref().filter(|_| kept.is_none()));
        Ok(self.of_groups().with_kept(id, entry, read))
    }

    pub(in crate::core) fn own_commit_won(&mut self, id: &LogId) {
        if self.with_group(id, |group, provider, _| group.merge_pending(provider)).is_err() {
            return self.broken(id);
        }
        let now = self.now;
        let mut era = EraStep::GoesOn;
        if let Some(log) = self.logs.get_mut(id) {
            log.updated = now;
            log.sent_since_update = 0;
            log.fresh = false;
            era = log.commit.as_ref().map_or(era, |commit| commit.era);
        }
        self.epoch_ended(id, era, now);
    }

    /// The next epoch has other keys: encrypts again what waits. If a group era has ended, subscribes to the log again.
    fn epoch_ended(&mut self, id: &LogId, era: EraStep, at: UnixMillis) {
        if let Some(log) = self.logs.get_mut(id) {
            log.commit = None;
            let ended = log.cursor;
            self.save_pending(id);
            self.begin_history(id, ended);
        }
        self.forget_welcomes(id);
        self.membership.unsettle(id);
        if let Some(live) = self.live.get_mut(id) {
            live.committing = false;
        }
        self.unseal(id);
        if era == EraStep::Begins {
            self.of_groups().note_past_era(id);
            self.begin_group_era(id, at);
            if let Some(live) = self.live.get_mut(id) {
                live.subscribed = false;
            }
            if self.online() {
                self.resume_log(id);
            }
        }
    }

    /// Handles an entry that is not valid at its place. This device does not trust the log any more: a new log takes its
    /// place, and the other side sends again what it has written since.
    fn rejected(&mut self, id: &LogId, entry: &LogEntry, error: GroupError, before: Seq) {
        if self.group_of(id).is_some() {
            return self.of_groups().group_entry_rejected(id, entry, error);
        }
        let known = self
            .transcripts
            .get(id)
            .is_some_and(|transcript| transcript.has_sent(&payload_hash(&entry.payload)));
        match error {
            GroupError::Own if known && entry.kind == EntryKind::Message => {
                self.store_gap(id, entry.seq, entry.time, Gap::Rejected);
            }
            // This device sent the entry and does not remember it: its state was rolled back to an older copy.
            GroupError::Own => {
                self.store_gap(id, entry.seq, entry.time, Gap::Restored);
                self.abandon(id, before);
            }
            GroupError::State => {
                self.store_gap(id, entry.seq, entry.time, Gap::Damaged);
                self.abandon(id, before);
            }
            _ => {
                self.store_gap(id, entry.seq, entry.time, Gap::Rejected);
                let sure =
                    self.transcripts.get(id).map_or(before, |transcript| transcript.sure_before(before));
                self.abandon_from(id, sure, before);
            }
        }
    }

    fn take_content(&mut self, id: &LogId, entry: &LogEntry, from: &Leaf, content: Content) {
        let own = self.is_own_account(&from.account);
        if let Some(log) = self.logs.get_mut(id) {
            log.heard.insert(from.device);
        }
        if !self.is_blocked(&from.account) {
            self.heard(&from.account, &content.head);
        }
        let at = At { log: *id, seq: entry.seq, stored: entry.time };
        let Ok(proof) = self.of_groups().swap_stamp_in_group(id, from, &content) else {
            return self.of_groups().message_refused(id, from, at);
        };
        if let Some(group) = self.group_of(id) {
            self.of_groups().confirm_group(&group, &from.account);
        } else if !own {
            self.of_groups().compare_groups_with(&from.account);
        }
        if !own && self.is_passed_over(id, from, &content, at) {
            return;
        }
        if own && let Some(peer) = self.logs.get(id).and_then(Log::peer) {
            self.own_device_wrote_to(&peer);
        }
        self.compare(id, &from.account, content.claim.as_ref());
        let needless = match &content.body {
            Body::Again(again) => {
                self.was_deleted_at(id, &again.place)
                    || self.has_read(id, &again.place)
                    || self.note_resent(&content.id)
            }
            // Another device of this account was quicker than this log.
            Body::Part(_) => self.resent_messages.contains(&content.id),
            _ => false,
        };
        // A relation to another person's message, or a timer, that its author may not set.
        let needless = needless || !self.may_relate(id, from, &content.body);
        let first = match &content.body {
            Body::Again(again) => Some(again.place),
            _ => None,
        };
        let (part, place) = match content.body {
            Body::Part(part) => (part, at),
            Body::Again(again) => {
                if own {
                    // This comes before the check of what still waits: another own device was quicker.
                    self.was_sent_again(&content.id);
                    self.stored_again(*id, entry.seq, &again.place);
                    self.own_text_came(&again.place.log, again.place.seq, content.id);
                }
                (again.part, self.place_of(id, &again.place, at))
            }
            Body::Receipt(receipt) if !own && self.group_of(id).is_some() => {
                return self.of_groups().group_receipt_came(id, &from.account, receipt);
            }
            Body::Receipt(receipt) if !own => return self.receipt_came(id, receipt),
            Body::Leave(statement) => return self.of_groups().leave_came(id, from, statement),
            Body::Picture(picture) => return self.of_groups().picture_came(id, picture),
            Body::Past(past) => return self.of_groups().past_came(id, from, *past),
            Body::Names(names) => return self.of_groups().names_came(id, names),
            Body::GroupAt(at) if !own => return self.of_groups().group_at_came(&from.account, &at),
            Body::Asks(news) => return self.of_groups().asks_came(id, from, *news),
            Body::Profile(_) if self.group_of(id).is_some() => return,
            Body::Profile(profile) if !own => return self.name_came(&from.account, profile.name, at),
            Body::Resync(resync) => return self.resync_came(from, &resync, at),
            Body::Stand(stand) if !own => return self.stand_came(&stand, at),
            Body::Receipt(receipt) => return self.told_elsewhere(id, receipt),
            Body::Receipts(receipts) => return self.receipts_of_others(id, &receipts, own),
            Body::Sync(sync) if own => return self.sync_came(&from.device, sync),
            Body::Profile(_)
            | Body::Sync(_)
            | Body::Stand(_)
            | Body::GroupAt(_)
            | Body::Kept(_)
            | Body::Unknown { .. } => {
                return;
            }
        };
        let twice = self.has_seen(id, &content.id);
        if !needless {
            self.transcripts.or_default(*id).saw(&content.id);
        }
        // This device sends no receipt for relations: nobody reads them as messages, and a receipt shows who is online.
        if !own && part.relation().is_none() {
            self.came_in(id, entry.seq);
        }
        if twice || needless {
            return self.came_needlessly(id, entry.seq, first);
        }
        if let Some(first) = first {
            let conversation = |log: &LogId| self.logs.get(log).map(|log| log.conversation);
            if let Some(era) = first.era.filter(|_| conversation(&first.log) == conversation(id)) {
                self.came_from_elsewhere(&first.log, &content.id, first.seq, era);
            }
            self.fill_gaps(id, &first.log, first.seq, own);
        }
        let At { log, seq, stored } = place;
        let time = if log == *id {
            self.shown_time(id, content.time, stored)
        } else {
            self.written_time(content.time, stored)
        };
        let (author, body) = (Some(Author { proof, ..from.author() }), MessageBody::Part(part));
        let message = Message { id: content.id, time, stored, log, seq, author, body };
        self.store_incoming(id, &message, (!own).then_some(entry.seq));
    }
}
