//! Reports messages as read that were in view while the person had the page in front of them.

use leptos::prelude::*;
use parley_engine::view::{Command, Order};

use super::List;
use crate::model::rows::Row;
use crate::ui::design::memo::Memo;

impl List {
    /// Tells the engine which messages were read.
    pub(super) fn mark_read(self) {
        let newest = Memo::new(move || self.newest_in_view());
        let chat = self.app.chat(self.id);
        Effect::new(move |marked: Option<Option<(Order, u32)>>| {
            let marked = marked.flatten();
            let looks = self.app.in_front.get() && self.app.dialog.with(Option::is_none);
            let unread = chat.with(|chat| chat.as_ref().map_or(0, |chat| chat.unread));
            // A message may arrive late, above the marked place. The page does not repeat a request that changed nothing.
            let now = newest.get().map(|order| (order, unread));
            match now {
                Some((upto, 1..)) if looks && now != marked => {
                    self.app.ask(Command::MarkRead { conversation: self.id, upto }, |_| {});
                    now
                }
                _ => marked,
            }
        });
    }

    /// The place of the newest message that has been in view.
    fn newest_in_view(self) -> Option<Order> {
        self.rows.changed.track();
        let read = self.place.read.get();
        self.rows.with(|rows| {
            rows.get(..read.min(rows.len()))?.iter().rev().find_map(|row| match row {
                Row::Message(bubble) => Some(bubble.message.order),
                _ => None,
            })
        })
    }
}
