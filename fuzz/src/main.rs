//! The targets under libFuzzer. `PARLEY_FUZZ_TARGET` names one, and `PARLEY_FUZZ_CORPUS` the folder that gets its seeds;
//! `cargo xtask fuzz` sets both.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use parley_fuzz::{Target, seeds, target};

fn chosen() -> Option<Target> {
    static CHOSEN: OnceLock<Option<Target>> = OnceLock::new();
    *CHOSEN.get_or_init(|| target(&std::env::var("PARLEY_FUZZ_TARGET").unwrap_or_default()))
}

/// Before libFuzzer reads its corpus.
fn write_seeds() {
    let (Some(target), Some(folder)) = (chosen(), std::env::var_os("PARLEY_FUZZ_CORPUS")) else { return };
    for (number, seed) in seeds::of(target.name).iter().enumerate() {
        // Without its seeds a run is slower, not wrong.
        let _ = std::fs::write(PathBuf::from(&folder).join(format!("seed-{number}")), seed);
    }
}

fuzz_target!(init: write_seeds(), |bytes: &[u8]| {
    match chosen() {
        Some(target) => (target.run)(bytes),
        None => std::process::abort(),
    }
});
