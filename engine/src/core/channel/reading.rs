//! Reading a log: entry by entry, in order, each with all its effects in one change set (invariant 2).

use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AccountId, LogId, MessageId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::account::removal::is_after;
use crate::channel::group_era::EraStep;
use crate::channel::log::{Log, OwnAppend, Stage, payload_hash};
use crate::channel::transcript::Transcript;
use crate::domain::content::{Body, Content};
use crate::domain::conversation::marked;
use crate::domain::message::{Author, Gap, Message, MessageBody};
use crate::group::past::KeptEntry;
use crate::group::state::State;
use crate::mls::commit::{Changes, Unfit};
use crate::mls::credential::Leaf;
use crate::mls::group::{GroupError, Incoming};
use crate::mutations::{Mutation, on};
use crate::roster::Roster;

/// Where a message belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::core) struct At {
    pub(in crate::core) log: LogId,
    pub(in crate::core) seq: Seq,
    pub(in crate::core) stored: UnixMillis,
}

/// What an entry turned out to be.
pub(in crate::core) enum Read {
    Content {
        from: Leaf,
        content: Box<Content>,
    },
    EpochEnded(EraStep),
    /// A commit removed this device.
    Removed,
    /// A commit of a group, by this account, was followed; before it the group was so.
    GroupMoved {
        by: AccountId,
        era: EraStep,
        before: Box<State>,
    },
    /// One removed this device, perhaps to let it in again.
    RemovedFromGroup {
        by: AccountId,
        returns: bool,
    },
    /// A member's message, rightly encrypted, whose content is none.
    Unreadable,
}

impl Engine {
    pub(in crate::core) fn log_entries(&mut self, id: &LogId, entries: Vec<LogEntry>) {
        if self.sleeps(id) || !self.logs.contains_key(id) && self.of_groups().visited_entries(id, &entries) {
            return;
        }
        // What comes by the subscription with which this device looked at a group before it came in: its own says from where on it
        // reads, and brings these again.
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
                // It was not read after all: its key is still there when the person accepts.
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

    /// The entry was not read after all.
    fn step_back(&mut self, id: &LogId, before: Seq, transcript: Option<Transcript>) {
        if let Some(log) = self.logs.get_mut(id) {
            log.cursor = before;
        }
        if let Some(transcript) = transcript {
            self.transcripts.insert(*id, transcript);
        }
    }

    /// An entry that this device appended: not decrypted (its sender cannot), but recognised by its bytes.
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
        // The answer to the append was lost, but here is the message: it is stored.
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

    /// The next epoch has other keys: what waits is encrypted anew. So has a group era, and the log is subscribed anew.
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

    /// An entry that is not what its place needs. The log cannot be trusted any more, so that a new one takes its
    /// place and the other sends again what was written since.
    fn rejected(&mut self, id: &LogId, entry: &LogEntry, error: GroupError, before: Seq) {
        if self.group_of(id).is_some() {
            return self.of_groups().group_entry_rejected(id, entry, error);
        }
        let known = self.transcripts.get(id).is_some_and(|transcript| transcript.has_sent(&payload_hash(&entry.payload)));
        match error {
            GroupError::Own if known && entry.kind == EntryKind::Message => {
                self.store_gap(id, entry.seq, entry.time, Gap::Rejected);
            }
            // What this device sent, and does not remember: its state was rolled back to an older copy.
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
                let sure = self.transcripts.get(id).map_or(before, |transcript| transcript.sure_before(before));
                self.abandon_from(id, sure, before);
            }
        }
    }

    /// Something is missing after the cursor.
    pub(in crate::core) fn gap(&mut self, id: &LogId, gap: Gap) {
        if let Some(seq) = self.logs.get(id).map(|log| log.cursor.next()) {
            self.store_gap(id, seq, self.reached(id), gap);
        }
    }

    pub(in crate::core) fn store_gap(&mut self, id: &LogId, seq: Seq, time: UnixMillis, gap: Gap) {
        self.store_marker(id, seq, time, gap);
    }

