//! Deletes for oneself: a message, which the person can restore for a few seconds, or a whole chat, after a question.

use std::sync::Arc;

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, Delivery, MessageView, Reply};
use parley_protocol::ids::MessageId;

use crate::model::route::Route;
use crate::platform::{page, timer};
use crate::ui::app::state::{App, go};
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// How long the person can undo a deletion, in milliseconds.
const UNDO: u64 = 7_000;

/// A message that the app deletes after that time. Until then only this page hides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaving {
    conversation: ConversationId,
    message: Arc<MessageView>,
}

impl Leaving {
    pub(crate) fn is(&self, message: &MessageId) -> bool {
        self.message.id == *message
    }
}

/// The delete button beside a message. Tab reaches one of these buttons; the arrow keys lead from there to the others.
pub(crate) fn button(
    app: App,
    conversation: ConversationId,
    message: impl Fn() -> Arc<MessageView> + 'static,
    newest: impl Fn() -> bool + Send + 'static,
) -> AnyView {
    html::button()
        .class("icon-button delete")
        .attr("type", "button")
        .attr("aria-label", "Delete for me")
        .attr("title", "Delete for me")
        .attr_live("tabindex", move || Some(if newest() { "0" } else { "-1" }))
        .on(leptos::ev::click, move |_| {
            begin(app, Leaving { conversation, message: message() });
        })
        .child(icons::delete())
        .into_any()
}

/// Begins the same deletion from elsewhere.
pub(crate) fn begin_with(app: App, conversation: ConversationId, message: Arc<MessageView>) {
    begin(app, Leaving { conversation, message });
}

/// Deletes several messages at once, without undo.
pub(crate) fn all(app: App, conversation: ConversationId, messages: &[Arc<MessageView>]) {
    finish(app);
    for message in messages {
        let (message, order) = (message.id, message.order);
        app.update_open(conversation, |open| open.window.gone(message));
        app.ask(Command::DeleteMessage { conversation, message, order }, |_| {});
    }
}

fn begin(app: App, leaving: Leaving) {
    finish(app);
    let id = leaving.message.id;
    app.leaving.set(Some(leaving));
    timer::after(UNDO, move || {
        if app.leaving.with_untracked(|leaving| leaving.as_ref().is_some_and(|leaving| leaving.is(&id))) {
            finish(app);
        }
    })
    .forget();
    request_animation_frame(|| page::focus("undo"));
}

/// Deletes the hidden message now.
pub(crate) fn finish(app: App) {
    let Some(Leaving { conversation, message }) = app.leaving.get_untracked() else { return };
    let has_focus = page::has_focus("undo");
    // The message may have been sent meanwhile and have another place.
    let order = app.open.with_untracked(|open| {
        open.window.messages().iter().find(|it| it.id == message.id).map(|it| it.order)
    });
    let (message, order) = (message.id, order.unwrap_or(message.order));
    app.update_open(conversation, |open| open.window.gone(message));
    app.leaving.set(None);
    app.ask(Command::DeleteMessage { conversation, message, order }, |_| {});
    if has_focus && !page::is_touch() {
        page::focus("message");
    }
}

/// The bar that says what was deleted, with the button for undo.
pub(crate) fn undo(app: App) -> AnyView {
    let take_back = move || {
        app.leaving.set(None);
        if !page::is_touch() {
            page::focus("message");
        }
    };
    let said = move |leaving: Leaving| {
        let waits = leaving.message.outgoing == Some(Delivery::Waiting);
        let button = html::button()
            .class("undo-button")
            .attr("id", "undo")
            .attr("type", "button")
            .on(leptos::ev::click, move |_| take_back())
            .child("Undo");
        parts::stack("undo", vec![parts::words(words::deleted(waits).to_owned()), button.into_any()])
    };
    html::div()
        .attr("role", "status")
        .attr("aria-label", "Deleted")
        .child(parts::maybe(move || app.leaving.get().map(said)))
        .into_any()
}

/// The button that deletes a whole chat, then the question.
pub(crate) fn chat(app: App, id: ConversationId, question: String, asked: RwSignal<bool>) -> AnyView {
    let delete = move || {
        app.ask(Command::DeleteChat(id), move |reply| {
            if reply == Reply::Done {
                app.send_failure.update(|failure| *failure = failure.filter(|(failed, _)| *failed != id));
                app.update_open(id, |open| open.window.clear());
                go(&Route::Home);
            }
        });
    };
    parts::dynamic(move || {
        if !asked.get() {
            return html::button()
                .class("button button-quiet")
                .attr("id", "delete-chat")
                .attr("type", "button")
                .on(leptos::ev::click, move |_| asked.set(true))
                .child("Delete chat…")
                .into_any();
        }
        parts::confirm(parts::alert("", question.clone()), "Delete this chat", delete, move || {
            asked.set(false);
            request_animation_frame(|| page::focus("delete-chat"));
        })
    })
}
