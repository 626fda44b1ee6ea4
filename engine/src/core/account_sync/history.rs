//! Sends history to a newly linked device. The device that linked it sends the messages through the account's own
//! conversation: the newest of each conversation first, then the rest. History holds what people see (who, when, what), never
//! MLS state.

use std::collections::VecDeque;

use parley_protocol::ids::{DeviceId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::channel::log::Log;
use crate::core::Engine;
use crate::domain::content::{History, Receipt, ReceiptOf, Sync};
use crate::domain::conversation::{ConversationKey, beside};
use crate::domain::message::Message;
use crate::io::{LoadId, Record};
use crate::records::keys;
use crate::table::Table;
use crate::view::{ConversationId, Order};

/// Receipts in one part.
const RECEIPTS: usize = 128;
/// Bytes of messages in one entry of the log, roughly: with the envelope they stay below 32 KiB, which is one of the sizes
/// that messages are padded to.
const ENTRY_BYTES: usize = 31 * 1024;
/// Most entries that wait to be sent before the engine reads more: reading need not wait for the relay, and what people write
/// must not wait behind all history. The largest entries together make one append.
const AHEAD: usize = 8;

/// What is still to be sent, as stored, so that a restart continues where it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::core) struct Sharing {
    /// Conversations, and the message before which reading continues in each.
    left: VecDeque<(ConversationKey, Option<Order>)>,
    /// The engine does not send what the relay stored earlier than this.
    since: UnixMillis,
    /// The number of conversations in all.
    of: u32,
    /// The device that must be in the account's conversation before the engine sends anything.
    waits_for: Option<DeviceId>,
    /// For a device that came back by the phrase: only own texts after these places; the end of the history says that they
    /// are all.
    own_after: Option<Table<LogId, Seq>>,
    /// What the engine sends after this.
    next: Next,
}

/// What the engine sends after the current history.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Next {
    /// What a device that came back lacks.
    lacking: Lacked,
    /// Devices that were linked while an earlier one was not yet in the account's conversation: messages since then wait for
    /// each.
    since: Vec<(UnixMillis, DeviceId)>,
}

/// What a device that came back lacks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
enum Lacked {
    #[default]
    Nothing,
    /// Own texts after these places.
    OwnAfter(Table<LogId, Seq>),
    Everything,
}

impl Lacked {
    /// The smallest request that covers both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            // If one of the two names no place for a log, the whole log is lacking.
            (Self::OwnAfter(one), Self::OwnAfter(two)) => {
                let both = one.iter().filter_map(|(log, seq)| Some((*log, (*seq).min(*two.get(log)?))));
                Self::OwnAfter(both.collect())
            }
        }
    }
}

impl Sharing {
    /// Conversations that were sent whole, and their number in all; none if the engine sends no history.
    pub(in crate::core) fn progress(&self) -> Option<(u32, u32)> {
        let left = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        (left > 0).then(|| (self.of.saturating_sub(left), self.of))
    }
}

impl Sharing {
    /// Whether a message stands after the place up to which a returned device knows its log.
    fn is_lacking(&self, message: &Message) -> bool {
        let places = self.own_after.as_ref();
        let place = |log: &LogId| places.and_then(|places| places.get(log)).copied();
        place(&message.log).or_else(|| place(&beside(&message.log))).is_none_or(|place| message.seq > place)
    }
}

impl Engine {
    /// Sends the messages since a time, once this device is there to read them.
    pub(in crate::core) fn share_history(&mut self, since: UnixMillis, waits_for: DeviceId) {
        let left: VecDeque<_> = self.newest_first().into_iter().map(|key| (key, None)).collect();
        let of = u32::try_from(left.len()).unwrap_or(u32::MAX);
        let next = self.put_off();
        // A device that was put off may have come meanwhile.
        let waits_for = (!self.is_in_own_conversation(&waits_for)).then_some(waits_for);
        self.sharing = Sharing { left, since, of, waits_for, next, ..Sharing::default() };
        self.save_sharing();
        self.go_on_sharing();
    }

    fn is_in_own_conversation(&mut self, device: &DeviceId) -> bool {
        let own = |log: &&Log| self.is_own_conversation(&log.conversation);
        let logs: Vec<LogId> = self.logs.values().filter(own).map(|log| log.id).collect();
        logs.iter().any(|log| {
            let members = self.with_group(log, |group, _, _| Ok(group.leaves())).unwrap_or_default();
            members.iter().any(|leaf| leaf.device == *device)
        })
    }

