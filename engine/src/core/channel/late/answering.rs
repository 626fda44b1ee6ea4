//! Answers late joins of the account's other devices: once this device has read far enough itself, it sends the messages that
//! the other device lacks.

use parley_protocol::ids::{DeviceId, Era, LogId, Seq, UnixMillis};

use super::{MAX_PAGES, PAGE};
use crate::channel::late::{ALL, AllMadeUp, Lacking, MadeUp};
use crate::channel::log::{Log, Stage};
use crate::channel::transcript::{Transcript, short};
use crate::core::Engine;
use crate::domain::content::Sync;
use crate::domain::conversation::{ConversationKey, beside};
use crate::domain::message::{Message, order_of_key};
use crate::io::{LoadId, Record};
use crate::records::keys;
use crate::table::Table;
use crate::view::Order;

/// The device that asks, and the conversation whose messages it lacks.
type Asker = (DeviceId, ConversationKey);

/// What other devices wait for.
#[derive(Default)]
pub(in crate::core) struct Answering {
    /// As stored: after a restart this device answers from the beginning.
    pub(in crate::core) due: Table<Asker, Lacking>,
    reading: Table<LoadId, Reading>,
    /// The place from which reading goes on: the engine sends first what it has read.
    paused: Option<(Reading, Order)>,
}

struct Reading {
    asker: Asker,
    since: UnixMillis,
    pages: u32,
    /// The logs that the answer covers.
    logs: Vec<LogId>,
}

impl Engine {
    /// Another device lacks something. Its last question replaces earlier ones.
    pub(in crate::core) fn lacking_came(&mut self, from: &DeviceId, lacking: Lacking) {
        let asker = (*from, lacking.conversation);
        self.late.answering.reading.retain(|_, reading| reading.asker != asker);
        self.late.answering.paused.take_if(|(reading, _)| reading.asker == asker);
        self.late.answering.due.insert(asker, lacking);
        self.save_owed();
    }

    fn save_owed(&self) {
        self.save(keys::LACKING, &self.late.answering.due);
    }

    pub(super) fn answer_who_lacks(&mut self) {
        if self.late.answering.paused.is_some() {
            if !self.sends_own_devices_enough()
                && let Some((reading, before)) = self.late.answering.paused.take()
            {
                let key = reading.asker.1;
                self.read_for(reading, key, Some(&before));
            }
            return;
        }
        let Answering { due, reading, .. } = &self.late.answering;
        if due.is_empty() || !reading.is_empty() || self.own_conversation_log().is_none() {
            return;
        }
        let askers: Vec<Asker> = due.keys().copied().collect();
        for asker in askers {
            let (device, key) = asker;
            if self.other_devices().all(|other| other != device) {
                self.late.answering.due.remove(&asker);
                self.save_owed();
                continue;
            }
            // A device that came back by the phrase gets what the phrase opens; without a backup this device asks the person
            // first.
            let entitled = self.phrase_opens_all() || !self.notes.is_fresh(&device);
            let Some(lacking) = self.late.answering.due.get(&asker) else { continue };
            let logs: Vec<(LogId, Seq)> =
                lacking.logs.iter().filter(|asked| self.can_answer(asked)).copied().collect();
            let ready = entitled && !logs.is_empty();
            if ready && logs.iter().all(|(log, upto)| self.has_read_up_to(log, *upto)) {
                // Whatever the other device says, it gets messages from before it was in the account only as the person
                // chose.
                let since = lacking.since.max(self.belongs_since(&device));
                let logs = logs.into_iter().map(|(log, _)| log).collect();
                return self.read_for(Reading { asker, since, pages: 0, logs }, key, None);
            }
        }
    }

    /// Whether this device can answer about a log. If another device was added to the log and this one not yet, this device
    /// answers once it is added, or hears that the log is gone.
    fn can_answer(&self, (log, upto): &(LogId, Seq)) -> bool {
        *upto == ALL || self.logs.contains_key(log) || self.late.holes.contains_key(log)
    }

