//! What the disk gives to a program that does nothing else: a loop that appends the same payloads to a file
//! and syncs them, in batches of several sizes.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::{PAYLOAD, per_second, say};

const EACH: Duration = Duration::from_secs(1);

/// Up to the most that the relay's writer takes into one transaction (`MAX_GROUP`).
const BATCHES: [usize; 4] = [1, 32, 128, 512];

pub(crate) fn sweep(when: &str) {
    for batch in BATCHES {
        let bytes = vec![1; PAYLOAD * batch];
        let mut file = tempfile::tempfile().unwrap();
        let (start, mut syncs) = (Instant::now(), 0);
        while start.elapsed() < EACH {
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
            syncs += 1;
        }
        let name = format!("bare loop {when}, batches of {batch}:");
        say(&format!("{name} per second"), per_second(syncs * batch, start.elapsed()));
        say(&format!("{name} syncs per second"), per_second(syncs, start.elapsed()));
    }
}
