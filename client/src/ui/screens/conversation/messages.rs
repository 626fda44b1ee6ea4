//! The messages of a conversation, anchored at the newest.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, MessageView, Order};

use crate::model::chats::Chats;
use crate::model::rows::{Bubble, Row, RowKey, rows};
use crate::model::time::LocalTime;
use crate::platform::scroll::Scroller;
use crate::platform::{clock, dom};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::{bubble, deleting};
use crate::ui::words;

#[derive(Clone, Copy)]
struct View {
    app: App,
    id: ConversationId,
    scroller: Scroller,
    at_bottom: RwSignal<bool>,
    below: RwSignal<bool>,
    rows: Memo<Vec<Row>>,
    height: StoredValue<i32>,
}

/// The scrolling log.
pub(crate) fn messages(app: App, id: ConversationId, name: Memo<String>) -> AnyView {
    let node = NodeRef::<leptos::html::Div>::new();
    let view = View {
        app,
        id,
        scroller: Scroller(node),
        at_bottom: RwSignal::new(true),
        below: RwSignal::new(false),
        rows: Memo::new(move || rows_of(app, id)),
        height: StoredValue::new(0),
    };
    view.hold_while_scrolled_up();
    view.mark_read();
    let waits = bubble::why(app, id);
    html::div()
        .class("messages")
        .child((
            html::div()
                .class("scroller")
                .attr("tabindex", "0")
                .attr("role", "region")
                .attr("aria-label", "Conversation")
                .node_ref(node)
                .on(ev::scroll, move |_| view.scrolled())
                .child(
                    html::div().class("scrolled").child((
                        parts::dynamic(move || view.top()),
                        html::div()
                            .class("log")
                            .attr("role", "log")
                            .attr("aria-label", "Messages")
                            // What comes is told by `App::hear`: what is loaded here is not news.
                            .attr("aria-live", "off")
                            .on(ev::keydown, |event| dom::step_between(&event, ".message", ".delete"))
                            .child(view.list(name, waits)),
                    )),
                ),
            parts::maybe(move || view.below.get().then(|| view.to_newest())),
            deleting::undo(app),
        ))
        .into_any()
}

fn rows_of(app: App, id: ConversationId) -> Vec<Row> {
    app.open.with(|open| match open.as_ref().filter(|open| open.id == id) {
        Some(open) => {
            let leaving = app.leaving.get();
            let stays = |it: &&Arc<MessageView>| !leaving.as_ref().is_some_and(|leaving| leaving.is(&it.id));
            let messages: Vec<_> = open.thread.messages().iter().filter(stays).cloned().collect();
            rows(&messages, open.unread_from, |time| {
                LocalTime::new(time, clock::minutes_east(time)).day_number
            })
        }
        None => Vec::new(),
    })
}

/// The bubble with this key. `place` is where it was last: only older messages, which come by the page, move it.
fn bubble_of(rows: &[Row], key: RowKey, place: &AtomicUsize) -> Option<Bubble> {
    let is_it = |row: &Row| row.key() == key;
    let last = place.load(Ordering::Relaxed);
    let found = if rows.get(last).is_some_and(is_it) { Some(last) } else { rows.iter().position(is_it) }?;
    place.store(found, Ordering::Relaxed);
    match rows.get(found) {
        Some(Row::Message(bubble)) => Some(bubble.clone()),
        _ => None,
    }
}

impl View {
    fn list(self, name: Memo<String>, waits: Memo<String>) -> AnyView {
        For(ForProps::builder()
            .each(move || self.rows.get())
            .key(Row::key)
            .children(move |row| self.row(&row, name, waits))
            .build())
        .into_any()
    }

    fn row(self, row: &Row, name: Memo<String>, waits: Memo<String>) -> AnyView {
        let key = row.key();
        match row {
            Row::Day(_, time) => {
                let day = LocalTime::new(*time, clock::minutes_east(*time));
                let app = self.app;
                let label = Memo::new(move || {
                    let now = app.now.get();
                    day.day_label(&LocalTime::new(now, clock::minutes_east(now)))
                });
                html::div()
                    .class("day")
                    .child(html::span().child(parts::live(move || label.get())))
                    .into_any()
            }
            Row::Unread => {
                html::div().class("unread-line").child(html::span().child("Unread messages")).into_any()
            }
            Row::Message(first) => {
                let place = AtomicUsize::new(0);
                let now = Memo::new(move || self.rows.with(|rows| bubble_of(rows, key, &place)));
                let message =
                    move || now.with_untracked(|row| row.as_ref().map(|row| Arc::clone(&row.message)));
                let is_newest = move || self.rows.with(|rows| rows.last().map(Row::key) == Some(key));
                let delete = deleting::button(self.app, self.id, message, is_newest);
                bubble::bubble(first, now, name, waits, delete)
            }
        }
    }