    /// Says in a chat why something is missing; by which id views know that.
    pub(in crate::core) fn store_marker(&mut self, id: &LogId, seq: Seq, time: UnixMillis, gap: Gap) -> MessageId {
        let message = Message {
            id: MessageId(self.random.array()),
            time,
            stored: time,
            log: marked(id),
            seq,
            author: None,
            body: MessageBody::Gap(gap),
        };
        // What this account wrote comes from its other devices, if at all.
        if !matches!(gap, Gap::Restored | Gap::Elsewhere | Gap::Late)
            && let Some(key) = self.logs.get(id).map(|log| log.conversation)
        {
            self.standing.or_default(key.id()).gap(message.order(), message.shown_id(false));
        }
        self.store_incoming(id, &message, None);
        message.shown_id(false)
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
            // Another own device was quicker than this log.
            Body::Part(_) => self.resent_messages.contains(&content.id),
            _ => false,
        };
        // What somebody says of another's message and may not.
        let needless = needless || !self.may_relate(id, from, &content.body);
        let first = match &content.body {
            Body::Again(again) => Some(again.place),
            _ => None,
        };
        let (part, place) = match content.body {
            Body::Part(part) => (part, at),
            Body::Again(again) => {
                if own {
                    // Before it is asked what still waits: another own device was quicker.
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
            Body::Profile(_) if self.group_of(id).is_some() => return,
            Body::Profile(profile) if !own => return self.name_came(&from.account, profile.name, at),
            Body::Resync(resync) => return self.resync_came(from, &resync, at),
            Body::Stand(stand) if !own => return self.stand_came(&stand, at),
            Body::Receipt(receipt) => return self.told_elsewhere(id, receipt),
            Body::Receipts(receipts) => return self.receipts_of_others(id, &receipts, own),
            Body::Sync(sync) if own => return self.sync_came(&from.device, sync),
            Body::Profile(_) | Body::Sync(_) | Body::Stand(_) | Body::Kept(_) | Body::Unknown { .. } => {
                return;
            }
        };
        let twice = self.has_seen(id, &content.id);
        if !needless {
            self.transcripts.or_default(*id).saw(&content.id);
        }
        // Of what speaks of another message nobody is told that it came: it is nothing to read, and shows who is online.
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

    /// Something to acknowledge stands at this place.
    fn came_in(&mut self, id: &LogId, seq: Seq) {
        if let Some(log) = self.logs.get_mut(id) {
            log.incoming = seq;
        }
        self.receipts_due();
    }

    /// Stores and shows what came; `unread` is where it came, if it is to be read.
    pub(in crate::core) fn store_incoming(&mut self, id: &LogId, message: &Message, unread: Option<Seq>) {
        let Some(log) = self.logs.get(id) else {
            return;
        };
        let (key, peer) = (log.conversation, log.peer());
        let conversation = key.id();
        if self.is_deleted(&key, message) {
            if let Some(seq) = unread {
                self.came_needlessly(id, seq, None);
            }
            return;
        }
        let kept = |engine: &mut Self, peer: AccountId| {
            !engine.is_blocked(&peer) && engine.keep_of_request(&peer, message.body.length())
        };
        if !self.is_mine(message) && peer.is_some_and(|peer| !kept(self, peer)) {
            return;
        }
        // What speaks of other messages is not unread, and does not say either that the person has read what is.
        let Some(message) = self.settle(conversation, message, true) else { return };
        self.save_message(conversation, &message);
        if let Some(seq) = unread {
            self.becomes_unread(conversation, &message, (id, seq));
        }
        self.show_in_list(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.changed.messages.or_default(conversation).push(view);
    }

    pub(in crate::core) fn show_in_list(&mut self, id: crate::view::ConversationId, message: &Message) {
        self.standing.or_default(id).stands(message.stored);
        self.save_standing(id);
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else {
            return;
        };
        let order = message.order();
        let shown = self.last_of(message, self.is_mine(message), &key);
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        if conversation.last.as_ref().is_none_or(|last| last.order <= order || last.id == message.id) {
            conversation.changed = message.stored;
            conversation.last = Some(shown);
        }
        self.unhide(&key);
        self.save_conversation(id);
    }
}
