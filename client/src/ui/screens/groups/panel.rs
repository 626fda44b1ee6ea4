//! The panel of a group: details, members, permissions, leaving.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, GroupView, Reply, Role};
use parley_protocol::ids::AccountId;

use super::picker::Picker;
use super::sharing::{self, Sharing};
use super::{asks, head, leaving, links, members, rules};
use crate::platform::page;
use crate::ui::app::state::App;
use crate::ui::design::field::Note;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::timer;
use crate::ui::words;

/// The id of the button that opens the list of people to add.
pub(super) const ADD: &str = "add-people";

/// The id of that list's heading.
const ADDING: &str = "adding-people";

/// The content of the panel, and the form that is open in it.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub(super) app: App,
    pub(super) id: ConversationId,
    view: RwSignal<Option<Result<GroupView, CommandError>>>,
    /// The error of the last change.
    failed: RwSignal<Option<CommandError>>,
    /// The person is choosing people to add.
    adding: RwSignal<bool>,
    /// The member whose actions are shown.
    pub(super) options: RwSignal<Option<AccountId>>,
}

/// The content of the dialog.
pub(crate) fn body(app: App, id: ConversationId) -> AnyView {
    let panel = Panel {
        app,
        id,
        view: RwSignal::new(None),
        failed: RwSignal::new(None),
        adding: RwSignal::new(false),
        options: RwSignal::new(None),
    };
    let chat = app.chat(id);
    // The conversation changes with every event of the group.
    Effect::new(move |_| {
        chat.with(|_| ());
        panel.load();
    });
    let state =
        Memo::new(move || panel.view.with(|view| view.as_ref().map(|view| view.as_ref().err().copied())));
    let inside = parts::dynamic(move || match (state.get(), panel.adding.get()) {
        (None, _) => parts::text("note", words::LOADING),
        (Some(Some(error)), _) => parts::text("note note-bad", words::command_error(error)),
        (Some(None), true) => panel.add_people(),
        (Some(None), false) => panel.sections(),
    });
    html::div().class("dialog-body").child(inside).into_any()
}

impl Panel {
    pub(super) fn load(self) {
        self.app.ask(Command::ShowGroup(self.id), move |reply| {
            let answer = match reply {
                Reply::Group(view) => Ok(*view),
                Reply::Failed(error) => Err(error),
                _ => return,
            };
            let answer = Some(answer);
            if self.view.try_with_untracked(|known| *known != answer) == Some(true) {
                self.view.set(answer);
            }
        });
    }

    /// Reads the view of the group.
    pub(super) fn with<T: Default>(self, look: impl FnOnce(&GroupView) -> T) -> T {
        self.view.with(|view| match view {
            Some(Ok(view)) => look(view),
            _ => T::default(),
        })
    }

    /// The person's role.
    pub(super) fn role(self) -> Role {
        self.with(|view| Some(view.role)).unwrap_or(Role::Member)
    }

    /// The number of owners.
    pub(super) fn owners(self) -> usize {
        self.with(|view| view.members.iter().filter(|it| it.role == Role::Owner).count())
    }

    /// Asks for a change of the group, and shows the outcome.
    pub(super) fn change(self, command: Command) {
        self.failed.set(None);
        self.app.ask(command, move |reply| {
            if let Reply::Failed(error) = reply {
                let _ = self.failed.try_set(Some(error));
            }
            if self.view.try_get_untracked().is_some() {
                self.load();
            }
        });
    }

    fn sections(self) -> AnyView {
        let failed =
            move || self.failed.get().map(|error| parts::alert("note note-bad", words::command_error(error)));
        parts::stack(
            "contact group-info",
            vec![
                head::head(self),
                parts::maybe(failed),
                asks::asks(self),
                self.add_button(),
                members::members(self),
                links::links(self),
                self.timer(),
                rules::rules(self),
                leaving::leaving(self),
            ],
        )
    }

    fn timer(self) -> AnyView {
        let allowed = Memo::new(move || self.with(|view| view.permissions.change <= view.role));
        section("Messages", vec![timer::choice(self.app, self.id, allowed)])
    }

    fn add_button(self) -> AnyView {
        let allowed = Memo::new(move || self.with(|view| view.permissions.add <= view.role));
        parts::maybe(move || {
            allowed.get().then(|| {
                html::button()
                    .class("button button-quiet button-wide")
                    .attr("id", ADD)
                    .attr("type", "button")
                    .on(leptos::ev::click, move |_| {
                        self.adding.set(true);
                        request_animation_frame(|| page::focus(ADDING));
                    })
                    .child("Add people")
                    .into_any()
            })
        })
    }

    fn add_people(self) -> AnyView {
        let picker = untrack(|| {
            let everybody = self.with(|view| [view.members.clone(), view.adding.clone()].concat());
            Picker::new(self.app, everybody.iter())
        });
        let note = RwSignal::new(Note::None);
        let shares = untrack(|| sharing::is_agreed(self)).then(|| Sharing::new(0));
        let back = move || {
            self.adding.set(false);
            request_animation_frame(|| page::focus(ADD));
        };
        let add = move || {
            let people = untrack(|| picker.people());
            if people.is_empty() {
                return;
            }
            let with =
                |account: &AccountId| shares.map_or(Ok(None), |shares| shares.command(self.id, *account));
            let Ok(shares) = people.iter().map(with).collect::<Result<Vec<_>, ()>>() else { return };
            self.app.ask(Command::AddToGroup { conversation: self.id, people }, move |reply| match reply {
                Reply::Failed(error) => {
                    let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
                }
                _ if self.adding.try_get_untracked().is_some() => {
                    // In the order in which they were asked for: they are added first.
                    shares.into_iter().flatten().for_each(|share| self.change(share));
                    back();
                    self.load();
                }
                _ => {}
            });
        };
        let button = html::button()
            .class("button")
            .attr("type", "button")
            .flag("aria-disabled", move || picker.people().is_empty())
            .on(leptos::ev::click, move |_| add())
            .child("Add to group");
        parts::several(vec![
            html::h3().attr("id", ADDING).attr("tabindex", "-1").child("Add people").into_any(),
            picker.view(),
            shares.map_or_else(parts::nothing, Sharing::view),
            crate::ui::design::field::said("add-note".to_owned(), note.into()),
            parts::stack(
                "actions dialog-foot",
                vec![button.into_any(), parts::button("Back", "button button-quiet", back)],
            ),
        ])
    }
}

/// Elements under a heading of their own.
pub(super) fn section(title: &'static str, mut body: Vec<AnyView>) -> AnyView {
    body.insert(0, html::h3().child(title).into_any());
    parts::section("dialog-section", body)
}
