//! Resync: replaces a log that cannot be used any more, because its keys are damaged, its entries are forged or missing, or
//! this device was rolled back to an older state. A new log takes its place, and each side sends again what it wrote in the
//! old log. Nothing stays unreadable (promise P9), and no device uses a key of the old log again.

use parley_protocol::ids::{AccountId, Era, LogId, MessageId, Seq, UnixMillis};

use crate::channel::log::{Log, Stage};
use crate::channel::transcript::{Agreement, Claim, SentAgain, Transcript};
use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::{Again, Body, Place, Resync};
use crate::domain::conversation::{ConversationKey, beside};
use crate::domain::message::{Message, MessageBody, order_of_key};
use crate::domain::outbox::OutboxEntry;
use crate::io::{LoadId, Record};
use crate::mls::credential::Leaf;
use crate::table::Table;
use crate::view::{ConversationId, Gap, Order, Warning};

/// Messages read at a time, and the most pages, to find those that must be sent again.
const PAGE: u32 = 100;
const MAX_PAGES: u32 = 50;
/// Between one resync with somebody and the next, in milliseconds: twice as long each time, at most ten minutes.
const FIRST_PAUSE: u64 = 2_000;
const LONGEST_PAUSE: u64 = 10 * 60 * 1000;
/// Texts that this device sends again to one person at once, and the milliseconds after which it may send one more. Somebody
/// who asks for everything over and over gets what a browser that was rolled back twice needs, and then 5,000 a day.
const RESENT_AT_ONCE: u64 = 5_000;
const RESENT_EVERY: u64 = 24 * 3_600_000 / 5_000;
/// The engine forgets resyncs after an hour without one.
const FORGOTTEN: u64 = 60 * 60 * 1000;

/// In a [`Resync`]: every log but the one in which it stands and those that were named before. No log has this id.
pub(in crate::core) const EVERY_OTHER: LogId = LogId([0; 16]);

/// Resyncs under way.
#[derive(Default)]
pub(in crate::core) struct Resyncs {
    resending: Table<LoadId, Resending>,
    recent: Table<ConversationKey, Recent>,
    resent: Table<ConversationKey, Resent>,
}

/// How many texts sent again to somebody still count, at a moment.
#[derive(Clone, Copy)]
struct Resent {
    count: u64,
    at: Moment,
}

impl Resent {
    fn left_at(self, now: Moment) -> u64 {
        self.count.saturating_sub(now.since(self.at) / RESENT_EVERY)
    }
}

/// Messages that the engine collects to send them again.
struct Resending {
    log: LogId,
    conversation: ConversationId,
    after: Seq,
    pages: u32,
    found: Vec<(Seq, MessageId, UnixMillis, Again)>,
    /// The number of texts by the account that asks.
    theirs: u32,
}

#[derive(Clone, Copy)]
struct Recent {
    count: u32,
    last: Moment,
}

impl Resyncs {
    /// How long a new log with this person must wait, in milliseconds: a relay that breaks every log must not make two
    /// devices use up each other's KeyPackages.
    pub(in crate::core) fn pause(&self, key: &ConversationKey, now: Moment) -> u64 {
        let Some(recent) = self.recent.get(key).filter(|recent| recent.count > 1) else {
            return 0;
        };
        let pause =
            FIRST_PAUSE.saturating_mul(1 << recent.count.min(12).saturating_sub(2)).min(LONGEST_PAUSE);
        pause.saturating_sub(now.since(recent.last))
    }

    pub(in crate::core) fn count(&mut self, key: ConversationKey, now: Moment) {
        let before = self.recent.get(&key).filter(|recent| now.since(recent.last) <= FORGOTTEN);
        let count = before.map_or(0, |recent| recent.count).saturating_add(1);
        self.recent.insert(key, Recent { count, last: now });
    }

