//! Shows one message as a bubble.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{AuthorView, BodyView, ConversationId, Delivery, MessageView};
use parley_protocol::ids::AccountId;

use crate::model::rows::Bubble;
use crate::model::time::LocalTime;
use crate::platform::{clock, dom, page};
use crate::ui::app::doing::Selection;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::conversation::{quoted, said};
use crate::ui::screens::files;
use crate::ui::words;

/// The surroundings of a message.
pub(crate) struct Around {
    pub(crate) app: App,
    pub(crate) chat: ConversationId,
    /// The name of the chat: the contact's or the group's.
    pub(crate) author: Memo<String>,
    /// The own account, in a group.
    pub(crate) group: Option<AccountId>,
    /// Why the message waits, while it does.
    pub(crate) waits: Memo<String>,
    /// Whether the message is the newest: Tab reaches its buttons, and the arrow keys reach those of the others.
    pub(crate) newest: Memo<bool>,
    /// The elements beside the bubble.
    pub(crate) beside: AnyView,
}

/// A message in its current state. Its element stays while the state changes.
pub(crate) fn bubble(bubble: &ArcRwSignal<Bubble>, around: Around) -> AnyView {
    let Around { app, chat, author, group, waits, newest, beside } = around;
    let now = Memo::new({
        let bubble = bubble.clone();
        move || bubble.get()
    });
    let clock = now.with_untracked(|now| time_of(&now.message));
    let own = now.with_untracked(|now| now.message.outgoing.is_some());
    let line =
        now.with_untracked(|now| matches!(now.message.body, BodyView::Group(_) | BodyView::Timer { .. }));
    let state = Memo::new(move || now.with(|now| now.message.outgoing));
    let body = Memo::new(move || now.with(|now| files::wherever(&now.message.body)));
    let by = Memo::new(move || now.with(|now| now.message.author.clone()));
    let told = Memo::new(move || now.with(|now| now.message.told.and_then(words::told)));
    let about = Memo::new(move || now.with(|now| now.message.about.clone()));
    let edited = Memo::new(move || about.with(|about| about.edited));
    let shared = now.with_untracked(|now| now.message.shared);
    let label = {
        let clock = clock.clone();
        move || {
            let clock = if edited.get() { format!("{clock}, edited") } else { clock.clone() };
            Some(match (state.get(), told.get()) {
                (Some(_), Some(told)) => format!("You, {clock}, {}", lower_first(&told)),
                (Some(state), None) => format!("You, {clock}, {}", words::delivery(state)),
                (None, _) => {
                    let name = by.with(|by| by.as_ref().map(|by| by.name.clone()));
                    let shared = if shared { ", shared" } else { "" };
                    format!("{}, {clock}{shared}", name.unwrap_or_else(|| author.get()))
                }
            })
        }
    };
    let inside = if line {
        html::div().class("line-text").child(parts::dynamic(move || content(body.get(), now, author, group)))
    } else {
        html::div().class("bubble").child((
            parts::maybe(move || name_of(now.with(|now| now.first), by.get())),
            parts::maybe(move || about.with(|about| quoted::above(app, chat, about, author))),
            parts::dynamic(move || content(body.get(), now, author, group)),
            html::span().class("stamp").child((
                parts::maybe(move || edited.get().then(|| parts::words("edited".to_owned()))),
                shared.then(|| parts::words("shared".to_owned())),
                parts::maybe(move || about.with(|about| about.expires).map(disappears)),
                html::time().child(clock),
                parts::maybe(move || {
                    told.get().map(|told| html::span().class("told").child(told).into_any())
                }),
                parts::maybe(move || state.get().map(|state| explained(state, waits))),
            )),
            parts::maybe(move || about.with(|about| quoted::reactions(app, chat, about))),
            parts::maybe(move || {
                about.with(|about| about.named.is_some()).then(|| options(app, chat, now, newest))
            }),
        ))
    };
    let selecting = Memo::new(move || {
        let of = |it: &&Selection| it.conversation == chat;
        app.doing.with(|doing| {
            let id = now.with(|now| now.message.id);
            doing.selection.as_ref().filter(of).map(|selection| selection.has(&id))
        })
    });
    let menu = move |event: ev::MouseEvent| {
        // The browser's own menu opens links and copies selected text.
        if !dom::is_on_link(&event) && !page::has_selection() {
            event.prevent_default();
            app.open_menu(chat, now.with_untracked(|now| Arc::clone(&now.message)), dom::place_of(&event));
        }
    };
    html::div()
        .class(match (own, line) {
            (_, true) => "message line",
            (true, false) => "message mine",
            (false, false) => "message theirs",
        })
        .class_when("first", move || now.with(|now| now.first))
        .class_when("last", move || now.with(|now| now.last))
        .class_when("by-member", move || by.with(Option::is_some))
        .class_when("unsent", move || state.get() == Some(Delivery::Failed))
        .class_when("emoji", move || body.with(said::is_emoji))
        .attr("role", "article")
        .attr_live("aria-label", label)
        // A tap focuses the bubble, which shows its actions; Tab does not stop at it.
        .attr("tabindex", "-1")
        .on(ev::contextmenu, menu)
        .child(parts::maybe(move || {
            let id = now.with_untracked(|now| now.message.id);
            let about = about.with(|about| about.named.is_some());
            selecting.get().filter(|_| about).map(|on| tick_box(on, move || app.select(chat, id)))
        }))
        .child(parts::maybe(move || picture_of(now.with(|now| now.first), by.get())))
        .child(inside)
        .child(beside)
        .into_any()
}

