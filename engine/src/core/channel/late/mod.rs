//! Late joins: fetches what stands in a log before the place where this device was added.
//!
//! A device that is added to a log after others have written there cannot read what stands before its place. No member waits
//! for such a device: one that was in the log from its first entry on may be offline. The late device therefore asks the
//! account's other devices, which have read those entries or will read them. It repeats the question until a device that was
//! in the log from the start has answered. Until then, and if no device of the account was there, a marker says that messages
//! may be missing.

mod answering;
mod settling;

use std::collections::VecDeque;

use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{DeviceId, Era, LogId, MessageId, Seq, UnixMillis};

use self::answering::Answering;
use self::settling::Counting;
use crate::channel::late::{ALL, AllMadeUp, Elsewhere, Hole, Holes, Lacking, MadeUp};
use crate::channel::log::{LiveLog, Stage};
use crate::channel::transcript::{Short, short};
use crate::core::Engine;
use crate::core::relay_session::steady::Moment;
use crate::domain::consent::Consent;
use crate::domain::content::{History, Place, Sync};
use crate::domain::conversation::{ConversationKey, beside, marked};
use crate::domain::message::{Message, order_of_key};
use crate::io::{LoadId, Record};
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;
use crate::view::{ConversationId, Gap, Order};

/// Messages read at a time, and the most pages, to say what this device knows.
const PAGE: u32 = 100;
const MAX_PAGES: u32 = 50;
/// The answer may take this long, in milliseconds, before a marker says that messages may be missing.
const PATIENCE: u64 = 60_000;
/// A device that has been in the account for this long, in milliseconds, is late only in logs that are younger.
const SETTLED: u64 = 24 * 60 * 60 * 1000;
/// Most logs with one person in which this device never was and about which it asks.
const MOST_UNKNOWN: usize = 64;
/// The same for a person who waits for an answer, or is blocked.
const MOST_UNKNOWN_OF_STRANGERS: usize = 4;
/// Most holes of all people who wait for an answer or are blocked together: they are one record.
const MOST_OF_STRANGERS: usize = 64;

/// What this device lacks, and what others lack.
#[derive(Default)]
pub(in crate::core) struct Late {
    pub(in crate::core) holes: Holes,
    pub(in crate::core) elsewhere: Table<LogId, Elsewhere>,
    asking: Table<LoadId, Asking>,
    /// Since when this connection waits for an answer, by log.
    waits: Table<LogId, Moment>,
    pub(in crate::core) answering: Answering,
    counting: Option<Counting>,
}

/// The engine is collecting what this device has of a conversation.
struct Asking {
    key: ConversationKey,
    pages: u32,
    since: UnixMillis,
    known: Vec<Short>,
}

impl Late {
    pub(in crate::core) fn forget_connection(&mut self) {
        self.waits.clear();
    }

    /// Whether a marker says that messages of this log are missing.
    pub(in crate::core) fn is_marked(&self, log: &LogId) -> bool {
        self.holes.get(log).is_some_and(|hole| hole.marker.is_some())
    }
}

impl Engine {
    /// This device reads a log from this place on.
    pub(in crate::core) fn begins_after(&mut self, id: &LogId, start: Seq) {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else { return };
        self.late.elsewhere.or_default(*id).began = start;
        self.save_elsewhere(id);
        self.begin_history(id, start);
        self.save_transcript(id);
        // Each commit is an entry and ends an epoch, and the first epoch has number one.
        let epoch = self.with_group(id, |group, _, _| Ok(group.epoch())).map_or(1, |epoch| epoch.0);
        let nothing_written = start.0 < epoch;
        // A device that joins a group reads from there on; it lacks only what the account's other devices have.
        let comes_anew = self.group_chat_of(id).is_some_and(|chat| !chat.sibling);
        if !nothing_written && !comes_anew && !self.is_own_conversation(&key) && self.has_room_for_hole(&key)
        {
            let young = self.is_settled() || self.had_another(&key, id);
            self.open_hole(*id, key, start, young);
        }
    }

    /// Another log replaced one of which this device knows nothing, or the relay has lost that one.
    pub(in crate::core) fn heard_of_unknown(&mut self, id: &LogId, key: ConversationKey) {
        let unknown = |hole: &&Hole| hole.conversation == key && hole.upto == ALL;
        let most = if self.consents_in(&key) { MOST_UNKNOWN } else { MOST_UNKNOWN_OF_STRANGERS };
        let fits = self.late.holes.values().filter(unknown).count() < most && self.has_room_for_hole(&key);
        let known = self.logs.contains_key(id) || self.late.holes.contains_key(id);
        if fits && !known && !self.is_own_conversation(&key) && self.conversations.contains_key(&key.id()) {
            self.open_hole(*id, key, ALL, false);
        }
    }

