//! Tests of commits that remove members.

use super::*;

#[test]
fn p10_only_who_ranks_higher_removes_by_rank() {
    let mut before = state(&[1, 2, 3, 4]);
    before.policy.set_role(account_id(2), Role::Admin);
    before.policy.set_role(account_id(3), Role::Admin);
    let ask = |by, gone: u8| {
        let deed = Deed { removes: vec![leaf(gone)], era: EraStep::Begins, ..update(&before, leaf(by)) };
        let mut policy = before.policy.clone();
        policy.set_role(account_id(gone), Role::Member);
        let context =
            (before.policy.role(&account_id(gone)) != Role::Member).then(|| (policy, Floors::default()));
        ask(&before, &Deed { context, ..deed }, &nothing())
    };
    let judged = ask(2, 4).unwrap();
    assert_eq!(judged.removed, [(leaf(4), Why::ByRank)]);
    assert_eq!((judged.gone, judged.policy), (vec![(account_id(4), Why::ByRank)], None));
    let judged = ask(1, 2).unwrap();
    assert_eq!(judged.policy.unwrap().role(&account_id(2)), Role::Member);
    for (by, gone) in [(4, 3), (4, 1), (2, 3), (2, 1)] {
        assert_eq!(ask(by, gone).err(), Some(Refusal::MayNotRemove(account_id(gone))), "{by} removes {gone}");
    }
}

#[test]
fn p10_all_devices_go_or_none() {
    let mut before = state(&[1, 2]);
    let three = Account::new(3, 2);
    before.add(three.member(1));
    before.add(three.member(2));
    let one = remove(&before, leaf(1), &[three.leaf(2)]);
    assert_eq!(refused(&before, &one, &nothing()), Refusal::MayNotRemove(three.id()));
    let by_leave = leaves(&before, &three.leaf(1), (3, 1));
    let other = remove(&before, leaf(2), &[three.leaf(1)]);
    assert_eq!(refused(&before, &other, &by_leave), Refusal::MayNotRemove(three.id()));
    let both = [three.leaf(1), three.leaf(2)];
    // In whatever order the commit names them.
    let swapped = [both[1], both[0]];
    let judged = ask(&before, &remove(&before, leaf(1), &swapped), &nothing()).unwrap();
    assert_eq!(judged.removed, both.map(|leaf| (leaf, Why::ByRank)));
    let judged = ask(&before, &remove(&before, leaf(1), &both), &nothing()).unwrap();
    assert_eq!(judged.gone, [(three.id(), Why::ByRank)]);
    let judged = ask(&before, &remove(&before, leaf(2), &both), &by_leave).unwrap();
    assert_eq!(judged.gone, [(three.id(), Why::Left)]);
    // An own device is removed without a word.
    let own = Deed { by: three.leaf(1), path: Some(three.member(1)), ..one };
    let judged = ask(&before, &own, &nothing()).unwrap();
    assert_eq!((judged.removed, judged.gone), (vec![(three.leaf(2), Why::OwnDevice)], vec![]));
}

#[test]
fn h2_only_who_leaves_says_so() {
    let before = state(&[1, 2, 3]);
    let deed = remove(&before, leaf(2), &[leaf(3)]);
    let valid = leaves(&before, &leaf(3), (3, 1));
    assert_eq!(ask(&before, &deed, &valid).unwrap().removed, [(leaf(3), Why::Left)]);
    let with = |change: fn(&mut LeaveStatement)| {
        let mut evidence = valid.clone();
        change(&mut evidence.leaves[0]);
        evidence
    };
    let resigned = |group, nonce| {
        let by = (leaf(3).account, leaf(3).device);
        let statement = LeaveStatement::sign(group, by, nonce, Epoch(3), &key(3, 1));
        Evidence { logs: Vec::new(), leaves: vec![statement], link: None }
    };
    let nonce = before.member(&leaf(3)).unwrap().state.nonce;
    for (what, evidence) in [
        ("nobody", nothing()),
        ("the remover", leaves(&before, &leaf(3), (2, 1))),
        ("of another", leaves(&before, &leaf(1), (1, 1))),
        ("of another epoch than signed", with(|it| it.epoch = Epoch(4))),
        ("of another group", resigned(GroupId([8; 16]), nonce)),
        ("of an earlier stay", resigned(GROUP, [0; 16])),
        ("of another account than signed", with(|it| it.account = account_id(1))),
    ] {
        assert_eq!(refused(&before, &deed, &evidence), Refusal::MayNotRemove(account_id(3)), "{what}");
    }
}

#[test]
fn q11_a_leave_statement_is_not_good_for_another_stay_by_the_same_key_package() {
    let mut before = state(&[1, 2]);
    let three = Account::new(3, 1);
    let package = fresh(three.member(1));
    before.add(package);
    let go = |before: &State| remove(before, leaf(2), &[leaf(3)]);
    // Said before the device has committed anything, it is of any stay that this KeyPackage begins.
    let early = leaves(&before, &leaf(3), (3, 1));
    assert_eq!(refused(&before, &go(&before), &early), Refusal::MayNotRemove(three.id()));
    let mut path = update(&before, leaf(3));
    path.path = Some(Member { state: LeafState { nonce: [77; 16], ..package.state }, ..three.member(1) });
    let stay = ask(&before, &path, &nothing()).unwrap().after;
    let said = leaves(&stay, &leaf(3), (3, 1));
    let left = ask(&stay, &go(&stay), &said).unwrap();
    assert_eq!(left.removed, [(leaf(3), Why::Left)]);
    let back = ask(&left.after, &add(&left.after, leaf(2), &[package]), &logs(&[&three])).unwrap().after;
    let mut again = update(&back, leaf(3));
    again.path = Some(Member { state: LeafState { nonce: [78; 16], ..package.state }, ..three.member(1) });
    let settled = ask(&back, &again, &nothing()).unwrap().after;
    for group in [&back, &settled] {
        for statement in [&early, &said] {
            assert_eq!(refused(group, &go(group), statement), Refusal::MayNotRemove(three.id()));
        }
    }
}