    /// How long this device sends nothing again to this person, in milliseconds.
    fn resend_pause(&self, key: &ConversationKey, now: Moment) -> u64 {
        let count = self.resent.get(key).map_or(0, |resent| resent.left_at(now));
        (count.saturating_add(1)).saturating_sub(RESENT_AT_ONCE).saturating_mul(RESENT_EVERY)
    }

    /// Counts texts that are sent again to this person.
    fn resend(&mut self, key: ConversationKey, count: usize, now: Moment) {
        let before = self.resent.get(&key).map_or(0, |resent| resent.left_at(now));
        let count = before.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.resent.insert(key, Resent { count, at: now });
    }

    fn resends(&self, log: &LogId) -> bool {
        self.resending.values().any(|resending| resending.log == *log)
    }
}

impl Engine {
    /// Gives up a log whose entries up to `after` are right, and asks the other side to send again what stands after it.
    pub(in crate::core) fn abandon(&mut self, id: &LogId, after: Seq) {
        self.abandon_from(id, after, after);
    }

    /// As [`Engine::abandon`], if messages stand after `after` too, up to `taken`: messages that come again must not take
    /// their places.
    pub(in crate::core) fn abandon_from(&mut self, id: &LogId, after: Seq, taken: Seq) {
        let Some(log) = self.logs.get(id).filter(|log| log.stage != Stage::Dead) else {
            return;
        };
        let (key, stage) = (log.conversation, log.stage);
        if matches!(key, ConversationKey::Group(_)) {
            return self.of_groups().lose_place(id);
        }
        let transcript = self.transcripts.or_default(*id);
        if transcript.retired || stage == Stage::Creating {
            return self.end_log(id);
        }
        self.ask_again(id, key, after, taken);
        self.end_log(id);
    }

    /// Asks everybody to send again what they wrote in a log after a place.
    pub(in crate::core) fn ask_again(&mut self, id: &LogId, key: ConversationKey, after: Seq, taken: Seq) {
        self.transcripts.or_default(*id).asked = Some(taken);
        self.save_transcript(id);
        self.resyncs.count(key, self.steady);
        let resync = Resync { log: *id, after, reach: None, count: false };
        self.enqueue(key, Body::Resync(resync), None);
    }

    /// The group of a log cannot be used: its keys are damaged or gone.
    pub(in crate::core) fn broken(&mut self, id: &LogId) {
        let Some(cursor) = self.logs.get(id).map(|log| log.cursor) else {
            return;
        };
        self.gap(id, Gap::Damaged);
        self.abandon(id, cursor);
    }

    /// Compares the sender's history hash of the log with this device's own.
    pub(in crate::core) fn compare(&mut self, id: &LogId, from: &AccountId, claim: Option<&Claim>) {
        let Some(claim) = claim else {
            return;
        };
        let in_group = self.group_of(id).is_some();
        let transcript = self.transcripts.or_default(*id);
        match transcript.judge(claim) {
            Agreement::Unknown | Agreement::SameEpoch => {}
            Agreement::Same => transcript.agreed = transcript.agreed.max(claim.seq),
            Agreement::Different if in_group => self.group_differs(id),
            Agreement::Different => {
                let (after, taken) = (transcript.agreed, transcript.at());
                if let Some(contact) = self.contacts.get_mut(from) {
                    contact.warning.get_or_insert(Warning::DifferentMessages);
                    self.save_contact(from);
                }
                self.store_gap(id, after.next(), self.reached(id), Gap::Missing);
                self.abandon_from(id, after, taken);
            }
        }
    }

