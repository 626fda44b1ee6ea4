//! Tests of group chats of several devices, without the rest of the engine.

mod outside;
mod rollback;

use std::collections::BTreeMap;

use openmls::prelude::KeyPackage;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::LogHead;
use parley_protocol::ids::{Epoch, GroupId, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::outside::Outside;
use super::{ChatCommit, ChatError, MadeCommit};
use crate::channel::group_era::EraStep;
use crate::group::entry::CommitEntry;
use crate::group::evidence::{Evidence, LeaveStatement};
use crate::group::fixtures::Account;
use crate::group::judge::{Came, Judged, Why, context_of};
use crate::group::leaf_state::LeafState;
use crate::group::policy::{Policy, Role};
use crate::group::refusal::Refusal;
use crate::group::state::Member;
use crate::mls::group::{Group, GroupError, Incoming, OpenedWelcome};
use crate::mls::*;

pub(super) const GROUP: GroupId = GroupId([7; 16]);

/// A device, and the chat if it is in it.
pub(super) struct Device {
    pub(super) provider: Provider,
    pub(super) state: Rc<StateStore>,
    pub(super) key: SigningKey,
    pub(super) account: Account,
    pub(super) member: Member,
    pub(super) group: Option<Group>,
}

pub(super) fn device(account: &Account, number: u8, seed: u64) -> Device {
    let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(seed));
    let state = Rc::new(StateStore::new(BTreeMap::new()));
    let member = account.member(number);
    let provider = Provider::new(random, Rc::clone(&state));
    Device { provider, state, key: account.key(number), account: account.clone(), member, group: None }
}

impl Device {
    pub(super) fn signer(&self) -> DeviceSigner<'_> {
        DeviceSigner(&self.key)
    }

    pub(super) fn group(&self) -> &Group {
        self.group.as_ref().unwrap()
    }

    pub(super) fn group_mut(&mut self) -> &mut Group {
        self.group.as_mut().unwrap()
    }

    pub(super) fn package(&self) -> KeyPackage {
        let head = self.account.head();
        let bytes =
            key_package::make(&self.provider, &self.signer(), &self.member.leaf, head, false).unwrap();
        key_package::check(&self.provider, &bytes, &self.member.leaf).unwrap()
    }

    pub(super) fn log(&self) -> Evidence {
        Evidence { logs: vec![self.account.entries()], leaves: Vec::new(), link: None }
    }

    /// Makes a commit, with what has to be written because of it, and enters its epoch.
    pub(super) fn commit(&mut self, mut commit: ChatCommit, wanted: Option<&Policy>) -> MadeCommit {
        let before = self.group().state().unwrap();
        let (_, deed) = self.group().deed(&commit).unwrap();
        commit.context = context_of(&GROUP, &before, &deed, wanted, &commit.evidence).unwrap();
        let made = self.stage(commit).unwrap();
        let next = self.group().next_capability(&self.provider).unwrap();
        let Self { provider, group, .. } = self;
        group.as_mut().unwrap().merge_pending(provider).unwrap();
        assert_eq!(self.capability(), next);
        assert_eq!(self.group().state().unwrap(), made.judged.after, "what was judged is what became");
        made
    }

    pub(super) fn stage(&mut self, commit: ChatCommit) -> Result<MadeCommit, GroupError> {
        let Self { provider, group, key, .. } = self;
        group.as_mut().unwrap().commit_chat(provider, &DeviceSigner(key), commit)
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Policy)) -> MadeCommit {
        let mut policy = self.group().policy().unwrap();
        change(&mut policy);
        self.commit(ChatCommit::update(EraStep::GoesOn), Some(&policy))
    }

    /// Reads a commit as the engine does: what is not followed leaves nothing behind.
    pub(super) fn follow(&mut self, entry: &CommitEntry) -> Result<Judged, ChatError> {
        let mark = self.state.mark();
        let Self { provider, group, .. } = self;
        let group = group.as_mut().unwrap();
        let staged = group.process_chat_commit(provider, entry);
        if let Ok(staged) = &staged {
            let judged = &staged.judged;
            let members = judged.came.is_none() && !(judged.added.is_empty() && judged.removed.is_empty());
            assert!(!members || staged.era == EraStep::Begins);
        }
        let read = staged.and_then(|staged| group.merge_chat(provider, *staged));
        if read.is_err() {
            self.state.roll_back(mark);
            self.group = Some(Group::load(&self.provider, GROUP).unwrap());
        }
        read
    }

    pub(super) fn join(&mut self, welcome: &[u8]) -> Result<(), GroupError> {
        let opened = OpenedWelcome::open(&self.provider, welcome)?;
        let chat = opened.chat.clone().unwrap();
        let group = opened.join(&self.provider)?;
        assert_eq!(group.state().unwrap(), chat);
        self.group = Some(group);
        Ok(())
    }

    pub(super) fn capability(&self) -> Capability {
        self.group().capability(&self.provider).unwrap()
    }

    pub(super) fn write(&mut self, text: &[u8]) -> Vec<u8> {
        let Self { provider, group, key, .. } = self;
        group.as_mut().unwrap().encrypt(provider, &DeviceSigner(key), text).unwrap()
    }

    pub(super) fn read(&mut self, sealed: &[u8]) -> Vec<u8> {
        let Self { provider, group, .. } = self;
        match group.as_mut().unwrap().process(provider, sealed).unwrap() {
            Incoming::Message { padded, .. } => padded,
            Incoming::Commit { .. } => panic!("a commit"),
        }
    }
}