#[test]
fn q11_the_first_path_brings_a_new_nonce_and_later_ones_keep_it() {
    let mut before = state(&[1, 2]);
    let three = Account::new(3, 1);
    let package = fresh(three.member(1));
    before.add(package);
    let path = |before: &State, nonce| {
        let state = LeafState { nonce, ..package.state };
        Deed { path: Some(Member { state, ..three.member(1) }), ..update(before, leaf(3)) }
    };
    assert_eq!(refused(&before, &path(&before, package.state.nonce), &nothing()), Refusal::PathLeaf);
    let still = Deed { path: Some(package), ..path(&before, [77; 16]) };
    assert_eq!(refused(&before, &still, &nothing()), Refusal::PathLeaf);
    let after = ask(&before, &path(&before, [77; 16]), &nothing()).unwrap().after;
    assert!(ask(&after, &path(&after, [77; 16]), &nothing()).is_ok());
    assert_eq!(refused(&after, &path(&after, [78; 16]), &nothing()), Refusal::PathLeaf);
}

#[test]
fn q2_a_removal_by_the_log_writes_a_floor() {
    let mut three = Account::new(3, 2);
    let mut before = state(&[1, 2]);
    before.add(three.member(1));
    before.add(three.member(2));
    let (older, thief) = (three.clone(), three.leaf(2));
    three.remove(2);
    let bare = remove(&before, leaf(2), &[thief]);
    let evidence = logs(&[&three]);
    let deed = settled(&before, bare.clone(), &evidence);
    let judged = ask(&before, &deed, &evidence).unwrap();
    assert_eq!(judged.removed, [(thief, Why::DeviceRemoved)]);
    assert_eq!((judged.gone, judged.after.floors.of(&three.id())), (vec![], Some(&three.head())));

    assert_eq!(refused(&before, &bare, &evidence), Refusal::Floors, "no floor");
    let with = |floors: Floors| {
        let policy = before.policy.clone();
        Deed { context: Some((policy, floors)), ..bare.clone() }
    };
    let mut low = Floors::default();
    low.0.insert(three.id(), older.head());
    assert_eq!(refused(&before, &with(low), &evidence), Refusal::Floors, "another floor");
    let mut more = judged.after.floors.clone();
    more.0.insert(account_id(1), three.head());
    assert_eq!(refused(&before, &with(more), &evidence), Refusal::Floors, "one more");
    assert_eq!(refused(&before, &deed, &logs(&[&older])), Refusal::MayNotRemove(three.id()));
    // An own device writes it too, if it shows the log.
    let own = Deed { by: three.leaf(1), path: before.member(&three.leaf(1)).copied(), ..bare };
    assert_eq!(refused(&before, &own, &evidence), Refusal::Floors);
    assert!(ask(&before, &own, &nothing()).is_ok());
}

#[test]
fn q2_a_log_that_contradicts_the_group_removes_nobody() {
    let mut three = Account::new(3, 2);
    let mut before = state(&[1, 2]);
    before.add(three.member(1));
    let mut forked = three.clone();
    three.add(4);
    before.add(three.member(4));
    // Whoever had device 2 says that device 1 is gone.
    forked.remove(1);
    let deed = remove(&before, leaf(2), &[three.leaf(1)]);
    assert_eq!(refused(&before, &deed, &logs(&[&forked])), Refusal::MayNotRemove(three.id()));
    before.remove(&three.leaf(4));
    let mut floors = before.clone();
    floors.floors.0.insert(three.id(), three.head());
    assert_eq!(refused(&floors, &deed, &logs(&[&forked])), Refusal::MayNotRemove(three.id()));
    assert!(ask(&before, &settled(&before, deed, &logs(&[&forked])), &logs(&[&forked])).is_ok());
}

#[test]
fn nobody_removes_who_is_not_there_or_themselves() {
    let before = state(&[1, 2]);
    for removes in [vec![leaf(3)], vec![leaf(1)], vec![leaf(2), leaf(2)]] {
        assert_eq!(refused(&before, &remove(&before, leaf(1), &removes), &nothing()), Refusal::Removed);
    }
}

#[test]
fn p10_a_removal_takes_roles_and_leaves_an_owner() {
    let mut before = state(&[1, 2, 3, 4]);
    before.policy.set_role(account_id(4), Role::Admin);
    let left = leaves(&before, &leaf(1), (1, 1));
    let bare = remove(&before, leaf(2), &[leaf(1)]);
    let deed = settled(&before, bare.clone(), &left);
    let judged = ask(&before, &deed, &left).unwrap();
    assert_eq!(judged.after.policy.owners().collect::<Vec<_>>(), [&account_id(4)]);
    assert_eq!(refused(&before, &bare, &left), Refusal::Roles, "nobody governs");
    for (what, owner) in [("the remover", 2), ("another", 3), ("who left", 1)] {
        let mut policy = before.policy.clone();
        policy.roles = [(account_id(owner), Role::Owner)].into_iter().collect();
        let deed = Deed { context: Some((policy, Floors::default())), ..bare.clone() };
        assert_eq!(refused(&before, &deed, &left), Refusal::Roles, "{what}");
    }
    let mut both = judged.after.policy.clone();
    both.set_role(account_id(2), Role::Owner);
    let deed = Deed { context: Some((both, Floors::default())), ..bare };
    assert_eq!(refused(&before, &deed, &left), Refusal::Roles, "one more");
}
