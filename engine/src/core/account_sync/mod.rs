//! The account's own conversation: what its devices tell each other, and the history that a new device gets.

pub(in crate::core) mod history;
pub(in crate::core) mod telling;
