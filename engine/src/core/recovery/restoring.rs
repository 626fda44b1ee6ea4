//! Restores the backup from the relay: head, manifest, and then the segments, newest first. The engine counts and skips what
//! does not open. At the end it asks the others for what they have written since.

use parley_protocol::device_log::{Author as By, Change, DeviceLog};
use parley_protocol::frame::{Answer, BackupHead, FetchBackupHead, RelayError, Request, Retry};
use parley_protocol::ids::{BlobId, DeviceId, GroupId, LogId, Seq};

use super::Returning;
use crate::backup::{
    Author, BackupError, ChunkReader, Cover, DataKey, Head, Item, Manifest, Place, Segment, open,
};
use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::core::backup::{Fetch, Fetched, MANIFEST, unpadded};
use crate::core::channel::resync::EVERY_OTHER;
use crate::core::relay_session::requests::Pending;
use crate::domain::content::{Body, Resync, Sync};
use crate::domain::conversation::ConversationKey;
use crate::records::keys;
use crate::table::Table;

/// Between two attempts, in milliseconds.
const PAUSE: u32 = 5_000;

/// The state of restoring; begins again after a restart.
#[derive(Default)]
pub(in crate::core) enum Restoring {
    #[default]
    Idle,
    /// Ask for the head.
    Head,
    /// Fetch the manifest, which is sealed under this key.
    Manifest(Fetch, Vec<u8>, DataKey, (BlobId, Cover)),
    /// Fetch a segment.
    Segment(Fetch, Box<ChunkReader>),
}

impl Returning {
    /// KiB that have come, and KiB in all.
    pub(super) fn progress(&self, manifest: &Manifest) -> (u32, u32) {
        let kib = |bytes: u64| u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let segments = || manifest.segments.iter().map(|segment| segment.size);
        let come = segments().skip(self.count().unwrap_or(usize::MAX)).fold(0, u64::saturating_add);
        let here = match &self.work {
            Restoring::Segment(fetch, _) => fetch.at(),
            _ => 0,
        };
        let of = if self.left.is_some() { manifest.size() } else { 0 };
        (kib(come.saturating_add(here)), kib(of))
    }

    fn count(&self) -> Option<usize> {
        self.left.and_then(|left| usize::try_from(left).ok())
    }

    /// The next segment: newest first.
    fn next<'a>(&self, manifest: &'a Manifest) -> Option<&'a Segment> {
        manifest.segments.get(self.count()?.checked_sub(1)?)
    }
}

impl Engine {
    pub(super) fn go_on_restoring(&mut self) {
        let (Some(returning), Some(account)) = (&mut self.returning, &self.account) else { return };
        let (address, capability) = (account.address(), account.inbox.clone());
        let waits = |pending: &Pending| matches!(pending, Pending::FetchHead | Pending::FetchBlob);
        match &returning.work {
            Restoring::Manifest(fetch, ..) | Restoring::Segment(fetch, _) => {
                let request = fetch.request(address, capability);
                if !self.is_pending(waits) {
                    self.ask(request, Pending::FetchBlob);
                }
            }
            Restoring::Idle | Restoring::Head => match &returning.left {
                None => self.ask_head_to_restore(),
                Some(_) => match returning.next(&self.manifest) {
                    Some(segment) => {
                        let fetch = Fetch::of(segment);
                        let request = fetch.request(address, capability);
                        let reader = Box::new(ChunkReader::new(segment.key.clone()));
                        returning.work = Restoring::Segment(fetch, reader);
                        self.ask(request, Pending::FetchBlob);
                    }
                    // The engine asks nobody before the lost devices are removed.
                    None if !self.lost_devices().is_empty() => {}
                    None => self.everything_is_back(),
                },
            },
        }
    }

    fn ask_head_to_restore(&mut self) {
        let (Some(returning), Some(account)) = (&mut self.returning, &self.account) else { return };
        returning.work = Restoring::Head;
        let request = FetchBackupHead { address: account.address(), capability: account.inbox.clone() };
        if !self.is_pending(|pending| *pending == Pending::FetchHead) {
            self.ask(Request::FetchBackupHead(request), Pending::FetchHead);
        }
    }

