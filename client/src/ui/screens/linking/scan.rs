//! Scans a link code with the camera. A separate worker reads the pictures (`host/reader.rs`).

use leptos::prelude::*;
use parley_engine::view::{Command, Reply};

use crate::model::scanned::Scanned;
use crate::model::signal;
use crate::model::slot::FromWorker;
use crate::platform::camera::Camera;
use crate::platform::timer::Interval;
use crate::platform::worker::WorkerHandle;
use crate::platform::{page, spawn_local};
use crate::ui::app::state::App;
use crate::ui::design::field::{Note, said};
use crate::ui::design::parts::{choice, live, stack};
use crate::ui::words;

/// The interval between pictures, in milliseconds.
const LOOK: u32 = 250;
/// A reader that is silent for this many intervals is stuck.
const STUCK: u32 = 12;

#[derive(Clone, Copy)]
struct Scan {
    app: App,
    on: RwSignal<bool>,
    note: RwSignal<Note>,
    /// The camera and the reader, while the camera is on.
    held: StoredValue<Option<Held>, LocalStorage>,
}

struct Held {
    camera: Camera,
    _looks: Interval,
    reader: Option<WorkerHandle>,
    /// For how many intervals the reader has owed an answer; `None` before its first message, because loading may take long.
    owes: Option<u32>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            reader.end();
        }
    }
}

/// The button and the picture. The button is `quiet` beside a more important one. Returns nothing if pages cannot use a camera
/// here.
pub(crate) fn scanner(app: App, quiet: impl Fn() -> bool + Send + 'static) -> Vec<AnyView> {
    if !Camera::can_be() {
        return Vec::new();
    }
    let scan = Scan {
        app,
        on: RwSignal::new(false),
        note: RwSignal::new(Note::None),
        held: StoredValue::new_local(None),
    };
    let name = live(move || if scan.on.get() { "Stop" } else { "Scan with the camera" });
    let toggle = move || if scan.on.get_untracked() { scan.stop() } else { scan.start() };
    vec![
        stack(Camera::PLACE, Vec::new()),
        said("camera-note".to_owned(), scan.note.into()),
        choice(name, "button", move || quiet() || scan.on.get(), toggle),
    ]
}

impl Scan {
    fn start(self) {
        self.on.set(true);
        self.note.set(Note::Hint(words::CAMERA_HINT.to_owned()));
        spawn_local(async move {
            let opened = Camera::open().await;
            // The person may have gone on while the browser asked.
            if !self.is_on() {
                return;
            }
            match opened {
                Ok(camera) => {
                    let looks = Interval::new(LOOK, move || self.look());
                    let held = Held { camera, _looks: looks, reader: None, owes: None };
                    self.held.set_value(Some(held));
                    self.start_reader();
                }
                Err(refusal) => {
                    self.on.set(false);
                    self.refused(words::camera(refusal));
                }
            }
        });
    }

    fn stop(self) {
        self.held.set_value(None);
        self.on.set(false);
        self.note.set(Note::None);
    }

    fn is_on(self) -> bool {
        self.on.try_get_untracked() == Some(true)
    }

    fn refused(self, sentence: &'static str) {
        let _ = self.note.try_set(Note::Bad(sentence.to_owned()));
    }

    /// Works with the camera and the reader, if the camera is still on.
    fn with(self, act: impl FnOnce(&mut Held)) {
        let _ = self.held.try_update_value(|held| held.as_mut().map(act));
    }

    fn start_reader(self) {
        let reader = WorkerHandle::reader(
            move |_, bytes| match signal::decode(&bytes) {
                Ok(FromWorker::Saw(scan)) => self.saw(scan),
                Ok(FromWorker::Here) => self.owes(0),
                _ => self.owes(STUCK),
            },
            move |_| self.owes(STUCK),
        );
        self.with(|held| {
            if let Some(old) = core::mem::replace(&mut held.reader, reader.ok()) {
                old.end();
            }
            held.owes = None;
        });
    }

    fn owes(self, looks: u32) {
        self.with(|held| held.owes = Some(looks));
    }

    fn look(self) {
        if !self.app.visible.get_untracked() {
            return self.stop();
        }
        let mut stuck = false;
        self.with(|held| {
            if let (Some(owes), Some(reader)) = (&mut held.owes, &held.reader) {
                stuck = *owes >= STUCK;
                if *owes == 0 {
                    held.camera.give(reader, move || self.owes(0));
                }
                *owes += 1;
            }
        });
        if stuck {
            self.start_reader();
        }
    }

    fn saw(self, scan: Scanned) {
        // Messages that an ended reader had queued are ignored.
        if !self.is_on() {
            return;
        }
        self.owes(0);
        let (text, link) = match scan {
            Scanned::Nothing => return,
            Scanned::Link(text) => (text, true),
            Scanned::Other(text) => (text, false),
        };
        if link {
            self.stop();
        }
        let waits = move || self.note.try_set(Note::Hint(words::ASKED_AGAIN.to_owned())).is_none();
        let command = Command::UseLinkCode { text, name: page::device_name() };
        self.app.ask_patiently(command, waits, move |reply| {
            if let Reply::Failed(error) = reply {
                self.refused(words::command_error(error));
            }
        });
    }
}
