//! Measures Argon2id in this browser. These numbers decide the cost of a lock.

use parley_engine::lock::{Cost, Lock};
use parley_engine::seal::MasterKey;

use super::report::Report;
use crate::platform::clock;

const MEBIBYTES: [u32; 4] = [19, 32, 64, 96];
const PASSES: [u32; 3] = [1, 2, 3];
const RUNS: usize = 7;

pub(super) fn measure(report: &mut Report) {
    for mebibytes in MEBIBYTES {
        for passes in PASSES {
            let cost = Cost { memory: mebibytes * 1024, passes };
            let run = |_| {
                let start = clock::precise();
                Lock::new(&MasterKey::new([0; 32]), "twelve words", [0; 16], [0; 24], cost).expect("a lock");
                clock::precise() - start
            };
            report.times(&format!("lock.{mebibytes}.{passes}"), (0..RUNS).map(run).collect());
        }
    }
}
