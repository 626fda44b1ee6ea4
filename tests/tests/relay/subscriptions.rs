//! Subscriptions: reading conversation logs.

use std::time::Duration;

use parley_protocol::frame::{Answer, EntryKind, LogEntry, RelayError, Request, Subscribed};
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_tests::relay_client::{RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

const A_MOMENT: Duration = Duration::from_millis(200);

fn seqs(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq.0).collect()
}

#[tokio::test]
async fn a_capability_opens_its_group_era_and_the_commit_that_ended_it() {
    let relay = RelayProcess::start(&[]);
    let mut writer = RelayClient::connect(relay.address()).await;
    let mut reader = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let (first, second, third) = (capability(), capability(), capability());
    writer.create_log(log, Epoch(1), &first).await;
    writer.append(log, Epoch(1), &first, b"1").await.unwrap();
    writer.commit(log, Epoch(1), &first, &second).await.unwrap();
    writer.append(log, Epoch(2), &second, b"3").await.unwrap();
    writer.append(log, Epoch(2), &second, b"4").await.unwrap();

    let state = reader.subscribe(log, &first, Seq(0)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(2), epoch: Epoch(1) });
    let entries = reader.log_entries(log, 2).await;
    assert_eq!(seqs(&entries), [1, 2]);
    assert_eq!(entries[1].kind, EntryKind::Commit);
    reader.assert_no_push(A_MOMENT).await;

    // From the end of the first epoch.
    let state = reader.subscribe(log, &second, Seq(2)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(4), epoch: Epoch(2) });
    let entries = reader.log_entries(log, 2).await;
    assert_eq!(seqs(&entries), [3, 4]);
    assert!(entries.iter().all(|entry| entry.epoch == Epoch(2)));
    writer.commit(log, Epoch(2), &second, &third).await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [5]);
    writer.append(log, Epoch(3), &third, b"6").await.unwrap();
    reader.assert_no_push(A_MOMENT).await;
    let state = reader.subscribe(log, &third, Seq(5)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(6), epoch: Epoch(3) });
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [6]);
}

#[tokio::test]
async fn who_joined_late_is_told_where_the_group_era_begins() {
    let relay = RelayProcess::start(&[]);
    let mut writer = RelayClient::connect(relay.address()).await;
    let mut reader = RelayClient::connect(relay.address()).await;
    let log = LogId(unique());
    let (first, second, third) = (capability(), capability(), capability());
    writer.create_log(log, Epoch(1), &first).await;
    writer.append(log, Epoch(1), &first, b"1").await.unwrap();
    writer.commit(log, Epoch(1), &first, &second).await.unwrap();

    // The epoch has begun and has no entry.
    let empty = Subscribed { head: Seq(0), epoch: Epoch(2) };
    assert_eq!(reader.subscribe_late(log, &second, Seq(0)).await, Ok((empty, Seq(2))));
    writer.append(log, Epoch(2), &second, b"3").await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [3]);

    writer.append(log, Epoch(2), &second, b"4").await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [4]);
    for after in [Seq(0), Seq(1)] {
        let late = Subscribed { head: Seq(4), epoch: Epoch(2) };
        assert_eq!(reader.subscribe_late(log, &second, after).await, Ok((late, Seq(2))));
        let entries = reader.log_entries(log, 2).await;
        assert_eq!(seqs(&entries), [3, 4]);
        assert!(entries.iter().all(|entry| entry.epoch == Epoch(2)));
    }
    // Nothing of the epoch is left out, so the relay reports nothing.
    for (after, rest) in [(Seq(2), vec![3, 4]), (Seq(3), vec![4])] {
        let state = reader.subscribe(log, &second, after).await.unwrap();
        assert_eq!(state, Subscribed { head: Seq(4), epoch: Epoch(2) });
        assert_eq!(seqs(&reader.log_entries(log, rest.len()).await), rest);
    }
    // The same after the epoch has ended.
    writer.commit(log, Epoch(2), &second, &third).await.unwrap();
    assert_eq!(seqs(&reader.log_entries(log, 1).await), [5]);
    let ended = Subscribed { head: Seq(5), epoch: Epoch(2) };
    assert_eq!(reader.subscribe_late(log, &second, Seq(0)).await, Ok((ended, Seq(2))));
    assert_eq!(seqs(&reader.log_entries(log, 3).await), [3, 4, 5]);
}

