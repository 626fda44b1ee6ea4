//! Purges records of deleted messages: looks for them on the disk page by page and removes them. The engine stores that a
//! purge is not finished; after a restart it searches the whole conversation again.

use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::core::Engine;
use crate::domain::conversation::ConversationKey;
use crate::domain::deletion::{Mark, mark_of};
use crate::domain::message::{Message, order_of_key};
use crate::domain::relation::MessageRef;
use crate::io::{LoadId, Record};
use crate::view::Order;

/// Messages in a page.
pub(in crate::core) const PAGE: u32 = 200;
/// A named message stands no later than this long after the named time, in milliseconds, except a message that waited to be
/// sent.
const AROUND: u64 = 7 * 24 * 3_600 * 1_000;

/// One pass through a conversation, newest message first.
pub(in crate::core) struct Purge {
    key: ConversationKey,
    /// Only messages before this one are still to be checked.
    before: Option<Order>,
    /// The messages to find; none to go to the conversation's beginning.
    find: Option<Vec<Mark>>,
    /// The newest message of the conversation, which may be gone: then the purge finds the one that is the newest now.
    suspect: Option<Order>,
    /// Messages that were deleted for everyone, to be found.
    targets: Vec<MessageRef>,
    /// Places of messages that are over.
    over: Vec<Order>,
}

impl Purge {
    /// A purge of the whole conversation.
    pub(in crate::core) const fn of_all(key: ConversationKey) -> Self {
        Self { key, before: None, find: None, suspect: None, targets: Vec::new(), over: Vec::new() }
    }

    /// A purge of some messages.
    pub(in crate::core) fn for_marks(key: ConversationKey, marks: Vec<Mark>) -> Self {
        Self { find: Some(marks), ..Self::of_all(key) }
    }

    /// A purge of a message that was deleted for everyone. It stands near the named place, or anywhere before.
    pub(in crate::core) fn for_target(key: ConversationKey, target: MessageRef) -> Self {
        let until = UnixMillis(target.stored.0.saturating_add(AROUND));
        let before = Order::new(until, Seq(u64::MAX), LogId([0xFF; 16]), [0xFF; 16]);
        Self { targets: vec![target], ..Self::for_marks(key, Vec::new()) }.before(before)
    }

    /// A purge of messages that have expired.
    pub(in crate::core) fn for_over(key: ConversationKey, over: Vec<Order>) -> Self {
        let before = over.iter().max().map(Order::next);
        Self { before, over, ..Self::for_marks(key, Vec::new()) }
    }

    /// The same purge, of messages before this place.
    pub(in crate::core) fn before(self, order: Order) -> Self {
        Self { before: Some(order), ..self }
    }

    /// A purge that finds the newest remaining message after this one is gone.
    pub(in crate::core) fn for_last(key: ConversationKey, gone: Order) -> Self {
        Self { suspect: Some(gone), ..Self::for_marks(key, Vec::new()) }
    }

    fn is_done(&self) -> bool {
        let found = self.targets.is_empty() && self.over.is_empty();
        found && self.suspect.is_none() && self.find.as_ref().is_some_and(Vec::is_empty)
    }
}

impl Engine {
    /// Purges a page, and later the pages before it.
    pub(in crate::core) fn purge(&mut self, mut purge: Purge, records: &[Record]) {
        if self.purge_page(&mut purge, records) {
            self.purge_later(purge);
        }
    }

    pub(in crate::core) fn purge_later(&mut self, purge: Purge) {
        let key = purge.key;
        if self.conversations.contains_key(&key.id()) {
            self.deleting.purges.push(purge);
            self.note_purge(&key);
        }
    }

    /// Stores whether a purge is still under way.
    fn note_purge(&mut self, key: &ConversationKey) {
        let unpurged = self.deleting.purges.iter().any(|purge| purge.key == *key);
        if let Some(account_data) = self.account_data.get_mut(key)
            && account_data.unpurged != unpurged
        {
            account_data.unpurged = unpurged;
            self.save_personal(key);
        }
    }

    /// Continues the purges that were under way before a restart.
    pub(in crate::core) fn begin_sweeping(&mut self) {
        let unpurged = self.account_data.iter().filter(|(_, account_data)| account_data.unpurged);
        let peers: Vec<ConversationKey> = unpurged.map(|(key, _)| *key).collect();
        for key in peers {
            let suspect = self.last_order(&key);
            self.deleting.purges.push(Purge { suspect, ..Purge::of_all(key) });
        }
    }

