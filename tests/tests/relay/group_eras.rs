//! The two capabilities of a log: one to append in an epoch, one to read a group era of several epochs. Also the rest of a log
//! for a device that was away for long.

use std::time::Duration;

use parley_protocol::capability::Capability;
use parley_protocol::frame::{
    Answer, AppendCommit, EntryKind, LogEntry, RelayError, Request, SubscribeLog, Subscribed,
};
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_tests::relay_client::{
    RelayClient, bytes, capability, commit, commit_within, message, messages, new_log, only, reading,
    subscription,
};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

const A_MOMENT: Duration = Duration::from_millis(200);

fn seqs(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq.0).collect()
}

/// A log with three epochs of one group era: a message and the commit in each of the first two, a message in the third. Returns
/// the append capability of each.
async fn three_epochs(client: &mut RelayClient, log: LogId) -> [Capability; 3] {
    let all = [capability(), capability(), capability()];
    client.create_log(log, Epoch(1), &all[0]).await;
    for (epoch, (now, next)) in (1..).zip(all.iter().zip(&all[1..])) {
        client.append(log, Epoch(epoch), now, b"message").await.unwrap();
        let ends = commit_within(log, Epoch(epoch), now, next);
        only(client.call(Request::AppendCommit(ends)).await).unwrap();
    }
    client.append(log, Epoch(3), &all[2], b"message").await.unwrap();
    all
}

#[tokio::test]
async fn who_was_away_reads_on_across_epochs_in_one_subscription() {
    let relay = RelayProcess::start(&[]);
    let mut writer = RelayClient::connect(relay.address()).await;
    let mut reader = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let [first, _, third] = three_epochs(&mut writer, log).await;
    let state = reader.subscribe(log, &first, Seq(0)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(5), epoch: Epoch(1) });
    let entries = reader.log_entries(log, 5).await;
    let read: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.seq.0, entry.epoch.0)).collect();
    assert_eq!(read, [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)]);
    // The subscription delivers new entries, across one more epoch, up to the commit that ends the group era.
    let (fourth, fifth) = (capability(), capability());
    let goes_on = commit_within(log, Epoch(3), &third, &fourth);
    only(writer.call(Request::AppendCommit(goes_on)).await).unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [6]);
    writer.append(log, Epoch(4), &fourth, b"message").await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [7]);
    writer.commit(log, Epoch(4), &fourth, &fifth).await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [8]);
    writer.append(log, Epoch(5), &fifth, b"message").await.unwrap();
    reader.assert_no_push(A_MOMENT).await;
    let state = reader.subscribe(log, &fifth, Seq(8)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(9), epoch: Epoch(5) });
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [9]);
}

#[tokio::test]
async fn p10_the_read_capability_of_a_group_era_opens_nothing_of_the_next() {
    let relay = RelayProcess::start(&[]);
    let mut writer = RelayClient::connect(relay.address()).await;
    let mut removed = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let [first, _, third] = three_epochs(&mut writer, log).await;
    removed.subscribe(log, &first, Seq(0)).await.unwrap();
    removed.log_entries(log, 5).await;
    let after = capability();
    let removal =
        AppendCommit { group_info: Some(bytes(b"package")), ..commit(log, Epoch(3), &third, &after) };
    writer.call(Request::AppendCommit(removal)).await.unwrap();
    assert_eq!(seqs(&removed.log_entries(log, 1).await), [6], "it is told that it is out");
    writer.append(log, Epoch(4), &after, b"secret").await.unwrap();
    removed.assert_no_push(A_MOMENT).await;
    // A new request does not get further either, whatever place it names.
    let ended = Subscribed { head: Seq(6), epoch: Epoch(1) };
    assert_eq!(removed.subscribe(log, &first, Seq(6)).await, Ok(ended));
    removed.assert_no_push(A_MOMENT).await;
    let since = SubscribeLog { since: Some(Epoch(4)), ..subscription(log, &first, Seq(6)) };
    assert_eq!(removed.call(Request::SubscribeLog(since)).await, Err(RelayError::WrongCapability));
    let info = Request::FetchGroupInfo { log, capability: reading(&first) };
    assert_eq!(removed.call(info).await, Err(RelayError::StaleEpoch { current: Epoch(4) }));
    // Append capabilities do not read, and reading capabilities do not append.
    for append in [&first, &third, &after] {
        let swapped = SubscribeLog { capability: append.clone(), ..subscription(log, append, Seq(0)) };
        assert_eq!(removed.call(Request::SubscribeLog(swapped)).await, Err(RelayError::WrongCapability));
    }
}

