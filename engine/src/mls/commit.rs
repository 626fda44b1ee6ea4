//! Judges another member's commit in a conversation of two: a commit replaces its sender's keys, and brings the group's
//! leaves nearer to what the device logs say. Anything else is refused.

use openmls::prelude::StagedCommit;
use parley_protocol::ids::AccountId;

use super::credential::Leaf;
use super::group::{Group, GroupError};
use super::key_package::{can_be_in_groups, is_small, keeps_nobody_out};
use crate::channel::group_era::EraStep;
use crate::roster::Roster;

/// Devices that a commit adds and removes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) added: Vec<Leaf>,
    pub(crate) removed: Vec<Leaf>,
}

/// Why a device does not follow a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// No device log makes the commit valid.
    Never,
    /// The device log of this account, as far as this device knows it, does not say so.
    Unlisted(AccountId),
}

impl Changes {
    /// What `staged`, by `from`, does to `group`; an error if it does what no commit of Parley's does.
    pub(crate) fn of(staged: &StagedCommit, from: &Leaf, group: &Group) -> Result<Self, GroupError> {
        let same_leaf = |node: &openmls::prelude::LeafNode| {
            let leaf = Leaf::parse(node.credential(), node.signature_key().as_slice());
            leaf.as_ref() == Ok(from) && is_small(node) && can_be_in_groups(node)
        };
        // Every commit replaces its committer's keys (RFC 9420 section 12.4: the path).
        if !staged.update_path_leaf_node().is_some_and(same_leaf) {
            return Err(GroupError::Invalid);
        }
        let mut changes = Self::default();
        for proposal in staged.add_proposals() {
            let key_package = proposal.add_proposal().key_package();
            if !keeps_nobody_out(key_package) {
                return Err(GroupError::Invalid);
            }
            let node = key_package.leaf_node();
            let leaf = Leaf::parse(node.credential(), node.signature_key().as_slice());
            changes.added.push(leaf.map_err(|_| GroupError::Invalid)?);
        }
        for proposal in staged.remove_proposals() {
            changes.removed.push(group.leaf_at(proposal.remove_proposal().removed())?);
        }
        let all = changes.added.len().saturating_add(changes.removed.len());
        if staged.queued_proposals().count() == all { Ok(changes) } else { Err(GroupError::Invalid) }
    }

    /// Whether the commit does to the group era what it must: added members derive the era's secret from its first epoch, and
    /// removed members must not know that secret.
    pub(crate) fn fit(&self, era: EraStep) -> Result<(), GroupError> {
        let of_nobody = self.added.is_empty() && self.removed.is_empty();
        if of_nobody || era == EraStep::Begins { Ok(()) } else { Err(GroupError::Invalid) }
    }

    /// Whether the device logs say the same.
    pub(crate) fn judge(&self, roster: &Roster) -> Result<(), Unfit> {
        for leaf in &self.added {
            if !roster.knows(&leaf.account) {
                return Err(Unfit::Never);
            }
            if !roster.had(leaf) {
                return Err(Unfit::Unlisted(leaf.account));
            }
        }
        match self.removed.iter().find(|leaf| roster.has(leaf)) {
            Some(leaf) => Err(Unfit::Unlisted(leaf.account)),
            None => Ok(()),
        }
    }
}