    /// Whether this device may remember another hole of a conversation. On later consent it asks about the others.
    fn has_room_for_hole(&self, key: &ConversationKey) -> bool {
        let consent = self.consent_in(key);
        let alike = |hole: &&Hole| self.consent_in(&hole.conversation) == consent;
        consent == Consent::Granted || self.late.holes.values().filter(alike).count() < MOST_OF_STRANGERS
    }

    /// The person has consented to somebody: this device may have had no room to remember that their log began too late here.
    pub(in crate::core) fn ask_for_what_had_no_room(&mut self, id: &LogId, key: ConversationKey) {
        let began = self.late.elsewhere.get(id).map(|elsewhere| elsewhere.began);
        if let Some(began) = began.filter(|began| *began > Seq(0) && !self.late.holes.contains_key(id)) {
            self.open_hole(*id, key, began, false);
        }
    }

    /// The relay has lost entries of a log: another device may have read what this device has not, and its author may know
    /// that it has.
    pub(in crate::core) fn ask_for_rest(&mut self, id: &LogId) {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else { return };
        match self.late.holes.get_mut(id) {
            Some(hole) => (hole.asked, hole.closed) = (None, false),
            None => self.open_hole(*id, key, ALL, false),
        }
        self.save_holes();
    }

    /// Messages of a log have expired before this device read them; a marker says so until another device has sent them.
    pub(in crate::core) fn ask_for_expired(&mut self, id: &LogId, marker: (Order, MessageId)) {
        self.ask_for_rest(id);
        if let Some(hole) = self.late.holes.get_mut(id) {
            hole.marker = Some(marker);
        }
        self.save_holes();
    }

    fn open_hole(&mut self, id: LogId, key: ConversationKey, upto: Seq, young: bool) {
        let (stored, without) = (self.reached(&id), Set::default());
        let hole = Hole {
            conversation: key,
            upto,
            stored,
            young,
            asked: None,
            without,
            marker: None,
            closed: false,
            told: None,
        };
        self.late.holes.insert(id, hole);
        self.save_holes();
    }

    /// Whether this device has been in the account for long.
    fn is_settled(&self) -> bool {
        let added = self.account.as_ref().and_then(|account| self.added(&account.device));
        added.is_some_and(|added| self.now.0.saturating_sub(added.0) > SETTLED)
    }

    /// When a device of the account was added, by the clock of the device that added it.
    fn added(&self, device: &DeviceId) -> Option<UnixMillis> {
        let devices = self.own_log.as_ref().map(DeviceLog::all_devices).unwrap_or_default();
        devices.iter().find(|known| known.record.id == *device).map(|known| known.added)
    }

    /// From when on a device is to have all messages; from the beginning, if nobody can know. A clock that was ahead when the
    /// device was added does not give it older messages.
    fn belongs_since(&self, device: &DeviceId) -> UnixMillis {
        self.added(device).map(|added| added.min(self.now)).unwrap_or_default()
    }

    /// Whether this device has read another log with somebody that this one replaces.
    fn had_another(&self, key: &ConversationKey, id: &LogId) -> bool {
        let logs = self.conversations.get(&key.id()).map(|c| c.logs.as_slice()).unwrap_or_default();
        let transcripts = logs.iter().filter(|log| *log != id).filter_map(|log| self.transcripts.get(log));
        transcripts.into_iter().any(|transcript| transcript.retired && transcript.last_read().is_some())
    }

    fn save_elsewhere(&self, log: &LogId) {
        if let Some(elsewhere) = self.late.elsewhere.get(log) {
            self.save(&keys::elsewhere(log), elsewhere);
        }
    }

    /// A message of a log came another way than by reading the log.
    pub(in crate::core) fn came_from_elsewhere(&mut self, log: &LogId, id: &MessageId, seq: Seq, era: Era) {
        if self.logs.contains_key(log) {
            self.late.elsewhere.or_default(*log).came(id, seq, era);
            self.save_elsewhere(log);
        }
    }

