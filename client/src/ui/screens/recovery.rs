//! The recovery phrase and the backup in the settings, and restoring an account by its phrase on the first screen.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{
    BackupState, Command, CommandError, PhraseState, PhraseView, RecoveryView, Reply, Typed,
};
use parley_protocol::ids::UnixMillis;

use crate::model::time::{LocalTime, moment};
use crate::platform::files::File;
use crate::platform::{clock, page, spawn_local, storage};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field, lines, said};
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{button, dynamic, form, live, maybe, primary, stack, text};
use crate::ui::design::{html, parts};
use crate::ui::screens::settings::HEADING;
use crate::ui::screens::settings::backup_file::{self, Job};
use crate::ui::words;

pub(crate) fn known(app: App) -> Memo<Option<RecoveryView>> {
    Memo::new(move || app.account.with(|account| account.as_ref().map(|it| *it.recovery)))
}

/// Sends a command, and says under a field that it was refused or that it waits.
fn ask(app: App, command: Command, note: RwSignal<Note>, done: impl Fn(Reply) + 'static) {
    let waits = move || note.try_set(Note::Hint(words::ASKED_AGAIN.to_owned())).is_none();
    app.ask_patiently(command, waits, move |reply| match reply {
        Reply::Failed(error) => {
            let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
        }
        reply => done(reply),
    });
}

/// The section of the settings about the recovery phrase and the backup.
pub(crate) fn settings(app: App) -> AnyView {
    let known = known(app);
    let shown = RwSignal::new(None::<PhraseView>);
    let note = RwSignal::new(Note::None);
    let phrase = Memo::new(move || known.get().map(|it| it.phrase));
    let written =
        Memo::new(move || matches!(phrase.get(), Some(PhraseState::Saved | PhraseState::Elsewhere)));
    let written = move || written.get();
    stack(
        "recovery",
        vec![
            dynamic(move || match (shown.get(), phrase.get()) {
                (Some(view), _) => written_down(app, &view, shown),
                (None, Some(state)) => offer(app, state, shown, note),
                (None, None) => text("", ""),
            }),
            // Shows nothing else while the person writes words down.
            maybe(move || (shown.with(Option::is_none) && written()).then(|| backup(app, known))),
            maybe(move || shown.with(Option::is_none).then(|| backup_file::settings(app, written))),
        ],
    )
}

fn offer(app: App, state: PhraseState, shown: RwSignal<Option<PhraseView>>, note: RwSignal<Note>) -> AnyView {
    let show = move |command: Command| {
        ask(app, command, note, move |reply| {
            if let Reply::Phrase(phrase) = reply {
                let _ = shown.try_set(Some(phrase));
            }
        });
    };
    let replaces = RwSignal::new(false);
    let actions = move || {
        let mut actions = Vec::new();
        if matches!(state, PhraseState::Saved | PhraseState::Unsaved) {
            let act = move || show(Command::ShowPhrase);
            actions.push(button("Show recovery phrase", "button button-quiet", act));
        }
        if !matches!(state, PhraseState::Unsaved) {
            let act = move || replaces.set(true);
            actions.push(button("Make a new phrase", "button button-quiet", act));
        }
        stack("actions", actions)
    };
    let question = move || {
        let question = text("callout", words::PHRASE_REPLACES);
        let stays = move || {
            replaces.set(false);
            request_animation_frame(|| page::keep_focus(HEADING));
        };
        parts::confirm(question, "Continue", move || show(Command::NewPhrase), stays)
    };
    stack(
        "recovery",
        vec![
            text("", words::phrase(state)),
            dynamic(move || if replaces.get() { question() } else { actions() }),
            said("phrase-note".to_owned(), note.into()),
        ],
    )
}

/// The words, until the person has written them down. Then the app asks for some of them, with the phrase out of sight.
fn written_down(app: App, view: &PhraseView, shown: RwSignal<Option<PhraseView>>) -> AnyView {
    let asked = RwSignal::new(false);
    let (words, ask) = (StoredValue::new(view.words.clone()), view.ask);
    dynamic(move || if asked.get() { check(app, ask, shown, asked) } else { reading(words, shown, asked) })
}

