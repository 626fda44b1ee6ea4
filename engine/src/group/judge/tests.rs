//! Tests of each rule of the judge, and of what the rule keeps out.

mod coming;
mod going;
mod links;
mod outside;
mod random;
mod rollback;
mod writing;

use parley_protocol::device_log::LogHead;
use parley_protocol::ids::{EntryHash, Epoch};

use super::*;
use crate::group::evidence::LeaveStatement;
use crate::group::fixtures::{Account, account_id, fresh, key, state};
use crate::group::leaf_state::LeafState;
use crate::group::link::{LinkSecret, Terms};
use crate::group::policy::Role;

const GROUP: GroupId = GroupId([7; 16]);

/// The only device of an account.
fn leaf(number: u8) -> Leaf {
    Account::new(number, 1).leaf(1)
}

/// Somebody replaces their keys.
fn update(before: &State, by: Leaf) -> Deed {
    let path = before.member(&by).copied();
    let (adds, removes) = (Vec::new(), Vec::new());
    Deed { epoch: Epoch(3), by, external: false, path, adds, removes, context: None, era: EraStep::GoesOn }
}

fn add(before: &State, by: Leaf, adds: &[Member]) -> Deed {
    Deed { adds: adds.to_vec(), path: None, era: EraStep::Begins, ..update(before, by) }
}

fn remove(before: &State, by: Leaf, removes: &[Leaf]) -> Deed {
    Deed { removes: removes.to_vec(), era: EraStep::Begins, ..update(before, by) }
}

fn write(before: &State, by: Leaf, change: impl FnOnce(&mut Policy)) -> Deed {
    let mut policy = before.policy.clone();
    change(&mut policy);
    Deed { context: Some((policy, before.floors.clone())), ..update(before, by) }
}

fn logs(accounts: &[&Account]) -> Evidence {
    Evidence {
        logs: accounts.iter().map(|account| account.entries()).collect(),
        leaves: Vec::new(),
        link: None,
    }
}

fn leaves(before: &State, member: &Leaf, signer: (u8, u8)) -> Evidence {
    let nonce = before.member(member).unwrap().state.nonce;
    let key = key(signer.0, signer.1);
    let statement = LeaveStatement::sign(GROUP, (member.account, member.device), nonce, Epoch(3), &key);
    Evidence { logs: Vec::new(), leaves: vec![statement], link: None }
}

/// With what has to be written because of it.
fn settled(before: &State, deed: Deed, evidence: &Evidence) -> Deed {
    let context = context_of(&GROUP, before, &deed, None, evidence).unwrap();
    Deed { context, ..deed }
}

fn ask(before: &State, deed: &Deed, evidence: &Evidence) -> Result<Judged, Refusal> {
    judge(&GROUP, before, deed, evidence)
}

fn refused(before: &State, deed: &Deed, evidence: &Evidence) -> Refusal {
    ask(before, deed, evidence).expect_err("the commit was followed")
}

fn nothing() -> Evidence {
    Evidence::default()
}

#[test]
fn an_update_changes_nothing_but_the_leaf() {
    let before = state(&[1, 2, 3]);
    let mut deed = update(&before, leaf(2));
    let judged = ask(&before, &deed, &nothing()).unwrap();
    assert_eq!((judged.by, &judged.after), (account_id(2), &before));
    assert!(judged.added.is_empty() && judged.removed.is_empty() && judged.policy.is_none());
    let mut grown = Account::new(2, 1);
    grown.add(2);
    let own = *before.member(&leaf(2)).unwrap();
    let state = LeafState { head: grown.head(), ..own.state };
    deed.path = Some(Member { state, ..own });
    deed.era = EraStep::Begins;
    let judged = ask(&before, &deed, &nothing()).unwrap();
    assert_eq!(judged.after.member(&leaf(2)).unwrap().state.head, grown.head());
    assert_eq!(judged.after.leaves.keys().collect::<Vec<_>>(), [&0, &1, &2]);
}

