//! Reads numbers by name, as the measuring programs print them, and shows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::say;

/// Measured numbers; times are in microseconds.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<String, f64>);

/// A goal of a measurement.
pub(super) struct Goal {
    pub(super) what: &'static str,
    pub(super) measured: Option<f64>,
    pub(super) most: f64,
    pub(super) unit: &'static str,
}

impl Numbers {
    /// Reads one JSON object.
    pub(super) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json)
            .map(Self)
            .context("the measuring program printed something else than numbers")
    }

    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// A number in milliseconds.
    pub(super) fn ms(&self, name: &str) -> Option<f64> {
        self.get(name).map(|microseconds| microseconds / 1000.0)
    }

    /// A number as a multiple of `base`.
    pub(super) fn ratio(&self, name: &str, base: &str) -> Option<f64> {
        Some(self.get(name)? / self.get(base)?)
    }

    pub(super) fn save(&self, file: Option<&Path>) -> Result<()> {
        let Some(file) = file else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.0)? + "\n";
        fs::write(file, text).with_context(|| format!("could not write {}", file.display()))
    }
}

/// The file of `--json FILE`.
pub(super) fn json_file(bench: &str, words: &[&str]) -> Result<Option<PathBuf>> {
    match words {
        [] => Ok(None),
        ["--json", file] => Ok(Some(std::path::absolute(file)?)),
        other => bail!("`bench {bench}` takes --json FILE, not {}", other.join(" ")),
    }
}

/// A number with three significant decimals, or a dash.
pub(super) fn shown(number: Option<f64>) -> String {
    match number {
        None => "-".to_owned(),
        Some(number) if number >= 100.0 => format!("{number:.0}"),
        Some(number) if number >= 10.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.3}"),
    }
}

/// A line of a table: a name and columns.
pub(super) fn row(name: &str, columns: &[String]) {
    let line = columns.iter().fold(format!("{name:<44}"), |line, column| format!("{line} {column:>12}"));
    say::line(line);
}

/// Shows each goal, the measured number, and whether it meets the goal.
pub(super) fn goals(goals: &[Goal]) {
    say::line("");
    for goal in goals {
        let verdict = match goal.measured {
            None => "not measured",
            Some(measured) if measured <= goal.most => "met",
            Some(_) => "not met",
        };
        let measured = shown(goal.measured);
        say::line(format_args!(
            "{:<52} {measured:>8} {unit} of at most {} {unit}: {verdict}",
            goal.what,
            goal.most,
            unit = goal.unit
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_put_into_proportion() {
        let numbers = Numbers::parse("{\"a\": 1500.0, \"b\": 1000}").unwrap();
        assert_eq!(numbers.ms("a"), Some(1.5));
        assert_eq!(numbers.ratio("a", "b"), Some(1.5));
        assert_eq!(numbers.ratio("a", "c"), None);
        assert!(Numbers::parse("measured 3 things").is_err());
    }

    #[test]
    fn large_numbers_have_fewer_decimals() {
        assert_eq!([Some(0.1234), Some(12.34), Some(123.4), None].map(shown), ["0.123", "12.3", "123", "-"]);
    }
}
