//! What a relay takes and brings, and what a connection costs: `cargo xtask bench relay` runs this and makes a
//! table of it. Every result is a line: name, tab, number.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a tool for the one who runs it"
)]

mod appends;
mod bare;
mod deliveries;
mod idle;

use std::time::Duration;

use parley_tests::relay_process::RelayProcess;

/// Payload of an append.
const PAYLOAD: usize = 1024;
/// Nothing is counted in the beginning.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long each case is counted.
const COUNTED: Duration = Duration::from_secs(3);

/// No rate and no limit but the machine's.
const GENEROUS: [&str; 8] = [
    "--rate-requests",
    "1000000000/1000000000",
    "--rate-upload",
    "1000000000/1000000000",
    "--connections-per-address",
    "20000",
    "--idle-ms",
    "600000",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // The bare loop runs before and after: what else the machine does changes with time.
    bare::sweep("before");
    for (connections, in_flight) in [(1, 1), (10, 1), (100, 1), (1000, 1), (1000, 8)] {
        let relay = RelayProcess::start(&GENEROUS);
        runtime.block_on(appends::run(&relay, connections, in_flight));
    }
    bare::sweep("after");
    let relay = RelayProcess::start(&GENEROUS);
    for readers in [100, 1000] {
        runtime.block_on(deliveries::fan_out(&relay, readers));
    }
    for pairs in [1, 50] {
        runtime.block_on(deliveries::live(&relay, pairs));
    }
    runtime.block_on(idle::run(&RelayProcess::start(&GENEROUS), 10_000));
}

fn say(name: &str, value: f64) {
    println!("{name}\t{value:.3}");
}

/// The median and the 99th percentile in milliseconds.
fn say_spread(name: &str, taken: &mut [Duration]) {
    taken.sort_unstable();
    for percent in [50, 99] {
        let at = taken.get(taken.len() * percent / 100).copied().unwrap_or_default();
        say(&format!("{name} p{percent} ms"), at.as_secs_f64() * 1000.0);
    }
}

fn per_second(count: usize, during: Duration) -> f64 {
    count as f64 / during.as_secs_f64()
}
