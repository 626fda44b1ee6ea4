//! The worker's program: hosts the engine.

fn main() {
    #[cfg(target_arch = "wasm32")]
    parley_client::host::start();
}
