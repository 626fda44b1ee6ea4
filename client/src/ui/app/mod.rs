//! What the page knows and does whatever screen is shown: its state, the link to the owner, drafts, keys.

pub(crate) mod asking;
pub(crate) mod doing;
pub(crate) mod drafts;
pub(crate) mod fault;
mod files;
pub(crate) mod hearing;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod open;
pub(crate) mod pictures;
pub(crate) mod state;
pub(crate) mod supervisor;
pub(crate) mod throttle;
pub(crate) mod unsaved;
