//! Transfers files of messages. The engine seals a file that a view has chosen chunk by chunk onto this device's disk
//! ([`sealing`]), uploads it to the relay ([`uploading`]), and then sends its message. It downloads files from others onto
//! the disk in sealed form ([`downloading`]), and opens them for a view that asks for them ([`opening`]).
//!
//! A whole file is never in memory. The engine stores no progress: after a restart the chunks on the disk show how far a
//! transfer has come, since each opens only at its place, and the whole must have the hash that its message names.

mod asking;
mod downloading;
mod opening;
mod sealing;
mod uploading;

use self::asking::Looking;
use self::downloading::Download;
use self::opening::Opening;
use self::sealing::Sealing;
use self::uploading::Upload;
use crate::attachment::local::{LocalFile, Stage, Stopped};
use crate::core::Engine;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::Part;
use crate::domain::content::files::FileId;
use crate::io::{FileDone, FileWork, Output};
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;
use crate::view::{BodyView, FileState};

/// Chunks that the engine reads, seals or writes together.
const BATCH: u32 = 4;
/// Most parts under way before the first answer, if answers come quickly.
const WIDEST: u32 = 4;
/// An answer within `QUICK` milliseconds is quick, one after `SLOW` is slow.
const QUICK: u64 = 150;
const SLOW: u64 = 600;

/// The files that this device knows of, and the transfers under way.
#[derive(Default)]
pub(in crate::core) struct Attachments {
    /// Files that are on the disk, or will be.
    pub(in crate::core) all: Table<FileId, LocalFile>,
    /// Files in `all` with a transfer or another step left to do.
    moving: Set<FileId>,
    /// Files that were being sealed when the engine was opened.
    begun_before: Set<FileId>,
    /// The engine has told the host which files to keep.
    purged: bool,
    sealing: Option<Sealing>,
    upload: Option<Upload>,
    downloads: Table<FileId, Download>,
    opening: Vec<Opening>,
    looking: Vec<Looking>,
    /// What became of files that are not on this device.
    told: Table<FileId, FileState>,
}

/// How many parts may be under way: few on a slow line, so that messages do not wait behind a file.
#[derive(Clone, Copy)]
struct Pace {
    widest: u32,
    under_way: u32,
}

impl Pace {
    const fn new() -> Self {
        Self { widest: 1, under_way: 0 }
    }

    const fn has_room(self) -> bool {
        self.under_way < self.widest
    }

    fn sent(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    fn answered(&mut self, after: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        if after <= QUICK {
            self.widest = self.widest.saturating_add(1).min(WIDEST);
        } else if after >= SLOW {
            self.widest = 1;
        }
    }
}

impl Engine {
    /// Restores the stored list of files.
    pub(in crate::core) fn restore_files(&mut self, files: Vec<LocalFile>) {
        for file in files {
            let id = crate::attachment::stream::id_of(&file.part.key);
            if matches!(file.stage, Stage::Sealing(_)) {
                self.attachments.begun_before.insert(id);
            }
            if file.stage != Stage::Here {
                self.attachments.moving.insert(id);
            }
            self.attachments.all.insert(id, file);
        }
    }

    /// The connection is gone, and with it all requests.
    pub(in crate::core) fn files_disconnected(&mut self) {
        self.attachments.upload = None;
        self.attachments.downloads.clear();
    }

    /// Does what files need next.
    pub(in crate::core) fn go_on_with_files(&mut self) {
        if !std::mem::replace(&mut self.attachments.purged, true) {
            let known = self.attachments.all.keys().copied().collect();
            self.file_work(FileWork::KeepOnly(known));
        }
        if self.attachments.moving.is_empty() {
            return;
        }
        self.go_on_sealing();
        if self.online() {
            self.go_on_uploading();
            self.go_on_downloading();
        }
    }

    fn file_work(&mut self, work: FileWork) {
        self.out.push(Output::File(work));
    }

    /// The host has done something with a file.
    pub(in crate::core) fn file_done(&mut self, done: FileDone) {
        match done {
            FileDone::Source { source, from, bytes } => self.source_came(source, from, bytes),
            FileDone::Offered(source) => self.source_offered(source),
            FileDone::Written { file, first, result } => {
                if self.attachments.downloads.contains_key(&file) {
                    self.received_is_written(&file, result);
                } else {
                    self.sealed_is_written(&file, first, result);
                }
            }
            FileDone::Read { id, chunks } => {
                let _theirs = self.read_to_upload(id, &chunks)
                    || self.read_of_download(id, &chunks)
                    || self.read_to_open(id, &chunks);
            }
        }
    }

