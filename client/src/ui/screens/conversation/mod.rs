//! The screen of one conversation.

pub(crate) mod acting;
pub(crate) mod bubble;
pub(crate) mod composer;
pub(crate) mod contact;
pub(crate) mod deleting;
pub(crate) mod emoji;
pub(crate) mod forwarding;
mod mentions;
pub(crate) mod menu;
pub(crate) mod messages;
pub(crate) mod quoted;
pub(crate) mod relay_saw;
pub(crate) mod said;
pub(crate) mod timer;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{
    Command, Consent, ConversationId, ConversationView, GroupStanding, GroupSummary, Mark,
};

use crate::model::route::Route;
use crate::ui::app::doing::{Composing, Menu};
use crate::ui::app::state::{App, Dialog, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::{files, groups, requests, seldom, shell};
use crate::ui::words;

/// The header, a warning, the messages and the composer.
pub(crate) fn screen(app: App, id: ConversationId) -> AnyView {
    let chat = app.chat(id);
    let known = Memo::new(move || chat.with(Option::is_some));
    // The chat was deleted, perhaps on another device, so the screen closes.
    Effect::new(move |was: Option<bool>| {
        let listed = chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.listed));
        if was == Some(true) && !listed {
            go(&Route::Home);
        }
        listed
    });
    let menu = Memo::new(move || {
        let of = |menu: &&Menu| menu.conversation == id;
        app.doing.with(|doing| doing.menu.as_ref().filter(of).cloned())
    });
    let picking = Memo::new(move || app.doing.with(|doing| doing.picking.filter(|(of, _)| *of == id)));
    // Opening a chat removes its unread mark.
    Effect::new(move |_| {
        if chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.marks.unread)) && app.in_front.get() {
            let mark = Mark::Unread(false);
            app.ask(Command::MarkChat { conversation: id, mark }, |_| {});
        }
    });
    let name =
        Memo::new(move || chat.with(|chat| chat.as_ref().map(|chat| chat.name.clone())).unwrap_or_default());
    let consent =
        Memo::new(move || chat.with(|chat| chat.as_ref().map(|chat| chat.consent)).unwrap_or_default());
    parts::dynamic(move || {
        if !known.get() {
            return unknown();
        }
        // A chat came from a backup file or did not; that never changes.
        let restored = chat.with_untracked(|chat| chat.as_ref().and_then(|chat| chat.restored.clone()));
        let is_group = chat.with_untracked(|chat| chat.as_ref().is_some_and(|chat| chat.group.is_some()));
        let has_details = Memo::new(move || {
            let of = |group: &Option<GroupSummary>| match group {
                Some(group) => matches!(group.standing, GroupStanding::Member | GroupStanding::Paused),
                None => consent.get() != Consent::Requested,
            };
            chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.restored.is_none() && of(&chat.group)))
        });
        let unconfirmed = Memo::new(move || {
            chat.with(|chat| chat.as_ref().and_then(|it| it.group.as_ref()).is_some_and(|it| it.unconfirmed))
        });
        html::section()
            .class("conversation")
            .attr_live("aria-label", move || Some(name.get()))
            .on(ev::dragover, |event| event.prevent_default())
            .on(ev::drop, move |event| {
                event.prevent_default();
                if files::can_send(app, id) {
                    app.attach(id, files::carried(&event, "dataTransfer"));
                }
            })
            .child((
                parts::dynamic(move || head(app, id, name, is_group, has_details.get())),
                parts::maybe(move || {
                    chat.with(|chat| chat.as_ref().and_then(|chat| chat.warning)).map(|warning| {
                        html::p()
                            .class("chat-warning")
                            .attr("role", "alert")
                            .child((icons::warning(), html::span().child(words::warning(warning))))
                            .into_any()
                    })
                }),
                parts::status(
                    "chat-unconfirmed",
                    parts::live(move || if unconfirmed.get() { words::UNCONFIRMED } else { "" }),
                ),
                parts::several((groups::asks(app, id), messages::messages(app, id, name))),
                parts::status(
                    "chat-waiting",
                    parts::live(move || {
                        chat.with(|chat| chat.as_ref().and_then(words::chat_waits)).unwrap_or_default()
                    }),
                ),
                match restored {
                    Some(owner) => restored_foot(app, id, &owner, &name.with_untracked(String::clone)),
                    None => foot(app, id, name, is_group, consent),
                },
                parts::maybe(move || menu.get().map(|menu| seldom::message_menu(app, menu))),
                parts::maybe(move || picking.get().map(|(id, at)| seldom::emoji(app, id, at))),
            ))
            .into_any()
    })
}

