//! The sidebar: the list of chats with its header.

use leptos::ev;
use leptos::prelude::*;

use crate::model::chats::{Chats, SEARCH_FROM};
use crate::model::route::Route;
use crate::model::signal::ToOwner;
use crate::platform::unicode::Browser;
use crate::platform::{dom, page};
use crate::ui::app::state::{App, Dialog, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::chats::chat_item;
use crate::ui::screens::requests;
use crate::ui::screens::welcome::invite;
use crate::ui::words;

/// The id of the field that searches chats, and the selectors by which the page finds the field and the chats below it.
const SEARCH: &str = "search-chats";
const SEARCH_FIELD: &str = "#search-chats";
const CHAT_LINKS: &str = ".chats .chat";
/// The button for a person who has no chats.
const FIRST_CHAT: &str = "first-chat";

/// Moves the focus, once there is an account, to the first thing that the person can do.
pub(crate) fn take_focus() {
    if !page::is_touch() {
        page::keep_focus(SEARCH);
    }
    page::keep_focus(FIRST_CHAT);
}

/// The own account, the search and the chats; without chats, how to begin.
pub(crate) fn sidebar(app: App) -> AnyView {
    let sought = RwSignal::new(String::new());
    let count = Memo::new(move || app.chats.with(Chats::count));
    let empty = Memo::new(move || count.get() == 0);
    // A shown field stays until there is nothing to search: its text filters the list, and without the field nobody could clear
    // it.
    let searchable = RwSignal::new(false);
    Effect::new(move |_| match count.get() {
        0 => {
            searchable.set(false);
            sought.set(String::new());
        }
        SEARCH_FROM.. if !searchable.get_untracked() => searchable.set(true),
        _ => {}
    });
    html::aside()
        .class("sidebar")
        .attr("aria-label", "Chats and account")
        .child((
            head(app, empty),
            parts::maybe(move || searchable.get().then(|| search(app, sought))),
            requests::entry(app),
            parts::dynamic(move || if empty.get() { begin(app) } else { list(app, sought) }),
        ))
        .into_any()
}

fn head(app: App, empty: Memo<bool>) -> AnyView {
    let me = Memo::new(move || {
        app.account
            .with(|account| account.as_ref().map(|it| (it.name.clone(), it.username.clone(), it.colour)))
    });
    let locked = Memo::new(move || app.lock.with(Option::is_some));
    html::header()
        .class("sidebar-head")
        .child((
            parts::maybe(move || {
                me.get().map(|(name, username, colour)| {
                    html::div()
                        .class("me")
                        .child((
                            avatar::person(&name, colour, ""),
                            html::div().class("me-name").child((
                                html::strong().attr("dir", "auto").child(name),
                                html::span().class("quiet").child(format!("@{username}")),
                            )),
                        ))
                        .into_any()
                })
            }),
            parts::maybe(move || (!empty.get()).then(|| new_chat(app, false))),
            parts::maybe(move || locked.get().then(|| lock_button(app))),
            html::button()
                .class("icon-button")
                .attr("type", "button")
                .attr("aria-label", "Settings")
                .attr_live("aria-current", move || app.route.with(Route::is_settings).then_some("page"))
                .on(ev::click, move |_| go(&Route::Settings(None)))
                .child(icons::settings()),
        ))
        .into_any()
}

fn lock_button(app: App) -> AnyView {
    parts::icon_button("Lock", "icon-button", icons::lock(), move || app.say(&ToOwner::LockNow))
}

fn new_chat(app: App, large: bool) -> AnyView {
    let button = html::button().attr("type", "button");
    let button = if large { button.attr("id", FIRST_CHAT) } else { button };
    button
        .class(if large { "button" } else { "icon-button" })
        .attr("aria-label", "New chat")
        .attr("aria-keyshortcuts", "Control+K Meta+K")
        .on(ev::click, move |_| app.show(Dialog::NewChat(String::new())))
        .child((icons::compose(), large.then_some("New chat")))
        .into_any()
}

/// The search field. Enter opens the first result, and the arrow keys lead into the results.
fn search(app: App, sought: RwSignal<String>) -> AnyView {
    html::div()
        .class("search")
        .child((
            icons::search(),
            html::input()
                .attr("type", "search")
                .attr("id", SEARCH)
                .attr("aria-label", "Search chats")
                .attr("placeholder", "Search chats")
                .attr("autocomplete", "off")
                .value(move || sought.get())
                .on(ev::input, move |event| sought.set(event_target_value(&event)))
                .on(ev::keydown, move |event| {
                    if !dom::is_composing(&event) && searched(app, sought, &event) {
                        event.prevent_default();
                    }
                }),
        ))
        .into_any()
}

/// Handles a key in the field. Returns whether the key did something.
fn searched(app: App, sought: RwSignal<String>, event: &ev::KeyboardEvent) -> bool {
    let filled = sought.with_untracked(|sought| !sought.trim().is_empty());
    let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key());
    match event.key().as_str() {
        "Escape" if sought.with_untracked(|sought| !sought.is_empty()) => sought.set(String::new()),
        "Enter" if filled => {
            let found =
                app.chats.with_untracked(|chats| sought.with_untracked(|it| chats.matching(it, &Browser)));
            if let Some(first) = found.first() {
                go(&Route::Conversation(*first));
            }
        }
        "ArrowDown" if plain => return dom::focus_first(CHAT_LINKS),
        _ => return false,
    }
    true
}

/// The up and down keys lead from one chat to the next, and from the first back to the field.
fn step(event: &ev::KeyboardEvent) {
    dom::step_between(event, "li", ".chat");
    let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key());
    if event.key() == "ArrowUp" && plain && !event.default_prevented() && dom::focus_first(SEARCH_FIELD) {
        event.prevent_default();
    }
}

fn list(app: App, sought: RwSignal<String>) -> AnyView {
    // Archived chats are in a list of their own, but a search finds them.
    let shown = app.steady(move || {
        app.chats.with(|chats| {
            let mut found = sought.with(|sought| chats.matching(sought, &Browser));
            if sought.with(|sought| sought.trim().is_empty()) {
                found.retain(|id| chats.get(*id).is_some_and(|chat| !chat.marks.archived));
            }
            found
        })
    });
    let archived =
        app.steady(move || app.chats.with(|chats| chats.archived().map(|chat| chat.id).collect::<Vec<_>>()));
    let opened = RwSignal::new(false);
    html::nav()
        .class("chats")
        .attr("aria-label", "Chats")
        .on(ev::keydown, |event| step(&event))
        .child((
            chat_item::list(app, "Chats", shown),
            parts::maybe(move || {
                let count = archived.with(Vec::len);
                (count > 0).then(|| {
                    html::button()
                        .class("archived-entry")
                        .attr("type", "button")
                        .attr_live("aria-expanded", move || Some(if opened.get() { "true" } else { "false" }))
                        .on(ev::click, move |_| opened.update(|opened| *opened = !*opened))
                        .child(words::archived(count))
                        .into_any()
                })
            }),
            parts::maybe(move || opened.get().then(|| chat_item::list(app, "Archived chats", archived))),
            parts::maybe(move || {
                shown.with(Vec::is_empty).then(|| parts::text("note", words::NO_CHATS_FOUND))
            }),
        ))
        .into_any()
}

/// How to begin without chats.
fn begin(app: App) -> AnyView {
    let parts = vec![
        html::h2().child(words::NO_CHATS).into_any(),
        parts::text("quiet", words::NO_CHATS_HOW),
        new_chat(app, true),
        invite::card(app, true),
    ];
    parts::stack("begin", parts)
}
