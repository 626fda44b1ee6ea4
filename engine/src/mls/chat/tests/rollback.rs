//! Tests of a device that has lost its keys: one commit removes and adds it (RFC 9420 section 12.3: in the resulting tree
//! each signature key is present only once).

use super::*;

/// The second of three has lost its state, and is there with nothing but its signature key.
fn lost(all: &mut [Device]) -> Device {
    let mut account = all[1].account.clone();
    account.roll_back(1);
    device(&account, 1, 77)
}

fn let_in(lost: &Device) -> ChatCommit {
    let (add, remove) = (vec![lost.package()], vec![lost.member.leaf]);
    ChatCommit { add, remove, evidence: lost.log(), ..ChatCommit::update(EraStep::Begins) }
}

#[test]
fn j7_a_device_that_lost_its_place_is_let_in_again_by_anybody() {
    for by in [0, 2] {
        let mut all = settled(3);
        let bob = all[1].account.id();
        let promoted = all[0].change(|it| it.set_role(bob, Role::Admin));
        all_follow(&mut all, 0, &promoted);
        let mut lost = lost(&mut all);
        let made = all[by].commit(let_in(&lost), None);
        assert_eq!(made.judged.removed, [(lost.member.leaf, Why::RolledBack)]);
        assert!(made.judged.gone.is_empty() && made.judged.joined.is_empty());
        // Where the device was there all the same, that is the end of its old keys.
        let mut old = all.remove(1);
        assert!(old.follow(&made.entry).is_ok() && !old.group().is_active());
        lost.join(&made.welcome.together().unwrap()).unwrap();
        all.insert(1, lost);
        let other = 2 - by;
        assert_eq!(all[other].follow(&made.entry).as_ref(), Ok(&made.judged));
        agree(&all);
        assert_eq!(all[1].group().policy().unwrap().role(&bob), Role::Admin);
        let sealed = all[1].write(b"here again");
        assert_eq!(all[other].read(&sealed), b"here again");
        let renamed = all[1].change(|it| it.name = "Others".to_owned());
        all_follow(&mut all, 1, &renamed);
    }
}

#[test]
fn r2_the_same_word_lets_nobody_in_twice() {
    let mut all = settled(3);
    let lost = lost(&mut all);
    let made = all[0].commit(let_in(&lost), None);
    assert_eq!(all[2].follow(&made.entry).as_ref(), Ok(&made.judged));
    let refused = all[2].stage(let_in(&lost)).err();
    assert_eq!(refused, Some(GroupError::Refused(Refusal::MayNotRemove(lost.account.id()))));
}
