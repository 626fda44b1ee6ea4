//! Chooses people for a group: contacts to tick, and a field for other people.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, MemberView, Person, Reply};
use parley_protocol::ids::AccountId;

use crate::model::chats::SEARCH_FROM;
use crate::platform::page;
use crate::platform::unicode::Browser;
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::words;

/// The id of the field for people who are not contacts.
const FIND: &str = "find-person";

/// A chosen person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chosen {
    account: AccountId,
    name: String,
}

/// The people chosen so far.
#[derive(Clone, Copy)]
pub(super) struct Picker {
    app: App,
    chosen: RwSignal<Vec<Chosen>>,
    /// The accounts that are in the group already.
    inside: StoredValue<Vec<AccountId>>,
    sought: RwSignal<String>,
    typed: RwSignal<String>,
    note: RwSignal<Note>,
}

impl Picker {
    /// Begins with nobody chosen. `inside` are the members of the group.
    pub(super) fn new<'a>(app: App, inside: impl Iterator<Item = &'a MemberView>) -> Self {
        Self {
            app,
            chosen: RwSignal::new(Vec::new()),
            inside: StoredValue::new(inside.map(|it| it.account).collect()),
            sought: RwSignal::new(String::new()),
            typed: RwSignal::new(String::new()),
            note: RwSignal::new(Note::None),
        }
    }

    /// The chosen accounts.
    pub(super) fn people(self) -> Vec<AccountId> {
        self.chosen.with(|chosen| chosen.iter().map(|it| it.account).collect())
    }

    /// The names of the chosen people.
    pub(super) fn names(self) -> Vec<String> {
        self.chosen.with(|chosen| chosen.iter().map(|it| it.name.clone()).collect())
    }

    /// The chips, the contacts and the field.
    pub(super) fn view(self) -> AnyView {
        let count = Memo::new(move || self.app.chats.with(|chats| chats.people().count()));
        parts::stack(
            "picker",
            vec![
                self.chips(),
                parts::maybe(move || (count.get() >= SEARCH_FROM).then(|| self.search())),
                self.contacts(),
                self.others(),
            ],
        )
    }

    fn chips(self) -> AnyView {
        parts::maybe(move || {
            let inside: Vec<AnyView> =
                self.chosen.with(|chosen| chosen.iter().map(|it| self.chip(it)).collect());
            let list = html::ul().class("chips").attr("role", "list").attr("aria-label", "Chosen people");
            (!inside.is_empty()).then(|| list.child(inside).into_any())
        })
    }

    fn chip(self, chosen: &Chosen) -> AnyView {
        let (account, name) = (chosen.account, chosen.name.clone());
        let remove = html::button()
            .class("chip-remove")
            .attr("type", "button")
            .attr("aria-label", format!("Take out {name}"))
            .on(ev::click, move |_| {
                self.drop(account);
                request_animation_frame(|| page::keep_focus(FIND));
            })
            .child(icons::close());
        html::li().class("chip").child((html::span().attr("dir", "auto").child(name), remove)).into_any()
    }

    fn search(self) -> AnyView {
        html::div()
            .class("search")
            .child((
                icons::search(),
                html::input()
                    .attr("type", "search")
                    .attr("aria-label", "Search contacts")
                    .attr("placeholder", "Search contacts")
                    .attr("autocomplete", "off")
                    .value(move || self.sought.get())
                    .on(ev::input, move |event| self.sought.set(event_target_value(&event))),
            ))
            .into_any()
    }

    fn contacts(self) -> AnyView {
        let app = self.app;
        let shown = app.steady(move || {
            app.chats.with(|chats| {
                let people: Vec<_> = chats.people().map(|chat| chat.id).collect();
                let found = self.sought.with(|sought| chats.matching(sought, &Browser));
                found.into_iter().filter(|id| people.contains(id)).collect::<Vec<_>>()
            })
        });
        let items = For(ForProps::builder()
            .each(move || shown.get())
            .key(|id| *id)
            .children(move |id| self.contact(id))
            .build());
        parts::several(vec![
            html::ul()
                .class("contacts")
                .attr("role", "list")
                .attr("aria-label", "Contacts")
                .child(items.into_any())
                .into_any(),
            parts::maybe(move || {
                let nobody = shown.with(Vec::is_empty);
                let searched = self.sought.with(|sought| !sought.trim().is_empty());
                let said = if searched { words::NO_PEOPLE_FOUND } else { words::NO_PEOPLE };
                nobody.then(|| parts::text("note", said))
            }),
        ])
    }

    fn contact(self, id: ConversationId) -> AnyView {
        let Some(chat) = self.app.chats.with_untracked(|chats| chats.get(id).cloned()) else {
            return parts::nothing();
        };
        let Some(account) = chat.account else { return parts::nothing() };
        let inside = self.is_inside(account);
        let username = chat.username.map(|username| format!("@{username}"));
        let about = if inside { Some("In the group".to_owned()) } else { username };
        let tick = {
            let name = chat.name.clone();
            html::input()
                .attr("type", "checkbox")
                .checked(move || inside || self.is_chosen(account))
                .on(ev::change, move |_| self.toggle(account, &name))
        };
        let tick = if inside { tick.attr("disabled", "") } else { tick };
        html::li()
            .child(html::label().class("pick").child((
                tick,
                avatar::peer(&chat.name, id, ""),
                html::span().class("person-name").child((
                    html::strong().attr("dir", "auto").child(chat.name),
                    about.map(|about| html::span().class("quiet").child(about)),
                )),
            )))
            .into_any()
    }

    /// The field for people who are not contacts.
    fn others(self) -> AnyView {
        let how = Field {
            id: FIND,
            label: "Username or invite link",
            autocomplete: "off",
            longest: "512",
            code: true,
        };
        let typed = move || self.note.set(Note::None);
        let inside = vec![
            field(how, self.typed, self.note.into(), typed),
            html::button().class("button button-quiet").attr("type", "submit").child("Add person").into_any(),
        ];
        parts::form(move || self.find(), vec![parts::stack("picker-find", inside)])
    }

    fn find(self) {
        let text = self.typed.get_untracked().trim().to_owned();
        if text.is_empty() {
            self.note.set(Note::Bad(words::FIND.to_owned()));
            return;
        }
        self.note.set(Note::Hint(words::LOOKING.to_owned()));
        let asked = text.clone();
        let waits = move || {
            let wanted = self.typed.try_get_untracked().is_some_and(|typed| typed.trim() == asked);
            if wanted {
                self.note.set(Note::Hint(words::ASKED_AGAIN.to_owned()));
            }
            wanted
        };
        self.app.ask_patiently(Command::FindPerson(text.clone()), waits, move |reply| {
            if self.typed.try_get_untracked().is_none_or(|typed| typed.trim() != text) {
                return;
            }
            match reply {
                Reply::Person(person) => self.take(&person),
                Reply::Failed(error) => self.note.set(Note::Bad(words::command_error(error).to_owned())),
                _ => {}
            }
        });
    }

    /// Takes a person who was found by the typed text.
    fn take(self, person: &Person) {
        if self.is_inside(person.account) {
            return self.note.set(Note::Bad(words::IN_GROUP.to_owned()));
        }
        if untrack(|| self.is_chosen(person.account)) {
            return self.note.set(Note::Bad(words::CHOSEN_ALREADY.to_owned()));
        }
        let called = self.app.chats.with_untracked(|chats| chats.get(person.chat).map(|it| it.name.clone()));
        let name = called.or_else(|| person.username.clone());
        let name = name.unwrap_or_else(|| words::NAMELESS.to_owned());
        self.chosen.update(|chosen| chosen.push(Chosen { account: person.account, name }));
        self.typed.set(String::new());
        self.note.set(Note::None);
    }

    fn is_inside(self, account: AccountId) -> bool {
        self.inside.with_value(|inside| inside.contains(&account))
    }

    fn is_chosen(self, account: AccountId) -> bool {
        self.chosen.with(|chosen| chosen.iter().any(|it| it.account == account))
    }

    fn drop(self, account: AccountId) {
        self.chosen.update(|chosen| chosen.retain(|it| it.account != account));
    }

    fn toggle(self, account: AccountId, name: &str) {
        if untrack(|| self.is_chosen(account)) {
            return self.drop(account);
        }
        self.chosen.update(|chosen| chosen.push(Chosen { account, name: name.to_owned() }));
    }
}
