//! What a person sees.

pub mod words;

#[cfg(target_arch = "wasm32")]
/// Starts the app.
pub fn start() {}
