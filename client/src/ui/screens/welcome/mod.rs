//! The first screen, which creates an account.

pub(crate) mod invite;

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, LinkView, Reply, UsernameStatus};
use parley_protocol::username::Username;

use crate::model::invite::{Invited, inviter};
use crate::platform::timer::{self, Timeout};
use crate::platform::{page, spawn_local, storage};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::{notices, seldom};
use crate::ui::words;

/// How long the typing must pause before the app asks the relay, in milliseconds.
const REST: u64 = 300;

/// How an account comes into this browser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Create,
    /// The person has an account already: the next two ways lead to it.
    Have,
    Link,
    ComeBack,
}

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
    notices::forget();
    let form = Form {
        app,
        name: RwSignal::new(String::new()),
        username: RwSignal::new(String::new()),
        name_note: RwSignal::new(Note::Hint(words::NAME_HINT.to_owned())),
        username_note: RwSignal::new(hint()),
        failure: RwSignal::new(None),
        busy: RwSignal::new(false),
        resting: StoredValue::new_local(None),
    };
    // A linking may be under way.
    let linking = app.link.with_untracked(Option::is_some);
    let way = RwSignal::new(if linking { Way::Link } else { Way::Create });
    let code = RwSignal::new(String::new());
    take_code(app, way, code);
    html::main()
        .class("centred welcome")
        .child(html::div().class("card").child((
            icons::mark(),
            html::h1().child("Welcome to Parley"),
            html::p().class("lead").child(words::WELCOME),
            parts::maybe(move || app.invited.with(|invite| invite.as_ref().map(invited))),
            parts::dynamic(move || ways(form, way, code)),
        )))
        .into_any()
}

/// Who invites the person, and what they have to do first.
fn invited(invite: &Invited) -> AnyView {
    let (who, how) = match invite {
        Invited::ToChat(invite) => (words::invited(inviter(invite).as_deref()), words::INVITED_HOW),
        Invited::ToGroup(_) => (words::INVITED_TO_GROUP.to_owned(), words::INVITED_TO_GROUP_HOW),
    };
    let inside =
        vec![html::strong().attr("dir", "auto").child(who).into_any(), html::span().child(how).into_any()];
    parts::stack("callout invited", inside)
}

/// Takes a link code that the person opened, now or while this screen was already shown. The code goes into the field, in place
/// of a code that this browser shows.
fn take_code(app: App, way: RwSignal<Way>, code: RwSignal<String>) {
    Effect::new(move |_| {
        let Some(opened) = app.link_code.get() else { return };
        app.link_code.set(None);
        let idle = |step: &LinkView| matches!(step, LinkView::Showing { .. } | LinkView::Failed(_));
        if app.link.with_untracked(|step| step.as_ref().is_some_and(idle)) {
            app.ask(Command::CancelLinking, |_| {});
        }
        code.set(opened);
        way.set(Way::Link);
    });
}

fn ways(form: Form, way: RwSignal<Way>, code: RwSignal<String>) -> AnyView {
    let to = |name: &'static str, other: Way| {
        parts::button(name, "button button-quiet button-wide", move || way.set(other))
    };
    let one = |name, other, about: &'static str| {
        parts::stack("have", vec![to(name, other), parts::text("quiet", about)])
    };
    let others = |more: Vec<AnyView>| {
        let create = to("Create a new account instead", Way::Create);
        parts::stack("other-ways", more.into_iter().chain([create]).collect())
    };
    let elsewhere = || others(vec![to("Other ways to sign in", Way::Have)]);
    let parts = match way.get() {
        Way::Create => vec![form.view(), to("I already have an account", Way::Have)],
        Way::Have => vec![
            html::h2().child(words::HAVE_ACCOUNT).into_any(),
            one("Use another device", Way::Link, words::HAVE_DEVICE),
            one("Use a recovery phrase", Way::ComeBack, words::HAVE_PHRASE),
            others(Vec::new()),
        ],
        Way::Link => vec![seldom::linking(form.app, true, code), elsewhere()],
        Way::ComeBack => vec![seldom::recovery(form.app), elsewhere()],
    };
    parts::stack("recovery", parts)
}

