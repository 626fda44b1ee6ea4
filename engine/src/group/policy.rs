//! What a group's members have agreed on.

use serde::{Deserialize, Serialize};

/// What somebody is in a group; a later one may do what an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Role {
    /// Everybody who is nothing else.
    #[default]
    Member,
    /// May remove members and change the settings.
    Admin,
    /// May also say who is what.
    Owner,
}

/// The least role that may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Add people.
    pub add: Role,
    /// Write.
    pub write: Role,
    /// Change the name and the picture.
    pub change: Role,
}

impl Default for Permissions {
    fn default() -> Self {
        Self { add: Role::Member, write: Role::Member, change: Role::Admin }
    }
}