    pub(in crate::core) fn head_to_restore(&mut self, result: Result<Answer, RelayError>) {
        match result {
            Ok(Answer::BackupHead(head)) if !head.value.is_empty() => self.read_head(&head),
            // There is no backup.
            Ok(Answer::BackupHead(_)) | Err(RelayError::UnknownBlob) => self.restore_nothing(0),
            Ok(_) | Err(_) => self.try_restoring_again(&result),
        }
    }

    fn try_restoring_again(&mut self, result: &Result<Answer, RelayError>) {
        let pause = match result {
            Err(error) => match error.retry() {
                Retry::After(ms) => ms,
                _ => PAUSE,
            },
            Ok(_) => PAUSE,
        };
        self.retry_later(pause);
    }

    fn restore_nothing(&mut self, lost: u32) {
        let Some(returning) = &mut self.returning else { return };
        returning.work = Restoring::Idle;
        returning.left = Some(0);
        returning.lost = returning.lost.saturating_add(lost);
        self.save_returning();
        self.go_on_returning();
    }

    /// Reads the head. A relay could make up a head: a device of the account must have signed it.
    fn read_head(&mut self, head: &BackupHead) {
        let (Some(returning), Some(account), Some(log)) = (&mut self.returning, &self.account, &self.own_log)
        else {
            return;
        };
        let (cover, author) = match Head::check(&head.value, head.version, log) {
            Ok((_, Author::Beyond)) | Err(BackupError::Stranger) if !returning.asked_log => {
                returning.asked_log = true;
                self.ask_own_log();
                return self.retry_later(PAUSE);
            }
            Ok(checked) => checked,
            Err(_) => return self.restore_nothing(1),
        };
        let Ok((found, key)) = Head::recover(&head.value, &account.id, &returning.seed) else {
            return self.restore_nothing(1);
        };
        // A device that is removed now, because the account comes back, was not removed before.
        returning.by_removed =
            author != Author::Current && !was_removed_by(log, &cover.device, account.device);
        let fetch = Fetch::of_manifest(&found);
        let request = fetch.request(account.address(), account.inbox.clone());
        returning.work = Restoring::Manifest(fetch, Vec::new(), key, (found.manifest, cover));
        self.save_returning();
        self.ask(request, Pending::FetchBlob);
    }

    /// Takes a restored item. A removed device may have been stolen, and may have written the backup afterwards as if before:
    /// its word verifies nobody and deletes nothing. The same holds for files.
    fn take_restored(&mut self, item: Item) {
        let by_removed = self.returning.as_ref().is_some_and(|returning| returning.by_removed);
        match item {
            Item::Deleted(_) | Item::Token(_) if by_removed => {}
            // A thief could so become a contact.
            Item::Stance(told) if by_removed && !told.is_refusal() => {}
            Item::Known(mut known) => {
                known.card.verified &= !by_removed;
                if !by_removed {
                    self.knew_before(&known.card.account);
                }
                self.take_item(Item::Known(known));
            }
            item => self.take_item(item),
        }
    }

    pub(in crate::core) fn part_to_restore(&mut self, result: Result<Answer, RelayError>) {
        let Some(returning) = &mut self.returning else { return };
        let gone = matches!(result, Err(RelayError::UnknownBlob));
        let work = std::mem::take(&mut returning.work);
        match (work, result) {
            (
                Restoring::Manifest(mut fetch, mut bytes, key, head),
                Ok(Answer::BlobPart { size, bytes: part }),
            ) => {
                bytes.extend_from_slice(&part);
                match fetch.take(size, &part) {
                    Fetched::More => {
                        returning.work = Restoring::Manifest(fetch, bytes, key, head);
                        self.go_on_returning();
                    }
                    Fetched::Whole => self.read_manifest(&bytes, key, head),
                    Fetched::Altered => self.restore_nothing(1),
                }
            }
            (Restoring::Segment(mut fetch, mut reader), Ok(Answer::BlobPart { size, bytes: part })) => {
                let items = reader.push(&part);
                for item in items {
                    self.take_restored(item);
                }
                match fetch.take(size, &part) {
                    Fetched::More => {
                        if let Some(returning) = &mut self.returning {
                            returning.work = Restoring::Segment(fetch, reader);
                        }
                        self.changed.account = true;
                        self.go_on_returning();
                    }
                    // The chunks themselves show what is damaged.
                    Fetched::Whole | Fetched::Altered => self.segment_ends(*reader),
                }
            }
            (Restoring::Manifest(..), _) if gone => self.restore_nothing(1),
            (Restoring::Segment(_, reader), _) if gone => self.segment_ends(*reader),
            (work, result) => {
                returning.work = work;
                self.try_restoring_again(&result);
            }
        }
    }

