//! One message.

use leptos::prelude::*;
use parley_engine::view::{BodyView, ConversationId, Delivery, MessageView};

use crate::model::rows::Bubble;
use crate::model::time::LocalTime;
use crate::platform::{clock, page};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::said;
use crate::ui::words;

/// What a message is shown with.
pub(crate) struct Around {
    /// The contact's name.
    pub(crate) author: Memo<String>,
    /// Why it waits, while it does.
    pub(crate) waits: Memo<String>,
    /// What stands beside it.
    pub(crate) beside: AnyView,
}

/// A message as it is now. Its element stays while its state changes.
pub(crate) fn bubble(bubble: &ArcRwSignal<Bubble>, around: Around) -> AnyView {
    let Around { author, waits, beside } = around;
    let now = Memo::new({
        let bubble = bubble.clone();
        move || bubble.get()
    });
    let clock = now.with_untracked(|now| time_of(&now.message));
    let own = now.with_untracked(|now| now.message.outgoing.is_some());
    let state = Memo::new(move || now.with(|now| now.message.outgoing));
    let body = Memo::new(move || now.with(|now| now.message.body.clone()));
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
        .class_when("first", move || now.with(|now| now.first))
        .class_when("last", move || now.with(|now| now.last))
        .class_when("unsent", move || state.get() == Some(Delivery::Failed))
        .class_when("emoji", move || body.with(said::is_emoji))
        .attr("role", "article")
        .attr_live("aria-label", label)
        // A tap gives it the focus, which shows what can be done with it; Tab does not stop at it.
        .attr("tabindex", "-1")
        .child(html::div().class("bubble").child((
            parts::dynamic(move || content(body.get(), author)),
            html::span().class("stamp").child((
                html::time().child(clock),
                parts::maybe(move || state.get().map(|state| explained(state, waits))),
            )),
        )))
        .child(beside)
        .into_any()
}

fn content(body: BodyView, author: Memo<String>) -> AnyView {
    let instead = words::instead_of(&body);
    match (body, instead) {
        (BodyView::Text(text), _) => said::said(text),
        (BodyView::Renamed { from, to }, _) => {
            html::p().class("instead").child((icons::info(), words::renamed(&from, &to))).into_any()
        }
        (BodyView::KeysChanged(change), _) => html::p()
            .class("instead")
            .child((icons::info(), author.with_untracked(|author| words::keys_changed(author, change))))
            .into_any(),
        (_, Some(sentence)) => html::p().class("instead").child((icons::info(), sentence)).into_any(),
        (_, None) => parts::nothing(),
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
