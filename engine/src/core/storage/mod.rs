//! Records: saving and reading them, the dirty set, and what is done about damaged ones.

pub(in crate::core) mod damage;
pub(in crate::core) mod dirty_set;
pub(in crate::core) mod saving;