/// The author of a run of messages in a group, above the first.
fn name_of(first: bool, by: Option<AuthorView>) -> Option<AnyView> {
    by.filter(|_| first).map(|by| {
        let class = format!("author {}", avatar::who(by.colour));
        html::span().class(class).attr("dir", "auto").child(by.name).into_any()
    })
}

fn picture_of(first: bool, by: Option<AuthorView>) -> Option<AnyView> {
    by.filter(|_| first).map(|by| avatar::person(&by.name, by.colour, "author-avatar"))
}

/// It will disappear.
fn disappears(seconds: u32) -> AnyView {
    html::span()
        .class("state")
        .attr("role", "img")
        .attr("aria-label", words::disappears(seconds))
        .attr("title", words::disappears(seconds))
        .child(icons::timer())
        .into_any()
}

/// The button that opens the menu. It shows under a pointer, after a tap and with the focus.
fn options(app: App, chat: ConversationId, now: Memo<Bubble>, newest: Memo<bool>) -> AnyView {
    html::button()
        .class("options")
        .attr("type", "button")
        .attr("aria-label", words::MESSAGE_MENU)
        .attr("aria-haspopup", "menu")
        .attr_live("tabindex", move || Some(if newest.get() { "0" } else { "-1" }))
        .on(ev::click, move |event| {
            app.open_menu(chat, now.with_untracked(|now| Arc::clone(&now.message)), dom::place_of(&event));
        })
        .child(icons::down())
        .into_any()
}

fn tick_box(on: bool, select: impl Fn() + 'static) -> AnyView {
    html::input()
        .class("select")
        .attr("type", "checkbox")
        .attr("aria-label", "Select")
        .checked(move || on)
        .on(ev::change, move |_| select())
        .into_any()
}

/// Lowers the first letter, for the middle of a sentence.
fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn content(body: BodyView, now: Memo<Bubble>, author: Memo<String>, group: Option<AccountId>) -> AnyView {
    let note = |text: String| html::p().class("instead").child((icons::info(), text)).into_any();
    let instead = match group {
        Some(_) => words::instead_of_in_group(&body),
        None => words::instead_of(&body).map(str::to_owned),
    };
    match (body, instead) {
        (BodyView::Text(text), _) => said::said(text),
        (BodyView::Deleted { by }, _) => note(words::deleted_for_all(by.as_ref(), group)),
        (BodyView::Files(view), _) => files::inside(*view, now),
        (BodyView::Group(line), _) => html::p().child(words::group_line(&line, group)).into_any(),
        (BodyView::Timer { by, seconds }, _) => {
            html::p().child(words::timer_line(by.as_ref(), seconds)).into_any()
        }
        (BodyView::Renamed { from, to }, _) => note(words::renamed(&from, &to)),
        (BodyView::KeysChanged(change), _) => {
            note(author.with_untracked(|author| words::keys_changed(author, change)))
        }
        (_, Some(sentence)) => note(sentence),
        (_, None) => parts::nothing(),
    }
}

/// Why the messages of a chat wait.
pub(crate) fn why(app: App, id: ConversationId) -> Memo<String> {
    let chat = app.chat(id);
    Memo::new(move || {
        let reason = chat.with(|chat| chat.as_ref().and_then(words::chat_waits));
        let connection = words::waiting_for(app.connection.get(), page::has_network());
        let outside = words::storage(app.storage.get()).or(connection).map(str::to_owned);
        let told = outside.or(reason);
        told.unwrap_or_else(|| words::delivery(Delivery::Waiting).to_owned())
    })
}

fn explained(state: Delivery, waits: Memo<String>) -> AnyView {
    match state {
        Delivery::Waiting => tick_with(state, waits.get()),
        _ => tick(state),
    }
}

/// The state of an own message as an icon. The name of the message contains the accessible text.
pub(crate) fn tick(state: Delivery) -> AnyView {
    tick_with(state, words::delivery(state).to_owned())
}

fn tick_with(state: Delivery, title: String) -> AnyView {
    let icon = match state {
        Delivery::Waiting => icons::waiting(),
        Delivery::Sent => icons::sent(),
        Delivery::Delivered => icons::delivered(),
        Delivery::Read => icons::read(),
        Delivery::Failed => icons::failed(),
    };
    html::span()
        .class(if state == Delivery::Read { "state state-read" } else { "state" })
        .attr("title", title)
        .child(icon)
        .into_any()
}

fn time_of(message: &MessageView) -> String {
    LocalTime::new(message.time, clock::minutes_east(message.time)).clock()
}
