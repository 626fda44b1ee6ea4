//! Saves and reads records, with the dirty set and the handling of damaged records.

pub(in crate::core) mod damage;
pub(in crate::core) mod dirty_set;
pub(in crate::core) mod saving;