    /// Sends what a device that came back by the phrase lacks: own texts after these places, or everything.
    pub(in crate::core) fn share_with_returned(&mut self, own_after: Option<Table<LogId, Seq>>) {
        if !self.sharing.left.is_empty() {
            let asked = own_after.map_or(Lacked::Everything, Lacked::OwnAfter);
            let next = &mut self.sharing.next;
            next.lacking = std::mem::take(&mut next.lacking).and(asked);
            return self.save_sharing();
        }
        let left: VecDeque<_> = self.newest_first().into_iter().map(|key| (key, None)).collect();
        let of = u32::try_from(left.len()).unwrap_or(u32::MAX);
        self.sharing = Sharing { left, of, own_after, ..Sharing::default() };
        self.save_sharing();
        self.sharing_may_be_over();
        self.go_on_sharing();
    }

    /// Puts the current history off: the engine sends it again after the one that begins now, if it is for a returned device
    /// or is the whole history for a new one. A part of the history is part of what any new device gets after it.
    fn put_off(&mut self) -> Next {
        let Sharing { left, since, own_after, mut next, waits_for, .. } = std::mem::take(&mut self.sharing);
        match (own_after, waits_for) {
            (Some(places), _) => next.lacking = next.lacking.and(Lacked::OwnAfter(places)),
            (None, Some(device)) if !left.is_empty() => next.since.push((since, device)),
            (None, None) if !left.is_empty() && since == UnixMillis(0) => next.lacking = Lacked::Everything,
            _ => {}
        }
        next
    }

    /// Says so when everything that a device lacks was sent, and begins with the next history.
    fn sharing_may_be_over(&mut self) {
        if !self.sharing.left.is_empty() {
            return;
        }
        let done = std::mem::take(&mut self.sharing);
        self.save_sharing();
        if done.own_after.is_some() {
            self.sync(Sync::HandedOver);
        }
        let Next { lacking, mut since } = done.next;
        // A returned device is there; a linked device may not be, and must not hold others up.
        match (lacking, since.pop()) {
            (Lacked::Nothing, None) => {}
            (Lacked::Nothing, Some((from, device))) => {
                self.share_history(from, device);
                self.sharing.next.since = since;
                self.save_sharing();
            }
            (lacking, waiting) => {
                let places = match lacking {
                    Lacked::OwnAfter(places) => Some(places),
                    _ => None,
                };
                since.extend(waiting);
                self.share_with_returned_before(places, since);
            }
        }
    }

    /// The same, followed by what waits for linked devices.
    fn share_with_returned_before(
        &mut self,
        own_after: Option<Table<LogId, Seq>>,
        since: Vec<(UnixMillis, DeviceId)>,
    ) {
        self.share_with_returned(own_after);
        self.sharing.next.since.extend(since);
        self.save_sharing();
    }

    /// All conversations, the newest first.
    pub(in crate::core) fn newest_first(&self) -> Vec<ConversationKey> {
        let others = self.conversations.values().filter(|c| !self.is_own_conversation(&c.key));
        let mut others: Vec<_> =
            others.map(|conversation| (conversation.changed, conversation.key)).collect();
        others.sort_unstable_by(|one, other| other.cmp(one));
        others.into_iter().map(|(_, key)| key).collect()
    }

    /// A device that the engine waits for does not come: drops its history, and sends next what others lack.
    pub(in crate::core) fn stop_sharing(&mut self, device: &DeviceId) {
        self.sharing.next.since.retain(|(_, waits_for)| waits_for != device);
        if self.sharing.waits_for.as_ref() != Some(device) {
            return;
        }
        self.sharing.left.clear();
        self.save_sharing();
        self.sharing_may_be_over();
    }

    /// Whether the engine waits for a device that is not in the account: the device was removed, or its entry never came
    /// there.
    pub(in crate::core) fn shares_with_nobody(&self) -> Option<DeviceId> {
        let gone = |device: &DeviceId| self.own_log.as_ref().is_some_and(|log| log.device(device).is_none());
        self.sharing.waits_for.filter(|device| gone(device) && !self.is_appending())
    }

    fn save_sharing(&mut self) {
        if self.sharing.left.is_empty() {
            self.state.delete(keys::SHARING);
        } else {
            self.save(keys::SHARING, &self.sharing);
        }
        self.changed.account = true;
    }

    /// Reads the next page, unless one is being read or much waits to be sent.
    pub(in crate::core) fn go_on_sharing(&mut self) {
        // The engine calls this after every stored message: the most frequent case comes first.
        if self.sharing.left.is_empty() {
            return;
        }
        if self.shared_page.is_some() || self.sharing.waits_for.is_some() || !self.online() {
            return;
        }
        if self.sends_own_devices_enough() {
            return;
        }
        let Some((key, before)) = self.next_to_share() else { return };
        self.shared_page = Some(self.read_stretch(key, before.as_ref()));
    }

