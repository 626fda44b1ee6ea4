//! Judges what a commit writes into the GroupContext.

use parley_protocol::device_log::LogHead;
use parley_protocol::ids::{AccountId, GroupId};

use super::super::evidence::Evidence;
use super::super::floors::Floors;
use super::super::link::Link;
use super::super::plan;
use super::super::policy::{FOR_NEWCOMERS, Policy, Role};
use super::super::refusal::Refusal;
use super::super::state::State;
use super::{Case, Deed, Why, gone};
use crate::mls::credential::Leaf;

impl Case<'_> {
    /// The policy and the floors after the commit: what the removals force, and what the committer may change beside that.
    pub(super) fn context(
        &self,
        gone: &[(AccountId, Why)],
        removed: &[(Leaf, Why)],
    ) -> Result<(Policy, Floors), Refusal> {
        let (before, forced) = (self.before, self.forced(gone, removed));
        let Some((policy, floors)) = &self.deed.context else {
            return match forced {
                (None, None) => Ok((before.policy.clone(), before.floors.clone())),
                (Some(_), _) => Err(Refusal::Roles),
                (None, Some(_)) => Err(Refusal::Floors),
            };
        };
        if *floors != forced.1.unwrap_or_else(|| before.floors.clone()) {
            return Err(Refusal::Floors);
        }
        self.check_change(&forced.0.unwrap_or_else(|| before.policy.clone()), policy)?;
        Ok((policy.clone(), floors.clone()))
    }

    /// What the commit must write because of removals.
    fn forced(&self, gone: &[(AccountId, Why)], removed: &[(Leaf, Why)]) -> (Option<Policy>, Option<Floors>) {
        let gone: Vec<AccountId> = gone.iter().map(|(account, _)| *account).collect();
        let by_log = removed.iter().filter(|(_, why)| *why == Why::DeviceRemoved);
        let heads: Vec<(AccountId, LogHead)> =
            by_log.filter_map(|(leaf, _)| Some((leaf.account, self.removing_head(leaf)?))).collect();
        let leaves: Vec<Leaf> = removed.iter().map(|(leaf, _)| *leaf).collect();
        (plan::policy_after(self.before, &gone, &leaves), plan::floors_after(self.before, &heads))
    }

    /// Whether the committer may change `from`, which the commit forces, to `to`.
    fn check_change(&self, from: &Policy, to: &Policy) -> Result<(), Refusal> {
        let by = &self.deed.by.account;
        let role = self.before.policy.role(by);
        if !to.is_sound() {
            return Err(Refusal::Policy);
        }
        let shown = from.name != to.name || from.picture != to.picture;
        let rules =
            from.permissions != to.permissions || from.history != to.history || from.links != to.links;
        // The first link, and the first history for new members, require the version that knows them.
        let by_links = to.floor == FOR_NEWCOMERS && !from.is_for_newcomers() && to.is_for_newcomers();
        if (shown && !self.before.policy.may_change(by))
            || (rules && role < Role::Admin)
            || (from.floor != to.floor && !by_links && role < Role::Owner)
            || !to.links.iter().all(|link| is_own_or_kept(link, from, by))
        {
            return Err(Refusal::MayNotChange);
        }
        if to.floor < from.floor || (to.is_for_newcomers() && to.floor < FOR_NEWCOMERS) {
            return Err(Refusal::Version);
        }
        if from.roles != to.roles && role < Role::Owner { Err(Refusal::Roles) } else { Ok(()) }
    }
}

/// Whether a link is the committer's own new one, or was there before, by the same account and with the same keys.
fn is_own_or_kept(link: &Link, from: &Policy, by: &AccountId) -> bool {
    match from.link(&link.id) {
        Some(old) => old.by == link.by && old.key == link.key && old.keys == link.keys,
        None => link.by == *by,
    }
}

/// What a commit that does `deed` must write into the GroupContext if its committer wants the policy `wanted`; none if
/// nothing. Drops wanted roles of accounts that have gone, and makes an owner if none is left.
pub(crate) fn context_of(
    group: &GroupId,
    before: &State,
    deed: &Deed,
    wanted: Option<&Policy>,
    evidence: &Evidence,
) -> Result<Option<(Policy, Floors)>, Refusal> {
    let case = Case { group, before, deed, evidence, logs: evidence.verified()? };
    let removed = case.removed()?;
    let after = case.leaves_after();
    let gone = gone(before, &after, &removed);
    let (forced, floors) = case.forced(&gone, &removed);
    // In the order in which judges look for an heir; accounts that join with the commit cannot be heirs.
    let mut staying = before.accounts();
    staying.retain(|account| after.has(account));
    let new = after.accounts().into_iter().filter(|account| !before.has(account));
    staying.extend(new);
    let mut policy = match (wanted, forced) {
        (Some(wanted), _) => {
            let mut policy = wanted.clone();
            plan::count_used(&mut policy, before, &deed.removes);
            policy
        }
        (None, forced) => forced.unwrap_or_else(|| before.policy.clone()),
    };
    plan::settle(&mut policy, &staying);
    let floors = floors.unwrap_or_else(|| before.floors.clone());
    let changes = policy != before.policy || floors != before.floors;
    Ok(changes.then_some((policy, floors)))
}
