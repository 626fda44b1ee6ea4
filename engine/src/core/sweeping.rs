//! What was deleted is looked for on the disk, page by page, and taken from it. That there is still something to look for
//! is stored: a restart looks through the whole conversation.

use parley_protocol::ids::{LogId, Seq, UnixMillis};

use super::Engine;
use crate::domain::conversation::ConversationKey;
use crate::domain::deletion::{Mark, mark_of};
use crate::domain::message::{Message, order_of_key};
use crate::domain::relation::MessageRef;
use crate::io::{LoadId, Record};
use crate::view::Order;

/// Messages in a page.
pub(super) const PAGE: u32 = 200;
/// A message that was named stands no later than so long after the time that was named, in milliseconds, but for one that waited to
/// be sent.
const AROUND: u64 = 7 * 24 * 3_600 * 1_000;

/// One way through a conversation, newest message first.
pub(super) struct Sweep {
    key: ConversationKey,
    /// Only messages before this one are still to be looked at.
    before: Option<Order>,
    /// Messages that are to be found; none to go to the conversation's beginning.
    find: Option<Vec<Mark>>,
    /// The newest message of the conversation, which may be gone: then the one that is the newest now is to be found.
    suspect: Option<Order>,
    /// Messages that were deleted for everyone and are to be found.
    targets: Vec<MessageRef>,
    /// Places of messages that are over.
    over: Vec<Order>,
}

impl Sweep {
    /// Through the whole conversation.
    pub(super) const fn of_all(key: ConversationKey) -> Self {
        Self { key, before: None, find: None, suspect: None, targets: Vec::new(), over: Vec::new() }
    }

    /// For some messages.
    pub(super) fn for_marks(key: ConversationKey, marks: Vec<Mark>) -> Self {
        Self { find: Some(marks), ..Self::of_all(key) }
    }

    /// For a message that was deleted for everyone. It stands about where it is said to be, or anywhere before.
    pub(super) fn for_target(key: ConversationKey, target: MessageRef) -> Self {
        let until = UnixMillis(target.stored.0.saturating_add(AROUND));
        let before = Order::new(until, Seq(u64::MAX), LogId([0xFF; 16]), [0xFF; 16]);
        Self { targets: vec![target], ..Self::for_marks(key, Vec::new()) }.before(before)
    }

    /// For messages that are over.
    pub(super) fn for_over(key: ConversationKey, over: Vec<Order>) -> Self {
        let before = over.iter().max().map(Order::next);
        Self { before, over, ..Self::for_marks(key, Vec::new()) }
    }

    /// The same, for messages that stand before this place.
    pub(super) fn before(self, order: Order) -> Self {
        Self { before: Some(order), ..self }
    }

    /// For the newest message that is left now that this one is gone.
    pub(super) fn for_last(key: ConversationKey, gone: Order) -> Self {
        Self { suspect: Some(gone), ..Self::for_marks(key, Vec::new()) }
    }

    fn is_done(&self) -> bool {
        let found = self.targets.is_empty() && self.over.is_empty();
        found && self.suspect.is_none() && self.find.as_ref().is_some_and(Vec::is_empty)
    }
}

impl Engine {
    /// Looks through a page, and later through what is before it.
    pub(super) fn sweep(&mut self, mut sweep: Sweep, records: &[Record]) {
        if self.sweep_page(&mut sweep, records) {
            self.sweep_later(sweep);
        }
    }

    pub(super) fn sweep_later(&mut self, sweep: Sweep) {
        let key = sweep.key;
        if self.conversations.contains_key(&key.id()) {
            self.deleting.sweeps.push(sweep);
            self.note_sweeps(&key);
        }
    }

    /// Remembers whether there is still something to look for.
    fn note_sweeps(&mut self, key: &ConversationKey) {
        let unswept = self.deleting.sweeps.iter().any(|sweep| sweep.key == *key);
        if let Some(personal) = self.personal.get_mut(key)
            && personal.unswept != unswept
        {
            personal.unswept = unswept;
            self.save_personal(key);
        }
    }