    fn read_manifest(&mut self, bytes: &[u8], key: DataKey, head: (BlobId, Cover)) {
        let plain = open(&key, MANIFEST, bytes).ok();
        let manifest = plain.and_then(|plain| Manifest::decode(unpadded(&plain)?).ok());
        let Some(manifest) = manifest else { return self.restore_nothing(1) };
        let Some(returning) = &mut self.returning else { return };
        returning.left = Some(u32::try_from(manifest.segments.len()).unwrap_or(u32::MAX));
        let seed = returning.seed.clone();
        returning.work = Restoring::Idle;
        self.save_returning();
        self.old_logs(&manifest.logs);
        self.take_backup_over(&seed, key, manifest, head);
        self.go_on_returning();
    }

    /// Takes the logs from before, none of which this device can read: restored messages have their places there.
    pub(in crate::core) fn old_logs(&mut self, logs: &Table<LogId, Place>) {
        for (id, place) in logs.iter() {
            if self.is_own_conversation(&place.conversation) || self.logs.contains_key(id) {
                continue;
            }
            let conversation = self.conversation_of_key(place.conversation);
            if let Some(conversation) = self.conversations.get_mut(&conversation) {
                conversation.add_log(*id);
            }
            let log = Log {
                cursor: place.seq,
                ..Log::new(*id, GroupId::begun_in(*id), place.conversation, Stage::Dead, self.now)
            };
            self.logs.insert(*id, log);
            self.transcripts.or_default(*id).asked = Some(place.seq);
            self.save_log(id);
            self.save_transcript(id);
            self.save_conversation(conversation);
        }
    }

    fn segment_ends(&mut self, reader: ChunkReader) {
        let (items, loss) = reader.finish();
        for item in items {
            self.take_restored(item);
        }
        let Some(returning) = &mut self.returning else { return };
        returning.lost = returning.lost.saturating_add(loss.damaged).saturating_add(u32::from(loss.cut));
        returning.left = returning.left.map(|left| left.saturating_sub(1));
        returning.work = Restoring::Idle;
        self.save_returning();
        self.go_on_returning();
    }

    fn everything_is_back(&mut self) {
        let Some(returning) = self.returning.take() else { return };
        self.begin_to_count();
        self.save_returning();
        self.backup.lost = returning.lost;
        self.phrase_is_written_down(&returning.seed);
        // The removed devices have the key of the backup.
        self.renew_key_if_due();
        let logs = self.manifest.logs.clone();
        if logs.keys().next().is_none() {
            self.save(keys::UNASKED, &true);
            self.sync(Sync::Lacks(None));
        }
        self.ask_for_what_came_since(&logs);
        self.resume();
    }

    /// Asks everybody, in a new log, for what they wrote after the backup's last message.
    pub(in crate::core) fn ask_for_what_came_since(&mut self, logs: &Table<LogId, Place>) {
        let mut peers: Vec<ConversationKey> = Vec::new();
        for (id, place) in logs.iter() {
            if self.is_own_conversation(&place.conversation) {
                continue;
            }
            if self.logs.get(id).is_some_and(|log| log.stage != Stage::Dead) {
                // Somebody has added this device again.
                self.abandon(id, place.seq);
            } else {
                self.enqueue(
                    place.conversation,
                    Body::Resync(Resync { log: *id, after: place.seq, reach: None, count: true }),
                    None,
                );
            }
            if !peers.contains(&place.conversation) {
                peers.push(place.conversation);
            }
        }
        for peer in peers {
            let resync = Resync { log: EVERY_OTHER, after: Seq(0), reach: None, count: true };
            self.enqueue(peer, Body::Resync(resync), None);
        }
    }
}

/// Whether device `by` removed `device`.
fn was_removed_by(log: &DeviceLog, device: &DeviceId, by: DeviceId) -> bool {
    let mut bodies = log.entries().iter().filter_map(|entry| entry.parse().ok());
    bodies.any(|body| body.change == Change::RemoveDevice(*device) && body.author == By::Device(by))
}
