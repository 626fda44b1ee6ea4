//! What comes to readers.

use std::time::{Duration, Instant};

use parley_protocol::frame::Push;
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_tests::relay_client::{RelayClient, capability};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::task::JoinSet;

use super::{COUNTED, PAYLOAD, per_second, say, say_spread};

/// One appends as fast as it is answered, and `readers` read the log.
pub(crate) async fn fan_out(relay: &RelayProcess, readers: usize) {
    let mut writer = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    writer.create_log(log, Epoch(0), &secret).await;
    let mut subscribing = JoinSet::new();
    for _ in 0..readers {
        let (address, secret) = (relay.address(), secret.clone());
        subscribing.spawn(async move {
            let mut reader = RelayClient::connect(address).await;
            reader.subscribe(log, &secret, Seq(0)).await.unwrap();
            reader
        });
    }
    let subscribed = subscribing.join_all().await;
    let start = Instant::now();
    let mut reading = JoinSet::new();
    for mut reader in subscribed {
        reading.spawn(async move {
            let mut read = 0;
            loop {
                let left = COUNTED.saturating_sub(start.elapsed());
                match tokio::time::timeout(left, reader.push()).await {
                    Ok(Push::Log { entries, .. }) => read += entries.len(),
                    Ok(Push::Inbox { .. } | Push::Slot { .. }) => panic!("no log?"),
                    Err(_) => return read,
                }
            }
        });
    }
    let mut appended = 0;
    while start.elapsed() < COUNTED {
        writer.append(log, Epoch(0), &secret, &[1; PAYLOAD]).await.unwrap();
        appended += 1;
    }
    let read: usize = reading.join_all().await.into_iter().sum();
    let name = format!("fan-out to {readers} readers:");
    say(&format!("{name} appends per second"), per_second(appended, COUNTED));
    say(&format!("{name} deliveries per second"), per_second(read, COUNTED));
}

/// In each pair one appends and waits until the other has it.
pub(crate) async fn live(relay: &RelayProcess, pairs: usize) {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..pairs {
        tasks.spawn(pair(relay.address(), start));
    }
    let mut taken = tasks.join_all().await.concat();
    let name = format!("1:1, {pairs} pairs:");
    say(&format!("{name} deliveries per second"), per_second(taken.len(), COUNTED));
    say_spread(&name, &mut taken);
}

async fn pair(address: std::net::SocketAddr, start: Instant) -> Vec<Duration> {
    let (log, secret) = (LogId(unique()), capability());
    let mut writer = RelayClient::connect(address).await;
    let mut reader = RelayClient::connect(address).await;
    writer.create_log(log, Epoch(0), &secret).await;
    reader.subscribe(log, &secret, Seq(0)).await.unwrap();
    let mut taken = Vec::new();
    while start.elapsed() < COUNTED {
        let sent = Instant::now();
        let (_, entries) =
            tokio::join!(writer.append(log, Epoch(0), &secret, &[1; PAYLOAD]), reader.log_entries(log, 1));
        assert_eq!(entries.len(), 1);
        taken.push(sent.elapsed());
    }
    taken
}
