//! Downloads a file from the relay onto the disk, in sealed form. The engine opens each chunk before it keeps the chunk, and
//! the whole must have the hash that the file's message names. The engine reads chunks that are already on the disk and does
//! not fetch them.

use parley_protocol::frame::{Answer, FetchLogBlob, RelayError, Request, Retry};
use sha2::{Digest as _, Sha256};

use super::{BATCH, Engine, Pace};
use crate::attachment::local::{LocalFile, Stage};
use crate::attachment::stream::{CHUNK, Shape};
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::files::{ExternalPart, FileId};
use crate::io::{FileWork, LoadId, StorageFailure};
use crate::table::Table;
use crate::view::FileState;

/// Downloads at a time, so that a picture does not wait behind a film.
const AT_ONCE: usize = 2;
/// Most chunks that wait for the disk.
const UNWRITTEN: u32 = 8;
const LATER: u32 = 2_000;

/// A file that this device downloads from the relay.
pub(super) struct Download {
    part: ExternalPart,
    shape: Shape,
    hash: Sha256,
    /// The chunk to open next; all chunks before it were valid.
    next: u32,
    /// The engine knows which chunks are on the disk.
    looked: bool,
    reading: Option<LoadId>,
    /// The chunk to ask for next.
    asked: u32,
    /// Chunks that came before their turn.
    early: Table<u32, Vec<u8>>,
    /// Chunks that were opened and not yet given to the disk.
    opened: Vec<Vec<u8>>,
    writing: u32,
    pace: Pace,
    wait: Option<Moment>,
}

impl Download {
    pub(super) fn done(&self) -> u64 {
        self.shape.before(self.next)
    }

    fn is_full(&self) -> bool {
        let unwritten = self.writing.saturating_mul(BATCH);
        unwritten.saturating_add(self.pace.under_way) >= UNWRITTEN
    }

    /// Opens a chunk that came in its turn.
    fn take(&mut self, chunk: &[u8]) -> bool {
        let right = self.shape.open(&self.part.key, self.next, chunk).is_ok();
        if right {
            self.hash.update(chunk);
            self.next = self.next.saturating_add(1);
        }
        right
    }
}

impl Engine {
    pub(super) fn go_on_downloading(&mut self) {
        self.begin_downloads();
        let all: Vec<FileId> = self.attachments.downloads.keys().copied().collect();
        for id in all {
            self.go_on_receiving(&id);
        }
    }

    fn begin_downloads(&mut self) {
        let waits = |id: &FileId| match self.attachments.all.get(id) {
            Some(LocalFile { stage: Stage::Receiving, paused: false, part, .. })
                if !self.attachments.downloads.contains_key(id) =>
            {
                Some((part.size, *id))
            }
            _ => None,
        };
        let mut waiting: Vec<(u64, FileId)> = self.attachments.moving.iter().filter_map(waits).collect();
        waiting.sort_unstable();
        for (size, id) in waiting {
            if self.attachments.downloads.len() >= AT_ONCE {
                return;
            }
            let (Some(file), Some(shape)) = (self.attachments.all.get(&id), Shape::of(size)) else {
                continue;
            };
            let download = Download {
                part: file.part.clone(),
                shape,
                hash: Sha256::new(),
                next: 0,
                looked: false,
                reading: None,
                asked: 0,
                early: Table::new(),
                opened: Vec::new(),
                writing: 0,
                pace: Pace::new(),
                wait: None,
            };
            self.attachments.downloads.insert(id, download);
        }
    }

    fn go_on_receiving(&mut self, id: &FileId) {
        let (now, load) = (self.steady, self.next_load());
        let Some(download) = self.attachments.downloads.get_mut(id) else { return };
        if download.wait.is_some_and(|until| now < until) || download.reading.is_some() {
            return;
        }
        download.wait = None;
        if !download.looked {
            download.reading = Some(load);
            let first = download.next;
            return self.file_work(FileWork::Read { id: load, file: *id, first, most: BATCH });
        }
        while let Some(download) = self.attachments.downloads.get_mut(id)
            && download.asked < download.shape.chunks()
            && download.pace.has_room()
            && !download.is_full()
        {
            let index = download.asked;
            download.asked = index.saturating_add(1);
            download.pace.sent();
            let request = FetchLogBlob {
                blob: download.part.blob,
                capability: download.part.reader.clone(),
                offset: Shape::offset(index),
                most: u32::try_from(CHUNK).unwrap_or(u32::MAX),
            };
            let sent = self.steady;
            self.ask(Request::FetchLogBlob(request), Pending::FetchFile { file: *id, index, sent });
        }
        self.finish_if_whole(id);
    }

