//! Prints every line of this tool.

use std::fmt::Display;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::pace;

/// The steps of this run in order, with their durations.
static STEPS: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// Prints one line on standard output. Ignores a closed pipe.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a heading above the output of a longer step.
pub(crate) fn heading(text: impl Display) {
    line(format_args!("\n== {text}"));
}

/// Runs one step. Prints before it how long it should take here, and after it how long it took. `reference` is its duration on
/// the machine that [`pace`] compares with.
pub(crate) fn step<T>(what: &str, reference: Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
    line(format_args!("{what} (about {})...", rough(pace::here(reference))));
    let start = Instant::now();
    let made = work()?;
    line(format_args!("  {what}: done in {}", seconds(start)));
    took(what, start.elapsed());
    Ok(made)
}

/// Records a step for [`times`].
pub(crate) fn took(what: &str, time: Duration) {
    if let Ok(mut steps) = STEPS.lock() {
        steps.push((what.to_owned(), time));
    }
}

/// Prints the durations of the steps. Steps may run side by side, so their sum may exceed the age of `start`.
pub(crate) fn times(start: Instant) {
    let steps = STEPS.lock().map(|steps| steps.clone()).unwrap_or_default();
    if steps.is_empty() {
        return;
    }
    heading("Where the time went");
    for (what, time) in steps {
        line(format_args!("{:>9.1} s  {what}", time.as_secs_f64()));
    }
    line(format_args!("{:>9.1} s  in all", start.elapsed().as_secs_f64()));
}

/// The seconds since `start`, formatted for a person.
pub(crate) fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}

/// An estimate, formatted no more exactly than it is.
fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..10 => format!("{} s", seconds.max(1)),
        seconds @ 10..90 => format!("{} s", seconds.div_ceil(10) * 10),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// A size, formatted for a person: bytes below one kB, then kB with one decimal.
pub(crate) fn kilobytes(bytes: u64) -> String {
    if bytes < 1000 { format!("{bytes} B") } else { format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(kilobytes(999), "999 B");
        assert_eq!(kilobytes(1_000), "1.0 kB");
        assert_eq!(kilobytes(180_960), "180.9 kB");
    }

    #[test]
    fn estimates_are_no_more_exact_than_they_are() {
        let said = [0, 9, 11, 61, 89, 90, 121, 240].map(|seconds| rough(Duration::from_secs(seconds)));
        assert_eq!(said, ["1 s", "9 s", "20 s", "70 s", "90 s", "2 min", "3 min", "4 min"]);
    }
}