#[test]
fn c6_the_path_leaf_stays_who_it_is() {
    let mut grown = Account::new(2, 1);
    grown.add(2);
    let mut before = state(&[1, 2]);
    for member in before.leaves.values_mut() {
        if member.leaf == leaf(2) {
            member.state.head = grown.head();
        }
    }
    let own = *before.member(&leaf(2)).unwrap();
    let state = own.state;
    let older = LogHead { length: 1, hash: EntryHash(account_id(2).0) };
    let forked = LogHead { hash: EntryHash([9; 32]), ..state.head };
    let path_of =
        |leaf, state| Deed { path: Some(Member { leaf, state, ..own }), ..update(&before, own.leaf) };
    assert!(ask(&before, &path_of(own.leaf, state), &nothing()).is_ok());
    for (what, hostile) in [
        ("the owner's account", path_of(Leaf { account: account_id(1), ..own.leaf }, state)),
        ("another device", path_of(Leaf { device: leaf(1).device, ..own.leaf }, state)),
        ("another key", path_of(Leaf { key: leaf(3).key, ..own.leaf }, state)),
        ("another nonce", path_of(own.leaf, LeafState { nonce: [0; 16], ..state })),
        ("another link", path_of(own.leaf, LeafState { came_by: Some([0; 16]), ..state })),
        ("a log that was rolled back", path_of(own.leaf, LeafState { head: older, ..state })),
        ("a log that forked", path_of(own.leaf, LeafState { head: forked, ..state })),
    ] {
        assert_eq!(refused(&before, &hostile, &nothing()), Refusal::PathLeaf, "{what}");
    }
    let low = LeafState { version: 0, ..state };
    assert_eq!(refused(&before, &path_of(own.leaf, low), &nothing()), Refusal::Version);
}

#[test]
fn only_what_adds_alone_has_no_path() {
    let before = state(&[1, 2]);
    let new = Account::new(3, 1);
    assert!(ask(&before, &add(&before, leaf(1), &[new.member(1)]), &logs(&[&new])).is_ok());
    let without = |deed: Deed| Deed { path: None, ..deed };
    for deed in [
        without(update(&before, leaf(1))),
        without(remove(&before, leaf(1), &[leaf(2)])),
        without(write(&before, leaf(1), |it| it.name = "Other".to_owned())),
        Deed { removes: vec![leaf(2)], ..add(&before, leaf(1), &[new.member(1)]) },
    ] {
        assert_eq!(refused(&before, &deed, &logs(&[&new])), Refusal::NoPath);
    }
}

#[test]
fn e2_who_is_not_in_the_group_commits_nothing() {
    let before = state(&[1, 2]);
    let mut deed = update(&before, leaf(1));
    deed.by = leaf(3);
    assert_eq!(refused(&before, &deed, &nothing()), Refusal::Committer);
    // Another key in the name of somebody who is.
    deed.by = Leaf { key: leaf(3).key, ..leaf(1) };
    assert_eq!(refused(&before, &deed, &nothing()), Refusal::Committer);
}

#[test]
fn p10_who_comes_and_goes_begins_an_era() {
    let before = state(&[1, 2, 3]);
    let new = Account::new(4, 1);
    let goes_on = |deed: Deed| Deed { era: EraStep::GoesOn, ..deed };
    for deed in [
        goes_on(add(&before, leaf(1), &[new.member(1)])),
        goes_on(remove(&before, leaf(1), &[leaf(3)])),
        write(&before, leaf(1), |it| (it.floor, it.history) = (2, 1)),
        write(&before, leaf(1), |it| {
            it.floor = 2;
            it.links = vec![LinkSecret::new([1; 32]).link(account_id(1), Terms::default())];
        }),
    ] {
        assert_eq!(refused(&before, &deed, &logs(&[&new])), Refusal::Era);
        let begins = Deed { era: EraStep::Begins, ..deed };
        assert!(ask(&before, &begins, &logs(&[&new])).is_ok());
    }
}

#[test]
fn c4_a_group_that_may_not_be_is_not_begun_and_not_joined() {
    let with = |change: fn(&mut State)| {
        let mut group = state(&[1, 2]);
        change(&mut group);
        judge_state(&group)
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|it| it.policy.roles.clear()), Err(Refusal::Policy), "no owner");
    let admin_without_leaf: fn(&mut State) = |it| it.policy.set_role(account_id(3), Role::Admin);
    assert_eq!(with(admin_without_leaf), Err(Refusal::Policy));
    let owner_without_leaf: fn(&mut State) = |it| it.policy = Policy::new("", account_id(3));
    assert_eq!(with(owner_without_leaf), Err(Refusal::Policy));
    assert_eq!(with(|it| it.policy.floor = 3), Err(Refusal::Version));
    assert_eq!(with(|it| it.policy.name = "\n".to_owned()), Err(Refusal::Policy));
    assert_eq!(with(|it| it.add(Account::new(2, 1).member(1))), Err(Refusal::Twice));
}
