//! Asks the account's other devices for own texts that the backup lacks, when the account comes back by its phrase. The
//! returning device asks a device before it removes that device, which then has little time to answer: nothing that a device
//! signs after its removal counts. The returning device tells it nothing but the question. If a contact says that there were
//! more such texts than came, a marker stands in the chat until they have come.

use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{DeviceId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::{Body, Stand, Sync};
use crate::domain::conversation::{ConversationKey, beside, marked};
use crate::records::keys;
use crate::table::Table;
use crate::view::{Gap, Order};

/// This device waits for a device that it is to remove no longer than this after the last message, in milliseconds.
const QUIET: u64 = 8_000;
/// Until this device knows what the backup has, and so what to ask for, it checks again after this time.
const SOON: u64 = 250;
/// However much the device says, it is removed after this time.
const LONGEST: u64 = 120_000;
/// Most logs in which this device counts own texts.
const MOST_LOGS: usize = 1_024;

/// The wait for the devices to be removed. Begins again after a restart.
#[derive(Default)]
pub(in crate::core) struct Wait {
    began: Option<Moment>,
    heard: Option<Moment>,
    asked: bool,
    /// Devices that have handed over everything.
    done: Vec<DeviceId>,
}

/// Own texts of a log that the backup lacks: those that came, and how many a contact has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::core) struct Own {
    came: Vec<MessageId>,
    told: u32,
    marker: Option<Marker>,
}

impl Own {
    fn is_short(&self) -> bool {
        u32::try_from(self.came.len()).is_ok_and(|came| came < self.told)
    }
}

/// The marker in the chat that says that some are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    log: LogId,
    seq: Seq,
    stored: UnixMillis,
    shown: MessageId,
}

/// By log. Only on a device that brought the account back.
pub(in crate::core) type OwnTexts = Table<LogId, Own>;

/// Whether this device can keep what a contact says of a log: contacts may name logs that this device does not know.
fn has_room(own_texts: &OwnTexts, log: &LogId) -> bool {
    own_texts.contains_key(log) || own_texts.len() < MOST_LOGS
}

impl Engine {
    /// Whether the devices to be removed had their chance to hand over what only they have.
    pub(super) fn handing_over_is_over(&mut self) -> bool {
        let lost = self.lost_devices();
        let now = self.steady;
        let Some(returning) = &mut self.returning else { return true };
        let wait = &mut returning.wait;
        if lost.iter().all(|device| wait.done.contains(device)) {
            return true;
        }
        let all = now.since(*wait.began.get_or_insert(now));
        // A device that was not asked yet is not silent.
        let quiet = if wait.asked { now.since(*wait.heard.get_or_insert(now)) } else { 0 };
        if all >= LONGEST || quiet >= QUIET {
            return true;
        }
        // The contents of the backup are known by now: asks for the rest.
        let ask = returning.left.is_some() && !std::mem::replace(&mut wait.asked, returning.left.is_some());
        if ask {
            wait.heard = Some(now);
        }
        let left = if wait.asked { (LONGEST - all).min(QUIET - quiet) } else { SOON };
        self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
        if ask {
            let places = self.manifest.logs.iter().map(|(log, place)| (*log, place.seq)).collect();
            self.sync(Sync::Lacks(Some(places)));
        }
        false
    }

    /// The connection ended: silence while no device could answer does not count.
    pub(in crate::core) fn wait_anew(&mut self) {
        if let Some(returning) = &mut self.returning {
            (returning.wait.began, returning.wait.heard) = (None, None);
        }
    }

    /// The account's other devices, if they are to be removed.
    pub(super) fn lost_devices(&self) -> Vec<DeviceId> {
        let own = self.account.as_ref().map(|account| account.device);
        let alone = self.returning.as_ref().is_some_and(|returning| returning.alone);
        let devices = self.own_log.iter().filter(|_| alone).flat_map(DeviceLog::devices);
        devices.map(|device| device.id).filter(|id| Some(*id) != own).collect()
    }

    /// Whether this device holds back what it would write: a device that is to be removed could read it.
    pub(in crate::core) fn holds_back(&self, key: &ConversationKey) -> bool {
        self.returning.is_some() && !self.is_own_conversation(key) && !self.lost_devices().is_empty()
    }

    /// Whether this device may send a message to its account: to devices that are to be removed it sends only the question
    /// for what it lacks.
    pub(in crate::core) fn may_tell(&self, sync: &Sync) -> bool {
        let lost = self.returning.as_ref().is_some_and(|returning| returning.alone);
        !lost || matches!(sync, Sync::Lacks(_))
    }

    /// A device of the account sent a message: if it is to be removed, it gets a little more time.
    pub(in crate::core) fn lost_device_spoke(&mut self, from: &DeviceId, last: bool) {
        let now = self.steady;
        let Some(returning) = self.returning.as_mut().filter(|returning| returning.alone) else { return };
        returning.wait.heard = Some(now);
        if last && !returning.wait.done.contains(from) {
            returning.wait.done.push(*from);
            self.of_account().go_on_returning();
        }
    }

