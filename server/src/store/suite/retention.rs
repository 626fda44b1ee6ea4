//! Tests of expiry: messages go, commits stay longer, and a device that was away reads on.

use parley_protocol::capability::Capability;
use parley_protocol::frame::{AppendCommit, CreateLog, EntryKind, KnownPlace, LogEntry, RelayError};
use parley_protocol::ids::{AppendId, Epoch, Era, LogId, Seq, UnixMillis};
use parley_protocol::limits::MAX_PUSH;

use super::{LOG, READER, SECRET, append, bytes, commit, log};
use crate::store::{LogPage, ReadFrom, Store};

pub(super) async fn run<S: Store>(open: &impl Fn() -> S) {
    old_messages_expire_and_a_reader_goes_on_after_them(&open()).await;
    commits_stay_longer_and_whoever_was_away_reads_on_across_them(&open()).await;
    behind_a_commit_that_expired_nobody_reads_on(&open()).await;
    many_old_commits_come_page_by_page(&open()).await;
    a_group_era_ends_where_its_last_commit_is_left(&open()).await;
    commits_have_a_quota_of_their_own(&open()).await;
    logs_that_nobody_uses_expire(&open()).await;
}

const fn after(seq: u64) -> ReadFrom {
    ReadFrom { since: None, after: Seq(seq), known: None }
}

fn places(page: &LogPage) -> Vec<(u64, u64, EntryKind)> {
    page.entries.iter().map(|entry| (entry.seq.0, entry.epoch.0, entry.kind)).collect()
}

const fn expired(first: u64) -> EntryKind {
    EntryKind::Expired { first: Seq(first) }
}

async fn old_messages_expire_and_a_reader_goes_on_after_them(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    store.append_messages(UnixMillis(100), append(&[1, 2], 1)).await.unwrap();
    let third = store.append_messages(UnixMillis(900), append(&[3], 1)).await.unwrap();
    assert_eq!(store.expire(UnixMillis(1100)).await.unwrap().deleted, 0, "just not old enough");
    let run = store.expire(UnixMillis(1200)).await.unwrap();
    assert_eq!((run.deleted, run.more), (2, false));
    let hash = Capability::new(READER).hash();
    for (from, first) in [(0, 1), (1, 2)] {
        let opened = store.open_log(LOG, hash, after(from)).await.unwrap();
        assert_eq!((opened.state.head, opened.start), (Seq(3), Seq(from)));
        let page = store.read_log(LOG, Epoch(0), Seq(from)).await.unwrap();
        let marker = LogEntry {
            seq: Seq(2),
            epoch: Epoch(0),
            era: Era([0; 8]),
            append: AppendId([0; 16]),
            kind: expired(first),
            time: UnixMillis(900),
            payload: bytes(0),
        };
        assert_eq!((page.entries, page.finished), (vec![marker], false));
    }
    let page = store.read_log(LOG, Epoch(0), Seq(2)).await.unwrap();
    assert_eq!(places(&page), [(3, 0, EntryKind::Message)]);
    // The relay believes what a client knows of expired entries, and checks the rest.
    let knows = |seq, era| ReadFrom { known: Some(KnownPlace { seq: Seq(seq), era }), ..after(2) };
    assert!(store.open_log(LOG, hash, knows(2, Era([7; 8]))).await.is_ok());
    assert!(store.open_log(LOG, hash, knows(3, third[0].era)).await.is_ok());
    assert_eq!(store.open_log(LOG, hash, knows(3, Era([7; 8]))).await, Err(RelayError::RolledBack));
    // Numbers continue as if nothing had been deleted.
    let next = store.append_messages(UnixMillis(1200), append(&[4], 1)).await.unwrap();
    assert_eq!(next[0].seq, Seq(4));
}

/// Writes two messages, a commit, a commit, a message and a commit; then all messages expire.
async fn three_epochs(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    store.append_messages(UnixMillis(0), append(&[1, 2], 1)).await.unwrap();
    store.append_commit(UnixMillis(10), commit((0, 2), 3, 12, None), vec![]).await.unwrap();
    store.append_commit(UnixMillis(20), commit((1, 12), 4, 22, None), vec![]).await.unwrap();
    let mut third = append(&[5], 1);
    (third.epoch, third.capability) = (Epoch(2), Capability::new([22; 32]));
    store.append_messages(UnixMillis(30), third).await.unwrap();
    store.append_commit(UnixMillis(40), commit((2, 22), 6, 32, None), vec![]).await.unwrap();
    store.expire(UnixMillis(1500)).await.unwrap();
}