    /// Whether so much waits for the account's other devices that the engine reads no more for them.
    pub(in crate::core) fn sends_own_devices_enough(&self) -> bool {
        self.outbox.values().filter(|entry| self.is_own_conversation(&entry.conversation)).count() >= AHEAD
    }

    /// The next conversation, moved to the front. The new device must itself receive messages that come into a conversation
    /// after its newest page was read: so the engine reads a conversation only once that device is in it.
    fn next_to_share(&mut self) -> Option<(ConversationKey, Option<Order>)> {
        let logs = |key: &ConversationKey| {
            self.conversations
                .get(&key.id())
                .map(|conversation| conversation.logs.clone())
                .unwrap_or_default()
        };
        if self.sharing.own_after.is_some() {
            // A device that lacks them may have to wait for them before it can be in any conversation.
            return self.sharing.left.front().copied();
        }
        let settled =
            |(key, _): &(ConversationKey, _)| logs(key).iter().all(|log| !self.may_be_unsettled(log));
        if let Some(place) = self.sharing.left.iter().position(settled) {
            let next = self.sharing.left.remove(place)?;
            self.sharing.left.push_front(next);
        } else {
            // Perhaps one of the conversations waits for another device.
            let key = self.sharing.left.front().map(|(key, _)| *key)?;
            if logs(&key).iter().any(|log| self.may_be_unsettled(log) && self.lacks_own_device(log)) {
                return None;
            }
        }
        self.sharing.left.front().copied()
    }

    /// A new device is in the account's conversation now.
    pub(in crate::core) fn said_hello(&mut self, device: &DeviceId) {
        // A claim for the new device takes one KeyPackage of every other device too.
        self.count_key_packages();
        self.tell_everything(device);
        self.tell_lost_logs();
        if self.sharing.waits_for.take_if(|waits_for| waits_for == device).is_some() {
            self.save_sharing();
            self.go_on_sharing();
        }
    }

    /// A page of history came; returns whether it was to be sent.
    pub(in crate::core) fn shared(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(page) = self.shared_page.take_if(|page| page.load == id) else {
            return false;
        };
        let conversation = page.key.id();
        let messages: Vec<Message> =
            records.iter().filter_map(|record| self.kept(&conversation, record)).collect();
        let oldest = crate::core::conversation::paging::oldest(records);
        let full = page.is_full(records) && oldest.is_some();
        let recent = match &self.sharing.own_after {
            Some(_) => messages.is_empty() || messages.iter().any(|message| self.sharing.is_lacking(message)),
            None => messages.last().is_none_or(|message| message.stored >= self.sharing.since),
        };
        if self.sharing.left.front().is_some_and(|(key, _)| *key == page.key) {
            self.sharing.left.pop_front();
            // The newest messages of every conversation come before the rest of any.
            if full && recent {
                self.sharing.left.push_back((page.key, oldest));
            }
        }
        self.save_sharing();
        self.send_history(page.key, messages);
        self.sharing_may_be_over();
        self.go_on_sharing();
        true
    }

    fn send_history(&mut self, key: ConversationKey, messages: Vec<Message>) {
        let sharing = &self.sharing;
        let wanted = |message: &Message| match &sharing.own_after {
            Some(_) => self.is_mine(message) && sharing.is_lacking(message),
            None => message.stored >= sharing.since,
        };
        let messages = messages.into_iter().filter(wanted).collect();
        for history in self.history_parts(key, messages) {
            self.sync(Sync::History(history));
        }
    }

    /// Texts of one conversation, in parts of limited size, with what the contact has received and read.
    pub(in crate::core) fn history_parts(
        &self,
        key: ConversationKey,
        messages: Vec<Message>,
    ) -> Vec<History> {
        let mut receipts: Vec<ReceiptOf> = Vec::new();
        if let Some(conversation) = self.conversations.get(&key.id()) {
            let logs = conversation.logs.iter().filter_map(|log| self.logs.get(log));
            receipts.extend(logs.map(|log| ReceiptOf {
                log: log.id,
                receipt: Receipt { delivered: log.peer_delivered, read: log.peer_read },
            }));
        }
        // The contact may have begun any number of logs.
        let mut receipts = receipts.chunks(RECEIPTS).map(<[ReceiptOf]>::to_vec);
        let (mut parts, mut part, mut size) = (Vec::new(), Vec::new(), 0_usize);
        for message in messages.into_iter().filter(Message::is_history) {
            let length = message.encode().len();
            if size.saturating_add(length) > ENTRY_BYTES && !part.is_empty() {
                let messages = std::mem::take(&mut part);
                parts.push(History {
                    conversation: key,
                    messages,
                    receipts: receipts.next().unwrap_or_default(),
                });
                size = 0;
            }
            size = size.saturating_add(length);
            part.push(message);
        }
        if !part.is_empty() {
            let with = receipts.next().unwrap_or_default();
            parts.push(History { conversation: key, messages: part, receipts: with });
            parts.extend(receipts.map(|rest| History {
                conversation: key,
                messages: Vec::new(),
                receipts: rest,
            }));
        }
        parts
    }

