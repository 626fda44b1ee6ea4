//! Tests of devices that have lost their keys, and come back by a commit that removes and adds them.

use super::*;

/// Three accounts, and a fourth with two devices of which both are there; the first of them has lost its keys and says so. With
/// the device as it comes again.
fn lost() -> (State, Account, Member) {
    let mut account = Account::new(4, 2);
    let mut before = state(&[1, 2, 3]);
    before.add(account.member(1));
    before.add(account.member(2));
    account.roll_back(1);
    let again = again(&account);
    (before, account, again)
}

/// By a KeyPackage of now.
fn again(account: &Account) -> Member {
    let member = account.member(1);
    fresh(Member { state: LeafState::new(account.head(), [99; 16]), ..member })
}

fn let_in(before: &State, by: Leaf, again: Member) -> Deed {
    Deed { adds: vec![again], ..remove(before, by, &[again.leaf]) }
}

#[test]
fn j7_anybody_lets_a_device_in_again_that_lost_its_place() {
    let (mut before, account, again) = lost();
    before.policy.set_role(account.id(), Role::Admin);
    before.policy.permissions.add = Role::Owner;
    for by in [leaf(1), leaf(2), account.leaf(2)] {
        let judged = ask(&before, &let_in(&before, by, again), &logs(&[&account])).unwrap();
        assert_eq!(judged.removed, [(again.leaf, Why::RolledBack)]);
        assert_eq!(judged.added, [again.leaf]);
        assert!(judged.joined.is_empty() && judged.gone.is_empty() && judged.policy.is_none());
        assert_eq!(judged.after.member(&again.leaf), Some(&again));
        assert_eq!(judged.after.policy.role(&account.id()), Role::Admin, "the account is who it was");
    }
}

#[test]
fn c10_an_owner_whose_only_device_lost_its_place_is_let_in_as_the_owner() {
    let mut owner = Account::new(1, 1);
    let before = state(&[1, 2, 3]);
    owner.roll_back(1);
    let again = again(&owner);
    let judged = ask(&before, &let_in(&before, leaf(3), again), &logs(&[&owner])).unwrap();
    assert_eq!(judged.after.policy, before.policy);
    assert_eq!(judged.after.leaves.get(&0), Some(&again), "and at the place that it had");
}

#[test]
fn e1_nobody_puts_another_leaf_in_the_place_of_a_device_that_said_nothing() {
    let (before, lost, again) = lost();
    let account = |said: fn(&mut Account)| {
        let mut account = Account::new(4, 2);
        said(&mut account);
        account
    };
    let another = account(|it| it.roll_back(2));
    let id = lost.id();
    // Not even who could remove the account, or its other device: what for, if the device has its place?
    for by in [leaf(1), leaf(2), lost.leaf(2)] {
        for (what, log) in [("no word of it", account(|_| ())), ("another device's word", another.clone())] {
            let state = LeafState::new(log.head(), [99; 16]);
            let deed = let_in(&before, by, Member { state, ..again });
            assert_eq!(refused(&before, &deed, &logs(&[&log])), Refusal::MayNotRemove(id), "{what}");
        }
        let mut other = Account::new(3, 1);
        other.roll_back(1);
        let deed = let_in(&before, by, again);
        assert_eq!(refused(&before, &deed, &logs(&[&other])), Refusal::MayNotRemove(id), "another account's");
        assert_eq!(refused(&before, &deed, &nothing()), Refusal::MayNotRemove(id), "no log");
    }
}

#[test]
fn r2_one_word_of_a_device_lets_it_in_once() {
    let (before, mut account, again) = lost();
    let judged = ask(&before, &let_in(&before, leaf(2), again), &logs(&[&account])).unwrap();
    let id = account.id();
    // The same word is older than the leaf that came of it.
    let after = judged.after;
    let second = Member { state: LeafState::new(account.head(), [98; 16]), ..again };
    let deed = let_in(&after, leaf(2), second);
    assert_eq!(refused(&after, &deed, &logs(&[&account])), Refusal::MayNotRemove(id));
    // A KeyPackage from before the word would leave it good for another time; so would the leaf's own.
    let old = Account::new(4, 2).head();
    for state in [LeafState::new(old, [97; 16]), before.member(&again.leaf).unwrap().state] {
        let deed = let_in(&before, leaf(2), Member { state, ..again });
        assert_eq!(refused(&before, &deed, &logs(&[&account])), Refusal::MayNotRemove(id));
    }
    let same = before.member(&again.leaf).unwrap().state.nonce;
    let deed = let_in(&before, leaf(2), Member { state: LeafState { nonce: same, ..again.state }, ..again });
    assert_eq!(refused(&before, &deed, &logs(&[&account])), Refusal::MayNotRemove(id));
    // If it is lost again, it says so again.
    account.roll_back(1);
    let third = self::again(&account);
    let third = Member { state: LeafState { nonce: [96; 16], ..third.state }, ..third };
    assert!(ask(&after, &let_in(&after, leaf(3), third), &logs(&[&account])).is_ok());
}

#[test]
fn m3_a_removed_device_does_not_come_back_by_saying_that_it_was_rolled_back() {
    let (before, mut account, again) = lost();
    account.remove(1);
    let id = account.id();
    let deed = let_in(&before, leaf(1), again);
    assert_eq!(refused(&before, &deed, &logs(&[&account])), Refusal::NotListed(id));
    // The log from before that is another's word against what a sibling's leaf knows.
    let mut knows = before.clone();
    for member in knows.leaves.values_mut().filter(|member| member.leaf == account.leaf(2)) {
        member.state.head = account.head();
    }
    let mut older = Account::new(4, 2);
    older.roll_back(1);
    let deed = let_in(&knows, leaf(1), again);
    assert_eq!(refused(&knows, &deed, &logs(&[&older])), Refusal::MayNotRemove(id));
}

#[test]
fn a_return_is_no_cover_for_the_removal_of_the_accounts_other_devices() {
    let (before, account, again) = lost();
    for (by, evidence) in [
        (leaf(1), logs(&[&account])),
        (leaf(2), Evidence { leaves: leaves(&before, &account.leaf(2), (4, 2)).leaves, ..logs(&[&account]) }),
    ] {
        let mut deed = let_in(&before, by, again);
        deed.removes.push(account.leaf(2));
        assert_eq!(refused(&before, &deed, &evidence), Refusal::MayNotRemove(account.id()));
    }
}

#[test]
fn c6_the_place_is_only_for_the_same_device_with_the_same_key() {
    let (before, account, again) = lost();
    for leaf in [
        Leaf { key: leaf(2).key, ..again.leaf },
        Leaf { device: leaf(2).device, ..again.leaf },
        Leaf { account: leaf(2).account, ..again.leaf },
    ] {
        let deed =
            Deed { removes: vec![again.leaf], ..let_in(&before, self::leaf(3), Member { leaf, ..again }) };
        assert_eq!(refused(&before, &deed, &logs(&[&account])), Refusal::MayNotRemove(account.id()));
    }
}