/// The composer, or what takes its place: the actions on messages, or the reason why nobody can write here.
fn foot(app: App, id: ConversationId, name: Memo<String>, is_group: bool, consent: Memo<Consent>) -> AnyView {
    let composing = Memo::new(move || {
        let of = |it: &&Composing| it.conversation == id;
        app.doing.with(|doing| doing.composing.as_ref().filter(of).cloned())
    });
    let edited = Memo::new(move || composing.with(|it| it.clone().filter(|it| it.edits)));
    let answered = Memo::new(move || composing.with(|it| it.clone().filter(|it| !it.edits)));
    let selects = Memo::new(move || {
        app.doing.with(|doing| doing.selection.as_ref().is_some_and(|it| it.conversation == id))
    });
    parts::several((
        parts::maybe(move || answered.get().map(|answered| seldom::reply(app, answered, name))),
        parts::dynamic(move || match (selects.get(), edited.get()) {
            (true, _) => seldom::selection(app, id),
            (false, Some(edited)) => seldom::edit(app, edited),
            (false, None) if is_group => groups::foot::foot(app, id, name),
            (false, None) => parts::dynamic(move || match consent.get() {
                Consent::Granted => composer::composer(app, id, name),
                other => requests::foot(app, id, other, &name.get()),
            }),
        }),
    ))
}

/// The reason why nobody can write in a restored chat, and the button that deletes it.
fn restored_foot(app: App, id: ConversationId, owner: &str, name: &str) -> AnyView {
    let foot = vec![
        parts::text("", words::restored_chat(owner, name)),
        deleting::chat(app, id, words::DELETE_RESTORED.to_owned(), RwSignal::new(false)),
    ];
    parts::stack("composer restored", foot)
}

fn head(app: App, id: ConversationId, name: Memo<String>, is_group: bool, details: bool) -> AnyView {
    let chat = app.chat(id);
    let verified = Memo::new(move || chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.verified)));
    let below = Memo::new(move || chat.with(|chat| chat.as_ref().map(below).unwrap_or_default()));
    let open = move || app.show(if is_group { Dialog::Group(id) } else { Dialog::Contact(id) });
    let called = html::span().attr("dir", "auto").child(parts::live(move || name.get()));
    // The style sheet extends the button over the avatar and the username.
    let called = if details {
        parts::button_around(called.into_any(), "conversation-open", open)
    } else {
        called.into_any()
    };
    let below = parts::live(move || below.get());
    let below = if details && is_group { parts::button_around(below, "members-open", open) } else { below };
    let more = if is_group { "Group info" } else { "Contact details" };
    html::header()
        .class("conversation-head")
        .child((
            shell::back(),
            parts::dynamic(move || {
                let name = name.get();
                if is_group { avatar::group(app, id, &name, "") } else { avatar::peer(&name, id, "") }
            }),
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
                html::p().class("quiet").child(below),
            )),
            details.then(|| parts::icon_button(more, "icon-button", icons::info(), open)),
        ))
        .into_any()
}

/// The line below the name.
fn below(chat: &ConversationView) -> String {
    if let Some(owner) = &chat.restored {
        return words::restored_from(owner);
    }
    let about = match (&chat.group, &chat.username) {
        (Some(group), _) => Some(
            words::standing(&group.standing).map_or_else(|| words::members(group.members), str::to_owned),
        ),
        (None, username) => username.as_ref().map(|username| format!("@{username}")),
    };
    let preparing = chat.preparing.then(|| words::PREPARING.to_owned());
    about.into_iter().chain(preparing).collect::<Vec<_>>().join(" · ")
}

fn unknown() -> AnyView {
    let sentence = words::command_error(parley_engine::view::CommandError::UnknownConversation);
    parts::stack("nothing", vec![shell::back(), icons::mark(), html::h1().child(sentence).into_any()])
}
