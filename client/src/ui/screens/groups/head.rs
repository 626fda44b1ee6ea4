//! Shows and changes the name and the picture of a group.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::Command;

use super::panel::Panel;
use crate::platform::files::File;
use crate::platform::{page, picture, spawn_local};
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

const NAME: &str = "rename-group-name";
const RENAME: &str = "rename-group";
const PICTURE: &str = "group-picture";

/// The picture, the name, the number of members, and buttons for those who may change them.
pub(super) fn head(panel: Panel) -> AnyView {
    let name = Memo::new(move || panel.with(|view| view.name.clone()));
    let members = Memo::new(move || panel.with(|view| u32::try_from(view.members.len()).unwrap_or(u32::MAX)));
    let allowed = Memo::new(move || panel.with(|view| view.permissions.change <= view.role));
    let renames = RwSignal::new(false);
    parts::stack(
        "contact-head",
        vec![
            parts::dynamic(move || avatar::group(panel.app, panel.id, &name.get(), "avatar-large")),
            parts::dynamic(move || {
                if renames.get() {
                    return renaming(panel, renames);
                }
                html::h3()
                    .class("contact-name")
                    .attr("dir", "auto")
                    .child(parts::live(move || name.get()))
                    .into_any()
            }),
            html::p().class("quiet").child(parts::live(move || words::members(members.get()))).into_any(),
            parts::maybe(move || (allowed.get() && !renames.get()).then(|| buttons(panel, renames))),
        ],
    )
}

fn renaming(panel: Panel, renames: RwSignal<bool>) -> AnyView {
    let text = RwSignal::new(untrack(|| panel.with(|view| view.name.clone())));
    let note = RwSignal::new(Note::None);
    let how = Field { id: NAME, label: "Group name", autocomplete: "off", longest: "64", code: false };
    let end = move || {
        renames.set(false);
        request_animation_frame(|| page::focus(RENAME));
    };
    let save = move || {
        let name = text.get_untracked().trim().to_owned();
        if name.is_empty() {
            return note.set(Note::Bad(words::GROUP_NAME_NONE.to_owned()));
        }
        if untrack(|| panel.with(|view| view.name != name)) {
            panel.change(Command::SetGroupName { conversation: panel.id, name });
        }
        end();
    };
    let buttons = vec![parts::primary("Save name"), parts::button("Cancel", "button button-quiet", end)];
    request_animation_frame(|| page::focus(NAME));
    parts::form(
        save,
        vec![field(how, text, note.into(), move || note.set(Note::None)), parts::stack("actions", buttons)],
    )
}

fn buttons(panel: Panel, renames: RwSignal<bool>) -> AnyView {
    let failed = RwSignal::new(false);
    let has_picture = Memo::new(move || panel.with(|view| view.picture.is_some()));
    let chosen = move || {
        failed.set(false);
        let Some(file) = File::chosen(PICTURE) else { return };
        spawn_local(async move {
            match picture::shrink(&file).await {
                Some(bytes) if failed.try_get_untracked().is_some() => {
                    panel.change(Command::SetGroupPicture { conversation: panel.id, picture: Some(bytes) });
                }
                _ => {
                    let _ = failed.try_set(true);
                }
            }
        });
    };
    let file = html::label().class("button button-quiet file-button").child((
        html::input()
            .class("sr-only")
            .attr("id", PICTURE)
            .attr("type", "file")
            .attr("accept", "image/*")
            .on(ev::change, move |_| chosen()),
        html::span().child("Choose picture"),
    ));
    let rename = html::button()
        .class("button button-quiet")
        .attr("id", RENAME)
        .attr("type", "button")
        .on(ev::click, move |_| renames.set(true))
        .child("Rename");
    let remove = move || {
        has_picture.get().then(|| {
            parts::button("Remove picture", "button button-quiet", move || {
                panel.change(Command::SetGroupPicture { conversation: panel.id, picture: None });
            })
        })
    };
    parts::several(vec![
        html::div().class("group-buttons").child((rename, file, parts::maybe(remove))).into_any(),
        parts::maybe(move || failed.get().then(|| parts::alert("note note-bad", words::NO_PICTURE))),
    ])
}