    /// Handles a resync from somebody who cannot use a log any more or, in `here`, says that they know no logs other than
    /// those they have named. The sender is the contact, or another device of this account, which asks for what this account
    /// wrote.
    pub(in crate::core) fn resync_came(&mut self, from: &Leaf, resync: &Resync, at: At) {
        let here = at.log;
        let Some((key, peer)) = self.logs.get(&here).and_then(|log| Some((log.conversation, log.peer()?)))
        else {
            return;
        };
        self.doubt_longer(&key);
        let counts = resync.count && !self.is_own_account(&from.account) && self.consents_to(&peer);
        if resync.log == EVERY_OTHER {
            let logs = self.conversations.get(&key.id()).map(|c| c.logs.clone()).unwrap_or_default();
            let named = self.take_named(&here);
            for log in logs.into_iter().filter(|id| *id != here && !named.contains(id)) {
                if counts {
                    self.count_due(&log);
                }
                self.retire(&log, Seq(0));
            }
            if self.is_own_account(&peer) {
                self.tell_everything(&from.device);
            }
            return;
        }
        match self.logs.get(&resync.log) {
            Some(log) if log.conversation == key => {
                self.is_named(&here, &resync.log);
                if counts {
                    self.count_due(&resync.log);
                }
                match &resync.reach {
                    Some(reach) => self.heard_that_it_rolled_back(&resync.log, reach),
                    None => self.retire(&resync.log, resync.after),
                }
            }
            Some(_) => {}
            None => {
                self.heard_of_unknown(&resync.log, key);
                self.unknown_log_retired(&key, at);
            }
        }
    }

    /// Retires a log: nothing new goes into it, and this device sends again what it wrote there after a place, and also this
    /// person's name.
    pub(in crate::core) fn retire(&mut self, id: &LogId, after: Seq) {
        let peer = self.logs.get(id).and_then(Log::peer);
        if let Some(contact) = peer.and_then(|peer| self.contacts.get_mut(&peer)) {
            contact.profile_sent = 0;
            let account = contact.account();
            self.save_contact(&account);
        }
        self.take_named(id);
        let again =
            self.transcripts.get(id).map(|transcript| transcript.again_after(after)).unwrap_or_default();
        self.due_again(id, after);
        // The other side did not read in this log what was sent again there either.
        for (log, after) in again.iter() {
            self.due_again(log, *after);
        }
    }

    pub(in crate::core) fn due_again(&mut self, id: &LogId, after: Seq) {
        let transcript = self.transcripts.or_default(*id);
        transcript.retired = true;
        transcript.due = Some(transcript.due.map_or(after, |before| before.min(after)));
        self.save_transcript(id);
        if let Some(key) = self.logs.get(id).map(|log| log.conversation) {
            self.tell_receipts_again(&key);
        }
        self.resend_due(id);
    }

    /// Begins to send again what the other side asked for, once nothing more is on its way into the old log.
    pub(in crate::core) fn resend_due(&mut self, id: &LogId) {
        let Some(after) = self.transcripts.get(id).and_then(|transcript| transcript.due) else {
            return;
        };
        let under_way = self.outbox.values().any(|entry| entry.sealed.as_ref().is_some_and(|s| s.log == *id));
        let Some(log) = self.logs.get(id).filter(|_| !under_way && !self.resyncs.resends(id)) else {
            return;
        };
        let (conversation, pause) =
            (log.conversation.id(), self.resyncs.resend_pause(&log.conversation, self.steady));
        if pause > 0 {
            return self.retry_later(u32::try_from(pause).unwrap_or(u32::MAX));
        }
        self.collect(
            Resending { log: *id, conversation, after, pages: 0, found: Vec::new(), theirs: 0 },
            None,
        );
    }

    fn collect(&mut self, resending: Resending, before: Option<&Order>) {
        let id = self.read_messages(&resending.conversation, before, PAGE);
        self.resyncs.resending.insert(id, resending);
    }