#[tokio::test]
async fn an_empty_epoch_has_no_head_and_a_place_to_come_is_refused() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(7), &secret).await;
    let state = client.subscribe(log, &secret, Seq(0)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(0), epoch: Epoch(7) });
    assert_eq!(client.subscribe(log, &secret, Seq(1)).await, Err(RelayError::BadRequest));
    assert_eq!(client.subscribe(LogId(unique()), &secret, Seq(0)).await, Err(RelayError::UnknownLog));
}

#[tokio::test]
async fn a_subscription_goes_on_where_the_client_stands_and_replaces_the_one_before() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    for _ in 0..5 {
        client.append(log, Epoch(0), &secret, b"x").await.unwrap();
    }
    client.subscribe(log, &secret, Seq(3)).await.unwrap();
    assert_eq!(seqs(&client.log_entries(log, 2).await), [4, 5]);
    client.subscribe(log, &secret, Seq(4)).await.unwrap();
    assert_eq!(seqs(&client.log_entries(log, 1).await), [5]);
    client.append(log, Epoch(0), &secret, b"once").await.unwrap();
    assert_eq!(seqs(&client.log_entries(log, 1).await), [6]);
    client.assert_no_push(A_MOMENT).await;
    assert_eq!(client.call(Request::UnsubscribeLog(log)).await, Ok(Answer::Done));
    client.append(log, Epoch(0), &secret, b"unheard").await.unwrap();
    client.assert_no_push(A_MOMENT).await;
}

#[tokio::test]
async fn concurrent_appends_reach_every_reader_in_one_order_without_gap() {
    const WRITERS: usize = 8;
    const EACH: usize = 50;
    let relay = RelayProcess::start(&[]);
    let mut first = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    first.create_log(log, Epoch(0), &secret).await;

    let mut readers = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (address, secret) = (relay.address(), secret.clone());
        readers.spawn(async move {
            // Some readers come before the first entry, some while others write.
            tokio::time::sleep(Duration::from_millis(20 * number)).await;
            let mut reader = RelayClient::connect(address).await;
            reader.subscribe(log, &secret, Seq(0)).await.unwrap();
            reader.log_entries(log, WRITERS * EACH).await
        });
    }
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (address, secret) = (relay.address(), secret.clone());
        writers.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            for _ in 0..EACH {
                client.append(log, Epoch(0), &secret, &unique::<32>()).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let read = readers.join_all().await;
    let expected: Vec<u64> = (1..).take(WRITERS * EACH).collect();
    for entries in &read {
        assert_eq!(seqs(entries), expected);
        assert!(entries.is_sorted_by_key(|entry| entry.time), "the relay's time went back");
    }
    assert!(read.windows(2).all(|pair| pair[0] == pair[1]), "two readers saw different logs");
}

#[tokio::test]
async fn a_long_log_comes_in_pushes_of_bounded_size() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    for _ in 0..4 {
        let batch = (0..50).map(|_| message(&[1; 2000])).collect();
        let request = messages(log, Epoch(0), &secret, batch);
        client.call(Request::AppendMessages(request)).await.unwrap();
    }
    client.subscribe(log, &secret, Seq(0)).await.unwrap();
    let mut expected = 1;
    while expected <= 200 {
        let parley_protocol::frame::Push::Log { entries, .. } = client.push().await else {
            panic!("an inbox?")
        };
        assert!(entries.len() <= parley_protocol::limits::MAX_PUSH);
        for entry in entries.iter() {
            assert_eq!(entry.seq, Seq(expected));
            expected += 1;
        }
    }
}
