//! Fuzz targets: each takes any bytes and panics when the code under test breaks a promise.
//!
//! `tests/bounded.rs` runs every target in the test command, on the seeds and on what [`mutate`] makes of them.
//! `src/main.rs` is the same targets under libFuzzer, which looks for new paths (`cargo xtask fuzz`).
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a panic is how a target reports a fault")]

pub mod decoders;
pub mod mutate;
pub mod relay;
pub mod seeds;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As the command line names it.
    pub name: &'static str,
    /// Runs it on one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 12] = [
    Target { name: "client_frame", run: decoders::client_frame },
    Target { name: "server_frame", run: decoders::server_frame },
    Target { name: "device_log", run: decoders::device_log },
    Target { name: "padding", run: decoders::padding },
    Target { name: "text", run: decoders::text },
    Target { name: "content", run: decoders::content },
    Target { name: "group", run: decoders::group },
    Target { name: "seal", run: decoders::seal },
    Target { name: "slot", run: decoders::slot },
    Target { name: "backup", run: decoders::backup },
    Target { name: "records", run: decoders::records },
    Target { name: "relay", run: relay::hostile },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