    /// Chunks were read from the disk; returns whether they belong to a download.
    pub(super) fn read_of_download(&mut self, load: LoadId, chunks: &[Vec<u8>]) -> bool {
        let found = self.attachments.downloads.iter().find(|(_, it)| it.reading == Some(load));
        let Some(id) = found.map(|(id, _)| *id) else { return false };
        let Some(download) = self.attachments.downloads.get_mut(&id) else { return true };
        download.reading = None;
        let right = chunks.iter().take_while(|chunk| download.take(chunk)).count();
        let all = u32::try_from(right).is_ok_and(|right| right == BATCH);
        if !all || download.next >= download.shape.chunks() {
            // The engine fetches a chunk that does not open, and the new chunk replaces the one on the disk.
            download.looked = true;
            download.asked = download.next;
        }
        self.show_file(&id);
        if self.online() {
            self.go_on_receiving(&id);
        }
        true
    }

    pub(in crate::core) fn file_part_came(
        &mut self,
        id: &FileId,
        (index, sent): (u32, Moment),
        result: Result<Answer, RelayError>,
    ) {
        let now = self.steady;
        let Some(download) = self.attachments.downloads.get_mut(id) else { return };
        download.pace.answered(now.since(sent));
        match result {
            Ok(Answer::BlobPart { size, bytes }) => {
                let length = download.shape.sealed_chunk(index);
                if size != download.shape.sealed() || bytes.len() != length {
                    return self.file_is_damaged(id);
                }
                download.early.insert(index, bytes.into_vec());
                self.take_in_turn(id);
            }
            Ok(_) => self.download_waits(id, LATER),
            Err(RelayError::UnknownBlob) => self.file_is_not_here(id, FileState::Gone),
            Err(error) => match error.retry() {
                Retry::After(pause) => self.download_waits(id, pause),
                Retry::AfterCatchUp | Retry::Never => self.download_waits(id, LATER),
            },
        }
    }

    /// Opens the chunks whose turn has come, and gives them to the disk.
    fn take_in_turn(&mut self, id: &FileId) {
        let Some(download) = self.attachments.downloads.get_mut(id) else { return };
        while let Some(chunk) = download.early.remove(&download.next) {
            if !download.take(&chunk) {
                return self.file_is_damaged(id);
            }
            download.opened.push(chunk);
        }
        let count = u32::try_from(download.opened.len()).unwrap_or(u32::MAX);
        if count >= BATCH || download.next >= download.shape.chunks() && count > 0 {
            let chunks = std::mem::take(&mut download.opened);
            download.writing = download.writing.saturating_add(1);
            let first = download.next.saturating_sub(count);
            self.file_work(FileWork::Write { file: *id, first, chunks });
        }
        self.show_file(id);
    }

    pub(super) fn received_is_written(&mut self, id: &FileId, result: Result<(), StorageFailure>) {
        let Some(download) = self.attachments.downloads.get_mut(id) else { return };
        download.writing = download.writing.saturating_sub(1);
        if result.is_err() {
            return self.file_is_not_here(id, FileState::NoRoomHere);
        }
        self.finish_if_whole(id);
    }

    fn finish_if_whole(&mut self, id: &FileId) {
        let whole = |it: &Download| it.next >= it.shape.chunks() && it.writing == 0 && it.opened.is_empty();
        let Some(download) = self.attachments.downloads.get(id).filter(|it| whole(it)) else { return };
        let hash: [u8; 32] = download.hash.clone().finalize().into();
        if hash != download.part.content_hash.0 {
            return self.file_is_damaged(id);
        }
        self.attachments.downloads.remove(id);
        if let Some(file) = self.attachments.all.get_mut(id) {
            file.stage = Stage::Here;
        }
        self.save_file_record(id);
    }

    fn file_is_damaged(&mut self, id: &FileId) {
        self.file_is_not_here(id, FileState::Damaged);
    }

    fn download_waits(&mut self, id: &FileId, ms: u32) {
        let until = self.files_wait(ms);
        if let Some(download) = self.attachments.downloads.get_mut(id) {
            download.wait = Some(until);
            // The engine asks again for chunks without a good answer.
            download.early.clear();
            download.asked = download.next;
        }
    }
}
