//! The screen of message requests and blocked people.

use leptos::prelude::*;
use parley_engine::view::{Command, Consent, ConversationId, ConversationView, Reply};

use crate::model::chats::{Chats, is_request};
use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::chats::chat_item;
use crate::ui::screens::shell;
use crate::ui::words;

/// The id of the button that asks a question, to which the focus returns.
const BLOCK: &str = "block";

/// The link to the message requests, while there are any.
pub(crate) fn entry(app: App) -> AnyView {
    let count = app.steady(move || app.chats.with(|chats| chats.requests().count()));
    let here = Memo::new(move || app.route.get() == Route::Requests);
    parts::maybe(move || {
        let count = count.get();
        (count > 0).then(|| {
            html::a()
                .class("requests-entry")
                .attr("href", Route::Requests.fragment())
                .attr("aria-label", words::requests(count))
                .attr_live("aria-current", move || here.get().then_some("page"))
                .child((
                    icons::requests(),
                    html::span().class("requests-name").child(words::REQUESTS),
                    html::span().class("requests-count").child(count.to_string()),
                ))
                .into_any()
        })
    })
}

/// The list of message requests.
pub(crate) fn screen(app: App) -> AnyView {
    let ids = move |chats: &Chats| chats.requests().map(|chat| chat.id).collect::<Vec<_>>();
    let shown = app.steady(move || app.chats.with(ids));
    html::section()
        .class("conversation requests")
        .attr("aria-label", words::REQUESTS)
        .child((
            html::header()
                .class("conversation-head")
                .child((shell::back(), html::h1().child(words::REQUESTS))),
            html::div().class("requests-body").child((
                parts::maybe(move || {
                    let empty = shown.with(Vec::is_empty);
                    Some(parts::text("note", if empty { words::NO_REQUESTS } else { words::REQUESTS_HOW }))
                }),
                chat_item::list(app, words::REQUESTS, shown),
            )),
        ))
        .into_any()
}

/// In place of the composer: the actions on a person who asks, or is blocked.
pub(crate) fn foot(app: App, id: ConversationId, consent: Consent, name: &str) -> AnyView {
    match consent {
        Consent::Requested => request(app, id, name),
        Consent::Revoked => parts::stack(
            "composer request",
            vec![
                parts::text("request-about", words::blocked(name)),
                parts::button("Unblock", "button", move || set(app, Command::Unblock(id))),
            ],
        ),
        Consent::Granted => parts::nothing(),
    }
}

fn request(app: App, id: ConversationId, name: &str) -> AnyView {
    let asked = RwSignal::new(false);
    let name = name.to_owned();
    let delete = move || app.ask(Command::DeleteChat(id), move |reply| leave(&reply));
    let inside = move || {
        if asked.get() {
            return question(app, id, &name, asked);
        }
        let buttons = vec![
            parts::button("Accept", "button", move || set(app, Command::Accept(id))),
            parts::button("Delete", "button button-quiet", delete),
            ask(asked),
        ];
        let about = parts::text("request-about", words::not_seen(&name));
        parts::several(vec![about, parts::stack("request-buttons", buttons)])
    };
    html::div()
        .class("composer request")
        .attr("role", "group")
        .attr("aria-label", "Message request")
        .child(parts::dynamic(inside))
        .into_any()
}

fn ask(asked: RwSignal<bool>) -> AnyView {
    html::button()
        .class("button button-quiet")
        .attr("id", BLOCK)
        .attr("type", "button")
        .on(leptos::ev::click, move |_| asked.set(true))
        .child("Block")
        .into_any()
}

/// Asks once more, then blocks.
fn question(app: App, id: ConversationId, name: &str, asked: RwSignal<bool>) -> AnyView {
    let requested = app.chats.with_untracked(|chats| chats.get(id).is_some_and(is_request));
    let question = html::div().attr("role", "alert").child((
        html::p().class("request-question").child(words::block(name)),
        html::p().child(words::block_does(requested)),
    ));
    let block = move || {
        app.ask(Command::Block(id), move |reply| {
            let _ = asked.try_set(false);
            if requested {
                leave(&reply);
            }
        });
    };
    parts::confirm(question.into_any(), "Block", block, move || {
        asked.set(false);
        request_animation_frame(|| page::focus(BLOCK));
    })
}

/// The block button in the details of a chat.
pub(crate) fn control(app: App, id: ConversationId, name: &str) -> AnyView {
    let (asked, name) = (RwSignal::new(false), name.to_owned());
    let chat = app.chat(id);
    let blocked = Memo::new(move || {
        chat.with(|chat| chat.as_ref().is_some_and(|chat| chat.consent == Consent::Revoked))
    });
    parts::dynamic(move || match (blocked.get(), asked.get()) {
        (true, _) => {
            parts::button("Unblock", "button button-quiet", move || app.ask(Command::Unblock(id), |_| {}))
        }
        (false, true) => question(app, id, &name, asked),
        (false, false) => ask(asked),
    })
}

/// The blocked people, in the settings.
pub(crate) fn blocked(app: App) -> AnyView {
    let people = Memo::new(move || {
        let of = |chat: &ConversationView| (chat.id, chat.name.clone(), chat.username.clone());
        app.chats.with(|chats| chats.blocked().map(of).collect::<Vec<_>>())
    });
    let said = RwSignal::new(String::new());
    let list = move || {
        let people = people.get();
        if people.is_empty() {
            return parts::text("quiet", words::NOBODY_BLOCKED);
        }
        let lines: Vec<AnyView> =
            people.into_iter().map(|(id, name, username)| person(app, id, &name, username, said)).collect();
        html::ul().attr("role", "list").attr("aria-label", "Blocked people").child(lines).into_any()
    };
    parts::stack(
        "recovery below blocked",
        vec![
            html::h3().attr("id", "blocked").attr("tabindex", "-1").child("Blocked people").into_any(),
            parts::text("quiet", words::BLOCKED_HOW),
            parts::dynamic(list),
            parts::status("quiet", parts::live(move || said.get())),
        ],
    )
}

fn person(
    app: App,
    id: ConversationId,
    name: &str,
    username: Option<String>,
    said: RwSignal<String>,
) -> AnyView {
    let (called, told) = (name.to_owned(), words::unblocked(name));
    let unblock = move || {
        let told = told.clone();
        app.ask(Command::Unblock(id), move |_| {
            let _ = said.try_set(told);
            // The button disappears with its line.
            request_animation_frame(|| page::focus("blocked"));
        });
    };
    let line = vec![
        avatar::peer(name, id, ""),
        html::div()
            .class("person-name")
            .child((
                html::strong().attr("dir", "auto").child(called),
                html::span().class("quiet").child(username.map(|it| format!("@{it}")).unwrap_or_default()),
            ))
            .into_any(),
        html::button()
            .class("button button-quiet")
            .attr("type", "button")
            .attr("aria-label", format!("Unblock {name}"))
            .on(leptos::ev::click, move |_| unblock())
            .child("Unblock")
            .into_any(),
    ];
    html::li().class("blocked-person").child(line).into_any()
}

/// Sends the command; the composer appears and takes the focus.
fn set(app: App, command: Command) {
    app.ask(command, |_| {
        if !page::is_touch() {
            request_animation_frame(|| page::focus("message"));
        }
    });
}

fn leave(reply: &Reply) {
    if *reply == Reply::Done {
        go(&Route::Home);
    }
}
