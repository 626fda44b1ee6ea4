//! The judge: the only code that decides what a group becomes. It judges the group's creation, a Welcome, own commits before
//! this device makes them, received commits, and commits that somebody replays. It is a pure function of the group, the
//! commit and its evidence. It has no clock, knows nobody's pins and asks no directory, so that all members come to the same
//! result.
//!
//! MLS decides first (`mls/chat`): the commit is valid, its proposals are by value and of the three kinds that [`Deed`]
//! knows, its leaves and its GroupContext are Parley's.

mod context;
mod members;

use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{AccountId, Epoch, GroupId};

pub(crate) use self::context::context_of;
use super::evidence::Evidence;
use super::floors::{Floors, MAX_FLOORS};
use super::link::{Coming, LinkId};
use super::policy::{self, Policy};
use super::refusal::Refusal;
use super::state::{Member, State};
use crate::channel::group_era::EraStep;
use crate::mls::credential::Leaf;

/// Most leaves of a group.
pub(crate) const MAX_LEAVES: usize = 256;

/// What a commit does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deed {
    /// The epoch that the commit ends.
    pub(crate) epoch: Epoch,
    /// The committer: the leaf in the tree, or the joining leaf if the commit is external.
    pub(crate) by: Leaf,
    /// Whether this is an external commit (RFC 9420 section 12.4.3.2).
    pub(crate) external: bool,
    /// The committer's new leaf.
    pub(crate) path: Option<Member>,
    /// In their order in the commit.
    pub(crate) adds: Vec<Member>,
    pub(crate) removes: Vec<Leaf>,
    /// The policy and the floors that the commit writes.
    pub(crate) context: Option<(Policy, Floors)>,
    pub(crate) era: EraStep,
}

/// Why an account or device is no longer in the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    /// Another device of the account removed it.
    OwnDevice,
    /// A member of a higher rank removed the account.
    ByRank,
    /// The account left.
    Left,
    /// The account's device log says that the device was removed.
    DeviceRemoved,
    /// The device has lost its keys, as its account's log says, and comes back with the same commit.
    RolledBack,
}

/// How a device joined from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Came {
    /// The device was in the group and took its own place again.
    Resync,
    /// The device belongs to an account of the group.
    Sibling,
    /// The account was not in the group, and has this invite link.
    Link(LinkId),
}

/// The result of a valid commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) by: AccountId,
    pub(crate) came: Option<Came>,
    pub(crate) added: Vec<Leaf>,
    /// Lowest index first.
    pub(crate) removed: Vec<(Leaf, Why)>,
    /// Accounts that were not in the group.
    pub(crate) joined: Vec<AccountId>,
    /// Accounts that are no longer in the group.
    pub(crate) gone: Vec<(AccountId, Why)>,
    /// The policy from now on, if it changed.
    pub(crate) policy: Option<Policy>,
    pub(crate) after: State,
}

/// A commit before the judge.
struct Case<'a> {
    group: &'a GroupId,
    before: &'a State,
    deed: &'a Deed,
    evidence: &'a Evidence,
    logs: Vec<DeviceLog>,
}

/// Judges a commit; returns its result if the commit is valid. `before` is a judged state of the same group.
pub(crate) fn judge(
    group: &GroupId,
    before: &State,
    deed: &Deed,
    evidence: &Evidence,
) -> Result<Judged, Refusal> {
    // Only the group's existing policy makes a device wait: otherwise one member's commit would stop all.
    if before.policy.floor > policy::VERSION {
        return Err(Refusal::Newer);
    }
    let court = Case { group, before, deed, evidence, logs: evidence.verified()? };
    let came = court.committer()?;
    let removed = if came.is_some() { Vec::new() } else { court.removed()? };
    let mut after = court.leaves_after();
    court.check_added(&after, came)?;
    let gone = gone(before, &after, &removed);
    (after.policy, after.floors) = court.context(&gone, &removed)?;
    court.era(&after.policy)?;
    judge_state(&after)?;
    let added: Vec<Leaf> = match came {
        Some(Came::Sibling | Came::Link(_)) => vec![deed.by],
        Some(Came::Resync) => Vec::new(),
        None => deed.adds.iter().map(|member| member.leaf).collect(),
    };
    let mut joined: Vec<AccountId> = Vec::new();
    for leaf in &added {
        if !before.has(&leaf.account) && !joined.contains(&leaf.account) {
            joined.push(leaf.account);
        }
    }
    let policy = (after.policy != before.policy).then(|| after.policy.clone());
    Ok(Judged { by: deed.by.account, came, added, removed, joined, gone, policy, after })
}

/// Judges the state of a group: of one that this device makes, and of one that it joins by a Welcome.
pub(crate) fn judge_state(state: &State) -> Result<(), Refusal> {
    if state.leaves.is_empty() || state.leaves.len() > MAX_LEAVES {
        return Err(Refusal::Size);
    }
    let policy = &state.policy;
    if !policy.is_sound()
        || policy.owners().next().is_none()
        || !policy.roles.keys().all(|account| state.has(account))
    {
        return Err(Refusal::Policy);
    }
    if state.floors.0.len() > MAX_FLOORS {
        return Err(Refusal::Floors);
    }
    for (place, member) in state.members().enumerate() {
        if member.state.version < policy.floor {
            return Err(Refusal::Version);
        }
        let same = |other: &Member| {
            let device = other.leaf.account == member.leaf.account && other.leaf.device == member.leaf.device;
            device || other.leaf.key == member.leaf.key
        };
        if state.members().take(place).any(same) {
            return Err(Refusal::Twice);
        }
    }
    Ok(())
}

