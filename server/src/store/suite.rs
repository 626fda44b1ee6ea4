//! What every store has to do: the same tests for each implementation. What the relay's own tests check over
//! sockets is not repeated here; this is about what needs another time or another quota.

mod blobs;
mod links;
mod log_blobs;
mod retention;

use ed25519_dalek::SigningKey;
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{
    Author, Body, Change, DeviceLog, DeviceRecord, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::frame::{
    AppendCommit, AppendMessages, CreateLog, InboxAddress, InboxPost, NewMessage, PublishKeyPackages,
    RelayError, Stored, SwapStamp, Welcomes,
};
use parley_protocol::ids::{AppendId, DeviceId, Epoch, LogId, Seq, Stamp, UnixMillis};
use parley_protocol::username::Username;

use super::{Claim, DeviceLogEffect, DeviceLogStep, NewAccount, Poster, Quotas, Room, Store};

/// The quotas with which [`run`] wants its stores.
pub(super) const QUOTAS: Quotas = Quotas {
    room: Room::Enough,
    log_bytes: 1000,
    commit_bytes: 300,
    inbox_entries: 5,
    inbox_bytes: 100,
    pool: 3,
    expiry_ms: 1000,
    commit_ms: 5000,
    blob_bytes: 1_000_000,
    blobs: 3,
    log_blob_bytes: 500_000,
    log_blobs: 2,
    unfinished_ms: 1000,
    backup_ms: 5000,
};

const LOG: LogId = LogId([1; 16]);
const SECRET: [u8; 32] = [2; 32];
/// Reads the log's first group era.
const READER: [u8; 32] = [3; 32];

/// Runs all tests, each on a store that `open` makes anew.
pub(super) async fn run<S: Store>(open: impl Fn() -> S) {
    time_never_goes_back_in_a_log(&open()).await;
    expiry_makes_room_in_a_full_log(&open()).await;
    inboxes_and_pools_expire_but_not_the_last_resort(&open()).await;
    an_inbox_is_bounded_in_bytes(&open()).await;
    a_device_swaps_the_stamp_in_order(&open()).await;
    an_append_sees_what_a_commit_has_changed(&open()).await;
    new_messages_and_retries_share_a_request(&open()).await;
    a_failing_operation_leaves_nothing_and_spoils_no_other(&open()).await;
    a_recovery_key_leads_to_the_first_account_that_names_it(&open()).await;
    retention::run(&open).await;
    links::run(&open).await;
    blobs::run(&open).await;
    log_blobs::run(&open).await;
    a_closed_store_answers(&open()).await;
}

fn bytes<const MAX: usize>(length: usize) -> Bytes<MAX> {
    Bytes::new(vec![7; length]).unwrap()
}

fn log() -> CreateLog {
    let (append, read) = (Capability::new(SECRET).hash(), Capability::new(READER).hash());
    CreateLog { log: LOG, epoch: Epoch(0), append, read, welcomes: Welcomes::default(), group_info: None }
}

fn append(ids: &[u8], length: usize) -> AppendMessages {
    let message = |id: &u8| NewMessage { append: AppendId([*id; 16]), payload: bytes(length) };
    AppendMessages {
        log: LOG,
        capability: Capability::new(SECRET),
        epoch: Epoch(0),
        messages: List::new(ids.iter().map(message).collect()).unwrap(),
    }
}

/// A commit with an append id that ends an epoch, which a secret opens; the next one's secret, and that of the group era that
/// begins then.
fn commit((epoch, secret): (u64, u8), id: u8, next: u8, next_read: Option<u8>) -> AppendCommit {
    AppendCommit {
        log: LOG,
        capability: Capability::new([secret; 32]),
        epoch: Epoch(epoch),
        append: AppendId([id; 16]),
        commit: bytes(1),
        next_append: Capability::new([next; 32]).hash(),
        next_read: next_read.map(|read| Capability::new([read; 32]).hash()),
        welcomes: Welcomes::default(),
        group_info: None,
    }
}

async fn time_never_goes_back_in_a_log(store: &impl Store) {
    store.create_log(UnixMillis(50), log(), vec![]).await.unwrap();
    let late = store.append_messages(UnixMillis(90), append(&[1], 1)).await.unwrap();
    let early = store.append_messages(UnixMillis(60), append(&[2], 1)).await.unwrap();
    assert_eq!((late[0].time, early[0].time), (UnixMillis(90), UnixMillis(90)));
}

async fn expiry_makes_room_in_a_full_log(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    store.append_messages(UnixMillis(0), append(&[1], 900)).await.unwrap();
    let full = store.append_messages(UnixMillis(0), append(&[2], 900)).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    store.expire(UnixMillis(5000)).await.unwrap();
    store.append_messages(UnixMillis(5000), append(&[2], 900)).await.unwrap();
}

const RECOVERY: VerifyingKeyBytes = VerifyingKeyBytes([9; 32]);

/// An account with one device, whose inbox [`SECRET`] opens.
async fn registered(store: &impl Store) -> InboxAddress {
    let account = new_account("ada", 3);
    let address = InboxAddress { account: account.account, device: account.devices[0].id };
    store.register_account(account).await.unwrap();
    address
}

/// An account with one device, of which `seed` makes the key, and with the recovery key [`RECOVERY`].
fn new_account(name: &str, seed: u8) -> NewAccount {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = VerifyingKeyBytes(key.verifying_key().to_bytes());
    let inbox = Capability::new(SECRET).hash();
    let device = DeviceRecord { id: DeviceId([4; 16]), key: public, inbox };
    let change = Change::Genesis { device, recovery_key: RECOVERY };
    let body = Body { previous: None, created: UnixMillis(0), author: Author::Device(device.id), change };
    let genesis = SignedEntry::sign(&body, &key, None).unwrap();
    let account = DeviceLog::verify(std::slice::from_ref(&genesis)).unwrap().account();
    let username = Username::parse(name).unwrap();
    NewAccount { account, entries: vec![genesis], devices: vec![device], recovery_key: RECOVERY, username }
}

/// Gives an account another recovery key, as its log's second entry.
async fn replace_recovery_key(store: &impl Store, of: &NewAccount, seed: u8, key: VerifyingKeyBytes) {
    let previous = of.entries[0].hash();
    let body = Body {
        previous: Some(previous),
        created: UnixMillis(1),
        author: Author::Device(of.devices[0].id),
        change: Change::ReplaceRecoveryKey(key),
    };
    let entry = SignedEntry::sign(&body, &SigningKey::from_bytes(&[seed; 32]), None).unwrap();
    let effect = DeviceLogEffect::ReplaceRecoveryKey(key);
    store.append_device_log(DeviceLogStep { account: of.account, previous, entry, effect }).await.unwrap();
}

async fn a_recovery_key_leads_to_the_first_account_that_names_it(store: &impl Store) {
    let (ada, eve) = (new_account("ada", 3), new_account("eve", 5));
    let newer = VerifyingKeyBytes([8; 32]);
    assert_eq!(store.recover(RECOVERY).await, Err(RelayError::UnknownAccount));
    store.register_account(ada.clone()).await.unwrap();
    store.register_account(eve.clone()).await.unwrap();
    assert_eq!(store.recover(RECOVERY).await.unwrap().account, ada.account);
    replace_recovery_key(store, &ada, 3, newer).await;
    assert_eq!(store.recover(RECOVERY).await, Err(RelayError::UnknownAccount), "nobody inherits it");
    let found = store.recover(newer).await.unwrap();
    assert_eq!((found.account, found.log.len()), (ada.account, 2));
    // Later is later, also by way of another key.
    replace_recovery_key(store, &eve, 5, newer).await;
    assert_eq!(store.recover(newer).await.unwrap().account, ada.account);
}

fn post(to: InboxAddress, id: u8, length: usize) -> InboxPost {
    InboxPost { to, append: AppendId([id; 16]), payload: bytes(length) }
}

async fn inboxes_and_pools_expire_but_not_the_last_resort(store: &impl Store) {
    let address = registered(store).await;
    let hash = Capability::new(SECRET).hash();
    store.post_inbox(UnixMillis(0), post(address, 1, 60), Poster::Own).await.unwrap();
    store.post_inbox(UnixMillis(0), post(address, 2, 40), Poster::Own).await.unwrap();
    store.ack_inbox(address, hash, Seq(1)).await.unwrap();
    let publish = PublishKeyPackages {
        address,
        capability: Capability::new(SECRET),
        one_time: List::new(vec![bytes(1), bytes(2)]).unwrap(),
        last_resort: Some(bytes(3)),
    };
    store.publish_key_packages(UnixMillis(0), publish).await.unwrap();
    // The waiting one, the row of the acknowledged one, and two KeyPackages.
    assert_eq!(store.expire(UnixMillis(5000)).await.unwrap().deleted, 4);
    assert_eq!(store.read_inbox(address, Seq(0)).await.unwrap(), []);
    let count = store.count_key_packages(address, hash).await.unwrap();
    assert_eq!((count.one_time, count.last_resort), (0, true));
    assert_eq!(
        store
            .claim_key_packages(address.account, vec![(address.device, Claim::OneTime)])
            .await
            .unwrap()
            .len(),
        1
    );
    let count = store.forget_key_packages(address, hash).await.unwrap();
    assert_eq!((count.one_time, count.last_resort), (0, false));
    assert_eq!(
        store
            .claim_key_packages(address.account, vec![(address.device, Claim::OneTime)])
            .await
            .unwrap()
            .len(),
        0
    );
    // All of its room is free again.
    let stored = store.post_inbox(UnixMillis(5000), post(address, 3, 100), Poster::Own).await.unwrap();
    assert_eq!(stored.seq, Seq(3));
}

async fn an_inbox_is_bounded_in_bytes(store: &impl Store) {
    let address = registered(store).await;
    store.post_inbox(UnixMillis(0), post(address, 1, 60), Poster::Own).await.unwrap();
    let full = store.post_inbox(UnixMillis(0), post(address, 2, 60), Poster::Own).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    store.ack_inbox(address, Capability::new(SECRET).hash(), Seq(1)).await.unwrap();
    store.post_inbox(UnixMillis(0), post(address, 2, 60), Poster::Own).await.unwrap();
}

async fn a_device_swaps_the_stamp_in_order(store: &impl Store) {
    let address = registered(store).await;
    let swap_stamp = |stamp: u8, secret: u8| {
        store.swap_stamp(SwapStamp {
            address,
            capability: Capability::new([secret; 32]),
            stamp: Stamp([stamp; 16]),
        })
    };
    let (first, stranger, second) = (swap_stamp(1, 2), swap_stamp(9, 99), swap_stamp(2, 2));
    assert_eq!(first.await, Ok(None));
    assert_eq!(stranger.await, Err(RelayError::WrongCapability));
    assert_eq!(second.await, Ok(Some(Stamp([1; 16]))));
}

async fn an_append_sees_what_a_commit_has_changed(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let first = store.append_messages(UnixMillis(5), append(&[1], 1)).await.unwrap();
    let commit = commit((0, 2), 9, 8, None);
    store.append_commit(UnixMillis(6), commit, vec![]).await.unwrap();
    let stale = store.append_messages(UnixMillis(7), append(&[2], 1)).await;
    assert_eq!(stale, Err(RelayError::StaleEpoch { current: Epoch(1) }));
    let next = |secret: u8, epoch: u64| {
        let capability = Capability::new([secret; 32]);
        AppendMessages { capability, epoch: Epoch(epoch), ..append(&[2], 1) }
    };
    let wrong = Err(RelayError::WrongCapability);
    assert_eq!(store.append_messages(UnixMillis(7), next(8, 0)).await, wrong, "another epoch's");
    assert_eq!(store.append_messages(UnixMillis(7), next(8, 1)).await.unwrap()[0].seq, Seq(3));
    assert_eq!(store.append_messages(UnixMillis(7), next(7, 1)).await.unwrap()[0].seq, Seq(3), "a retry");
    let unknown = AppendMessages { capability: Capability::new([7; 32]), ..append(&[3], 1) };
    assert_eq!(store.append_messages(UnixMillis(7), unknown).await, wrong);
    assert_eq!(store.append_messages(UnixMillis(8), append(&[1], 1)).await, Ok(first), "a retry");
}

async fn new_messages_and_retries_share_a_request(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let places = |stored: Vec<Stored>| stored.iter().map(|place| place.seq.0).collect::<Vec<_>>();
    let first = store.append_messages(UnixMillis(0), append(&[1, 2], 300)).await.unwrap();
    assert_eq!(places(first), [1, 2]);
    let mixed = store.append_messages(UnixMillis(0), append(&[2, 3, 1], 300)).await.unwrap();
    assert_eq!(places(mixed), [2, 3, 1]);
    // 900 of 1,000 bytes are taken: what is there already needs no room.
    let retry = store.append_messages(UnixMillis(0), append(&[1, 2, 3], 300)).await.unwrap();
    assert_eq!(places(retry), [1, 2, 3]);
    let too_much = store.append_messages(UnixMillis(0), append(&[4, 1], 300)).await;
    assert_eq!(too_much, Err(RelayError::QuotaExceeded));
    let twice = store.append_messages(UnixMillis(0), append(&[5, 6, 5], 1)).await;
    assert_eq!(twice, Err(RelayError::BadRequest));
    let next = store.append_messages(UnixMillis(0), append(&[7], 1)).await.unwrap();
    assert_eq!(places(next), [4], "nothing is left of what was refused");
    assert_eq!(store.append_messages(UnixMillis(0), append(&[], 1)).await, Ok(vec![]));
}

async fn a_failing_operation_leaves_nothing_and_spoils_no_other(store: &impl Store) {
    let address = registered(store).await;
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let too_much = AppendCommit {
        welcomes: Welcomes {
            posts: List::new(vec![post(address, 1, 60), post(address, 2, 60)]).unwrap(),
            end: Bytes::default(),
        },
        ..commit((0, 2), 9, 8, None)
    };
    // Submitted together, so that they are likely to share a transaction.
    let before = store.append_messages(UnixMillis(0), append(&[1], 1));
    let failing = store.append_commit(UnixMillis(0), too_much, vec![Poster::Own; 2]);
    let after = store.append_messages(UnixMillis(0), append(&[2], 1));
    assert_eq!(before.await.unwrap()[0].seq, Seq(1));
    assert_eq!(failing.await, Err(RelayError::QuotaExceeded));
    assert_eq!(after.await.unwrap()[0].seq, Seq(2));
    assert_eq!(store.group_info(LOG, Capability::new(READER).hash()).await.unwrap().0, Epoch(0));
    assert_eq!(store.read_inbox(address, Seq(0)).await.unwrap(), []);
}

async fn a_closed_store_answers(store: &impl Store) {
    let last = store.create_log(UnixMillis(0), log(), vec![]);
    store.close();
    assert_eq!(last.await, Ok(vec![]), "what was submitted before is finished");
    assert_eq!(store.probe().await, Err(RelayError::Internal));
    assert_eq!(store.group_info(LOG, Capability::new(READER).hash()).await, Err(RelayError::Internal));
}
