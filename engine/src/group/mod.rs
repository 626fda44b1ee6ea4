//! What a group chat agrees on beside MLS: who may do what (`policy.rs`), which device logs are behind its leaves
//! (`leaf_state.rs`, `floors.rs`, `evidence.rs`), the form of a commit in the log (`entry.rs`), and the one judge of all
//! changes to the group (`judge.rs`). This folder knows neither the engine's core nor the views, and the policy knows no MLS.

pub(crate) mod card;
pub(crate) mod chat;
pub(crate) mod codec;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod floors;
pub(crate) mod judge;
pub(crate) mod leaf_state;
pub(crate) mod link;
pub(crate) mod names;
pub(crate) mod past;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod proof;
pub(crate) mod refusal;
pub(crate) mod state;

#[cfg(test)]
pub(crate) mod fixtures;
