//! The app lock in the settings.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::lock::SHORTEST;
use parley_engine::view::Typed;

use crate::model::lock::{LONGEST_PAUSE, LockAnswer, LockAsk, LockView};
use crate::model::signal::ToOwner;
use crate::model::time::seconds_until;
use crate::platform::passkey::{self, NoOutput};
use crate::platform::{clock, page, spawn_local};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, said, secret};
use crate::ui::design::html;
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{button, dynamic, form, primary, stack, text};
use crate::ui::screens::settings::HEADING;
use crate::ui::words;
use parley_protocol::ids::UnixMillis;

/// The ids of the fields that begin a form.
const OLD: &str = "passphrase";
const NEW: &str = "new-passphrase";

/// The choices for the auto-lock, in minutes.
const AFTER: [(&str, Option<u16>); 4] = [
    ("After 5 minutes", Some(5)),
    ("After 15 minutes", Some(15)),
    ("After an hour", Some(60)),
    ("Never", None),
];

/// The auto-lock of a new lock, in minutes.
const AFTER_FIRST: Option<u16> = Some(15);

/// The form that is open in the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Set,
    Change,
    TurnOff,
    Passkey,
}

/// The typed texts. They are forgotten with the form.
#[derive(Clone, Copy)]
struct Entry {
    app: App,
    old: RwSignal<String>,
    new: RwSignal<String>,
    again: RwSignal<String>,
    old_note: RwSignal<Note>,
    new_note: RwSignal<Note>,
    again_note: RwSignal<Note>,
    busy: RwSignal<bool>,
}

/// The section of the settings about the app lock.
pub(crate) fn settings(app: App) -> AnyView {
    let set = Memo::new(move || app.lock.with(Option::is_some));
    let act = RwSignal::new(None::<Act>);
    follow(act);
    dynamic(move || {
        if !set.get() {
            return dynamic(move || set_lock(app, act));
        }
        stack("lock", vec![standing(app), closes_by_itself(app), dynamic(move || acts(app, act))])
    })
}

/// An opened form takes the focus. When it closes, the focus returns to the beginning of the section.
fn follow(act: RwSignal<Option<Act>>) {
    Effect::new(move |before: Option<Option<Act>>| {
        let now = act.get();
        let place = match now {
            None => HEADING,
            Some(Act::Set) => NEW,
            Some(Act::Change | Act::TurnOff | Act::Passkey) => OLD,
        };
        if before.is_some_and(|before| before != now) {
            request_animation_frame(move || page::focus(place));
        }
        now
    });
}

/// A refusal as a sentence.
pub(crate) fn refusal(answer: &LockAnswer) -> String {
    let wait = |next: u64| seconds_until(UnixMillis(next), clock::now(), LONGEST_PAUSE);
    match answer {
        LockAnswer::Wrong(next) if wait(*next) == 0 => words::PASSPHRASE_WRONG.to_owned(),
        LockAnswer::Wrong(next) | LockAnswer::Wait(next) => words::passphrase_wait(wait(*next)),
        LockAnswer::Memory => words::LOCK_MEMORY.to_owned(),
        LockAnswer::Refused | LockAnswer::Done(_) => words::LOCK_REFUSED.to_owned(),
    }
}

/// The reason why a passkey gave no output, as a sentence.
pub(crate) const fn no_output(error: NoOutput) -> &'static str {
    match error {
        NoOutput::Refused => words::PASSKEY_REFUSED,
        NoOutput::NoPrf => words::PASSKEY_NO_PRF,
    }
}

/// Sends a request about the lock, and tells the owner of the device the new lock.
fn change(app: App, ask: &LockAsk, then: impl FnOnce(LockAnswer) + 'static) {
    app.ask_lock(ask, move |answer| {
        tell(app, &answer);
        then(answer);
    });
}

fn tell(app: App, answer: &LockAnswer) {
    if let LockAnswer::Done(lock) = answer {
        app.lock.set(lock.clone());
        app.say(&ToOwner::LockChanged(lock.clone()));
    }
}

/// Sets a lock with an auto-lock. Reports both only when both are done, so that nobody locks in between.
fn set_first(app: App, passphrase: Typed, then: impl FnOnce(LockAnswer) + 'static) {
    app.ask_lock(&LockAsk::Set(passphrase), move |set| {
        if !matches!(set, LockAnswer::Done(_)) {
            return then(set);
        }
        app.ask_lock(&LockAsk::After(AFTER_FIRST), move |after| {
            let answer = if matches!(after, LockAnswer::Done(_)) { after } else { set };
            tell(app, &answer);
            then(answer);
        });
    });
}

