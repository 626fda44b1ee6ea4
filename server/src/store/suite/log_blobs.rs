//! Tests of blobs of logs that need another time, or that are about the room on the disk.

use parley_protocol::capability::Capability;
use parley_protocol::frame::{FetchLogBlob, PutLogBlob, RelayError};
use parley_protocol::ids::{BlobHash, BlobId, Epoch, LogId, UnixMillis};
use sha2::{Digest as _, Sha256};

use super::blobs::expired;
use super::{LOG, SECRET, commit, log};
use crate::store::Store;

pub(super) async fn run<S: Store>(open: &impl Fn() -> S) {
    blobs_of_a_log_expire_a_day_after_its_messages(&open()).await;
    what_is_refused_for_its_hash_leaves_nothing(&open()).await;
    who_may_append_is_asked_when_a_part_is_written(&open()).await;
    a_log_has_so_many_blobs(&open()).await;
}

const READER: [u8; 32] = [9; 32];

fn put(blob: u8, whole: &[u8], from: usize, to: usize) -> PutLogBlob {
    PutLogBlob {
        log: LOG,
        capability: Capability::new(SECRET),
        epoch: Epoch(0),
        blob: BlobId([blob; 16]),
        size: u64::try_from(whole.len()).unwrap(),
        hash: BlobHash(Sha256::digest(whole).into()),
        reader: Capability::new(READER).hash(),
        offset: u64::try_from(from).unwrap(),
        bytes: super::Bytes::new(whole[from..to].to_vec()).unwrap(),
    }
}

async fn read(store: &impl Store, blob: u8) -> Result<Vec<u8>, RelayError> {
    let capability = Capability::new(READER);
    let request = FetchLogBlob { blob: BlobId([blob; 16]), capability, offset: 0, most: 1000 };
    store.read_log_blob(request).await.map(|part| part.bytes.to_vec())
}

async fn blobs_of_a_log_expire_a_day_after_its_messages(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    assert_eq!(store.put_log_blob(UnixMillis(0), put(1, b"whole", 0, 5)).await, Ok(5));
    assert_eq!(store.put_log_blob(UnixMillis(500), put(2, b"begun", 0, 2)).await, Ok(2));
    // Messages stay for 1,000, and an unfinished blob as long after its last part.
    assert_eq!(expired(store, 1_500).await, 0);
    assert_eq!(expired(store, 1_501).await, 2, "what was begun, and its chunk");
    assert_eq!(expired(store, 2_000).await, 0);
    assert_eq!(read(store, 1).await, Ok(b"whole".to_vec()));
    assert_eq!(expired(store, 2_001).await, 2);
    assert_eq!(read(store, 1).await, Err(RelayError::UnknownBlob));
    assert_eq!(store.put_log_blob(UnixMillis(2_001), put(1, b"again", 0, 5)).await, Ok(5), "with its room");
}

async fn what_is_refused_for_its_hash_leaves_nothing(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let forged = PutLogBlob { hash: BlobHash([1; 32]), ..put(1, b"whole", 0, 5) };
    // Submitted together with others, so that they probably share a transaction.
    let before = store.put_log_blob(UnixMillis(0), put(2, b"other", 0, 2));
    let refused = store.put_log_blob(UnixMillis(0), forged);
    let after = store.put_log_blob(UnixMillis(0), put(2, b"other", 2, 5));
    assert_eq!(before.await, Ok(2));
    assert_eq!(refused.await, Err(RelayError::WrongHash));
    assert_eq!(after.await, Ok(5));
    assert_eq!(read(store, 1).await, Err(RelayError::UnknownBlob));
    assert_eq!(read(store, 2).await, Ok(b"other".to_vec()));
    assert_eq!(expired(store, 0).await, 1, "its chunk");
    assert_eq!(store.put_log_blob(UnixMillis(0), put(1, b"whole", 0, 5)).await, Ok(5));
}

async fn who_may_append_is_asked_when_a_part_is_written(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    assert_eq!(store.put_log_blob(UnixMillis(0), put(1, b"whole", 0, 2)).await, Ok(2));
    store.append_commit(UnixMillis(0), commit((0, 2), 9, 8, None), vec![]).await.unwrap();
    let stale = store.put_log_blob(UnixMillis(0), put(1, b"whole", 2, 5)).await;
    assert_eq!(stale, Err(RelayError::StaleEpoch { current: Epoch(1) }));
    let now = |capability| PutLogBlob { capability, epoch: Epoch(1), ..put(1, b"whole", 2, 5) };
    let wrong = store.put_log_blob(UnixMillis(0), now(Capability::new(super::READER))).await;
    assert_eq!(wrong, Err(RelayError::WrongCapability));
    assert_eq!(store.put_log_blob(UnixMillis(0), now(Capability::new([8; 32]))).await, Ok(5));
    assert_eq!(read(store, 1).await, Ok(b"whole".to_vec()));
}

async fn a_log_has_so_many_blobs(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let full = Err(RelayError::QuotaExceeded);
    let large = vec![7; 499_995];
    assert_eq!(store.put_log_blob(UnixMillis(0), put(1, &large, 0, 1)).await, Ok(1));
    assert_eq!(store.put_log_blob(UnixMillis(0), put(2, b"sixsix", 0, 6)).await, full);
    assert_eq!(store.put_log_blob(UnixMillis(0), put(2, b"five5", 0, 5)).await, Ok(5));
    assert_eq!(store.put_log_blob(UnixMillis(0), put(3, b"1", 0, 1)).await, full, "one too many");
    let elsewhere = PutLogBlob { log: LogId([9; 16]), ..put(3, b"1", 0, 1) };
    assert_eq!(store.put_log_blob(UnixMillis(0), elsewhere).await, Err(RelayError::UnknownLog));
}