    /// Whether this device should have read the entry at a place, and was added to the log later.
    pub(in crate::core) fn is_before_this_device(&self, place: &Place) -> bool {
        let began = self.late.elsewhere.get(&place.log).map(|elsewhere| elsewhere.began);
        began.is_some_and(|began| place.seq <= began) && self.is_of_this_device(place.stored)
    }

    /// Whether a message stored then is for this device, as far as clocks tell: the device was in the account.
    pub(in crate::core) fn is_of_this_device(&self, stored: UnixMillis) -> bool {
        let own = self.account.as_ref().map(|account| account.device);
        own.is_some_and(|own| stored >= self.belongs_since(&own))
    }

    fn save_holes(&self) {
        self.save(keys::HOLES, &self.late.holes);
    }

    /// Asks, answers, and marks what nobody has. Runs at the end of each input, because any input may end a wait.
    pub(in crate::core) fn go_on_making_up(&mut self) {
        if !self.late.holes.is_empty() {
            self.ask_for_what_is_lacking();
            self.mark_what_is_missing();
            self.settle_markers();
        }
        self.answer_who_lacks();
    }

    /// The log of the account's own conversation, if this device can write there.
    fn own_conversation_log(&self) -> Option<LogId> {
        let own = self.account.as_ref()?.id;
        let log = self.usable_log(&ConversationKey::Peer(own))?;
        self.live.get(&log).filter(|live| self.online() && live.subscribed).map(|_| log)
    }

    fn ask_for_what_is_lacking(&mut self) {
        let others = self.other_devices().next().is_some();
        let alone = self.returning.is_some();
        let Some(log) = self.own_conversation_log().filter(|_| others && !alone) else { return };
        if !self.late.asking.is_empty() {
            return;
        }
        let open = |hole: &&Hole| !hole.closed && hole.asked != Some(log);
        // While this device reads a log, its own first place is not known: the others must not send what it reads itself.
        let is_read = |key: &ConversationKey| {
            let catches_up = |(log, live): (&LogId, &LiveLog)| {
                let log = self.logs.get(log).filter(|log| log.conversation == *key);
                log.is_some_and(|log| live.subscribed && log.cursor < live.head)
            };
            !self.live.iter().any(catches_up)
        };
        let open = self.late.holes.values().filter(open).map(|hole| hole.conversation);
        let Some(key) = open.filter(is_read).last() else { return };
        let own = self.account.as_ref().map(|account| account.device);
        let since = own.map(|own| self.belongs_since(&own)).unwrap_or_default();
        self.collect_known(Asking { key, pages: 0, since, known: Vec::new() }, None);
    }

    fn collect_known(&mut self, asking: Asking, before: Option<&Order>) {
        let id = self.read_messages(&asking.key.id(), before, PAGE);
        self.late.asking.insert(id, asking);
    }

    /// A page of what this device has came; returns whether it was for that.
    pub(in crate::core) fn is_known(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(mut asking) = self.late.asking.remove(&id) else { return false };
        asking.pages = asking.pages.saturating_add(1);
        let (mut oldest, mut stored) = (None, None);
        for record in records {
            oldest = order_of_key(&record.key).or(oldest);
            // Deleted messages count too: they must not come back.
            if let Some(message) = self.opened(record) {
                stored = Some(message.stored);
                asking.known.push(short(message.id.as_bytes()));
            }
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        let more = full && stored.is_none_or(|stored| stored >= asking.since);
        match oldest {
            Some(oldest) if more && asking.pages < MAX_PAGES => self.collect_known(asking, Some(&oldest)),
            _ => {
                if more {
                    asking.since = stored.unwrap_or(asking.since);
                }
                self.ask_others(asking);
            }
        }
        true
    }

    fn ask_others(&mut self, asking: Asking) {
        let Asking { key, since, known, .. } = asking;
        let Some(own) = self.own_conversation_log() else { return };
        let mut logs = Vec::new();
        let now = self.steady;
        for (log, hole) in self.late.holes.iter().filter(|(_, hole)| hole.conversation == key && !hole.closed)
        {
            logs.push((*log, hole.upto));
        }
        for (log, _) in &logs {
            if let Some(hole) = self.late.holes.get_mut(log) {
                hole.asked = Some(own);
            }
            self.late.waits.insert(*log, now);
        }
        self.save_holes();
        let of_peer = self.logs.values().filter(|log| log.conversation == key && log.stage == Stage::Active);
        let reads = of_peer.map(|log| (log.id, log.cursor)).collect();
        self.sync(Sync::Lacking(Box::new(Lacking { conversation: key, logs, since, reads, known })));
    }

    fn other_devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        let own = self.account.as_ref().map(|account| account.device);
        let devices = self.own_log.iter().flat_map(DeviceLog::devices).map(|device| device.id);
        devices.filter(move |device| Some(*device) != own)
    }

