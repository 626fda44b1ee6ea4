//! The account's devices: lists, renames and removes them; and the notice of a new device.

use leptos::prelude::*;
use parley_engine::view::{AccountView, Command, OwnDeviceView, Reply};
use parley_protocol::ids::DeviceId;

use crate::model::hex;
use crate::model::time::{LocalTime, moment};
use crate::platform::{clock, page};
use crate::ui::app::state::{App, Dialog};
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{button, dynamic, form, live, maybe, nothing, stack, text};
use crate::ui::design::{html, parts};
use crate::ui::screens::settings::HEADING;
use crate::ui::words;

/// The form that is open below a device. It stays open when news of the devices come.
#[derive(Clone, Copy)]
struct Shown {
    app: App,
    renaming: RwSignal<Option<DeviceId>>,
    removing: RwSignal<Option<DeviceId>>,
}

/// The list of devices with its buttons.
pub(crate) fn list(app: App) -> AnyView {
    let shown = Shown { app, renaming: RwSignal::new(None), removing: RwSignal::new(None) };
    let devices = Memo::new(move || {
        let ids = |it: &AccountView| it.devices.iter().map(|device| device.id).collect();
        app.account.with(|account| account.as_ref().map_or_else(Vec::new, ids))
    });
    let rows = dynamic(move || {
        let rows = devices.get().into_iter().map(|device| shown.row(device)).collect::<Vec<_>>();
        html::ul()
            .attr("role", "list")
            .attr("aria-label", "Your devices")
            .class("devices")
            .child(rows)
            .into_any()
    });
    let link = button("Link a device", "button button-quiet", move || {
        app.show(Dialog::Link(String::new()));
    });
    let progress = move || app.account.with(|account| account.as_ref().and_then(|it| it.sharing));
    app.announce_begin(move || progress().map(words::sharing));
    let sharing = live(move || progress().map_or_else(String::new, words::sharing));
    stack("", vec![rows, parts::counter("quiet", sharing), link])
}

impl Shown {
    fn row(self, id: DeviceId) -> AnyView {
        let Self { app, renaming, removing } = self;
        let device = Memo::new(move || {
            let found = |it: &AccountView| it.devices.iter().find(|device| device.id == id).cloned();
            app.account.with(|account| account.as_ref().and_then(found))
        });
        let this = device.with_untracked(|it| it.as_ref().is_some_and(|it| it.this));
        let head = move || device.with(|it| it.as_ref().map_or_else(nothing, |it| about(app, it)));
        let mut parts = vec![dynamic(head)];
        let turn = move || renaming.update(|open| *open = if *open == Some(id) { None } else { Some(id) });
        let mut actions = vec![labelled("Rename", device, turn)];
        if !this {
            actions.push(labelled("Remove", device, move || removing.set(Some(id))));
        }
        parts.push(stack("actions", actions));
        parts.push(maybe(move || (renaming.get() == Some(id)).then(|| rename(app, device, renaming))));
        parts.push(maybe(move || (removing.get() == Some(id)).then(|| confirm(app, id, removing))));
        html::li().class("device").child(parts).into_any()
    }
}

fn about(app: App, device: &OwnDeviceView) -> AnyView {
    let local = |time| LocalTime::new(time, clock::minutes_east(time));
    let now = app.now.get_untracked();
    let added = moment(device.added, now, &local(device.added), &local(now));
    let seen = local(device.seen).date();
    let apart = html::p().attr("id", about_id(device.id)).class("quiet").child(words::device_about(
        device.this,
        &seen,
        &added,
    ));
    let mut parts = vec![
        html::strong().attr("dir", "auto").child(words::device_name(&device.name)).into_any(),
        apart.into_any(),
    ];
    if !device.this && words::is_idle(device.seen, app.now.get_untracked()) {
        parts.push(text("quiet", words::IDLE));
    }
    parts.into_any()
}

/// The id of the text that distinguishes a device from others of the same name.
fn about_id(device: DeviceId) -> String {
    format!("device-{}", hex::encode(device.as_bytes()))
}

/// A button whose accessible name includes the device.
fn labelled(verb: &'static str, device: Memo<Option<OwnDeviceView>>, act: impl Fn() + 'static) -> AnyView {
    let act: Box<dyn Fn()> = Box::new(act);
    html::button()
        .class("button button-quiet")
        .attr("type", "button")
        .attr_live("aria-label", move || {
            device.with(|it| it.as_ref().map(|it| format!("{verb} {}", words::device_name(&it.name))))
        })
        .attr_live("aria-describedby", move || device.with(|it| it.as_ref().map(|it| about_id(it.id))))
        .on(leptos::ev::click, move |_| act())
        .child(verb.to_owned())
        .into_any()
}

fn rename(app: App, device: Memo<Option<OwnDeviceView>>, open: RwSignal<Option<DeviceId>>) -> AnyView {
    let Some(device) = device.with_untracked(Clone::clone) else { return nothing() };
    let (name, id) = (device.name, device.id);
    let (name, note) = (RwSignal::new(name), RwSignal::new(Note::None));
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
                let _ = open.try_set(None);
            }
        });
    };
    Effect::new(move |_| page::focus(how.id));
    form(submit, vec![field(how, name, note.into(), move || note.set(Note::None)), parts::primary("Save")])
}

fn confirm(app: App, device: DeviceId, open: RwSignal<Option<DeviceId>>) -> AnyView {
    let said = RwSignal::new("");
    let remove = move || {
        let waits = move || said.try_set(words::ASKED_AGAIN).is_none();
        app.ask_patiently(Command::RemoveDevice(device), waits, move |reply| {
            if let Reply::Failed(error) = reply {
                let _ = said.try_set(words::command_error(error));
            }
        });
    };
    let failed = parts::alert("note note-bad", live(move || said.get()));
    let question = parts::several(vec![text("", words::REMOVE_DEVICE), failed]);
    let stays = move || {
        open.set(None);
        request_animation_frame(|| page::keep_focus(HEADING));
    };
    parts::confirm(question, "Remove this device", remove, stays)
}

/// A newly linked device of which the person should know.
pub(crate) fn fresh(app: App) -> Memo<Option<OwnDeviceView>> {
    app.steady(move || {
        app.account.with(|account| account.as_ref()?.devices.iter().find(|device| device.fresh).cloned())
    })
}

/// The changes that other devices made to the account, in sentences.
pub(crate) fn key_change(app: App) -> Memo<Option<String>> {
    app.steady(move || {
        app.account.with(|account| {
            let said: Vec<String> =
                account.as_ref()?.key_changes.iter().map(words::own_keys_changed).collect();
            (!said.is_empty()).then(|| said.join(" "))
        })
    })
}

/// The notice of such a device.
pub(crate) fn notice(app: App, device: &OwnDeviceView) -> AnyView {
    let (id, name) = (device.id, words::device_name(&device.name));
    let parts = vec![
        html::span().child(words::new_device(&name)).into_any(),
        button("It was me", "banner-button", move || app.ask(Command::AcceptDevice(id), |_| {})),
        button("Remove it", "banner-button", move || {
            // A person who has confirmed the device meanwhile does not want this any more.
            let waits = move || {
                let fresh =
                    |it: &AccountView| it.devices.iter().any(|device| device.id == id && device.fresh);
                app.account.with_untracked(|account| account.as_ref().is_some_and(fresh))
            };
            app.ask_patiently(Command::RemoveDevice(id), waits, |_| {});
        }),
    ];
    html::div().class("banner banner-shown banner-grave").attr("role", "alert").child(parts).into_any()
}