fn hint() -> Note {
    Note::Hint(words::USERNAME_HINT.to_owned())
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
        let private = RwSignal::new(false);
        spawn_local(async move {
            let _ = private.try_set(storage::may_be_private().await);
        });
        // On a touch screen the keyboard would hide half of the screen.
        Effect::new(move |_| {
            if !page::is_touch() {
                page::focus(name.id);
            }
        });
        parts::form(
            move || self.create(),
            vec![
                field(name, self.name, self.name_note.into(), move || {
                    self.changed();
                    self.name_note.set(Note::None);
                }),
                field(username, self.username, self.username_note.into(), move || self.username_typed()),
                parts::text("keys-note", words::READERS),
                parts::maybe(move || private.get().then(|| parts::text("keys-note", words::PRIVATE_FIRST))),
                parts::alert("note note-bad", parts::live(move || self.failure.get().unwrap_or_default())),
                create.into_any(),
            ],
        )
    }

    fn username_typed(self) {
        self.changed();
        let typed = self.username.get_untracked();
        if typed.trim().is_empty() {
            self.resting.set_value(None);
            self.username_note.set(hint());
            return;
        }
        // While the person is typing, only errors that more typing cannot repair are shown at once.
        match Username::parse(&typed) {
            Err(error @ parley_protocol::username::UsernameError::Character) => {
                self.username_note.set(Note::Bad(words::username_error(error).to_owned()));
            }
            _ => self.username_note.set(Note::Hint(words::CHECKING.to_owned())),
        }
        self.resting.set_value(Some(timer::after(REST, move || self.check(typed))));
    }

    fn check(self, typed: String) {
        if let Err(error) = Username::parse(&typed) {
            self.username_note.set(Note::Bad(words::username_error(error).to_owned()));
            return;
        }
        let asked = typed.clone();
        let waits = move || {
            let wanted = self.username.try_get_untracked().as_ref() == Some(&asked)
                && self.busy.try_get_untracked() == Some(false);
            if wanted {
                self.username_note.set(Note::Hint(words::ASKED_AGAIN.to_owned()));
            }
            wanted
        };
        self.app.ask_patiently(Command::CheckUsername(typed.clone()), waits, move |reply| {
            // The answer may be late: for another text, or after the screen is gone.
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
        if name.is_empty() {
            self.name_note.set(Note::Bad(words::NAME_NONE.to_owned()));
        } else if name_bad {
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
        // Browsers delete data that they do not promise to keep. Some ask the person for that promise, so the request follows a
        // click.
        spawn_local(async {
            storage::persist().await;
        });
        let asked = (name.clone(), username.clone());
        let waits = move || self.waits_for(&asked);
        self.app.creating.set(true);
        self.app.ask_patiently(Command::CreateAccount { name, username }, waits, move |reply| {
            let _ = self.busy.try_set(false);
            let refused = matches!(reply, Reply::Failed(_));
            if let Reply::Failed(error) = reply {
                self.refused(error);
            }
            // The engine removes a refused account by itself, and the form stays until then.
            if self.app.account.with_untracked(Option::is_none) || !refused {
                self.app.creating.set(false);
            }
        });
    }

    /// Whether the account shall still be created once there is a connection. A person who goes on typing has to confirm again.
    fn waits_for(self, (name, username): &(String, String)) -> bool {
        let same = self.name.try_with_untracked(|typed| typed.trim() == name) == Some(true)
            && self.username.try_with_untracked(|typed| typed == username) == Some(true);
        let wanted = same && self.busy.try_get_untracked() == Some(true);
        if wanted {
            self.failure.set(Some(words::ASKED_AGAIN));
        }
        wanted
    }

    /// The typed text differs from the request that waits.
    fn changed(self) {
        if self.failure.get_untracked() == Some(words::ASKED_AGAIN) {
            self.busy.set(false);
            self.failure.set(None);
        }
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
