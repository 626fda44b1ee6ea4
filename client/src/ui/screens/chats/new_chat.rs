//! The dialog that finds somebody and starts a chat.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::pasted::Pasted;
use parley_engine::view::{Command, CommandError, Person, Reply};
use parley_protocol::username::Username;

use crate::model::route::Route;
use crate::platform::page;
use crate::platform::timer::{self, Timeout};
use crate::ui::app::state::{App, Dialog, go};
use crate::ui::design::{avatar, html, icons, modal, parts};
use crate::ui::screens::seldom;
use crate::ui::screens::welcome::invite;
use crate::ui::words;

/// How long the typing must pause before the app asks the relay, in milliseconds.
const REST: u64 = 300;
/// The id of the field.
const FIND: &str = "find";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Search {
    Idle,
    Looking,
    /// The search waits for a connection.
    Waiting,
    Found(Person),
    Failed(CommandError),
}

#[derive(Clone, Copy)]
struct Finder {
    app: App,
    text: RwSignal<String>,
    search: RwSignal<Search>,
    starting: RwSignal<bool>,
    resting: StoredValue<Option<Timeout>, LocalStorage>,
}

/// The dialog "New chat". The field begins with `first`, and the search for it starts at once.
pub(crate) fn dialog(app: App, first: String) -> AnyView {
    modal::modal(app, "New chat", || None, "dialog", seldom::new_chat(app, first))
}

/// The content of the dialog.
pub(crate) fn body(app: App, first: String) -> AnyView {
    let finder = Finder {
        app,
        text: RwSignal::new(first),
        search: RwSignal::new(Search::Idle),
        starting: RwSignal::new(false),
        resting: StoredValue::new_local(None),
    };
    if finder.text.with_untracked(|text| !text.is_empty()) {
        finder.look();
    }
    let other = vec![
        html::h3().child(words::BE_FOUND).into_any(),
        parts::text("quiet", words::BE_FOUND_HOW),
        invite::card(app, true),
    ];
    let group = vec![icons::group(), parts::words(words::NEW_GROUP.to_owned())];
    let group = parts::button_around(parts::several(group), "button button-quiet button-wide", move || {
        app.show(Dialog::NewGroup);
    });
    let body = vec![finder.form(), group, parts::section("dialog-section", other)];
    // If the part loads after the dialog has opened, another element in the dialog has the focus.
    request_animation_frame(|| page::focus(FIND));
    parts::stack("dialog-body", body)
}

/// Leads a person who came by an invite link into the chat with its sender. If that is not possible, the dialog says why.
pub(crate) fn join(app: App, invite: String) {
    // A person who has gone to another screen meanwhile is not called back.
    let waits =
        move || app.route.get_untracked() == Route::Home && app.dialog.with_untracked(Option::is_none);
    let asked = Command::FindPerson(invite.clone());
    let ask = move || app.show(Dialog::NewChat(invite));
    app.ask_patiently(asked, waits, move |reply| match reply {
        _ if !waits() => {}
        Reply::Person(Person { conversation: Some(id), .. }) => go(&Route::Conversation(id)),
        Reply::Person(person) => {
            app.ask(Command::StartConversation(person.account), move |reply| match reply {
                _ if !waits() => {}
                Reply::Conversation(id) => go(&Route::Conversation(id)),
                _ => ask(),
            });
        }
        _ => ask(),
    });
}

impl Finder {
    fn form(self) -> AnyView {
        parts::form(
            move || self.submitted(),
            vec![
                html::div()
                    .class("field")
                    .child((
                        html::label().attr("for", FIND).child("Username or invite link"),
                        html::input()
                            .attr("id", FIND)
                            .attr("type", "text")
                            .attr("autofocus", "")
                            .attr("autocomplete", "off")
                            .attr("autocapitalize", "none")
                            .attr("spellcheck", "false")
                            .value(move || self.text.get())
                            .on(ev::input, move |event| {
                                self.text.set(event_target_value(&event));
                                self.typed();
                            }),
                    ))
                    .into_any(),
                html::div()
                    .class("found")
                    .attr("aria-live", "polite")
                    .child(parts::dynamic(move || self.result()))
                    .into_any(),
            ],
        )
    }

