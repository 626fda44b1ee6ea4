//! The files of a message: pictures and films as an album, what is heard with a player, all else as lines.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, FileKind, FileState, FileView, FilesView};

use super::{Place, playing, tiles, transfer};
use crate::model::rows::Bubble;
use crate::model::{media, size};
use crate::platform::files;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// One file, and what can be done with it.
#[derive(Clone)]
pub(super) struct Of {
    pub(super) place: Place,
    pub(super) now: Memo<Bubble>,
    pub(super) view: FileView,
    pub(super) state: ArcRwSignal<FileState>,
}

pub(crate) fn content(place: Place, view: FilesView, now: Memo<Bubble>) -> AnyView {
    let of = |view: FileView| Of { place, now, state: place.0.file_state(view.id), view };
    let (seen, others): (Vec<FileView>, Vec<FileView>) =
        view.files.into_iter().partition(|file| matches!(file.kind, FileKind::Picture | FileKind::Video));
    let album = (!seen.is_empty()).then(|| {
        let count = seen.len();
        let tiles: Vec<AnyView> = seen.into_iter().map(|file| tiles::tile(&of(file))).collect();
        html::div().class(if count == 1 { "album album-one" } else { "album" }).child(tiles)
    });
    let lines: Vec<AnyView> = others
        .into_iter()
        .map(|file| match file.kind {
            FileKind::Voice | FileKind::Audio => playing::player(&of(file)),
            _ => line(&of(file)),
        })
        .collect();
    parts::several((album, lines))
}

impl Of {
    /// Fetches it, or lets it go on.
    pub(super) fn fetch(&self) {
        let order = self.now.with_untracked(|now| now.message.order);
        let Place(app, conversation) = self.place;
        let state = self.state.clone();
        let file = self.view.id;
        app.ask(Command::FetchFile { conversation, order, file }, move |reply| {
            if matches!(reply, parley_engine::view::Reply::Failed(_)) {
                state.set(FileState::Gone);
            }
        });
    }

    pub(super) fn pause(&self, paused: bool) {
        self.place.0.ask(Command::PauseFile { file: self.view.id, paused }, |_| ());
    }

    /// Does not fetch it, or does not send the message that it is of.
    pub(super) fn cancel(&self) {
        let Place(app, conversation) = self.place;
        if matches!(self.state.get_untracked(), FileState::Receiving { .. }) {
            return app.ask(Command::CancelFile(self.view.id), |_| ());
        }
        let (message, order) = self.now.with_untracked(|now| (now.message.id, now.message.order));
        app.ask(Command::DeleteMessage { conversation, message, order }, |_| ());
    }

    /// Saves it as a file of the person's.
    pub(super) fn save(&self) {
        let name = self.view.name.clone();
        transfer::open(self.place.0, self.view.id, move |shown| {
            if let Some(shown) = shown {
                // Whatever it is: a link to it shows and runs nothing, it saves.
                files::save(&shown.file, &name);
            }
        });
    }

    /// How far it is, of all of it.
    pub(super) fn progress(&self) -> Option<(u64, bool)> {
        match self.state.get() {
            FileState::Preparing { done } => Some((done, false)),
            FileState::Sending { done, paused } | FileState::Receiving { done, paused } => {
                Some((done, paused))
            }
            _ => None,
        }
    }

    /// The button for what can be done now, or how far it is.
    pub(super) fn control(&self) -> AnyView {
        let of = self.clone();
        let name = self.view.name.clone();
        parts::dynamic(move || {
            let one = of.clone();
            let named = |what: &str| format!("{what} {name}");
            match of.state.get() {
                FileState::Here => control(named("Save"), icons::save(), move || one.save()),
                FileState::There | FileState::NoRoomHere => {
                    control(named("Download"), icons::save(), move || one.fetch())
                }
                FileState::Gone | FileState::Damaged => {
                    control(named("Try again:"), icons::again(), move || one.fetch())
                }
                FileState::NoRoomThere => {
                    control(named("Try again:"), icons::again(), move || one.pause(false))
                }
                FileState::Lost | FileState::Newer => parts::nothing(),
                FileState::Preparing { .. } | FileState::Sending { .. } | FileState::Receiving { .. } => {
                    one.moving()
                }
            }
        })
    }

    fn moving(self) -> AnyView {
        let (one, two, three, name) = (self.clone(), self.clone(), self.clone(), self.view.name.clone());
        let paused = matches!(
            self.state.get(),
            FileState::Sending { paused: true, .. } | FileState::Receiving { paused: true, .. }
        );
        let size = self.view.size.max(1);
        let percent =
            move || three.progress().map(|(done, _)| done.saturating_mul(100) / size).unwrap_or_default();
        let bar = html::progress()
            .attr("max", "100")
            .attr("aria-label", words::file_progress(&name))
            .attr_live("value", move || Some(percent().to_string()));
        let pause = if paused {
            control(format!("Resume {name}"), icons::resume(), move || one.pause(false))
        } else {
            control(format!("Pause {name}"), icons::pause(), move || one.pause(true))
        };
        let cancel = control(format!("Cancel {name}"), icons::close(), move || two.cancel());
        html::span().class("file-moving").child((bar, pause, cancel)).into_any()
    }

    /// Why it is not here and not on its way.
    pub(super) fn note(&self) -> AnyView {
        let of = self.clone();
        parts::maybe(move || {
            let note = words::file_state(of.state.get())?;
            Some(html::p().class("file-note").attr("role", "status").child(note).into_any())
        })
    }
}

pub(super) fn control(name: String, icon: AnyView, act: impl Fn() + 'static) -> AnyView {
    html::button()
        .class("icon-button file-control")
        .attr("type", "button")
        .attr("title", name.clone())
        .attr("aria-label", name)
        .on(ev::click, move |event| {
            event.stop_propagation();
            act();
        })
        .child(icon)
        .into_any()
}

/// A file that is neither shown nor played.
fn line(of: &Of) -> AnyView {
    let warns = media::may_run(&of.view.name) && of.now.with_untracked(|now| now.message.outgoing.is_none());
    html::div()
        .class("file-line")
        .attr("role", "group")
        .attr("aria-label", words::file_named(&of.view.name, of.view.size))
        .child((
            html::span().class("file-icon").child(icons::file()),
            html::span().class("file-about").child((
                html::span().class("file-name").attr("dir", "auto").child(of.view.name.clone()),
                html::span().class("quiet").child(size::shown(of.view.size)),
                warns.then(|| html::span().class("file-note").child(words::FILE_MAY_RUN)),
                of.note(),
            )),
            of.control(),
        ))
        .into_any()
}
