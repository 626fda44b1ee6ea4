//! Durable appends, each connection to a log of its own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parley_protocol::capability::Capability;
use parley_protocol::frame::{Request, ServerFrame};
use parley_protocol::ids::{Epoch, LogId};
use parley_tests::relay_client::{Incoming, RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::task::JoinSet;

use super::{COUNTED, PAYLOAD, WARM_UP, per_second, processor_time, say, say_spread};

pub(crate) async fn run(relay: &RelayProcess, name: &str, connections: usize, in_flight: usize) {
    let mut connecting = JoinSet::new();
    for _ in 0..connections {
        let address = relay.address();
        connecting.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            let (log, secret) = (LogId(unique()), capability());
            client.create_log(log, Epoch(0), &secret).await;
            (client, log, secret)
        });
    }
    let connected = connecting.join_all().await;
    let worked = processor_time(relay.id());
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (client, log, secret) in connected {
        tasks.spawn(append(client, log, secret, in_flight, start));
    }
    let (all, taken): (Vec<usize>, Vec<_>) = tasks.join_all().await.into_iter().unzip();
    let worked = processor_time(relay.id()).saturating_sub(worked);
    let mut taken = taken.concat();
    say(&format!("{name} per second"), per_second(taken.len(), COUNTED));
    let all: usize = all.iter().sum();
    say(&format!("{name} processor us of the relay for each"), worked.as_secs_f64() * 1e6 / all as f64);
    say_spread(name, &mut taken);
}

/// Keeps so many appends on the way; returns how many were answered, and how long each took that was answered
/// while it is counted.
async fn append(
    mut client: RelayClient,
    log: LogId,
    secret: Capability,
    in_flight: usize,
    start: Instant,
) -> (usize, Vec<Duration>) {
    let (mut waiting, mut taken, mut all) = (HashMap::new(), Vec::new(), 0);
    while start.elapsed() < WARM_UP + COUNTED {
        while waiting.len() < in_flight {
            let append = messages(log, Epoch(0), &secret, vec![message(&[1; PAYLOAD])]);
            waiting.insert(client.send(Request::AppendMessages(append)).await, Instant::now());
        }
        let Incoming::Frame(ServerFrame::Answer { id, result: Ok(_) }) = client.incoming().await else {
            panic!("an append was not answered");
        };
        let sent = waiting.remove(&id).unwrap();
        all += 1;
        if start.elapsed() >= WARM_UP && start.elapsed() < WARM_UP + COUNTED {
            taken.push(sent.elapsed());
        }
    }
    (all, taken)
}
