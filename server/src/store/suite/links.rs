//! Tests of link slots, and of the GroupInfo beside them.

use parley_protocol::bounded::List;
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::frame::{
    AppendCommit, AppendLinkedCommit, AskToJoin, CreateLinkedLog, CreateLog, EntryKind, JoinByLink, LinkSlot,
    LinkSlots, RelayError,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use parley_protocol::limits::MAX_LINK_OFFERS;

use super::{LOG, READER, append, bytes, commit, log};
use crate::store::{Committed, ReadFrom, Store};

pub(super) async fn run<S: Store>(open: &impl Fn() -> S) {
    a_link_leads_into_the_logs_that_have_it_the_newest_first(&open()).await;
    links_stand_until_the_group_era_ends(&open()).await;
    a_link_stands_once_in_a_list_and_comes_with_a_group_era_only(&open()).await;
    the_group_info_stays_as_long_as_the_group_era(&open()).await;
    who_has_a_link_comes_in_and_the_group_era_goes_on(&open()).await;
    a_join_that_is_refused_leaves_nothing(&open()).await;
    who_has_a_link_asks_and_the_epoch_goes_on(&open()).await;
    an_expired_link_leads_nowhere_and_makes_room(&open()).await;
    links_count_as_bytes_of_their_log_and_go_with_it(&open()).await;
    joins_count_as_commits_of_their_log(&open()).await;
}

const NOW: UnixMillis = UnixMillis(0);
const UNKNOWN: RelayError = RelayError::UnknownLink;

fn hash(link: u8) -> CapabilityHash {
    Capability::new([link; 32]).hash()
}

/// Slots of these links that do not expire, with wraps of this length.
fn links(of: &[u8], length: usize) -> LinkSlots {
    let slot = |link: &u8| LinkSlot { link: hash(*link), wrap: bytes(length), expires: None };
    List::new(of.iter().map(slot).collect()).unwrap()
}

fn linked_log(of: &[u8], length: usize) -> CreateLinkedLog {
    CreateLinkedLog { creation: log(), links: links(of, length) }
}

/// A commit with slots for these links.
fn linked_commit(commit: AppendCommit, of: &[u8]) -> AppendLinkedCommit {
    AppendLinkedCommit { commit, links: links(of, 1) }
}

/// A join by a link in an epoch, with an append id that ends in `id`. The next epoch's secret is `next`.
fn join(link: u8, epoch: u64, id: u8, next: u8) -> JoinByLink {
    let link = Capability::new([link; 32]);
    let mut append = [id; 16];
    append[..8].copy_from_slice(&link.hash().0[..8]);
    let next_append = Capability::new([next; 32]).hash();
    JoinByLink {
        log: LOG,
        link,
        epoch: Epoch(epoch),
        append: AppendId(append),
        commit: bytes(1),
        next_append,
    }
}

/// The logs into which a link leads now.
async fn led(store: &impl Store, link: u8) -> Result<Vec<LogId>, RelayError> {
    let offers = store.open_link(NOW, hash(link)).await?;
    Ok(offers.into_iter().map(|offer| offer.log).collect())
}

async fn a_link_leads_into_the_logs_that_have_it_the_newest_first(store: &impl Store) {
    let ids: Vec<LogId> = (0_u8..10).map(|number| LogId([100 - number; 16])).collect();
    for id in &ids {
        let creation = CreateLog { log: *id, ..log() };
        let request = CreateLinkedLog { creation, links: links(&[1, 2], 3) };
        assert_eq!(store.create_linked_log(NOW, request.clone(), vec![]).await, Ok(vec![]));
        let again = CreateLinkedLog { links: links(&[3], 3), ..request };
        assert_eq!(store.create_linked_log(NOW, again, vec![]).await, Ok(vec![]), "made before");
    }
    let newest: Vec<LogId> = ids.into_iter().rev().take(MAX_LINK_OFFERS).collect();
    for link in [1, 2] {
        assert_eq!(led(store, link).await.unwrap(), newest);
    }
    assert_eq!(store.open_link(NOW, hash(1)).await.unwrap()[0].wrap, bytes(3));
    for link in [3, 9] {
        assert_eq!(led(store, link).await, Err(UNKNOWN), "{link}");
    }
}

async fn links_stand_until_the_group_era_ends(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1, 2], 1), vec![]).await.unwrap();
    store.append_commit(NOW, commit((0, 2), 1, 12, None), vec![]).await.unwrap();
    for link in [1, 2] {
        assert_eq!(led(store, link).await, Ok(vec![LOG]), "an update leaves {link}");
    }
    let next_era = linked_commit(commit((1, 12), 2, 22, Some(23)), &[2, 3]);
    let stored = store.append_linked_commit(NOW, next_era.clone(), vec![]).await.unwrap();
    assert_eq!(led(store, 1).await, Err(UNKNOWN), "revoked");
    for link in [2, 3] {
        assert_eq!(led(store, link).await, Ok(vec![LOG]), "{link}");
    }
    store.append_commit(NOW, commit((2, 22), 3, 32, Some(33)), vec![]).await.unwrap();
    for link in [1, 2, 3] {
        assert_eq!(led(store, link).await, Err(UNKNOWN), "a group era without links ends {link}");
    }
    let retry = store.append_linked_commit(NOW, next_era, vec![]).await.unwrap();
    assert_eq!(retry, stored);
    assert_eq!(led(store, 2).await, Err(UNKNOWN), "a retry brings nothing back");
}

