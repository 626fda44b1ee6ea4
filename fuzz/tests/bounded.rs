//! Every target on its seeds and on changes of them, for a fixed time each: a second pair of eyes in every test run.
//! `PARLEY_FUZZ_SECONDS` makes it longer, `PARLEY_FUZZ_SEED` makes it another one. A failure prints its input.
#![cfg(test)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use parley_fuzz::mutate::{below, mutate};
use parley_fuzz::{TARGETS, Target, seeds};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Inputs that are kept to change further, at most.
const KEPT: usize = 256;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn run(target: Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        println!("{} fails on {}", target.name, hex(input));
        resume_unwind(panic);
    }
}

fn bounded(target: Target, time: Duration, seed: u64) -> u64 {
    let start = Instant::now();
    let seeds = seeds::of(target.name);
    assert!(!seeds.is_empty());
    let mut runs = 0;
    for seed in &seeds {
        run(target, seed);
        runs += 1;
    }
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut inputs = seeds;
    while start.elapsed() < time {
        let mut input = inputs[below(&mut rng, inputs.len())].clone();
        mutate(&mut rng, &mut input, &inputs);
        run(target, &input);
        runs += 1;
        if inputs.len() < KEPT {
            inputs.push(input);
        }
    }
    runs
}

#[test]
fn no_input_breaks_a_promise() {
    let time = Duration::from_secs(number("PARLEY_FUZZ_SECONDS", 18));
    let seed = number("PARLEY_FUZZ_SEED", 1);
    for target in TARGETS {
        // An engine takes a thousand times as long as a decoder.
        let share = if target.name == "relay" { time / 2 } else { time / 16 };
        let runs = bounded(target, share, seed);
        println!("{}: {runs} inputs", target.name);
        assert!(runs > 10, "{} is too slow to be of use", target.name);
    }
}

#[test]
fn a_target_can_fail() {
    let broken = Target { name: "padding", run: |input| assert!(!input.ends_with(&[0x80]), "found") };
    let found = catch_unwind(|| bounded(broken, Duration::from_secs(5), 1));
    assert!(found.is_err(), "a fault that one changed byte uncovers is found");
}