pub(super) fn logs_of(devices: &[Device]) -> Evidence {
    Evidence { logs: devices.iter().map(|it| it.account.entries()).collect(), leaves: Vec::new(), link: None }
}

/// A chat of so many accounts with a device each, made by the first.
pub(super) fn chat(accounts: u8) -> Vec<Device> {
    let mut all: Vec<Device> =
        (1..=accounts).map(|number| device(&Account::new(number, 1), 1, number.into())).collect();
    let packages: Vec<KeyPackage> = all.iter().skip(1).map(Device::package).collect();
    let evidence = logs_of(&all[1..]);
    let ada = &mut all[0];
    let policy = Policy::new("Friends", ada.account.id());
    let (group, welcome) = Group::create_chat(
        &ada.provider,
        &DeviceSigner(&ada.key),
        &ada.member,
        GROUP,
        &policy,
        (&packages, evidence),
    )
    .unwrap();
    ada.group = Some(group);
    for (beginning, it) in welcome.beginnings.iter().zip(&mut all[1..]) {
        it.join(&[&beginning[..], &welcome.end].concat()).unwrap();
    }
    agree(&all);
    all
}

/// The same, after each of them has committed something.
pub(super) fn settled(accounts: u8) -> Vec<Device> {
    let mut all = chat(accounts);
    for place in 0..all.len() {
        let made = all[place].commit(ChatCommit::update(EraStep::GoesOn), None);
        all_follow(&mut all, place, &made);
    }
    all
}

/// All are in the same epoch of the same chat, and can read each other.
pub(super) fn agree(devices: &[Device]) {
    let first = &devices[0];
    for it in devices {
        assert_eq!(it.group().epoch(), first.group().epoch());
        assert!(it.capability() == first.capability());
        assert_eq!(it.group().state(), first.group().state());
        let [ours, theirs] =
            [it, first].map(|it| it.group().era(&it.provider, UnixMillis(0)).unwrap().read_capability());
        assert!(ours == theirs);
    }
}

/// The others follow what one of them did.
pub(super) fn all_follow(devices: &mut [Device], by: usize, made: &MadeCommit) {
    for (place, it) in devices.iter_mut().enumerate() {
        if place != by {
            assert_eq!(it.follow(&made.entry).as_ref(), Ok(&made.judged));
        }
    }
    agree(devices);
}

#[test]
fn p1_a_chat_is_made_and_comes_back_from_the_state() {
    let mut all = chat(4);
    assert_eq!(all[0].group().epoch(), Epoch(1));
    assert!(all.iter().all(|it| it.group().is_chat()));
    assert_eq!(all[3].group().policy().unwrap().name, "Friends");
    let sealed = all[2].write(b"hello");
    assert_eq!(all[0].read(&sealed), b"hello");
    for it in &mut all {
        it.group = Some(Group::load(&it.provider, GROUP).unwrap());
    }
    let made = all[1].commit(ChatCommit::update(EraStep::GoesOn), None);
    // It is a PublicMessage still (RFC 9420 section 6).
    assert_eq!(made.entry.message[..4], [0, 1, 0, 1]);
    all_follow(&mut all, 1, &made);
    let sealed = all[3].write(b"again");
    assert_eq!(all[1].read(&sealed), b"again");
}

#[test]
fn a_chat_may_begin_with_nobody_else() {
    let mut ada = device(&Account::new(1, 1), 1, 1);
    let policy = Policy::new("", ada.account.id());
    let (group, welcome) = Group::create_chat(
        &ada.provider,
        &ada.signer(),
        &ada.member,
        GROUP,
        &policy,
        (&[], Evidence::default()),
    )
    .unwrap();
    assert_eq!((group.epoch(), welcome.beginnings.len()), (Epoch(0), 0));
    ada.group = Some(group);
    let mut bob = device(&Account::new(2, 1), 1, 2);
    let commit =
        ChatCommit { add: vec![bob.package()], evidence: bob.log(), ..ChatCommit::update(EraStep::Begins) };
    let made = ada.commit(commit, None);
    bob.join(&made.welcome.together().unwrap()).unwrap();
    agree(&[ada, bob]);
}

