//! Writes the backup: head, manifest, segments, manifest, head. The engine fetches each blob back and opens it before the
//! next blob names it.

use parley_protocol::frame::{Answer, BackupHead, FetchBackupHead, RelayError, Request, Retry};
use parley_protocol::ids::BlobId;

use super::blobs::{Fetch, Fetched, MANIFEST, Put, padded, unpadded};
use super::step::{Step, Theirs, Writing};
use crate::backup::{
    Author, BackupError, ChunkReader, ChunkWriter, Cover, DataKey, Head, Loss, Manifest, Place, Segment,
    open, removals, seal,
};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::content::BackupNews;
use crate::records::keys;
use crate::view::BackupFailure;

/// Bytes of a segment, roughly.
const SEGMENT: usize = 1024 * 1024;
/// Pause between two attempts after a failure, in milliseconds.
const PAUSE: u64 = 60_000;
/// Pause until this device has asked for the device log again.
const SHORT_PAUSE: u64 = 5_000;
/// Pause if a retry alone does not help.
const LONG_PAUSE: u64 = 10 * 60 * 1000;

impl Engine {
    /// Forgets the work under way, back to the last head that was written.
    pub(super) fn forget_writing(&mut self) {
        self.writing = Writing::default();
        self.backup_page = None;
        self.load_manifest();
    }

    /// Begins, unless work is under way.
    pub(in crate::core) fn begin_backup(&mut self) {
        if !self.writing.is_idle() || !self.online() || self.returning.is_some() {
            return;
        }
        if self.wants_backup() || (self.backup.renew && self.backup_address().is_some()) {
            self.renew_key_if_due();
            self.writing.failure = None;
            self.writing.step = Step::AskHead;
            self.ask_backup_step();
        }
    }

    /// Sends the request of the current step, unless that is on its way.
    pub(super) fn ask_backup_step(&mut self) {
        let waits = |pending: &Pending| {
            matches!(pending, Pending::FetchHead | Pending::FetchBlob | Pending::PutBlob | Pending::WriteHead)
        };
        let (Some(account), false) = (&self.account, self.is_pending(waits)) else { return };
        let (address, capability) = (account.address(), account.inbox.clone());
        let (request, pending) = match &self.writing.step {
            Step::Idle => return,
            Step::Gather(_) => return self.go_on_writing(),
            Step::AskHead => {
                let request = FetchBackupHead { address, capability };
                (Some(Request::FetchBackupHead(request)), Pending::FetchHead)
            }
            Step::FetchManifest(fetch, ..)
            | Step::CheckSegment(fetch, ..)
            | Step::CheckManifest(fetch, _) => (Some(fetch.request(address, capability)), Pending::FetchBlob),
            Step::PutSegment(put, _) | Step::PutManifest(put) => {
                (put.request(address, capability), Pending::PutBlob)
            }
            Step::WriteHead(head) => (self.head_request(Some(head)), Pending::WriteHead),
            Step::End => (self.head_request(None), Pending::WriteHead),
        };
        if let Some(request) = request {
            self.ask(request, pending);
        }
    }

    pub(super) fn enter(&mut self, step: Step) {
        self.writing.step = step;
        self.changed.account = true;
        self.ask_backup_step();
    }

    /// Nothing more can be done now.
    fn fail_backup(&mut self, failure: BackupFailure, pause: u64) {
        self.forget_writing();
        self.writing.failure = Some(failure);
        self.changed.account = true;
        self.back_up_in(pause);
    }

    /// The relay refused the request of a step.
    pub(super) fn backup_refused(&mut self, step: Step, error: RelayError) {
        match error.retry() {
            _ if error == RelayError::QuotaExceeded => self.fail_backup(BackupFailure::Quota, LONG_PAUSE),
            _ if error == RelayError::StorageFull => self.fail_backup(BackupFailure::Relay, PAUSE),
            Retry::After(ms) => {
                self.writing.step = step;
                self.back_up_in(u64::from(ms));
            }
            _ => self.fail_backup(BackupFailure::Relay, PAUSE),
        }
    }