async fn commits_stay_longer_and_whoever_was_away_reads_on_across_them(store: &impl Store) {
    three_epochs(store).await;
    let hash = Capability::new(READER).hash();
    let opened = store.open_log(LOG, hash, after(0)).await.unwrap();
    assert_eq!((opened.state.head, opened.state.epoch, opened.start), (Seq(6), Epoch(0), Seq(0)));
    let page = store.read_log(LOG, Epoch(0), Seq(0)).await.unwrap();
    let all = [
        (2, 0, expired(1)),
        (3, 0, EntryKind::Commit),
        (4, 1, EntryKind::Commit),
        (5, 2, expired(5)),
        (6, 2, EntryKind::Commit),
    ];
    assert_eq!(places(&page), all);
    let times: Vec<u64> = page.entries.iter().map(|entry| entry.time.0).collect();
    assert_eq!(times, [10, 10, 20, 40, 40]);
    assert!(
        page.entries.iter().filter(|entry| entry.kind == EntryKind::Commit).all(|c| c.payload.len() == 1)
    );
    assert_eq!(places(&store.read_log(LOG, Epoch(0), Seq(3)).await.unwrap()), all[2..]);
    // A client that joined in the third epoch begins there.
    let late = store.open_log(LOG, hash, ReadFrom { since: Some(Epoch(2)), ..after(0) }).await.unwrap();
    assert_eq!(late.start, Seq(4));
    let to_come = ReadFrom { since: Some(Epoch(4)), ..after(0) };
    assert_eq!(store.open_log(LOG, hash, to_come).await, Err(RelayError::WrongCapability));
    // Messages that come then, and expire, get another marker.
    let mut fourth = append(&[7], 1);
    (fourth.epoch, fourth.capability) = (Epoch(3), Capability::new([32; 32]));
    store.append_messages(UnixMillis(1600), fourth).await.unwrap();
    assert_eq!(places(&store.read_log(LOG, Epoch(0), Seq(6)).await.unwrap()), [(7, 3, EntryKind::Message)]);
    store.expire(UnixMillis(2700)).await.unwrap();
    assert_eq!(places(&store.read_log(LOG, Epoch(0), Seq(6)).await.unwrap()), [(7, 3, expired(7))]);
    assert_eq!(places(&store.read_log(LOG, Epoch(0), Seq(5)).await.unwrap())[1], (7, 3, expired(7)));
}

async fn behind_a_commit_that_expired_nobody_reads_on(store: &impl Store) {
    three_epochs(store).await;
    let hash = Capability::new(READER).hash();
    // Two of the commits are 5,000 old, the last one is not.
    store.expire(UnixMillis(5030)).await.unwrap();
    for seq in [0, 3] {
        assert_eq!(store.open_log(LOG, hash, after(seq)).await, Err(RelayError::Expired));
        assert_eq!(store.read_log(LOG, Epoch(0), Seq(seq)).await, Err(RelayError::Expired));
    }
    assert_eq!(store.open_log(LOG, hash, after(4)).await.unwrap().start, Seq(4));
    let page = store.read_log(LOG, Epoch(0), Seq(4)).await.unwrap();
    assert_eq!(places(&page), [(5, 2, expired(5)), (6, 2, EntryKind::Commit)]);
}

async fn many_old_commits_come_page_by_page(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let mut secret = 2;
    let mut capability = Capability::new(SECRET);
    for epoch in 0_u8..50 {
        let mut message = append(&[100 + epoch], 1);
        (message.epoch, message.capability) = (Epoch(epoch.into()), capability.clone());
        store.append_messages(UnixMillis(0), message).await.unwrap();
        let next = 4 + epoch;
        let ends = commit((epoch.into(), secret), 200_u8.wrapping_add(epoch), next, None);
        store.append_commit(UnixMillis(0), ends, vec![]).await.unwrap();
        (secret, capability) = (next, Capability::new([next; 32]));
    }
    while store.expire(UnixMillis(1500)).await.unwrap().more {}
    let (mut reached, mut entries) = (Seq(0), 0);
    while reached < Seq(100) {
        let page = store.read_log(LOG, Epoch(0), reached).await.unwrap();
        assert!(!page.entries.is_empty() && page.entries.len() <= MAX_PUSH);
        for entry in page.entries {
            assert_eq!(entry.first(), reached.next(), "without a gap");
            reached = entry.seq;
            entries += 1;
        }
    }
    assert_eq!((reached, entries), (Seq(100), 100));
}

