//! Where messages stand, which are unread, and which gaps are filled. What is remembered of that is in `standing.rs`
//! above; this is how reading, sending and people use it.

use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::expiring::Expiry;
use crate::core::passing::Passing;
use crate::core::conversation::relating::Relating;
use crate::core::conversation::purging::Purge;
use crate::domain::content::{Place, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::marks::Marks;
use crate::domain::message::{self, Message};
use crate::domain::standing::Standing;
use crate::io::LoadId;
use crate::set::Set;
use crate::table::Table;
use crate::view::{ConversationId, Order};

/// What is at hand of places in conversations.
#[derive(Default)]
pub(in crate::core) struct Places {
    /// Damaged messages for which the other devices were asked.
    lost: Set<(ConversationId, Order)>,
    /// Messages that another device has lost, and that are looked for here.
    pub(in crate::core) finding: Table<LoadId, (ConversationKey, Order)>,
    /// The newest message of each conversation that is stored.
    pub(in crate::core) newest: Table<ConversationId, Order>,
    /// What is at hand of what messages say of others.
    pub(in crate::core) relating: Relating,
    /// How the person keeps conversations in the list.
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

    /// The same of a log in which this device never was, of which another has sent something that is unread.
    fn has_unread_of(&self, log: &LogId) -> Option<ConversationId> {
        let has = |standing: &Standing| standing.first_unread(log).is_some();
        self.standing.iter().find(|(_, standing)| has(standing)).map(|(id, _)| *id)
    }

    /// The latest time that a clock shows: that of this device, or that of the relay, counted on since the connection began.
    /// What is stored has been stored, so that no true time is ahead of both.
    fn latest(&self) -> UnixMillis {
        let relay = self.link.relay.map(|(then, time)| then.shown_at(time, self.steady));
        relay.map_or(self.now, |relay| relay.max(self.now))
    }

    /// What the relay's clock shows, as far as this device knows. The entry that removes a device has this time: what the
    /// device wrote is stored with the times of the same clock.
    pub(in crate::core) fn relay_time(&self) -> UnixMillis {
        self.link.relay.map_or(self.now, |(then, time)| then.shown_at(time, self.steady))
    }

    /// Where an entry that is read now stands.
    pub(in crate::core) fn place_entry(&mut self, log: &LogId, seq: Seq, time: UnixMillis) -> UnixMillis {
        let now = self.latest();
        let Some(id) = self.conversation_of(log) else { return time };
        let standing = self.standing.or_default(id);
        let placed = standing.place(log, seq, time, now);
        standing.passed(log, seq, placed);
        self.save_standing(id);
        placed
    }

    /// Where an own message stands that the relay says it has stored.
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

    /// How far the time of a log has come: where what is missing after its last entry stands.
    pub(in crate::core) fn reached(&self, log: &LogId) -> UnixMillis {
        let standing = self.conversation_of(log).and_then(|id| self.standing.get(&id));
        let reached = standing.map(|standing| standing.reached(log)).unwrap_or_default();
        if reached == UnixMillis(0) { self.latest() } else { reached }
    }

    /// A time between how far a log's time has come and a later one.
    pub(in crate::core) fn reached_at_most(&self, log: &LogId, time: UnixMillis, latest: UnixMillis) -> UnixMillis {
        let standing = self.conversation_of(log).and_then(|id| self.standing.get(&id));
        let reached = standing.map(|standing| standing.reached(log)).unwrap_or_default();
        time.max(reached).min(latest)
    }

    /// The time that a message shows which did not come at its place in a log: by its writer's clock, but neither later than
    /// it stands nor earlier than this account, to which nobody wrote before it was there.
    pub(in crate::core) fn written_time(&self, written: UnixMillis, placed: UnixMillis) -> UnixMillis {
        let first = self.own_log.as_ref().and_then(|log| log.all_devices().first());
        written.max(first.map(|device| device.added).unwrap_or_default()).min(placed)
    }

    /// The time that a message of a log shows.
    pub(in crate::core) fn shown_time(&mut self, log: &LogId, written: UnixMillis, placed: UnixMillis) -> UnixMillis {
        let written = self.written_time(written, placed);
        match self.conversation_of(log) {
            Some(id) => self.standing.or_default(id).show(log, written, placed),
            None => written,
        }
    }

    /// A message of the other is unread, and came at this place.
    pub(in crate::core) fn is_unread_now(&mut self, id: ConversationId, order: Order, log: &LogId, seq: Seq) {
        self.standing.or_default(id).came(order, *log, seq);
        self.save_standing(id);
    }

    /// What is known came again: it is said to be read at its new place once it was read where it stands.
    pub(in crate::core) fn came_needlessly(&mut self, log: &LogId, seq: Seq, first: Option<Place>) {
        let Some(id) = self.conversation_of(log) else { return };
        let standing = self.standing.or_default(id);
        if let Some(first) = first {
            standing.note_resent((&first.log, first.seq), *log, seq);
        }
        self.save_standing(id);
        self.was_read(id, &Table::new());
    }

    /// The person has seen everything up to here.
    pub(in crate::core) fn mark_read(&mut self, id: ConversationId, upto: &Order) {
        if !self.conversations.contains_key(&id) {
            return;
        }
        let read = self.standing.or_default(id).read_up_to(upto);
        self.save_standing(id);
        self.count_from_reading(id);
        let logs = self.was_read(id, &read);
        // In a group receipts wait long, or are not told at all.
        let told = self.account.as_ref().is_some_and(|account| account.read_receipts)
            && logs.iter().all(|(log, _)| self.group_of(log).is_none());
        if !told && !logs.is_empty() {
            self.sync(Sync::Read(logs));
        }
    }

    /// Another device of the account has shown what was written up to here.
    pub(in crate::core) fn read_elsewhere(&mut self, log: &LogId, upto: Seq) {
        let Some(id) = self.conversation_of(log).or_else(|| self.has_unread_of(log)) else { return };
        let upto = self.logs.get(log).map_or(upto, |log| upto.min(log.cursor));
        let mut read = self.standing.or_default(id).read_in(log, upto);
        read.insert(*log, upto);
        self.save_standing(id);
        self.count_from_reading(id);
        self.was_read(id, &read);
    }

    /// Each log was read as far as it says, or whole, if nothing is unread; but never beyond what is. Those that were read
    /// further than before.
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

    /// What stood in a log up to a place came again, in another of the same conversation: its gaps are filled. What another
    /// own device sends again says nothing of what a contact wrote before it: then only that place is filled.
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

    /// What a marker stands for has come: it goes.
    pub(in crate::core) fn take_marker_out(&mut self, key: ConversationKey, order: Order, shown: MessageId) {
        let id = key.id();
        self.out.erase(&message::key(&self.sealer, &id, &order));
        self.changed.gone(id, shown);
        self.was_taken_out(id, &order);
        if self.last_order(&key) == Some(order) {
            self.purge_later(Purge::for_last(key, order));
        }
    }

    /// A message is no longer in the history.
    pub(in crate::core) fn was_taken_out(&mut self, id: ConversationId, order: &Order) {
        if self.is_deleted_order(id, order) {
            self.standing.or_default(id).forget(order);
        } else {
            self.standing.or_default(id).erase(order);
        }
        self.save_standing(id);
        if self.places.newest.get(&id) == Some(order) {
            // Whichever is the newest now says itself, once something is stored after it.
            self.places.newest.remove(&id);
        }
    }

    /// Markers in the place of messages that are not there, or do not open, are found on a page; the account's other devices
    /// may have what they said.
    pub(in crate::core) fn ask_for_lost(&mut self, id: ConversationId, lost: &[Order]) {
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else { return };
        let mut new = lost.to_vec();
        new.retain(|order| self.places.lost.insert((id, *order)));
        if !new.is_empty() {
            self.sync(Sync::Lost(key, new));
        }
    }

    /// Another device of the account has lost messages that this one may have.
    pub(in crate::core) fn lost_elsewhere(&mut self, key: ConversationKey, lost: &[Order]) {
        let id = key.id();
        for order in lost.iter().take(crate::core::conversation::paging::MOST_LOST) {
            let load = self.read_messages(&id, Some(&order.next()), 1);
            self.places.finding.insert(load, (key, *order));
        }
    }

    /// What was lost came back.
    pub(in crate::core) fn is_found(&mut self, id: ConversationId, order: &Order) {
        if self.places.lost.remove(&(id, *order)) {
            self.changed.gone(id, message::lost_id(&id, order));
        }
    }

    /// Whether a message of the history came here before it, and may stand at another place than it has there. What was lost at
    /// that place comes all the same.
    pub(in crate::core) fn stands_elsewhere(
        &self,
        id: ConversationId,
        key: &ConversationKey,
        message: &Message,
    ) -> bool {
        let was_read_there = self.logs.contains_key(&message.log);
        let came =
            self.resent_messages.contains(&message.id) || !was_read_there && self.has_seen_with(key, &message.id);
        came && !self.places.lost.contains(&(id, message.order()))
    }

    /// A message comes with history. If it is sent again, nothing else tells that it is here, where it is not known to be from
    /// before this device.
    pub(in crate::core) fn came_with_history(&mut self, message: &Message) {
        if self.is_of_this_device(message.stored) && self.resent_messages.insert_history(&message.id) {
            self.save_came_again();
        }
    }

    /// Texts that waited to be sent and of which the records do not open or are gone: with whom they are missing.
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