/// A commit that only adds has no path, and is small.
#[test]
fn people_are_added_renamed_and_removed() {
    let mut all = chat(3);
    let (dan, eve) = (device(&Account::new(4, 2), 1, 4), device(&Account::new(4, 2), 2, 5));
    let add = vec![dan.package(), eve.package()];
    let commit = ChatCommit { add, evidence: dan.log(), ..ChatCommit::update(EraStep::Begins) };
    let made = all[1].commit(commit, None);
    assert!(made.entry.message.len() < 6_500, "{} bytes", made.entry.message.len());
    assert!(made.entry.group_info.len() < 2_000, "{} bytes", made.entry.group_info.len());
    assert_eq!(made.judged.joined, [dan.account.id()]);
    all_follow(&mut all, 1, &made);
    all.extend([dan, eve]);
    for (place, beginning) in made.welcome.beginnings.iter().enumerate() {
        all[3 + place].join(&[&beginning[..], &made.welcome.end].concat()).unwrap();
    }
    agree(&all);

    let renamed = all[0].change(|it| it.name = "Others".to_owned());
    assert_eq!(renamed.judged.policy.as_ref().unwrap().name, "Others");
    all_follow(&mut all, 0, &renamed);
    let bob = all[1].account.id();
    let promoted = all[0].change(|it| it.set_role(bob, Role::Admin));
    all_follow(&mut all, 0, &promoted);

    // Removed by an admin, both devices.
    let remove = vec![all[3].member.leaf, all[4].member.leaf];
    let made = all[1].commit(ChatCommit { remove, ..ChatCommit::update(EraStep::Begins) }, None);
    assert_eq!(made.judged.gone, [(all[3].account.id(), Why::ByRank)]);
    for mut gone in all.drain(3..) {
        assert_eq!(gone.follow(&made.entry).as_ref(), Ok(&made.judged));
        assert!(!gone.group().is_active());
    }
    all_follow(&mut all, 1, &made);
    let sealed = all[0].write(b"without them");
    assert_eq!(all[2].read(&sealed), b"without them");
}

#[test]
fn p10_an_owner_leaves_and_another_governs() {
    let mut all = settled(3);
    let (id, leaf) = (all[0].account.id(), all[0].member.leaf);
    let nonce = all[0].group().state().unwrap().member(&leaf).unwrap().state.nonce;
    let by = (id, leaf.device);
    let statement = LeaveStatement::sign(GROUP, by, nonce, all[0].group().epoch(), &all[0].key);
    let evidence = Evidence { logs: Vec::new(), leaves: vec![statement], link: None };
    let commit = ChatCommit { remove: vec![leaf], evidence, ..ChatCommit::update(EraStep::Begins) };
    let bob = all[1].account.id();
    let made = all[2].commit(commit, None);
    assert_eq!(made.judged.gone, [(id, Why::Left)]);
    assert_eq!(made.judged.policy.as_ref().unwrap().owners().collect::<Vec<_>>(), [&bob]);
    let mut gone = all.remove(0);
    assert!(gone.follow(&made.entry).is_ok() && !gone.group().is_active());
    all_follow(&mut all, 1, &made);
}

#[test]
fn m3_a_revoked_device_goes_with_a_floor_and_stays_away() {
    let mut all = chat(2);
    let mut three = Account::new(3, 2);
    let (first, thief) = (device(&three, 1, 8), device(&three, 2, 9));
    let add = vec![first.package(), thief.package()];
    let old_log = first.log();
    let commit = ChatCommit { add, evidence: old_log.clone(), ..ChatCommit::update(EraStep::Begins) };
    let made = all[0].commit(commit, None);
    all_follow(&mut all, 0, &made);
    three.remove(2);
    let evidence = Evidence { logs: vec![three.entries()], leaves: Vec::new(), link: None };
    let remove = vec![thief.member.leaf];
    let made = all[1].commit(ChatCommit { remove, evidence, ..ChatCommit::update(EraStep::Begins) }, None);
    assert_eq!(made.judged.removed, [(thief.member.leaf, Why::DeviceRemoved)]);
    assert_eq!(made.judged.after.floors.of(&three.id()), Some(&three.head()));
    all_follow(&mut all, 1, &made);
    let again =
        ChatCommit { add: vec![thief.package()], evidence: old_log, ..ChatCommit::update(EraStep::Begins) };
    let refused = all[0].stage(again).err();
    assert_eq!(refused, Some(GroupError::Refused(Refusal::OldLog(three.id()))));
}