async fn a_link_stands_once_in_a_list_and_comes_with_a_group_era_only(store: &impl Store) {
    let twice = store.create_linked_log(NOW, linked_log(&[1, 2, 1], 1), vec![]).await;
    assert_eq!(twice, Err(RelayError::BadRequest));
    let unknown = store.append_messages(NOW, append(&[1], 1)).await;
    assert_eq!(unknown, Err(RelayError::UnknownLog), "nothing is left of it");
    store.create_linked_log(NOW, linked_log(&[1], 1), vec![]).await.unwrap();
    for refused in [
        linked_commit(commit((0, 2), 1, 12, Some(13)), &[2, 3, 2]),
        linked_commit(commit((0, 2), 1, 12, None), &[2]),
    ] {
        let refused = store.append_linked_commit(NOW, refused, vec![]).await;
        assert_eq!(refused, Err(RelayError::BadRequest));
    }
    assert_eq!((led(store, 1).await, led(store, 2).await), (Ok(vec![LOG]), Err(UNKNOWN)));
    store.append_messages(NOW, append(&[1], 1)).await.expect("the epoch goes on");
}

async fn the_group_info_stays_as_long_as_the_group_era(store: &impl Store) {
    let with_info = |commit, length| AppendCommit { group_info: Some(bytes(length)), ..commit };
    let info = async |reader: u8| {
        let (epoch, info) = store.group_info(LOG, hash(reader)).await.unwrap();
        (epoch.0, info.map(|info| info.len()))
    };
    store.create_log(NOW, CreateLog { group_info: Some(bytes(5)), ..log() }, vec![]).await.unwrap();
    store.append_commit(NOW, commit((0, 2), 1, 12, None), vec![]).await.unwrap();
    assert_eq!(info(READER[0]).await, (1, Some(5)), "as it was");
    store.append_commit(NOW, with_info(commit((1, 12), 2, 22, None), 6), vec![]).await.unwrap();
    assert_eq!(info(READER[0]).await, (2, Some(6)), "another");
    store.append_commit(NOW, commit((2, 22), 3, 32, Some(33)), vec![]).await.unwrap();
    assert_eq!(info(33).await, (3, None), "not that of the group era before");
    let last = linked_commit(with_info(commit((3, 32), 4, 42, Some(43)), 7), &[1]);
    store.append_linked_commit(NOW, last, vec![]).await.unwrap();
    assert_eq!(info(43).await, (4, Some(7)));
    store.join_by_link(NOW, join(1, 4, 5, 52)).await.unwrap();
    assert_eq!(info(43).await, (5, Some(7)), "a join leaves it");
}