    /// A page of history came; returns whether it was for a resync.
    pub(in crate::core) fn collected(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(mut resending) = self.resyncs.resending.remove(&id) else {
            return false;
        };
        resending.pages = resending.pages.saturating_add(1);
        let more =
            u32::try_from(records.len()).is_ok_and(|count| count >= PAGE) && resending.pages < MAX_PAGES;
        let (mut oldest, mut reached) = (None, false);
        for record in records {
            oldest = order_of_key(&record.key).or(oldest);
            let Some(message) = self.kept(&resending.conversation, record) else { continue };
            if message.log == resending.log || message.log == beside(&resending.log) {
                reached |= message.seq <= resending.after;
                let era = self.era_of(&resending.log, &message);
                let own = self.is_mine(&message);
                resending.take(message, own, era);
            }
        }
        match oldest {
            Some(oldest) if more && !reached => self.collect(resending, Some(&oldest)),
            _ => {
                let all = reached || resending.pages < MAX_PAGES;
                self.send_again(resending, all);
            }
        }
        true
    }

    /// Sends the collected messages again; `all` says whether these are all that the other side asked for.
    fn send_again(&mut self, resending: Resending, all: bool) {
        let Some(key) = self.logs.get(&resending.log).map(|log| log.conversation) else {
            return;
        };
        if let Some(transcript) = self.transcripts.get_mut(&resending.log) {
            if transcript.due.is_some_and(|due| due < resending.after) {
                // The other side asked for more while this was collected.
                return self.resend_due(&resending.log);
            }
            transcript.due = None;
        }
        self.save_transcript(&resending.log);
        self.resyncs.resend(key, resending.found.len(), self.steady);
        for (_, id, time, again) in resending.found {
            self.enqueue_as(key, id, time, Body::Again(again), None);
        }
        // Only a device that would have such texts can say that there are none.
        let knows = resending.theirs > 0 || all && self.has_all_of(&key, &resending.log);
        if self.take_due_count(&resending.log) && knows {
            self.tell_what_stands(key, resending.log, resending.theirs);
        }
        self.pump(resending.conversation);
    }

    /// Whether this device has every message that was written in a log.
    fn has_all_of(&self, key: &ConversationKey, log: &LogId) -> bool {
        self.was_in_from_the_start(log) && !self.has_deleted(key)
    }

    /// The place of a message that is sent again: its first place, if this device asked for the message there.
    pub(in crate::core) fn place_of(&self, id: &LogId, place: &Place, at: At) -> At {
        let (here, there) = (self.logs.get(id), self.logs.get(&place.log));
        let same = here.zip(there).is_some_and(|(here, there)| here.conversation == there.conversation);
        let asked = self.transcripts.get(&place.log).and_then(|transcript| transcript.asked);
        let missing = |after: Seq| place.seq > after || self.is_of_another_era(place);
        let missing = asked.is_some_and(missing) || self.is_before_this_device(place);
        let fits = same && missing && place.stored <= at.stored;
        // The sender says when the message was stored: not before what this device has read of that log.
        let stored = self.reached_at_most(&place.log, place.stored, at.stored);
        let elsewhere = self.late.elsewhere.get(&place.log);
        let taken = elsewhere.is_some_and(|elsewhere| elsewhere.is_taken(place.seq, place.era));
        match (fits, taken) {
            (false, _) => at,
            (true, true) => At { stored, ..at },
            (true, false) => At { log: beside(&place.log), seq: place.seq, stored },
        }
    }

    /// Notes a message that is sent again; returns whether it came again before, or with history.
    pub(in crate::core) fn note_resent(&mut self, message: &MessageId) -> bool {
        if self.resent_messages.has_history(message) {
            return true;
        }
        let new = self.resent_messages.insert(message);
        if new {
            self.save_came_again();
        }
        !new
    }

    /// Whether a message came or went before, in this log or in another of the conversation.
    pub(in crate::core) fn has_seen(&self, id: &LogId, message: &MessageId) -> bool {
        self.logs.get(id).is_some_and(|log| self.has_seen_with(&log.conversation, message))
    }

    /// Whether a message came or went before in any log of a conversation.
    pub(in crate::core) fn has_seen_with(&self, key: &ConversationKey, message: &MessageId) -> bool {
        let conversation = self.conversations.get(&key.id());
        let mut logs = conversation.iter().flat_map(|conversation| &conversation.logs);
        logs.any(|log| self.transcripts.get(log).is_some_and(|transcript| transcript.has_seen(message)))
    }

