//! Tests of what commits write into the GroupContext.

use super::*;

type Change = fn(&mut Policy);

#[test]
fn p10_what_may_be_changed_is_by_role() {
    let mut before = state(&[1, 2, 3]);
    before.policy.set_role(account_id(2), Role::Admin);
    before.policy.floor = 2;
    let changes: [(Change, u8); 8] = [
        (|it| it.name = "Others".to_owned(), 2),
        (|it| it.picture = Some([1; 32]), 2),
        (|it| it.permissions.add = Role::Owner, 2),
        (|it| it.history = 1, 2),
        (|it| it.history = 2, 2),
        (|it| it.set_role(account_id(3), Role::Admin), 1),
        (|it| it.set_role(account_id(2), Role::Owner), 1),
        (|it| it.set_role(account_id(2), Role::Member), 1),
    ];
    for (number, (change, least)) in changes.into_iter().enumerate() {
        for by in [1, 2, 3] {
            let deed = Deed { era: EraStep::Begins, ..write(&before, leaf(by), change) };
            let judged = ask(&before, &deed, &nothing());
            assert_eq!(judged.is_ok(), by <= least, "{number} by {by}: {judged:?}");
            if let Ok(judged) = judged {
                assert_eq!(judged.policy, Some(deed.context.unwrap().0));
            }
        }
    }
    before.policy.permissions.change = Role::Member;
    let rename = write(&before, leaf(3), |it| it.name = "Others".to_owned());
    assert!(ask(&before, &rename, &nothing()).is_ok());
}

#[test]
fn p10_roles_are_of_who_is_there_and_one_is_an_owner() {
    let before = state(&[1, 2]);
    let ask = |change: fn(&mut Policy)| ask(&before, &write(&before, leaf(1), change), &nothing()).err();
    assert_eq!(ask(|it| it.set_role(account_id(3), Role::Admin)), Some(Refusal::Policy));
    assert_eq!(ask(|it| it.set_role(account_id(1), Role::Member)), Some(Refusal::Policy));
    assert_eq!(ask(|it| it.name = " x".to_owned()), Some(Refusal::Policy));
    let hand_over = |it: &mut Policy| {
        it.set_role(account_id(2), Role::Owner);
        it.set_role(account_id(1), Role::Member);
    };
    assert_eq!(ask(hand_over), None);
}

/// What is built for an owner who steps down without an heir is what is judged right.
#[test]
fn p10_who_steps_down_last_hands_over() {
    let before = state(&[1, 2, 3]);
    let mut wanted = before.policy.clone();
    wanted.set_role(account_id(1), Role::Member);
    wanted.set_role(account_id(3), Role::Admin);
    let deed = update(&before, leaf(1));
    let context = context_of(&GROUP, &before, &deed, Some(&wanted), &nothing()).unwrap();
    let judged = ask(&before, &Deed { context, ..deed }, &nothing()).unwrap();
    assert_eq!(judged.after.policy.owners().collect::<Vec<_>>(), [&account_id(3)]);
}

#[test]
fn c3_the_version_floor_is_bound_by_the_leaves() {
    let mut before = state(&[1, 2]);
    for member in before.leaves.values_mut() {
        member.state.version = 3;
    }
    before.policy.set_role(account_id(2), Role::Admin);
    let raise = |before: &State, by, floor| {
        let deed = write(before, leaf(by), |it| it.floor = floor);
        ask(before, &deed, &nothing()).err()
    };
    assert_eq!(raise(&before, 1, 3), None);
    assert_eq!(raise(&before, 2, 3), Some(Refusal::MayNotChange));
    assert_eq!(raise(&before, 1, 4), Some(Refusal::Version));
    assert_eq!(raise(&before, 1, u16::MAX), Some(Refusal::Version));
    assert_eq!(raise(&before, 1, 0), Some(Refusal::Version));
    // Who is added is not older than that.
    let new = Account::new(3, 1);
    let mut member = new.member(1);
    member.state.version = 0;
    let deed = add(&before, leaf(1), &[member]);
    assert_eq!(refused(&before, &deed, &logs(&[&new])), Refusal::Version);
    // What stands in the group already makes a device wait, whoever commits whatever.
    before.policy.floor = policy::VERSION + 1;
    assert_eq!(refused(&before, &update(&before, leaf(9)), &nothing()), Refusal::Newer);
}

/// All pairs of removals, in both orders: who comes second is judged by what the first left.
#[test]
fn c9_the_log_orders_mutual_removals() {
    let mut before = state(&[1, 2, 3]);
    before.policy.set_role(account_id(2), Role::Owner);
    before.policy.set_role(account_id(3), Role::Admin);
    let demote = |state: &State, by: u8, whom: u8| {
        let deed = write(state, leaf(by), |it| it.set_role(account_id(whom), Role::Member));
        ask(state, &deed, &nothing())
    };
    for (first, second) in [(1, 2), (2, 1)] {
        let after = demote(&before, first, second).unwrap().after;
        let stale = write(&after, leaf(second), |it| it.set_role(account_id(first), Role::Member));
        assert_eq!(refused(&after, &stale, &nothing()), Refusal::Roles);
        let bare = remove(&after, leaf(second), &[leaf(3)]);
        assert_eq!(refused(&after, &bare, &nothing()), Refusal::MayNotRemove(account_id(3)));
    }
}
