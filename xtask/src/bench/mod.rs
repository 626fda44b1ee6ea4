//! Measurements.

pub(crate) mod relay;
pub(crate) mod size;
