//! Handles a relay whose database was rolled back to an older copy. The relay has lost what came since the copy, and gives
//! out the same numbers a second time. No message stays "sent" that the relay lost: each device says how far it has read a
//! log that lost entries, each author sends again in another log what the others lack, and no device shows a message twice.

use parley_protocol::frame::KnownPlace;
use parley_protocol::ids::{Era, LogId, Seq};

use crate::channel::log::Stage;
use crate::channel::reach::{Reach, UNKNOWN_ERA};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::channel::resync::EVERY_OTHER;
use crate::domain::content::{Body, Place, Resync, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::table::Table;
use crate::view::Delivery;

impl Engine {
    /// The last entry of a log that this device knows to be at the relay: one that it has read, written, or keeps until the
    /// entry's turn.
    pub(in crate::core) fn known_place(&self, id: &LogId) -> Option<KnownPlace> {
        let read = self.transcripts.get(id).and_then(Transcript::last_read);
        let own = self.logs.get(id).into_iter().flat_map(|log| &log.own);
        let own = own.map(|own| KnownPlace { seq: own.seq, era: own.era });
        let early =
            self.reorder_buffer.of(id).into_iter().map(|entry| KnownPlace { seq: entry.seq, era: entry.era });
        read.into_iter().chain(own).chain(early).max_by_key(|known| known.seq)
    }

    /// The relay does not know the log any more, or no longer as this device does.
    pub(in crate::core) fn log_rolled_back(&mut self, id: &LogId) {
        let Some(log) = self.logs.get(id).filter(|log| log.stage != Stage::Dead) else { return };
        let (key, stage, delivered) = (log.conversation, log.stage, log.peer_delivered);
        if self.group_of(id).is_some() {
            return self.of_groups().group_log_rolled_back(id);
        }
        if stage == Stage::Creating {
            return self.end_log(id);
        }
        self.say_how_far(id);
        // A device that lacks more says so.
        self.retire(id, delivered);
        self.end_log(id);
        self.show_states(id);
        if self.is_own_conversation(&key) {
            self.ask_own_devices_for_all(key);
            self.tell_all();
            self.tell_lost_logs();
        }
    }

    /// Asks the account's other devices for everything: what they told in a log of their own conversation does not come any
    /// more; they tell all of it again in another log.
    pub(in crate::core) fn ask_own_devices_for_all(&mut self, key: ConversationKey) {
        let resync = Resync { log: EVERY_OTHER, after: Seq(0), reach: None, count: false };
        self.enqueue(key, Body::Resync(resync), None);
        self.pump(key.id());
    }

    /// Tells the account's other devices which logs were rolled back, if some do not know it.
    pub(in crate::core) fn tell_lost_logs(&mut self) {
        let lost =
            self.logs.values().filter(|log| !self.is_own_conversation(&log.conversation)).filter_map(|log| {
                let transcript = self.transcripts.get(&log.id).filter(|transcript| transcript.lost)?;
                Some(Sync::RolledBack(log.conversation, log.id, transcript.reach().clone()))
            });
        let lost: Vec<Sync> = lost.collect();
        for sync in lost {
            self.sync(sync);
        }
    }

    /// Another device has found that the relay has lost entries of a log.
    pub(in crate::core) fn heard_that_it_rolled_back(&mut self, id: &LogId, reach: &Reach) {
        let Some(stage) = self.logs.get(id).map(|log| log.stage) else { return };
        let common = self.transcripts.or_default(*id).reach().common(reach);
        if stage == Stage::Active {
            self.say_how_far(id);
        }
        self.retire(id, common);
        self.show_states(id);
    }

    /// Says once how far this device has read a log: then the others know what to send again.
    fn say_how_far(&mut self, id: &LogId) {
        let Some((key, cursor)) = self.logs.get(id).map(|log| (log.conversation, log.cursor)) else { return };
        let transcript = self.transcripts.or_default(*id);
        if std::mem::replace(&mut transcript.lost, true) {
            return;
        }
        transcript.asked = Some(cursor);
        let reach = transcript.reach().clone();
        self.save_transcript(id);
        self.resyncs.count(key, self.steady);
        if !self.is_own_conversation(&key) {
            // A device that joins the new log later does not read what was said in it before.
            self.sync(Sync::RolledBack(key, *id, reach.clone()));
            self.ask_for_rest(id);
        }
        self.enqueue(
            key,
            Body::Resync(Resync { log: *id, after: cursor, reach: Some(reach), count: false }),
            None,
        );
        // What this log said of other logs may be lost with it.
        self.say_again_how_far(id);
    }

    /// This device joined a log after others had written there, and did not read what they sent again in it: says again how
    /// far it has read the logs that this log replaces.
    pub(in crate::core) fn say_again_how_far(&mut self, id: &LogId) {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else { return };
        let logs = self.conversations.get(&key.id()).map(|c| c.logs.clone()).unwrap_or_default();
        for log in logs.into_iter().filter(|log| log != id) {
            if let Some(transcript) = self.transcripts.get(&log).filter(|transcript| transcript.lost) {
                let (after, reach) = (transcript.asked.unwrap_or_default(), Some(transcript.reach().clone()));
                self.enqueue(key, Body::Resync(Resync { log, after, reach, count: false }), None);
            }
        }
    }

    /// Whether a place is not the one that this device knows by that number, or may be another.
    pub(in crate::core) fn is_of_another_era(&self, place: &Place) -> bool {
        let reach = self.transcripts.get(&place.log).map(Transcript::reach);
        reach.zip(place.era).is_some_and(|(reach, era)| reach.is_another(place.seq, era))
    }

    /// The era in which the relay gave out a place of a log.
    fn era_at(&self, id: &LogId, seq: Seq) -> Option<Era> {
        let own = || self.logs.get(id)?.own.iter().find(|own| own.seq == seq).map(|own| own.era);
        let reach = self.transcripts.get(id).map(Transcript::reach);
        let forgotten = || reach.filter(|reach| reach.has_forgotten(seq)).map(|_| UNKNOWN_ERA);
        reach.and_then(|reach| reach.era_of(seq)).or_else(own).or_else(forgotten)
    }

    /// The era of a message's first place in a log. A message that came another way than by reading the log may have the
    /// number of another entry here.
    pub(in crate::core) fn era_of(&self, id: &LogId, message: &Message) -> Option<Era> {
        let elsewhere = self.late.elsewhere.get(id);
        let told = elsewhere.and_then(|elsewhere| elsewhere.era_of(&message.id));
        let forgotten = || elsewhere.and_then(|elsewhere| elsewhere.forgotten_era(message.seq));
        let by_number = || forgotten().or_else(|| self.era_at(id, message.seq));
        told.or_else(|| if message.log == *id { by_number() } else { Some(UNKNOWN_ERA) })
    }

    /// Whether the relay has lost an own message, and does not have it again.
    pub(in crate::core) fn waits_again(&self, id: &LogId, seq: Seq) -> bool {
        let Some(transcript) = self.transcripts.get(id).filter(|transcript| transcript.lost) else {
            return false;
        };
        let here = |body: &Body| matches!(body, Body::Again(again) if (again.place.log, again.place.seq) == (*id, seq));
        transcript.due.is_some_and(|after| seq > after) || self.outbox.values().any(|entry| here(&entry.body))
    }

    /// Shows the delivery states of own messages in a log that lost entries.
    pub(in crate::core) fn show_states(&mut self, id: &LogId) {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else { return };
        let places: Vec<Seq> =
            self.unread_by_peer.get(id).into_iter().flat_map(Table::keys).copied().collect();
        let states: Vec<(Seq, Delivery)> =
            places.into_iter().map(|seq| (seq, self.delivery(id, seq))).collect();
        let mut changed = Vec::new();
        if let Some(remembered) = self.unread_by_peer.get_mut(id) {
            for (seq, state) in states {
                if let Some(view) = remembered.get_mut(&seq).filter(|view| view.outgoing != Some(state)) {
                    view.outgoing = Some(state);
                    changed.push(view.clone());
                }
            }
        }
        self.changed.conversations.insert(key.id());
        self.changed.messages.or_default(key.id()).extend(changed);
    }
}
