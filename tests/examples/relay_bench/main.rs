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
mod blobs;
mod deliveries;
mod idle;
mod store;

use std::time::Duration;

use parley_tests::relay_process::RelayProcess;
use tokio::runtime::Runtime;

/// Payload of an append.
const PAYLOAD: usize = 1024;
/// Nothing is counted in the beginning.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long each case is counted.
const COUNTED: Duration = Duration::from_secs(3);

/// No rate and no limit but the machine's.
const GENEROUS: [&str; 12] = [
    "--blob-mib",
    "1000000",
    "--rate-requests",
    "1000000000/1000000000",
    "--rate-upload",
    "1000000000/1000000000",
    "--connections-per-address",
    "20000",
    "--http-sockets-per-address",
    "20000",
    "--idle-ms",
    "600000",
];

/// Has the relay say how large its group commits were, and nothing else.
const GROUPS: [&str; 3] = ["--log-json", "--log", "warn,parley_server::store::sqlite::groups=debug"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => everything(&runtime),
        // One case alone, for a profile or a comparison.
        ["bare"] => bare::sweep("alone"),
        ["appends", connections, in_flight] => {
            append(&runtime, connections.parse().unwrap(), in_flight.parse().unwrap());
        }
        ["store", logs] => runtime.block_on(store::run(logs.parse().unwrap())),
        ["deliveries"] => deliver(&runtime),
        ["blobs"] => carry(&runtime),
        ["idle"] => rest(&runtime),
        _ => panic!("no such case: bare, appends CONNECTIONS IN-FLIGHT, store LOGS, deliveries, blobs, idle"),
    }
}

fn everything(runtime: &Runtime) {
    // The bare loop runs before and after: what else the machine does changes with time.
    bare::sweep("before");
    for (connections, in_flight) in [(1, 1), (10, 1), (100, 1), (1000, 1), (1000, 8)] {
        append(runtime, connections, in_flight);
    }
    for logs in [1, 1000] {
        runtime.block_on(store::run(logs));
    }
    bare::sweep("after");
    deliver(runtime);
    carry(runtime);
    rest(runtime);
}

fn append(runtime: &Runtime, connections: usize, in_flight: usize) {
    let relay = RelayProcess::start_logging(&[&GENEROUS[..], &GROUPS].concat());
    let name = format!("appends, {connections} connections x {in_flight} in flight:");
    runtime.block_on(appends::run(&relay, &name, connections, in_flight));
    say_groups(&name, &relay.end_and_log());
}

fn deliver(runtime: &Runtime) {
    let relay = RelayProcess::start(&GENEROUS);
    for readers in [100, 1000] {
        runtime.block_on(deliveries::fan_out(&relay, readers));
    }
    for pairs in [1, 50] {
        runtime.block_on(deliveries::live(&relay, pairs));
    }
}

fn carry(runtime: &Runtime) {
    runtime.block_on(blobs::run(&RelayProcess::start(&GENEROUS)));
}

fn rest(runtime: &Runtime) {
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

/// How many operations one sync served, as the relay has logged it. Making the logs is among them.
fn say_groups(name: &str, log: &str) {
    for (field, what) in [("groups", "group commits"), ("mean", "mean size"), ("largest", "largest")] {
        let (_, after) = log.rsplit_once(&format!("\"{field}\":")).unwrap();
        let digits = after.split(|next: char| !next.is_ascii_digit()).next().unwrap();
        say(&format!("{name} {what}"), digits.parse().unwrap());
    }
}

fn per_second(count: usize, during: Duration) -> f64 {
    count as f64 / during.as_secs_f64()
}

/// What a process's threads have run in all so far, in steps of ten milliseconds. Unlike the time that passes, it
/// changes little with what else the machine does.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let ticks = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
