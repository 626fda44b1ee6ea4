//! The menu of a message: reactions and actions.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationView, Delivery, GroupStanding, GroupSummary, Role};

use crate::model::emoji;
use crate::platform::{clock, dom, page, spawn_local};
use crate::ui::app::doing::{Menu, text_of};
use crate::ui::app::state::{App, Dialog};
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::deleting;
use crate::ui::words;

/// How long the author can edit an own message, in milliseconds.
const EDIT_WITHIN: u64 = 24 * 3_600 * 1_000;

/// The page of the menu that is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Items,
    Signs,
    Question,
}

/// The actions that are possible with the message.
struct May {
    say: bool,
    edit: bool,
    withdraw: bool,
}

/// The menu of a message. `menu` stays the same while it is open.
pub(crate) fn menu(app: App, menu: Menu) -> AnyView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let shows = RwSignal::new(Shows::Items);
    let at = menu.at;
    Effect::new(move |_| {
        dom::show_modal(dialog);
        dom::put_at(dialog, at);
        let first = match shows.get() {
            Shows::Items => ".menu .step",
            Shows::Signs => ".menu input",
            // The question's own button takes the focus.
            Shows::Question => return,
        };
        request_animation_frame(move || {
            let _ = dom::focus_first(first);
        });
    });
    let menu = StoredValue::new(menu);
    html::dialog()
        .node_ref(dialog)
        .class("menu")
        .attr("aria-label", words::MESSAGE_MENU)
        .on(ev::close, move |_| app.doing.update(|doing| doing.menu = None))
        .on(ev::click, move |event| {
            if dom::is_on_backdrop(&event, dialog) {
                dom::close(dialog);
            }
        })
        .child(parts::dynamic(move || {
            let close = move || dom::close(dialog);
            let menu = menu.get_value();
            match shows.get() {
                Shows::Items => items(app, &menu, shows, close),
                Shows::Signs => signs(app, &menu, close),
                Shows::Question => question(app, &menu, close),
            }
        }))
        .into_any()
}

fn may(app: App, menu: &Menu) -> May {
    let chat = app.chats.with_untracked(|chats| chats.get(menu.conversation).cloned());
    let say = chat.as_ref().is_some_and(may_say);
    let role = chat.and_then(|chat| chat.group).map(|group| group.role);
    let message = &menu.message;
    let own = message.outgoing.is_some() && message.outgoing != Some(Delivery::Failed);
    let stored = message.about.named.map_or(0, |named| named.stored.0);
    let recent = clock::now().0.saturating_sub(stored) < EDIT_WITHIN;
    let said = text_of(message).is_some();
    May {
        say: say && said,
        edit: say && said && own && recent,
        withdraw: say && said && (own || role.is_some_and(|role| role >= Role::Admin)),
    }
}

fn may_say(chat: &ConversationView) -> bool {
    let member = |group: &GroupSummary| group.standing == GroupStanding::Member && group.may_write;
    chat.restored.is_none()
        && chat.consent == parley_engine::view::Consent::Granted
        && chat.group.as_ref().is_none_or(member)
}

fn item(name: &'static str, act: impl Fn() + 'static) -> AnyView {
    html::button()
        .class("menu-item step")
        .attr("type", "button")
        .attr("role", "menuitem")
        .attr("tabindex", "-1")
        .on(ev::click, move |_| act())
        .child(name)
        .into_any()
}

/// A list of choices, in which the arrow keys move too.
fn list(inside: Vec<AnyView>) -> AnyView {
    html::div()
        .class("menu-items")
        .attr("role", "menu")
        .attr("aria-label", words::MESSAGE_MENU)
        .on(ev::keydown, |event| dom::step_among(&event, "step"))
        .child(inside)
        .into_any()
}

