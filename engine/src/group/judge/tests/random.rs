//! Random commits: a commit that the judge accepts leaves a valid group, and takes nothing that its committer has no right
//! to.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::message::DeviceChange;

/// A commit by one of five accounts, which may do anything that there are words for.
#[derive(Debug, Clone)]
struct Act {
    by: u8,
    adds: Vec<u8>,
    removes: Vec<u8>,
    shown: Vec<u8>,
    leaving: Vec<u8>,
    roles: Vec<(u8, u8)>,
    name: bool,
    settle: bool,
    begins: bool,
}

fn act() -> impl Strategy<Value = Act> {
    let some = || prop::collection::vec(1..7_u8, 0..3);
    let roles = prop::collection::vec((1..7_u8, 0..3_u8), 0..3);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (1..6_u8, some(), some(), some(), some(), roles, flags).prop_map(
        |(by, adds, removes, shown, leaving, roles, (name, settle, begins))| Act {
            by,
            adds,
            removes,
            shown,
            leaving,
            roles,
            name,
            settle,
            begins,
        },
    )
}

fn role(number: u8) -> Role {
    [Role::Member, Role::Admin, Role::Owner][usize::from(number % 3)]
}

/// Five accounts of a group, and one more, whose logs know of a device that was removed.
fn group() -> (State, Vec<Account>) {
    let mut accounts: Vec<Account> = (1..7).map(|number| Account::new(number, 2)).collect();
    let mut before = state(&[1]);
    before.leaves.clear();
    for account in &accounts[..5] {
        before.add(account.member(1));
    }
    before.add(accounts[4].member(2));
    for account in &mut accounts {
        account.remove(2);
    }
    accounts[2].roll_back(1);
    (before, accounts)
}

fn commit(act: &Act, before: &State, accounts: &[Account]) -> (Deed, Evidence) {
    let account = |number: u8| &accounts[usize::from(number) - 1];
    let mut evidence = logs(&[]);
    for number in &act.shown {
        let entries = account(*number).entries();
        if !evidence.logs.contains(&entries) {
            evidence.logs.push(entries);
        }
    }
    for number in act.leaving.iter().filter(|number| before.has(&account_id(**number))) {
        evidence.leaves.extend(leaves(before, &leaf(*number), (*number, 1)).leaves);
    }
    let mut deed = update(before, leaf(act.by));
    let package = |number: &u8| {
        let mut member = account(*number).member(1 + *number % 2);
        member.state.nonce[15] ^= 1;
        fresh(member)
    };
    deed.adds = act.adds.iter().map(package).collect();
    deed.removes = act.removes.iter().map(|number| account(*number).leaf(1 + *number % 2)).collect();
    deed.era = if act.begins { EraStep::Begins } else { EraStep::GoesOn };
    let mut wanted = before.policy.clone();
    for (number, to) in &act.roles {
        wanted.set_role(account_id(*number), role(*to));
    }
    if act.name {
        wanted.name = "Others".to_owned();
    }
    deed.context = if act.settle {
        context_of(&GROUP, before, &deed, Some(&wanted), &evidence).unwrap_or_default()
    } else {
        (wanted != before.policy).then(|| (wanted, before.floors.clone()))
    };
    (deed, evidence)
}

/// What holds for every commit that is followed.
fn check(act: &Act, before: &State, accounts: &[Account], deed: &Deed, judged: &Judged) {
    let after = &judged.after;
    assert_eq!(judge_state(after), Ok(()));
    let rank = before.policy.role(&deed.by.account);
    // Who is there was there, or was added, and nobody is another.
    for member in after.members() {
        assert!(before.member(&member.leaf).is_some() || judged.added.contains(&member.leaf));
        assert!(accounts.iter().any(|account| [1, 2].iter().any(|it| account.leaf(*it) == member.leaf)));
    }
    // Nobody who ranks as high, or higher, goes against their will.
    for (gone, why) in &judged.removed {
        let theirs = before.policy.role(&gone.account);
        let right = match why {
            Why::ByRank => {
                rank > theirs && before.leaves_of(gone.account).all(|it| deed.removes.contains(&it.leaf))
            }
            Why::OwnDevice => gone.account == deed.by.account,
            Why::Left => act.leaving.iter().any(|number| account_id(*number) == gone.account),
            Why::RolledBack => gone.account == account_id(3) && judged.added.contains(gone),
            Why::DeviceRemoved => after.floors.of(&gone.account).is_some(),
        };
        assert!(right, "{gone:?} {why:?}");
    }
    // Without an owner's commit, nobody has a higher role than before but for the one who inherits.
    if rank < Role::Owner {
        let risen = after.policy.roles.iter().filter(|(it, role)| **role > before.policy.role(it)).count();
        let ownerless = before.policy.owners().all(|owner| !after.has(owner));
        assert!(risen <= usize::from(ownerless));
        assert!(after.policy.name == before.policy.name || rank == Role::Admin);
    }
    // Whoever comes or goes has a line: the account's, or its device's.
    let changes = before.device_changes(after);
    for leaf in &judged.added {
        let kinds = [DeviceChange::Added, DeviceChange::Returned].map(|kind| (leaf.account, kind));
        assert!(judged.joined.contains(&leaf.account) || kinds.iter().any(|it| changes.contains(it)));
    }
    for (leaf, why) in &judged.removed {
        let gone = judged.gone.iter().any(|(account, _)| *account == leaf.account);
        let kind = if *why == Why::RolledBack { DeviceChange::Returned } else { DeviceChange::Removed };
        assert!(gone || changes.contains(&(leaf.account, kind)), "{why:?}");
    }
    // A device that a log names as removed does not come in.
    for leaf in &judged.added {
        let account = accounts.iter().find(|account| account.id() == leaf.account).unwrap();
        assert_eq!(*leaf, account.leaf(1));
    }
    assert!(judged.added.is_empty() && judged.removed.is_empty() || deed.era == EraStep::Begins);
}

#[test]
fn m2_p10_what_is_followed_is_right_and_leaves_no_leaf_without_a_line() {
    let mut runner = TestRunner::deterministic();
    let (before, accounts) = group();
    let (mut followed, mut all) = (0, 0);
    for _ in 0..400 {
        let case = (act(), any::<u8>(), any::<u8>()).new_tree(&mut runner).unwrap();
        let (act, second, third) = case.current();
        let mut before = before.clone();
        before.policy.set_role(account_id(2), role(second));
        before.policy.set_role(account_id(3), role(third));
        let (deed, evidence) = commit(&act, &before, &accounts);
        all += 1;
        if let Ok(judged) = ask(&before, &deed, &evidence) {
            check(&act, &before, &accounts, &deed, &judged);
            followed += 1;
        }
    }
    assert!(followed * 20 > all, "{followed} of {all} are followed");
}
