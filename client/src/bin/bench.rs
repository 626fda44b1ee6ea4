//! Measures the engine in a worker of the browser, beside bare OpenMLS.

fn main() {
    #[cfg(target_arch = "wasm32")]
    parley_client::bench::start();
}
