//! The picture viewer: one picture as large as the screen, with buttons to the chat's other pictures.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{BodyView, FileId, FileKind, FileState, FileView};
use parley_protocol::ids::MessageId;

use super::transfer;
use crate::model::media::{Media, Shown};
use crate::platform::files::{self, File};
use crate::platform::touch;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// How far a finger must move to reach the next picture, in pixels.
const SWIPE: i32 = 60;
/// The sizes of a picture, as classes.
const ZOOMS: [&str; 4] = ["zoom-0", "zoom-1", "zoom-2", "zoom-3"];

pub(crate) fn body(app: App, message: MessageId, place: usize) -> AnyView {
    let pictures = Memo::new(move || pictures(app));
    let first = pictures.with_untracked(|all| {
        let of_message = all.iter().position(|(of, _)| *of == message).unwrap_or_default();
        of_message.saturating_add(place).min(all.len().saturating_sub(1))
    });
    let first = exact(app, message, place)
        .and_then(|id| pictures.with_untracked(|all| all.iter().position(|(_, file)| file.id == id)))
        .unwrap_or(first);
    let (at, zoom) = (RwSignal::new(first), RwSignal::new(0_usize));
    let shown = RwSignal::new(None::<(File, String)>);
    let current = Memo::new(move || pictures.with(|all| all.get(at.get()).map(|(_, file)| file.clone())));
    Effect::new(move |_| {
        let Some(file) = current.get() else { return };
        zoom.set(0);
        shown.set(None);
        let state = app.file_state(file.id);
        if matches!(state.get(), FileState::Here | FileState::Sending { .. }) {
            transfer::open(app, file.id, move |found| {
                let picture = found.filter(|found| {
                    Media::named(&found.file.mime()).is_some_and(|media| media.shown() == Shown::Picture)
                });
                let _ = shown.try_set(picture.map(|found| (found.file, found.address)));
            });
        }
    });
    let count = move || pictures.with(Vec::len);
    let go = move |by: isize| {
        let next = at.get_untracked().saturating_add_signed(by).min(untrack(count).saturating_sub(1));
        at.set(next);
    };
    let larger =
        move |by: isize| zoom.update(|zoom| *zoom = zoom.saturating_add_signed(by).min(ZOOMS.len() - 1));
    let save = move || {
        if let (Some((file, _)), Some(view)) = (shown.get_untracked(), current.with_untracked(Option::clone))
        {
            files::save(&file, &view.name);
        }
    };
    let from = RwSignal::new(None::<i32>);
    let name = move || current.with(|file| file.as_ref().map(|file| file.name.clone())).unwrap_or_default();
    let stage = html::div()
        .class("viewer-stage")
        .attr("tabindex", "0")
        .attr("role", "group")
        .attr_live("aria-label", move || Some(words::picture_of(at.get() + 1, count(), &name())))
        .on(ev::touchstart, move |event| from.set(touch::x(&event)))
        .on(ev::touchend, move |event| {
            if let (Some(from), Some(to)) = (from.get_untracked(), touch::x(&event))
                && zoom.get_untracked() == 0
                && from.abs_diff(to) >= SWIPE.unsigned_abs()
            {
                go(if to < from { 1 } else { -1 });
            }
        })
        .on(ev::wheel, move |event| {
            if event.ctrl_key() {
                event.prevent_default();
                larger(if event.delta_y() < 0.0 { 1 } else { -1 });
            }
        })
        .child(parts::dynamic(move || match shown.get() {
            Some((_, address)) => html::img()
                .class("viewer-picture")
                .class_when("zoom-1", move || zoom.get() == 1)
                .class_when("zoom-2", move || zoom.get() == 2)
                .class_when("zoom-3", move || zoom.get() == 3)
                .attr("alt", untrack(name))
                .attr("src", address)
                .on(ev::dblclick, move |_| zoom.update(|zoom| *zoom = if *zoom == 0 { 2 } else { 0 }))
                .into_any(),
            None => parts::status("note", parts::words(words::PICTURE_NOT_HERE.to_owned())),
        }));
    let button = |name: &'static str, icon: AnyView, act: Box<dyn Fn()>| {
        parts::icon_button(name, "icon-button", icon, act)
    };
    let tools = html::div().class("viewer-tools").child(vec![
        button("Previous picture", icons::back(), Box::new(move || go(-1))),
        button("Next picture", icons::forward(), Box::new(move || go(1))),
        button("Zoom out", icons::minus(), Box::new(move || larger(-1))),
        button("Zoom in", icons::plus(), Box::new(move || larger(1))),
        button("Save", icons::save(), Box::new(save)),
    ]);
    html::div()
        .class("viewer-body")
        .on(ev::keydown, move |event: ev::KeyboardEvent| {
            match event.key().as_str() {
                "ArrowRight" => go(1),
                "ArrowLeft" => go(-1),
                "+" | "=" => larger(1),
                "-" => larger(-1),
                "0" => zoom.set(0),
                _ => return,
            }
            event.prevent_default();
        })
        .child((stage, tools))
        .into_any()
}

/// The pictures of the loaded messages, oldest first.
fn pictures(app: App) -> Vec<(MessageId, FileView)> {
    app.open.with(|open| {
        let mut all = Vec::new();
        for message in open.window.messages() {
            if let BodyView::Files(view) = &message.body {
                let seen = view.files.iter().filter(|file| file.kind == FileKind::Picture);
                all.extend(seen.map(|file| (message.id, file.clone())));
            }
        }
        all
    })
}

/// The file at an index of a message.
fn exact(app: App, message: MessageId, place: usize) -> Option<FileId> {
    app.open.with_untracked(|open| {
        let message = open.window.messages().iter().find(|it| it.id == message)?;
        match &message.body {
            BodyView::Files(view) => view.files.get(place).map(|file| file.id),
            _ => None,
        }
    })
}
