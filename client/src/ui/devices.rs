//! The account's devices: names, when they were used, renaming and removing; and the notice of a new one.

use leptos::prelude::*;
use parley_engine::view::{Command, OwnDeviceView, Reply};
use parley_protocol::ids::DeviceId;

use super::field::{Field, Note, field};
use super::memo::Memo;
use super::parts::{button, dynamic, form, live, maybe, stack, text};
use super::state::{App, Dialog};
use super::{html, parts, words};
use crate::model::time::LocalTime;
use crate::platform::clock;

/// The list with its buttons.
pub(super) fn list(app: App) -> AnyView {
    let devices = Memo::new(move || {
        app.account.with(|account| account.as_ref().map(|it| it.devices.clone()).unwrap_or_default())
    });
    let rows = dynamic(move || {
        let rows = devices.get().into_iter().map(|device| row(app, device)).collect::<Vec<_>>();
        html::ul()
            .attr("role", "list")
            .attr("aria-label", "Your devices")
            .class("devices")
            .child(rows)
            .into_any()
    });
    let link = button("Link a device", "button button-quiet", move || {
        app.dialog.set(Some(Dialog::Link(String::new())));
    });
    let sharing = live(move || {
        let progress = app.account.with(|account| account.as_ref().and_then(|it| it.sharing));
        progress.map_or_else(String::new, words::sharing)
    });
    stack("", vec![rows, parts::status("quiet", sharing), link])
}

fn row(app: App, device: OwnDeviceView) -> AnyView {
    let (renaming, removing) = (RwSignal::new(false), RwSignal::new(false));
    let name = words::device_name(&device.name);
    let seen = LocalTime::new(device.seen, clock::minutes_east(device.seen)).date();
    let (id, this) = (device.id, device.this);
    let mut parts = vec![
        html::strong().attr("dir", "auto").child(name.clone()).into_any(),
        text("quiet", words::device_seen(this, &seen)),
    ];
    if !this && words::is_idle(device.seen, app.now.get_untracked()) {
        parts.push(text("quiet", words::IDLE));
    }
    let mut actions = vec![labelled("Rename", &name, move || renaming.update(|on| *on = !*on))];
    if !this {
        actions.push(labelled("Remove", &name, move || removing.set(true)));
    }
    parts.push(stack("actions", actions));
    parts.push(maybe(move || renaming.get().then(|| rename(app, &device, renaming))));
    parts.push(maybe(move || removing.get().then(|| confirm(app, id, removing))));
    html::li().class("device").child(parts).into_any()
}

/// A button that says for which device it is to those who hear it.
fn labelled(verb: &'static str, name: &str, act: impl Fn() + 'static) -> AnyView {
    let act: Box<dyn Fn()> = Box::new(act);
    html::button()
        .class("button button-quiet")
        .attr("type", "button")
        .attr("aria-label", format!("{verb} {name}"))
        .on(leptos::ev::click, move |_| act())
        .child(verb.to_owned())
        .into_any()
}

fn rename(app: App, device: &OwnDeviceView, open: RwSignal<bool>) -> AnyView {
    let (name, id, note) = (RwSignal::new(device.name.clone()), device.id, RwSignal::new(Note::None));
    let how = Field {
        id: "device-name",
        label: "Name of the device",
        autocomplete: "off",
        longest: "64",
        code: false,
    };
    let submit = move || {
        let name = name.get_untracked();
        app.ask(Command::RenameDevice { device: id, name }, move |reply| match reply {
            Reply::Failed(error) => {
                let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
            }
            _ => {
                let _ = open.try_set(false);
            }
        });
    };
    form(submit, vec![field(how, name, note.into(), move || note.set(Note::None)), parts::send("Save")])
}

fn confirm(app: App, device: DeviceId, open: RwSignal<bool>) -> AnyView {
    let said = RwSignal::new("");
    let remove = move || {
        app.ask(Command::RemoveDevice(device), move |reply| {
            if let Reply::Failed(error) = reply {
                let _ = said.try_set(words::command_error(error));
            }
        });
    };
    let failed = parts::alert("note note-bad", live(move || said.get()));
    let question = parts::several(vec![text("", words::REMOVE_DEVICE), failed]);
    parts::confirm(question, "Remove this device", remove, open)
}

/// Above everything: another device was linked, which the person should know of.
pub(super) fn notice(app: App) -> AnyView {
    let fresh = Memo::new(move || {
        app.account.with(|account| account.as_ref()?.devices.iter().find(|device| device.fresh).cloned())
    });
    maybe(move || {
        fresh.get().map(|device| {
            let (id, name) = (device.id, words::device_name(&device.name));
            let parts = vec![
                html::span().child(words::new_device(&name)).into_any(),
                button("It was me", "banner-button", move || app.ask(Command::AcceptDevice(id), |_| {})),
                button("Remove it", "banner-button", move || app.ask(Command::RemoveDevice(id), |_| {})),
            ];
            html::div()
                .class("banner banner-shown banner-grave")
                .attr("role", "alert")
                .child(parts)
                .into_any()
        })
    })
}
