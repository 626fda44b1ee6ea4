//! Sends and applies delivery and read receipts: one receipt says "everything up to here", and waits a moment for more
//! messages.

use parley_protocol::ids::{LogId, Seq};
use serde::{Deserialize, Serialize};

use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::domain::content::{Body, Receipt, ReceiptOf};
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::domain::outbox::OutboxEntry;
use crate::records::keys;
use crate::table::Table;
use crate::view::{Delivery, MessageView};

/// How long receipts wait for further messages, in milliseconds.
const PAUSE: u64 = 250;
/// Own messages of each log whose state stays in memory for live changes.
const MAX_REMEMBERED: usize = 500;
/// Receipts of other logs in one message.
const AT_ONCE: usize = 256;
/// Most receipts of logs of one conversation in which this device is not, or not yet, and of all such logs.
const MOST_OF_ONE: usize = 64;
const MOST_OF_ALL: usize = 8 * 1024;

/// Receipts that another device of the account told, of logs that this device cannot read, or not yet. As stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::core) struct ToldReceipts(Table<LogId, ToldReceipt>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ToldReceipt {
    conversation: ConversationKey,
    receipt: Receipt,
    /// Grows with each told receipt: the log that was told longest ago makes room.
    told: u64,
}

impl ToldReceipts {
    /// Stores a receipt that an own device tells. A log belongs to the conversation that was named first for it.
    fn tell(&mut self, key: ConversationKey, log: LogId, receipt: Receipt) {
        let told = self.0.values().map(|known| known.told).max().map_or(0, |last| last.saturating_add(1));
        let known = self.0.or_insert_with(log, || ToldReceipt { conversation: key, receipt, told });
        if known.conversation == key {
            *known = ToldReceipt { conversation: key, receipt: known.receipt.max(receipt), told };
        }
        if self.0.values().filter(|known| known.conversation == key).count() > MOST_OF_ONE {
            self.forget_oldest(|known| known.conversation == key);
        }
        if self.0.len() > MOST_OF_ALL {
            self.forget_oldest(|_| true);
        }
    }

    fn forget_oldest(&mut self, among: impl Fn(&ToldReceipt) -> bool) {
        let oldest = self.0.iter().filter(|(_, known)| among(known)).min_by_key(|(_, known)| known.told);
        if let Some(log) = oldest.map(|(log, _)| *log) {
            self.0.remove(&log);
        }
    }

    /// Somebody acknowledges more of a log; returns whether the log belongs to their conversation.
    fn raise(&mut self, key: &ConversationKey, log: &LogId, receipt: Receipt) -> bool {
        let known = self.0.get_mut(log).filter(|known| known.conversation == *key);
        if let Some(known) = known {
            known.receipt = known.receipt.max(receipt);
            return true;
        }
        false
    }

    fn of(&self, log: &LogId) -> Option<Receipt> {
        self.0.get(log).map(|known| known.receipt)
    }

    /// This device reads the log now, and so the log itself says what the contact has received.
    fn take(&mut self, log: &LogId) -> Option<(ConversationKey, Receipt)> {
        self.0.remove(log).map(|known| (known.conversation, known.receipt))
    }
}

/// The receipt that the contact was told.
const fn told(log: &Log) -> Receipt {
    Receipt { delivered: log.told_delivered, read: log.told_read }
}

/// The receipts in an outbox entry.
fn receipts_in(entry: &OutboxEntry) -> Vec<ReceiptOf> {
    match (&entry.body, entry.only) {
        (Body::Receipt(receipt), Some(log)) => vec![ReceiptOf { log, receipt: *receipt }],
        (Body::Receipts(receipts), _) => receipts.clone(),
        _ => Vec::new(),
    }
}

impl Engine {
    pub(in crate::core) fn receipts_due(&mut self) {
        let at = self.steady.after(PAUSE);
        self.timers.receipts = Some(self.timers.receipts.map_or(at, |earlier| earlier.min(at)));
    }

