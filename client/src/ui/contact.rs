//! A contact: who they are, the safety number, their devices.

use leptos::ev;
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
    let body = html::div().class("dialog-body").child(parts::dynamic(move || match contact.get() {
        None => html::p().class("note").child("Loading…").into_any(),
        Some(Err(error)) => html::p().class("note note-bad").child(words::command_error(error)).into_any(),
        Some(Ok(view)) => details(app, &view, load),
    }));
    modal::modal(app, "Contact details", "dialog dialog-side", body.into_any())
}

fn details(app: App, view: &ContactView, load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let id = view.conversation;
    html::div()
        .class("contact")
        .child((
            html::div().class("contact-head").child((
                avatar::avatar(&view.name, &id.0, "avatar-large"),
                html::p().class("contact-name").attr("dir", "auto").child(view.name.clone()),
                view.username.clone().map(|username| html::p().class("quiet").child(format!("@{username}"))),
            )),
            safety(app, view, load),
            html::section().class("dialog-section").child((
                html::h3().child("Devices"),
                html::ul().attr("role", "list").attr("aria-label", "Devices").class("devices").child(
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
                ),
            )),
        ))
        .into_any()
}

fn safety(app: App, view: &ContactView, load: impl Fn() + Copy + Send + 'static) -> AnyView {
    let (id, verified, name) = (view.conversation, view.verified, view.name.clone());
    let set = move |verified| {
        app.ask(Command::SetVerified { conversation: id, verified }, move |_| load());
    };
    let groups: Vec<_> = view.safety_number.iter().map(|group| html::span().child(group.clone())).collect();
    html::section()
        .class("dialog-section")
        .child((
            html::h3().child("Safety number"),
            html::div()
                .class("safety")
                .attr("role", "group")
                .attr("aria-label", "Safety number")
                .attr("dir", "ltr")
                .child(groups),
            html::p().class("quiet").child(format!(
                "Compare this with {name}, face to face or on a call. If every digit is the same, nobody sits between you."
            )),
            if verified {
                html::div()
                    .class("verified-row")
                    .child((
                        html::span().class("verified-text").child((icons::verified(), "Verified")),
                        html::button()
                            .class("button button-quiet")
                            .attr("type", "button")
                            .on(ev::click, move |_| set(false))
                            .child("Take back verification"),
                    ))
                    .into_any()
            } else {
                html::button()
                    .class("button button-wide")
                    .attr("type", "button")
                    .on(ev::click, move |_| set(true))
                    .child("Mark as verified")
                    .into_any()
            },
        ))
        .into_any()
}
