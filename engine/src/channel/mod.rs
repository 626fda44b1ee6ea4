//! A channel as it is stored: one MLS group with the log at the relay that carries it. The code that works with it is in
//! `core/`.

pub(crate) mod group_era;
pub(crate) mod late;
pub(crate) mod log;
pub(crate) mod reach;
pub(crate) mod transcript;
