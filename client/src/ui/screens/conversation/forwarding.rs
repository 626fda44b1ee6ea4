//! The dialogs that choose the chats for forwarded messages, and that list the keyboard shortcuts.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{
    Command, CommandError, Consent, ConversationId, ConversationView, GroupStanding, Reply,
};

use crate::model::chats::SEARCH_FROM;
use crate::platform::unicode::Browser;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::words;

fn takes(chat: &ConversationView) -> bool {
    let group = chat.group.as_ref().is_none_or(|it| it.standing == GroupStanding::Member && it.may_write);
    chat.restored.is_none() && chat.consent == Consent::Granted && group && chat.listed
}

/// The content of the dialog that chooses chats.
pub(crate) fn body(app: App) -> AnyView {
    let texts = app.doing.with_untracked(|doing| doing.forwarding.clone());
    let chosen = RwSignal::new(Vec::<ConversationId>::new());
    let sought = RwSignal::new(String::new());
    let failed = RwSignal::new(None::<CommandError>);
    let shown = Memo::new(move || {
        app.chats.with(|chats| {
            let found = sought.with(|sought| chats.matching(sought, &Browser));
            found.into_iter().filter(|id| chats.get(*id).is_some_and(takes)).collect::<Vec<_>>()
        })
    });
    let many = app.chats.with_untracked(|chats| chats.matching("", &Browser).len() >= SEARCH_FROM);
    let search = many.then(|| {
        html::div().class("search").child((
            icons::search(),
            html::input()
                .attr("type", "search")
                .attr("aria-label", "Search chats to forward to")
                .attr("placeholder", "Search chats")
                .attr("autocomplete", "off")
                .value(move || sought.get())
                .on(ev::input, move |event| sought.set(event_target_value(&event))),
        ))
    });
    let list =
        html::ul().class("members").attr("role", "list").attr("aria-label", "Chats to forward to").child(
            parts::dynamic(move || {
                let rows: Vec<AnyView> = shown.get().into_iter().map(|id| row(app, id, chosen)).collect();
                parts::several(rows)
            }),
        );
    let send = move || {
        let to = chosen.with_untracked(Vec::clone);
        if to.is_empty() {
            return;
        }
        app.ask(Command::Forward { texts: texts.clone(), to }, move |reply| {
            if let Reply::Failed(error) = reply {
                return failed.set(Some(error));
            }
            app.doing.update(|doing| (doing.forwarding, doing.selection) = (Vec::new(), None));
            app.close_dialog();
        });
    };
    let button = html::button()
        .class("button")
        .attr("type", "button")
        .flag("aria-disabled", move || chosen.with(Vec::is_empty))
        .on(ev::click, move |_| send())
        .child("Forward");
    let failure = parts::maybe(move || {
        failed.get().map(|error| parts::alert("note note-bad", words::command_error(error)))
    });
    html::div().class("dialog-body").child((search, list, failure, button)).into_any()
}

fn row(app: App, id: ConversationId, chosen: RwSignal<Vec<ConversationId>>) -> AnyView {
    let Some(chat) = app.chats.with_untracked(|chats| chats.get(id).cloned()) else {
        return parts::nothing();
    };
    let tick = html::input()
        .attr("type", "checkbox")
        .checked(move || chosen.with_untracked(|chosen| chosen.contains(&id)))
        .on(ev::change, move |_| {
            chosen.update(|chosen| match chosen.iter().position(|it| *it == id) {
                Some(place) => drop(chosen.remove(place)),
                None => chosen.push(id),
            });
        });
    let name = html::span().attr("dir", "auto").child(chat.name.clone());
    let label = html::label().class("member-row").child((avatar::chat(app, &chat), name, tick));
    html::li().child(label).into_any()
}

/// The list of keyboard shortcuts.
pub(crate) fn keys() -> AnyView {
    let rows: Vec<AnyView> = words::KEYS
        .iter()
        .map(|(key, does)| {
            let key = html::span().class("key").child(*key);
            html::li().child((html::span().child(*does), key)).into_any()
        })
        .collect();
    let list =
        html::ul().class("keys").attr("role", "list").attr("aria-label", "Keyboard shortcuts").child(rows);
    html::div().class("dialog-body").child(list).into_any()
}
