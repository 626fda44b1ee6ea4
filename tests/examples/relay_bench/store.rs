//! The relay's store alone, in this process, without sockets: what the one thread that writes can take.

use std::time::Instant;

use parley_protocol::capability::Capability;
use parley_protocol::frame::CreateLog;
use parley_protocol::ids::{Epoch, LogId, UnixMillis};
use parley_server::store::sqlite::{SqliteOptions, SqliteStore};
use parley_server::store::{Pending, Quotas, Room, Store};
use parley_tests::relay_client::{capability, message, messages, new_log};
use parley_tests::unique;

use super::{COUNTED, PAYLOAD, WARM_UP, per_second, processor_time, say};

/// Appends that are submitted together; as many more wait while they are written.
const CHUNK: usize = 512;

const QUOTAS: Quotas = Quotas {
    room: Room::Enough,
    log_bytes: u64::MAX,
    commit_bytes: u64::MAX,
    inbox_entries: 1,
    inbox_bytes: 1,
    pool: 1,
    expiry_ms: u64::MAX,
    commit_ms: u64::MAX,
    blob_bytes: 1,
    blobs: 1,
    log_blob_bytes: u64::MAX,
    log_blobs: u64::MAX,
    unfinished_ms: u64::MAX,
    backup_ms: u64::MAX,
};

/// Appends to so many logs in turn.
pub(crate) async fn run(logs: usize) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        folder: folder.path().to_owned(),
        readers: 1,
        quotas: QUOTAS,
        floor: 0,
        max_pages: None,
    };
    let store = SqliteStore::open(&options).unwrap();
    let mut made = Vec::new();
    for _ in 0..logs {
        let (log, secret) = (LogId(unique()), capability());
        let create: CreateLog = new_log(log, Epoch(0), &secret);
        made.push((log, secret, store.create_log(UnixMillis(0), create, Vec::new())));
    }
    let mut known = Vec::new();
    for (log, secret, pending) in made {
        pending.await.unwrap();
        known.push((log, secret));
    }
    let worked = processor_time(std::process::id());
    let (all, counted) = appends(&store, &known).await;
    let worked = processor_time(std::process::id()).saturating_sub(worked);
    let name = format!("store alone, {logs} logs:");
    say(&format!("{name} per second"), per_second(counted, COUNTED));
    say(&format!("{name} processor us for each"), worked.as_secs_f64() * 1e6 / all as f64);
    store.close();
}

async fn appends(store: &SqliteStore, logs: &[(LogId, Capability)]) -> (usize, usize) {
    let mut turn = logs.iter().cycle();
    let mut submit = || -> Vec<Pending<_>> {
        let next = turn.by_ref().take(CHUNK);
        let append = |(log, secret): &(LogId, Capability)| {
            let append = messages(*log, Epoch(0), secret, vec![message(&[1; PAYLOAD])]);
            store.append_messages(UnixMillis(0), append)
        };
        next.map(append).collect()
    };
    let (start, mut all, mut counted) = (Instant::now(), 0, 0);
    let mut waiting = submit();
    while start.elapsed() < WARM_UP + COUNTED {
        let next = submit();
        let counts = start.elapsed() >= WARM_UP;
        all += waiting.len();
        counted += if counts { waiting.len() } else { 0 };
        for pending in waiting {
            pending.await.unwrap();
        }
        waiting = next;
    }
    for pending in waiting {
        pending.await.unwrap();
    }
    (all, counted)
}
