//! The messages of one conversation that a view holds: a run without holes, of bounded length, somewhere in the
//! conversation.

use std::ops::Range;
use std::sync::Arc;

use parley_engine::view::{MessageRef, MessageView, Order, Page};
use parley_protocol::ids::MessageId;

/// A run of messages without holes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// In order, oldest first.
    messages: Vec<Arc<MessageView>>,
    /// Whether there are older ones.
    older: bool,
    /// Whether there are newer ones.
    newer: bool,
    /// Whether the first page has come.
    ready: bool,
}

impl Window {
    /// In order, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Arc<MessageView>] {
        &self.messages
    }

    /// The one that others name so, if it is here.
    #[must_use]
    pub fn named(&self, message: &MessageRef) -> Option<&Arc<MessageView>> {
        let is = |it: &&Arc<MessageView>| {
            it.about.named.is_some_and(|named| (named.author, named.id) == (message.author, message.id))
        };
        self.messages.iter().rev().find(is)
    }

    /// Whether there are older ones than these.
    #[must_use]
    pub const fn has_older(&self) -> bool {
        self.older
    }

    /// Whether there are newer ones than these.
    #[must_use]
    pub const fn has_newer(&self) -> bool {
        self.newer
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

    /// Place of the newest one here that has its place for good.
    #[must_use]
    pub fn newest(&self) -> Option<Order> {
        self.messages.iter().rev().map(|message| message.order).find(|order| !order.is_waiting())
    }

    /// Shows this page, whatever was here.
    pub fn show(&mut self, page: Page) {
        *self = Self { messages: Vec::new(), older: page.older, newer: page.newer, ready: true };
        self.put(page.messages);
    }

    /// Takes the newest page again. Where it does not touch what is here, somebody who reads at the end (`at_end`) gets
    /// it in place of what is here, and somebody who reads further up keeps what is there.
    pub fn refresh(&mut self, page: Page, at_end: bool) {
        let first = page.messages.first().map(|message| message.order);
        let touches = !page.older || first.is_some() && first <= self.newest();
        if !self.ready || (!touches && at_end) {
            self.show(page);
        } else if touches {
            if first <= self.oldest() {
                self.older = page.older;
            }
            self.newer = page.newer;
            self.put(page.messages);
        } else {
            self.newer = true;
        }
    }

    /// Takes the page before a place, if what is here still begins there.
    pub fn extend_older(&mut self, before: Order, page: Page) {
        if self.oldest() == Some(before) {
            self.older = page.older;
            self.put(page.messages);
        }
    }

    /// Takes the page after a place, if what is here still ends there.
    pub fn extend_newer(&mut self, after: Order, page: Page) {
        if self.newer && self.newest() == Some(after) {
            self.newer = page.newer;
            self.put(page.messages);
        }
    }

    /// Takes messages that are new or changed. Those that stand outside of the window are left for their page.
    pub fn changed(&mut self, messages: Vec<MessageView>) {
        if !self.ready {
            return;
        }
        let oldest = self.oldest().filter(|_| self.older);
        let newest = self.newest().filter(|_| self.newer);
        let is_inside = |order: Order| Some(order) >= oldest && newest.is_none_or(|newest| order <= newest);
        let (inside, outside): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| is_inside(message.order));
        // One that was here keeps its row unless it went beyond the end, where its page will show it.
        let (stays, leaves): (Vec<_>, Vec<_>) =
            outside.into_iter().partition(|message| !self.newer || Some(message.order) < oldest);
        self.put(inside);
        let known = stays.into_iter().filter(|message| self.position(&message.id).is_some()).collect();
        self.put(known);
        for message in leaves {
            self.gone(message.id);
        }
    }

    /// It is gone.
    pub fn gone(&mut self, message: MessageId) {
        self.messages.retain(|known| known.id != message);
    }

    /// All are gone.
    pub fn clear(&mut self) {
        self.messages.clear();
    }

    /// Keeps only these; what is left out is loaded again when somebody comes near.
    pub fn keep(&mut self, kept: Range<usize>) {
        let len = self.messages.len();
        let (start, end) = (kept.start.min(len), kept.end.min(len));
        if start >= end {
            return;
        }
        let placed = self.messages.get(start..end).unwrap_or_default().iter();
        // Where only waiting messages are left, nothing says after which place the next page begins.
        if end < len && placed.clone().any(|message| !message.order.is_waiting()) {
            self.messages.truncate(end);
            self.newer = true;
        }
        if start > 0 {
            self.messages.drain(..start);
            self.older = true;
        }
    }

    fn position(&self, id: &MessageId) -> Option<usize> {
        self.messages.iter().position(|known| known.id == *id)
    }

    /// Puts each message in its place, in place of the one with its id. What did not change keeps its `Arc`.
    fn put(&mut self, messages: Vec<MessageView>) {
        for message in messages {
            if let Some(known) = self.position(&message.id) {
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
pub(crate) mod tests;