async fn a_group_era_ends_where_its_last_commit_is_left(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    store.append_messages(UnixMillis(0), append(&[1], 1)).await.unwrap();
    store.append_commit(UnixMillis(0), commit((0, 2), 2, 12, Some(13)), vec![]).await.unwrap();
    let mut second = append(&[3], 1);
    (second.epoch, second.capability) = (Epoch(1), Capability::new([12; 32]));
    store.append_messages(UnixMillis(0), second).await.unwrap();
    store.expire(UnixMillis(1500)).await.unwrap();
    let page = store.read_log(LOG, Epoch(0), Seq(0)).await.unwrap();
    assert_eq!((places(&page).len(), page.finished), (2, true));
    let (old, new) = (Capability::new(READER).hash(), Capability::new([13; 32]).hash());
    assert_eq!(store.open_log(LOG, old, after(0)).await.unwrap().state.head, Seq(2));
    let opened = store.open_log(LOG, new, after(0)).await.unwrap();
    assert_eq!((opened.state.epoch, opened.state.head, opened.start), (Epoch(1), Seq(3), Seq(2)));
    assert_eq!(places(&store.read_log(LOG, Epoch(1), Seq(2)).await.unwrap()), [(3, 1, expired(3))]);
    let of_before = ReadFrom { since: Some(Epoch(0)), ..after(0) };
    assert_eq!(store.open_log(LOG, new, of_before).await, Err(RelayError::WrongCapability));
    assert_eq!(store.group_info(LOG, old).await, Err(RelayError::StaleEpoch { current: Epoch(1) }));
    assert_eq!(store.group_info(LOG, new).await, Ok((Epoch(1), None)));
}

async fn commits_have_a_quota_of_their_own(store: &impl Store) {
    store.create_log(UnixMillis(0), log(), vec![]).await.unwrap();
    let large = |commit: AppendCommit, length| AppendCommit { commit: bytes(length), ..commit };
    let first = large(commit((0, 2), 1, 12, None), 200);
    store.append_commit(UnixMillis(0), first, vec![]).await.unwrap();
    let second = |length| large(commit((1, 12), 2, 22, None), length);
    let full = store.append_commit(UnixMillis(0), second(101), vec![]).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    let mut message = append(&[3], 700);
    (message.epoch, message.capability) = (Epoch(1), Capability::new([12; 32]));
    store.append_messages(UnixMillis(0), message).await.unwrap();
    // The expired message makes room for messages, the commit for commits.
    store.expire(UnixMillis(1500)).await.unwrap();
    let full = store.append_commit(UnixMillis(1500), second(101), vec![]).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    store.expire(UnixMillis(4999)).await.unwrap();
    store.append_commit(UnixMillis(4999), second(100), vec![]).await.unwrap();
    store.expire(UnixMillis(5500)).await.unwrap();
    let third = large(commit((2, 22), 4, 32, None), 200);
    store.append_commit(UnixMillis(5500), third, vec![]).await.unwrap();
}

/// The GroupInfo also counts and is deleted, however large a stranger makes it.
async fn logs_that_nobody_uses_expire(store: &impl Store) {
    let hash = Capability::new(READER).hash();
    let with_info = |length| CreateLog { group_info: Some(bytes(length)), ..log() };
    store.create_log(UnixMillis(0), with_info(400), vec![]).await.unwrap();
    store.append_messages(UnixMillis(0), append(&[1], 500)).await.unwrap();
    let full = store.append_messages(UnixMillis(0), append(&[2], 500)).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    let unused = CreateLog { log: LogId([9; 16]), ..with_info(100) };
    store.create_log(UnixMillis(0), unused, vec![]).await.unwrap();
    store.expire(UnixMillis(1500)).await.unwrap();
    assert_eq!(store.group_info(LogId([9; 16]), hash).await, Err(RelayError::UnknownLog));
    // A client that joins a quiet group needs it.
    assert_eq!(store.group_info(LOG, hash).await.unwrap().1.map(|info| info.len()), Some(400));
    let full = store.append_messages(UnixMillis(1500), append(&[2], 900)).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded), "and it goes on counting");
    store.append_messages(UnixMillis(1500), append(&[2], 500)).await.unwrap();
    // Rows that depend on the deleted entries go in the next run.
    store.expire(UnixMillis(8000)).await.unwrap();
    store.expire(UnixMillis(8000)).await.unwrap();
    assert_eq!(store.group_info(LOG, hash).await, Err(RelayError::UnknownLog), "quiet for long");
}
