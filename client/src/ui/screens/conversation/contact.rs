//! The dialog about a contact: name, safety number, devices.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Consent, ContactView, ConversationId, Reply};

use crate::model::time::LocalTime;
use crate::platform::clock;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, modal, parts};
use crate::ui::screens::conversation::{deleting, timer};
use crate::ui::screens::{requests, seldom};
use crate::ui::words;

/// The dialog with contact details.
pub(crate) fn dialog(app: App, id: ConversationId) -> AnyView {
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
    modal::modal(app, "Contact details", move || name.get(), "dialog dialog-side", seldom::contact(app, id))
}

/// The content of the dialog.
pub(crate) fn body(app: App, id: ConversationId) -> AnyView {
    let contact = RwSignal::new(None::<Result<ContactView, CommandError>>);
    let asked = RwSignal::new(false);
    let chat = app.chat(id);
    let load = move || {
        app.ask(Command::ShowContact(id), move |reply| {
            let answer = match reply {
                Reply::Contact(view) => Ok(view),
                Reply::Failed(error) => Err(error),
                _ => return,
            };
            let answer = Some(answer);
            // The dialog may be closed by now. A repeated answer does not redraw it, so a message does not take away a button
            // that the person is about to press.
            if contact.try_with_untracked(|known| *known != answer) == Some(true) {
                contact.set(answer);
            }
        });
    };
    // The conversation changes when the verified mark, the name or a device does.
    Effect::new(move |_| {
        chat.with(|_| ());
        load();
    });
    let inside = parts::dynamic(move || match contact.get() {
        None => html::p().class("note").child(words::LOADING).into_any(),
        Some(Err(error)) => html::p().class("note note-bad").child(words::command_error(error)).into_any(),
        Some(Ok(view)) => details(app, &view, load, asked),
    });
    html::div().class("dialog-body").child(inside).into_any()
}

fn details(
    app: App,
    view: &ContactView,
    load: impl Fn() + Copy + Send + 'static,
    asked: RwSignal<bool>,
) -> AnyView {
    let id = view.conversation;
    let mut head = vec![
        avatar::peer(&view.name, id, "avatar-large"),
        html::h3().class("contact-name").attr("dir", "auto").child(view.name.clone()).into_any(),
    ];
    head.extend(view.username.as_ref().map(|username| parts::text("quiet", format!("@{username}"))));
    let devices: Vec<AnyView> = view
        .devices
        .iter()
        .enumerate()
        .map(|(index, device)| {
            let added = LocalTime::new(device.added, clock::minutes_east(device.added));
            let line = vec![
                html::span().child(format!("Device {}", index + 1)).into_any(),
                html::span().class("quiet").child(format!("added {}", added.date())).into_any(),
            ];
            html::li().child(line).into_any()
        })
        .collect();
    let list = html::ul()
        .attr("role", "list")
        .attr("aria-label", "Devices")
        .class("devices")
        .child(devices)
        .into_any();
    let parts = vec![
        parts::stack("contact-head", head),
        safety(app, view, load),
        section("Devices", vec![list]),
        section(
            "Chat",
            vec![
                timer::choice(app, id, chat_is_granted(app, id)),
                requests::control(app, id, &view.name),
                deleting::chat(app, id, words::delete_chat(&view.name), asked),
            ],
        ),
    ];
    parts::stack("contact", parts)
}

/// Who has no say in whether they write may not say either how long messages last.
fn chat_is_granted(app: App, id: ConversationId) -> Memo<bool> {
    let chat = app.chat(id);
    Memo::new(move || {
        chat.with(|chat| {
            chat.as_ref().is_some_and(|it| it.consent == Consent::Granted && it.restored.is_none())
        })
    })
}

fn section(title: &'static str, mut body: Vec<AnyView>) -> AnyView {
    body.insert(0, html::h3().child(title.to_owned()).into_any());
    html::section().class("dialog-section").child(body).into_any()
}

fn safety(app: App, view: &ContactView, load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let (id, verified, name) = (view.conversation, view.verified, &view.name);
    let set = move |verified| {
        app.ask(Command::SetVerified { conversation: id, verified }, move |_| load());
    };
    let groups: Vec<AnyView> =
        view.safety_number.iter().map(|group| html::span().child(group.clone()).into_any()).collect();
    let number = html::div()
        .class("safety")
        .attr("role", "group")
        .attr("aria-label", "Safety number")
        .attr("dir", "ltr")
        .child(groups);
    let action = if verified {
        let mark = vec![icons::verified(), "Verified".into_any()];
        let text = html::span().class("verified-text").child(mark).into_any();
        let back = parts::button("Clear verification", "button button-quiet", move || set(false));
        parts::stack("verified-row", vec![text, back])
    } else {
        parts::button("Mark as verified", "button button-wide", move || set(true))
    };
    section("Safety number", vec![number.into_any(), parts::text("quiet", words::compare(name)), action])
}
