//! Receipts in groups: which members have received and read what. A member sends a receipt at most once a minute, and in
//! large groups none.

use parley_protocol::ids::{AccountId, GroupId, LogId, Seq};

use crate::channel::log::Log;
use crate::core::Engine;
use crate::domain::content::Receipt;
use crate::domain::message::Message;
use crate::group::chat::GroupChat;
use crate::view::{AuthorView, Delivery, Told};

/// Time between two receipts of this device in one group, in milliseconds.
const EVERY: u64 = 60_000;

impl Engine {
    /// How long receipts in a group's log wait, in milliseconds; none if nobody sends any.
    pub(in crate::core) fn receipts_wait(&self, log: &Log) -> Option<u64> {
        let Some(chat) = self.group_chat_of(&log.id) else { return Some(0) };
        if !chat.counts_receipts() || !chat.is_active() {
            return None;
        }
        let last = self.group_chats.told.get(&log.id);
        Some(last.map_or(0, |last| EVERY.saturating_sub(self.steady.since(*last))))
    }

    /// Receipts are on their way in a group's log.
    pub(in crate::core) fn receipts_are_told(&mut self, log: &LogId) {
        if self.group_of(log).is_some() {
            self.group_chats.told.insert(*log, self.steady);
        }
    }

    /// A member says how far they have received and read a log.
    pub(in crate::core) fn group_receipt_came(&mut self, id: &LogId, from: &AccountId, receipt: Receipt) {
        let Some(group) = self.group_of(id) else { return };
        let Some(cursor) = self.logs.get(id).map(|log| log.cursor) else { return };
        let within = Receipt {
            delivered: receipt.delivered.max(receipt.read).min(cursor),
            read: receipt.read.min(cursor),
        };
        let Some(chat) = self.group_chats.all.get_mut(&group).filter(|chat| chat.is_member(from)) else {
            return;
        };
        if !chat.take_receipt(id, from, within) {
            return;
        }
        self.save_group_chat(&group);
        self.show_receipts(id, &group);
    }

    /// Updates the own messages whose state may have changed in the views.
    fn show_receipts(&mut self, id: &LogId, group: &GroupId) {
        let remembered =
            self.unread_by_peer.get(id).map(|it| it.iter().map(|(seq, view)| (*seq, view.clone())));
        let mut changed = Vec::new();
        for (seq, mut view) in remembered.into_iter().flatten().collect::<Vec<_>>() {
            let (state, told) = (self.group_delivery(group, id, seq), self.told(group, id, seq));
            if view.outgoing != Some(state) || view.told != told {
                (view.outgoing, view.told) = (Some(state), told);
                changed.push((seq, view));
            }
        }
        for (seq, view) in changed {
            if let Some(remembered) = self.unread_by_peer.get_mut(id) {
                if view.outgoing == Some(Delivery::Read) {
                    remembered.remove(&seq);
                } else {
                    remembered.insert(seq, view.clone());
                }
            }
            let conversation = crate::domain::conversation::ConversationKey::Group(*group).id();
            self.changed.messages.or_default(conversation).push(view);
        }
    }

    /// The members whose receipts count, and what each says of a place.
    fn states<'a>(
        &'a self,
        chat: &'a GroupChat,
        log: &'a LogId,
        seq: Seq,
    ) -> impl Iterator<Item = (AccountId, Delivery)> + 'a {
        let reads = self.account.as_ref().is_some_and(|account| account.read_receipts);
        let others = chat.members.iter().filter(|(account, _)| !self.is_own_account(account));
        others.map(move |(account, _)| {
            let receipt = chat.receipt(log, account);
            let state = match receipt {
                receipt if reads && seq <= receipt.read => Delivery::Read,
                receipt if seq <= receipt.delivered => Delivery::Delivered,
                _ => Delivery::Sent,
            };
            (*account, state)
        })
    }

    /// The delivery state of an own message in a group: the lowest state among all other members.
    pub(in crate::core) fn group_delivery(&self, group: &GroupId, log: &LogId, seq: Seq) -> Delivery {
        let Some(chat) = self.group_chats.all.get(group).filter(|chat| chat.counts_receipts()) else {
            return Delivery::Sent;
        };
        self.states(chat, log, seq).map(|(_, state)| state).min().unwrap_or(Delivery::Sent)
    }

    /// How many members have an own message.
    fn told(&self, group: &GroupId, log: &LogId, seq: Seq) -> Option<Told> {
        let chat = self.group_chats.all.get(group).filter(|chat| chat.counts_receipts())?;
        let (mut told, mut any) = (Told { delivered: 0, read: 0, of: 0 }, false);
        for (_, state) in self.states(chat, log, seq) {
            any = true;
            told.of = told.of.saturating_add(1);
            told.delivered = told.delivered.saturating_add(u32::from(state >= Delivery::Delivered));
            told.read = told.read.saturating_add(u32::from(state == Delivery::Read));
        }
        any.then_some(told)
    }

    pub(in crate::core) fn told_of(&self, message: &Message) -> Option<Told> {
        message.part()?;
        self.told(&self.group_of(&message.log)?, &message.log, message.seq)
    }

    /// The state of an own message for each member of a group.
    pub(in crate::core) fn members_told(
        &self,
        group: &GroupId,
        log: &LogId,
        seq: Seq,
    ) -> Vec<(AuthorView, Delivery)> {
        let Some(chat) = self.group_chats.all.get(group) else { return Vec::new() };
        let states = self.states(chat, log, seq);
        let mut members: Vec<(AuthorView, Delivery)> =
            states.map(|(account, state)| (self.author_view(&account), state)).collect();
        members.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        members
    }
}
