//! The records that the engine keeps: [`state`] holds every small record in memory and knows what changed since the last
//! change set; [`sealed`] converts changes into sealed records and back; [`keys`] names the records.

pub(crate) mod keys;
pub(crate) mod migrations;
pub(crate) mod sealed;
pub(crate) mod state;
