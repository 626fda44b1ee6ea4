//! How many durable appends a relay takes, and how long one takes, from so many connections at once; and how
//! long a message takes to so many readers. `cargo run -p parley-tests --example relay_load`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the one who runs it")]

use std::time::{Duration, Instant};

use parley_protocol::frame::Request;
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_tests::relay_client::{RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::task::JoinSet;

/// As long as a short message is after padding and sealing.
const PAYLOAD: usize = 512;
const DURATION: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() {
    let generous = [
        "--rate-requests",
        "1000000000/1000000000",
        "--connections-per-address",
        "10000",
        "--rate-upload",
        "1000000000/1000000000",
    ];
    let relay = RelayProcess::start(&generous);
    for connections in [1, 10, 100] {
        for in_flight in [1, 16] {
            appends(&relay, connections, in_flight).await;
        }
    }
    for readers in [10, 1000] {
        fan_out(&relay, readers).await;
    }
}

/// Every connection appends to a log of its own and keeps `in_flight` appends on the way.
async fn appends(relay: &RelayProcess, connections: usize, in_flight: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let address = relay.address();
        tasks.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            let (log, secret) = (LogId(unique()), capability());
            client.create_log(log, Epoch(0), &secret).await;
            let mut waiting = std::collections::VecDeque::new();
            let mut taken = Vec::new();
            let start = Instant::now();
            while start.elapsed() < DURATION {
                while waiting.len() < in_flight {
                    let append = messages(log, Epoch(0), &secret, vec![message(&[1; PAYLOAD])]);
                    waiting.push_back((client.send(Request::AppendMessages(append)).await, Instant::now()));
                }
                let (id, sent) = waiting.pop_front().unwrap();
                client.answer(id).await.unwrap();
                taken.push(sent.elapsed());
            }
            taken
        });
    }
    let taken = tasks.join_all().await.concat();
    let per_second = taken.len() * 1000 / usize::try_from(DURATION.as_millis()).unwrap();
    println!("{connections} connections x {in_flight} in flight: {per_second} appends/s, {}", spread(taken));
}

/// One message after the other to a log that all readers have subscribed to.
async fn fan_out(relay: &RelayProcess, readers: usize) {
    const MESSAGES: usize = 50;
    let mut writer = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    writer.create_log(log, Epoch(0), &secret).await;
    let begin = Instant::now();
    let (ready, mut readies) = tokio::sync::mpsc::channel(readers);
    let mut tasks = JoinSet::new();
    for _ in 0..readers {
        let (address, secret, ready) = (relay.address(), secret.clone(), ready.clone());
        tasks.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            client.subscribe(log, &secret, Seq(0)).await.unwrap();
            ready.send(()).await.unwrap();
            let mut arrivals = Vec::new();
            while arrivals.len() < MESSAGES {
                let entries = client.log_entries(log, 1).await;
                assert_eq!(entries.len(), 1);
                arrivals.push(begin.elapsed());
            }
            arrivals
        });
    }
    for _ in 0..readers {
        readies.recv().await.unwrap();
    }
    let mut sent = Vec::new();
    for _ in 0..MESSAGES {
        sent.push(begin.elapsed());
        writer.append(log, Epoch(0), &secret, &[1; PAYLOAD]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let arrivals = tasks.join_all().await;
    let late =
        |arrivals: Vec<Duration>| arrivals.into_iter().zip(&sent).map(|(at, sent)| at.saturating_sub(*sent));
    let taken: Vec<Duration> = arrivals.into_iter().flat_map(late).collect();
    println!("a message to {readers} readers, from send to arrival: {}", spread(taken));
}

fn spread(mut taken: Vec<Duration>) -> String {
    taken.sort_unstable();
    let at = |percent: usize| taken.get(taken.len() * percent / 100).copied().unwrap_or_default();
    format!("median {:.1?}, 99 % {:.1?}", at(50), at(99))
}