impl Entry {
    fn new(app: App) -> Self {
        let (note, text) = (|| RwSignal::new(Note::None), || RwSignal::new(String::new()));
        Self {
            app,
            old: text(),
            new: text(),
            again: text(),
            old_note: note(),
            new_note: RwSignal::new(Note::Hint(words::PASSPHRASE_SHORT.to_owned())),
            again_note: note(),
            busy: RwSignal::new(false),
        }
    }

    fn old_field(self) -> AnyView {
        let how = Field {
            id: OLD,
            label: "Passphrase",
            autocomplete: "current-password",
            longest: "1024",
            code: true,
        };
        secret(how, self.old, self.old_note.into(), move || self.old_note.set(Note::None))
    }

    fn new_fields(self) -> Vec<AnyView> {
        let new = Field {
            id: NEW,
            label: "New passphrase",
            autocomplete: "new-password",
            longest: "1024",
            code: true,
        };
        let again = Field { id: "passphrase-again", label: "Confirm passphrase", ..new };
        let typed = move || {
            let length = self.new.with(|new| new.chars().count());
            self.new_note.set(Note::Hint(words::passphrase_strength(length).to_owned()));
        };
        vec![
            secret(new, self.new, self.new_note.into(), typed),
            secret(again, self.again, self.again_note.into(), move || self.again_note.set(Note::None)),
        ]
    }

    /// The new passphrase, if it can be set.
    fn chosen(self) -> Option<Typed> {
        let new = self.new.get_untracked();
        if new.chars().count() < SHORTEST {
            self.new_note.set(Note::Bad(words::PASSPHRASE_SHORT.to_owned()));
            return None;
        }
        if new != self.again.get_untracked() {
            self.again_note.set(Note::Bad(words::PASSPHRASE_DIFFERS.to_owned()));
            return None;
        }
        Some(Typed(page::normal(&new)))
    }

    fn old(self) -> Typed {
        Typed(page::normal(&self.old.get_untracked()))
    }

    /// Sends a request once. A refusal stands under `note`.
    fn ask(self, ask: &LockAsk, note: RwSignal<Note>, done: impl FnOnce() + 'static) {
        self.once(note, done, |then| change(self.app, ask, then));
    }

    fn once(
        self,
        note: RwSignal<Note>,
        done: impl FnOnce() + 'static,
        begin: impl FnOnce(Box<dyn FnOnce(LockAnswer)>),
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        note.set(Note::Hint(words::ONE_MOMENT.to_owned()));
        begin(Box::new(move |answer| {
            let _ = self.busy.try_set(false);
            if matches!(answer, LockAnswer::Done(_)) {
                done();
            } else {
                let _ = note.try_set(Note::Bad(refusal(&answer)));
            }
        }));
    }
}

/// The form that sets a lock. Its fields appear after a click.
fn set_lock(app: App, act: RwSignal<Option<Act>>) -> AnyView {
    if act.get() != Some(Act::Set) {
        let open = button("Set up a lock", "button button-quiet", move || act.set(Some(Act::Set)));
        return stack("lock", vec![text("", words::LOCK), open]);
    }
    let entry = Entry::new(app);
    let submit = move || {
        if let Some(chosen) = entry.chosen() {
            let done = move || {
                let _ = act.try_set(None);
            };
            entry.once(entry.again_note, done, |then| set_first(app, chosen, then));
        }
    };
    let mut parts = entry.new_fields();
    parts.push(ends("Set lock", act));
    stack("lock", vec![text("", words::LOCK), text("callout", words::LOCK_FORGOTTEN), form(submit, parts)])
}

fn standing(app: App) -> AnyView {
    stack(
        "lock",
        vec![
            text("health health-good", words::LOCK_ON),
            button("Lock now", "button", move || app.say(&ToOwner::LockNow)),
        ],
    )
}

fn closes_by_itself(app: App) -> AnyView {
    let note = RwSignal::new(Note::None);
    // If saving failed, the field shows the stored choice again.
    let refused = RwSignal::new(());
    let chosen = move || {
        refused.track();
        choice_of_minutes(app, note, refused)
    };
    let line = html::div().class("setting-line").child((
        html::div().child((
            html::label().attr("for", "lock-after").child("Auto-lock"),
            text("quiet", words::LOCK_AFTER),
        )),
        dynamic(chosen),
    ));
    let said = said("lock-after-note".to_owned(), note.into());
    stack("lock", vec![line.into_any(), said, text("quiet", words::LOCK_CLOSES)])
}

