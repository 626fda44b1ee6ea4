//! P5: a relay that is killed again and again under load keeps every acknowledged append, once.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use parley_protocol::capability::Capability;
use parley_protocol::frame::{Answer, NewMessage, Request, ServerFrame};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq};
use parley_tests::relay_client::{Incoming, RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::task::JoinSet;

const KILLS: u64 = 50;
const WRITERS: usize = 4;
/// The number of appends that each writer has on their way.
const IN_FLIGHT: usize = 8;

/// A writer's knowledge: the places of acknowledged appends, and the appends sent without an answer.
#[derive(Default)]
struct Writer {
    acknowledged: HashMap<AppendId, Seq>,
    unanswered: Vec<NewMessage>,
}

/// Appends until the relay is gone. Sends unanswered appends first, as clients do.
async fn write(mut writer: Writer, address: SocketAddr, log: LogId, secret: Capability) -> Writer {
    let mut client = RelayClient::connect(address).await;
    let mut waiting = HashMap::new();
    let mut again = std::mem::take(&mut writer.unanswered);
    loop {
        while waiting.len() < IN_FLIGHT {
            let new = again.pop().unwrap_or_else(|| message(&unique::<256>()));
            let request = messages(log, Epoch(0), &secret, vec![new.clone()]);
            waiting.insert(client.send(Request::AppendMessages(request)).await, new);
        }
        match client.incoming().await {
            Incoming::Frame(ServerFrame::Answer { id, result: Ok(Answer::Stored(places)) }) => {
                let append = waiting.remove(&id).unwrap().append;
                writer.acknowledged.insert(append, places[0].seq);
            }
            Incoming::End => break,
            other => panic!("instead of an answer came {other:?}"),
        }
    }
    writer.unanswered = again;
    writer.unanswered.extend(waiting.into_values());
    writer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_fifty_kills_under_load_lose_nothing_and_double_nothing() {
    // More than the test can write, so that no rate refuses anything.
    let flags = ["--rate-requests", "100000000/100000000", "--rate-upload", "100000000/100000000"];
    let mut relay = RelayProcess::start(&flags);
    let (log, secret) = (LogId(unique()), capability());
    RelayClient::connect(relay.address()).await.create_log(log, Epoch(0), &secret).await;
    let mut writers: Vec<Writer> = (0..WRITERS).map(|_| Writer::default()).collect();
    let mut stored: HashMap<AppendId, Seq> = HashMap::new();
    let mut head = Seq(0);
    for round in 0..KILLS {
        let mut tasks = JoinSet::new();
        for writer in writers.drain(..) {
            tasks.spawn(write(writer, relay.address(), log, secret.clone()));
        }
        // At a different moment each time.
        tokio::time::sleep(Duration::from_millis(60 + round * 37 % 140)).await;
        relay.kill();
        writers = tasks.join_all().await;

        relay = RelayProcess::start_in(relay.folder(), &flags);
        let mut reader = RelayClient::connect(relay.address()).await;
        let now = reader.subscribe(log, &secret, head).await.unwrap().head;
        let count = usize::try_from(now.0.saturating_sub(head.0)).unwrap();
        for entry in reader.log_entries(log, count).await {
            head = head.next();
            assert_eq!(entry.seq, head, "a gap after kill {round}");
            assert_eq!(stored.insert(entry.append, entry.seq), None, "an entry is there twice");
        }
        for (append, seq) in writers.iter().flat_map(|writer| &writer.acknowledged) {
            assert_eq!(stored.get(append), Some(seq), "lost or moved by kill {round}");
        }
    }
    let acknowledged: usize = writers.iter().map(|writer| writer.acknowledged.len()).sum();
    assert!(acknowledged > 500, "only {acknowledged} appends were acknowledged in all: this tests nothing");
    // The whole log once more, from its beginning.
    let mut reader = RelayClient::connect(relay.address()).await;
    reader.subscribe(log, &secret, Seq(0)).await.unwrap();
    for entry in reader.log_entries(log, stored.len()).await {
        assert_eq!(stored.get(&entry.append), Some(&entry.seq));
    }
}
