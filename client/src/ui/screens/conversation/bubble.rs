//! One message.

use std::sync::Arc;

use leptos::prelude::*;
use parley_engine::view::{BodyView, ConversationId, Delivery, MessageView};

use crate::model::rows::Bubble;
use crate::model::time::LocalTime;
use crate::platform::{clock, page};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// A message as it is now; `author` is the contact's name. Its element stays while its state changes.
/// `beside` stands beside it; `waits` says why it waits while it does.
pub(crate) fn bubble(
    first: &Bubble,
    row: Memo<Option<Bubble>>,
    author: Memo<String>,
    waits: Memo<String>,
    beside: AnyView,
) -> AnyView {
    let message = Arc::clone(&first.message);
    let clock = time_of(&message);
    let own = message.outgoing.is_some();
    let state = Memo::new(move || row.with(|row| row.as_ref().and_then(|row| row.message.outgoing)));
    let body = Memo::new(move || row.with(|row| row.as_ref().map(|row| row.message.body.clone())));
    let label = {
        let clock = clock.clone();
        move || {
            Some(match state.get() {
                Some(state) => format!("You, {clock}, {}", words::delivery(state)),
                None => format!("{}, {clock}", author.get()),
            })
        }
    };
    html::div()
        .class(if own { "message mine" } else { "message theirs" })
        .class_when("first", move || row.with(|row| row.as_ref().is_some_and(|row| row.first)))
        .class_when("last", move || row.with(|row| row.as_ref().is_some_and(|row| row.last)))
        .class_when("unsent", move || state.get() == Some(Delivery::Failed))
        .attr("role", "article")
        .attr_live("aria-label", label)
        .child(html::div().class("bubble").child((
            parts::maybe(move || body.get().map(said)),
            html::span().class("stamp").child((
                html::time().child(clock),
                parts::maybe(move || state.get().map(|state| explained(state, waits))),
            )),
        )))
        .child(beside)
        .into_any()
}

fn said(body: BodyView) -> AnyView {
    let instead = words::instead_of(&body);
    match (body, instead) {
        (BodyView::Text(text), _) => html::p().class("said").attr("dir", "auto").child(text).into_any(),
        (_, Some(sentence)) => html::p().class("instead").child((icons::info(), sentence)).into_any(),
        (_, None) => ().into_any(),
    }
}

/// Why messages of a chat wait.
pub(crate) fn why(app: App, id: ConversationId) -> Memo<String> {
    let chat = app.chat(id);
    Memo::new(move || {
        let reason = chat.with(|chat| chat.as_ref().and_then(|it| Some((it.waiting?, it.name.clone()))));
        let connection = words::waiting_for(app.connection.get(), page::has_network());
        let outside = words::storage(app.storage.get()).or(connection).map(str::to_owned);
        let told = outside.or_else(|| reason.map(|(reason, name)| words::waiting(reason, &name)));
        told.unwrap_or_else(|| words::delivery(Delivery::Waiting).to_owned())
    })
}

fn explained(state: Delivery, waits: Memo<String>) -> AnyView {
    match state {
        Delivery::Waiting => tick_with(state, waits.get()),
        _ => tick(state),
    }
}

/// The state of an own message; its accessible text is in the message's name.
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
