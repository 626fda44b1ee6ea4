//! The targets under libFuzzer. `PARLEY_FUZZ_TARGET` names one; `cargo xtask fuzz` sets it.
#![no_main]
#![expect(missing_docs, unsafe_code, reason = "libFuzzer's macro defines its entry points")]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use parley_fuzz::{Target, target};

fn chosen() -> Option<Target> {
    static CHOSEN: OnceLock<Option<Target>> = OnceLock::new();
    *CHOSEN.get_or_init(|| target(&std::env::var("PARLEY_FUZZ_TARGET").unwrap_or_default()))
}

fuzz_target!(|bytes: &[u8]| {
    match chosen() {
        Some(target) => (target.run)(bytes),
        None => std::process::abort(),
    }
});