    /// Reads the next page, unless one is being read.
    pub(in crate::core) fn go_on_sweeping(&mut self) {
        if self.deleting.page.is_some() {
            return;
        }
        if let Some((key, before)) = self.deleting.purges.first().map(|purge| (purge.key, purge.before)) {
            self.deleting.page = Some(self.read_messages(&key.id(), before.as_ref(), PAGE));
        }
    }

    /// A page of history came; returns whether it was for a purge.
    pub(in crate::core) fn read_page_to_purge(&mut self, id: LoadId, records: &[Record]) -> bool {
        if self.deleting.page.take_if(|page| *page == id).is_none() {
            return false;
        }
        if !self.deleting.purges.is_empty() {
            let mut purge = self.deleting.purges.remove(0);
            let key = purge.key;
            if self.purge_page(&mut purge, records) {
                self.deleting.purges.insert(0, purge);
            }
            self.note_purge(&key);
        }
        true
    }

    /// Removes deleted messages of a page; returns whether there is more to check.
    fn purge_page(&mut self, purge: &mut Purge, records: &[Record]) -> bool {
        for record in records {
            let Some(message) = self.opened(record) else { continue };
            let order = message.order();
            let over = self.is_over(purge.key.id(), &order);
            if over {
                purge.over.retain(|wanted| *wanted != order);
                self.has_expired(&purge.key, &order, Some(&message));
            }
            if over || self.is_deleted_history(&purge.key, &message) {
                if let Some(marks) = &mut purge.find {
                    let mark = mark_of(purge.key.id(), &message);
                    marks.retain(|wanted| *wanted != mark);
                }
                if self.last_order(&purge.key) == Some(message.order()) {
                    purge.suspect = Some(message.order());
                }
                self.erase(purge, &message, &record.key);
                continue;
            }
            // A relation is no row of the chat.
            if message.relation().is_some() {
                continue;
            }
            let named = message.named();
            purge.targets.retain(|target| !named.as_ref().is_some_and(|named| named.is(target)));
            self.leave_trace(&purge.key, &message);
            if let Some(suspect) = purge.suspect.take_if(|suspect| *suspect >= message.order())
                && suspect > message.order()
            {
                self.replace_last(&purge.key, &suspect, Some(&message));
            }
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        if full && !purge.is_done() {
            purge.before = records.last().and_then(|record| order_of_key(&record.key));
            return true;
        }
        for order in std::mem::take(&mut purge.over) {
            self.has_expired(&purge.key, &order, None);
        }
        if let Some(suspect) = purge.suspect.take() {
            self.replace_last(&purge.key, &suspect, None);
        }
        false
    }

    pub(in crate::core) fn last_order(&self, key: &ConversationKey) -> Option<Order> {
        self.conversations.get(&key.id())?.last.as_ref().map(|last| last.order)
    }

    /// Removes one message from disk and views.
    fn erase(&mut self, purge: &Purge, message: &Message, key: &[u8]) {
        self.out.erase(key);
        let id = purge.key.id();
        self.changed.gone(id, message.shown_id(self.is_mine(message)));
        if let Some(remembered) = self.unread_by_peer.get_mut(&message.log) {
            remembered.remove(&message.seq);
        }
        if let Some(part) = message.part() {
            self.drop_files_of(part);
        }
        self.was_taken_out(id, &message.order());
    }

    /// Replaces the newest message, which is gone, by this one, unless something waits to be sent. A newer message may have
    /// come meanwhile.
    fn replace_last(&mut self, key: &ConversationKey, gone: &Order, newest: Option<&Message>) {
        if self.last_order(key).as_ref() != Some(gone) {
            return;
        }
        let id = key.id();
        let mut waiting = self.waiting_texts(key).into_iter().rev();
        let waiting = waiting.find_map(|number| self.waiting_last(number));
        let newest =
            newest.map(|message| (message.stored, self.last_of(message, self.is_mine(message), key)));
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        conversation.last = match (waiting, newest) {
            (Some(last), _) => Some(last),
            (None, Some((stored, last))) => {
                conversation.changed = stored;
                Some(last)
            }
            (None, None) => None,
        };
        self.save_conversation(id);
    }
}
