//! Measurements.

pub(crate) mod size;