fn reading(
    words: StoredValue<Vec<String>>,
    shown: RwSignal<Option<PhraseView>>,
    asked: RwSignal<bool>,
) -> AnyView {
    let rows: Vec<AnyView> = words
        .with_value(|words| words.iter().map(|word| html::li().child(word.clone()).into_any()).collect());
    let list = html::ul().class("phrase").attr("role", "list").attr("aria-label", "Recovery phrase");
    let actions = vec![
        button("I have written it down", "button", move || asked.set(true)),
        button("Cancel", "button button-quiet", move || shown.set(None)),
    ];
    stack(
        "recovery",
        vec![
            parts::alert("callout", words::PHRASE_KEEP),
            list.child(rows).into_any(),
            stack("actions", actions),
        ],
    )
}

fn check(app: App, places: [u8; 3], shown: RwSignal<Option<PhraseView>>, asked: RwSignal<bool>) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let confirm = move || {
        let text = typed.get_untracked();
        let mut words = text.split_whitespace().map(|word| Typed(word.to_owned()));
        let words = [(); 3].map(|()| words.next().unwrap_or_else(|| Typed(String::new())));
        ask(app, Command::ConfirmPhrase(words), note, move |_| {
            let _ = shown.try_set(None);
        });
    };
    let how =
        Field { id: "phrase-words", label: "Three words", autocomplete: "off", longest: "60", code: true };
    Effect::new(move |_| page::focus(how.id));
    let actions = vec![
        primary("Confirm phrase"),
        button("Show phrase again", "button button-quiet", move || asked.set(false)),
    ];
    let parts = vec![
        text("", words::PHRASE_CHECK),
        text("", words::phrase_ask(places)),
        field(how, typed, note.into(), move || note.set(Note::None)),
        stack("actions", actions),
    ];
    stack("recovery", vec![form(confirm, parts)])
}

fn backup(app: App, known: Memo<Option<RecoveryView>>) -> AnyView {
    let on = Memo::new(move || known.get().is_some_and(|it| it.backup != BackupState::Off));
    let on = move || on.get();
    let asked = asked_for(known);
    let writing =
        Memo::new(move || known.get().is_some_and(|it| matches!(it.backup, BackupState::Writing { .. })));
    let failed = Memo::new(move || known.get().is_some_and(|it| matches!(it.backup, BackupState::Failed(_))));
    let last = Memo::new(move || {
        let local = |time| LocalTime::new(time, clock::minutes_east(time));
        let now = app.now.get();
        known.get().and_then(|it| it.backed_up).map(|time| moment(time, now, &local(time), &local(now)))
    });
    let how = live(move || match asked.get() {
        Asked::Waits => words::ASKED_AGAIN.to_owned(),
        Asked::Refused(error) => words::command_error(error).to_owned(),
        Asked::Runs if !writing.get() => words::BACKING_UP.to_owned(),
        _ => known.get().map(|it| words::backup(it.backup, last.get())).unwrap_or_default(),
    });
    let is_bad =
        move || matches!(asked.get(), Asked::Refused(_)) || (failed.get() && asked.get() == Asked::No);
    stack(
        "recovery",
        vec![
            html::div()
                .class("setting-line")
                .child(vec![
                    stack(
                        "",
                        vec![
                            html::span().attr("id", "backup").child("Encrypted backup").into_any(),
                            text("quiet", words::BACKUP),
                        ],
                    ),
                    parts::switch("backup", on, move |on| app.ask(Command::SetBackup(on), |_| {})),
                ])
                .into_any(),
            html::p()
                .class("quiet")
                .class_when("note-bad", is_bad)
                .attr("role", "status")
                .attr_live("aria-live", move || Some(if writing.get() { "off" } else { "polite" }))
                .child(how)
                .into_any(),
            maybe(move || on().then(|| back_up_now(app, asked, writing))),
        ],
    )
}

/// The state of a backup that the person asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Nobody has asked, or the backup is done or has failed.
    No,
    /// The request waits for a connection.
    Waits,
    Runs,
    Refused(CommandError),
}

