//! The screen of a locked browser.

use leptos::prelude::*;
use parley_engine::lock::Passkey;
use parley_engine::view::Typed;
use parley_protocol::ids::UnixMillis;

use crate::model::lock::{Key, LONGEST_PAUSE, LockAnswer, LockAsk};
use crate::model::signal::ToOwner;
use crate::model::time::seconds_until;
use crate::platform::{clock, page, passkey, spawn_local};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field, secret};
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{alert, button, dynamic, form, maybe, stack, text};
use crate::ui::design::{html, icons};
use crate::ui::screens::settings::lock;
use crate::ui::words;

#[derive(Clone, Copy)]
struct Door {
    app: App,
    typed: RwSignal<String>,
    note: RwSignal<Note>,
    busy: RwSignal<bool>,
    /// The time of the next permitted guess, in milliseconds since 1970.
    next: RwSignal<u64>,
}

/// Asks for the passphrase or the passkey; or erases everything, after a second question.
pub(crate) fn screen(app: App) -> AnyView {
    let next = app.next_guess.get_untracked();
    let door = Door {
        app,
        typed: RwSignal::new(String::new()),
        note: RwSignal::new(Note::None),
        busy: RwSignal::new(false),
        next: RwSignal::new(next),
    };
    let how = Field {
        id: "unlock",
        label: "Passphrase",
        autocomplete: "current-password",
        longest: "1024",
        code: true,
    };
    Effect::new(move |_| {
        if !page::is_touch() {
            page::focus("unlock");
        }
    });
    door.count_down();
    let erasing = RwSignal::new(false);
    let known = Memo::new(move || app.lock.with(|lock| lock.as_ref().and_then(|lock| lock.passkey.clone())));
    let card = vec![
        icons::mark(),
        html::h1().child("Parley is locked").into_any(),
        text("lead", words::LOCKED),
        form(
            move || door.unlock(),
            vec![
                secret(how, door.typed, door.note.into(), move || door.note.set(Note::None)),
                html::button()
                    .class("button button-wide")
                    .attr("type", "submit")
                    .flag("aria-disabled", move || door.busy.get() || door.wait() > 0)
                    .child("Unlock")
                    .into_any(),
            ],
        ),
        maybe(move || door.passkey(known.get()?)),
        dynamic(move || forgotten(app, erasing)),
    ];
    html::main().class("centred").child(stack("card", card)).into_any()
}

impl Door {
    /// The seconds until the next permitted guess.
    fn wait(self) -> u64 {
        seconds_until(UnixMillis(self.next.get()), self.app.now.get(), LONGEST_PAUSE)
    }

    /// Counts the pause down in the sentence.
    fn count_down(self) {
        Effect::new(move |waited: Option<bool>| {
            // After the clock was set back, nobody waits longer than the longest pause from then on.
            let latest = self.app.now.get().0.saturating_add(LONGEST_PAUSE);
            if self.next.get_untracked() > latest {
                self.next.set(latest);
            }
            let wait = self.wait();
            if wait > 0 {
                let told = words::passphrase_wait(wait);
                self.note.set(if waited == Some(true) { Note::CountsDown(told) } else { Note::Bad(told) });
            } else if waited == Some(true) {
                self.note.set(Note::Hint(words::GUESS_AGAIN.to_owned()));
            }
            wait > 0
        });
    }

    fn unlock(self) {
        let typed = Typed(page::normal(&self.typed.get_untracked()));
        if !typed.0.is_empty() && untrack(move || self.wait()) == 0 {
            self.try_key(Key::Passphrase(typed));
        }
    }

    fn try_key(self, key: Key) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.note.set(Note::Hint(words::OPENING.to_owned()));
        let by_passkey = matches!(key, Key::Passkey(_));
        self.app.ask_lock(&LockAsk::Unlock(key), move |answer| {
            // A passphrase that opened the lock is not needed any more, and a wrong one has to be typed again.
            let _ = self.typed.try_set(String::new());
            let _ = self.busy.try_set(false);
            let note = match answer {
                LockAnswer::Done(_) => return,
                LockAnswer::Wrong(_) if by_passkey => words::PASSKEY_WRONG.to_owned(),
                LockAnswer::Wrong(next) | LockAnswer::Wait(next) => {
                    self.app.now.set(clock::now());
                    let _ = self.next.try_set(next);
                    lock::refusal(&answer)
                }
                LockAnswer::Memory | LockAnswer::Refused => lock::refusal(&answer),
            };
            let _ = self.note.try_set(Note::Bad(note));
        });
    }

    fn passkey(self, known: Passkey) -> Option<AnyView> {
        if !passkey::can_be() {
            return None;
        }
        Some(button("Use passkey", "button button-quiet button-wide", move || {
            let known = known.clone();
            spawn_local(async move {
                match passkey::ask(&known).await {
                    Ok(output) => self.try_key(Key::Passkey(output)),
                    Err(error) => drop(self.note.try_set(Note::Bad(lock::no_output(error).to_owned()))),
                }
            });
        }))
    }
}

fn forgotten(app: App, erasing: RwSignal<bool>) -> AnyView {
    if !erasing.get() {
        return button("Forgot passphrase?", "button button-quiet button-wide", move || erasing.set(true));
    }
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let sure = move || typed.with(|typed| typed.trim().eq_ignore_ascii_case(words::ERASE_WORD));
    let how =
        Field { id: "erase", label: words::ERASE_TYPED, autocomplete: "off", longest: "20", code: true };
    let erase = html::button()
        .class("button button-danger")
        .attr("type", "submit")
        .flag("aria-disabled", move || !sure())
        .child("Erase this browser");
    let submit = move || {
        if untrack(sure) {
            app.say(&ToOwner::StartAfresh);
        } else {
            note.set(Note::Bad(words::ERASE_TYPED.to_owned()));
        }
    };
    let cancel = button("Cancel", "button button-quiet", move || erasing.set(false));
    let parts = vec![
        field(how, typed, note.into(), move || note.set(Note::None)),
        stack("actions", vec![erase.into_any(), cancel]),
    ];
    stack("erasing", vec![alert("", words::ERASE), form(submit, parts)])
}