    fn result(self) -> AnyView {
        match self.search.get() {
            Search::Idle => parts::text("note", words::FIND),
            Search::Looking => parts::text("note", words::LOOKING),
            Search::Waiting => parts::text("note", words::ASKED_AGAIN),
            Search::Failed(error) => parts::text("note note-bad", words::command_error(error)),
            Search::Found(person) => self.person(&person),
        }
    }

    fn person(self, person: &Person) -> AnyView {
        let known = person.conversation.is_some();
        // Once there is a chat, the app knows what the person calls themselves.
        let called = person.conversation.and_then(|id| {
            self.app.chats.with_untracked(|chats| chats.get(id).map(|chat| chat.name.clone()))
        });
        let about = if known { words::FOUND_CHAT } else { words::FOUND };
        let (name, about) = match (called, &person.username) {
            (Some(called), Some(username)) => (called, format!("@{username} · {about}")),
            (Some(called), None) => (called, about.to_owned()),
            (None, Some(username)) => (username.clone(), about.to_owned()),
            (None, None) => (words::NAMELESS.to_owned(), about.to_owned()),
        };
        html::div()
            .class("person")
            .child((
                avatar::peer(&name, person.chat, ""),
                html::div().class("person-name").child((
                    html::strong().attr("dir", "auto").child(name),
                    html::span().class("quiet").child(about),
                )),
                html::button()
                    .class("button")
                    .attr("type", "submit")
                    .flag("aria-disabled", move || self.starting.get())
                    .child(if known { "Open chat" } else { "Start chat" }),
            ))
            .into_any()
    }

    fn typed(self) {
        let text = self.text.get_untracked();
        let text = text.trim();
        // The app does not ask for a username that is still too short.
        let worth = text.contains('/') || text.contains('#') || Username::parse(text).is_ok();
        self.search.set(if worth { Search::Looking } else { Search::Idle });
        self.resting.set_value(worth.then(|| timer::after(REST, move || self.look())));
    }

    fn look(self) {
        let text = self.text.get_untracked();
        if let Some(Pasted::GroupLink(link)) = Pasted::find(&text) {
            return self.app.show(Dialog::GroupLink(link));
        }
        self.search.set(Search::Looking);
        let asked = text.clone();
        let waits = move || {
            let wanted = self.text.try_get_untracked().as_ref() == Some(&asked);
            if wanted {
                self.search.set(Search::Waiting);
            }
            wanted
        };
        self.app.ask_patiently(Command::FindPerson(text.trim().to_owned()), waits, move |reply| {
            if self.text.try_get_untracked() == Some(text) {
                match reply {
                    Reply::Person(person) => self.search.set(Search::Found(person)),
                    Reply::Failed(error) => self.search.set(Search::Failed(error)),
                    _ => {}
                }
            }
        });
    }

    fn submitted(self) {
        match self.search.get_untracked() {
            Search::Found(person) => self.start(&person),
            Search::Looking | Search::Waiting => {}
            Search::Idle | Search::Failed(_) => {
                self.resting.set_value(None);
                self.look();
            }
        }
    }

    fn start(self, person: &Person) {
        if self.starting.get_untracked() {
            return;
        }
        if let Some(id) = person.conversation {
            self.open(&Reply::Conversation(id));
            return;
        }
        self.starting.set(true);
        self.app.ask(Command::StartConversation(person.account), move |reply| self.open(&reply));
    }

    fn open(self, reply: &Reply) {
        if self.text.try_get_untracked().is_none() {
            return;
        }
        self.starting.set(false);
        match reply {
            Reply::Conversation(id) => {
                go(&Route::Conversation(*id));
            }
            Reply::Failed(error) => self.search.set(Search::Failed(*error)),
            _ => {}
        }
    }
}