    /// Puts the receipts that are due into the outbox: each into its own log or, if nobody reads that any more, into the log
    /// in use now.
    pub(in crate::core) fn write_receipts(&mut self) {
        let said = self.said_receipts();
        let mut due = Table::<LogId, Vec<ReceiptOf>>::new();
        let tells = |log: &&Log| log.stage != Stage::Creating && self.consents_in(&log.conversation);
        let mut later = None;
        for log in self.logs.values().filter(tells) {
            let Some(wait) = self.receipts_wait(log) else { continue };
            let receipt = self.receipt_of(log);
            let said = said.get(&log.id).copied().unwrap_or(told(log));
            if receipt.delivered <= said.delivered && receipt.read <= said.read {
                continue;
            }
            if wait > 0 {
                later = Some(later.map_or(wait, |other: u64| other.min(wait)));
                continue;
            }
            if let Some(into) = self.tells_in(log) {
                due.or_default(into).push(ReceiptOf { log: log.id, receipt });
            }
        }
        for (into, receipts) in due {
            self.receipts_are_told(&into);
            self.write_receipts_into(&into, receipts);
        }
        if let Some(wait) = later {
            self.timers.receipts = Some(self.steady.after(wait));
        }
    }

    fn write_receipts_into(&mut self, into: &LogId, receipts: Vec<ReceiptOf>) {
        let Some(key) = self.logs.get(into).map(|log| log.conversation) else { return };
        self.take_back_receipts(into);
        let (own, others): (Vec<ReceiptOf>, Vec<ReceiptOf>) =
            receipts.into_iter().partition(|it| it.log == *into);
        for ReceiptOf { receipt, .. } in own {
            self.enqueue(key, Body::Receipt(receipt), Some(*into));
        }
        for others in others.chunks(AT_ONCE) {
            self.enqueue(key, Body::Receipts(others.to_vec()), Some(*into));
        }
        self.pump_log(into);
    }

    fn receipt_of(&self, log: &Log) -> Receipt {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        Receipt { delivered: log.incoming, read: if reads { log.read } else { log.told_read } }
    }

    /// The log in which the contact reads receipts for this log.
    fn tells_in(&self, log: &Log) -> Option<LogId> {
        if self.is_in_use(&log.id) {
            return Some(log.id);
        }
        self.usable_log(&log.conversation).filter(|other| self.is_in_use(other))
    }

    /// Whether both sides read a log and may write into it.
    fn is_in_use(&self, id: &LogId) -> bool {
        let retired = self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        self.logs.get(id).is_some_and(|log| log.stage == Stage::Active) && !retired
    }

    /// The receipts, by log, that are at the relay or encrypted for it. The engine writes again those that only wait.
    fn said_receipts(&self) -> Table<LogId, Receipt> {
        let mut said = Table::<LogId, Receipt>::new();
        for entry in self.outbox.values().filter(|entry| entry.sealed.is_some() && !entry.failed) {
            for ReceiptOf { log, receipt } in receipts_in(entry) {
                let before = self.logs.get(&log).map(told).unwrap_or_default();
                let known = said.get(&log).copied().unwrap_or(before);
                said.insert(log, known.max(receipt));
            }
        }
        said
    }

