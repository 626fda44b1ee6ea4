//! Shows the messages of a conversation: a window of rows over any number of messages.

mod list;
mod place;
mod read;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Consent, ConversationId};

use self::list::Rows;
use self::place::Place;
use crate::model::chats::Chats;
use crate::model::text;
use crate::platform::scroll::Scroller;
use crate::platform::{dom, page};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::{bubble, deleting, said};
use crate::ui::screens::files;
use crate::ui::words;

/// The list, and the person's place in it.
#[derive(Clone, Copy)]
struct List {
    app: App,
    id: ConversationId,
    scroller: Scroller,
    rows: Rows,
    place: Place,
}

/// Handles a message that grows because the person unfolds more of it.
#[derive(Clone, Copy)]
pub(crate) struct Unfolding(List);

impl Unfolding {
    /// The message around this click grows now; its beginning stays in place.
    pub(crate) fn begins(self, event: &ev::MouseEvent) {
        self.0.hold_row_of(event);
    }
}

/// The scrolling list of messages.
pub(crate) fn messages(app: App, id: ConversationId, name: Memo<String>) -> AnyView {
    let scroller = Scroller { outer: NodeRef::new(), inner: NodeRef::new(), list: NodeRef::new() };
    let list = List { app, id, scroller, rows: Rows::new(), place: Place::new() };
    provide_context(Unfolding(list));
    provide_context(files::Place(app, id));
    let chat = app.chat(id);
    let granted = move || chat.with(|chat| chat.as_ref().is_none_or(|it| it.consent == Consent::Granted));
    provide_context(said::Links(Memo::new(granted)));
    if app.chats.with_untracked(|chats| chats.get(id).is_some_and(|chat| chat.group.is_some())) {
        let name = move || app.account.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default());
        provide_context(said::OwnName(Memo::new(name)));
    }
    list.follow();
    list.mark_read();
    let waits = bubble::why(app, id);
    html::div()
        .class("messages")
        .child((
            html::div()
                .class("scroller")
                .attr("tabindex", "0")
                .attr("role", "region")
                .attr("aria-label", "Conversation")
                .node_ref(scroller.outer)
                .on(ev::scroll, move |_| list.scrolled())
                .on(ev::Custom::<ev::Event>::new("scrollend"), move |_| list.trim())
                .on(ev::keydown, move |event| list.key(&event))
                .child(
                    html::div().class("scrolled").node_ref(scroller.inner).child((
                        parts::dynamic(move || list.top()),
                        html::div()
                            .class("log")
                            .attr("role", "log")
                            .attr("aria-label", "Messages")
                            // Messages loaded by scrolling are no news; other code announces new ones.
                            .attr("aria-live", "off")
                            .node_ref(scroller.list)
                            .on(ev::keydown, |event| {
                                dom::step_between(&event, ".message", ".delete");
                                dom::step_between(&event, ".message", ".details");
                                dom::step_between(&event, ".message", ".options");
                            })
                            .child(list.rows.view(app, id, name, waits)),
                    )),
                ),
            parts::maybe(move || list.way_down()),
            deleting::undo(app),
        ))
        .into_any()
}

impl List {
    /// Whether the chat came from a backup file. That never changes.
    fn is_restored(self) -> bool {
        let restored = |chats: &Chats| chats.get(self.id).is_some_and(|chat| chat.restored.is_some());
        self.app.chats.with_untracked(restored)
    }

    /// The element above the oldest message.
    fn top(self) -> AnyView {
        let state = self
            .app
            .with_open(self.id, |open| (open.window.is_ready() && !open.window.has_older(), open.error));
        match state.unwrap_or_default() {
            (_, Some(error)) => parts::text("log-note", words::command_error(error)),
            (false, None) => parts::text("log-note", words::LOADING),
            (true, None) if self.is_restored() => parts::nothing(),
            (true, None) => parts::text("log-note", words::CHAT_BEGINS),
        }
    }

    /// The button back to the newest messages, for a person who has scrolled up.
    fn way_down(self) -> Option<AnyView> {
        if !self.place.is_far() {
            return None;
        }
        let unread = self.app.chats.with(|chats| chats.get(self.id).map_or(0, |chat| chat.unread));
        let go = move || {
            self.app.show_newest(self.id);
            // The button goes once the list is at its end, so the focus moves on. Not to the composer on a touch screen, whose
            // keyboard would hide half of the screen.
            if page::is_touch() || !dom::focus_first("#message") {
                let _ = dom::focus_first(".scroller");
            }
        };
        Some(if unread > 0 {
            let count = html::span().class("badge").attr("aria-hidden", "true").child(text::badge(unread));
            let inside = parts::several((icons::down(), words::NEW_MESSAGES, count));
            parts::button_around(inside, "to-newest", go)
        } else {
            parts::icon_button(words::TO_NEWEST, "to-newest to-newest-plain", icons::down(), go)
        })
    }

    /// The End key leads to the newest message, loaded or not.
    fn key(self, event: &ev::KeyboardEvent) {
        let newer = self.app.with_open(self.id, |open| open.window.has_newer()).unwrap_or_default();
        if event.key() == "End" && newer {
            event.prevent_default();
            self.app.show_newest(self.id);
        }
    }
}
