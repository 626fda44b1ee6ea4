//! Parley in the browser: the app (what a person sees) and the worker (which hosts the engine).
//!
//! - [`model`] is plain logic: no browser, tested on the host.
//! - `platform` is the only place that names web-sys and js-sys.
//! - `host` runs in the worker and carries out what the engine asks for.
//! - [`ui`] runs in the page and sees view models only.

pub mod model;
pub mod ui;

#[cfg(all(target_arch = "wasm32", feature = "bench"))]
#[doc(hidden)]
pub mod bench;
#[cfg(target_arch = "wasm32")]
pub mod host;
#[cfg(target_arch = "wasm32")]
pub mod platform;
