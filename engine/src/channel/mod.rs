//! A channel: one MLS group with the log at the relay that carries it, as it is stored. What is done with it is in `core/`.

pub(crate) mod group_era;
pub(crate) mod late;
pub(crate) mod log;
pub(crate) mod reach;
pub(crate) mod transcript;
