//! Tests the tests: engines make a mistake on purpose, and the seeds must notice each.

use parley_engine::mutations::Mutation;
use parley_tests::sim::{Campaign, Script, attempt, shrink};

/// Every mistake is noticed within this many seeds.
const SEEDS: u64 = 60;

const ALL: [Mutation; 10] = [
    Mutation::SendBeforePersist,
    Mutation::ReplyBeforePersist,
    Mutation::AcknowledgeBeforePersist,
    Mutation::CursorBeforeMessages,
    Mutation::RefusalTakenForSuccess,
    Mutation::RetryEncryptsAnew,
    Mutation::CursorOffByOne,
    Mutation::GapAccepted,
    Mutation::ReplayAccepted,
    Mutation::CommitAppliedEarly,
];

fn first_failure(mutation: Mutation) -> Option<(Script, String)> {
    Campaign { first: 0, seeds: SEEDS, mutation: Some(mutation) }.run().err()
}

#[test]
fn every_mutation_is_caught() {
    let mut missed = Vec::new();
    for mutation in ALL {
        match first_failure(mutation) {
            Some((script, error)) => println!("{mutation:?}: seed {}: {error:.160}", script.seed),
            None => missed.push(mutation),
        }
    }
    assert!(missed.is_empty(), "{missed:?} passed all of {SEEDS} seeds");
}

/// A failing script shrinks to a few steps, which fail with the mistake and pass without it.
#[test]
fn a_failure_shrinks_to_a_short_script_that_replays() {
    let mutation = Some(Mutation::SendBeforePersist);
    let (script, _) = first_failure(Mutation::SendBeforePersist).unwrap();
    let shortest = shrink(&script, 400, |script| attempt(script, mutation).is_err());
    println!("{} steps became: {shortest}", script.steps.len());
    assert!(shortest.steps.len() <= 16, "{shortest}");
    let replayed: Script = shortest.to_string().parse().unwrap();
    assert!(attempt(&replayed, mutation).is_err());
    assert!(attempt(&replayed, None).is_ok());
}
