//! Collects measured numbers by name.

use std::collections::BTreeMap;

use super::party::Spent;

#[derive(Default)]
pub(super) struct Report(BTreeMap<String, f64>);

impl Report {
    pub(super) fn number(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// Takes times in milliseconds, and keeps them in microseconds.
    pub(super) fn times(&mut self, name: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        for (what, percent) in [("p50", 50), ("p95", 95), ("p99", 99)] {
            let at = (times.len() * percent / 100).min(times.len() - 1);
            self.number(&format!("{name}.{what}"), times[at] * 1000.0);
        }
    }

    pub(super) fn spent(&mut self, name: &str, spent: &[Spent]) {
        self.times(&format!("{name}.engine"), spent.iter().map(|spent| spent.engine).collect());
        self.times(&format!("{name}.disk"), spent.iter().map(|spent| spent.both()).collect());
    }

    pub(super) fn json(&self) -> String {
        let lines: Vec<String> =
            self.0.iter().map(|(name, value)| format!("\"{name}\":{value:.1}")).collect();
        format!("{{{}}}", lines.join(","))
    }
}
