//! Group lines: what happened to a group, as a line in its conversation that says who did what.

use parley_protocol::ids::AccountId;
use serde::{Deserialize, Serialize};

use crate::group::policy::{History, Role};

/// Somebody of whom a line speaks, as they were called then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Their account, which may be the own one.
    pub account: AccountId,
    /// What they called themselves.
    pub name: String,
}

/// What happened to a group. As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupLine {
    /// Somebody made the group.
    Created {
        /// Who.
        by: Who,
        /// What it was called.
        name: String,
    },
    /// Somebody added people; own account among them: that is how this account came into it.
    Added {
        /// Who.
        by: Who,
        /// Whom, in the order of their leaves.
        people: Vec<Who>,
    },
    /// Somebody removed a person.
    Removed {
        /// Who.
        by: Who,
        /// Whom.
        who: Who,
    },
    /// Somebody left.
    Left {
        /// Who.
        who: Who,
    },
    /// Somebody gave the group another name.
    Renamed {
        /// Who.
        by: Who,
        /// What it is called now.
        name: String,
    },
    /// Somebody gave the group another picture, or took it away.
    Picture {
        /// Who.
        by: Who,
        /// Whether there is one now.
        set: bool,
    },
    /// Somebody has another role now.
    Role {
        /// Who changed it; none where it follows from who left.
        by: Option<Who>,
        /// Whose.
        who: Who,
        /// Which.
        role: Role,
    },
    /// Somebody changed who may add, write or change the group.
    Permissions {
        /// Who.
        by: Who,
    },
    /// Somebody tried what they may not do, and it was not done.
    Refused {
        /// Who, as far as that is known.
        by: Option<Who>,
    },
    /// What this person asked for makes no sense any more, and was not done.
    Dropped(Dropped),
    /// A device of somebody who is in the group came into it, or went.
    Device {
        /// Whose.
        who: Who,
        /// What happened.
        change: DeviceChange,
    },
    /// Somebody came by an invite link; the own account among them.
    Joined {
        /// Who came.
        who: Who,
        /// Who made the link.
        by: Who,
    },
    /// Somebody made an invite link, or took some away.
    Links {
        /// Who.
        by: Who,
        /// Whether there is a new one.
        made: bool,
    },
    /// Somebody changed what who comes sees of what was written before.
    History {
        /// Who.
        by: Who,
        /// What.
        history: History,
    },
    /// What was written before this account came is shown: the authors are proven; that it is all, and when it was, is not.
    Earlier {
        /// Who shared it; none where the group keeps it for who comes.
        by: Option<Who>,
        /// How many messages.
        count: u32,
    },
}

impl GroupLine {
    /// With other names, where there are any.
    pub(crate) fn renamed(mut self, name_of: impl Fn(&AccountId) -> Option<String>) -> Self {
        let rename = |who: &mut Who| {
            if let Some(name) = name_of(&who.account) {
                who.name = name;
            }
        };
        match &mut self {
            Self::Created { by, .. }
            | Self::Renamed { by, .. }
            | Self::Picture { by, .. }
            | Self::Permissions { by }
            | Self::Links { by, .. }
            | Self::History { by, .. } => rename(by),
            Self::Added { by, people } => {
                rename(by);
                people.iter_mut().for_each(rename);
            }
            Self::Removed { by, who } | Self::Joined { who, by } => {
                rename(by);
                rename(who);
            }
            Self::Left { who }
            | Self::Device { who, .. }
            | Self::Dropped(Dropped::Add(who, _) | Dropped::Change(who, _)) => rename(who),
            Self::Role { by, who, .. } => {
                by.iter_mut().for_each(rename);
                rename(who);
            }
            Self::Refused { by } | Self::Earlier { by, .. } => by.iter_mut().for_each(rename),
            Self::Dropped(Dropped::Settings(_)) => {}
        }
        self
    }
}

/// What happened to a device of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DeviceChange {
    /// Another device of theirs reads and writes in the group.
    Added,
    /// One of theirs does so no more, and others do.
    Removed,
    /// One had lost its keys, as its account says, and was let in again.
    Returned,
}

/// What was asked for and not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dropped {
    /// Adding somebody: there is no room, they have no device that can be in groups, or this person may not do so any more.
    Add(Who, Why),
    /// Removing somebody, or giving them a role.
    Change(Who, Why),
    /// Changing the group.
    Settings(Why),
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// This person may not do so any more.
    NotAllowed,
    /// They have no device that can be in a group.
    Unreachable,
    /// What the relay says of their devices cannot be true.
    Forged,
    /// The group is full.
    Full,
    /// Somebody else did so before, or they are not there any more.
    Over,
    /// Somebody in the group has an older version of the app, which does not know this.
    Outdated,
}
