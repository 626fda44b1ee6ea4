//! Saves a backup file in the settings, and restores one there or on the first screen.
//!
//! The page carries the pieces between the file and the owner of the device. If another owner takes over meanwhile, the page
//! begins again from the start; this duplicates nothing.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, Reply, Typed};

use crate::model::notice::Notice;
use crate::model::route::Route;
use crate::model::section::Section;
use crate::model::time::LocalTime;
use crate::platform::files::{self, File};
use crate::platform::later::Later;
use crate::platform::{clock, page, spawn_local, timer};
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, lines, said};
use crate::ui::design::html;
use crate::ui::design::parts::{button, form, maybe, primary, stack, text};
use crate::ui::words;

/// The length of the pieces in which the page reads a file, in bytes.
const PIECE: u64 = 512 * 1024;
/// The number of attempts before the page gives up.
const ATTEMPTS: u32 = 4;
/// The pause between two checks whether the account has come back, in milliseconds.
const PAUSE: u64 = 500;

/// Why a step did not succeed.
enum Ended {
    Refused(CommandError),
    Said(&'static str),
}

impl From<CommandError> for Ended {
    fn from(error: CommandError) -> Self {
        Self::Refused(error)
    }
}

/// The section of the settings about backup files.
pub(crate) fn settings(app: App, written: impl Fn() -> bool + Copy + Send + 'static) -> AnyView {
    let restoring = RwSignal::new(false);
    // A result that the person has read here is not shown elsewhere.
    on_cleanup(move || forget(app));
    stack(
        "recovery below",
        vec![
            html::h3().child("Backup file").into_any(),
            text("", words::FILE),
            maybe(move || {
                Some(if written() {
                    button("Save a backup file", "button button-quiet", move || {
                        begin(app, Job::Save, Box::new(|| {}));
                    })
                } else {
                    text("quiet", words::FILE_NO_PHRASE)
                })
            }),
            maybe(move || {
                Some(if restoring.get() {
                    restore_form(app, restoring)
                } else {
                    button("Restore from a backup file", "button button-quiet", move || restoring.set(true))
                })
            }),
            said("file-note".to_owned(), app.file.into()),
            maybe(move || app.download.get().map(|address| download(app, address))),
        ],
    )
}

fn download(app: App, address: String) -> AnyView {
    let link = html::a()
        .class("button")
        .attr("href", address)
        .attr("download", name(app))
        .child("Download backup file");
    stack("actions", vec![link.into_any()])
}

/// The notice for a person on another screen: the progress or the result.
pub(crate) fn wanted(app: App) -> Option<Notice> {
    if app.route.get() == Route::Settings(Some(Section::Recovery)) {
        return None;
    }
    match app.file.get() {
        Note::None => None,
        Note::Hint(_) | Note::Counts(_) => Some(Notice::File),
        Note::Good(_) | Note::Bad(_) | Note::CountsDown(_) => Some(Notice::FileDone),
    }
}

/// Forgets the result, which the person has read.
pub(crate) fn forget(app: App) {
    if !is_busy(app) {
        app.file.set(Note::None);
    }
}

fn is_busy(app: App) -> bool {
    matches!(app.file.get_untracked(), Note::Hint(_) | Note::Counts(_))
}

/// The field that chooses a file.
pub(crate) fn chooser(id: &'static str, label: &'static str) -> AnyView {
    html::div()
        .class("field")
        .child((
            html::label().attr("for", id).child(label),
            html::input().attr("id", id).attr("type", "file").attr("accept", ".parley"),
        ))
        .into_any()
}

fn restore_form(app: App, open: RwSignal<bool>) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let submit = move || {
        let Some(file) = File::chosen("backup-file") else {
            return note.set(Note::Bad(words::FILE_NONE.to_owned()));
        };
        note.set(Note::None);
        let job = Job::Restore(file, Typed(typed.get_untracked()));
        begin(
            app,
            job,
            Box::new(move || {
                let _ = open.try_set(false);
            }),
        );
    };
    let how = Field {
        id: "file-phrase",
        label: "Recovery phrase for this file",
        autocomplete: "off",
        longest: "400",
        code: true,
    };
    Effect::new(move |_| page::focus("backup-file"));
    form(
        submit,
        vec![
            text("quiet", words::FILE_RESTORE),
            chooser("backup-file", "Backup file"),
            said("backup-file-note".to_owned(), note.into()),
            lines(how, typed, RwSignal::new(Note::None).into(), || {}),
            stack(
                "actions",
                vec![primary("Restore"), button("Cancel", "button button-quiet", move || open.set(false))],
            ),
        ],
    )
}

/// The work on a backup file.
pub(crate) enum Job {
    Save,
    /// Restores a file with the phrase that opens it.
    Restore(File, Typed),
}