    /// Withdraws receipts that were not encrypted yet: they say less than the new ones.
    fn take_back_receipts(&mut self, into: &LogId) {
        let numbers: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, entry)| entry.only == Some(*into) && entry.sealed.is_none())
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
    }

    /// The relay has receipts on disk. In a log that the contact may have given up meanwhile that says nothing.
    pub(in crate::core) fn receipts_stored(&mut self, into: &LogId, receipts: &[ReceiptOf]) {
        if !self.is_in_use(into) {
            return self.receipts_due();
        }
        for ReceiptOf { log, receipt } in receipts {
            if let Some(log) = self.logs.get_mut(log) {
                let told = told(log).max(*receipt);
                (log.told_delivered, log.told_read) = (told.delivered, told.read);
            }
            self.save_log(log);
        }
    }

    /// A log with somebody is not in use any more: the contact may not have read receipts in it, or those in it for other
    /// logs.
    pub(in crate::core) fn tell_receipts_again(&mut self, key: &ConversationKey) {
        let logs = self.conversations.get(&key.id()).map(|c| c.logs.clone()).unwrap_or_default();
        for id in logs {
            if !self.is_in_use(&id)
                && let Some(log) = self.logs.get_mut(&id)
                && told(log) != Receipt::default()
            {
                (log.told_delivered, log.told_read) = (Seq(0), Seq(0));
                self.save_log(&id);
            }
        }
        self.receipts_due();
    }

    /// Another device of the account told how far it has shown a log.
    pub(in crate::core) fn told_elsewhere(&mut self, id: &LogId, receipt: Receipt) {
        if let Some(log) = self.logs.get_mut(id)
            && receipt.read > log.told_read
        {
            log.told_read = receipt.read.min(log.cursor);
            self.save_log(id);
        }
        self.read_elsewhere(id, receipt.read);
    }

    /// Receipts of other logs came in this log.
    pub(in crate::core) fn receipts_of_others(&mut self, here: &LogId, receipts: &[ReceiptOf], own: bool) {
        let key = self.logs.get(here).map(|log| log.conversation);
        for ReceiptOf { log, receipt } in receipts {
            if !own && key.is_some_and(|key| self.told_receipts.raise(&key, log, *receipt)) {
                self.save(keys::TOLD_RECEIPTS, &self.told_receipts);
            }
            // Own devices may tell of a log in which this device never was.
            let there = self.logs.get(log).map_or(key.filter(|_| own), |log| Some(log.conversation));
            if key.is_none() || there != key {
                continue;
            }
            if own {
                self.told_elsewhere(log, *receipt);
            } else {
                self.receipt_came(log, *receipt);
            }
        }
    }

    /// Applies a contact's receipt: states of own messages go up, never down, and never beyond what was sent.
    pub(in crate::core) fn receipt_came(&mut self, id: &LogId, receipt: Receipt) {
        let read = self.again_up_to(id, receipt.read);
        for (log, seq) in self.again_up_to(id, receipt.delivered) {
            let read = read.get(&log).copied().unwrap_or_default();
            self.take_receipt(&log, Receipt { delivered: seq, read });
        }
        self.take_receipt(id, receipt);
    }

    /// Another device told receipts of a contact that came before this device was added.
    pub(in crate::core) fn receipts_told(&mut self, key: &ConversationKey, receipts: &[ReceiptOf]) {
        for ReceiptOf { log, receipt } in receipts {
            match self.logs.get(log).map(|log| (log.conversation == *key, log.cursor > Seq(0))) {
                Some((true, true)) => self.receipt_came(log, *receipt),
                Some((false, _)) => {}
                Some((true, false)) | None => self.told_receipts.tell(*key, *log, *receipt),
            }
        }
        self.save(keys::TOLD_RECEIPTS, &self.told_receipts);
    }

    /// This device can read the log from now on: moves what it was told of the log there.
    pub(in crate::core) fn use_told_receipt(&mut self, id: &LogId) {
        if let Some((key, receipt)) = self.told_receipts.take(id) {
            self.save(keys::TOLD_RECEIPTS, &self.told_receipts);
            if self.logs.get(id).is_some_and(|log| log.conversation == key) {
                self.receipt_came(id, receipt);
            }
        }
    }

    fn take_receipt(&mut self, id: &LogId, receipt: Receipt) {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let in_use = self.is_in_use(id);
        let Some(log) = self.logs.get_mut(id) else {
            return;
        };
        // For a log in use, nothing beyond what this device has read; for another log, everything that was ever sent.
        let upto = if in_use { log.cursor } else { Seq(u64::MAX) };
        let within = |seq: Seq, before: Seq| seq.min(upto).max(before);
        let delivered = within(receipt.delivered.max(receipt.read), log.peer_delivered);
        let read = within(receipt.read, log.peer_read);
        if delivered == log.peer_delivered && read == log.peer_read {
            return;
        }
        log.peer_delivered = delivered;
        log.peer_read = read;
        let conversation = log.conversation.id();
        self.save_log(id);
        self.changed.conversations.insert(conversation);
        let places = self
            .unread_by_peer
            .get_mut(id)
            .map(|remembered| remembered.up_to(&delivered).map(|(seq, _)| *seq).collect::<Vec<Seq>>());
        let lost: Vec<Seq> = places.into_iter().flatten().filter(|seq| self.waits_again(id, *seq)).collect();
        let Some(remembered) = self.unread_by_peer.get_mut(id) else {
            return;
        };
        let mut changed = Vec::new();
        for (seq, view) in remembered.up_to(&delivered).filter(|(seq, _)| !lost.contains(seq)) {
            let state = if reads && *seq <= read { Delivery::Read } else { Delivery::Delivered };
            if view.outgoing != Some(state) {
                view.outgoing = Some(state);
                changed.push(view.clone());
            }
        }
        remembered.retain(|seq, _| *seq > read);
        self.changed.messages.or_default(conversation).extend(changed);
    }

    pub(in crate::core) fn remember_unread(&mut self, message: &Message, view: &MessageView) {
        if !self.is_mine(message) || view.outgoing == Some(Delivery::Read) || view.body.is_notice() {
            return;
        }
        let remembered = self.unread_by_peer.or_default(message.log);
        remembered.insert(message.seq, view.clone());
        while remembered.len() > MAX_REMEMBERED {
            remembered.remove_first();
        }
    }

    /// The delivery state of the own message at this place.
    pub(in crate::core) fn delivery(&self, log: &LogId, seq: Seq) -> Delivery {
        if let Some(group) = self.group_of(log) {
            return self.group_delivery(&group, log, seq);
        }
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let told = self.told_receipts.of(log).map(|told| (told.delivered, told.read));
        let known = self.logs.get(log).map(|log| (log.peer_delivered, log.peer_read));
        // Until this device can read a log, the log says nothing of messages from before the device joined it.
        match told.or(known) {
            // A relay that was restored may have given its number to another message, which was read.
            _ if self.waits_again(log, seq) => Delivery::Waiting,
            Some((_, read)) if reads && seq <= read => Delivery::Read,
            Some((delivered, _)) if seq <= delivered => Delivery::Delivered,
            _ => Delivery::Sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::AccountId;

    use super::*;

    fn log(number: usize) -> LogId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        LogId(id)
    }

    fn person(number: usize) -> ConversationKey {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        ConversationKey::Peer(AccountId(id))
    }

    #[test]
    fn p2_a_told_receipt_is_raised_by_whom_its_log_is_with_and_nobody_else() {
        let (ada, eve) = (person(1), person(2));
        let receipt = |delivered, read| Receipt { delivered: Seq(delivered), read: Seq(read) };
        let mut told = ToldReceipts::default();
        told.tell(ada, log(1), receipt(3, 2));
        assert!(!told.raise(&eve, &log(1), receipt(9, 9)) && !told.raise(&ada, &log(2), receipt(9, 9)));
        told.tell(eve, log(1), receipt(9, 9));
        assert_eq!(told.of(&log(1)), Some(receipt(3, 2)));
        assert!(told.raise(&ada, &log(1), receipt(4, 1)));
        assert_eq!(told.take(&log(1)), Some((ada, receipt(4, 2))));
        assert_eq!((told.take(&log(1)), told.of(&log(2))), (None, None));
    }

    #[test]
    fn p10_told_receipts_are_bounded_and_what_is_unknown_for_longest_goes_first() {
        let receipt = Receipt { delivered: Seq(1), read: Seq(1) };
        let mut told = ToldReceipts::default();
        for number in 0..MOST_OF_ONE {
            told.tell(person(1), log(number), receipt);
        }
        told.tell(person(1), log(0), receipt);
        told.tell(person(1), log(MOST_OF_ONE), receipt);
        assert_eq!(told.0.len(), MOST_OF_ONE);
        assert!(told.of(&log(0)).is_some() && told.of(&log(1)).is_none(), "the first was told again");
        let mut told = ToldReceipts::default();
        for (number, order) in (0..=MOST_OF_ALL).zip(0..) {
            let known = ToldReceipt { conversation: person(number), receipt, told: order };
            told.0.insert(log(number), known);
        }
        told.tell(person(0), log(MOST_OF_ALL + 1), receipt);
        assert!(told.of(&log(0)).is_none() && told.of(&log(MOST_OF_ALL + 1)).is_some());
    }

    #[test]
    fn what_is_stored_of_told_receipts_is_pinned() {
        let mut told = ToldReceipts::default();
        told.tell(person(1), log(2), Receipt { delivered: Seq(300), read: Seq(3) });
        told.tell(person(1), log(3), Receipt { delivered: Seq(4), read: Seq(4) });
        let bytes = postcard::to_allocvec(&told).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<ToldReceipts>(&bytes).unwrap(), told);
    }
}