fn items(app: App, menu: &Menu, shows: RwSignal<Shows>, close: impl Fn() + Copy + 'static) -> AnyView {
    let may = may(app, menu);
    let (id, message) = (menu.conversation, &menu.message);
    let mut all = Vec::new();
    if may.say {
        all.push(quick(app, menu, shows, close));
        let message = message.clone();
        all.push(item("Reply", move || {
            close();
            app.compose(id, message.clone(), false);
        }));
    }
    if may.edit {
        let message = message.clone();
        all.push(item("Edit", move || {
            close();
            app.compose(id, message.clone(), true);
        }));
    }
    if let Some(text) = text_of(message).map(str::to_owned) {
        let copied = text.clone();
        all.push(item("Copy text", move || {
            close();
            let text = copied.clone();
            spawn_local(async move {
                let _ = page::copy(text).await;
            });
        }));
        all.push(item("Forward…", move || {
            close();
            app.doing.update(|doing| doing.forwarding = vec![text.clone()]);
            app.show(Dialog::Forward);
        }));
    }
    let which = message.id;
    all.push(item("Select", move || {
        close();
        app.select(id, which);
    }));
    all.push(item("Details", move || {
        close();
        app.show(Dialog::Message(which));
    }));
    let leaving = message.clone();
    all.push(item("Delete for me", move || {
        close();
        deleting::begin_with(app, id, leaving.clone());
    }));
    if may.withdraw {
        all.push(item("Delete for everyone…", move || shows.set(Shows::Question)));
    }
    list(all)
}

/// Six emoji, and the button for all others.
fn quick(app: App, menu: &Menu, shows: RwSignal<Shows>, close: impl Fn() + Copy + 'static) -> AnyView {
    let mut row: Vec<AnyView> =
        emoji::QUICK.iter().map(|sign| sign_button(app, menu, sign, "menuitemcheckbox", close)).collect();
    row.push(
        html::button()
            .class("menu-sign step")
            .attr("type", "button")
            .attr("role", "menuitem")
            .attr("tabindex", "-1")
            .attr("aria-label", "More reactions")
            .on(ev::click, move |_| shows.set(Shows::Signs))
            .child(icons::more())
            .into_any(),
    );
    html::div().class("menu-signs").attr("role", "group").attr("aria-label", "React").child(row).into_any()
}

fn sign_button(app: App, menu: &Menu, sign: &str, role: &'static str, close: impl Fn() + 'static) -> AnyView {
    let (id, sign) = (menu.conversation, sign.to_owned());
    let on = menu.message.about.reactions.iter().any(|it| it.own && it.sign == sign);
    let named = menu.message.about.named;
    let button = html::button().class("menu-sign step").attr("type", "button").attr("role", role);
    let button = if role == "button" {
        button.attr("aria-pressed", if on { "true" } else { "false" })
    } else {
        button.attr("aria-checked", if on { "true" } else { "false" }).attr("tabindex", "-1")
    };
    let shown = sign.clone();
    button
        .attr("aria-label", format!("React with {}", emoji::name_of(&sign).unwrap_or(&sign)))
        .on(ev::click, move |_| {
            close();
            emoji::used(&sign);
            if let Some(named) = named {
                app.react(id, named, sign.clone(), !on);
            }
        })
        .child(shown)
        .into_any()
}

/// All emoji, with a search field.
fn signs(app: App, menu: &Menu, close: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let menu = menu.clone();
    crate::ui::screens::conversation::emoji::picker(move |sign| {
        close();
        if let Some(named) = menu.message.about.named {
            app.react(menu.conversation, named, sign, true);
        }
    })
}

fn question(app: App, menu: &Menu, close: impl Fn() + Copy + 'static) -> AnyView {
    let (conversation, named) = (menu.conversation, menu.message.about.named);
    let delete = move || {
        close();
        if let Some(message) = named {
            app.ask(Command::DeleteForEveryone { conversation, message }, |_| {});
        }
    };
    parts::confirm(parts::alert("", words::DELETE_FOR_EVERYONE), "Delete for everyone", delete, close)
}
