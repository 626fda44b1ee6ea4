//! Tests of invite links: who makes them, who joins by them, and how often.

use super::*;
use crate::group::link::{Coming, Link};

fn secret(number: u8) -> LinkSecret {
    LinkSecret::new([number; 32])
}

/// A link that the first account made.
fn link(terms: Terms) -> Link {
    secret(1).link(account_id(1), terms)
}

/// A group with this link.
fn with_link(accounts: &[u8], terms: Terms) -> State {
    let mut before = state(accounts);
    before.policy.floor = 2;
    before.policy.links = vec![link(terms)];
    before
}

/// An account comes from outside by a link.
fn come(by: &LinkSecret, account: &Account) -> (Deed, Evidence) {
    let mut path = account.member(1);
    path.state.came_by = Some(by.id());
    let deed = Deed {
        epoch: Epoch(3),
        by: path.leaf,
        external: true,
        path: Some(path),
        adds: Vec::new(),
        removes: Vec::new(),
        context: None,
        era: EraStep::GoesOn,
    };
    (deed, Evidence { link: Some(prove(by, &path)), ..logs(&[account]) })
}

fn prove(by: &LinkSecret, path: &Member) -> crate::group::link::LinkProof {
    by.prove(&Coming { group: GROUP, epoch: Epoch(3), leaf: path.leaf, nonce: path.state.nonce })
}

#[test]
fn who_has_a_link_comes_in() {
    let before = with_link(&[1, 2], Terms::default());
    let new = Account::new(3, 1);
    let (deed, evidence) = come(&secret(1), &new);
    let judged = ask(&before, &deed, &evidence).unwrap();
    assert_eq!(judged.came, Some(Came::Link(secret(1).id())));
    assert_eq!((judged.added, judged.joined), (vec![new.leaf(1)], vec![new.id()]));
    assert_eq!(judged.after.member(&new.leaf(1)).unwrap().state.came_by, Some(secret(1).id()));
    assert_eq!(judged.after.policy, before.policy);
}

/// Each of them is wrong in one thing only.
#[test]
fn p10_who_has_no_link_of_the_group_does_not_come_in() {
    let before = with_link(&[1, 2], Terms::default());
    let new = Account::new(3, 1);
    let (deed, evidence) = come(&secret(1), &new);
    let path = deed.path.unwrap();
    let with = |change: fn(&mut Deed)| {
        let mut deed = deed.clone();
        change(&mut deed);
        deed
    };
    let none = Evidence { link: None, ..evidence.clone() };
    assert_eq!(refused(&before, &deed, &none), Refusal::Committer, "no proof");
    let (other, others) = come(&secret(2), &new);
    assert_eq!(refused(&before, &other, &others), Refusal::Link, "a link of another group");
    let unmarked = with(|it| {
        if let Some(path) = &mut it.path {
            path.state.came_by = None;
        }
    });
    assert_eq!(refused(&before, &unmarked, &evidence), Refusal::Link, "a leaf that does not say how it came");
    let later = with(|it| it.epoch = Epoch(4));
    assert_eq!(refused(&before, &later, &evidence), Refusal::Link, "the proof of an earlier epoch");
    let era = with(|it| it.era = EraStep::Begins);
    assert_eq!(refused(&before, &era, &evidence), Refusal::Era);
    let removes = with(|it| it.removes = vec![leaf(2)]);
    assert_eq!(refused(&before, &removes, &evidence), Refusal::External, "a removal beside it (E1)");
    let mut context = deed.clone();
    context.context = Some((before.policy.clone(), before.floors.clone()));
    assert_eq!(refused(&before, &context, &evidence), Refusal::External);
    let no_log = Evidence { logs: Vec::new(), ..evidence.clone() };
    assert_eq!(refused(&before, &deed, &no_log), Refusal::NoLog(new.id()));
    // E2: in the name of somebody else.
    let mut forged = deed.clone();
    let state = LeafState { head: Account::new(4, 1).head(), ..path.state };
    let claimed = Member { leaf: Leaf { account: account_id(4), ..path.leaf }, state, ..path };
    (forged.path, forged.by) = (Some(claimed), claimed.leaf);
    let four = Evidence { link: Some(prove(&secret(1), &claimed)), ..logs(&[&Account::new(4, 1)]) };
    assert_eq!(refused(&before, &forged, &four), Refusal::NotListed(account_id(4)));
}