    /// A device that came back by the phrase lacks own texts after these places, or everything. It gets what the phrase opens
    /// anyway; without a backup this device asks the person first (`accept_device`).
    pub(in crate::core) fn lacks_came(&mut self, from: &DeviceId, places: Option<Table<LogId, Seq>>) {
        if self.phrase_opens_all() || !self.notes.is_fresh(from) {
            self.share_with_returned(places);
        }
    }

    /// An own text came, from another device or from a file; it counts if the backup lacks it.
    pub(in crate::core) fn own_text_came(&mut self, log: &LogId, seq: Seq, id: MessageId) {
        let asked = |log: &LogId| self.transcripts.get(log).and_then(|transcript| transcript.asked);
        let in_backup = asked(log).or_else(|| asked(&beside(log))).is_some_and(|after| seq <= after);
        if in_backup || !self.is_back() {
            return;
        }
        let log = if self.own_texts.contains_key(&beside(log)) { beside(log) } else { *log };
        let came = &mut self.own_texts.or_default(log).came;
        if came.contains(&id) {
            return;
        }
        came.push(id);
        self.save(keys::OWN_TEXTS, &self.own_texts);
        self.show_whether_all_came(&log, None);
    }

    /// A contact says how many own texts stand in a log.
    pub(in crate::core) fn stand_came(&mut self, stand: &Stand, at: At) {
        let conversation = |log: &LogId| self.logs.get(log).map(|log| log.conversation);
        // A contact may speak of a log that this device does not know, which may be newer than the backup; not of another
        // contact's log.
        let is_theirs = conversation(&stand.log).is_none_or(|of| Some(of) == conversation(&at.log));
        if is_theirs {
            self.all_came_again(stand);
        }
        let fits = has_room(&self.own_texts, &stand.log);
        if !self.is_back() || !is_theirs || !fits || stand.yours == 0 {
            return;
        }
        let own = self.own_texts.or_default(stand.log);
        own.told = own.told.max(stand.yours);
        self.save(keys::OWN_TEXTS, &self.own_texts);
        self.show_whether_all_came(&stand.log, Some(at));
    }

    /// Whether this device brought the account back, or is about to.
    fn is_back(&self) -> bool {
        self.returning.is_some() || self.state.get_bytes(keys::OWN_TEXTS).is_some()
    }

    /// From now on this device counts own texts.
    pub(super) fn begin_to_count(&self) {
        self.save(keys::OWN_TEXTS, &self.own_texts);
    }

    /// Sets or removes the marker.
    fn show_whether_all_came(&mut self, log: &LogId, at: Option<At>) {
        let Some(own) = self.own_texts.get(log) else { return };
        let marker = match (own.is_short(), own.marker, at) {
            (true, None, Some(At { log, seq, stored })) => {
                let shown = self.store_marker(&log, seq, stored, Gap::Elsewhere);
                Some(Marker { log, seq, stored, shown })
            }
            (false, Some(marker), _) => {
                self.take_marker_away(&marker);
                None
            }
            _ => return,
        };
        self.own_texts.or_default(*log).marker = marker;
        self.save(keys::OWN_TEXTS, &self.own_texts);
    }

    fn take_marker_away(&mut self, marker: &Marker) {
        let Some(key) = self.logs.get(&marker.log).map(|log| log.conversation) else { return };
        let order = Order::of_marker(marker.stored, marker.seq, marked(&marker.log));
        self.take_marker_out(key, order, marker.shown);
    }

    /// Tells an account that asked how many of its texts stand in a log after the place that it knows.
    pub(in crate::core) fn tell_what_stands(&mut self, key: ConversationKey, log: LogId, yours: u32) {
        self.enqueue(key, Body::Stand(Stand { log, yours }), None);
    }

    /// An account wants this count once what it lacks is collected.
    pub(in crate::core) fn count_due(&mut self, log: &LogId) {
        self.counts.insert(*log);
        self.save(keys::COUNTS, &self.counts);
    }

    pub(in crate::core) fn take_due_count(&mut self, log: &LogId) -> bool {
        let owed = self.counts.contains(log);
        self.counts.remove(log);
        if owed {
            self.save(keys::COUNTS, &self.counts);
        }
        owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_a_contact_makes_no_more_be_counted_than_so_many_logs() {
        let log = |number: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            LogId(bytes)
        };
        let mut own_texts = OwnTexts::new();
        for number in 0..MOST_LOGS {
            assert!(has_room(&own_texts, &log(number)));
            own_texts.or_default(log(number)).told = u32::MAX;
        }
        assert!(!has_room(&own_texts, &log(MOST_LOGS)));
        assert!(has_room(&own_texts, &log(0)), "of one that is counted more may be said");
    }

    #[test]
    fn what_is_counted_is_pinned_and_enough_when_all_came() {
        let (log, shown) = (LogId([7; 16]), MessageId([6; 16]));
        let marker = Some(Marker { log, seq: Seq(300), stored: UnixMillis(9), shown });
        let mut own = Own { told: 2, marker, ..Own::default() };
        own.came.push(MessageId([5; 16]));
        assert!(own.is_short());
        let table: OwnTexts = Table::from(vec![(log, own.clone())]);
        let bytes = postcard::to_allocvec(&table).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<OwnTexts>(&bytes).unwrap(), table);
        own.came.push(MessageId([4; 16]));
        assert!(!own.is_short());
    }
}
