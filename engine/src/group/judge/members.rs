//! Judges whom a commit adds and removes.

use parley_protocol::device_log::{DeviceLog, LogHead};
use parley_protocol::ids::AccountId;

use super::super::link::LinkId;
use super::super::refusal::Refusal;
use super::super::state::{Member, State};
use super::{Came, Case, Why};
use crate::mls::credential::Leaf;

impl Case<'_> {
    /// Why each removed leaf goes, lowest index first.
    pub(super) fn removed(&self) -> Result<Vec<(Leaf, Why)>, Refusal> {
        let removes = &self.deed.removes;
        for (place, leaf) in removes.iter().enumerate() {
            let twice = removes.iter().take(place).any(|other| other == leaf);
            if twice || *leaf == self.deed.by || self.before.member(leaf).is_none() {
                return Err(Refusal::Removed);
            }
        }
        let reason =
            |leaf: &Leaf| self.why(leaf).map(|why| (*leaf, why)).ok_or(Refusal::MayNotRemove(leaf.account));
        // OpenMLS writes them in any order.
        let in_order = self.before.members().map(|member| &member.leaf).filter(|leaf| removes.contains(leaf));
        in_order.map(reason).collect()
    }

    /// The right by which the committer removes a leaf. The reason that binds the account most comes first: a removal by the
    /// device log writes a floor.
    fn why(&self, leaf: &Leaf) -> Option<Why> {
        if let Some(again) = self.returning(leaf) {
            return self.lost_its_place(leaf, again).then_some(Why::RolledBack);
        }
        if self.removing_head(leaf).is_some() {
            return Some(Why::DeviceRemoved);
        }
        if leaf.account == self.deed.by.account {
            return Some(Why::OwnDevice);
        }
        // A decision about an account covers all its devices: otherwise one that stays brings the others back.
        if self.before.leaves_of(leaf.account).any(|other| self.stays(&other.leaf)) {
            return None;
        }
        if self.left(&leaf.account) {
            return Some(Why::Left);
        }
        let role = |account: &AccountId| self.before.policy.role(account);
        (role(&self.deed.by.account) > role(&leaf.account)).then_some(Why::ByRank)
    }

    /// The leaf that replaces a removed leaf: the same device, with other keys.
    fn returning(&self, leaf: &Leaf) -> Option<&Member> {
        self.deed.adds.iter().find(|member| member.leaf == *leaf)
    }

    /// Whether a device of the group is in it after the commit.
    fn stays(&self, leaf: &Leaf) -> bool {
        !self.deed.removes.contains(leaf) || self.returning(leaf).is_some()
    }

    /// Whether the device has said in its account's log, after everything that its leaf knows of that log, that it was rolled
    /// back. Its KeyPackage is newer than that: so one such word adds it once, and nobody can use the word again.
    fn lost_its_place(&self, leaf: &Leaf, again: &Member) -> bool {
        let Some((log, old)) = self.log(&leaf.account).zip(self.before.member(leaf)) else { return false };
        let said_after = |head: &LogHead| {
            let before = usize::try_from(head.length).unwrap_or(usize::MAX);
            log.rolled_back_since(before).filter(|device| *device == leaf.device).count()
        };
        let known = self.is_news(log, self.before) && log.contains(&again.state.head);
        known
            && said_after(&old.state.head) > said_after(&again.state.head)
            && again.state.nonce != old.state.nonce
    }

    /// Whether one of the account's leaves said that the account leaves. A statement under a KeyPackage's nonce does not
    /// count: the KeyPackage may have served an earlier stay.
    fn left(&self, account: &AccountId) -> bool {
        self.evidence.leaves.iter().any(|statement| {
            let said = |member: &Member| {
                !member.by_key_package
                    && member.leaf.device == statement.device
                    && member.state.nonce == statement.nonce
                    && statement.is_by(&member.leaf.key)
            };
            statement.group == *self.group
                && statement.account == *account
                && self.before.leaves_of(*account).any(said)
        })
    }

    /// The head of the log that says that the device of this leaf was removed, if the evidence has one that the group
    /// believes.
    pub(super) fn removing_head(&self, leaf: &Leaf) -> Option<LogHead> {
        let log = self.log(&leaf.account)?;
        let names = |device: &&parley_protocol::device_log::Device| {
            device.record.id == leaf.device && device.record.key == leaf.key
        };
        let removed = log.all_devices().iter().find(names)?.removed.is_some();
        (removed && self.is_news(log, self.before)).then(|| log.head())
    }

    /// Whether a log continues everything that the group knows of it.
    fn is_news(&self, log: &DeviceLog, leaves: &State) -> bool {
        let floor = self.before.floors.of(&log.account());
        floor.is_none_or(|floor| log.contains(floor))
            && leaves.leaves_of(log.account()).all(|member| log.contains(&member.state.head))
    }

    /// Whether all added devices are in their accounts' logs now, and the committer may add them.
    pub(super) fn check_added(&self, after: &State, came: Option<Came>) -> Result<(), Refusal> {
        for member in &self.deed.adds {
            self.check_listed(member, None, after)?;
            let stays = self.before.leaves_of(member.leaf.account).any(|it| self.stays(&it.leaf));
            if !stays && !self.before.policy.may_add(&self.deed.by.account) {
                return Err(Refusal::MayNotAdd);
            }
        }
        match (came, &self.deed.path) {
            (Some(Came::Sibling), Some(member)) => self.check_listed(member, None, after),
            (Some(Came::Link(link)), Some(member)) => self.check_listed(member, Some(link), after),
            _ => Ok(()),
        }
    }

    fn check_listed(&self, member: &Member, link: Option<LinkId>, after: &State) -> Result<(), Refusal> {
        let Leaf { account, device, key } = member.leaf;
        if member.state.came_by != link {
            return Err(Refusal::Leaf);
        }
        let log = self.log(&account).ok_or(Refusal::NoLog(account))?;
        if !self.is_news(log, after) {
            return Err(Refusal::OldLog(account));
        }
        match log.device(&device) {
            Some(record) if record.key == key => Ok(()),
            _ => Err(Refusal::NotListed(account)),
        }
    }
}
