//! Holds the loaded messages of one conversation: a contiguous run of bounded length.

use std::ops::Range;
use std::sync::Arc;

use parley_engine::view::{MessageRef, MessageView, Order, Page};
use parley_protocol::ids::MessageId;

/// A contiguous run of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// The messages, oldest first.
    messages: Vec<Arc<MessageView>>,
    /// Whether older messages exist.
    older: bool,
    /// Whether newer messages exist.
    newer: bool,
    /// Whether the first page has come.
    ready: bool,
}

impl Window {
    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Arc<MessageView>] {
        &self.messages
    }

    /// The message with this reference, if it is loaded.
    #[must_use]
    pub fn named(&self, message: &MessageRef) -> Option<&Arc<MessageView>> {
        let is = |it: &&Arc<MessageView>| {
            it.about.named.is_some_and(|named| (named.author, named.id) == (message.author, message.id))
        };
        self.messages.iter().rev().find(is)
    }

    /// Whether messages older than these exist.
    #[must_use]
    pub const fn has_older(&self) -> bool {
        self.older
    }

    /// Whether messages newer than these exist.
    #[must_use]
    pub const fn has_newer(&self) -> bool {
        self.newer
    }

    /// Whether the first page has come.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// The place of the oldest loaded message.
    #[must_use]
    pub fn oldest(&self) -> Option<Order> {
        self.messages.first().map(|message| message.order)
    }

    /// The place of the newest loaded message that has a final place.
    #[must_use]
    pub fn newest(&self) -> Option<Order> {
        self.messages.iter().rev().map(|message| message.order).find(|order| !order.is_waiting())
    }

    /// Replaces everything by this page.
    pub fn show(&mut self, page: Page) {
        *self = Self { messages: Vec::new(), older: page.older, newer: page.newer, ready: true };
        self.put(page.messages);
    }

    /// Updates the window with the newest page. The window merges a page that overlaps its messages. One that does not overlap
    /// replaces them if the person reads at the end (`at_end`); otherwise the window keeps its messages.
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

    /// Adds the page before a place, if the loaded messages still begin there.
    pub fn extend_older(&mut self, before: Order, page: Page) {
        if self.oldest() == Some(before) {
            self.older = page.older;
            self.put(page.messages);
        }
    }

    /// Adds the page after a place, if the loaded messages still end there.
    pub fn extend_newer(&mut self, after: Order, page: Page) {
        if self.newer && self.newest() == Some(after) {
            self.newer = page.newer;
            self.put(page.messages);
        }
    }

    /// Takes new or changed messages. Leaves out those outside of the window: they come with their page.
    pub fn changed(&mut self, messages: Vec<MessageView>) {
        if !self.ready {
            return;
        }
        let oldest = self.oldest().filter(|_| self.older);
        let newest = self.newest().filter(|_| self.newer);
        let is_inside = |order: Order| Some(order) >= oldest && newest.is_none_or(|newest| order <= newest);
        let (inside, outside): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| is_inside(message.order));
        // A loaded message keeps its row, unless it moved beyond the end, where its page will show it.
        let (stays, leaves): (Vec<_>, Vec<_>) =
            outside.into_iter().partition(|message| !self.newer || Some(message.order) < oldest);
        self.put(inside);
        let known = stays.into_iter().filter(|message| self.position(&message.id).is_some()).collect();
        self.put(known);
        for message in leaves {
            self.gone(message.id);
        }
    }

    /// Removes a message.
    pub fn gone(&mut self, message: MessageId) {
        self.messages.retain(|known| known.id != message);
    }

    /// Removes all messages.
    pub fn clear(&mut self) {
        self.messages.clear();
    }

    /// Keeps only these messages. The app loads the others again when the person comes near.
    pub fn keep(&mut self, kept: Range<usize>) {
        let len = self.messages.len();
        let (start, end) = (kept.start.min(len), kept.end.min(len));
        if start >= end {
            return;
        }
        let placed = self.messages.get(start..end).unwrap_or_default().iter();
        // If only waiting messages are left, no place says where the next page begins.
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

    /// Puts each message in its place, and replaces the one with its id. An unchanged message keeps its `Arc`.
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
