//! Tests of blobs and the heads of backups.

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{
    BackupHead, DeleteBlobs, FetchBackupHead, FetchBlob, InboxAddress, PutBlob, RelayError, WriteBackupHead,
};
use parley_protocol::ids::{BlobId, DeviceId, UnixMillis};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};

use super::{SECRET, bytes, new_account, registered};
use crate::store::{BlobPart, Store};

pub(super) async fn run<S: Store>(open: &impl Fn() -> S) {
    parts_of_any_length_make_one_blob(&open()).await;
    what_does_not_fit_changes_nothing(&open()).await;
    an_account_has_so_many_blobs_and_bytes(&open()).await;
    only_a_device_of_the_account_writes_and_reads(&open()).await;
    unfinished_blobs_expire_and_finished_ones_do_not(&open()).await;
    a_head_is_written_after_the_one_that_was_seen(&open()).await;
    an_ended_backup_leaves_nothing_but_its_version(&open()).await;
    an_abandoned_backup_expires(&open()).await;
}

fn put(address: InboxAddress, blob: u8, size: u64, offset: u64, bytes: &[u8]) -> PutBlob {
    PutBlob {
        address,
        capability: Capability::new(SECRET),
        blob: BlobId([blob; 16]),
        size,
        offset,
        bytes: super::Bytes::new(bytes.to_vec()).unwrap(),
    }
}

fn fetch(address: InboxAddress, blob: u8, offset: u64, most: u32) -> FetchBlob {
    FetchBlob { address, capability: Capability::new(SECRET), blob: BlobId([blob; 16]), offset, most }
}

fn fetch_head(address: InboxAddress) -> FetchBackupHead {
    FetchBackupHead { address, capability: Capability::new(SECRET) }
}

fn delete(address: InboxAddress, blobs: &[u8]) -> DeleteBlobs {
    let blobs = List::new(blobs.iter().map(|blob| BlobId([*blob; 16])).collect()).unwrap();
    DeleteBlobs { address, capability: Capability::new(SECRET), blobs }
}

fn head(address: InboxAddress, after: u32, length: usize) -> WriteBackupHead {
    let capability = Capability::new(SECRET);
    WriteBackupHead { address, capability, after, value: bytes(length) }
}

/// Runs expiry until nothing is left to do. Returns how many rows were deleted.
pub(super) async fn expired(store: &impl Store, now: u64) -> u64 {
    let mut deleted = 0;
    loop {
        let run = store.expire_blobs(UnixMillis(now)).await.unwrap();
        deleted += run.deleted;
        if !run.more {
            return deleted;
        }
    }
}

