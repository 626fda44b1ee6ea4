//! An acknowledged append survives whatever happens to the relay.

use std::collections::HashMap;
use std::time::Duration;

use parley_protocol::frame::{Answer, RelayError, Request};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq};
use parley_tests::relay_client::{RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::sync::mpsc;

#[tokio::test]
async fn a_killed_relay_has_every_acknowledged_append_and_none_twice() {
    let mut relay = RelayProcess::start(&[]);
    let (log, secret) = (LogId(unique()), capability());
    RelayClient::connect(relay.address()).await.create_log(log, Epoch(0), &secret).await;

    let (report, mut reports) = mpsc::unbounded_channel::<(AppendId, Option<Seq>)>();
    for _ in 0..6 {
        let (address, secret, report) = (relay.address(), secret.clone(), report.clone());
        tokio::spawn(async move {
            let mut client = RelayClient::connect(address).await;
            loop {
                let new = message(&unique::<64>());
                let append = new.append;
                let _ = report.send((append, None));
                let request = Request::AppendMessages(messages(log, Epoch(0), &secret, vec![new]));
                // This panics when the relay dies, which ends this task as it should.
                let Ok(Answer::Stored(places)) = client.call(request).await else { return };
                let _ = report.send((append, Some(places[0].seq)));
            }
        });
    }
    drop(report);
    tokio::time::sleep(Duration::from_millis(600)).await;
    relay.kill();
    let mut sent: HashMap<AppendId, Option<Seq>> = HashMap::new();
    while let Some((append, seq)) = reports.recv().await {
        sent.insert(append, seq);
    }
    let acknowledged = sent.values().flatten().count();
    assert!(acknowledged > 20, "only {acknowledged} appends were acknowledged before the kill");

    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let head = client.subscribe(log, &secret, Seq(0)).await.unwrap().head;
    let entries = client.log_entries(log, usize::try_from(head.0).unwrap()).await;
    let mut found: HashMap<AppendId, Seq> = HashMap::new();
    for (entry, place) in entries.iter().zip(1..) {
        assert_eq!(entry.seq, Seq(place));
        assert!(sent.contains_key(&entry.append), "an entry that nobody sent");
        assert_eq!(found.insert(entry.append, entry.seq), None, "an entry is there twice");
    }
    for (append, seq) in &sent {
        if let Some(seq) = seq {
            assert_eq!(found.get(append), Some(seq), "an acknowledged append is lost or moved");
        }
    }
}

#[tokio::test]
async fn two_relays_do_not_share_a_database() {
    let first = RelayProcess::start(&[]);
    let folder = first.folder();
    let second = tokio::task::spawn_blocking(move || RelayProcess::start_in(folder, &["--log", "off"]));
    assert!(second.await.is_err(), "a second relay has started on the same folder");
    RelayClient::connect(first.address()).await;
}

#[tokio::test]
async fn a_retry_across_a_kill_is_no_duplicate() {
    let mut relay = RelayProcess::start(&[]);
    let (log, secret) = (LogId(unique()), capability());
    let mut client = RelayClient::connect(relay.address()).await;
    client.create_log(log, Epoch(0), &secret).await;
    let request = Request::AppendMessages(messages(log, Epoch(0), &secret, vec![message(b"once")]));
    let stored = client.call(request.clone()).await.unwrap();
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    assert_eq!(client.call(request).await.unwrap(), stored);
    assert_eq!(client.subscribe(log, &secret, Seq(0)).await.unwrap().head, Seq(1));
}

#[tokio::test]
async fn a_full_disk_refuses_appends_and_still_serves_reads() {
    let relay = RelayProcess::start(&["--max-pages", "400"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let mut stored = 0;
    let refusal = loop {
        match client.append(log, Epoch(0), &secret, &vec![9; 50_000]).await {
            Ok(_) => stored += 1,
            Err(refusal) => break refusal,
        }
        assert!(stored < 100, "the disk does not fill up");
    };
    assert_eq!(refusal, RelayError::StorageFull);
    assert!(stored > 5);
    // Several at once: the relay refuses all, and goes on.
    let mut ids = Vec::new();
    for _ in 0..10 {
        let request = messages(log, Epoch(0), &secret, vec![message(&vec![9; 50_000])]);
        ids.push(client.send(Request::AppendMessages(request)).await);
    }
    for id in ids {
        assert_eq!(client.answer(id).await, Err(RelayError::StorageFull));
    }
    let state = client.subscribe(log, &secret, Seq(0)).await.unwrap();
    assert_eq!(state.head, Seq(stored));
    let entries = client.log_entries(log, usize::try_from(stored).unwrap()).await;
    assert!(entries.iter().all(|entry| *entry.payload == vec![9; 50_000]));
}
