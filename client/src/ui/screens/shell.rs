//! The frame around all screens.

use leptos::prelude::*;

use crate::model::invite::Invited;
use crate::model::route::Route;
use crate::model::signal::{Fault, ToOwner};
use crate::platform::timer::Interval;
use crate::platform::{self, clock, fallen, local, page, timer};
use crate::ui::app::state::{App, Dialog, Phase, go};
use crate::ui::app::{asking, drafts, fault, history, keys};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, modal, parts};
use crate::ui::screens::chats::{new_chat, sidebar};
use crate::ui::screens::conversation::{contact, deleting};
use crate::ui::screens::{files, groups, linking, notices, seldom, welcome};
use crate::ui::words;

/// A pointer that is held for longer (or of which nobody heard that it was let go) holds nothing back, in milliseconds.
const LONGEST_PRESS: u64 = 5_000;

/// How often a page that can be seen says so, in milliseconds; see [`crate::model::path::SIGHT`].
const SEEN: u32 = 20_000;

/// Starts the app.
pub fn start() {
    platform::report_panics(|| fallen::show(words::FALLEN, words::RELOAD));
    fallen::watch(words::FALLEN, words::RELOAD);
    page::show_theme(local::theme().as_deref());
    mount_to_body(|| {
        let app = App::start();
        follow_page(app);
        page::remove_splash();
        shell(app)
    });
}

/// Keeps the signals in step with the page.
fn follow_page(app: App) {
    history::start(app);
    page::on_visibility_change(move || {
        app.visible.set(page::is_visible());
        if !page::is_visible() {
            deleting::finish(app);
            drafts::save_all(app);
        }
        app.now.set(clock::now());
    });
    page::on_front_change(move || app.in_front.set(page::is_in_front()));
    let longest = StoredValue::new_local(None);
    page::on_press(move |pressed| {
        app.pressed.set(pressed);
        longest.set_value(pressed.then(|| timer::after(LONGEST_PRESS, move || app.pressed.set(false))));
    });
    Interval::new(1_000, move || {
        app.now.set(clock::now());
        drafts::tick(app);
    })
    .forget();
    page::on_return(move || {
        app.say(&ToOwner::Look);
        let zone = clock::zone();
        if app.zone.with_untracked(|known| *known != zone) {
            app.zone.set(zone);
        }
        app.now.set(clock::now());
    });
    Interval::new(SEEN, move || {
        if page::is_visible() {
            app.say(&ToOwner::InSight);
        }
    })
    .forget();
    keys::listen(app);
    app.watch_for_somebody();
    asking::follow(app);
    seldom::fetch_ahead(app);

    Effect::new(move |_| {
        let unread = app.chats.with(crate::model::chats::Chats::unread);
        page::set_title(&if unread == 0 { "Parley".to_owned() } else { format!("({unread}) Parley") });
    });
    Effect::new(move |_| {
        let route = app.route.get();
        deleting::finish(app);
        match route {
            Route::Conversation(id) if app.phase.get_untracked() == Phase::Ready => app.open(id),
            Route::Conversation(_) => {}
            _ => app.close(),
        }
    });
    // An invite link waits until there is an account. Whoever came by somebody's is led into the chat; others are asked.
    let has_account = Memo::new(move || (app.phase.get() == Phase::Ready).then(|| app.has_account()));
    Effect::new(move |newcomer: Option<bool>| {
        let newcomer = newcomer.unwrap_or_default();
        match (has_account.get(), app.invited.get()) {
            (Some(true), Some(invite)) => {
                app.invited.set(None);
                match invite {
                    Invited::ToGroup(link) => app.show(Dialog::GroupLink(link)),
                    Invited::ToChat(invite) if newcomer => new_chat::join(app, invite),
                    Invited::ToChat(invite) => app.show(Dialog::NewChat(invite)),
                }
                false
            }
            (Some(false), invite) => invite.is_some(),
            _ => newcomer,
        }
    });
    // The first screen is gone, and what had the focus with it.
    Effect::new(move |before: Option<Option<bool>>| {
        let now = has_account.get();
        if before == Some(Some(false)) && now == Some(true) {
            request_animation_frame(sidebar::take_focus);
        }
        now
    });
    // A link code waits until the person says what to do with it.
    Effect::new(move |_| {
        if app.phase.get() == Phase::Ready
            && app.has_account()
            && let Some(code) = app.link_code.get()
        {
            app.link_code.set(None);
            app.show(Dialog::Link(code));
        }
    });
}