    /// Another device sent messages that this one lacks.
    pub(in crate::core) fn made_up(&mut self, part: MadeUp) {
        if self.account.as_ref().is_none_or(|account| account.device != part.to) {
            return;
        }
        let History { conversation: key, messages, receipts } = part.history;
        let Some(conversation) = self.conversation_of_history(&key) else { return };
        self.receipts_told(&key, &receipts);
        let eras = part.eras.into_iter().chain(std::iter::repeat(None));
        let unread = part.unread.into_iter().chain(std::iter::repeat(None));
        for ((message, era), unread) in messages.into_iter().zip(eras).zip(unread) {
            if self.make_up(conversation, &key, &message, era)
                && let Some((log, seq)) = unread.filter(|_| !self.is_mine(&message))
            {
                self.becomes_unread(conversation, &message, (&log, seq));
            }
        }
        self.save_conversation(conversation);
    }

    /// Puts a missing message into the history; returns whether the message was missing.
    fn make_up(
        &mut self,
        id: ConversationId,
        key: &ConversationKey,
        message: &Message,
        era: Option<Era>,
    ) -> bool {
        let waits = self.outbox.values().any(|entry| entry.id == message.id);
        let here = waits || self.has_seen_with(key, &message.id) || self.note_resent(&message.id);
        if here || !self.is_said_with(key, message) || self.is_deleted_history(key, message) {
            return false;
        }
        let logs = [message.log, beside(&message.log)];
        let log = logs.into_iter().find(|log| self.logs.contains_key(log));
        if let Some((log, era)) = log.zip(era) {
            self.came_from_elsewhere(&log, &message.id, message.seq, era);
        }
        self.put_into_history(id, message);
        true
    }

    /// Another device has sent all that it has.
    pub(in crate::core) fn all_made_up(&mut self, from: &DeviceId, all: &AllMadeUp) {
        if self.account.as_ref().is_none_or(|account| account.device != all.to) {
            return;
        }
        for (log, whole) in &all.logs {
            if *whole {
                self.close_hole(log);
            } else if let Some(hole) = self.late.holes.get_mut(log) {
                hole.without.insert(*from);
            }
        }
        self.save_holes();
        all.read.iter().for_each(|(log, upto)| self.read_elsewhere(log, *upto));
    }

    /// Nothing is missing in a log any more.
    fn close_hole(&mut self, log: &LogId) {
        let Some(hole) = self.late.holes.get_mut(log) else { return };
        hole.closed = true;
        let (key, marker) = (hole.conversation, hole.marker.take());
        if hole.upto != ALL {
            self.late.holes.remove(log);
        }
        if let Some((order, shown)) = marker {
            self.take_marker_out(key, order, shown);
        }
    }

    /// Puts a marker where no device of the account was in a log from the start, or none has answered for a while.
    fn mark_what_is_missing(&mut self) {
        if !self.online() {
            return;
        }
        let others: Vec<DeviceId> = self.other_devices().collect();
        let open: VecDeque<(LogId, Hole)> = self
            .late
            .holes
            .iter()
            .filter(|(_, hole)| !hole.closed)
            .map(|(log, hole)| (*log, hole.clone()))
            .collect();
        for (log, hole) in open {
            let nobody = others.iter().all(|device| hole.without.contains(device));
            let now = self.steady;
            let left = PATIENCE.saturating_sub(now.since(*self.late.waits.or_insert_with(log, || now)));
            if hole.marker.is_none() && hole.young {
                if nobody || left == 0 {
                    self.mark_hole(&log, &hole);
                } else {
                    self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
                }
            }
            if nobody {
                self.nobody_was_there(&log);
            }
        }
    }

    fn mark_hole(&mut self, log: &LogId, hole: &Hole) {
        let shown = self.store_marker(log, hole.upto, hole.stored, Gap::Late);
        let order = Order::of_marker(hole.stored, hole.upto, marked(log));
        if let Some(hole) = self.late.holes.get_mut(log) {
            hole.marker = Some((order, shown));
        }
        self.save_holes();
    }
}
