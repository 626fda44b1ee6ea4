//! Computes what a commit that removes members or changes roles must also write into the GroupContext. Both the committer and
//! the judge use this.

use parley_protocol::device_log::LogHead;
use parley_protocol::ids::AccountId;

use super::floors::{Floors, MAX_FLOORS};
use super::policy::{Policy, Role};
use super::state::State;
use crate::mls::credential::Leaf;

/// The policy once these accounts and these leaves are gone: without their roles, with an owner, and with those counted who
/// joined by a link. None if it does not change.
pub(crate) fn policy_after(before: &State, gone: &[AccountId], leaves: &[Leaf]) -> Option<Policy> {
    let mut policy = before.policy.clone();
    count_used(&mut policy, before, leaves);
    let staying: Vec<AccountId> =
        before.accounts().into_iter().filter(|account| !gone.contains(account)).collect();
    settle(&mut policy, &staying);
    (policy != before.policy).then_some(policy)
}

/// A removed member who joined by a link frees no place of the link: the place counts as used from then on.
pub(crate) fn count_used(policy: &mut Policy, before: &State, removed: &[Leaf]) {
    for leaf in removed {
        let came_by = before.member(leaf).and_then(|member| member.state.came_by);
        if let Some(link) = policy.links.iter_mut().find(|link| Some(link.id) == came_by) {
            link.used = link.used.saturating_add(1);
        }
    }
}

/// Removes the roles of accounts that do not stay, and makes an owner if none is left: the admin with the lowest leaf, or
/// else the account with the lowest leaf. `staying` is in order of the lowest leaves ([`State::accounts`]).
pub(crate) fn settle(policy: &mut Policy, staying: &[AccountId]) {
    policy.roles.retain(|account, _| staying.contains(account));
    if policy.owners().next().is_some() {
        return;
    }
    let admin = staying.iter().find(|account| policy.role(account) == Role::Admin);
    if let Some(heir) = admin.or(staying.first()).copied() {
        policy.set_role(heir, Role::Owner);
    }
}

/// The floors after devices were removed because the logs with these heads say so. None if they do not change.
pub(crate) fn floors_after(before: &State, removed_by: &[(AccountId, LogHead)]) -> Option<Floors> {
    let mut floors = before.floors.clone();
    for (account, head) in removed_by {
        floors.0.insert(*account, *head);
    }
    // The floors of accounts that are not in the group make room, lowest id first: an account that members add again with an
    // old log does less harm than a device that nobody can remove.
    while floors.0.len() > MAX_FLOORS {
        let spare = floors.0.keys().find(|account| {
            !before.has(account) && !removed_by.iter().any(|(removed, _)| removed == *account)
        });
        let Some(spare) = spare.copied() else {
            break;
        };
        floors.0.remove(&spare);
    }
    (floors != before.floors).then_some(floors)
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::EntryHash;

    use super::*;
    use crate::group::fixtures::{account_id, state};

    fn roles(after: Option<Policy>) -> Vec<(AccountId, Role)> {
        after.map(|policy| policy.roles.into_iter().collect()).unwrap_or_default()
    }

    #[test]
    fn p10_a_group_always_has_an_owner() {
        let [ada, bob, cara, dan] = [1, 2, 3, 4].map(account_id);
        let mut group = state(&[1, 2, 3, 4]);
        assert_eq!(policy_after(&group, &[dan], &[]), None);
        assert_eq!(roles(policy_after(&group, &[ada], &[])), [(bob, Role::Owner)], "the lowest leaf");
        group.policy.set_role(dan, Role::Admin);
        group.policy.set_role(cara, Role::Admin);
        let after = policy_after(&group, &[ada], &[]).unwrap();
        assert_eq!([bob, cara, dan].map(|it| after.role(&it)), [Role::Member, Role::Owner, Role::Admin]);
        let after = policy_after(&group, &[cara], &[]).unwrap();
        assert_eq!([ada, dan].map(|it| after.role(&it)), [Role::Owner, Role::Admin]);
        assert_eq!(after.roles.len(), 2, "who is gone has no role");
        assert_eq!(roles(policy_after(&group, &[ada, cara, dan], &[])), [(bob, Role::Owner)]);
    }

    #[test]
    fn floors_make_room_for_new_ones() {
        let head = |length| LogHead { length, hash: EntryHash([9; 32]) };
        let mut group = state(&[1, 2]);
        assert_eq!(floors_after(&group, &[]), None);
        let after = floors_after(&group, &[(account_id(1), head(2))]).unwrap();
        assert_eq!(after.of(&account_id(1)), Some(&head(2)));
        for number in 0..=255 {
            group.floors.0.insert(AccountId([number; 32]), head(1));
        }
        group.floors.0.insert(account_id(2), head(1));
        group.floors.0.remove(&AccountId([0; 32]));
        let after = floors_after(&group, &[(account_id(1), head(2))]).unwrap();
        assert_eq!((after.0.len(), after.of(&AccountId([1; 32]))), (MAX_FLOORS, None));
        assert!(after.of(&account_id(1)).is_some() && after.of(&account_id(2)).is_some());
    }
}
