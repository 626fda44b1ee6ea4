//! A contact: who they are, the safety number, their devices.

use leptos::html;
use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ContactView, ConversationId, Reply};

use super::state::App;
use super::{avatar, icons, modal, parts, words};
use crate::model::time::LocalTime;
use crate::platform::clock;

/// Contact details.
pub(super) fn dialog(app: App, id: ConversationId) -> AnyView {
    let contact = RwSignal::new(None::<Result<ContactView, CommandError>>);
    let chat = app.chat(id);
    let load = move || {
        app.ask(Command::ShowContact(id), move |reply| {
            let answer = match reply {
                Reply::Contact(view) => Ok(view),
                Reply::Failed(error) => Err(error),
                _ => return,
            };
            // The dialog may be closed by now.
            let _ = contact.try_set(Some(answer));
        });
    };
    // The conversation changes when the mark, the name or a device does.
    Effect::new(move |_| {
        chat.track();
        load();
    });
    let body = parts::dynamic(move || match contact.get() {
        None => parts::text("note", "Loading…"),
        Some(Err(error)) => parts::text("note note-bad", words::command_error(error)),
        Some(Ok(view)) => details(app, &view, load),
    });
    let body = parts::stack("dialog-body", vec![body]);
    modal::modal(app, "Contact details", "dialog dialog-side", body)
}

fn details(app: App, view: &ContactView, load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let id = view.conversation;
    let mut head = vec![
        avatar::avatar(&view.name, &id.0, "avatar-large"),
        html::p().class("contact-name").attr("dir", "auto").child(view.name.clone()).into_any(),
    ];
    head.extend(view.username.as_ref().map(|username| parts::text("quiet", format!("@{username}"))));
    let devices = html::ul().attr("role", "list").attr("aria-label", "Devices").class("devices").child(
        view.devices
            .iter()
            .enumerate()
            .map(|(index, device)| {
                let added = LocalTime::new(device.added, clock::minutes_east(device.added));
                html::li().child((
                    html::span().child(format!("Device {}", index + 1)),
                    html::span().class("quiet").child(format!("added {}", added.date())),
                ))
            })
            .collect::<Vec<_>>(),
    );
    parts::stack(
        "contact",
        vec![
            parts::stack("contact-head", head),
            safety(app, view, load),
            parts::section(
                "dialog-section",
                vec![html::h3().child("Devices").into_any(), devices.into_any()],
            ),
        ],
    )
}

fn safety(app: App, view: &ContactView, load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let (id, verified, name) = (view.conversation, view.verified, view.name.clone());
    let set = move |verified| {
        app.ask(Command::SetVerified { conversation: id, verified }, move |_| load());
    };
    let groups: Vec<_> = view.safety_number.iter().map(|group| html::span().child(group.clone())).collect();
    let number = html::div()
        .class("safety")
        .attr("role", "group")
        .attr("aria-label", "Safety number")
        .attr("dir", "ltr")
        .child(groups);
    let how = format!(
        "Compare this with {name}, face to face or on a call. If every digit is the same, nobody sits between you."
    );
    let mark = if verified {
        let mark = html::span().class("verified-text").child((icons::verified(), "Verified"));
        let back = parts::button("Take back verification", "button button-quiet", move || set(false));
        parts::stack("verified-row", vec![mark.into_any(), back])
    } else {
        parts::button("Mark as verified", "button button-wide", move || set(true))
    };
    parts::section(
        "dialog-section",
        vec![
            html::h3().child("Safety number").into_any(),
            number.into_any(),
            parts::text("quiet", how),
            mark,
        ],
    )
}
