//! Each rule, and what it keeps out.

use parley_protocol::device_log::LogHead;
use parley_protocol::ids::{EntryHash, Epoch};

use super::*;
use crate::group::evidence::LeaveStatement;
use crate::group::fixtures::{Account, account_id, key, state};
use crate::group::leaf_state::LeafState;
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
    Deed { by, external: false, path, adds, removes, context: None, era: EraStep::GoesOn }
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
    Evidence { logs: accounts.iter().map(|account| account.entries()).collect(), leaves: Vec::new() }
}

fn leaves(before: &State, member: &Leaf, signer: (u8, u8)) -> Evidence {
    let nonce = before.member(member).unwrap().state.nonce;
    let key = key(signer.0, signer.1);
    let statement = LeaveStatement::sign(GROUP, (member.account, member.device), nonce, Epoch(3), &key);
    Evidence { logs: Vec::new(), leaves: vec![statement] }
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
    deed.path = Some(Member { state: LeafStateOf(&before, 2).with_head(grown.head()), leaf: leaf(2) });
    deed.era = EraStep::Begins;
    let judged = ask(&before, &deed, &nothing()).unwrap();
    assert_eq!(judged.after.member(&leaf(2)).unwrap().state.head, grown.head());
    assert_eq!(judged.after.leaves.keys().collect::<Vec<_>>(), [&0, &1, &2]);
}

/// What a leaf says, changed.
struct LeafStateOf<'a>(&'a State, u8);

impl LeafStateOf<'_> {
    fn get(&self) -> LeafState {
        self.0.member(&leaf(self.1)).unwrap().state
    }

    fn with_head(&self, head: LogHead) -> LeafState {
        LeafState { head, ..self.get() }
    }
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
    let path_of = |leaf, state| Deed { path: Some(Member { leaf, state }), ..update(&before, own.leaf) };
    assert!(ask(&before, &path_of(own.leaf, state), &nothing()).is_ok());
    for (what, hostile) in [
        ("the owner's account", path_of(Leaf { account: account_id(1), ..own.leaf }, state)),
        ("another device", path_of(Leaf { device: leaf(1).device, ..own.leaf }, state)),
        ("another key", path_of(Leaf { key: leaf(3).key, ..own.leaf }, state)),
        ("another nonce", path_of(own.leaf, LeafState { nonce: [0; 16], ..state })),
        ("another link", path_of(own.leaf, LeafState { came_by: Some([0; 16]), ..state })),
        ("a log that went back", path_of(own.leaf, LeafState { head: older, ..state })),
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
    let (twice, empty) = (logs(&[&new, &new]), Evidence { logs: vec![Vec::new()], leaves: Vec::new() });
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
        Evidence { logs: Vec::new(), leaves: vec![statement] }
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

#[test]
fn p10_what_may_be_changed_is_by_role() {
    let mut before = state(&[1, 2, 3]);
    before.policy.set_role(account_id(2), Role::Admin);
    type Change = fn(&mut Policy);
    let changes: [(Change, u8); 8] = [
        (|it| it.name = "Others".to_owned(), 2),
        (|it| it.picture = Some([1; 32]), 2),
        (|it| it.permissions.add = Role::Owner, 2),
        (|it| it.history = 1, 2),
        (|it| it.links.push(vec![1]), 2),
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
    assert_eq!(ask(|it| it.links = vec![Vec::new(); 17]), Some(Refusal::Policy));
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

#[test]
fn p10_who_comes_and_goes_begins_an_era() {
    let before = state(&[1, 2, 3]);
    let new = Account::new(4, 1);
    let goes_on = |deed: Deed| Deed { era: EraStep::GoesOn, ..deed };
    for deed in [
        goes_on(add(&before, leaf(1), &[new.member(1)])),
        goes_on(remove(&before, leaf(1), &[leaf(3)])),
        write(&before, leaf(1), |it| it.history = 1),
        write(&before, leaf(1), |it| it.links = vec![vec![1]]),
    ] {
        assert_eq!(refused(&before, &deed, &logs(&[&new])), Refusal::Era);
        let begins = Deed { era: EraStep::Begins, ..deed };
        assert!(ask(&before, &begins, &logs(&[&new])).is_ok());
    }
}

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
    assert_eq!(with(|it| it.policy.floor = 2), Err(Refusal::Version));
    assert_eq!(with(|it| it.policy.name = "\n".to_owned()), Err(Refusal::Policy));
    assert_eq!(with(|it| it.add(Account::new(2, 1).member(1))), Err(Refusal::Twice));
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
