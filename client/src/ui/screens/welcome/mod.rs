//! The first screen: creating an account.

pub(crate) mod invite;

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Reply, UsernameStatus};
use parley_protocol::username::Username;

use crate::platform::timer::{self, Timeout};
use crate::platform::{spawn_local, storage};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::{linking, recovery};
use crate::ui::words;

/// How long the typing must rest before the relay is asked, in milliseconds.
const REST: u64 = 300;

/// How an account comes into this browser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Create,
    Link,
    ComeBack,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Create, "Create a new account instead"),
    (Way::Link, "Link to an account you have"),
    (Way::ComeBack, "Use a recovery phrase"),
];

#[derive(Clone, Copy)]
struct Form {
    app: App,
    name: RwSignal<String>,
    username: RwSignal<String>,
    name_note: RwSignal<Note>,
    username_note: RwSignal<Note>,
    failure: RwSignal<Option<&'static str>>,
    busy: RwSignal<bool>,
    resting: StoredValue<Option<Timeout>, LocalStorage>,
}

/// Asks for a name and a username.
pub(crate) fn screen(app: App) -> AnyView {
    let form = Form {
        app,
        name: RwSignal::new(String::new()),
        username: RwSignal::new(String::new()),
        name_note: RwSignal::new(Note::Hint("What others see. You can change it later.".to_owned())),
        username_note: RwSignal::new(hint()),
        failure: RwSignal::new(None),
        busy: RwSignal::new(false),
        resting: StoredValue::new_local(None),
    };
    // Linking may be under way, or this page was opened by a link code.
    let first = app.link_code.get_untracked().unwrap_or_default();
    let linking = !first.is_empty() || app.link.with_untracked(Option::is_some);
    let way = RwSignal::new(if linking { Way::Link } else { Way::Create });
    html::main()
        .class("centred welcome")
        .child(html::div().class("card").child((
            icons::mark(),
            html::h1().child("Welcome to Parley"),
            html::p().class("lead").child("Private chat, end-to-end encrypted, in this browser."),
            parts::maybe(move || app.invited.get().map(|_| parts::text("callout", words::INVITED))),
            parts::dynamic(move || {
                let mut parts = vec![match way.get() {
                    Way::Create => form.view(),
                    Way::Link => linking::panel(app, true, first.clone()),
                    Way::ComeBack => recovery::come_back(app),
                }];
                for (other, name) in WAYS {
                    if other != way.get_untracked() {
                        let class = "button button-quiet button-wide";
                        parts.push(parts::button(name, class, move || way.set(other)));
                    }
                }
                parts::stack("recovery", parts)
            }),
        )))
        .into_any()
}

fn hint() -> Note {
    Note::Hint("How others find you: letters, digits, dot, underscore, hyphen.".to_owned())
}

impl Form {
    fn view(self) -> AnyView {
        let name = Field { id: "name", label: "Your name", autocomplete: "name", longest: "64", code: false };
        let username =
            Field { id: "username", label: "Username", autocomplete: "username", longest: "40", code: true };
        let create = html::button()
            .class("button button-wide")
            .attr("type", "submit")
            .flag("aria-disabled", move || self.busy.get())
            .child(parts::live(move || if self.busy.get() { "Creating…" } else { "Create account" }));
        parts::form(
            move || self.create(),
            vec![
                field(name, self.name, self.name_note.into(), move || self.name_note.set(Note::None)),
                field(username, self.username, self.username_note.into(), move || self.username_typed()),
                parts::text("keys-note", words::KEYS),
                parts::text("keys-note", words::LIVES_HERE),
                parts::alert("note note-bad", parts::live(move || self.failure.get().unwrap_or_default())),
                create.into_any(),
            ],
        )
    }

    fn username_typed(self) {
        let typed = self.username.get_untracked();
        if typed.trim().is_empty() {
            self.resting.set_value(None);
            self.username_note.set(hint());
            return;
        }
        // While somebody is still typing, only what more typing cannot mend is told at once.
        match Username::parse(&typed) {
            Err(error @ parley_protocol::username::UsernameError::Character) => {
                self.username_note.set(Note::Bad(words::username_error(error).to_owned()));
            }
            _ => self.username_note.set(Note::Hint("Checking…".to_owned())),
        }
        self.resting.set_value(Some(timer::after(REST, move || self.check(typed))));
    }

    fn check(self, typed: String) {
        if let Err(error) = Username::parse(&typed) {
            self.username_note.set(Note::Bad(words::username_error(error).to_owned()));
            return;
        }
        self.app.ask(Command::CheckUsername(typed.clone()), move |reply| {
            // The answer may be late: for another text, or when the screen is gone.
            let current = self.username.try_get_untracked().as_ref() == Some(&typed);
            if current && self.busy.try_get_untracked() == Some(false) {
                self.username_note.set(match reply {
                    Reply::Username(status) => note_of(status),
                    _ => note_of(UsernameStatus::Unknown),
                });
            }
        });
    }

    fn create(self) {
        if self.busy.get_untracked() {
            return;
        }
        let (name, username) = (self.name.get_untracked().trim().to_owned(), self.username.get_untracked());
        let name_bad = name.is_empty() || name.chars().count() > 64;
        if name_bad {
            self.refused(CommandError::Name);
        }
        if let Err(error) = Username::parse(&username) {
            self.refused(CommandError::Username(error));
            return;
        }
        if name_bad {
            return;
        }
        self.failure.set(None);
        self.busy.set(true);
        // Browsers delete what they do not promise to keep. Some ask the person, so it follows a click.
        spawn_local(async {
            storage::persist().await;
        });
        self.app.ask(Command::CreateAccount { name, username }, move |reply| {
            let _ = self.busy.try_set(false);
            if let Reply::Failed(error) = reply {
                self.refused(error);
            }
        });
    }

    fn refused(self, error: CommandError) {
        let sentence = words::command_error(error);
        match error {
            CommandError::Name => self.name_note.set(Note::Bad(sentence.to_owned())),
            CommandError::Username(_) | CommandError::UsernameTaken => {
                self.username_note.set(Note::Bad(sentence.to_owned()));
            }
            _ => self.failure.set(Some(sentence)),
        }
    }
}

fn note_of(status: UsernameStatus) -> Note {
    match words::username_status(status) {
        (sentence, true) => Note::Good(sentence.to_owned()),
        (sentence, false) => Note::Bad(sentence.to_owned()),
    }
}
