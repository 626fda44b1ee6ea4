//! The screens of groups: making one, its members, its permissions. All but the pieces of an open chat are a part that the page
//! loads on first use (`screens/seldom.rs`).

pub(crate) mod create;
pub(crate) mod foot;
pub(crate) mod invitation;
pub(crate) mod joining;
pub(crate) mod panel;
pub(crate) mod told;

mod asks;
mod head;
mod leaving;
mod links;
mod members;
mod picker;
mod rules;
mod sharing;

use leptos::prelude::*;
use parley_engine::view::ConversationId;
use parley_protocol::ids::MessageId;

use crate::ui::app::state::{App, Dialog};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, modal, parts};
use crate::ui::screens::seldom;
use crate::ui::words;

/// The dialog "New group".
pub(crate) fn new_group(app: App) -> AnyView {
    modal::modal(app, words::NEW_GROUP, || None, "dialog", seldom::new_group(app))
}

/// The dialog with a group's panel.
pub(crate) fn info(app: App, id: ConversationId) -> AnyView {
    let chat = app.chat(id);
    let name = Memo::new(move || chat.with(|chat| chat.as_ref().map(|chat| chat.name.clone())));
    // Deleting the chat, perhaps on another device, closes its dialog.
    Effect::new(move |was: Option<bool>| {
        let listed = chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.listed));
        if was == Some(true) && !listed {
            app.close_dialog();
        }
        listed
    });
    modal::modal(app, "Group info", move || name.get(), "dialog dialog-side", seldom::group(app, id))
}

/// Says to who governs a group that somebody asks to join; nothing to others.
pub(crate) fn asks(app: App, id: ConversationId) -> AnyView {
    let chat = app.chat(id);
    let count = Memo::new(move || {
        chat.with(|chat| chat.as_ref().and_then(|it| it.group.as_ref()).map_or(0, |group| group.asks))
    });
    parts::maybe(move || {
        let count = Some(count.get()).filter(|count| *count > 0)?;
        let review = parts::button("Review", "button button-quiet", move || app.show(Dialog::Group(id)));
        let said = html::span().attr("role", "status").child(words::asks(count));
        Some(html::div().class("chat-asks").child((said, review)).into_any())
    })
}

/// Who has an own message.
pub(crate) fn message(app: App, id: MessageId) -> AnyView {
    modal::modal(app, "Message details", || None, "dialog", seldom::message(app, id))
}

/// The dialog with the group to which an invite link leads.
pub(crate) fn join(app: App, link: &str) -> AnyView {
    modal::modal(app, words::JOIN_GROUP, || None, "dialog", seldom::join(app, link))
}