    /// Whether this device has read a log up to a place.
    fn has_read_up_to(&self, log: &LogId, upto: Seq) -> bool {
        let caught_up = || {
            let live = self.live.get(log).copied().unwrap_or_default();
            self.logs.get(log).is_some_and(|log| live.subscribed && log.cursor >= live.head)
        };
        self.logs.get(log).is_none_or(|known| {
            known.stage == Stage::Dead || known.cursor >= upto || upto == ALL && caught_up()
        })
    }

    fn read_for(&mut self, reading: Reading, key: ConversationKey, before: Option<&Order>) {
        let id = self.read_messages(&key.id(), before, PAGE);
        self.late.answering.reading.insert(id, reading);
    }

    /// A page of history came; returns whether it was for a device that lacks messages.
    pub(in crate::core) fn read_for_others(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(mut reading) = self.late.answering.reading.remove(&id) else { return false };
        let (device, key) = reading.asker;
        let Some(lacking) = self.late.answering.due.get(&reading.asker) else { return true };
        reading.pages = reading.pages.saturating_add(1);
        let (mut oldest, mut over) = (None, false);
        let mut messages = Vec::new();
        for record in records {
            oldest = order_of_key(&record.key).or(oldest);
            let Some(message) = self.kept(&key.id(), record) else { continue };
            over |= message.stored < reading.since;
            if !over && is_lacking(lacking, &message) {
                messages.push(message);
            }
        }
        for history in self.history_parts(key, messages) {
            let eras = history.messages.iter().map(|message| self.era_here(message)).collect();
            let standing = self.standing.get(&key.id());
            let unread = |message: &Message| standing?.unread_at(&message.order());
            let unread = history.messages.iter().map(unread).collect();
            self.sync(Sync::MadeUp(Box::new(MadeUp { to: device, history, eras, unread })));
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        match oldest {
            Some(oldest) if full && !over && reading.pages < MAX_PAGES => {
                self.late.answering.paused = Some((reading, oldest));
            }
            _ => self.that_was_all(reading.asker, &reading.logs),
        }
        true
    }

    fn era_here(&self, message: &Message) -> Option<Era> {
        let logs = [message.log, beside(&message.log)];
        logs.iter().find(|log| self.logs.contains_key(log)).and_then(|log| self.era_of(log, message))
    }

    fn that_was_all(&mut self, asker: Asker, answered: &[LogId]) {
        let Some(mut lacking) = self.late.answering.due.remove(&asker) else { return };
        lacking.logs.retain(|(log, _)| !answered.contains(log));
        if !lacking.logs.is_empty() {
            self.late.answering.due.insert(asker, lacking);
        }
        self.save_owed();
        let logs = answered.iter().map(|log| (*log, self.was_in_from_the_start(log))).collect();
        let (to, key) = asker;
        let standing = self.standing.get(&key.id());
        let read_of =
            |log: &Log| (log.id, standing.map_or(log.read, |standing| standing.read_of(&log.id, log.read)));
        let of_peer = self.logs.values().filter(|log| log.conversation == key).map(read_of);
        let read = of_peer.filter(|(_, upto)| *upto > Seq(0)).collect();
        self.sync(Sync::AllMadeUp(AllMadeUp { to, logs, read }));
    }

    /// Whether this device was in a log from its first entry on: then messages that it has not read come again.
    pub(in crate::core) fn was_in_from_the_start(&self, log: &LogId) -> bool {
        let began = self.transcripts.get(log).map(Transcript::begins_late);
        self.logs.contains_key(log) && began == Some(false)
    }
}

/// Whether another device lacks a text and does not read it in the log itself.
fn is_lacking(lacking: &Lacking, message: &Message) -> bool {
    let reads = lacking.reads.iter().any(|(log, after)| message.log == *log && message.seq > *after);
    let known = lacking.known.contains(&short(message.id.as_bytes()));
    !reads && !known && message.part().is_some()
}