    /// The timer of the backup: begins, or repeats the request.
    pub(in crate::core) fn backup_timer(&mut self) {
        if !self.online() {
            return;
        }
        if self.writing.is_idle() { self.begin_backup() } else { self.ask_backup_step() }
    }

    pub(in crate::core) fn backup_head_came(&mut self, result: Result<Answer, RelayError>) {
        if !matches!(self.writing.step, Step::AskHead) {
            return;
        }
        let head = match result {
            Ok(Answer::BackupHead(head)) => Some(head),
            Err(RelayError::UnknownBlob) => None,
            Err(error) => return self.backup_refused(Step::AskHead, error),
            Ok(_) => return self.fail_backup(BackupFailure::Relay, PAUSE),
        };
        let on = self.backup.news.as_ref().is_some_and(|news| news.on);
        match head {
            _ if !on => {
                self.backup.head = head.as_ref().map_or(0, |head| head.version);
                if head.is_none_or(|head| head.value.is_empty()) {
                    self.backup_is_over();
                } else {
                    self.enter(Step::End);
                }
            }
            None => self.start_over(0),
            Some(head) if head.value.is_empty() => self.start_over(head.version),
            Some(head) if head.version == self.backup.head => self.manifest_is_known(),
            Some(head) => self.read_others_head(&head),
        }
    }

    /// The relay has no backup, or none that this device can continue.
    fn start_over(&mut self, version: u32) {
        self.backup.head = version;
        self.backup.blob = None;
        self.manifest = Manifest::default();
        self.manifest_is_known();
    }

    /// Another device has written a head, or the relay says so.
    fn read_others_head(&mut self, head: &BackupHead) {
        let Some(log) = &self.own_log else { return };
        let (cover, author) = match Head::check(&head.value, head.version, log) {
            Ok((cover, author @ (Author::Current | Author::Removed))) => (cover, author),
            // Either the device log has grown, or the relay has made something up.
            Ok((_, Author::Beyond)) | Err(BackupError::Stranger) => {
                self.ask_own_log();
                return self.fail_backup(BackupFailure::Altered, SHORT_PAUSE);
            }
            Err(BackupError::Newer) => return self.fail_backup(BackupFailure::OtherKey, LONG_PAUSE),
            Err(_) => return self.write_over(head.version),
        };
        let opened = |news: &BackupNews| Some((Head::open(&head.value, &news.key).ok()?, news.key.clone()));
        let now = self.backup.news.as_ref().and_then(opened);
        if now.is_some() {
            self.backup.before = None;
            self.backup.renew = false;
        }
        match now.or_else(|| self.backup.before.as_ref().and_then(opened)) {
            Some((found, key)) => {
                let fetch = Fetch::of_manifest(&found);
                // A current device of the account has counted again before it sealed under a key from after a removal.
                let under = cover.sealed_under(log).filter(|_| author == Author::Current);
                let counted = under.map_or(0, |(removals, _)| removals);
                let theirs = Theirs { version: head.version, counted };
                self.enter(Step::FetchManifest(fetch, Vec::new(), theirs, found, key));
            }
            None if self.is_from_before(&cover) => self.write_over(head.version),
            // Only this device could have drawn the key, before its state was rolled back.
            None if self.is_only_device() => self.draw_key_after(cover.generation),
            None => self.fail_backup(BackupFailure::OtherKey, LONG_PAUSE),
        }
    }

    /// Whether a head is sealed under a key older than the one that this device knows.
    fn is_from_before(&self, cover: &Cover) -> bool {
        let (Some(log), Some(news)) = (&self.own_log, self.current_news()) else { return false };
        cover.sealed_under(log).is_some_and(|under| under < (news.removals, news.generation))
    }

    fn is_only_device(&self) -> bool {
        self.own_log.as_ref().is_some_and(|log| log.devices().count() == 1)
    }

