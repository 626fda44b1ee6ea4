//! The state of a group in one epoch, as far as the judge needs it.

use parley_protocol::ids::AccountId;

use super::floors::Floors;
use super::leaf_state::LeafState;
use super::policy::Policy;
use crate::domain::message::DeviceChange;
use crate::mls::credential::Leaf;
use crate::table::Table;

/// A leaf, and what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) leaf: Leaf,
    pub(crate) state: LeafState,
    /// Its keys, and what it says, are those of a KeyPackage: it has committed nothing yet. The creator's leaf is so too.
    pub(crate) by_key_package: bool,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// By their index in the ratchet tree.
    pub(crate) leaves: Table<u32, Member>,
    pub(crate) policy: Policy,
    pub(crate) floors: Floors,
}

impl State {
    /// The leaves, lowest index first.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.leaves.values()
    }

    /// The leaves of an account, lowest index first.
    pub(crate) fn leaves_of(&self, account: AccountId) -> impl Iterator<Item = &Member> {
        self.members().filter(move |member| member.leaf.account == account)
    }

    /// Whether an account has a leaf.
    pub(crate) fn has(&self, account: &AccountId) -> bool {
        self.leaves_of(*account).next().is_some()
    }

    /// What is at this leaf.
    pub(crate) fn member(&self, leaf: &Leaf) -> Option<&Member> {
        self.members().find(|member| member.leaf == *leaf)
    }

    /// The accounts in order of their lowest leaf.
    pub(crate) fn accounts(&self) -> Vec<AccountId> {
        let mut accounts = Vec::new();
        for member in self.members() {
            if !accounts.contains(&member.leaf.account) {
                accounts.push(member.leaf.account);
            }
        }
        accounts
    }

    /// What a commit that led from here to `after` did to the devices of accounts that are in both, each kind once for each.
    pub(crate) fn device_changes(&self, after: &Self) -> Vec<(AccountId, DeviceChange)> {
        let came = after.members().filter_map(|member| match self.member(&member.leaf) {
            None => Some((member.leaf.account, DeviceChange::Added)),
            Some(old) => (member.by_key_package && member.state.nonce != old.state.nonce)
                .then_some((member.leaf.account, DeviceChange::Returned)),
        });
        let went = self.members().filter(|old| after.member(&old.leaf).is_none());
        let went = went.map(|old| (old.leaf.account, DeviceChange::Removed));
        let mut changes = Vec::new();
        for change in went.chain(came) {
            if self.has(&change.0) && after.has(&change.0) && !changes.contains(&change) {
                changes.push(change);
            }
        }
        changes
    }

    /// Puts a leaf where MLS puts it: at the lowest index that is free (RFC 9420 section 12.1.1).
    pub(super) fn add(&mut self, member: Member) {
        let mut free = 0;
        for index in self.leaves.keys() {
            if *index == free {
                free = free.saturating_add(1);
            }
        }
        self.leaves.insert(free, member);
    }

    /// Puts another leaf in the place of this one.
    pub(super) fn replace(&mut self, leaf: &Leaf, by: Member) {
        if let Some(member) = self.leaves.values_mut().find(|member| member.leaf == *leaf) {
            *member = by;
        }
    }

    /// Removes a leaf.
    pub(super) fn remove(&mut self, leaf: &Leaf) {
        self.leaves.retain(|_, member| member.leaf != *leaf);
    }
}
