//! Attack tests: members who speak MLS and break the rules of a group chat. All others refuse what they do, and stay in the
//! same epoch.

mod leaves;
mod paths;

use openmls::group::{CommitBuilder, Initial};
use openmls::prelude::{
    ApplyUpdatePathError, Capabilities, CredentialWithKey, CustomProposal, Extension, ExtensionType,
    Extensions, ExternalSender, GroupContext, KeyPackage, LeafNode, LeafNodeIndex, LeafNodeParameters,
    Lifetime, MlsGroup, MlsGroupCreateConfig, MlsMessageOut, ProcessMessageError, Proposal, ProposalType,
    RequiredCapabilitiesExtension, StageCommitError, UnknownExtension,
};
use openmls::schedule::PreSharedKeyId;
use openmls::schedule::psk::{ExternalPsk, Psk};
use parley_crypto::SUITE;
use tls_codec::Serialize as _;

use super::data::AuthenticatedData;
use super::outside::Outside;
use super::read::why;
use super::tests::{Device, GROUP, agree, all_follow, device, logs_of, settled as chat};
use super::{ChatCommit, ChatError};
use crate::channel::group_era::EraStep;
use crate::group::entry::CommitEntry;
use crate::group::evidence::Evidence;
use crate::group::fixtures::Account;
use crate::group::floors::Floors;
use crate::group::leaf_state::LeafState;
use crate::group::policy::{Policy, Role};
use crate::group::refusal::Refusal;
use crate::mls::credential::Leaf;
use crate::mls::group::{Group, GroupError, OpenedWelcome, mls_id};
use crate::mls::key_package::{capabilities, lifetime};
use crate::mls::settings::GroupSettings;
use crate::mls::*;
use crate::records::state::DamagedValue;

type Builder<'a> = CommitBuilder<'a, Initial>;

/// A commit that nobody judged before it was sent.
fn forge(
    by: &mut Device,
    aad: Vec<u8>,
    evidence: &Evidence,
    build: impl for<'a> FnOnce(Builder<'a>) -> Builder<'a>,
) -> CommitEntry {
    let Device { provider, group, key, .. } = by;
    let mls = group.as_mut().unwrap().raw();
    mls.set_aad(aad);
    let bundle = build(mls.commit_builder())
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), &DeviceSigner(key), |_| true)
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    let message = bundle.into_commit().tls_serialize_detached().unwrap();
    mls.clear_pending_commit(provider.storage()).unwrap();
    CommitEntry { message, evidence: evidence.clone(), group_info: Vec::new() }
}

fn said(era: EraStep, evidence: &Evidence) -> Vec<u8> {
    AuthenticatedData::of(era, evidence).encode()
}

/// The same, with all that it says of itself.
fn forged(
    by: &mut Device,
    era: EraStep,
    evidence: &Evidence,
    build: impl for<'a> FnOnce(Builder<'a>) -> Builder<'a>,
) -> CommitEntry {
    forge(by, said(era, evidence), evidence, build)
}

/// What all the others say of a commit, after which the chat goes on in its epoch.
fn verdict(all: &mut [Device], by: usize, entry: &CommitEntry) -> ChatError {
    let verdicts: Vec<_> = (0..all.len()).filter(|it| *it != by).collect();
    let verdicts: Vec<_> = verdicts.into_iter().map(|it| all[it].follow(entry).unwrap_err()).collect();
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
    agree(all);
    let sealed = all[0].write(b"going on");
    for reader in &mut all[1..] {
        assert_eq!(reader.read(&sealed), b"going on");
    }
    verdicts[0]
}