    /// The head leads to nothing that this device can continue: replaces it by one with what this device knows to be in the
    /// backup. If the relay was rolled back, that may be missing there, and the engine writes everything again.
    fn write_over(&mut self, version: u32) {
        self.backup.renew = true;
        if self.backup.went_back || version < self.backup.head {
            return self.start_over(version);
        }
        self.backup.head = version;
        self.backup.blob = None;
        self.manifest_is_known();
    }

    /// A removed device may have claimed that the backup has things, and others have continued what it wrote. After a removal
    /// this device counts only what has been put there since.
    fn count_anew_after_removal(&mut self) {
        let removals = self.own_log.as_ref().map_or(0, removals);
        if self.backup.counted == removals {
            return;
        }
        self.backup.counted = removals;
        self.backup.renew = true;
        self.manifest.tops.clear();
        self.manifest.logs.clear();
        self.manifest.contacts.clear();
        self.state.delete(keys::BACKUP_ROUND);
        self.writing.round = None;
        self.save_manifest();
        self.save_backup();
    }

    /// The manifest is here: the engine gathers what it lacks.
    pub(super) fn manifest_is_known(&mut self) {
        self.count_anew_after_removal();
        for segment in &self.writing.mine {
            if !self.manifest.segments.iter().any(|known| known.blob == segment.blob) {
                self.manifest.segments.push(segment.clone());
            }
        }
        if self.writing.round.is_none() {
            let stored = self.state.get(keys::BACKUP_ROUND).ok().flatten();
            let round = stored.unwrap_or_else(|| self.new_round());
            self.writing.round = Some(round);
        }
        let mut writer = Box::new(ChunkWriter::new(DataKey::draw(&self.random)));
        let (items, seen) = self.changed_items(&self.manifest.contacts);
        for item in &items {
            writer.push(item);
        }
        self.writing.seen = seen;
        self.writing.step = Step::Gather(writer);
        self.go_on_writing();
    }

    /// Reads on, or puts what was gathered.
    pub(super) fn go_on_writing(&mut self) {
        let Step::Gather(writer) = &self.writing.step else { return };
        let length = writer.len();
        if self.backup_page.is_some() || (length < SEGMENT && self.read_for_backup()) {
            return;
        }
        let Step::Gather(writer) = std::mem::take(&mut self.writing.step) else { return };
        if length > 0 {
            let (key, bytes) = writer.finish();
            let put = Put::new(BlobId(self.random.array()), bytes);
            let segment = Segment { blob: put.blob, key, size: put.size(), hash: put.hash() };
            self.enter(Step::PutSegment(put, segment));
        } else if self.backup.renew || self.writing.unnamed || self.has_read_newer() {
            self.put_manifest();
        } else {
            self.backup_is_over();
        }
    }

    fn has_read_newer(&self) -> bool {
        self.writing.round.as_ref().is_some_and(|round| round.is_newer_than(&self.manifest))
    }

    pub(in crate::core) fn blob_put(&mut self, result: Result<Answer, RelayError>) {
        let step = std::mem::take(&mut self.writing.step);
        match (step, result) {
            (Step::PutSegment(mut put, segment), Ok(Answer::Blob { stored })) => {
                let step = if put.stored(stored) {
                    let reader = Box::new(ChunkReader::new(segment.key.clone()));
                    Step::CheckSegment(put.fetch(), reader, segment)
                } else {
                    Step::PutSegment(put, segment)
                };
                self.enter(step);
            }
            (Step::PutManifest(mut put), Ok(Answer::Blob { stored })) => {
                let step = if put.stored(stored) {
                    let head = Head { manifest: put.blob, size: put.size(), hash: put.hash() };
                    Step::CheckManifest(put.fetch(), head)
                } else {
                    Step::PutManifest(put)
                };
                self.enter(step);
            }
            (step @ (Step::PutSegment(..) | Step::PutManifest(_)), Err(error)) => {
                self.backup_refused(step, error);
            }
            (step, _) => self.writing.step = step,
        }
    }

