//! Shrunk scripts that once failed, each with the fault that it found.

use parley_tests::sim::attempt;

fn passes(script: &str) {
    let script = script.parse().unwrap();
    if let Err(error) = attempt(&script, None) {
        panic!("{error}\n{script}");
    }
}

/// Somebody set a clock back by an hour. Timers were times of that clock, so they waited an hour longer, and receipts and
/// retries after a full disk came that much later.
#[test]
fn a_clock_set_back_puts_nothing_off() {
    passes("seed 1, people 2: start 0 1; run; send 0 1 1; run; clock 1 -3600");
    passes(
        "seed 1, people 2: start 0 1; run; send 0 1 1; full 0; send 0 1 2; disk 0 4; clock 0 -3456000; heal 0",
    );
}

/// Both replaced their keys at the same moment. The winner's commit came before the answer about the loser's commit, and the
/// loser then waited for a commit that had already come: it sent nothing more on that connection.
#[test]
fn an_answer_about_a_commit_that_lost_may_come_after_the_winner() {
    passes(
        "seed 4, people 2: start 0 1; start 1 0; run; send 0 1 13; disk 0 4; up 0 3; down 0 4; up 0 4; \
         down 0 1; disk 0 4; send 1 0 22; cut 0 2; clock 0 691200",
    );
}

/// A process died between reading a message and sending the receipt: the receipt was sent only with the next message.
#[test]
fn receipts_that_a_dead_process_owed_are_sent() {
    passes("seed 6, people 4: start 1 2; start 2 3; send 1 2 2; die-between 2 3; run; send 2 3 11; run");
}