    /// Whether it came from a backup file, which it always did or never.
    fn is_restored(self) -> bool {
        let restored = |chats: &Chats| chats.get(self.id).is_some_and(|chat| chat.restored.is_some());
        self.app.chats.with_untracked(restored)
    }

    /// What stands above the oldest message.
    fn top(self) -> AnyView {
        let (ready, older, error) = self.app.open.with(|open| {
            let open = open.as_ref().filter(|open| open.id == self.id);
            (
                open.is_some_and(|open| open.thread.is_ready()),
                open.is_some_and(|open| open.thread.has_older()),
                open.and_then(|open| open.error),
            )
        });
        match (ready, older, error) {
            (_, _, Some(error)) => parts::text("log-note", words::command_error(error)),
            (false, ..) | (_, true, _) => parts::text("log-note", "Loading…"),
            (true, false, _) if self.is_restored() => parts::nothing(),
            (true, false, _) => parts::text(
                "log-note",
                "Only the two of you can read this chat. The relay sees sealed envelopes.",
            ),
        }
    }

    fn scrolled(self) {
        self.height.set_value(self.scroller.height());
        let at_bottom = self.scroller.at_bottom();
        if self.at_bottom.get_untracked() != at_bottom {
            self.at_bottom.set(at_bottom);
        }
        if at_bottom {
            self.below.set(false);
        }
        if self.scroller.near_top() {
            self.app.load_older(self.id);
        }
    }

    fn to_newest(self) -> AnyView {
        let inside = vec![icons::down(), "New messages".to_owned().into_any()].into_any();
        parts::button_around(inside, "to-newest", move || {
            self.scroller.to_bottom();
            self.below.set(false);
        })
    }

    /// When messages come while somebody reads further up, nothing moves and a button leads down.
    fn hold_while_scrolled_up(self) {
        Effect::new(move |before: Option<Option<RowKey>>| {
            let newest = self.rows.with(|rows| rows.last().map(Row::key));
            let came = matches!(before, Some(Some(before)) if Some(before) != newest);
            let any = newest.is_some();
            // By then the page has its new height, and nobody has seen it yet.
            request_animation_frame(move || self.settle(came, any));
            newest
        });
    }

    fn settle(self, came: bool, any: bool) {
        let Some(at_bottom) = self.at_bottom.try_get_untracked() else { return };
        let height = self.scroller.height();
        let grown = height.saturating_sub(self.height.get_value());
        self.height.set_value(height);
        if came && self.newest_is_own() {
            self.scroller.to_bottom();
        } else if came && !at_bottom {
            self.scroller.hold(grown);
            self.below.set(true);
        }
        // What is too short to be scrolled loads what is older without scrolling.
        if any && self.scroller.near_top() {
            self.app.load_older(self.id);
        }
    }

    fn newest_is_own(self) -> bool {
        self.rows.with_untracked(|rows| match rows.last() {
            Some(Row::Message(bubble)) => bubble.message.outgoing.is_some(),
            _ => false,
        })
    }

    /// What is at the bottom of a page that somebody looks at has been read.
    fn mark_read(self) {
        let newest = Memo::new(move || {
            self.app.open.with(|open| {
                let open = open.as_ref().filter(|open| open.id == self.id)?;
                let theirs = open.thread.messages().iter().rev().find(|message| message.outgoing.is_none());
                theirs.map(|message| message.order)
            })
        });
        let chat = self.app.chat(self.id);
        Effect::new(move |marked: Option<Option<(Order, u32)>>| {
            let marked = marked.flatten();
            let seen = self.app.visible.get() && self.at_bottom.get();
            let unread = chat.with(|chat| chat.as_ref().map_or(0, |chat| chat.unread));
            // Something may come late, above what was marked. What was asked once and changed nothing is not asked again.
            let now = newest.get().map(|order| (order, unread));
            match now {
                Some((upto, 1..)) if seen && now != marked => {
                    self.app.ask(Command::MarkRead { conversation: self.id, upto }, |_| {});
                    now
                }
                _ => marked,
            }
        });
    }
}