    /// Goes on with what was under way before a restart.
    pub(super) fn begin_sweeping(&mut self) {
        let unswept = self.personal.iter().filter(|(_, personal)| personal.unswept);
        let peers: Vec<ConversationKey> = unswept.map(|(key, _)| *key).collect();
        for key in peers {
            let suspect = self.last_order(&key);
            self.deleting.sweeps.push(Sweep { suspect, ..Sweep::of_all(key) });
        }
    }

    /// Reads the next page, unless one is being read.
    pub(super) fn go_on_sweeping(&mut self) {
        if self.deleting.page.is_some() {
            return;
        }
        if let Some((key, before)) = self.deleting.sweeps.first().map(|sweep| (sweep.key, sweep.before)) {
            self.deleting.page = Some(self.read_messages(&key.id(), before.as_ref(), PAGE));
        }
    }

    /// A page of history came; whether it was for a sweep.
    pub(super) fn read_page_to_sweep(&mut self, id: LoadId, records: &[Record]) -> bool {
        if self.deleting.page.take_if(|page| *page == id).is_none() {
            return false;
        }
        if !self.deleting.sweeps.is_empty() {
            let mut sweep = self.deleting.sweeps.remove(0);
            let key = sweep.key;
            if self.sweep_page(&mut sweep, records) {
                self.deleting.sweeps.insert(0, sweep);
            }
            self.note_sweeps(&key);
        }
        true
    }

    /// Takes what was deleted from a page; whether there is more to look at.
    fn sweep_page(&mut self, sweep: &mut Sweep, records: &[Record]) -> bool {
        for record in records {
            let Some(message) = self.opened(record) else { continue };
            let order = message.order();
            let over = self.is_over(sweep.key.id(), &order);
            if over {
                sweep.over.retain(|wanted| *wanted != order);
                self.has_expired(&sweep.key, &order, Some(&message));
            }
            if over || self.is_deleted_history(&sweep.key, &message) {
                if let Some(marks) = &mut sweep.find {
                    let mark = mark_of(sweep.key.id(), &message);
                    marks.retain(|wanted| *wanted != mark);
                }
                if self.last_order(&sweep.key) == Some(message.order()) {
                    sweep.suspect = Some(message.order());
                }
                self.erase(sweep, &message, &record.key);
                continue;
            }
            // No row of the chat.
            if message.relation().is_some() {
                continue;
            }
            let named = message.named();
            sweep.targets.retain(|target| !named.as_ref().is_some_and(|named| named.is(target)));
            self.bury_text(&sweep.key, &message);
            if let Some(suspect) = sweep.suspect.take_if(|suspect| *suspect >= message.order())
                && suspect > message.order()
            {
                self.replace_last(&sweep.key, &suspect, Some(&message));
            }
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        if full && !sweep.is_done() {
            sweep.before = records.last().and_then(|record| order_of_key(&record.key));
            return true;
        }
        for order in std::mem::take(&mut sweep.over) {
            self.has_expired(&sweep.key, &order, None);
        }
        if let Some(suspect) = sweep.suspect.take() {
            self.replace_last(&sweep.key, &suspect, None);
        }
        false
    }

    pub(super) fn last_order(&self, key: &ConversationKey) -> Option<Order> {
        self.conversations.get(&key.id())?.last.as_ref().map(|last| last.order)
    }

    /// Takes one message from disk and views.
    fn erase(&mut self, sweep: &Sweep, message: &Message, key: &[u8]) {
        self.out.erase(key);
        let id = sweep.key.id();
        self.changed.gone(id, message.shown_id(self.is_mine(message)));
        if let Some(remembered) = self.unread_by_peer.get_mut(&message.log) {
            remembered.remove(&message.seq);
        }
        if let Some(part) = message.part() {
            self.drop_files_of(part);
        }
        self.was_taken_out(id, &message.order());
    }

    /// In place of the newest message, which is gone, comes this one, unless something waits to be sent. Something newer may
    /// have come meanwhile.
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
