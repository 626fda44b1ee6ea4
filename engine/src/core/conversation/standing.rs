//! Keeps where messages stand, which are unread, and which gaps are filled. `domain/standing.rs` holds the state; this file
//! says how reading, sending and commands use it.

use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::conversation::expiring::Expiry;
use crate::core::conversation::passing::Passing;
use crate::core::conversation::purging::Purge;
use crate::core::conversation::relating::Relating;
use crate::domain::content::{Place, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::marks::Marks;
use crate::domain::message::{self, Message};
use crate::domain::standing::Standing;
use crate::io::LoadId;
use crate::set::Set;
use crate::table::Table;
use crate::view::{ConversationId, Order};

/// What of the places in conversations is in memory.
#[derive(Default)]
pub(in crate::core) struct Places {
    /// Damaged messages for which this device asked the other devices.
    lost: Set<(ConversationId, Order)>,
    /// Messages that another device has lost and that this device searches.
    pub(in crate::core) finding: Table<LoadId, (ConversationKey, Order)>,
    /// The newest stored message of each conversation.
    pub(in crate::core) newest: Table<ConversationId, Order>,
    /// What of the relations is in memory.
    pub(in crate::core) relating: Relating,
    /// The person's marks on conversations in the list.
    pub(in crate::core) marks: Table<ConversationKey, Marks>,
    /// How messages pass the relay.
    pub(in crate::core) passing: Passing,
    /// What disappears.
    pub(in crate::core) expiry: Expiry,
}

impl Engine {
    fn conversation_of(&self, log: &LogId) -> Option<ConversationId> {
        self.logs.get(log).map(|log| log.conversation.id())
    }

    /// The same for a log in which this device never was, of which another device has sent an unread message.
    fn has_unread_of(&self, log: &LogId) -> Option<ConversationId> {
        let has = |standing: &Standing| standing.first_unread(log).is_some();
        self.standing.iter().find(|(_, standing)| has(standing)).map(|(id, _)| *id)
    }

    /// The latest time that a clock shows: this device's, or the relay's, counted on since the connection began. Every stored
    /// entry was stored before now, so no true time is ahead of both clocks.
    fn latest(&self) -> UnixMillis {
        let relay = self.link.relay.map(|(then, time)| then.shown_at(time, self.steady));
        relay.map_or(self.now, |relay| relay.max(self.now))
    }

    /// The time of the relay's clock, as far as this device knows. The entry that removes a device has this time: the relay
    /// stored what the device wrote with times of the same clock.
    pub(in crate::core) fn relay_time(&self) -> UnixMillis {
        self.link.relay.map_or(self.now, |(then, time)| then.shown_at(time, self.steady))
    }

    /// The place of an entry that this device reads now.
    pub(in crate::core) fn place_entry(&mut self, log: &LogId, seq: Seq, time: UnixMillis) -> UnixMillis {
        let now = self.latest();
        let Some(id) = self.conversation_of(log) else { return time };
        let standing = self.standing.or_default(id);
        let placed = standing.place(log, seq, time, now);
        standing.passed(log, seq, placed);
        self.save_standing(id);
        placed
    }

    /// The place of an own message that the relay has stored.
    pub(in crate::core) fn place_own(&mut self, log: &LogId, seq: Seq, time: UnixMillis) -> UnixMillis {
        let now = self.latest();
        let Some(id) = self.conversation_of(log) else { return time };
        let standing = self.standing.or_default(id);
        let placed = standing.place(log, seq, time, now);
        if self.logs.get(log).is_some_and(|log| seq > log.cursor) {
            standing.stored_ahead(log, seq, placed);
        }
        self.save_standing(id);
        placed
    }

    /// How far the time of a log has come: the place of what is missing after its last entry.
    pub(in crate::core) fn reached(&self, log: &LogId) -> UnixMillis {
        let standing = self.conversation_of(log).and_then(|id| self.standing.get(&id));
        let reached = standing.map(|standing| standing.reached(log)).unwrap_or_default();
        if reached == UnixMillis(0) { self.latest() } else { reached }
    }

    /// A time between how far the log's time has come and a later one.
    pub(in crate::core) fn reached_at_most(
        &self,
        log: &LogId,
        time: UnixMillis,
        latest: UnixMillis,
    ) -> UnixMillis {
        let standing = self.conversation_of(log).and_then(|id| self.standing.get(&id));
        let reached = standing.map(|standing| standing.reached(log)).unwrap_or_default();
        time.max(reached).min(latest)
    }

    /// The time that a message shows if it did not come at its place in a log: by its author's clock, but neither later than
    /// its place nor earlier than this account, since nobody wrote to the account before it existed.
    pub(in crate::core) fn written_time(&self, written: UnixMillis, placed: UnixMillis) -> UnixMillis {
        let first = self.own_log.as_ref().and_then(|log| log.all_devices().first());
        written.max(first.map(|device| device.added).unwrap_or_default()).min(placed)
    }

    /// The time that a message of a log shows.
    pub(in crate::core) fn shown_time(
        &mut self,
        log: &LogId,
        written: UnixMillis,
        placed: UnixMillis,
    ) -> UnixMillis {
        let written = self.written_time(written, placed);
        match self.conversation_of(log) {
            Some(id) => self.standing.or_default(id).show(log, written, placed),
            None => written,
        }
    }

    /// An unread message of somebody else came at this place.
    pub(in crate::core) fn is_unread_now(&mut self, id: ConversationId, order: Order, log: &LogId, seq: Seq) {
        self.standing.or_default(id).came(order, *log, seq);
        self.save_standing(id);
    }

    /// A known message came again: the engine counts it as read at its new place once the person has read it where it stands.
    pub(in crate::core) fn came_needlessly(&mut self, log: &LogId, seq: Seq, first: Option<Place>) {
        let Some(id) = self.conversation_of(log) else { return };
        let standing = self.standing.or_default(id);
        if let Some(first) = first {
            standing.note_resent((&first.log, first.seq), *log, seq);
        }
        self.save_standing(id);
        self.was_read(id, &Table::new());
    }

    /// The person has seen everything up to this place.
    pub(in crate::core) fn mark_read(&mut self, id: ConversationId, upto: &Order) {
        if !self.conversations.contains_key(&id) {
            return;
        }
        let read = self.standing.or_default(id).read_up_to(upto);
        self.save_standing(id);
        self.count_from_reading(id);
        let logs = self.was_read(id, &read);
        // In a group, receipts wait long, or nobody sends any.
        let told = self.account.as_ref().is_some_and(|account| account.read_receipts)
            && logs.iter().all(|(log, _)| self.group_of(log).is_none());
        if !told && !logs.is_empty() {
            self.sync(Sync::Read(logs));
        }
    }

    /// Another device of the account has shown everything up to this place.
    pub(in crate::core) fn read_elsewhere(&mut self, log: &LogId, upto: Seq) {
        let Some(id) = self.conversation_of(log).or_else(|| self.has_unread_of(log)) else { return };
        let upto = self.logs.get(log).map_or(upto, |log| upto.min(log.cursor));
        let mut read = self.standing.or_default(id).read_in(log, upto);
        read.insert(*log, upto);
        self.save_standing(id);
        self.count_from_reading(id);
        self.was_read(id, &read);
    }

    /// Marks each log as read up to its place, or whole, if nothing is unread; but never beyond the log's end. Returns the
    /// logs that were read further than before.
    fn was_read(&mut self, id: ConversationId, upto: &Table<LogId, Seq>) -> Vec<(LogId, Seq)> {
        let Some(conversation) = self.conversations.get(&id) else { return Vec::new() };
        let nothing = Standing::default();
        let standing = self.standing.get(&id).unwrap_or(&nothing);
        let mut further = Vec::new();
        for id in &conversation.logs {
            let Some(log) = self.logs.get_mut(id) else { continue };
            let whole = (standing.unread() == 0).then_some(log.incoming);
            let read = upto.get(id).copied().max(whole).unwrap_or_default();
            let read =
                standing.first_unread(id).map_or(read, |first| read.min(Seq(first.0.saturating_sub(1))));
            if read > log.read {
                log.read = read;
                further.push((*id, read));
            }
        }
        for (log, _) in &further {
            self.save_log(log);
        }
        if !further.is_empty() {
            self.receipts_due();
        }
        further
    }

    /// Everything in a log up to a place came again, in another log of the same conversation: its gaps are filled. A message
    /// that another own device sends again says nothing of what a contact wrote before it: then only that place is filled.
    pub(in crate::core) fn fill_gaps(&mut self, here: &LogId, log: &LogId, upto: Seq, own: bool) {
        let here = self.conversation_of(here);
        let Some(id) = self.conversation_of(log).filter(|id| Some(*id) == here) else { return };
        let filled =
            self.standing.get(&id).map(|standing| standing.filled(log, upto, own)).unwrap_or_default();
        let Some(key) = self.conversations.get(&id).map(|c| c.key).filter(|_| !filled.is_empty()) else {
            return;
        };
        for (order, shown) in filled {
            self.take_marker_out(key, order, shown);
        }
    }

    /// What a marker stands for has come: removes the marker.
    pub(in crate::core) fn take_marker_out(&mut self, key: ConversationKey, order: Order, shown: MessageId) {
        let id = key.id();
        self.out.erase(&message::key(&self.sealer, &id, &order));
        self.changed.gone(id, shown);
        self.was_taken_out(id, &order);
        if self.last_order(&key) == Some(order) {
            self.purge_later(Purge::for_last(key, order));
        }
    }

    /// A message was removed from the history.
    pub(in crate::core) fn was_taken_out(&mut self, id: ConversationId, order: &Order) {
        if self.is_deleted_order(id, order) {
            self.standing.or_default(id).forget(order);
        } else {
            self.standing.or_default(id).erase(order);
        }
        self.save_standing(id);
        if self.places.newest.get(&id) == Some(order) {
            // The engine learns which message is the newest now when it stores the next one.
            self.places.newest.remove(&id);
        }
    }

    /// A page has markers for messages that are missing or do not open: asks the account's other devices for the messages.
    pub(in crate::core) fn ask_for_lost(&mut self, id: ConversationId, lost: &[Order]) {
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else { return };
        let mut new = lost.to_vec();
        new.retain(|order| self.places.lost.insert((id, *order)));
        if !new.is_empty() {
            self.sync(Sync::Lost(key, new));
        }
    }

    /// Another device of the account has lost messages that this device may have.
    pub(in crate::core) fn lost_elsewhere(&mut self, key: ConversationKey, lost: &[Order]) {
        let id = key.id();
        for order in lost.iter().take(crate::core::conversation::paging::MOST_LOST) {
            let load = self.read_messages(&id, Some(&order.next()), 1);
            self.places.finding.insert(load, (key, *order));
        }
    }

    /// A lost message came back.
    pub(in crate::core) fn is_found(&mut self, id: ConversationId, order: &Order) {
        if self.places.lost.remove(&(id, *order)) {
            self.changed.gone(id, message::lost_id(&id, order));
        }
    }

    /// Whether a message of the history came here before, and may stand at another place than in the history. A message that
    /// was lost at that place comes all the same.
    pub(in crate::core) fn stands_elsewhere(
        &self,
        id: ConversationId,
        key: &ConversationKey,
        message: &Message,
    ) -> bool {
        let was_read_there = self.logs.contains_key(&message.log);
        let came = self.resent_messages.contains(&message.id)
            || !was_read_there && self.has_seen_with(key, &message.id);
        came && !self.places.lost.contains(&(id, message.order()))
    }

    /// A message comes with history. If somebody sends the message again, nothing else tells that this device has it, unless
    /// the message is from before this device.
    pub(in crate::core) fn came_with_history(&mut self, message: &Message) {
        if self.is_of_this_device(message.stored) && self.resent_messages.insert_history(&message.id) {
            self.save_came_again();
        }
    }

    /// Waiting texts whose records do not open or are gone: returns the conversations that lack them.
    pub(in crate::core) fn lost_texts(&mut self) -> Set<ConversationKey> {
        let gone = |number: &u64| !self.outbox.contains_key(number);
        let lost: Vec<(u64, ConversationKey)> = self
            .waiting
            .iter()
            .filter(|(number, _)| gone(number))
            .map(|(number, key)| (*number, *key))
            .collect();
        let mut peers = Set::default();
        for (number, key) in lost {
            self.waiting.remove(&number);
            peers.insert(key);
        }
        peers
    }
}
