//! Tests of joining a group chat from outside.

use super::*;

/// A device comes into the chat from outside, by what another one has published.
fn come_in(all: &[Device], device: &mut Device, evidence: Evidence) -> Result<MadeCommit, GroupError> {
    let (group_info, tree) = all[0].group().package(&all[0].provider, &all[0].signer()).unwrap();
    come_in_by(&group_info, &tree, device, evidence)
}

fn come_in_by(
    group_info: &[u8],
    tree: &[u8],
    device: &mut Device,
    evidence: Evidence,
) -> Result<MadeCommit, GroupError> {
    let outside = Outside::read(&device.provider, group_info, tree)?;
    let own: (_, LogHead) = (device.member.leaf, device.account.head());
    let (group, made) =
        Group::come_in(&device.provider, &DeviceSigner(&device.key), own, outside, (evidence, None))?;
    assert_eq!(group.state().unwrap(), made.judged.after);
    device.group = Some(group);
    Ok(made)
}

#[test]
fn p9_a_device_that_lost_its_state_takes_its_place_again() {
    let mut all = chat(4);
    let cara = all[2].account.id();
    let promoted = all[0].change(|it| it.set_role(cara, Role::Admin));
    all_follow(&mut all, 0, &promoted);
    let bob = all[1].member.leaf;
    let made = all[0].commit(ChatCommit { remove: vec![bob], ..ChatCommit::update(EraStep::Begins) }, None);
    let mut lost = all.remove(2);
    all.remove(1);
    all_follow(&mut all, 0, &made);
    // It missed the removal, and takes the place that has become free.
    let made = come_in(&all, &mut lost, Evidence::default()).unwrap();
    assert_eq!((made.judged.came, &made.judged.added), (Some(Came::Resync), &Vec::new()));
    assert_eq!(made.judged.after.leaves.get(&1).unwrap().leaf, lost.member.leaf);
    all.push(lost);
    all_follow(&mut all, 2, &made);
    assert_eq!(all[2].group().policy().unwrap().role(&cara), Role::Admin);
    let sealed = all[2].write(b"back");
    assert_eq!(all[1].read(&sealed), b"back");
    all[2].group = Some(Group::load(&all[2].provider, GROUP).unwrap());
    let made = all[2].change(|it| it.name = "Mine".to_owned());
    all_follow(&mut all, 2, &made);
}

#[test]
fn e2_a_new_device_of_a_member_comes_in_and_a_stranger_does_not() {
    let mut all = chat(2);
    let mut two = all[1].account.clone();
    two.add(2);
    let mut sibling = device(&two, 2, 20);
    let log = sibling.log();
    let id = two.id();
    let refused = come_in(&all, &mut sibling, Evidence::default()).err();
    assert_eq!(refused, Some(GroupError::Refused(Refusal::NoLog(id))));
    let made = come_in(&all, &mut sibling, log).unwrap();
    assert_eq!((made.judged.came, &made.judged.added), (Some(Came::Sibling), &vec![sibling.member.leaf]));
    all.push(sibling);
    all_follow(&mut all, 2, &made);
    let mut stranger = device(&Account::new(9, 1), 1, 21);
    let log = stranger.log();
    let refused = come_in(&all, &mut stranger, log).err();
    assert_eq!(refused, Some(GroupError::Refused(Refusal::Committer)));
}

/// What a commit brings is enough for who comes next, and so is the tree of whoever merged it.
#[test]
fn e5_who_comes_next_gets_in_by_the_group_info_of_a_commit() {
    let mut all = chat(3);
    let mut lost = all.remove(2);
    let made = all[0].change(|it| it.name = "Others".to_owned());
    all_follow(&mut all, 0, &made);
    let tree = all[1].group().package(&all[1].provider, &all[1].signer()).unwrap().1;
    let made = come_in_by(&made.entry.group_info, &tree, &mut lost, Evidence::default()).unwrap();
    all.push(lost);
    all_follow(&mut all, 2, &made);
    // By that of an external commit, too.
    let mut next = all.remove(1);
    let tree = all[0].group().package(&all[0].provider, &all[0].signer()).unwrap().1;
    let made = come_in_by(&made.entry.group_info, &tree, &mut next, Evidence::default()).unwrap();
    all.push(next);
    all_follow(&mut all, 2, &made);
}

#[test]
fn what_is_no_chat_is_not_looked_at_from_outside() {
    let all = chat(2);
    let (info, tree) = all[0].group().package(&all[0].provider, &all[0].signer()).unwrap();
    let provider = &all[1].provider;
    assert!(Outside::read(provider, &info, &tree).is_ok());
    for (info, tree) in [
        (&info[..10], &tree[..]),
        (&info, &tree[..tree.len() - 1]),
        (&tree, &info),
        (&info, &[]),
        (&[&info[..], &[0]].concat(), &tree),
    ] {
        assert_eq!(Outside::read(provider, info, tree).err(), Some(GroupError::Invalid));
    }
}