#[test]
fn what_a_leaf_says_grows_with_an_update() {
    let mut all = settled(2);
    let leaf = all[1].member.leaf;
    let before = all[1].group().state().unwrap().member(&leaf).unwrap().state;
    let mut account = all[1].account.clone();
    account.add(2);
    let own = LeafState { head: account.head(), ..before };
    let made = all[1].commit(ChatCommit { own: Some(own), ..ChatCommit::update(EraStep::GoesOn) }, None);
    all_follow(&mut all, 1, &made);
    assert_eq!(all[0].group().state().unwrap().member(&leaf).unwrap().state, own);
    let back = ChatCommit { own: Some(before), ..ChatCommit::update(EraStep::GoesOn) };
    assert_eq!(all[1].stage(back).err(), Some(GroupError::Refused(Refusal::PathLeaf)));
    // The group goes on with the same stay without a word of it.
    let made = all[1].commit(ChatCommit::update(EraStep::GoesOn), None);
    all_follow(&mut all, 1, &made);
    assert_eq!(all[0].group().state().unwrap().member(&leaf).unwrap().state, own);
}

#[test]
fn an_own_commit_is_known_as_that() {
    let mut all = chat(2);
    let update = ChatCommit::update(EraStep::GoesOn);
    let lost = all[0].stage(update.clone()).unwrap();
    let read = |device: &mut Device, entry: &CommitEntry| {
        let Device { provider, group, .. } = device;
        group.as_mut().unwrap().process_chat_commit(provider, entry).err()
    };
    assert_eq!(read(&mut all[0], &lost.entry), Some(ChatError::Own));
    let won = all[1].commit(update, None);
    let Device { provider, group, .. } = &mut all[0];
    group.as_mut().unwrap().drop_pending(provider).unwrap();
    assert_eq!(read(&mut all[0], &lost.entry), Some(ChatError::Own));
    all_follow(&mut all, 1, &won);
}

#[test]
fn e5_a_false_group_info_refuses_its_commit() {
    let mut all = chat(3);
    let other = all[2].group().package(&all[2].provider, &all[2].signer()).unwrap().0;
    let signed_by_another = |all: &mut [Device], made: &MadeCommit| {
        // The true one, which another member signs in its own name.
        all[2].follow(&made.entry).unwrap();
        let info = all[2].group().package(&all[2].provider, &all[2].signer()).unwrap().0;
        assert_ne!(info, made.entry.group_info);
        info
    };
    let mark = all[2].state.mark();
    let made = all[0].commit(ChatCommit::update(EraStep::GoesOn), None);
    let anothers = signed_by_another(&mut all, &made);
    all[2].state.roll_back(mark);
    all[2].group = Some(Group::load(&all[2].provider, GROUP).unwrap());
    let mut flipped = made.entry.group_info.clone();
    let end = flipped.len() - 1;
    flipped[end] ^= 1;
    for (what, group_info) in [
        ("of an earlier epoch", other),
        ("by another", anothers),
        ("with another signature", flipped),
        ("none at all", vec![1, 2, 3]),
        ("and more", [&made.entry.group_info[..], &[0]].concat()),
    ] {
        let entry = CommitEntry { group_info, ..made.entry.clone() };
        assert_eq!(all[1].follow(&entry), Err(ChatError::Refused(Refusal::GroupInfo)), "{what}");
    }
    // Without one, or with the true one, it is followed.
    let none = CommitEntry { group_info: Vec::new(), ..made.entry.clone() };
    assert!(all[1].follow(&none).is_ok() && all[2].follow(&made.entry).is_ok());
    agree(&all);
}

/// Who holds the era's key can put other evidence beside a commit. That blames nobody.
#[test]
fn q4_other_evidence_than_was_signed_is_not_judged() {
    let mut all = chat(3);
    let dan = device(&Account::new(4, 1), 1, 4);
    let commit =
        ChatCommit { add: vec![dan.package()], evidence: dan.log(), ..ChatCommit::update(EraStep::Begins) };
    let made = all[0].commit(commit, None);
    for evidence in [Evidence::default(), all[1].log()] {
        let entry = CommitEntry { evidence, ..made.entry.clone() };
        assert_eq!(all[1].follow(&entry), Err(ChatError::NotOpened));
    }
    all_follow(&mut all, 0, &made);
}