#[tokio::test]
async fn p10_who_may_read_may_not_append() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let [first, second, third] = three_epochs(&mut client, log).await;
    let reader = reading(&first);
    let wrong = Err(RelayError::WrongCapability);
    assert_eq!(client.append(log, Epoch(3), &reader, b"").await, wrong);
    assert_eq!(client.commit(log, Epoch(3), &reader, &capability()).await, wrong);
    for old in [&first, &second] {
        let stale = Err(RelayError::StaleEpoch { current: Epoch(3) });
        assert_eq!(client.append(log, Epoch(3), old, b"").await, stale);
    }
    // A capability reads one group era, and appends in one epoch.
    let again =
        AppendCommit { next_read: Some(reader.hash()), ..commit(log, Epoch(3), &third, &capability()) };
    assert_eq!(client.call(Request::AppendCommit(again)).await, Err(RelayError::BadRequest));
    let again = commit_within(log, Epoch(3), &third, &first);
    assert_eq!(client.call(Request::AppendCommit(again)).await, Err(RelayError::BadRequest));
    client.append(log, Epoch(3), &third, b"").await.unwrap();
    // The same log again counts as the same only with the same reader.
    client.create_log(log, Epoch(1), &first).await;
    let other = parley_protocol::frame::CreateLog { read: second.hash(), ..new_log(log, Epoch(1), &first) };
    assert_eq!(client.call(Request::CreateLog(other)).await, Err(RelayError::LogExists));
}

#[tokio::test]
async fn who_came_in_the_middle_of_a_group_era_begins_there() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let [first, ..] = three_epochs(&mut client, log).await;
    let state = Subscribed { head: Seq(5), epoch: Epoch(1) };
    let since = |epoch, after| {
        let request = subscription(log, &first, Seq(after));
        Request::SubscribeLog(SubscribeLog { since: Some(Epoch(epoch)), ..request })
    };
    assert_eq!(client.call(since(2, 0)).await, Ok(Answer::SubscribedFrom { state, start: Seq(2) }));
    assert_eq!(seqs(&client.log_entries(log, 3).await), [3, 4, 5]);
    assert_eq!(client.call(since(3, 1)).await, Ok(Answer::SubscribedFrom { state, start: Seq(4) }));
    assert_eq!(seqs(&client.log_entries(log, 1).await), [5]);
    assert_eq!(client.call(since(2, 4)).await, Ok(Answer::Subscribed(state)));
    assert_eq!(seqs(&client.log_entries(log, 1).await), [5]);
    for epoch in [0, 4] {
        assert_eq!(client.call(since(epoch, 0)).await, Err(RelayError::WrongCapability), "{epoch}");
    }
}

/// A relay with a retention of zero, the second one, deletes what the first one stored.
#[tokio::test]
async fn who_was_away_longer_than_messages_stay_reads_on_across_commits() {
    let mut relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let [first, _, third] = three_epochs(&mut client, log).await;
    let large = messages(log, Epoch(3), &third, (0..64).map(|_| message(&[1; 2000])).collect());
    client.call(Request::AppendMessages(large)).await.unwrap();
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &["--expiry-days", "0"]);
    let mut client = RelayClient::connect(relay.address()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let state = client.subscribe(log, &first, Seq(0)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(69), epoch: Epoch(1) });
    let entries = client.log_entries(log, 5).await;
    let kinds: Vec<(u64, u64, EntryKind)> = entries.iter().map(|e| (e.seq.0, e.epoch.0, e.kind)).collect();
    let expired = |first| EntryKind::Expired { first: Seq(first) };
    let commit = EntryKind::Commit;
    assert_eq!(
        kinds,
        [(1, 1, expired(1)), (2, 1, commit), (3, 2, expired(3)), (4, 2, commit), (69, 3, expired(5))]
    );
    assert!(entries.iter().all(|entry| (entry.kind == commit) != entry.payload.is_empty()));
    assert!(entries.is_sorted_by_key(|entry| entry.time));
    // The log lives: numbers continue, also for a client that has just read up to there.
    assert_eq!(client.append(log, Epoch(3), &third, b"new").await.unwrap().seq, Seq(70));
    assert_eq!(seqs(&client.log_entries(log, 1).await), [70]);
    client.commit(log, Epoch(3), &third, &capability()).await.unwrap();
    assert_eq!(seqs(&client.log_entries(log, 1).await), [71]);
}

/// Commits stay for long: one address may bring this many bytes of them, and one log holds this many.
#[tokio::test]
async fn p10_commits_are_limited_for_an_address_and_for_a_log() {
    let relay = RelayProcess::start(&["--rate-commits", "1024/60", "--commits-mib", "1"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, mut now) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &now).await;
    let large = |epoch, now: &Capability, next: &Capability, length| AppendCommit {
        commit: bytes(&vec![7; length]),
        ..commit_within(log, Epoch(epoch), now, next)
    };
    let half = 512 * 1024;
    for epoch in 0..2 {
        let next = capability();
        client.call(Request::AppendCommit(large(epoch, &now, &next, half))).await.unwrap();
        now = next;
    }
    let one_more = large(2, &now, &capability(), 1);
    let refused = client.call(Request::AppendCommit(one_more.clone())).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(client.call(Request::AppendCommit(one_more)).await, Err(RelayError::QuotaExceeded));
    client.append(log, Epoch(2), &now, b"messages are not commits").await.unwrap();
}
