//! Everything this tool prints goes through here.

use std::fmt::Display;
use std::io::Write;
use std::time::Instant;

/// One line on standard output. A closed pipe is not an error worth stopping for.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A heading above the output of a longer step.
pub(crate) fn heading(text: impl Display) {
    line(format_args!("\n== {text}"));
}

/// Seconds since `start`, as a person reads them.
pub(crate) fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}

/// A size as a person reads it: bytes below one kB, then kB with one decimal.
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
}