    fn save_file_record(&mut self, id: &FileId) {
        let Some(file) = self.attachments.all.get(id) else { return };
        self.save(&keys::file(id), file);
        if file.stage == Stage::Here {
            self.attachments.moving.remove(id);
        } else {
            self.attachments.moving.insert(*id);
        }
        self.show_file(id);
    }

    /// Forgets a file and deletes its chunks.
    pub(in crate::core) fn drop_file(&mut self, id: &FileId) {
        if self.attachments.sealing.as_ref().is_some_and(|sealing| sealing.file == *id) {
            self.attachments.sealing = None;
        }
        if self.attachments.upload.as_ref().is_some_and(|upload| upload.file == *id) {
            self.attachments.upload = None;
        }
        self.attachments.downloads.remove(id);
        self.attachments.moving.remove(id);
        self.attachments.begun_before.remove(id);
        if let Some(file) = self.attachments.all.remove(id) {
            self.state.delete(&keys::file(id));
            if let Stage::Sealing(sending) = file.stage {
                self.file_work(FileWork::ForgetSource(sending.source));
            }
            self.file_work(FileWork::Delete(*id));
        }
        self.show_file(id);
    }

    /// Drops the files of a message whose conversation is deleted.
    pub(in crate::core) fn drop_files_of(&mut self, part: &Part) {
        for id in file_ids(part) {
            self.drop_file(&id);
        }
    }

    /// Whether a message waits for its files.
    pub(in crate::core) fn waits_for_files(&self, number: u64) -> bool {
        let of = |id: &FileId| self.attachments.all.get(id).and_then(LocalFile::sending);
        self.attachments.moving.iter().any(|id| of(id).is_some_and(|sending| sending.number == number))
    }

    fn show_file(&mut self, id: &FileId) {
        let state = self.file_state(id).unwrap_or(FileState::There);
        self.changed.files.insert(*id, state);
    }

    /// The state of a file; none if this device knows only what the file's message says.
    fn file_state(&self, id: &FileId) -> Option<FileState> {
        let Some(file) = self.attachments.all.get(id) else {
            return self.attachments.told.get(id).copied();
        };
        Some(match &file.stage {
            Stage::Here => FileState::Here,
            Stage::Sealing(_) => {
                let sealing = self.attachments.sealing.as_ref().filter(|sealing| sealing.file == *id);
                FileState::Preparing { done: sealing.map_or(0, Sealing::done) }
            }
            Stage::Uploading(..) => {
                let upload = self.attachments.upload.as_ref().filter(|upload| upload.file == *id);
                FileState::Sending { done: upload.map_or(0, Upload::done), paused: file.paused }
            }
            Stage::Receiving => {
                let download = self.attachments.downloads.get(id);
                FileState::Receiving { done: download.map_or(0, Download::done), paused: file.paused }
            }
            Stage::Stopped(_, Stopped::NoRoomHere) => FileState::NoRoomHere,
            Stage::Stopped(_, Stopped::NoRoomThere) => FileState::NoRoomThere,
            Stage::Stopped(_, Stopped::Lost) => FileState::Lost,
        })
    }

    /// Adds the state of its files to a body, and how much of each is on this device.
    pub(in crate::core) fn with_files(&self, mut body: BodyView) -> BodyView {
        self.find_files(&mut body);
        body
    }

    pub(in crate::core) fn find_files(&self, body: &mut BodyView) {
        if let BodyView::Files(view) = body {
            for file in view.files.iter_mut().filter(|file| file.state == FileState::There) {
                file.state = self.file_state(&file.id).unwrap_or(file.state);
            }
        }
    }

    /// The engine tries something again later.
    fn files_wait(&mut self, ms: u32) -> Moment {
        self.retry_later(ms);
        self.steady.after(u64::from(ms))
    }
}

fn file_ids(part: &Part) -> Vec<FileId> {
    let files = part.files().map(|files| files.parts).unwrap_or_default();
    files.iter().map(|file| crate::attachment::stream::id_of(&file.key)).collect()
}