fn shell(app: App) -> AnyView {
    let has_account = Memo::new(move || app.has_account());
    // Another owner says anew that the device is open: what somebody is doing here goes on.
    let phase = Memo::new(move || app.phase.get());
    let removed = Memo::new(move || app.removed.with(Option::is_some));
    html::div()
        .class("app")
        .child((
            notices::notices(app),
            parts::dynamic(move || match (phase.get(), has_account.get()) {
                _ if app.newer.get() => fault::screen(app, Fault::NewerTab),
                (Phase::Starting, _) => starting(),
                (Phase::Locked, _) => seldom::locked(app),
                (Phase::Faulty(what), _) => fault::screen(app, what),
                (Phase::Ready, _) if removed.get() => seldom::removed(app),
                (Phase::Ready, false) => welcome::screen(app),
                (Phase::Ready, true) => panes(app),
            }),
            announcer(app, false),
        ))
        .into_any()
}

/// What a screen reader is told, and nobody sees. An open dialog has one of its own, because nothing outside of it is heard.
pub(crate) fn announcer(app: App, in_dialog: bool) -> AnyView {
    let told = move || {
        let told = app.announcement.get();
        // Not tracked: what was told before is no news when a dialog opens or closes.
        if app.dialog.with_untracked(Option::is_some) == in_dialog { told } else { String::new() }
    };
    html::div().class("sr-only").attr("aria-live", "polite").text(told).into_any()
}

fn starting() -> AnyView {
    html::main()
        .class("starting")
        .child((
            html::h1().class("sr-only").child("Parley"),
            html::p().attr("role", "status").child(words::OPENING),
        ))
        .into_any()
}

fn panes(app: App) -> AnyView {
    // What stands in a chat or in the settings says times of this place.
    let place = Memo::new(move || (app.route.get(), app.zone.get()));
    let dialog = Memo::new(move || app.dialog.get());
    let chat_menu = Memo::new(move || app.doing.with(|doing| doing.chat_menu));
    html::div()
        .class("panes")
        .class_when("shows-main", move || app.route.get() != Route::Home)
        .child((
            sidebar::sidebar(app),
            html::main().class("main").child(parts::dynamic(move || match place.get().0 {
                Route::Conversation(id) => seldom::chat(app, id),
                Route::Settings(section) => seldom::settings(app, section),
                Route::Requests => seldom::requests(app),
                Route::Home | Route::Invite(_) | Route::Link(_) | Route::GroupLink(_) => nothing(),
            })),
            parts::maybe(move || chat_menu.get().map(|(id, at)| seldom::chat_menu(app, id, at))),
            parts::maybe(move || {
                dialog.get().map(|dialog| match dialog {
                    Dialog::NewChat(first) => new_chat::dialog(app, first),
                    Dialog::Contact(id) => contact::dialog(app, id),
                    Dialog::Link(code) => linking::dialog(app, code),
                    Dialog::NewGroup => groups::new_group(app),
                    Dialog::Group(id) => groups::info(app, id),
                    Dialog::Message(id) => groups::message(app, id),
                    Dialog::Forward => {
                        modal::modal(app, "Forward to", || None, "dialog", seldom::forward(app))
                    }
                    Dialog::Keys => {
                        modal::modal(app, "Keyboard shortcuts", || None, "dialog", seldom::keys())
                    }
                    Dialog::Files(what) => files::dialog(app, what),
                    Dialog::GroupLink(link) => groups::join(app, &link),
                })
            }),
        ))
        .into_any()
}

/// The main pane before a chat is chosen; not seen on a phone.
fn nothing() -> AnyView {
    parts::stack(
        "nothing",
        vec![
            crate::ui::design::icons::mark(),
            html::h1().child(words::CHOOSE_CHAT).into_any(),
            parts::text("quiet", words::ENCRYPTED),
        ],
    )
}

/// The button that leads back to the chats; seen on a phone.
pub(crate) fn back() -> AnyView {
    parts::icon_button("Back", "icon-button back", crate::ui::design::icons::back(), || go(&Route::Home))
}
