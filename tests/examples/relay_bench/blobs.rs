//! Blobs over one connection, up and down, and what becomes of appends beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parley_protocol::frame::{Answer, Request};
use parley_protocol::ids::{Epoch, LogId};
use parley_protocol::limits::MAX_BLOB_PART;
use parley_tests::accounts::TestAccount;
use parley_tests::blobs::{TestBlob, stored};
use parley_tests::relay_client::{RelayClient, capability};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

use super::{COUNTED, PAYLOAD, say, say_spread};

/// Parts on the way at a time.
const IN_FLIGHT: u64 = 8;
/// Bytes of a blob, and how many of them.
const SIZE: usize = 64 * 1024 * 1024;
const BLOBS: usize = 4;
/// The longest part.
const PART: u64 = 256 * 1024;

pub(crate) async fn run(relay: &RelayProcess) {
    let account = TestAccount::new();
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(account.registration("ada")).await.unwrap();
    let blobs: Vec<TestBlob> = (0..BLOBS).map(|_| TestBlob::new(SIZE)).collect();
    let start = Instant::now();
    for blob in &blobs {
        upload(&mut client, &account, blob).await;
    }
    say_rate("up", start.elapsed());
    let start = Instant::now();
    for blob in &blobs {
        download(&mut client, &account, blob).await;
    }
    say_rate("down", start.elapsed());

    appends(relay, "appends, 1 connection, alone:").await;
    let over = Arc::new(AtomicBool::new(false));
    let ending = Arc::clone(&over);
    let uploading = tokio::spawn(async move {
        let mut bytes = 0;
        while !ending.load(Ordering::Relaxed) {
            let blob = TestBlob::new(SIZE / 4);
            upload(&mut client, &account, &blob).await;
            bytes += SIZE / 4;
        }
        bytes
    });
    appends(relay, "appends, 1 connection, beside an upload:").await;
    over.store(true, Ordering::Relaxed);
    let bytes = uploading.await.unwrap();
    say("blobs, uploaded beside the appends, MB", bytes as f64 / 1e6);
}

/// Puts the whole blob, several parts on the way.
async fn upload(client: &mut RelayClient, account: &TestAccount, blob: &TestBlob) {
    let mut asked = std::collections::VecDeque::new();
    let (mut sent, mut at) = (0, 0);
    while at < blob.size() {
        while sent < blob.size() && sent < at + IN_FLIGHT * PART {
            let part = blob.part(account, &account.first, sent, MAX_BLOB_PART);
            sent += PART;
            asked.push_back(client.send(Request::PutBlob(part)).await);
        }
        at = stored(client.answer(asked.pop_front().unwrap()).await).unwrap();
    }
}

/// Reads the whole blob, several parts asked for at a time.
async fn download(client: &mut RelayClient, account: &TestAccount, blob: &TestBlob) {
    let mut asked = std::collections::VecDeque::new();
    let (mut next, mut read) = (0, 0);
    while read < SIZE {
        while next < blob.size() && u64::try_from(asked.len()).unwrap() < IN_FLIGHT {
            let part = blob.fetch(account, next, MAX_BLOB_PART);
            asked.push_back(client.send(Request::FetchBlob(part)).await);
            next += PART;
        }
        let Ok(Answer::BlobPart { bytes, .. }) = client.answer(asked.pop_front().unwrap()).await else {
            panic!("a part was not answered");
        };
        read += bytes.len();
    }
}

/// One appends as fast as it is answered.
async fn appends(relay: &RelayProcess, name: &str) {
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let (start, mut taken) = (Instant::now(), Vec::new());
    while start.elapsed() < COUNTED {
        let sent = Instant::now();
        client.append(log, Epoch(0), &secret, &[1; PAYLOAD]).await.unwrap();
        taken.push(sent.elapsed());
    }
    say_spread(name, &mut taken);
}

fn say_rate(direction: &str, taken: Duration) {
    let megabytes = (SIZE * BLOBS) as f64 / 1e6;
    say(&format!("blobs, 1 connection, {direction}: MB per second"), megabytes / taken.as_secs_f64());
}