async fn who_has_a_link_comes_in_and_the_group_era_goes_on(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1], 1), vec![]).await.unwrap();
    store.append_messages(NOW, append(&[1], 1)).await.unwrap();
    let stored = store.join_by_link(NOW, join(1, 0, 2, 12)).await.unwrap();
    assert_eq!(stored.seq, Seq(2));
    // A message of a member of the old epoch is stale, and the joiner may write.
    let stale = Err(RelayError::StaleEpoch { current: Epoch(1) });
    assert_eq!(store.append_messages(NOW, append(&[3], 1)).await, stale);
    let mut next = append(&[3], 1);
    (next.epoch, next.capability) = (Epoch(1), Capability::new([12; 32]));
    assert_eq!(store.append_messages(NOW, next).await.unwrap()[0].seq, Seq(3));
    let opened = store.open_log(LOG, hash(READER[0]), ReadFrom::default()).await.unwrap();
    assert_eq!((opened.state.head, opened.state.epoch), (Seq(3), Epoch(0)));
    let page = store.read_log(LOG, Epoch(0), Seq(1)).await.unwrap();
    let (first, second) = (&page.entries[0], &page.entries[1]);
    assert_eq!(
        (first.kind, first.epoch, first.append),
        (EntryKind::Commit, Epoch(0), join(1, 0, 2, 12).append)
    );
    assert_eq!((second.epoch, page.finished), (Epoch(1), false));
    // Others join after them, each once.
    assert_eq!(
        store.join_by_link(NOW, join(1, 0, 4, 22)).await,
        Err(RelayError::StaleEpoch { current: Epoch(1) })
    );
    assert_eq!(store.join_by_link(NOW, join(1, 1, 4, 22)).await.unwrap().seq, Seq(4));
    assert_eq!(store.join_by_link(NOW, join(1, 0, 2, 12)).await, Ok(stored), "a retry");
    store.append_commit(NOW, commit((2, 22), 5, 32, Some(33)), vec![]).await.unwrap();
    assert_eq!(
        store.join_by_link(NOW, join(1, 0, 2, 12)).await,
        Ok(stored),
        "also after the link was revoked"
    );
}

async fn who_has_a_link_asks_and_the_epoch_goes_on(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1], 1), vec![]).await.unwrap();
    let ask = |link: u8, epoch: u64, id: u8| {
        let JoinByLink { log, link, epoch, append, .. } = join(link, epoch, id, 12);
        AskToJoin { log, link, epoch, append, ask: bytes(1) }
    };
    let stored = store.ask_to_join(NOW, ask(1, 0, 2)).await.unwrap();
    assert_eq!(stored.seq, Seq(1));
    assert_eq!(store.ask_to_join(NOW, ask(1, 0, 2)).await, Ok(stored), "a retry");
    assert_eq!(store.append_messages(NOW, append(&[3], 1)).await.unwrap()[0].seq, Seq(2), "the same epoch");
    let page = store.read_log(LOG, Epoch(0), Seq(0)).await.unwrap();
    assert_eq!((page.entries[0].kind, page.entries[0].append), (EntryKind::Message, ask(1, 0, 2).append));
    let unmarked = AskToJoin { append: AppendId([7; 16]), ..ask(1, 0, 4) };
    let nowhere = AskToJoin { log: LogId([8; 16]), ..ask(1, 0, 4) };
    for (refused, error) in [
        (ask(9, 0, 4), UNKNOWN),
        (nowhere, UNKNOWN),
        (unmarked, RelayError::BadRequest),
        (ask(1, 1, 4), RelayError::StaleEpoch { current: Epoch(0) }),
    ] {
        assert_eq!(store.ask_to_join(NOW, refused).await, Err(error));
    }
}

async fn a_join_that_is_refused_leaves_nothing(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1], 1), vec![]).await.unwrap();
    let other = CreateLog { log: LogId([9; 16]), ..log() };
    let other = CreateLinkedLog { creation: other, links: links(&[2], 1) };
    store.create_linked_log(NOW, other, vec![]).await.unwrap();
    let unmarked = JoinByLink { append: AppendId([7; 16]), ..join(1, 0, 1, 12) };
    let opened_before =
        JoinByLink { next_append: Capability::new(super::SECRET).hash(), ..join(1, 0, 1, 12) };
    let nowhere = JoinByLink { log: LogId([8; 16]), ..join(1, 0, 1, 12) };
    for (refused, error) in [
        (join(9, 0, 1, 12), UNKNOWN),
        (join(2, 0, 1, 12), UNKNOWN),
        (join(super::SECRET[0], 0, 1, 12), UNKNOWN),
        (join(READER[0], 0, 1, 12), UNKNOWN),
        (nowhere, UNKNOWN),
        (unmarked, RelayError::BadRequest),
        (opened_before, RelayError::BadRequest),
        (join(1, 1, 1, 12), RelayError::StaleEpoch { current: Epoch(0) }),
    ] {
        assert_eq!(store.join_by_link(NOW, refused).await, Err(error));
    }
    assert_eq!(store.append_messages(NOW, append(&[1], 1)).await.unwrap()[0].seq, Seq(1));
}