    /// Takes history, also from a device that was asked for own texts that the backup lacks.
    pub(in crate::core) fn history_of_device_came(&mut self, history: History) {
        if self.returning.is_some() {
            let mine = |message: &&Message| self.is_mine(message);
            let mine: Vec<Message> = history.messages.iter().filter(mine).cloned().collect();
            for message in mine {
                self.own_text_came(&message.log, message.seq, message.id);
            }
        }
        self.history_came(history);
    }

    /// Another device of the account sent history.
    pub(in crate::core) fn history_came(&mut self, history: History) {
        let History { conversation: key, messages, receipts } = history;
        let Some(conversation) = self.conversation_of_history(&key) else { return };
        self.receipts_told(&key, &receipts);
        for message in messages {
            if !self.is_said_with(&key, &message)
                || self.is_deleted_history(&key, &message)
                || self.stands_elsewhere(conversation, &key, &message)
            {
                continue;
            }
            self.came_with_history(&message);
            self.put_into_history(conversation, &message);
        }
        self.save_conversation(conversation);
    }

    /// Whether this account wrote the message.
    pub(in crate::core) fn is_mine(&self, message: &Message) -> bool {
        self.account.as_ref().is_some_and(|account| message.is_by(&account.id))
    }

    /// Whether the author of a message writes into this conversation.
    pub(in crate::core) fn is_said_with(&self, key: &ConversationKey, message: &Message) -> bool {
        let by_peer = key.peer().is_none_or(|peer| message.is_by(peer));
        let line = key.peer().is_none() && message.author.is_none();
        message.is_history() && (by_peer || line || self.is_mine(message))
    }

    /// The conversation of a history, whether or not this device knows the contact already.
    pub(in crate::core) fn conversation_of_history(
        &mut self,
        key: &ConversationKey,
    ) -> Option<ConversationId> {
        if self.is_own_conversation(key) {
            return None;
        }
        if let Some(peer) = key.peer().filter(|peer| !self.contacts.contains_key(peer)) {
            self.unknown.insert(*peer);
            self.ask_for_unknown();
        }
        Some(self.conversation_of_key(*key))
    }

    /// Stores and shows a message of history; the caller saves the conversation.
    pub(in crate::core) fn put_into_history(&mut self, conversation: ConversationId, message: &Message) {
        if self.came_too_late(message) {
            return self.is_found(conversation, &message.order());
        }
        let Some(message) = self.settle(conversation, message, false) else {
            return self.is_found(conversation, &message.order());
        };
        self.store_message(conversation, &message);
        self.is_found(conversation, &message.order());
        self.show_in_list(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.remember_unread(&message, &view);
        self.changed.messages.or_default(conversation).push(view);
    }

    /// How much of the history for a new device has been sent.
    pub(in crate::core) fn sharing_progress(&self) -> Option<(u32, u32)> {
        self.sharing.progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While the engine serves one device, another may ask or be linked: nobody's part is dropped.
    #[test]
    fn what_is_sent_next_covers_all_that_was_asked_for() {
        let (one, two, three) = (LogId([1; 16]), LogId([2; 16]), LogId([3; 16]));
        let after = |places: &[(LogId, u64)]| {
            Lacked::OwnAfter(places.iter().map(|(log, seq)| (*log, Seq(*seq))).collect())
        };
        let said = |next: Lacked| match next {
            Lacked::Nothing => None,
            Lacked::Everything => Some(None),
            Lacked::OwnAfter(places) => {
                Some(Some(places.iter().map(|(log, seq)| (*log, seq.0)).collect::<Vec<_>>()))
            }
        };
        assert_eq!(said(Lacked::Nothing.and(Lacked::Nothing)), None);
        assert_eq!(said(after(&[(one, 5)]).and(Lacked::Nothing)), Some(Some(vec![(one, 5)])));
        assert_eq!(said(after(&[(one, 5)]).and(Lacked::Everything)), Some(None));
        let both = after(&[(one, 5), (two, 9)]).and(after(&[(two, 3), (three, 1)]));
        assert_eq!(said(both), Some(Some(vec![(two, 3)])), "of the others one lacks all");
    }
}