impl Case<'_> {
    /// Whether the committer may commit at all, and what the commit does to the committer's leaf.
    fn committer(&self) -> Result<Option<Came>, Refusal> {
        let (before, deed) = (self.before, self.deed);
        let own = before.member(&deed.by);
        if deed.external {
            return self.outsider(own).map(Some);
        }
        let own = own.ok_or(Refusal::Committer)?;
        match &deed.path {
            Some(path) if is_kept(own, path) => Ok(None),
            Some(_) => Err(Refusal::PathLeaf),
            None if !deed.adds.is_empty() && deed.removes.is_empty() && deed.context.is_none() => Ok(None),
            None => Err(Refusal::NoPath),
        }
    }

    /// An external commit adds one device, of the group or with a link, and does nothing else.
    fn outsider(&self, own: Option<&Member>) -> Result<Came, Refusal> {
        let deed = self.deed;
        let path = deed.path.as_ref().ok_or(Refusal::NoPath)?;
        if path.leaf != deed.by {
            return Err(Refusal::PathLeaf);
        }
        if !deed.adds.is_empty() || deed.context.is_some() {
            return Err(Refusal::External);
        }
        match own {
            Some(own) if deed.removes != [deed.by] || !is_kept(own, path) => Err(Refusal::External),
            Some(_) => Ok(Came::Resync),
            None if !deed.removes.is_empty() => Err(Refusal::External),
            None if self.before.has(&deed.by.account) => Ok(Came::Sibling),
            None => self.by_link(path).map(Came::Link),
        }
    }

    /// Whether the joiner has an invite link by which they may join.
    fn by_link(&self, path: &Member) -> Result<LinkId, Refusal> {
        let (before, deed) = (self.before, self.deed);
        let proof = self.evidence.link.ok_or(Refusal::Committer)?;
        let link = before.policy.link(&proof.link).filter(|link| !link.approval).ok_or(Refusal::Link)?;
        let coming =
            Coming { group: *self.group, epoch: deed.epoch, leaf: path.leaf, nonce: path.state.nonce };
        let here = before.members().filter(|member| member.state.came_by == Some(link.id)).count();
        let came = here.saturating_add(usize::from(link.used));
        let full = link.most > 0 && came >= usize::from(link.most);
        let is_so = path.state.came_by == Some(link.id) && proof.is_by(link, &coming);
        if is_so && !full { Ok(link.id) } else { Err(Refusal::Link) }
    }

    /// The group with the leaves after the commit: removals come first (RFC 9420 section 12.4.2).
    fn leaves_after(&self) -> State {
        let (mut after, deed) = (self.before.clone(), self.deed);
        for leaf in &deed.removes {
            after.remove(leaf);
        }
        if let Some(path) = deed.path {
            if deed.external {
                after.add(path);
            } else {
                after.replace(&deed.by, path);
            }
        }
        for member in &deed.adds {
            after.add(*member);
        }
        after
    }

    /// Checks the group era: added members derive the era's secret from its first epoch, and removed members must not know
    /// it. A joiner from outside is told the secret.
    fn era(&self, after: &Policy) -> Result<(), Refusal> {
        let (before, deed) = (&self.before.policy, self.deed);
        let members = !deed.adds.is_empty() || !deed.removes.is_empty();
        let readers = after.history != before.history || after.links != before.links;
        match deed.era {
            EraStep::Begins if deed.external => Err(Refusal::Era),
            EraStep::GoesOn if !deed.external && (members || readers) => Err(Refusal::Era),
            _ => Ok(()),
        }
    }

    /// The log of an account in the evidence.
    fn log(&self, account: &AccountId) -> Option<&DeviceLog> {
        self.logs.iter().find(|log| log.account() == *account)
    }
}

/// Whether a new leaf is of the same device in the same stay, whose log only grew. The nonce of a KeyPackage may have served
/// an earlier stay, and may serve a later one, since devices use the KeyPackage of last resort more than once: the first path
/// brings a nonce of this stay alone, and later paths keep it.
fn is_kept(before: &Member, path: &Member) -> bool {
    let (old, new) = (&before.state, &path.state);
    let grew = new.head == old.head || new.head.length > old.head.length;
    let nonce = (new.nonce == old.nonce) != before.by_key_package;
    path.leaf == before.leaf && !path.by_key_package && nonce && new.came_by == old.came_by && grew
}

/// The accounts that are no longer in the group, and why: a decision about a whole account counts more than what its log says
/// of one device.
fn gone(before: &State, after: &State, removed: &[(Leaf, Why)]) -> Vec<(AccountId, Why)> {
    let why = |account: AccountId| {
        let reasons = || removed.iter().filter(|(leaf, _)| leaf.account == account).map(|(_, why)| *why);
        let whole = reasons().find(|why| matches!(why, Why::ByRank | Why::Left));
        Some((account, whole.or_else(|| reasons().next())?))
    };
    before.accounts().into_iter().filter(|account| !after.has(account)).filter_map(why).collect()
}

#[cfg(test)]
mod tests;
