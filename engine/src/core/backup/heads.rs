//! Writes the head of the backup, after everything that the head leads to has been put at the relay and verified.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, DeleteBlobs, RelayError, Request, WriteBackupHead};
use parley_protocol::ids::BlobId;
use parley_protocol::limits::MAX_BLOB_DELETES;

use super::step::Step;
use crate::backup::{Cover, Head, Manifest};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::records::keys;

impl Engine {
    /// The request for a new head, or for an empty one, which ends the backup.
    pub(super) fn head_request(&self, head: Option<&Head>) -> Option<Request> {
        let account = self.account.as_ref()?;
        let value = match head {
            Some(head) => self.sealed_head(head)?,
            None => Vec::new(),
        };
        Some(Request::WriteBackupHead(WriteBackupHead {
            address: account.address(),
            capability: account.inbox.clone(),
            after: self.backup.head,
            value: Bytes::new(value).ok()?,
        }))
    }

    /// A head that follows the one seen last, sealed to the recovery key that the device log proves now.
    fn sealed_head(&self, head: &Head) -> Option<Vec<u8>> {
        let (account, log) = (self.account.as_ref()?, self.own_log.as_ref()?);
        let (address, news) = (self.backup_address()?, self.current_news()?);
        let cover = Cover {
            device: account.device,
            log: log.head(),
            number: self.backup.head.checked_add(1)?,
            generation: news.generation,
        };
        head.seal(&self.random, &account.id, address, &news.key, (&cover, self.key.as_ref()?)).ok()
    }

    pub(in crate::core) fn head_written(&mut self, result: Result<Answer, RelayError>) {
        let step = std::mem::take(&mut self.writing.step);
        match (step, result) {
            (Step::WriteHead(head), Ok(Answer::BackupHead(written))) => {
                self.head_is_there(&head, written.version);
            }
            (Step::End, Ok(Answer::BackupHead(written))) => {
                self.backup.head = written.version;
                self.backup.blob = None;
                self.backup.before = None;
                self.manifest = Manifest::default();
                self.save_manifest();
                self.backup_is_over();
            }
            (Step::WriteHead(_) | Step::End, Err(RelayError::BackupConflict)) => self.enter(Step::AskHead),
            (step @ (Step::WriteHead(_) | Step::End), Err(error)) => self.backup_refused(step, error),
            (step, _) => self.writing.step = step,
        }
    }

    fn head_is_there(&mut self, head: &Head, version: u32) {
        let mut useless: Vec<BlobId> = self.backup.blob.replace(head.manifest).into_iter().collect();
        self.backup.head = version;
        self.backup.renew = false;
        self.backup.went_back = false;
        self.backup.before = None;
        self.writing.unnamed = false;
        self.save_manifest();
        let over = self.writing.round.as_ref().is_none_or(|round| round.left.is_empty());
        if let Some(round) = &self.writing.round {
            if over {
                useless.extend(&round.replaces);
                let late = round.late.clone();
                // Messages that came late meanwhile stay for the next round.
                self.backup.late.retain(|key, order| late.get(key) != Some(order));
            } else {
                self.save(keys::BACKUP_ROUND, round);
            }
        }
        self.save_backup();
        self.delete_blobs(&useless);
        if over {
            self.backup_is_over();
        } else {
            self.manifest_is_known();
        }
    }

    fn delete_blobs(&mut self, blobs: &[BlobId]) {
        let Some((address, capability)) =
            self.account.as_ref().map(|account| (account.address(), account.inbox.clone()))
        else {
            return;
        };
        for blobs in blobs.chunks(MAX_BLOB_DELETES) {
            if let Ok(blobs) = List::new(blobs.to_vec()) {
                let request = DeleteBlobs { address, capability: capability.clone(), blobs };
                self.ask(Request::DeleteBlobs(request), Pending::DeleteBlobs);
            }
        }
    }

    /// The backup has everything, or it has ended.
    pub(super) fn backup_is_over(&mut self) {
        self.state.delete(keys::BACKUP_ROUND);
        self.forget_writing();
        self.backup.renew = false;
        self.backup.before = None;
        let on = self.backup.news.as_ref().is_some_and(|news| news.on);
        self.backup.done = on.then_some(self.now);
        self.save_backup();
        if self.is_unsaved() {
            self.back_up_in(self.patience());
        }
    }
}