    /// Whether this device read a message that is sent again at its first place, in a log of which it never missed anything:
    /// then somebody else asked for the message.
    pub(in crate::core) fn has_read(&self, id: &LogId, place: &Place) -> bool {
        let (here, there) = (self.logs.get(id), self.logs.get(&place.log));
        let complete = |transcript: &Transcript| transcript.asked.is_none() || transcript.lost;
        self.transcripts.get(&place.log).is_some_and(complete)
            && !self.is_of_another_era(place)
            && !self.is_before_this_device(place)
            && here.zip(there).is_some_and(|(here, there)| {
                here.conversation == there.conversation && place.seq <= there.cursor
            })
    }

    /// Another device of the account has sent a message again: this device need not.
    pub(in crate::core) fn was_sent_again(&mut self, message: &MessageId) {
        let again = |entry: &OutboxEntry| {
            entry.id == *message && entry.sealed.is_none() && matches!(entry.body, Body::Again(_))
        };
        let numbers: Vec<u64> =
            self.outbox.iter().filter(|(_, entry)| again(entry)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.is_sent(number);
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
    }

    /// The relay has stored a message that was sent again in its new log.
    pub(in crate::core) fn stored_again(&mut self, log: LogId, seq: Seq, place: &Place) {
        let again = SentAgain { seq, log: place.log, first: place.seq };
        self.transcripts.or_default(log).sent_again(again);
        self.save_transcript(&log);
        if self.transcripts.get(&place.log).is_some_and(|transcript| transcript.lost) {
            self.show_states(&place.log);
        }
    }

    /// A receipt in `id` also covers messages that were sent again there; returns the places in their first logs up to which
    /// it does.
    pub(in crate::core) fn again_up_to(&self, id: &LogId, seq: Seq) -> Table<LogId, Seq> {
        let mut places = Table::<LogId, Seq>::new();
        for again in self.transcripts.get(id).into_iter().flat_map(|transcript| &transcript.again) {
            if again.seq <= seq {
                let place = places.or_default(again.log);
                *place = again.first.max(*place);
            }
        }
        places
    }
}

impl Resending {
    fn take(&mut self, message: Message, own: bool, era: Option<Era>) {
        let MessageBody::Part(part) = message.body else { return };
        if message.seq <= self.after {
            return;
        }
        if own {
            let place = Place { log: self.log, seq: message.seq, stored: message.stored, era };
            // Messages come newest first.
            let after = self.found.partition_point(|(seq, ..)| *seq <= message.seq);
            self.found.insert(after, (message.seq, message.id, message.time, Again { place, part }));
        } else {
            self.theirs = self.theirs.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_who_asks_for_everything_over_and_over_gets_a_bounded_number_of_texts() {
        let [eve, bob] = [1, 2].map(|number| ConversationKey::Peer(AccountId([number; 32])));
        let (start, mut resyncs) = (Moment::default(), Resyncs::default());
        resyncs.resend(eve, 4_999, start);
        assert_eq!(resyncs.resend_pause(&eve, start), 0, "what one browser needs that was rolled back");
        resyncs.resend(eve, 5_000, start);
        let pause = resyncs.resend_pause(&eve, start);
        assert_eq!(pause, 5_000 * RESENT_EVERY, "until there is room for one");
        assert_eq!(resyncs.resend_pause(&bob, start), 0, "nobody waits for another");
        assert!(resyncs.resend_pause(&eve, start.after(pause - 1)) > 0);
        assert_eq!(resyncs.resend_pause(&eve, start.after(pause)), 0);
        resyncs.resend(eve, 1, start.after(pause));
        assert_eq!(resyncs.resend_pause(&eve, start.after(pause)), RESENT_EVERY);
    }
}
