//! `cargo xtask bench`: runs the measurements.

pub(crate) mod browser;
pub(crate) mod engine;
mod numbers;
pub(crate) mod relay;
pub(crate) mod size;
