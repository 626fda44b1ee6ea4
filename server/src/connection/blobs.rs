//! Handles the requests about blobs and backups. Requests that write take effect in the order in which they came.

use std::sync::Arc;

use parley_protocol::frame::{Answer, RelayError, Request, RequestId, ServerFrame};

use super::{Connection, Permits};
use crate::clock::now;
use crate::store::{BlobPart, Pending, Store};

/// The most parts of blobs that the relay reads for one connection at a time. A part has up to 256 KiB. A client that requests
/// thousands of parts and reads none occupies no more memory than this many and its outbox.
pub(super) const PARTS_AT_ONCE: usize = 2;

impl Connection {
    /// Starts working on a request about a blob or a backup.
    pub(super) fn dispatch_blobs(&self, id: RequestId, permits: Permits, request: Request) {
        let store = &self.relay.store;
        match request {
            Request::PutBlob(request) => {
                let pending = store.put_blob(now(), request);
                self.later(id, permits, async { pending.await.map(|stored| Answer::Blob { stored }) });
            }
            Request::FetchBlob(request) => {
                self.fetch_part(id, permits, move |store| store.read_blob(request));
            }
            Request::PutLogBlob(request) => {
                let pending = store.put_log_blob(now(), request);
                self.later(id, permits, async { pending.await.map(|stored| Answer::Blob { stored }) });
            }
            Request::FetchLogBlob(request) => {
                self.fetch_part(id, permits, move |store| store.read_log_blob(request));
            }
            Request::DeleteBlobs(request) => {
                let pending = store.delete_blobs(request);
                self.later(id, permits, async { pending.await.map(|()| Answer::Done) });
            }
            Request::WriteBackupHead(request) => {
                let pending = store.write_backup_head(now(), request);
                self.later(id, permits, async { pending.await.map(Answer::BackupHead) });
            }
            Request::FetchBackupHead(request) => {
                let pending = store.backup_head(request);
                self.later(id, permits, async { pending.await.map(Answer::BackupHead) });
            }
            // All other requests are dispatched before they get here.
            _ => self.later(id, permits, async { Err(RelayError::Internal) }),
        }
    }

    /// Reads a part once there is room for it in the outbox, so that parts are read no faster than the client takes them.
    fn fetch_part(
        &self,
        id: RequestId,
        permits: Permits,
        read: impl FnOnce(&dyn Store) -> Pending<BlobPart> + Send + 'static,
    ) {
        let (store, outbox) = (Arc::clone(&self.relay.store), Arc::clone(&self.outbox));
        let parts = Arc::clone(&self.parts);
        tokio::spawn(async move {
            let turn = parts.acquire().await;
            if turn.is_ok() && outbox.room().await {
                let part = read(&*store).await;
                let result = part.map(|part| Answer::BlobPart { size: part.size, bytes: part.bytes });
                outbox.push_frame(&ServerFrame::Answer { id, result });
            }
            drop(turn);
            drop(permits);
        });
    }
}