async fn parts_of_any_length_make_one_blob(store: &impl Store) {
    let address = registered(store).await;
    let whole: Vec<u8> = (0..700_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let size = u64::try_from(whole.len()).unwrap();
    let (mut at, mut lengths) = (0_usize, [1, 70_000, 65_535, 65_536, MAX_BLOB_PART, 3].into_iter().cycle());
    while at < whole.len() {
        let end = whole.len().min(at + lengths.next().unwrap());
        let part = put(address, 1, size, u64::try_from(at).unwrap(), &whole[at..end]);
        assert_eq!(store.put_blob(UnixMillis(0), part).await, Ok(u64::try_from(end).unwrap()));
        at = end;
    }
    for (offset, most) in
        [(0, 1), (65_535, 2), (65_536, 65_536), (131_071, 200_000), (699_999, 9), (1, 1 << 18), (0, 1 << 20)]
    {
        let part = store.read_blob(fetch(address, 1, offset, most)).await.unwrap();
        let from = usize::try_from(offset).unwrap();
        let length = usize::try_from(most).unwrap().min(MAX_BLOB_PART).min(whole.len() - from);
        assert_eq!(part.size, size);
        assert!(*part.bytes == whole[from..from + length], "{offset} {most}");
    }
    for (offset, most) in [(0, 0), (size, 10), (u64::MAX, u32::MAX)] {
        let part = store.read_blob(fetch(address, 1, offset, most)).await;
        assert_eq!(part, Ok(BlobPart { size, bytes: bytes(0) }), "{offset}");
    }
}

async fn what_does_not_fit_changes_nothing(store: &impl Store) {
    let address = registered(store).await;
    let now = UnixMillis(0);
    // Reading makes no blob, and neither does a part that is not the first.
    for nothing in
        [put(address, 1, 10, 0, b""), put(address, 1, 10, 4, b"late"), put(address, 1, 3, 0, b"long")]
    {
        assert_eq!(store.put_blob(now, nothing).await, Ok(0));
    }
    assert_eq!(store.read_blob(fetch(address, 1, 0, 10)).await, Err(RelayError::UnknownBlob));
    for size in [0, MAX_BLOB + 1, u64::MAX] {
        let refused = store.put_blob(now, put(address, 1, size, 0, b"x")).await;
        assert_eq!(refused, Err(RelayError::TooLarge));
    }
    assert_eq!(store.put_blob(now, put(address, 1, 10, 0, b"0123")).await, Ok(4));
    for (offset, part) in [(0, &b"0123"[..]), (0, b""), (5, b"5"), (u64::MAX, b"x"), (4, b"4567890")] {
        assert_eq!(store.put_blob(now, put(address, 1, 10, offset, part)).await, Ok(4), "{offset}");
    }
    // The bytes stored so far can be read.
    let part = store.read_blob(fetch(address, 1, 2, 100)).await.unwrap();
    assert_eq!((part.size, &*part.bytes), (10, &b"23"[..]));
    let disagrees = put(address, 1, 11, 4, b"4");
    assert_eq!(store.put_blob(now, disagrees).await, Err(RelayError::WrongCapability));
    assert_eq!(store.put_blob(now, put(address, 1, 10, 4, b"456789")).await, Ok(10));
    assert_eq!(&*store.read_blob(fetch(address, 1, 0, 100)).await.unwrap().bytes, b"0123456789");
}

async fn an_account_has_so_many_blobs_and_bytes(store: &impl Store) {
    let address = registered(store).await;
    let now = UnixMillis(0);
    let full = Err(RelayError::QuotaExceeded);
    // A blob counts with its full size from its first part on.
    assert_eq!(store.put_blob(now, put(address, 1, 999_990, 0, b"x")).await, Ok(1));
    assert_eq!(store.put_blob(now, put(address, 2, 11, 0, b"x")).await, full);
    assert_eq!(store.put_blob(now, put(address, 2, 8, 0, b"x")).await, Ok(1));
    assert_eq!(store.put_blob(now, put(address, 3, 1, 0, b"x")).await, Ok(1));
    assert_eq!(store.put_blob(now, put(address, 4, 1, 0, b"x")).await, full, "one blob too many");
    assert_eq!(store.put_blob(now, put(address, 1, 999_990, 1, b"y")).await, Ok(2), "it was counted before");
    // Unknown blobs are no error, and the room is free at once.
    store.delete_blobs(delete(address, &[1, 3, 77])).await.unwrap();
    store.delete_blobs(delete(address, &[1])).await.unwrap();
    assert_eq!(store.read_blob(fetch(address, 1, 0, 1)).await, Err(RelayError::UnknownBlob));
    assert_eq!(store.put_blob(now, put(address, 1, 999_992, 0, b"new")).await, Ok(3));
    assert_eq!(&*store.read_blob(fetch(address, 1, 0, 9)).await.unwrap().bytes, b"new");
    // The chunks of the two deleted blobs.
    assert_eq!(expired(store, 0).await, 2);
    assert_eq!(&*store.read_blob(fetch(address, 1, 0, 9)).await.unwrap().bytes, b"new");
}

async fn only_a_device_of_the_account_writes_and_reads(store: &impl Store) {
    let ada = registered(store).await;
    let now = UnixMillis(0);
    let eve = new_account("eve", 5);
    let unregistered = InboxAddress { account: eve.account, device: eve.devices[0].id };
    let unknown = Err(RelayError::UnknownDevice);
    assert_eq!(store.put_blob(now, put(unregistered, 1, 1, 0, b"x")).await, unknown);
    let no_device = InboxAddress { device: DeviceId([99; 16]), ..ada };
    assert_eq!(store.put_blob(now, put(no_device, 1, 1, 0, b"x")).await, unknown);
    store.register_account(eve).await.unwrap();
    store.put_blob(now, put(ada, 1, 2, 0, b"a")).await.unwrap();
    let wrong = Err(RelayError::WrongCapability);
    let stranger = PutBlob { capability: Capability::new([99; 32]), ..put(ada, 1, 2, 1, b"x") };
    for refused in [put(unregistered, 1, 2, 1, b"x"), put(unregistered, 1, 2, 0, b""), stranger] {
        assert_eq!(store.put_blob(now, refused).await, wrong);
    }
    assert_eq!(store.delete_blobs(delete(unregistered, &[1])).await, Ok(()));
    let stranger = DeleteBlobs { capability: Capability::new([99; 32]), ..delete(ada, &[1]) };
    assert_eq!(store.delete_blobs(stranger).await, Err(RelayError::WrongCapability));
    let stranger = WriteBackupHead { capability: Capability::new([99; 32]), ..head(ada, 0, 0) };
    assert_eq!(store.write_backup_head(now, stranger).await, Err(RelayError::WrongCapability));
    // Eve's device has no such blob, and no backup.
    for (reader, refusal) in [(unregistered, RelayError::UnknownBlob), (no_device, RelayError::UnknownDevice)]
    {
        assert_eq!(store.read_blob(fetch(reader, 1, 0, 9)).await, Err(refusal));
        assert_eq!(store.backup_head(fetch_head(reader)).await, Err(refusal));
    }
    let wrong = Capability::new([99; 32]);
    let stranger = FetchBlob { capability: wrong.clone(), ..fetch(ada, 1, 0, 9) };
    assert_eq!(store.read_blob(stranger).await, Err(RelayError::WrongCapability));
    let stranger = FetchBackupHead { capability: wrong, ..fetch_head(ada) };
    assert_eq!(store.backup_head(stranger).await, Err(RelayError::WrongCapability));
    assert_eq!(&*store.read_blob(fetch(ada, 1, 0, 9)).await.unwrap().bytes, b"a");
}

async fn unfinished_blobs_expire_and_finished_ones_do_not(store: &impl Store) {
    let address = registered(store).await;
    store.put_blob(UnixMillis(0), put(address, 1, 4, 0, b"done")).await.unwrap();
    store.put_blob(UnixMillis(0), put(address, 2, 4, 0, b"a")).await.unwrap();
    store.put_blob(UnixMillis(900), put(address, 2, 4, 1, b"b")).await.unwrap();
    assert_eq!(expired(store, 1_900).await, 0, "one second after its last part is not too long");
    assert_eq!(expired(store, 1_901).await, 2, "the blob and its chunk");
    assert_eq!(store.put_blob(UnixMillis(2_000), put(address, 2, 999_996, 0, b"")).await, Ok(0), "its room");
    assert_eq!(&*store.read_blob(fetch(address, 1, 0, 9)).await.unwrap().bytes, b"done");
    assert_eq!(store.put_blob(UnixMillis(2_000), put(address, 2, 999_996, 0, b"x")).await, Ok(1));
}

async fn a_head_is_written_after_the_one_that_was_seen(store: &impl Store) {
    let address = registered(store).await;
    assert_eq!(store.backup_head(fetch_head(address)).await, Err(RelayError::UnknownBlob));
    let conflict = Err(RelayError::BackupConflict);
    assert_eq!(store.write_backup_head(UnixMillis(0), head(address, 1, 5)).await, conflict);
    assert_eq!(
        store.backup_head(fetch_head(address)).await,
        Err(RelayError::UnknownBlob),
        "nothing is left of it"
    );
    let first = BackupHead { version: 1, value: bytes(5) };
    assert_eq!(store.write_backup_head(UnixMillis(0), head(address, 0, 5)).await, Ok(first.clone()));
    assert_eq!(store.write_backup_head(UnixMillis(0), head(address, 0, 6)).await, conflict);
    assert_eq!(store.backup_head(fetch_head(address)).await, Ok(first));
    store.write_backup_head(UnixMillis(0), head(address, 1, 7)).await.unwrap();
    let found = store.backup_head(fetch_head(address)).await;
    assert_eq!(found, Ok(BackupHead { version: 2, value: bytes(7) }));
}

async fn an_ended_backup_leaves_nothing_but_its_version(store: &impl Store) {
    let address = registered(store).await;
    let now = UnixMillis(0);
    for blob in 1..=3 {
        store.put_blob(now, put(address, blob, 300_000, 0, &vec![blob; 200_000])).await.unwrap();
    }
    store.write_backup_head(now, head(address, 0, 5)).await.unwrap();
    assert_eq!(
        store.write_backup_head(now, head(address, 0, 0)).await,
        Err(RelayError::BackupConflict),
        "also an end is written after what was seen"
    );
    let ended = BackupHead { version: 2, value: bytes(0) };
    assert_eq!(store.write_backup_head(now, head(address, 1, 0)).await, Ok(ended.clone()));
    for blob in 1..=3 {
        assert_eq!(store.read_blob(fetch(address, blob, 0, 1)).await, Err(RelayError::UnknownBlob));
    }
    assert_eq!(store.backup_head(fetch_head(address)).await, Ok(ended));
    assert_eq!(store.write_backup_head(now, head(address, 1, 5)).await, Err(RelayError::BackupConflict));
    // Four chunks of each.
    assert_eq!(expired(store, 0).await, 12);
    assert_eq!(expired(store, 1_000_000).await, 0, "there is nothing that could expire");
    // A new backup may begin, with all of the room.
    store.put_blob(now, put(address, 1, 1_000_000, 0, b"x")).await.unwrap();
    assert_eq!(store.write_backup_head(now, head(address, 2, 5)).await.unwrap().version, 3);
}

async fn an_abandoned_backup_expires(store: &impl Store) {
    let address = registered(store).await;
    store.put_blob(UnixMillis(0), put(address, 1, 4, 0, b"blob")).await.unwrap();
    store.write_backup_head(UnixMillis(1_000), head(address, 0, 5)).await.unwrap();
    assert_eq!(expired(store, 6_000).await, 0);
    store.put_blob(UnixMillis(2_000), put(address, 2, 4, 0, b"blob")).await.unwrap();
    // Reading and deleting do not extend the life of a backup.
    store.delete_blobs(delete(address, &[2])).await.unwrap();
    assert_eq!(expired(store, 7_000).await, 1, "what was deleted");
    assert_eq!(expired(store, 7_001).await, 2, "the other blob and its chunk");
    assert_eq!(store.read_blob(fetch(address, 1, 0, 1)).await, Err(RelayError::UnknownBlob));
    assert_eq!(store.backup_head(fetch_head(address)).await, Ok(BackupHead { version: 2, value: bytes(0) }));
    let old_writer = store.write_backup_head(UnixMillis(7_002), head(address, 1, 5)).await;
    assert_eq!(old_writer, Err(RelayError::BackupConflict));
    assert_eq!(expired(store, 1_000_000).await, 0);
}