#[test]
fn a_link_that_needs_approval_lets_nobody_in_by_itself() {
    let before = with_link(&[1, 2], Terms { approval: true, ..Terms::default() });
    let (deed, evidence) = come(&secret(1), &Account::new(3, 1));
    assert_eq!(refused(&before, &deed, &evidence), Refusal::Link);
}

#[test]
fn m5_seats_do_not_come_free_by_removals() {
    let before = with_link(&[1, 2], Terms { most: 2, ..Terms::default() });
    let mut group = before;
    for number in [3, 4] {
        let (deed, evidence) = come(&secret(1), &Account::new(number, 1));
        group = ask(&group, &deed, &evidence).unwrap().after;
    }
    let (deed, evidence) = come(&secret(1), &Account::new(5, 1));
    assert_eq!(refused(&group, &deed, &evidence), Refusal::Link);
    let bare = remove(&group, leaf(1), &[leaf(3)]);
    assert_eq!(refused(&group, &bare, &nothing()), Refusal::Roles, "the removal counts the seat");
    let removal = settled(&group, bare, &nothing());
    let after = ask(&group, &removal, &nothing()).unwrap().after;
    assert_eq!(after.policy.links.first().map(|link| link.used), Some(1));
    assert_eq!(refused(&after, &deed, &evidence), Refusal::Link);
}

#[test]
fn who_comes_by_a_link_keeps_saying_so() {
    let before = with_link(&[1, 2], Terms::default());
    let new = Account::new(3, 1);
    let (deed, evidence) = come(&secret(1), &new);
    let after = ask(&before, &deed, &evidence).unwrap().after;
    let mut forgets = update(&after, new.leaf(1));
    if let Some(path) = &mut forgets.path {
        path.state.came_by = None;
    }
    assert_eq!(refused(&after, &forgets, &nothing()), Refusal::PathLeaf);
    // Who is added did not come by a link.
    let four = Account::new(4, 1);
    let mut member = four.member(1);
    member.state.came_by = Some(secret(1).id());
    let added = add(&before, leaf(1), &[member]);
    assert_eq!(refused(&before, &added, &logs(&[&four])), Refusal::Leaf);
}

#[test]
fn p10_who_governs_makes_links_in_their_own_name() {
    let mut before = state(&[1, 2, 3]);
    before.policy.set_role(account_id(2), Role::Admin);
    let make = |before: &State, by: u8, in_name_of: u8| {
        let deed = write(before, leaf(by), |it| {
            it.floor = 2;
            it.links.push(secret(9).link(account_id(in_name_of), Terms::default()));
        });
        ask(before, &Deed { era: EraStep::Begins, ..deed }, &nothing())
    };
    assert!(make(&before, 1, 1).is_ok() && make(&before, 2, 2).is_ok());
    assert_eq!(make(&before, 3, 3), Err(Refusal::MayNotChange));
    assert_eq!(make(&before, 2, 1), Err(Refusal::MayNotChange), "in the owner's name");
    // A group with links asks for the version that knows them, of every leaf.
    let low = write(&before, leaf(1), |it| it.links.push(secret(9).link(account_id(1), Terms::default())));
    let low = Deed { era: EraStep::Begins, ..low };
    assert_eq!(refused(&before, &low, &nothing()), Refusal::Version);
    for member in before.leaves.values_mut().filter(|member| member.leaf == leaf(3)) {
        member.state.version = 1;
    }
    assert_eq!(make(&before, 1, 1), Err(Refusal::Version), "somebody has an older version");
}

#[test]
fn what_a_link_is_stays_and_its_terms_change() {
    let before = with_link(&[1, 2], Terms::default());
    let change = |change: fn(&mut Link)| {
        let deed = write(&before, leaf(1), |it| it.links.iter_mut().for_each(change));
        ask(&before, &Deed { era: EraStep::Begins, ..deed }, &nothing()).err()
    };
    assert_eq!(change(|it| it.most = 5), None);
    assert_eq!(change(|it| it.approval = true), None);
    let other = |it: &mut Link| it.by = account_id(2);
    assert_eq!(change(other), Some(Refusal::MayNotChange));
    assert_eq!(change(|it| it.keys = [0; 32]), Some(Refusal::MayNotChange));
    assert_eq!(change(|it| it.key.0 = [0; 32]), Some(Refusal::MayNotChange));
    let revoke = write(&before, leaf(1), |it| it.links.clear());
    assert_eq!(refused(&before, &revoke, &nothing()), Refusal::Era, "who has it must not know the next era");
    assert!(ask(&before, &Deed { era: EraStep::Begins, ..revoke }, &nothing()).is_ok());
}
