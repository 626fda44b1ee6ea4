//! Tests of commits that add members.

use super::*;

#[test]
fn p4_who_is_added_is_in_their_accounts_log() {
    let before = state(&[1, 2]);
    let (mut new, other) = (Account::new(3, 2), Account::new(4, 1));
    let both = [new.member(1), new.member(2)];
    let judged = ask(&before, &add(&before, leaf(2), &both), &logs(&[&other, &new])).unwrap();
    assert_eq!((judged.added, judged.joined), (vec![new.leaf(1), new.leaf(2)], vec![new.id()]));
    assert_eq!(judged.after.leaves.keys().collect::<Vec<_>>(), [&0, &1, &2, &3]);

    let deed = |member: Member| add(&before, leaf(2), &[member]);
    let id = new.id();
    assert_eq!(refused(&before, &deed(new.member(1)), &nothing()), Refusal::NoLog(id));
    assert_eq!(refused(&before, &deed(new.member(1)), &logs(&[&other])), Refusal::NoLog(id));
    let ghost = Leaf { key: other.leaf(1).key, ..new.leaf(1) };
    for leaf in [ghost, Leaf { device: other.leaf(1).device, ..new.leaf(1) }, new.leaf(3)] {
        let member = Member { leaf, ..new.member(1) };
        assert_eq!(refused(&before, &deed(member), &logs(&[&new])), Refusal::NotListed(id));
    }
    let removed = new.member(2);
    new.remove(2);
    assert_eq!(refused(&before, &deed(removed), &logs(&[&new])), Refusal::NotListed(id));
    // Its leaf knows more than the log that is shown.
    let member = new.member(1);
    assert_eq!(refused(&before, &deed(member), &logs(&[&Account::new(3, 2)])), Refusal::OldLog(id));
    let mut linked = Account::new(3, 1).member(1);
    linked.state.came_by = Some([1; 16]);
    assert_eq!(refused(&before, &deed(linked), &logs(&[&new])), Refusal::Leaf);
}

#[test]
fn p4_evidence_that_does_not_verify_is_refused() {
    let before = state(&[1, 2]);
    let (new, other) = (Account::new(3, 2), Account::new(4, 2));
    let deed = add(&before, leaf(1), &[new.member(1)]);
    let mut forged = logs(&[&new]);
    forged.logs[0][1].signature = other.entries()[1].signature;
    let mut mixed = logs(&[&new]);
    mixed.logs[0][1] = other.entries()[1].clone();
    let (twice, empty) =
        (logs(&[&new, &new]), Evidence { logs: vec![Vec::new()], leaves: Vec::new(), link: None });
    for evidence in [forged, mixed, twice, empty] {
        assert_eq!(refused(&before, &deed, &evidence), Refusal::Evidence);
    }
}

#[test]
fn p10_who_may_not_add_adds_only_devices_of_who_is_there() {
    let mut before = state(&[1, 2, 3]);
    before.policy.permissions.add = Role::Admin;
    let (new, three) = (Account::new(4, 1), Account::new(3, 2));
    let stranger = add(&before, leaf(2), &[new.member(1)]);
    assert_eq!(refused(&before, &stranger, &logs(&[&new])), Refusal::MayNotAdd);
    assert!(ask(&before, &Deed { by: leaf(1), ..stranger }, &logs(&[&new])).is_ok());
    let device = add(&before, leaf(2), &[three.member(2)]);
    let judged = ask(&before, &device, &logs(&[&three])).unwrap();
    assert_eq!((judged.added, judged.joined), (vec![three.leaf(2)], vec![]));
    // Not if all that were there go with the same commit.
    let evidence = leaves(&before, &leaf(3), (3, 1));
    let evidence = Evidence { leaves: evidence.leaves, ..logs(&[&three]) };
    let swap = Deed { adds: vec![three.member(2)], ..remove(&before, leaf(2), &[leaf(3)]) };
    assert_eq!(refused(&before, &swap, &evidence), Refusal::MayNotAdd);
}

#[test]
fn m3_a_removed_device_does_not_come_back_by_an_older_log() {
    let mut three = Account::new(3, 2);
    let (older, thief) = (three.clone(), three.member(2));
    three.remove(2);
    // A leaf of the account knows the newer log.
    let mut before = state(&[1, 2]);
    before.add(three.member(1));
    let deed = add(&before, leaf(2), &[thief]);
    assert_eq!(refused(&before, &deed, &logs(&[&older])), Refusal::OldLog(three.id()));
    assert_eq!(refused(&before, &deed, &logs(&[&three])), Refusal::NotListed(three.id()));
    // No leaf does, but the group has a floor.
    let mut before = state(&[1, 2]);
    before.floors.0.insert(three.id(), three.head());
    let deed = add(&before, leaf(2), &[thief]);
    assert_eq!(refused(&before, &deed, &logs(&[&older])), Refusal::OldLog(three.id()));
    let sibling = Deed { external: true, path: Some(thief), adds: Vec::new(), ..deed };
    let sibling = Deed { by: thief.leaf, era: EraStep::GoesOn, ..sibling };
    before.add(older.member(1));
    assert_eq!(refused(&before, &sibling, &logs(&[&older])), Refusal::OldLog(three.id()));
    // Who is not removed comes back with a log that goes on.
    before.remove(&older.leaf(1));
    three.add(4);
    assert!(ask(&before, &add(&before, leaf(2), &[three.member(4)]), &logs(&[&three])).is_ok());
}

#[test]
fn nobody_is_in_twice_and_there_is_an_end() {
    let before = state(&[1, 2]);
    let two = Account::new(2, 1);
    let deed = add(&before, leaf(1), &[two.member(1)]);
    assert_eq!(refused(&before, &deed, &logs(&[&two])), Refusal::Twice);
    let three = Account::new(3, 1);
    let deed = add(&before, leaf(1), &[three.member(1), three.member(1)]);
    assert_eq!(refused(&before, &deed, &logs(&[&three])), Refusal::Twice);
    let mut full = before.clone();
    for index in 2..256_u32 {
        let mut member = three.member(1);
        member.leaf.device.0[4..8].copy_from_slice(&index.to_be_bytes());
        member.leaf.key.0[4..8].copy_from_slice(&index.to_be_bytes());
        full.leaves.insert(index, member);
    }
    assert_eq!(judge_state(&full), Ok(()));
    let four = Account::new(4, 1);
    let deed = add(&full, leaf(1), &[four.member(1)]);
    assert_eq!(refused(&full, &deed, &logs(&[&four])), Refusal::Size);
    let mut none = before;
    none.leaves.clear();
    assert_eq!(judge_state(&none), Err(Refusal::Size));
}
