//! The recovery phrase and the backup in the settings, and coming back by the phrase on the first screen.

use leptos::prelude::*;
use parley_engine::view::{BackupState, Command, PhraseState, PhraseView, RecoveryView, Reply, Typed};

use crate::model::route::Route;
use crate::model::time::LocalTime;
use crate::platform::files::File;
use crate::platform::{clock, page, spawn_local, storage};
use crate::ui::app::state::{App, go};
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{button, dynamic, form, live, maybe, send, stack, text};
use crate::ui::design::{html, parts};
use crate::ui::screens::settings::backup_file::{self, Job};
use crate::ui::words;

fn known(app: App) -> Memo<Option<RecoveryView>> {
    Memo::new(move || app.account.with(|account| account.as_ref().map(|it| *it.recovery)))
}

/// Asks, and says under a field what was refused.
fn ask(app: App, command: Command, note: RwSignal<Note>, done: impl Fn(Reply) + 'static) {
    app.ask(command, move |reply| match reply {
        Reply::Failed(error) => {
            let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
        }
        reply => done(reply),
    });
}

/// The section of the settings.
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
            maybe(move || written().then(|| backup(app, known))),
            backup_file::settings(app, written),
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
    let mut actions = Vec::new();
    if matches!(state, PhraseState::Saved | PhraseState::Unsaved) {
        actions
            .push(button("Show recovery phrase", "button button-quiet", move || show(Command::ShowPhrase)));
    }
    if !matches!(state, PhraseState::Unsaved) {
        actions.push(button("Make a new phrase", "button button-quiet", move || show(Command::NewPhrase)));
    }
    stack(
        "recovery",
        vec![
            text("", words::phrase(state)),
            stack("actions", actions),
            crate::ui::design::field::said("phrase-note".to_owned(), note.into()),
        ],
    )
}

fn written_down(app: App, view: &PhraseView, shown: RwSignal<Option<PhraseView>>) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let rows: Vec<AnyView> =
        view.words.iter().map(|word| html::li().child(word.clone()).into_any()).collect();
    let list = html::ul().class("phrase").attr("role", "list").attr("aria-label", "Recovery phrase");
    let submit = move || {
        let text = typed.get_untracked();
        let mut words = text.split_whitespace().map(|word| Typed(word.to_owned()));
        let words = [(); 3].map(|()| words.next().unwrap_or_else(|| Typed(String::new())));
        ask(app, Command::ConfirmPhrase(words), note, move |_| {
            let _ = shown.try_set(None);
        });
    };
    let how =
        Field { id: "phrase-words", label: "Three words", autocomplete: "off", longest: "60", code: true };
    stack(
        "recovery",
        vec![
            parts::alert("callout", words::PHRASE_KEEP),
            list.child(rows).into_any(),
            text("", words::phrase_ask(view.ask)),
            form(
                submit,
                vec![
                    field(how, typed, note.into(), move || note.set(Note::None)),
                    send("I have written it down"),
                ],
            ),
            button("Cancel", "button button-quiet", move || shown.set(None)),
        ],
    )
}

fn backup(app: App, known: Memo<Option<RecoveryView>>) -> AnyView {
    let on = Memo::new(move || known.get().is_some_and(|it| it.backup != BackupState::Off));
    let on = move || on.get();
    let writing =
        Memo::new(move || known.get().is_some_and(|it| matches!(it.backup, BackupState::Writing { .. })));
    let how = live(move || {
        let day = |time| LocalTime::new(time, clock::minutes_east(time)).date();
        known.get().map(|it| words::backup(it.backup, it.backed_up.map(day))).unwrap_or_default()
    });
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
                .attr("role", "status")
                .attr_live("aria-live", move || Some(if writing.get() { "off" } else { "polite" }))
                .child(how)
                .into_any(),
            maybe(move || {
                on().then(|| {
                    button("Back up now", "button button-quiet", move || app.ask(Command::BackUpNow, |_| {}))
                })
            }),
        ],
    )
}

/// On the first screen: the account comes back.
pub(crate) fn come_back(app: App) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::Hint(words::RECOVER.to_owned())));
    let (alone, busy) = (RwSignal::new(false), RwSignal::new(false));
    let submit = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        note.set(Note::Hint("Looking for your account…".to_owned()));
        spawn_local(async {
            storage::persist().await;
        });
        let command = Command::Recover {
            phrase: Typed(typed.get_untracked()),
            name: page::device_name(),
            alone: alone.get_untracked(),
        };
        let (file, phrase) = (File::chosen("backup-file"), Typed(typed.get_untracked()));
        app.ask(command, move |reply| {
            let _ = busy.try_set(false);
            match (reply, file) {
                (Reply::Failed(error), _) => {
                    let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
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
    form(
        submit,
        vec![
            field(how, typed, note.into(), || {}),
            backup_file::chooser("backup-file", "Backup file, if you have one"),
            stack("", vec![tick.into_any(), text("quiet", words::RECOVER_OTHERS)]),
            send("Bring my account back"),
        ],
    )
}

/// Above everything: how far the backup has come back, and what did not; and while there is something to lose, that a phrase
/// keeps it.
pub(crate) fn notice(app: App) -> AnyView {
    let known = known(app);
    let progress = Memo::new(move || known.get().and_then(|it| it.restoring));
    app.announce_begin(move || progress.get().map(words::restoring));
    let lost = app.steady(move || known.get().map(|it| it.lost).filter(|lost| *lost > 0));
    let (later, private) = (RwSignal::new(false), RwSignal::new(false));
    spawn_local(async move {
        private.set(storage::may_be_private().await);
    });
    let unsaved = app.steady(move || {
        // Whoever closes a private window has to know before there is anything to lose.
        let something = private.get() || app.chats.with(|chats| !chats.all().is_empty());
        something
            && app.route.get() != Route::Settings
            && known.get().is_some_and(|it| it.phrase == PhraseState::Unsaved)
    });
    let file = maybe(move || backup_file::notice(app));
    let backup = maybe(move || match (progress.get(), lost.get()) {
        (Some(progress), _) => Some(low_counter(text("", words::restoring(progress)))),
        (None, Some(parts)) => {
            let ok = button("OK", "banner-button", move || app.ask(Command::AcceptLoss, |_| {}));
            Some(banner("alert", vec![text("", words::lost(parts)), ok]))
        }
        (None, None) if unsaved.get() && !later.get() => {
            let parts = vec![
                text("", if private.get() { words::PRIVATE_EARLY } else { words::PHRASE_EARLY }),
                button("Write it down", "banner-button", || go(&Route::Settings)),
                button("Later", "banner-button", move || later.set(true)),
            ];
            Some(banner("status", parts))
        }
        (None, None) => None,
    });
    parts::several((backup, file))
}

/// Below everything: it goes by itself, and what is above must not move under somebody's hand when it does. It counts, which is
/// not read out at each step.
pub(crate) fn low_counter(text: AnyView) -> AnyView {
    html::div()
        .class("banner banner-shown banner-low")
        .attr("role", "status")
        .attr("aria-live", "off")
        .child(text)
        .into_any()
}

pub(crate) fn banner(role: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::div().class("banner banner-shown").attr("role", role).child(parts).into_any()
}