impl Job {
    fn refused(&self, error: CommandError) -> String {
        match self {
            Self::Save => words::command_error(error).to_owned(),
            Self::Restore(_, phrase) => words::refused_phrase(error, &phrase.0),
        }
    }
}

/// Begins the work, unless other work is under way. Calls `done` after success.
pub(crate) fn begin(app: App, job: Job, done: Box<dyn Fn()>) {
    if is_busy(app) {
        return;
    }
    let begun = if matches!(job, Job::Save) { words::file_saving(0, 0) } else { words::file_restoring(0) };
    app.file.set(Note::Hint(begun));
    spawn_local(async move {
        let mut left = ATTEMPTS;
        let note = loop {
            match attempt(app, &job).await {
                Err(Ended::Refused(CommandError::ComingBack)) => pause().await,
                Err(Ended::Refused(CommandError::FileOver)) if left > 1 => left -= 1,
                Ok(note) => {
                    done();
                    break note;
                }
                Err(Ended::Refused(error)) => break Note::Bad(job.refused(error)),
                Err(Ended::Said(why)) => break Note::Bad(why.to_owned()),
            }
        };
        app.file.set(note);
    });
}

async fn attempt(app: App, job: &Job) -> Result<Note, Ended> {
    let (file, restoring) = match job {
        Job::Restore(file, phrase) => {
            ask(app, Command::RestoreFile { phrase: phrase.clone() }).await?;
            (file.clone(), true)
        }
        Job::Save => {
            ask(app, Command::SaveFile).await?;
            let file = gather(app).await?;
            ask(app, Command::CheckFile).await?;
            (file, false)
        }
    };
    let (size, mut at) = (file.size(), 0_u64);
    let report = loop {
        let end = at.saturating_add(PIECE).min(size);
        let bytes = file.read(at, end).await.ok_or(Ended::Said(words::FILE_GONE))?;
        let last = end == size;
        match ask(app, Command::TakeFilePart { at, bytes, last }).await {
            Ok(Reply::File(report)) => break report,
            Ok(_) if last => return Err(CommandError::FileOver.into()),
            Err(CommandError::File(_)) if !restoring => return Err(Ended::Said(words::FILE_NOT_SAVED)),
            Ok(_) => at = end,
            Err(error) => return Err(error.into()),
        }
        let percent = at.saturating_mul(100) / size.max(1);
        let how = if restoring { words::file_restoring } else { words::file_checking };
        app.file.set(Note::Counts(how(percent)));
    };
    if restoring {
        let made = LocalTime::new(report.made, clock::minutes_east(report.made));
        let said = words::file_restored(&report, &made.date());
        let good = report.is_whole() && !report.removed;
        return Ok(if good { Note::Good(said) } else { Note::Bad(said) });
    }
    let address = file.address().filter(|_| report.is_whole()).ok_or(Ended::Said(words::FILE_NOT_SAVED))?;
    files::download(&address, &name(app));
    show(app, Some(address));
    Ok(Note::Good(words::file_saved(&report)))
}

/// The pieces of a file, the last one in front.
async fn gather(app: App) -> Result<File, Ended> {
    let mut pieces = Vec::new();
    for number in 0.. {
        let Reply::FilePart(part) = ask(app, Command::NextFilePart(number)).await? else { break };
        app.file.set(Note::Counts(words::file_saving(part.done, part.of)));
        pieces.push(File::of_bytes(&part.bytes).ok_or(Ended::Said(words::FILE_NOT_SAVED))?);
        if part.head {
            break;
        }
    }
    pieces.rotate_right(1);
    File::of(&pieces).ok_or(Ended::Said(words::FILE_NOT_SAVED))
}

/// A file name such as `parley-ada-2026-11-25.parley`.
fn name(app: App) -> String {
    let username = app.account.with_untracked(|account| account.as_ref().map(|it| it.username.clone()));
    let now = clock::now();
    let LocalTime { year, month, day, .. } = LocalTime::new(now, clock::minutes_east(now));
    format!("parley-{}-{year}-{month:02}-{day:02}.parley", username.unwrap_or_default())
}

async fn pause() {
    let over = Later::from_callback(|over| {
        timer::after(PAUSE, move || over(())).forget();
    });
    over.outcome().await;
}

/// Sends a command, and waits for the answer.
async fn ask(app: App, command: Command) -> Result<Reply, CommandError> {
    match Later::from_callback(move |answer| app.ask(command, answer)).outcome().await {
        Reply::Failed(error) => Err(error),
        reply => Ok(reply),
    }
}

/// Replaces the file that the person can download.
pub(crate) fn show(app: App, address: Option<String>) {
    if let Some(before) = app.download.get_untracked() {
        files::forget(&before);
    }
    app.download.set(address);
}
