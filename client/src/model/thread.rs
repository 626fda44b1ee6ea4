//! The messages of one conversation that a view holds.

use std::sync::Arc;

use parley_engine::view::{MessageView, Order};
use parley_protocol::ids::MessageId;

/// A run of messages without holes that ends with the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thread {
    /// In order, oldest first.
    messages: Vec<Arc<MessageView>>,
    /// Whether there are older ones.
    more: bool,
    /// Whether the first page has come.
    ready: bool,
}

impl Thread {
    /// In order, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Arc<MessageView>] {
        &self.messages
    }

    /// Whether there are older ones than these.
    #[must_use]
    pub const fn has_older(&self) -> bool {
        self.more
    }

    /// Whether the first page has come.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Place of the oldest one here.
    #[must_use]
    pub fn oldest(&self) -> Option<Order> {
        self.messages.first().map(|message| message.order)
    }

    /// Takes the newest page. If it does not touch what is here, what is here goes: better fewer than a hole.
    pub fn newest_page(&mut self, page: Vec<MessageView>, more: bool) {
        let touches = match (page.first(), self.messages.last()) {
            (Some(first), Some(last)) => first.order <= last.order,
            _ => false,
        };
        if !touches {
            self.messages.clear();
        }
        if !touches || page.first().map(|message| message.order) <= self.oldest() {
            self.more = more;
        }
        self.ready = true;
        self.put(page);
    }

    /// Takes the page before [`Self::oldest`].
    pub fn older_page(&mut self, page: Vec<MessageView>, more: bool) {
        self.more = more;
        self.put(page);
    }

    /// Takes messages that are new or changed. Those older than the oldest here are left for their page.
    pub fn changed(&mut self, messages: Vec<MessageView>) {
        if !self.ready {
            return;
        }
        let oldest = self.oldest().filter(|_| self.more);
        let known = |message: &MessageView| self.messages.iter().any(|known| known.id == message.id);
        let here = messages.into_iter().filter(|it| Some(it.order) >= oldest || known(it)).collect();
        self.put(here);
    }

    /// It is gone.
    pub fn gone(&mut self, message: MessageId) {
        self.messages.retain(|known| known.id != message);
    }

    /// All are gone.
    pub fn clear(&mut self) {
        self.messages.clear();
    }

    /// Puts each message in its place, in place of the one with its id. What did not change keeps its `Arc`.
    fn put(&mut self, messages: Vec<MessageView>) {
        for message in messages {
            if let Some(known) = self.messages.iter().position(|known| known.id == message.id) {
                if self.messages.get(known).is_some_and(|known| **known == message) {
                    continue;
                }
                self.messages.remove(known);
            }
            let place = self.messages.partition_point(|known| known.order < message.order);
            self.messages.insert(place, Arc::new(message));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use parley_engine::view::{BodyView, Delivery};
    use parley_protocol::ids::UnixMillis;

    use super::*;

    pub(crate) fn message(number: u8, outgoing: Option<Delivery>) -> MessageView {
        MessageView {
            id: MessageId([number; 16]),
            order: Order([number; 24]),
            time: UnixMillis(u64::from(number) * 60_000),
            body: BodyView::Text(format!("message {number}")),
            outgoing,
        }
    }

    fn page(numbers: core::ops::Range<u8>) -> Vec<MessageView> {
        numbers.map(|number| message(number, None)).collect()
    }

    fn numbers(thread: &Thread) -> Vec<u8> {
        thread.messages().iter().map(|message| message.order.0[0]).collect()
    }

    #[test]
    fn pages_join_in_order() {
        let mut thread = Thread::default();
        thread.newest_page(page(5..8), true);
        thread.older_page(page(2..5), false);
        assert_eq!(numbers(&thread), [2, 3, 4, 5, 6, 7]);
        assert!(!thread.has_older());
    }

    #[test]
    fn a_change_replaces_and_may_move() {
        let mut thread = Thread::default();
        thread.newest_page(page(1..4), false);
        let mut sent = message(2, Some(Delivery::Sent));
        sent.order = Order([9; 24]);
        thread.changed(vec![sent]);
        assert_eq!(numbers(&thread), [1, 3, 9]);
    }

    #[test]
    fn what_is_gone_is_not_here() {
        let mut thread = Thread::default();
        thread.newest_page(page(1..5), false);
        thread.gone(MessageId([2; 16]));
        thread.gone(MessageId([9; 16]));
        assert_eq!(numbers(&thread), [1, 3, 4]);
    }

    #[test]
    fn what_did_not_change_is_the_same() {
        let mut thread = Thread::default();
        thread.newest_page(page(1..4), false);
        let before = Arc::clone(&thread.messages()[0]);
        thread.newest_page(page(1..5), false);
        assert!(Arc::ptr_eq(&before, &thread.messages()[0]));
    }

    #[test]
    fn there_is_never_a_hole() {
        let mut thread = Thread::default();
        thread.changed(page(1..2));
        assert!(thread.messages().is_empty());
        thread.newest_page(page(5..8), true);
        thread.changed(page(1..2));
        assert_eq!(numbers(&thread), [5, 6, 7]);
        // After a long time away the newest page is far from what is here.
        thread.newest_page(page(50..52), true);
        assert_eq!(numbers(&thread), [50, 51]);
        // And one that touches keeps the older ones and what is known of those before them.
        thread.older_page(page(40..50), false);
        thread.newest_page(page(51..54), true);
        assert_eq!(thread.messages().len(), 14);
        assert!(!thread.has_older());
    }
}
