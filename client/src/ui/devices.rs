//! The account's devices: names, when they were used, renaming and removing; and the notice of a new one.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use parley_engine::view::{Command, OwnDeviceView};

use super::state::{App, Dialog};
use super::words;
use crate::model::time::LocalTime;
use crate::platform::clock;

/// The list with its buttons.
pub(super) fn list(app: App) -> AnyView {
    let devices = Memo::new(move |_| {
        app.account.with(|account| account.as_ref().map(|it| it.devices.clone()).unwrap_or_default())
    });
    html::div()
        .child((
            html::ul()
                .attr("role", "list")
                .attr("aria-label", "Your devices")
                .class("devices")
                .child(move || devices.get().into_iter().map(|device| row(app, device)).collect::<Vec<_>>()),
            html::button()
                .class("button button-quiet")
                .attr("type", "button")
                .on(ev::click, move |_| app.dialog.set(Some(Dialog::Link(String::new()))))
                .child("Link a device"),
        ))
        .into_any()
}

fn row(app: App, device: OwnDeviceView) -> AnyView {
    let (renaming, removing) = (RwSignal::new(false), RwSignal::new(false));
    let name = words::device_name(&device.name);
    let seen = LocalTime::new(device.seen, clock::minutes_east(device.seen)).date();
    let idle = words::is_idle(device.seen, app.now.get_untracked());
    let id = device.id;
    let (to_rename, to_remove) = (format!("Rename {name}"), format!("Remove {name}"));
    let when = if device.this { "this device".to_owned() } else { format!("last active {seen}") };
    html::li()
        .class("device")
        .child((
            html::div().child((
                html::strong().attr("dir", "auto").child(name.clone()),
                html::span().class("quiet").child(when),
            )),
            (idle && !device.this).then(|| html::p().class("quiet").child(words::IDLE)),
            html::div().class("actions").child((
                small("Rename", to_rename, move || renaming.update(|on| *on = !*on)),
                (!device.this).then(|| small("Remove", to_remove, move || removing.set(true))),
            )),
            move || renaming.get().then(|| rename(app, device.clone(), renaming)),
            move || removing.get().then(|| confirm(app, id, removing)),
        ))
        .into_any()
}

fn small(text: &'static str, label: String, act: impl Fn() + 'static) -> AnyView {
    html::button()
        .class("button button-quiet")
        .attr("type", "button")
        .attr("aria-label", label)
        .on(ev::click, move |_| act())
        .child(text)
        .into_any()
}

fn rename(app: App, device: OwnDeviceView, open: RwSignal<bool>) -> AnyView {
    let name = RwSignal::new(device.name);
    html::form()
        .attr("novalidate", "")
        .on(ev::submit, move |event| {
            event.prevent_default();
            let name = name.get_untracked();
            app.ask(Command::RenameDevice { device: device.id, name }, move |_| {
                let _ = open.try_set(false);
            });
        })
        .child((
            html::input()
                .attr("type", "text")
                .attr("aria-label", "Name of the device")
                .attr("maxlength", "64")
                .prop("value", name)
                .on(ev::input, move |event| name.set(event_target_value(&event))),
            html::button().class("button button-quiet").attr("type", "submit").child("Save"),
        ))
        .into_any()
}

fn confirm(app: App, device: parley_protocol::ids::DeviceId, open: RwSignal<bool>) -> AnyView {
    let said = RwSignal::new("");
    html::div()
        .class("confirm")
        .child((
            html::p().child(words::REMOVE_DEVICE),
            html::p().class("note note-bad").attr("role", "alert").child(move || said.get()),
            html::button()
                .class("button button-danger")
                .attr("type", "button")
                .on(ev::click, move |_| {
                    app.ask(Command::RemoveDevice(device), move |reply| {
                        if let parley_engine::view::Reply::Failed(error) = reply {
                            let _ = said.try_set(words::command_error(error));
                        }
                    });
                })
                .child("Remove this device"),
            html::button()
                .class("button button-quiet")
                .attr("type", "button")
                .on(ev::click, move |_| open.set(false))
                .child("Cancel"),
        ))
        .into_any()
}

/// Above everything: another device was linked, which the person should know of.
pub(super) fn notice(app: App) -> AnyView {
    let fresh = Memo::new(move |_| {
        app.account.with(|account| account.as_ref()?.devices.iter().find(|device| device.fresh).cloned())
    });
    (move || {
        fresh.get().map(|device| {
            let (id, name) = (device.id, words::device_name(&device.name));
            html::div()
                .class("banner banner-shown banner-grave")
                .attr("role", "alert")
                .child((
                    html::span().child(words::new_device(&name)),
                    quick("It was me", move || app.ask(Command::AcceptDevice(id), |_| {})),
                    quick("Remove it", move || app.ask(Command::RemoveDevice(id), |_| {})),
                ))
                .into_any()
        })
    })
    .into_any()
}

fn quick(name: &'static str, act: impl Fn() + 'static) -> AnyView {
    html::button()
        .class("banner-button")
        .attr("type", "button")
        .on(ev::click, move |_| act())
        .child(name)
        .into_any()
}
