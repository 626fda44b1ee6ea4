//! Delivery and read receipts: one message says "everything up to here", and waits a moment for more.

use parley_protocol::ids::{LogId, Seq, UnixMillis};

use super::Engine;
use crate::content::{Body, Receipt, ReceiptOf};
use crate::conversation::id_of;
use crate::log::Stage;
use crate::message::Message;
use crate::records::keys;
use crate::view::{BodyView, ConversationId, Delivery, MessageView, Order};

/// How long receipts wait for more, in milliseconds.
const PAUSE: u64 = 250;
/// Own messages per log whose state is kept at hand for live changes.
const MAX_REMEMBERED: usize = 500;

impl Engine {
    pub(super) fn receipts_due(&mut self) {
        let at = UnixMillis(self.now.0.saturating_add(PAUSE));
        self.timers.receipts = Some(self.timers.receipts.map_or(at, |earlier| earlier.min(at)));
    }

    /// Puts the receipts that are due into the outbox.
    pub(super) fn write_receipts(&mut self) {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let due: Vec<(LogId, Receipt)> = self
            .logs
            .values()
            .filter(|log| log.stage == Stage::Active)
            .map(|log| {
                let read = if reads { log.read } else { log.told_read };
                (log, Receipt { delivered: log.incoming, read })
            })
            .filter(|(log, receipt)| receipt.delivered > log.told_delivered || receipt.read > log.told_read)
            .map(|(log, receipt)| (log.id, receipt))
            .collect();
        for (id, receipt) in due {
            let Some(log) = self.logs.get_mut(&id) else {
                continue;
            };
            log.told_delivered = receipt.delivered;
            log.told_read = receipt.read;
            let peer = log.peer;
            self.save_log(&id);
            self.replace_waiting_receipt(&id);
            self.enqueue(peer, Body::Receipt(receipt), Some(id));
            self.pump_log(&id);
        }
    }

    /// A receipt that was not encrypted yet says less than the new one.
    fn replace_waiting_receipt(&mut self, id: &LogId) {
        let numbers: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, entry)| entry.only == Some(*id) && entry.sealed.is_none())
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
    }

    pub(super) fn mark_read(&mut self, id: ConversationId, upto: &Order) -> bool {
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return false;
        };
        if conversation.last.as_ref().is_some_and(|last| last.order > *upto) {
            return true;
        }
        if conversation.unread != 0 {
            conversation.unread = 0;
            self.save_conversation(id);
        }
        let logs =
            self.conversations.get(&id).map(|conversation| conversation.logs.clone()).unwrap_or_default();
        for log_id in logs {
            if let Some(log) = self.logs.get_mut(&log_id)
                && log.read < log.incoming
            {
                log.read = log.incoming;
                self.save_log(&log_id);
                self.receipts_due();
            }
        }
        true
    }

    /// The other's receipt: states of own messages go up, never down, and never beyond what was sent.
    pub(super) fn receipt_came(&mut self, id: &LogId, receipt: Receipt) {
        let read = self.again_up_to(id, receipt.read);
        for (log, seq) in self.again_up_to(id, receipt.delivered) {
            let read = read.get(&log).copied().unwrap_or_default();
            self.take_receipt(&log, Receipt { delivered: seq, read });
        }
        self.take_receipt(id, receipt);
    }

    /// Another device told of receipts that came before this one was there.
    pub(super) fn receipts_told(&mut self, receipts: &[ReceiptOf]) {
        for ReceiptOf { log, receipt } in receipts {
            if self.logs.get(log).is_some_and(|log| log.cursor > Seq(0)) {
                self.receipt_came(log, *receipt);
            } else {
                self.told_receipts.insert(*log, *receipt);
            }
        }
        self.save(keys::TOLD_RECEIPTS, &self.told_receipts);
    }

    /// The log can be read from now on, and what was told of it has its place there.
    pub(super) fn use_told_receipt(&mut self, id: &LogId) {
        if let Some(receipt) = self.told_receipts.remove(id) {
            self.save(keys::TOLD_RECEIPTS, &self.told_receipts);
            self.receipt_came(id, receipt);
        }
    }

    fn take_receipt(&mut self, id: &LogId, receipt: Receipt) {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let Some(log) = self.logs.get_mut(id) else {
            return;
        };
        let within = |seq: Seq, before: Seq| seq.min(log.cursor).max(before);
        let delivered = within(receipt.delivered.max(receipt.read), log.peer_delivered);
        let read = within(receipt.read, log.peer_read);
        if delivered == log.peer_delivered && read == log.peer_read {
            return;
        }
        log.peer_delivered = delivered;
        log.peer_read = read;
        let conversation = id_of(&log.peer);
        self.save_log(id);
        self.changed.conversations.insert(conversation);
        let Some(remembered) = self.unread_by_peer.get_mut(id) else {
            return;
        };
        let mut changed = Vec::new();
        for (seq, view) in remembered.up_to(&delivered) {
            let state = if reads && *seq <= read { Delivery::Read } else { Delivery::Delivered };
            if view.outgoing != Some(state) {
                view.outgoing = Some(state);
                changed.push(view.clone());
            }
        }
        remembered.retain(|seq, _| *seq > read);
        self.changed.messages.or_default(conversation).extend(changed);
    }

    pub(super) fn remember_unread(&mut self, message: &Message, view: &MessageView) {
        if !message.own || view.outgoing == Some(Delivery::Read) || matches!(view.body, BodyView::Gap(_)) {
            return;
        }
        let remembered = self.unread_by_peer.or_default(message.log);
        remembered.insert(message.seq, view.clone());
        while remembered.len() > MAX_REMEMBERED {
            remembered.remove_first();
        }
    }

    /// What became of the own message at this place.
    pub(super) fn delivery(&self, log: &LogId, seq: Seq) -> Delivery {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let told = self.told_receipts.get(log).map(|told| (told.delivered, told.read));
        let known = self.logs.get(log).map(|log| (log.peer_delivered, log.peer_read));
        // A log has nothing to say of what was written before this device was in it, until it can be read.
        match told.or(known) {
            Some((_, read)) if reads && seq <= read => Delivery::Read,
            Some((delivered, _)) if seq <= delivered => Delivery::Delivered,
            _ if self.waits_again(log, seq) => Delivery::Waiting,
            _ => Delivery::Sent,
        }
    }
}
