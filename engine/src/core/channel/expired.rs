//! Handles messages that the relay deleted for their age while this device was away. A marker in the chat says so, this
//! device asks the account's other devices for them, and goes on reading later entries: the relay keeps commits for longer.

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{LogId, Seq};

use crate::core::Engine;
use crate::domain::conversation::marked;
use crate::domain::message::Gap;
use crate::domain::order::Order;

impl Engine {
    /// An entry stands for messages that have expired.
    pub(in crate::core) fn messages_expired(&mut self, id: &LogId, entry: &LogEntry) {
        let Some(log) = self.logs.get(id) else { return };
        let (key, first, last) = (log.conversation, entry.first().max(log.cursor.next()), entry.seq);
        let own = log.own.iter().filter(|own| (first..=last).contains(&own.seq)).count();
        let all = last.0.saturating_sub(first.0).saturating_add(1);
        let only_own = u64::try_from(own).is_ok_and(|own| own == all);
        if self.is_own_conversation(&key) {
            // The other devices repeat everything that they told in this log in another log.
            self.give_up(id);
            return self.ask_own_devices_for_all(key);
        }
        // This device misses no messages of a person to whom its person has not consented.
        if !only_own && self.consents_in(&key) {
            self.mark_expired(id, first);
        }
        self.place_entry(id, last, entry.time);
        if let Some(log) = self.logs.get_mut(id) {
            log.cursor = last;
            log.own.retain(|own| own.seq > last);
        }
        self.transcripts.or_default(*id).pass(first, last);
        // Sealed messages without an answer may have been among the expired ones: this device could not recognise the same
        // bytes any more.
        self.unseal(id);
        self.save_log(id);
        self.save_transcript(id);
    }

    /// Asks for the messages, and puts one marker for a log until they have come.
    fn mark_expired(&mut self, id: &LogId, first: Seq) {
        if self.late.is_marked(id) {
            return self.ask_for_rest(id);
        }
        let stored = self.reached(id);
        let shown = self.store_marker(id, first, stored, Gap::Expired);
        self.ask_for_expired(id, (Order::of_marker(stored, first, marked(id)), shown));
    }
}
