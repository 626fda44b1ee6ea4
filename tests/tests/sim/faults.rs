//! Seeded faults. `PARLEY_SEEDS` and `PARLEY_FIRST_SEED` choose the seeds, `PARLEY_SCRIPT` runs one script.

use std::time::Instant;

use parley_tests::sim::{Campaign, Script, attempt, replay, report};

const DEFAULT_SEEDS: u64 = 500;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|text| text.parse().expect("a number"))
}

/// No sent message is lost, doubled or out of order; no device is stuck; no key is used twice; views agree.
#[test]
fn p5_nothing_is_lost_or_doubled_whatever_breaks() {
    if let Some(text) = variable("PARLEY_SCRIPT") {
        let script: Script = text.parse().unwrap();
        println!("{:?}", replay(&script).unwrap());
        return;
    }
    let first = number("PARLEY_FIRST_SEED").unwrap_or(0);
    let seeds = number("PARLEY_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let begin = Instant::now();
    match (Campaign { first, seeds, mutation: None }).run() {
        Ok(totals) => {
            println!("{seeds} seeds from {first} in {:?}: {totals:?}", begin.elapsed());
            assert!(totals.messages > usize::try_from(seeds).unwrap(), "hardly anything was sent");
        }
        Err((script, error)) => panic!("{}", report(&script, &error)),
    }
}

#[test]
fn a_script_is_its_text() {
    for seed in 0..40 {
        let script = Script::generate(seed);
        assert_eq!(script.to_string().parse(), Ok(script));
    }
    assert!("seed 1, people 2: fly 0".parse::<Script>().is_err());
    assert!("send 0 1 1".parse::<Script>().is_err());
}

/// A failing seed fails again, because everything in a run follows from its script.
#[test]
fn a_script_runs_the_same_twice() {
    for seed in 0..4 {
        let script = Script::generate(seed);
        let outcome = attempt(&script, None);
        assert!(outcome.is_ok());
        assert_eq!(outcome, attempt(&script, None));
    }
}
