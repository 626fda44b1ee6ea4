//! Measures how fast this machine is at the moment, so that the announced durations hold here.
//!
//! The durations of long steps were measured on one machine of two cores, together with a small piece of work. This module
//! repeats that work, on as many threads as compile at once; its duration now tells how much longer the steps take.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// The duration of [`sample`] on the reference machine, in seconds, on two threads at once.
const REFERENCE: f64 = 0.028;
const REFERENCE_CORES: usize = 2;
/// The bytes that each thread hashes.
const WORK: usize = 24 << 20;

/// The expected duration here of a step that takes `reference` on the reference machine.
pub(crate) fn here(reference: Duration) -> Duration {
    static FACTOR: OnceLock<f64> = OnceLock::new();
    reference.mul_f64(*FACTOR.get_or_init(factor))
}

fn factor() -> f64 {
    let cores = thread::available_parallelism().map_or(REFERENCE_CORES, usize::from);
    // Compiling ends with steps for a single core, so more than four cores gain little.
    let threads = cores.clamp(1, 4);
    let gain = if threads >= REFERENCE_CORES { 0.5 + 0.5 * 2.0 / share(threads) } else { 2.0 };
    (sample(threads.min(REFERENCE_CORES)) / REFERENCE * gain).clamp(0.2, 50.0)
}

fn share(threads: usize) -> f64 {
    u32::try_from(threads).map_or(2.0, f64::from)
}

/// The seconds that every thread needs for its part of the work when all work at once.
fn sample(threads: usize) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| std::hint::black_box(Sha256::digest(vec![0_u8; WORK])));
        }
    });
    start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_grow_with_what_they_are_made_of() {
        let [one, ten] = [1, 10].map(|seconds| here(Duration::from_secs(seconds)).as_secs_f64());
        assert!(one > 0.0 && (ten / one - 10.0).abs() < 0.01, "{one} {ten}");
    }
}
