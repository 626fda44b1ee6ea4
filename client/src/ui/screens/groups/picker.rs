//! Choosing people for a group: contacts to tick, and a field for others.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, ConversationView, MemberView, Person, Reply};
use parley_protocol::ids::AccountId;

use crate::model::chats::SEARCH_FROM;
use crate::platform::page;
use crate::platform::unicode::Browser;
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::words;

/// The field for people who are no contacts.
const FIND: &str = "find-person";

/// Somebody who was chosen. The engine takes accounts, and finds them: a contact's is asked for when they are ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chosen {
    /// The chat with them, or as it would be called: of the account, whatever the relay says.
    chat: ConversationId,
    name: String,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Looking,
    Here(AccountId),
    Failed(&'static str),
}

/// Who was chosen so far.
#[derive(Clone, Copy)]
pub(super) struct Picker {
    app: App,
    chosen: RwSignal<Vec<Chosen>>,
    /// Those who are in the group already, with their usernames.
    inside: StoredValue<Vec<(AccountId, Option<String>)>>,
    sought: RwSignal<String>,
    typed: RwSignal<String>,
    note: RwSignal<Note>,
}

impl Picker {
    /// Nobody is chosen; these are in the group already.
    pub(super) fn new<'a>(app: App, inside: impl Iterator<Item = &'a MemberView>) -> Self {
        Self {
            app,
            chosen: RwSignal::new(Vec::new()),
            inside: StoredValue::new(inside.map(|it| (it.account, it.username.clone())).collect()),
            sought: RwSignal::new(String::new()),
            typed: RwSignal::new(String::new()),
            note: RwSignal::new(Note::None),
        }
    }

    /// All who were chosen; none while somebody is not found yet.
    pub(super) fn people(self) -> Option<Vec<AccountId>> {
        let account = |it: &Chosen| match it.found {
            Found::Here(account) => Some(account),
            Found::Looking | Found::Failed(_) => None,
        };
        self.chosen.with(|chosen| chosen.iter().map(account).collect())
    }

    /// What they are called.
    pub(super) fn names(self) -> Vec<String> {
        self.chosen.with(|chosen| chosen.iter().map(|it| it.name.clone()).collect())
    }

    /// The chips, the contacts, the field.
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
        let chips = Memo::new(move || self.chosen.get());
        let failed = move |chosen: &[Chosen]| {
            let said = chosen.iter().filter_map(|it| match it.found {
                Found::Failed(reason) => Some(words::not_found(&it.name, reason)),
                Found::Looking | Found::Here(_) => None,
            });
            said.map(|said| parts::alert("note note-bad", said)).collect::<Vec<_>>()
        };
        parts::maybe(move || {
            let chosen = chips.get();
            let list = html::ul().class("chips").attr("role", "list").attr("aria-label", "Chosen people");
            let inside: Vec<AnyView> = chosen.iter().map(|it| self.chip(it)).collect();
            (!chosen.is_empty())
                .then(|| parts::several(vec![list.child(inside).into_any(), parts::several(failed(&chosen))]))
        })
    }

    fn chip(self, chosen: &Chosen) -> AnyView {
        let (chat, name) = (chosen.chat, chosen.name.clone());
        let class = match chosen.found {
            Found::Failed(_) => "chip chip-bad",
            Found::Looking => "chip chip-waits",
            Found::Here(_) => "chip",
        };
        let remove = html::button()
            .class("chip-remove")
            .attr("type", "button")
            .attr("aria-label", format!("Take out {name}"))
            .on(ev::click, move |_| {
                self.drop(chat);
                request_animation_frame(|| page::keep_focus(FIND));
            })
            .child(icons::close());
        html::li().class(class).child((html::span().attr("dir", "auto").child(name), remove)).into_any()
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
        let username = chat.username.clone().unwrap_or_default();
        let inside = self
            .inside
            .with_value(|inside| inside.iter().any(|(_, known)| known.as_deref() == Some(&username)));
        let about = if inside { "In the group".to_owned() } else { format!("@{username}") };
        let tick = html::input().attr("type", "checkbox").checked(move || inside || self.is_chosen(id)).on(
            ev::change,
            {
                let chat = chat.clone();
                move |_| self.toggle(&chat)
            },
        );
        let tick = if inside { tick.attr("disabled", "") } else { tick };
        html::li()
            .child(html::label().class("pick").child((
                tick,
                avatar::avatar(&chat.name, &id.0, ""),
                html::span().class("person-name").child((
                    html::strong().attr("dir", "auto").child(chat.name),
                    html::span().class("quiet").child(about),
                )),
            )))
            .into_any()
    }

    /// The field for people who are no contacts.
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

    /// Somebody was found by what was typed.
    fn take(self, person: &Person) {
        let inside = self.inside.with_value(|inside| inside.iter().any(|(it, _)| *it == person.account));
        if inside {
            return self.note.set(Note::Bad(words::IN_GROUP.to_owned()));
        }
        if untrack(|| self.is_chosen(person.chat)) {
            return self.note.set(Note::Bad(words::CHOSEN_ALREADY.to_owned()));
        }
        let called = self.app.chats.with_untracked(|chats| chats.get(person.chat).map(|it| it.name.clone()));
        let name = called.or_else(|| person.username.clone());
        let name = name.unwrap_or_else(|| words::NAMELESS.to_owned());
        let found = Found::Here(person.account);
        self.chosen.update(|chosen| chosen.push(Chosen { chat: person.chat, name, found }));
        self.typed.set(String::new());
        self.note.set(Note::None);
    }

    fn is_chosen(self, chat: ConversationId) -> bool {
        self.chosen.with(|chosen| chosen.iter().any(|it| it.chat == chat))
    }

    fn drop(self, chat: ConversationId) {
        self.chosen.update(|chosen| chosen.retain(|it| it.chat != chat));
    }

    fn toggle(self, chat: &ConversationView) {
        let id = chat.id;
        if untrack(|| self.is_chosen(id)) {
            return self.drop(id);
        }
        let chosen = Chosen { chat: id, name: chat.name.clone(), found: Found::Looking };
        self.chosen.update(|all| all.push(chosen));
        let waits = move || {
            self.chosen.try_with_untracked(|all| all.iter().any(|it| it.chat == id)).unwrap_or_default()
        };
        let asked = Command::FindPerson(chat.username.clone().unwrap_or_default());
        self.app.ask_patiently(asked, waits, move |reply| {
            let found = match reply {
                // The relay could name anybody: the chat is of the account.
                Reply::Person(person) if person.chat == id => Found::Here(person.account),
                Reply::Person(_) => Found::Failed(words::OTHER_ACCOUNT),
                Reply::Failed(error) => Found::Failed(words::command_error(error)),
                _ => return,
            };
            self.chosen.try_update(|all| {
                if let Some(it) = all.iter_mut().find(|it| it.chat == id) {
                    it.found = found;
                }
            });
        });
    }
}
