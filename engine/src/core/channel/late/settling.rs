//! Settles a late join when no device of the account has what stands in the log before this device's place. Each author sends
//! its messages again, and says how many texts of this account stand there. If this device has that many, nothing is missing
//! and the marker goes. If it has fewer, the marker stays: nobody is left who could send them.

use parley_protocol::ids::{LogId, Seq};

use super::{MAX_PAGES, PAGE};
use crate::channel::late::ALL;
use crate::core::Engine;
use crate::domain::content::{Body, Resync, Stand};
use crate::domain::conversation::{ConversationKey, beside};
use crate::domain::message::{Message, order_of_key};
use crate::io::{LoadId, Record};
use crate::view::Order;

/// The count of own texts of a log on this device, under way.
pub(super) struct Counting {
    load: LoadId,
    log: LogId,
    pages: u32,
    own: u32,
}

impl Engine {
    /// No device of the account has what stands in a log before this device's place: asks the contact.
    pub(super) fn nobody_was_there(&mut self, log: &LogId) {
        let Some(hole) = self.late.holes.get_mut(log) else { return };
        hole.closed = true;
        let (key, young, is_marked) = (hole.conversation, hole.young, hole.marker.is_some());
        if hole.upto != ALL && !is_marked {
            self.late.holes.remove(log);
        }
        self.save_holes();
        // If the log may be older than this device, its history is not what the person chose.
        if young {
            let resync = Resync { log: *log, after: Seq(0), reach: None, count: true };
            self.enqueue(key, Body::Resync(resync), None);
            self.retire(log, Seq(u64::MAX));
            self.pump(key.id());
        }
    }

    /// A contact has sent again what it wrote in a log, and says how many own texts stand there.
    pub(in crate::core) fn all_came_again(&mut self, stand: &Stand) {
        let waits = self.late.holes.get_mut(&stand.log).filter(|hole| hole.closed && hole.marker.is_some());
        if let Some(hole) = waits {
            hole.told = hole.told.max(Some(stand.yours));
            self.save_holes();
        }
    }

    /// Counts the own texts of a log of which the contact has told.
    pub(super) fn settle_markers(&mut self) {
        if self.late.counting.is_some() {
            return;
        }
        let told = self.late.holes.iter().find(|(_, hole)| hole.closed && hole.told.is_some());
        if let Some((log, key)) = told.map(|(log, hole)| (*log, hole.conversation)) {
            self.count_on(log, &key, (0, 0), None);
        }
    }

    fn count_on(
        &mut self,
        log: LogId,
        key: &ConversationKey,
        (pages, own): (u32, u32),
        before: Option<&Order>,
    ) {
        let load = self.read_messages(&key.id(), before, PAGE);
        self.late.counting = Some(Counting { load, log, pages: pages.saturating_add(1), own });
    }

    /// A page of history came; returns whether it was for counting.
    pub(in crate::core) fn own_texts_counted(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(counting) = self.late.counting.take_if(|counting| counting.load == id) else { return false };
        let Counting { log, pages, mut own, .. } = counting;
        let Some(key) = self.late.holes.get(&log).map(|hole| hole.conversation) else { return true };
        let mut oldest = None;
        for record in records {
            oldest = order_of_key(&record.key).or(oldest);
            let message = self.kept(&key.id(), record);
            let counts = message.is_some_and(|message| self.is_mine(&message) && stands_in(&message, &log));
            own = own.saturating_add(u32::from(counts));
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        match oldest {
            Some(oldest) if full && pages < MAX_PAGES => {
                self.count_on(log, &key, (pages, own), Some(&oldest));
            }
            _ => self.settle_marker(&log, own),
        }
        true
    }

    fn settle_marker(&mut self, log: &LogId, own: u32) {
        let Some(hole) = self.late.holes.remove(log) else { return };
        self.save_holes();
        if let Some((order, shown)) = hole.marker.filter(|_| hole.told.is_some_and(|told| own >= told)) {
            self.take_marker_out(hole.conversation, order, shown);
        }
    }
}

fn stands_in(message: &Message, log: &LogId) -> bool {
    let of_log = message.log == *log || message.log == beside(log);
    of_log && message.part().is_some()
}