async fn an_expired_link_leads_nowhere_and_makes_room(store: &impl Store) {
    let slot = |link, expires| LinkSlot { link: hash(link), wrap: bytes(400), expires };
    let slots = [slot(1, Some(UnixMillis(100))), slot(2, Some(UnixMillis(500))), slot(3, None)];
    let request = CreateLinkedLog { creation: log(), links: List::new(slots[..2].to_vec()).unwrap() };
    store.create_linked_log(NOW, request, vec![]).await.unwrap();
    assert!(store.open_link(UnixMillis(100), hash(1)).await.is_ok(), "up to its last moment");
    let (late, join) = (UnixMillis(101), |link| join(link, 0, 1, 12));
    assert_eq!(store.open_link(late, hash(1)).await, Err(UNKNOWN));
    assert_eq!(store.join_by_link(late, join(1)).await, Err(UNKNOWN));
    // 800 of 1,000 bytes are taken until the slot is deleted.
    assert_eq!(store.append_messages(late, append(&[1], 300)).await, Err(RelayError::QuotaExceeded));
    assert_eq!(store.expire(UnixMillis(100)).await.unwrap().deleted, 0);
    assert_eq!(store.expire(late).await.unwrap().deleted, 1);
    store.append_messages(late, append(&[1], 300)).await.unwrap();
    assert!(store.join_by_link(late, join(2)).await.is_ok());
    assert_eq!(store.expire(UnixMillis(501)).await.unwrap().deleted, 1);
    assert_eq!(led(store, 2).await, Err(UNKNOWN));
    // A slot without an end stays.
    let last = AppendLinkedCommit {
        commit: commit((1, 12), 2, 22, Some(23)),
        links: List::new(slots[2..].to_vec()).unwrap(),
    };
    store.append_linked_commit(late, last, vec![]).await.unwrap();
    store.expire(UnixMillis(900)).await.unwrap();
    assert!(store.open_link(UnixMillis(900), hash(3)).await.is_ok());
}

async fn links_count_as_bytes_of_their_log_and_go_with_it(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1, 2], 400), vec![]).await.unwrap();
    let full = Err(RelayError::QuotaExceeded);
    assert_eq!(store.append_messages(NOW, append(&[1], 300)).await, full);
    let fewer = AppendLinkedCommit { commit: commit((0, 2), 2, 12, Some(13)), links: links(&[1], 400) };
    store.append_linked_commit(NOW, fewer, vec![]).await.unwrap();
    let message = |id, length, epoch, secret| {
        let mut message = append(&[id], length);
        (message.epoch, message.capability) = (Epoch(epoch), Capability::new([secret; 32]));
        message
    };
    store.append_messages(NOW, message(3, 500, 1, 12)).await.unwrap();
    let more = AppendLinkedCommit { commit: commit((1, 12), 4, 22, Some(23)), links: links(&[1, 2], 400) };
    assert_eq!(store.append_linked_commit(NOW, more, vec![]).await, Err(RelayError::QuotaExceeded));
    store.append_commit(NOW, commit((1, 12), 5, 22, Some(23)), vec![]).await.unwrap();
    store.append_messages(NOW, message(6, 490, 2, 22)).await.unwrap();
    let again = linked_commit(commit((2, 22), 7, 32, Some(33)), &[1]);
    let again = store.append_linked_commit(NOW, again, vec![]).await;
    assert!(matches!(again, Ok(Committed::Stored(_))), "{again:?}");
    assert_eq!(led(store, 1).await, Ok(vec![LOG]));
    // The log is deleted when it got no entry for long.
    store.expire(UnixMillis(8000)).await.unwrap();
    store.expire(UnixMillis(8000)).await.unwrap();
    assert_eq!(led(store, 1).await, Err(UNKNOWN));
}

async fn joins_count_as_commits_of_their_log(store: &impl Store) {
    store.create_linked_log(NOW, linked_log(&[1], 1), vec![]).await.unwrap();
    let large = |epoch, id, next, length| JoinByLink { commit: bytes(length), ..join(1, epoch, id, next) };
    store.join_by_link(NOW, large(0, 1, 12, 200)).await.unwrap();
    assert_eq!(store.join_by_link(NOW, large(1, 2, 22, 101)).await, Err(RelayError::QuotaExceeded));
    store.join_by_link(NOW, large(1, 2, 22, 100)).await.unwrap();
    store.expire(UnixMillis(5500)).await.unwrap();
    store.expire(UnixMillis(5500)).await.unwrap();
    // Both slots are gone, and the log with them.
    assert_eq!(led(store, 1).await, Err(UNKNOWN));
}
