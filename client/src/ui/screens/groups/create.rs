//! The dialog that makes a group: first its members, then its name.

use leptos::prelude::*;
use parley_engine::view::{Command, Reply};

use super::picker::Picker;
use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::{html, parts};
use crate::ui::words;

/// The id of the name field, and of the element that gets the focus on the way back.
const NAME: &str = "group-name";
const NEXT: &str = "group-next";

#[derive(Clone, Copy)]
struct Creating {
    app: App,
    picker: Picker,
    name: RwSignal<String>,
    note: RwSignal<Note>,
    /// The app is making the group.
    underway: RwSignal<bool>,
}

/// The content of the dialog.
pub(crate) fn body(app: App) -> AnyView {
    let creating = Creating {
        app,
        picker: Picker::new(app, [].iter()),
        name: RwSignal::new(String::new()),
        note: RwSignal::new(Note::None),
        underway: RwSignal::new(false),
    };
    let named = RwSignal::new(false);
    let step = move || if named.get() { creating.naming(named) } else { creating.choosing(named) };
    html::div().class("dialog-body").child(parts::dynamic(step)).into_any()
}

impl Creating {
    fn choosing(self, named: RwSignal<bool>) -> AnyView {
        let next = html::button()
            .class("button button-wide")
            .attr("id", NEXT)
            .attr("type", "button")
            .on(leptos::ev::click, move |_| {
                named.set(true);
                request_animation_frame(|| page::focus(NAME));
            })
            .child("Next");
        parts::several(vec![
            html::h3().child("Who is in it?").into_any(),
            self.picker.view(),
            html::div().class("dialog-foot").child(next).into_any(),
        ])
    }

    fn naming(self, named: RwSignal<bool>) -> AnyView {
        let how = Field { id: NAME, label: "Group name", autocomplete: "off", longest: "64", code: false };
        let back = move || {
            named.set(false);
            request_animation_frame(|| page::focus(NEXT));
        };
        let with = parts::live(move || words::with_people(&self.picker.names()));
        let create = html::button()
            .class("button")
            .attr("type", "submit")
            .flag("aria-disabled", move || self.underway.get())
            .child("Create group");
        let buttons = vec![create.into_any(), parts::button("Back", "button button-quiet", back)];
        parts::form(
            move || self.create(),
            vec![
                html::p().class("quiet").child(with).into_any(),
                field(how, self.name, self.note.into(), move || self.note.set(Note::None)),
                parts::stack("actions", buttons),
            ],
        )
    }

    fn create(self) {
        if self.underway.get_untracked() {
            return;
        }
        let name = self.name.get_untracked().trim().to_owned();
        if name.is_empty() {
            self.note.set(Note::Bad(words::GROUP_NAME_NONE.to_owned()));
            return page::focus(NAME);
        }
        let people = untrack(|| self.picker.people());
        self.underway.set(true);
        self.app.ask(Command::CreateGroup { name, people }, move |reply| {
            if self.underway.try_set(false).is_some() {
                return;
            }
            match reply {
                Reply::Conversation(id) => go(&Route::Conversation(id)),
                Reply::Failed(error) => self.note.set(Note::Bad(words::command_error(error).to_owned())),
                _ => {}
            }
        });
    }
}
