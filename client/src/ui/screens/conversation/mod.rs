//! A conversation.

pub(crate) mod bubble;
pub(crate) mod composer;
pub(crate) mod contact;
pub(crate) mod deleting;
pub(crate) mod messages;
pub(crate) mod said;

use leptos::prelude::*;
use parley_engine::view::{Consent, ConversationId};

use crate::model::route::Route;
use crate::ui::app::state::{App, Dialog, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::{requests, shell};
use crate::ui::words;

/// Head, warning, messages, composer.
pub(crate) fn screen(app: App, id: ConversationId) -> AnyView {
    let chat = app.chat(id);
    let known = Memo::new(move || chat.with(Option::is_some));
    // Deleted, perhaps on another device: there is nothing to look at here.
    Effect::new(move |was: Option<bool>| {
        let listed = chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.listed));
        if was == Some(true) && !listed {
            go(&Route::Home);
        }
        listed
    });
    let name =
        Memo::new(move || chat.with(|chat| chat.as_ref().map(|chat| chat.name.clone())).unwrap_or_default());
    let consent =
        Memo::new(move || chat.with(|chat| chat.as_ref().map(|chat| chat.consent)).unwrap_or_default());
    parts::dynamic(move || {
        if !known.get() {
            return unknown();
        }
        // A chat came from a backup file, or it never did.
        let restored = chat.with_untracked(|chat| chat.as_ref().and_then(|chat| chat.restored.clone()));
        let has_details = restored.is_none();
        html::section()
            .class("conversation")
            .attr_live("aria-label", move || Some(name.get()))
            .child((
                parts::dynamic(move || {
                    head(app, id, name, has_details && consent.get() != Consent::Requested)
                }),
                parts::maybe(move || {
                    chat.with(|chat| chat.as_ref().and_then(|chat| chat.warning)).map(|warning| {
                        html::p()
                            .class("chat-warning")
                            .attr("role", "alert")
                            .child((icons::warning(), html::span().child(words::warning(warning))))
                            .into_any()
                    })
                }),
                messages::messages(app, id, name),
                parts::status(
                    "chat-waiting",
                    parts::live(move || {
                        let reason = chat.with(|chat| chat.as_ref().and_then(|chat| chat.waiting));
                        reason.map(|reason| words::waiting(reason, &name.get())).unwrap_or_default()
                    }),
                ),
                match restored {
                    Some(owner) => restored_foot(app, id, &owner, &name.with_untracked(String::clone)),
                    None => parts::dynamic(move || match consent.get() {
                        Consent::Granted => composer::composer(app, id, name),
                        other => requests::foot(app, id, other, &name.get()),
                    }),
                },
            ))
            .into_any()
    })
}

/// In place of the composer: why nothing can be written here, and the way to be rid of the chat.
fn restored_foot(app: App, id: ConversationId, owner: &str, name: &str) -> AnyView {
    let foot = vec![
        parts::text("", words::restored_chat(owner, name)),
        deleting::chat(app, id, words::DELETE_RESTORED.to_owned(), RwSignal::new(false)),
    ];
    parts::stack("composer restored", foot)
}

fn head(app: App, id: ConversationId, name: Memo<String>, details: bool) -> AnyView {
    let chat = app.chat(id);
    let verified = Memo::new(move || chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.verified)));
    let below = move || {
        chat.with(|chat| {
            if let Some(owner) = chat.as_ref().and_then(|chat| chat.restored.as_ref()) {
                return words::restored_from(owner);
            }
            let below = chat.as_ref().map(|chat| match (&chat.username, chat.preparing) {
                (Some(username), true) => format!("@{username} · {}", words::PREPARING),
                (None, true) => words::PREPARING.to_owned(),
                (Some(username), false) => format!("@{username}"),
                (None, false) => String::new(),
            });
            below.unwrap_or_default()
        })
    };
    let open = move || app.show(Dialog::Contact(id));
    let called = html::span().attr("dir", "auto").child(parts::live(move || name.get()));
    // The avatar and the username belong to it too, by the style sheet.
    let called = if details {
        parts::button_around(called.into_any(), "conversation-open", open)
    } else {
        called.into_any()
    };
    html::header()
        .class("conversation-head")
        .child((
            shell::back(),
            parts::dynamic(move || avatar::avatar(&name.get(), &id.0, "")),
            html::div().class("conversation-name").child((
                html::h1().child((
                    called,
                    parts::maybe(move || {
                        verified.get().then(|| {
                            parts::several((
                                icons::verified(),
                                html::span().class("sr-only").child("verified"),
                            ))
                        })
                    }),
                )),
                html::p().class("quiet").child(parts::live(below)),
            )),
            details.then(|| parts::icon_button("Contact details", "icon-button", icons::info(), open)),
        ))
        .into_any()
}

fn unknown() -> AnyView {
    let sentence = words::command_error(parley_engine::view::CommandError::UnknownConversation);
    parts::stack("nothing", vec![shell::back(), icons::mark(), html::h1().child(sentence).into_any()])
}
