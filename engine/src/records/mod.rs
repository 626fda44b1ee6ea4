//! What the engine keeps: [`state`] holds every small record in memory and knows what changed since the last
//! change set; [`sealed`] turns changes into sealed records and back; [`deferred`] holds sealed what is seldom needed; [`keys`]
//! names the records.

pub(crate) mod deferred;
pub(crate) mod keys;
pub(crate) mod migrations;
pub(crate) mod sealed;
pub(crate) mod state;
