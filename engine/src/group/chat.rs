//! A group chat as this device knows it: whether the account is in it, its policy, its members, and the changes that this
//! person asked for and the group has not made yet. The MLS group says the same of the present; this record says it without
//! MLS, and also for a group that this device is not in.

use std::collections::VecDeque;

use parley_protocol::ids::{AccountId, GroupId, LogId, UnixMillis};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::evidence::LeaveStatement;
use super::link::{Link, LinkId};
use super::names::SignedName;
use super::policy::{History, Permissions, Policy, Role};
use super::state::State;
use crate::domain::content::Receipt;
use crate::table::Table;

/// Number of logs of the group whose receipts this device keeps: the one in use, and those before it.
const LOGS_WITH_RECEIPTS: usize = 4;
/// In a group of more people nobody sends receipts.
pub(crate) const MOST_WITH_RECEIPTS: usize = 50;

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GroupChat {
    pub(crate) group: GroupId,
    pub(crate) standing: Standing,
    #[serde(serialize_with = "write_policy", deserialize_with = "read_policy")]
    pub(crate) policy: Policy,
    /// Accounts in the order of their first leaves, with the number of their devices in the group.
    pub(crate) members: Vec<(AccountId, u32)>,
    /// Changes that this person asked for, oldest first.
    pub(crate) changes: VecDeque<Change>,
    /// Leave statements of members who are still in the group.
    pub(crate) leaving: Vec<LeaveStatement>,
    /// By log, the receipts of members.
    receipts: Vec<(LogId, Table<AccountId, Receipt>)>,
    /// The version of the own name that this group was told.
    pub(crate) introduced: Option<u32>,
    /// The names that members have told.
    pub(crate) names: Table<AccountId, SignedName>,
    /// Another device of the account added this one: what stands before its place belongs to the account.
    pub(crate) sibling: bool,
    /// This device's state is an older one again: it replaces its keys before it writes, so that it uses none twice.
    pub(crate) must_update: bool,
    /// A member has seen other messages than this device.
    pub(crate) differs: bool,
    /// The group's picture, if this device has it.
    #[serde(with = "serde_bytes")]
    pub(crate) picture: Vec<u8>,
}

/// Whether this device is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// Somebody has added this account, and the person has not answered; the Welcome waits in its own record.
    Invited(AccountId),
    /// The device is in the group.
    Member,
    /// This person left, or declined.
    Left,
    /// Somebody removed this account.
    Removed,
    /// The group's rules are of a newer version.
    Paused,
    /// This device has lost its keys, and the account is still in the group: a member adds the device again.
    Lost,
    /// This account asks to be let in, and nobody has done so yet.
    Asked,
}

/// A change that a person asks for. The engine judges it again before each attempt: another member may have committed first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// Add these accounts.
    Add(Vec<AccountId>),
    /// Remove this account.
    Remove(AccountId),
    /// Give this account this role.
    Role(AccountId, Role),
    /// Give the group this name.
    Name(String),
    /// Set the picture with this hash, or none.
    Picture(Option<[u8; 32]>),
    /// Set who may do what.
    Permissions(Permissions),
    /// Leave, once the changes before are done.
    Leave,
    /// Add this invite link.
    Link(Box<Link>),
    /// Revoke this invite link.
    Revoke(LinkId),
    /// Set what new members see of earlier messages.
    History(History),
    /// Share the newest messages with this account, which joined later.
    Share(AccountId, u16),
    /// Those since then are.
    ShareSince(AccountId, UnixMillis),
}

impl GroupChat {
    /// A group that this device is in, or was invited to, in this epoch.
    pub(crate) fn new(group: GroupId, standing: Standing, state: &State) -> Self {
        let mut chat = Self::outside(group, standing, state.policy.clone(), Vec::new());
        chat.follow(state);
        chat
    }

    /// A group that this device knows only from others.
    pub(crate) const fn outside(
        group: GroupId,
        standing: Standing,
        policy: Policy,
        members: Vec<(AccountId, u32)>,
    ) -> Self {
        Self {
            group,
            standing,
            policy,
            members,
            changes: VecDeque::new(),
            leaving: Vec::new(),
            receipts: Vec::new(),
            introduced: None,
            names: Table::new(),
            sibling: false,
            must_update: false,
            differs: false,
            picture: Vec::new(),
        }
    }

    /// Applies the state of the present epoch.
    pub(crate) fn follow(&mut self, state: &State) {
        self.policy = state.policy.clone();
        self.members.clear();
        for member in state.members() {
            let account = member.leaf.account;
            match self.members.iter_mut().find(|(known, _)| *known == account) {
                Some((_, devices)) => *devices = devices.saturating_add(1),
                None => self.members.push((account, 1)),
            }
        }
        let members = &self.members;
        self.names.retain(|account, _| members.iter().any(|(known, _)| known == account));
        self.leaving.retain(|said| members.iter().any(|(account, _)| *account == said.account));
    }

    /// Keeps, from before this device lost its keys, what does not follow from the group's state.
    pub(crate) fn keep_of(&mut self, before: &Self) {
        let Self { changes, names, receipts, .. } = before.clone();
        (self.changes, self.receipts) = (changes, receipts);
        let here = |account: &AccountId| self.members.iter().any(|(known, _)| known == account);
        self.names = names.into_iter().filter(|(account, _)| here(account)).collect();
    }

    pub(crate) fn is_member(&self, account: &AccountId) -> bool {
        self.members.iter().any(|(known, _)| known == account)
    }

    /// The number of people in the group.
    pub(crate) fn people(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// The number of devices in the group.
    pub(crate) fn devices(&self) -> usize {
        self.members.iter().map(|(_, devices)| usize::try_from(*devices).unwrap_or(usize::MAX)).sum()
    }

    /// Whether members send receipts.
    pub(crate) fn counts_receipts(&self) -> bool {
        self.members.len() <= MOST_WITH_RECEIPTS
    }

    /// Whether this device is in the group and follows its rules.
    pub(crate) fn is_active(&self) -> bool {
        self.standing == Standing::Member
    }

    /// Takes a member's receipt for a log; returns whether it is news.
    pub(crate) fn take_receipt(&mut self, log: &LogId, account: &AccountId, receipt: Receipt) -> bool {
        let place = self.receipts.iter().position(|(known, _)| known == log).unwrap_or_else(|| {
            self.receipts.push((*log, Table::new()));
            let over = self.receipts.len().saturating_sub(LOGS_WITH_RECEIPTS);
            self.receipts.drain(..over);
            self.receipts.len().saturating_sub(1)
        });
        let Some((_, receipts)) = self.receipts.get_mut(place) else { return false };
        let known = receipts.or_default(*account);
        let (before, after) = (*known, known.max(receipt));
        *known = after;
        before != after
    }

    /// A member's receipt for a log.
    pub(crate) fn receipt(&self, log: &LogId, account: &AccountId) -> Receipt {
        let of_log = self.receipts.iter().find(|(known, _)| known == log);
        of_log.and_then(|(_, receipts)| receipts.get(account)).copied().unwrap_or_default()
    }
}

fn write_policy<S: Serializer>(policy: &Policy, serializer: S) -> Result<S::Ok, S::Error> {
    serde_bytes::serialize(&policy.encode(), serializer)
}

fn read_policy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
    let bytes: Vec<u8> = serde_bytes::deserialize(deserializer)?;
    Policy::decode(&bytes).map_err(|_| serde::de::Error::custom("a policy that does not decode"))
}