    pub(in crate::core) fn blob_part_came(&mut self, result: Result<Answer, RelayError>) {
        let step = std::mem::take(&mut self.writing.step);
        let (size, part) = match result {
            Ok(Answer::BlobPart { size, bytes }) => (size, bytes),
            Err(RelayError::UnknownBlob) => return self.fail_backup(BackupFailure::Altered, PAUSE),
            Err(error) => return self.backup_refused(step, error),
            Ok(_) => return self.fail_backup(BackupFailure::Relay, PAUSE),
        };
        match step {
            Step::FetchManifest(mut fetch, mut bytes, theirs, head, key) => {
                bytes.extend_from_slice(&part);
                match fetch.take(size, &part) {
                    Fetched::More => self.enter(Step::FetchManifest(fetch, bytes, theirs, head, key)),
                    Fetched::Whole => self.take_others_manifest(&bytes, theirs, &head, &key),
                    // The relay has lost or damaged the manifest: this device writes what it has.
                    Fetched::Altered => self.start_over(theirs.version),
                }
            }
            Step::CheckSegment(mut fetch, mut reader, segment) => {
                drop(reader.push(&part));
                match fetch.take(size, &part) {
                    Fetched::More => self.enter(Step::CheckSegment(fetch, reader, segment)),
                    Fetched::Whole if reader.finish().1 == Loss::default() => {
                        self.manifest.segments.push(segment.clone());
                        self.writing.mine.push(segment);
                        self.writing.unnamed = true;
                        self.put_manifest();
                    }
                    Fetched::Whole | Fetched::Altered => self.fail_backup(BackupFailure::Altered, PAUSE),
                }
            }
            Step::CheckManifest(mut fetch, head) => match fetch.take(size, &part) {
                Fetched::More => self.enter(Step::CheckManifest(fetch, head)),
                Fetched::Whole => self.enter(Step::WriteHead(head)),
                Fetched::Altered => self.fail_backup(BackupFailure::Altered, PAUSE),
            },
            step => self.writing.step = step,
        }
    }

    fn take_others_manifest(&mut self, bytes: &[u8], theirs: Theirs, head: &Head, key: &DataKey) {
        let plain = open(key, MANIFEST, bytes).ok();
        match plain.and_then(|plain| Manifest::decode(unpadded(&plain)?).ok()) {
            Some(manifest) => {
                self.manifest = manifest;
                self.backup.head = theirs.version;
                self.backup.counted = theirs.counted;
                self.backup.blob = Some(head.manifest);
                self.save_manifest();
                self.save_backup();
                self.manifest_is_known();
            }
            None => self.start_over(theirs.version),
        }
    }

    /// Puts the manifest with what this round has put so far, and with the round's end if nothing is left.
    fn put_manifest(&mut self) {
        let Some(key) = self.current_news().map(|news| news.key.clone()) else { return };
        self.manifest.contacts.clone_from(&self.writing.seen);
        self.manifest.made = self.now;
        if let Some(round) = self.writing.round.as_ref().filter(|round| round.left.is_empty()) {
            let manifest = &mut self.manifest;
            manifest.segments.retain(|segment| !round.replaces.contains(&segment.blob));
            for (key, order) in round.tops.iter() {
                manifest.tops.insert(*key, *order);
            }
            for (log, place) in round.logs.iter() {
                let seq = manifest.logs.get(log).map_or(place.seq, |known| known.seq.max(place.seq));
                manifest.logs.insert(*log, Place { conversation: place.conversation, seq });
            }
            if let Some(account) = self.account.as_ref().filter(|_| round.whole) {
                manifest.base = Some((account.device, manifest.size()));
                self.backup.base = Some(manifest.size());
            }
        }
        let bytes = seal(&key, &self.random, MANIFEST, &padded(&self.manifest));
        let put = Put::new(BlobId(self.random.array()), bytes);
        self.enter(Step::PutManifest(put));
    }
}