fn refused(all: &mut [Device], by: usize, entry: &CommitEntry) -> Refusal {
    match verdict(all, by, entry) {
        ChatError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

/// An honest commit is followed by all.
fn goes_on(mut all: Vec<Device>) {
    let made = all[0].change(|it| it.name = "Still here".to_owned());
    all_follow(&mut all, 0, &made);
}

fn none() -> Evidence {
    Evidence::default()
}

fn write(change: impl FnOnce(&mut Policy), before: &Policy) -> Extensions<GroupContext> {
    let mut policy = before.clone();
    change(&mut policy);
    extensions::context(&policy, &Floors::default()).unwrap()
}

#[test]
fn p10_a_forged_policy_is_refused_by_all() {
    let mut all = chat(4);
    let policy = all[0].group().policy().unwrap();
    let [ada, bob] = [0, 1].map(|it| all[it].account.id());
    for (change, refusal) in [
        (write(|it| it.set_role(bob, Role::Owner), &policy), Refusal::Roles),
        (write(|it| it.set_role(ada, Role::Member), &policy), Refusal::Roles),
        (write(|it| it.name = "Mine".to_owned(), &policy), Refusal::MayNotChange),
        (write(|it| it.permissions.change = Role::Member, &policy), Refusal::MayNotChange),
        (write(|it| it.floor = u16::MAX, &policy), Refusal::MayNotChange),
    ] {
        let entry = forged(&mut all[1], EraStep::GoesOn, &none(), |builder| {
            builder.propose_group_context_extensions(change).unwrap()
        });
        assert_eq!(refused(&mut all, 1, &entry), refusal);
    }
    goes_on(all);
}

#[test]
fn c7_only_the_exact_context_is_followed() {
    let mut all = chat(3);
    let policy = all[0].group().policy().unwrap().encode();
    let unknown = |number, bytes: &[u8]| Extension::Unknown(number, UnknownExtension(bytes.to_vec()));
    let required = |types: &[ExtensionType]| {
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(types, &[], &[]))
    };
    let ours = [extensions::POLICY, extensions::FLOORS, extensions::LEAF_STATE];
    let (policy_of, floors) = (|bytes: &[u8]| unknown(0xF0A1, bytes), unknown(0xF0A2, &[1, 0]));
    let sender = CredentialWithKey { ..all[2].member.leaf.credential() };
    let senders =
        Extension::ExternalSenders(vec![ExternalSender::new(sender.signature_key, sender.credential)]);
    let newer = [&[2], &policy[1..]].concat();
    for (what, context) in [
        ("no policy", vec![required(&ours), floors.clone()]),
        ("no floors", vec![required(&ours), policy_of(&policy)]),
        ("nothing", vec![required(&ours)]),
        ("another order", vec![policy_of(&policy), required(&ours), floors.clone()]),
        ("less that is required", vec![required(&ours[..2]), policy_of(&policy), floors.clone()]),
        ("somebody from outside", vec![required(&ours), policy_of(&policy), floors.clone(), senders]),
        (
            "more that is required",
            vec![
                required(&[ours[0], ours[1], ours[2], ExtensionType::LastResort]),
                policy_of(&policy),
                floors.clone(),
            ],
        ),
        ("one byte more", vec![required(&ours), policy_of(&[&policy[..], &[0]].concat()), floors.clone()]),
        ("a newer form", vec![required(&ours), policy_of(&newer), floors.clone()]),
        ("other floors", vec![required(&ours), policy_of(&policy), unknown(0xF0A2, &[1])]),
        ("a leaf's", vec![required(&ours), policy_of(&policy), floors, unknown(0xF0A3, &[])]),
    ] {
        let context = Extensions::from_vec(context).unwrap();
        // The owner's, who may write all that can be written.
        let entry = forged(&mut all[0], EraStep::GoesOn, &none(), |builder| {
            builder.propose_group_context_extensions(context).unwrap()
        });
        let mut others = all.split_off(1);
        let verdicts: Vec<_> = others.iter_mut().map(|it| it.follow(&entry)).collect();
        assert_eq!(verdicts, vec![Err(ChatError::Refused(Refusal::Context)); 2], "{what}");
        all.append(&mut others);
        agree(&all);
    }
    goes_on(all);
}

#[test]
fn c7_a_chat_does_not_become_a_conversation_of_two() {
    let mut all = chat(3);
    let entry = forged(&mut all[0], EraStep::GoesOn, &none(), |builder| {
        builder.propose_group_context_extensions(Extensions::empty()).unwrap()
    });
    assert_eq!(refused(&mut all, 0, &entry), Refusal::Context);
    goes_on(all);
}

#[test]
fn p4_a_ghost_is_refused_by_all() {
    let mut all = chat(3);
    let ghost = device(&Account::new(9, 1), 1, 9);
    let entry = forged_add(&mut all[1], &none(), ghost.package());
    assert_eq!(refused(&mut all, 1, &entry), Refusal::NoLog(ghost.account.id()));
    // In the owner's name, with the owner's log.
    let ada = all[0].account.clone();
    let leaf = Leaf { key: ghost.member.leaf.key, ..ada.leaf(2) };
    let bytes = key_package::make(&ghost.provider, &ghost.signer(), &leaf, ada.head(), false).unwrap();
    let package = key_package::check(&ghost.provider, &bytes, &leaf).unwrap();
    let log = logs_of(&all[..1]);
    let entry = forged_add(&mut all[1], &log, package);
    let mut others = all.split_off(1);
    assert_eq!(
        all[0].follow(&entry),
        Err(ChatError::Refused(Refusal::NotListed(ada.id()))),
        "a device that the log does not name"
    );
    all.append(&mut others);
    goes_on(all);
}

fn forged_add(by: &mut Device, evidence: &Evidence, package: KeyPackage) -> CommitEntry {
    forged(by, EraStep::Begins, evidence, |builder| builder.propose_adds([package]))
}

#[test]
fn p10_who_ranks_no_higher_removes_nobody() {
    let mut all = chat(4);
    for (by, index) in [(1, 0), (1, 2), (3, 0)] {
        let gone = all[index].account.id();
        let entry = forged(&mut all[by], EraStep::Begins, &none(), |builder| {
            builder
                .force_self_update(true)
                .propose_removals([LeafNodeIndex::new(u32::try_from(index).unwrap())])
        });
        assert_eq!(refused(&mut all, by, &entry), Refusal::MayNotRemove(gone));
    }
    goes_on(all);
}

#[test]
fn q4_a_commit_says_what_it_authenticates() {
    let mut all = chat(3);
    let whole = said(EraStep::GoesOn, &none());
    for aad in [vec![], vec![1, 1], whole[..33].to_vec(), [&whole[..], &[0]].concat()] {
        let entry = forge(&mut all[1], aad, &none(), |builder| builder.force_self_update(true));
        assert_eq!(refused(&mut all, 1, &entry), Refusal::AuthenticatedData);
    }
    let dan = device(&Account::new(4, 1), 1, 4);
    let package = dan.package();
    let entry = forged(&mut all[1], EraStep::GoesOn, &dan.log(), |builder| builder.propose_adds([package]));
    assert_eq!(refused(&mut all, 1, &entry), Refusal::Era);
    goes_on(all);
}

/// A member proposes to add a ghost, and the admin's next commit would take it along.
#[test]
fn c5_what_somebody_proposed_does_not_ride_along() {
    let mut all = chat(3);
    let ghost = device(&Account::new(9, 1), 1, 9);
    let package = ghost.package();
    let Device { provider, group, key, .. } = &mut all[1];
    let mls = group.as_mut().unwrap().raw();
    let (proposal, _) = mls.propose_add_member(provider, &DeviceSigner(key), &package).unwrap();
    let message = proposal.tls_serialize_detached().unwrap();
    let entry = CommitEntry { message, ..CommitEntry::default() };
    // Nobody takes it for a commit, and nobody keeps it: what is written next is written.
    for place in [0, 2] {
        assert_eq!(all[place].follow(&entry), Err(ChatError::Malformed));
        assert!(!all[place].group_mut().raw().has_pending_proposals());
    }
    // Whoever proposed it has it stored, and does not commit to it either.
    let made = all[1].commit(ChatCommit::update(EraStep::GoesOn), None);
    assert!(made.judged.added.is_empty());
    all_follow(&mut all, 1, &made);
    // A patched committer names it.
    let Device { provider, group, key, .. } = &mut all[1];
    let mls = group.as_mut().unwrap().raw();
    mls.propose_add_member(provider, &DeviceSigner(key), &package).unwrap();
    let entry =
        forged(&mut all[1], EraStep::Begins, &ghost.log(), |builder| builder.consume_proposal_store(true));
    all[1].group_mut();
    for place in [0, 2] {
        assert_eq!(all[place].follow(&entry), Err(ChatError::Refused(Refusal::Mls)));
    }
    let Device { provider, group, .. } = &mut all[1];
    group.as_mut().unwrap().raw().clear_pending_proposals(provider.storage()).unwrap();
    goes_on(all);
}

#[test]
fn q4_who_removes_itself_by_mls_is_not_followed() {
    let mut all = chat(3);
    let Device { provider, group, key, .. } = &mut all[2];
    let mls = group.as_mut().unwrap().raw();
    let leaves = mls.leave_group_via_self_remove(provider, &DeviceSigner(key)).unwrap();
    let message = leaves.tls_serialize_detached().unwrap();
    mls.clear_pending_proposals(provider.storage()).unwrap();
    let entry = CommitEntry { message, ..CommitEntry::default() };
    assert_eq!(verdict(&mut all, 2, &entry), ChatError::Malformed);
    goes_on(all);
}

#[test]
fn q4_other_proposals_are_refused() {
    let mut all = chat(3);
    // All know the key, so that MLS has nothing against it.
    let psk = Psk::External(ExternalPsk::new(vec![1; 32]));
    let id = PreSharedKeyId::new(SUITE, all[1].provider.rand(), psk).unwrap();
    for it in &all {
        id.store(&it.provider, &[7; 32]).unwrap();
    }
    let Device { provider, group, key, .. } = &mut all[1];
    let mls = group.as_mut().unwrap().raw();
    mls.propose_pre_shared_key_by_value(provider, &DeviceSigner(key), id).unwrap();
    let entry = forged(&mut all[1], EraStep::GoesOn, &none(), |builder| builder.force_self_update(true));
    let Device { provider, group, .. } = &mut all[1];
    group.as_mut().unwrap().raw().clear_pending_proposals(provider.storage()).unwrap();
    assert_eq!(refused(&mut all, 1, &entry), Refusal::Proposal);
    // One of a kind of its own is not even made, since no leaf names it.
    let Device { provider, group, key, .. } = &mut all[1];
    let custom = Proposal::Custom(Box::new(CustomProposal::new(0xF0B0, vec![1])));
    let builder = group.as_mut().unwrap().raw().commit_builder().add_proposal(custom);
    let built = builder.load_psks(provider.storage()).unwrap().build(
        provider.rand(),
        provider.crypto(),
        &DeviceSigner(key),
        |_| true,
    );
    assert!(built.is_err());
    goes_on(all);
}

#[test]
fn what_is_no_public_commit_is_malformed() {
    let mut all = chat(3);
    let sealed = all[1].write(b"text");
    let entry = |message: &[u8]| CommitEntry { message: message.to_vec(), ..CommitEntry::default() };
    let package = MlsMessageOut::from(all[1].package()).tls_serialize_detached().unwrap();
    // A commit as a conversation of two has it.
    let Device { provider, group, .. } = &mut all[1];
    let (pair, ours) = (GroupSettings::Pair.join_config(), GroupSettings::Chat.join_config());
    group.as_mut().unwrap().raw().set_configuration(provider.storage(), &pair).unwrap();
    let private = forged(&mut all[1], EraStep::GoesOn, &none(), |builder| builder.force_self_update(true));
    let Device { provider, group, .. } = &mut all[1];
    group.as_mut().unwrap().raw().set_configuration(provider.storage(), &ours).unwrap();
    for message in [&sealed[..], &package, &private.message, &[], &[0, 1, 0, 1]] {
        assert_eq!(all[0].follow(&entry(message)), Err(ChatError::Malformed));
    }
    // Nor is a commit a message.
    let Device { provider, group, .. } = &mut all[0];
    let group = group.as_mut().unwrap();
    assert_eq!(group.process(provider, &private.message).err(), Some(GroupError::Invalid));
    let public = forged(&mut all[1], EraStep::GoesOn, &none(), |builder| builder.force_self_update(true));
    let Device { provider, group, .. } = &mut all[0];
    let read = group.as_mut().unwrap().process(provider, &public.message).err();
    assert_eq!(read, Some(GroupError::Invalid));
    assert_eq!(all[0].read(&sealed), b"text");
}

#[test]
fn p2_every_flipped_byte_of_a_commit_is_refused() {
    let mut all = chat(2);
    let made = all[1].commit(ChatCommit::update(EraStep::GoesOn), None);
    let length = made.entry.message.len();
    for index in (0..length).step_by(7).chain([length - 1]) {
        let mut entry = made.entry.clone();
        entry.message[index] ^= 1;
        assert!(all[0].follow(&entry).is_err(), "byte {index}");
    }
    all_follow(&mut all, 1, &made);
}

#[test]
fn c4_an_own_commit_is_judged_like_anybodys() {
    let mut all = chat(3);
    let gone = all[0].account.id();
    let remove = vec![all[0].member.leaf];
    let commit = ChatCommit { remove, ..ChatCommit::update(EraStep::Begins) };
    assert_eq!(all[1].stage(commit).err(), Some(GroupError::Refused(Refusal::MayNotRemove(gone))));
    assert!(!all[1].group().has_pending_commit());
    let dan = device(&Account::new(4, 1), 1, 4);
    let commit = ChatCommit { add: vec![dan.package()], ..ChatCommit::update(EraStep::Begins) };
    assert_eq!(all[1].stage(commit).err(), Some(GroupError::Refused(Refusal::NoLog(dan.account.id()))));
    let state = all[1].member.state;
    let own = Some(LeafState { nonce: [0; 16], ..state });
    let commit = ChatCommit { own, ..ChatCommit::update(EraStep::GoesOn) };
    assert_eq!(all[1].stage(commit).err(), Some(GroupError::Refused(Refusal::PathLeaf)));
    goes_on(all);
}
