//! What was deleted is looked for on the disk, page by page, and taken from it. That there is still something to look for
//! is stored: a restart looks through the whole conversation.

use parley_protocol::ids::AccountId;

use super::Engine;
use crate::conversation::{Last, id_of};
use crate::deletion::{Mark, mark_of};
use crate::io::{LoadId, Record};
use crate::message::{Message, order_of_key};
use crate::view::Order;

/// Messages in a page.
pub(super) const PAGE: u32 = 200;

/// One way through a conversation, newest message first.
pub(super) struct Sweep {
    peer: AccountId,
    /// Only messages before this one are still to be looked at.
    before: Option<Order>,
    /// Messages that are to be found; none to go to the conversation's beginning.
    find: Option<Vec<Mark>>,
    /// The newest message of the conversation, which may be gone: then the one that is the newest now is to be found.
    suspect: Option<Order>,
}

impl Sweep {
    /// Through the whole conversation.
    pub(super) const fn of_all(peer: AccountId) -> Self {
        Self { peer, before: None, find: None, suspect: None }
    }

    /// For some messages.
    pub(super) fn for_marks(peer: AccountId, marks: Vec<Mark>) -> Self {
        Self { find: Some(marks), ..Self::of_all(peer) }
    }

    /// The same, for messages that stand before this place.
    pub(super) fn before(self, order: Order) -> Self {
        Self { before: Some(order), ..self }
    }

    /// For the newest message that is left now that this one is gone.
    pub(super) fn for_last(peer: AccountId, gone: Order) -> Self {
        Self { suspect: Some(gone), ..Self::for_marks(peer, Vec::new()) }
    }

    fn is_done(&self) -> bool {
        self.suspect.is_none() && self.find.as_ref().is_some_and(Vec::is_empty)
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
        let peer = sweep.peer;
        if self.conversations.contains_key(&id_of(&peer)) {
            self.deleting.sweeps.push(sweep);
            self.note_sweeps(&peer);
        }
    }

    /// Remembers whether there is still something to look for.
    fn note_sweeps(&mut self, peer: &AccountId) {
        let unswept = self.deleting.sweeps.iter().any(|sweep| sweep.peer == *peer);
        if let Some(personal) = self.personal.get_mut(peer)
            && personal.unswept != unswept
        {
            personal.unswept = unswept;
            self.save_personal(peer);
        }
    }

    /// Goes on with what was under way before a restart.
    pub(super) fn begin_sweeping(&mut self) {
        let unswept = self.personal.iter().filter(|(_, personal)| personal.unswept);
        let peers: Vec<AccountId> = unswept.map(|(peer, _)| *peer).collect();
        for peer in peers {
            let suspect = self.last_order(&peer);
            self.deleting.sweeps.push(Sweep { suspect, ..Sweep::of_all(peer) });
        }
    }

    /// Reads the next page, unless one is being read.
    pub(super) fn go_on_sweeping(&mut self) {
        if self.deleting.page.is_some() {
            return;
        }
        if let Some((peer, before)) = self.deleting.sweeps.first().map(|sweep| (sweep.peer, sweep.before)) {
            self.deleting.page = Some(self.read_messages(&id_of(&peer), before.as_ref(), PAGE));
        }
    }

    /// A page of history came; whether it was for a sweep.
    pub(super) fn read_page_to_sweep(&mut self, id: LoadId, records: &[Record]) -> bool {
        if self.deleting.page.take_if(|page| *page == id).is_none() {
            return false;
        }
        if !self.deleting.sweeps.is_empty() {
            let mut sweep = self.deleting.sweeps.remove(0);
            let peer = sweep.peer;
            if self.sweep_page(&mut sweep, records) {
                self.deleting.sweeps.insert(0, sweep);
            }
            self.note_sweeps(&peer);
        }
        true
    }

    /// Takes what was deleted from a page; whether there is more to look at.
    fn sweep_page(&mut self, sweep: &mut Sweep, records: &[Record]) -> bool {
        for record in records {
            let Some(message) = self.opened(record) else { continue };
            if self.is_deleted_history(&sweep.peer, &message) {
                if let Some(marks) = &mut sweep.find {
                    let mark = mark_of(&sweep.peer, &message);
                    marks.retain(|wanted| *wanted != mark);
                }
                if self.last_order(&sweep.peer) == Some(message.order()) {
                    sweep.suspect = Some(message.order());
                }
                self.erase(sweep, &message, &record.key);
                continue;
            }
            if let Some(suspect) = sweep.suspect.take_if(|suspect| *suspect >= message.order())
                && suspect > message.order()
            {
                self.replace_last(&sweep.peer, &suspect, Some(&message));
            }
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        if full && !sweep.is_done() {
            sweep.before = records.last().and_then(|record| order_of_key(&record.key));
            return true;
        }
        if let Some(suspect) = sweep.suspect.take() {
            self.replace_last(&sweep.peer, &suspect, None);
        }
        false
    }

    pub(super) fn last_order(&self, peer: &AccountId) -> Option<Order> {
        self.conversations.get(&id_of(peer))?.last.as_ref().map(|last| last.order)
    }

    /// Takes one message from disk and views.
    fn erase(&mut self, sweep: &Sweep, message: &Message, key: &[u8]) {
        self.out.erase(key);
        let id = id_of(&sweep.peer);
        self.changed.gone(id, message.shown_id());
        if let Some(remembered) = self.unread_by_peer.get_mut(&message.log) {
            remembered.remove(&message.seq);
        }
        self.was_taken_out(id, &message.order());
    }

    /// In place of the newest message, which is gone, comes this one, unless something waits to be sent. Something newer may
    /// have come meanwhile.
    fn replace_last(&mut self, peer: &AccountId, gone: &Order, newest: Option<&Message>) {
        if self.last_order(peer).as_ref() != Some(gone) {
            return;
        }
        let id = id_of(peer);
        let mut waiting = self.waiting_texts(peer).into_iter().rev();
        let waiting = waiting.find_map(|number| self.waiting_view(number));
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        conversation.last = match (waiting, newest) {
            (Some(view), _) => Some(Last::waiting(&view)),
            (None, Some(message)) => {
                conversation.changed = message.stored;
                Some(Last::of(message))
            }
            (None, None) => None,
        };
        self.save_conversation(id);
    }
}
