//! Tests of external commits, and of the places in the tree.

use super::*;

#[test]
fn e6_places_in_the_tree_are_used_again_and_nobody_becomes_another() {
    let mut before = state(&[1, 2, 3, 4]);
    before.policy.set_role(account_id(2), Role::Admin);
    let new = Account::new(5, 1);
    let bare = Deed { adds: vec![new.member(1)], ..remove(&before, leaf(1), &[leaf(2)]) };
    let deed = settled(&before, bare, &logs(&[&new]));
    let judged = ask(&before, &deed, &logs(&[&new])).unwrap();
    assert_eq!(judged.after.leaves.get(&1).unwrap().leaf, new.leaf(1));
    assert_eq!(judged.after.policy.role(&new.id()), Role::Member);
    assert_eq!(judged.gone, [(account_id(2), Why::ByRank)]);
    // A resync takes the lowest place that is free, and stays who it is.
    let mut after = judged.after;
    after.policy.set_role(account_id(4), Role::Admin);
    after.remove(&new.leaf(1));
    let resync = Deed { external: true, removes: vec![leaf(4)], ..update(&after, leaf(4)) };
    let judged = ask(&after, &resync, &nothing()).unwrap();
    assert_eq!((judged.came, judged.after.leaves.get(&1).unwrap().leaf), (Some(Came::Resync), leaf(4)));
    assert_eq!(judged.after.policy.role(&account_id(4)), Role::Admin);
    assert!(judged.added.is_empty() && judged.removed.is_empty() && judged.gone.is_empty());
}

#[test]
fn e1_a_commit_from_outside_removes_only_itself() {
    let before = state(&[1, 2, 3]);
    let resync = Deed { external: true, removes: vec![leaf(2)], ..update(&before, leaf(2)) };
    assert!(ask(&before, &resync, &nothing()).is_ok());
    let (with, member) = (|removes: Vec<Leaf>| Deed { removes, ..resync.clone() }, leaf(1));
    for (what, deed, refusal) in [
        ("the owner", with(vec![member]), Refusal::External),
        ("the owner too", with(vec![leaf(2), member]), Refusal::External),
        ("nobody", with(Vec::new()), Refusal::External),
        ("without a path", Deed { path: None, ..resync.clone() }, Refusal::NoPath),
        ("an era", Deed { era: EraStep::Begins, ..resync.clone() }, Refusal::Era),
        (
            "a context",
            Deed { context: Some((before.policy.clone(), Floors::default())), ..resync.clone() },
            Refusal::External,
        ),
        (
            "somebody more",
            Deed { adds: vec![Account::new(4, 1).member(1)], ..resync.clone() },
            Refusal::External,
        ),
    ] {
        assert_eq!(refused(&before, &deed, &logs(&[&Account::new(4, 1)])), refusal, "{what}");
    }
    let mut stay = resync;
    stay.path.as_mut().unwrap().state.nonce = [0; 16];
    assert_eq!(refused(&before, &stay, &nothing()), Refusal::External, "another stay");
}

#[test]
fn e2_a_sibling_is_listed_in_the_log_of_a_member() {
    let before = state(&[1, 2, 3]);
    let three = Account::new(3, 2);
    let sibling = |member: Member| Deed {
        by: member.leaf,
        external: true,
        path: Some(member),
        ..update(&before, leaf(1))
    };
    let judged = ask(&before, &sibling(three.member(2)), &logs(&[&three])).unwrap();
    assert_eq!((judged.came, judged.added), (Some(Came::Sibling), vec![three.leaf(2)]));
    assert!(judged.joined.is_empty() && judged.after.leaves.get(&3).is_some());
    let stranger = Account::new(4, 1);
    let deed = sibling(stranger.member(1));
    assert_eq!(refused(&before, &deed, &logs(&[&stranger])), Refusal::Committer);
    let id = three.id();
    assert_eq!(refused(&before, &sibling(three.member(2)), &nothing()), Refusal::NoLog(id));
    let deed = sibling(three.member(3));
    assert_eq!(refused(&before, &deed, &logs(&[&three])), Refusal::NotListed(id));
    // The device is in already, with another key.
    let taken = Member { leaf: Leaf { key: leaf(9).key, ..leaf(3) }, ..three.member(1) };
    assert_eq!(refused(&before, &sibling(taken), &logs(&[&three])), Refusal::NotListed(id));
    let deed = Deed { removes: vec![leaf(3)], ..sibling(three.member(2)) };
    assert_eq!(refused(&before, &deed, &logs(&[&three])), Refusal::External);
    let deed = Deed { by: three.leaf(2), ..sibling(three.member(1)) };
    assert_eq!(refused(&before, &deed, &logs(&[&three])), Refusal::PathLeaf);
}