/// A backup runs until the engine reports a new time or a failure.
fn asked_for(known: Memo<Option<RecoveryView>>) -> RwSignal<Asked> {
    let asked = RwSignal::new(Asked::No);
    Effect::new(move |before: Option<Option<UnixMillis>>| {
        let (state, time) = known.get().map(|it| (it.backup, it.backed_up)).unzip();
        let time = time.flatten();
        let over =
            matches!(state, Some(BackupState::Failed(_))) || before.is_some_and(|before| before != time);
        if over && asked.get_untracked() == Asked::Runs {
            asked.set(Asked::No);
        }
        time
    });
    asked
}

fn back_up_now(app: App, asked: RwSignal<Asked>, writing: Memo<bool>) -> AnyView {
    let busy = move || asked.get() == Asked::Runs || writing.get();
    let act = move || {
        if untrack(busy) {
            return;
        }
        asked.set(Asked::Runs);
        let waits = move || asked.try_set(Asked::Waits).is_none();
        app.ask_patiently(Command::BackUpNow, waits, move |reply| {
            match (reply, asked.try_get_untracked()) {
                (Reply::Failed(error), Some(_)) => asked.set(Asked::Refused(error)),
                (_, Some(Asked::Waits)) => asked.set(Asked::Runs),
                // The backup may be done already.
                _ => {}
            }
        });
    };
    html::button()
        .class("button button-quiet")
        .attr("type", "button")
        .flag("aria-disabled", busy)
        .on(ev::click, move |_| act())
        .child(live(move || if busy() { words::BACKING_UP } else { "Back up now" }))
        .into_any()
}

fn wide(name: &'static str) -> AnyView {
    html::button().class("button button-wide").attr("type", "submit").child(name).into_any()
}

/// Restores the account by its phrase, on the first screen.
pub(crate) fn come_back(app: App) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::Hint(words::RECOVER.to_owned())));
    let (alone, busy) = (RwSignal::new(false), RwSignal::new(false));
    // The person may repeat a waiting request with other words. Then the earlier one is dropped.
    let turn = RwSignal::new(0_u32);
    let submit = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        turn.update(|turn| *turn = turn.wrapping_add(1));
        note.set(Note::Hint(words::RECOVER_LOOKING.to_owned()));
        spawn_local(async {
            storage::persist().await;
        });
        let command = Command::Recover {
            phrase: Typed(typed.get_untracked()),
            name: page::device_name(),
            alone: alone.get_untracked(),
        };
        let (file, phrase) = (File::chosen("backup-file"), Typed(typed.get_untracked()));
        let (mine, asked, others) =
            (turn.get_untracked(), Typed(typed.get_untracked()), alone.get_untracked());
        let waits = move || {
            if turn.try_get_untracked() != Some(mine) {
                return false;
            }
            let _ = busy.try_set(false);
            let same = typed.try_with_untracked(|typed| *typed == asked.0) == Some(true)
                && alone.try_get_untracked() == Some(others);
            same && note.try_set(Note::Hint(words::ASKED_AGAIN.to_owned())).is_none()
        };
        app.ask_patiently(command, waits, move |reply| {
            let _ = busy.try_set(false);
            match (reply, file) {
                (Reply::Failed(error), _) => {
                    let _ = note.try_set(Note::Bad(words::refused_phrase(error, &phrase.0)));
                }
                (_, Some(file)) => {
                    backup_file::begin(app, Job::Restore(file, phrase), Box::new(|| {}));
                }
                (_, None) => {}
            }
        });
    };
    let how =
        Field { id: "phrase", label: "Recovery phrase", autocomplete: "off", longest: "400", code: true };
    let tick = html::label()
        .class("check")
        .child(vec![parts::checkbox(alone), html::span().child(words::RECOVER_ALONE.to_owned()).into_any()]);
    Effect::new(move |_| page::focus(how.id));
    form(
        submit,
        vec![
            lines(how, typed, note.into(), || {}),
            backup_file::chooser("backup-file", "Backup file, if you have one"),
            stack("", vec![tick.into_any(), text("quiet", words::RECOVER_OTHERS)]),
            wide("Bring my account back"),
        ],
    )
}
