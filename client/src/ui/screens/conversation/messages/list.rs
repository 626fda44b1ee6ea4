//! Draws the rows of messages. A change of one message touches its row and no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{ConversationId, MessageView};
use parley_protocol::ids::{MessageId, UnixMillis};

use super::List;
use crate::model::rows::{Bubble, Row, RowKey, rows};
use crate::model::time::LocalTime;
use crate::platform::clock;
use crate::ui::app::state::{App, Dialog};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::bubble::{self, Around};
use crate::ui::screens::conversation::deleting;
use crate::ui::words;

/// The rows of the list.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// The rows in order. Changes only when a row comes, goes or moves; `bubbles` has the current state of each message.
    order: RwSignal<Vec<Row>>,
    bubbles: StoredValue<BTreeMap<MessageId, ArcRwSignal<Bubble>>>,
    /// Counts up after each change, when all rows have taken it over.
    pub(super) changed: RwSignal<u32>,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self {
            order: RwSignal::new(Vec::new()),
            bubbles: StoredValue::new(BTreeMap::new()),
            changed: RwSignal::new(0),
        }
    }

    /// Shows these rows.
    pub(super) fn show(self, rows: Vec<Row>) {
        let same_order =
            self.order.with_untracked(|order| order.iter().map(Row::key).eq(rows.iter().map(Row::key)));
        self.bubbles.update_value(|bubbles| {
            let before = std::mem::take(bubbles);
            for row in &rows {
                let Row::Message(bubble) = row else { continue };
                let id = bubble.message.id;
                let signal = match before.get(&id) {
                    Some(known) => {
                        if known.with_untracked(|known| !known.is(bubble)) {
                            known.set(bubble.clone());
                        }
                        known.clone()
                    }
                    None => ArcRwSignal::new(bubble.clone()),
                };
                bubbles.insert(id, signal);
            }
        });
        if !same_order {
            self.order.set(rows);
        }
        self.changed.update(|changed| *changed = changed.wrapping_add(1));
    }

    /// Reads the rows that are in the page.
    pub(super) fn with<T>(self, look: impl FnOnce(&[Row]) -> T) -> T {
        self.order.with_untracked(|order| look(order))
    }

    /// The index of a row.
    pub(super) fn position(self, key: RowKey) -> Option<usize> {
        self.with(|rows| rows.iter().position(|row| row.key() == key))
    }

    pub(super) fn view(
        self,
        app: App,
        id: ConversationId,
        name: Memo<String>,
        waits: Memo<String>,
    ) -> AnyView {
        let in_group = app.chats.with_untracked(|chats| chats.get(id).is_some_and(|it| it.group.is_some()));
        let group = app.me().filter(|_| in_group);
        // A selector may run once more after the list is left.
        let newest = Selector::new(move || self.order.try_with(|order| order.last().map(Row::key)).flatten());
        let newest_own = Selector::new(move || self.order.try_with(|order| newest_own(order)).flatten());
        For(ForProps::builder()
            .each(move || self.order.get())
            .key(Row::key)
            .children(move |row| match row {
                Row::Day(_, time) => day(app, time),
                Row::Unread => unread_line(app, id),
                Row::Message(first) => {
                    let Some(bubble) =
                        self.bubbles.with_value(|bubbles| bubbles.get(&first.message.id).cloned())
                    else {
                        return parts::nothing();
                    };
                    let message = {
                        let bubble = bubble.clone();
                        move || bubble.with_untracked(|bubble| Arc::clone(&bubble.message))
                    };
                    let (newest, key) = (newest.clone(), Some(RowKey::Message(first.message.id)));
                    let own = in_group && first.message.outgoing.is_some();
                    let details = own.then(|| {
                        let newest = newest_own.clone();
                        details_button(app, first.message.id, move || newest.selected(&key))
                    });
                    let newest = Memo::new(move || newest.selected(&key));
                    let delete = deleting::button(app, id, message, move || newest.get());
                    let beside = parts::several((details, delete));
                    bubble::bubble(
                        &bubble,
                        Around { app, chat: id, author: name, group, waits, newest, beside },
                    )
                }
            })
            .build())
        .into_any()
    }
}

/// The button that shows who has an own message of a group. Tab reaches one of these buttons, as with the delete button.
fn details_button(app: App, message: MessageId, newest: impl Fn() -> bool + Send + 'static) -> AnyView {
    html::button()
        .class("icon-button details")
        .attr("type", "button")
        .attr("aria-label", "Details")
        .attr("title", "Details")
        .attr_live("tabindex", move || Some(if newest() { "0" } else { "-1" }))
        .on(ev::click, move |_| app.show(Dialog::Message(message)))
        .child(icons::info())
        .into_any()
}

/// The newest own message.
fn newest_own(rows: &[Row]) -> Option<RowKey> {
    let own = |row: &&Row| matches!(row, Row::Message(it) if it.message.outgoing.is_some());
    rows.iter().rev().find(own).map(Row::key)
}

fn unread_line(app: App, id: ConversationId) -> AnyView {
    let count = Memo::new(move || app.with_open(id, |open| open.unread_count).flatten());
    let said = parts::live(move || words::unread(count.get()));
    parts::stack("unread-line", vec![html::span().child(said).into_any()])
}

fn day(app: App, time: UnixMillis) -> AnyView {
    let label = Memo::new(move || {
        let now = app.now.get();
        let local = |time| LocalTime::new(time, clock::minutes_east(time));
        local(time).day_label(&local(now))
    });
    parts::stack("day", vec![html::span().child(parts::live(move || label.get())).into_any()])
}

impl List {
    /// Keeps the rows in step with the messages, and the message being read in its place.
    pub(super) fn follow(self) {
        Effect::new(move |_| {
            let rows = self.rows_now();
            self.hold();
            self.rows.show(rows);
        });
        Effect::new(move |_| {
            self.rows.changed.track();
            self.settle();
        });
        self.watch_sizes();
    }

    fn rows_now(self) -> Vec<Row> {
        let leaving = self.app.leaving.get();
        let stays = |it: &&Arc<MessageView>| !leaving.as_ref().is_some_and(|leaving| leaving.is(&it.id));
        let rows = self.app.with_open(self.id, |open| {
            let messages: Vec<_> = open.window.messages().iter().filter(stays).cloned().collect();
            rows(&messages, open.unread_from, |time| {
                LocalTime::new(time, clock::minutes_east(time)).day_number
            })
        });
        rows.unwrap_or_default()
    }
}