fn choice_of_minutes(app: App, note: RwSignal<Note>, refused: RwSignal<()>) -> AnyView {
    let now = move || {
        let after = app.lock.with(|lock| lock.as_ref().and_then(|lock| lock.after));
        AFTER.iter().find(|(_, minutes)| *minutes == after).map_or("", |(name, _)| name)
    };
    let first = untrack(now);
    let options = AFTER.map(|(name, _)| {
        let option = html::option().child(name);
        if name == first { option.attr("selected", "") } else { option }
    });
    let choose = move |event| {
        let chosen = event_target_value(&event);
        let Some((_, after)) = AFTER.iter().find(|(name, _)| *name == chosen) else { return };
        note.set(Note::None);
        change(app, &LockAsk::After(*after), move |answer| {
            let done = matches!(answer, LockAnswer::Done(_));
            let told = if done { Note::Hint(words::SAVED.to_owned()) } else { Note::Bad(refusal(&answer)) };
            let _ = note.try_set(told);
            if !done {
                let _ = refused.try_set(());
            }
        });
    };
    html::select()
        .attr("id", "lock-after")
        // Another tab may change the value.
        .value(move || now().to_owned())
        .on(ev::change, choose)
        .child(Vec::from(options))
        .into_any()
}

fn acts(app: App, act: RwSignal<Option<Act>>) -> AnyView {
    let open = move |which| move || act.set(Some(which));
    let parts = match act.get() {
        Some(Act::Change) => change_passphrase(app, act),
        Some(Act::TurnOff) => turn_off(app, act),
        Some(Act::Passkey) => add_passkey(app, act),
        Some(Act::Set) | None => vec![
            stack(
                "actions",
                vec![
                    button("Change passphrase", "button button-quiet", open(Act::Change)),
                    button("Turn off lock", "button button-quiet", open(Act::TurnOff)),
                ],
            ),
            passkeys(app, act),
        ],
    };
    stack("lock", parts)
}

/// The buttons that end a form: its action, or cancel.
fn ends(name: &'static str, act: RwSignal<Option<Act>>) -> AnyView {
    stack("actions", vec![primary(name), button("Cancel", "button button-quiet", move || act.set(None))])
}

fn change_passphrase(app: App, act: RwSignal<Option<Act>>) -> Vec<AnyView> {
    let entry = Entry::new(app);
    let submit = move || {
        if let Some(new) = entry.chosen() {
            let ask = LockAsk::Change { old: entry.old(), new };
            entry.ask(&ask, entry.old_note, move || act.set(None));
        }
    };
    let mut parts = vec![entry.old_field()];
    parts.extend(entry.new_fields());
    parts.push(ends("Change passphrase", act));
    vec![form(submit, parts)]
}

fn turn_off(app: App, act: RwSignal<Option<Act>>) -> Vec<AnyView> {
    let entry = Entry::new(app);
    let submit = move || entry.ask(&LockAsk::TurnOff(entry.old()), entry.old_note, move || act.set(None));
    vec![form(submit, vec![entry.old_field(), ends("Turn off lock", act)])]
}

fn passkeys(app: App, act: RwSignal<Option<Act>>) -> AnyView {
    let known = Memo::new(move || {
        app.lock.with(|lock| lock.as_ref().is_some_and(|lock: &LockView| lock.passkey.is_some()))
    });
    dynamic(move || {
        let action = if known.get() {
            button("Remove passkey", "button button-quiet", move || {
                change(app, &LockAsk::RemovePasskey, |_| {});
            })
        } else if passkey::can_be() {
            button("Add a passkey", "button button-quiet", move || act.set(Some(Act::Passkey)))
        } else {
            return text("quiet", words::NO_PASSKEYS);
        };
        stack("lock", vec![text("", words::PASSKEY), action])
    })
}

fn add_passkey(app: App, act: RwSignal<Option<Act>>) -> Vec<AnyView> {
    let entry = Entry::new(app);
    let submit = move || {
        let passphrase = entry.old();
        entry.old_note.set(Note::Hint(words::PASSKEY_ASKED.to_owned()));
        spawn_local(async move {
            match passkey::make().await {
                Ok((passkey, output)) => {
                    let ask = LockAsk::AddPasskey { passphrase, passkey, output };
                    entry.ask(&ask, entry.old_note, move || act.set(None));
                }
                Err(error) => drop(entry.old_note.try_set(Note::Bad(no_output(error).to_owned()))),
            }
        });
    };
    vec![text("", words::PASSKEY), form(submit, vec![entry.old_field(), ends("Add passkey", act)])]
}
