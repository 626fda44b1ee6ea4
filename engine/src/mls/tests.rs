//! Tests of two devices in one group, without the rest of the engine.

use std::collections::BTreeMap;

use openmls::prelude::{
    Capabilities, ExtensionType, KeyPackage, LeafNodeParameters, Lifetime, MlsGroup, MlsGroupCreateConfig,
    MlsMessageOut, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProposalType,
};
use parley_protocol::device_log::{LogHead, VerifyingKeyBytes};
use parley_protocol::ids::{AccountId, DeviceId, EntryHash, Epoch, GroupId, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tls_codec::Serialize as _;

use super::commit::Changes;
use super::credential::Leaf;
use super::group::{Group, GroupError, Incoming, OpenedWelcome};
use super::key_package::{self, KeyPackageError};
use super::*;
use crate::channel::group_era::EraStep;
use parley_crypto::SUITE;

/// Where the device log of every account ends.
const HEAD: LogHead = LogHead { length: 1, hash: EntryHash([7; 32]) };

struct Device {
    provider: Provider,
    state: Rc<StateStore>,
    key: SigningKey,
    leaf: Leaf,
}

fn device(number: u8) -> Device {
    let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(number.into()));
    let state = Rc::new(StateStore::new(BTreeMap::new()));
    let key = SigningKey::from_bytes(&[number; 32]);
    let leaf = Leaf {
        account: AccountId([number; 32]),
        device: DeviceId([number; 16]),
        key: VerifyingKeyBytes(key.verifying_key().to_bytes()),
    };
    Device { provider: Provider::new(random, Rc::clone(&state)), state, key, leaf }
}

fn pair() -> (Device, Group, Device, Group) {
    let (a, b) = (device(1), device(2));
    let bytes = key_package::make(&b.provider, &DeviceSigner(&b.key), &b.leaf, HEAD, false).unwrap();
    let checked = key_package::check(&a.provider, &bytes, &b.leaf).unwrap();
    let (group_a, welcome) =
        Group::create(&a.provider, &DeviceSigner(&a.key), &a.leaf, GroupId([7; 16]), &[checked]).unwrap();
    let opened = OpenedWelcome::open(&b.provider, &welcome.together().unwrap()).unwrap();
    assert_eq!(opened.members, [a.leaf, b.leaf]);
    assert_eq!(opened.sender, a.leaf);
    assert_eq!(opened.group, GroupId([7; 16]));
    let group_b = opened.join(&b.provider).unwrap();
    (a, group_a, b, group_b)
}

/// A KeyPackage of this device whose lifetime is over or not, and whose leaf names many extensions or none.
fn unusual(device: &Device, lifetime: Lifetime, extensions: u16) -> (Vec<u8>, KeyPackage) {
    let mut all = key_package::capabilities().extensions().to_vec();
    all.extend((0..extensions).map(|it| ExtensionType::Unknown(0x1000 + it)));
    let proposals = key_package::capabilities().proposals().to_vec();
    let capabilities = Capabilities::new(None, Some(&[SUITE]), Some(&all), Some(&proposals), None);
    let builder = KeyPackage::builder().leaf_node_capabilities(capabilities).key_package_lifetime(lifetime);
    let (signer, credential) = (DeviceSigner(&device.key), device.leaf.credential());
    let package = builder.build(SUITE, &device.provider, &signer, credential).unwrap().key_package().clone();
    (MlsMessageOut::from(package.clone()).tls_serialize_detached().unwrap(), package)
}

#[test]
fn p9_a_key_package_that_would_keep_later_devices_out_is_not_used() {
    let (a, b) = (device(1), device(2));
    let endless = Lifetime::init(0, u64::MAX);
    let check = |lifetime, extensions| {
        let (bytes, _) = unusual(&b, lifetime, extensions);
        key_package::check(&a.provider, &bytes, &b.leaf).map(drop)
    };
    assert_eq!(check(endless, 8), Ok(()));
    for (lifetime, extensions) in
        [(Lifetime::init(0, u64::MAX - 1), 0), (Lifetime::default(), 0), (endless, 2_000)]
    {
        assert_eq!(check(lifetime, extensions), Err(KeyPackageError::Invalid));
    }
}

#[test]
fn p9_who_could_not_be_in_a_group_is_not_let_in() {
    let (a, b) = (device(1), device(2));
    let all = key_package::capabilities();
    let check = |extensions: &[ExtensionType], proposals: &[ProposalType]| {
        let capabilities = Capabilities::new(None, Some(&[SUITE]), Some(extensions), Some(proposals), None);
        let lifetime = Lifetime::init(0, u64::MAX);
        let builder =
            KeyPackage::builder().leaf_node_capabilities(capabilities).key_package_lifetime(lifetime);
        let (signer, credential) = (DeviceSigner(&b.key), b.leaf.credential());
        let package = builder.build(SUITE, &b.provider, &signer, credential).unwrap().key_package().clone();
        let bytes = MlsMessageOut::from(package).tls_serialize_detached().unwrap();
        key_package::check(&a.provider, &bytes, &b.leaf).map(drop)
    };
    assert_eq!(check(all.extensions(), all.proposals()), Ok(()));
    assert_eq!(check(&all.extensions()[1..], all.proposals()), Err(KeyPackageError::Invalid));
    assert_eq!(check(&all.extensions()[..3], all.proposals()), Err(KeyPackageError::Invalid));
    assert_eq!(check(all.extensions(), &[]), Err(KeyPackageError::Invalid));
}

#[test]
fn p9_a_member_whose_leaf_is_no_longer_valid_keeps_nobody_out() {
    let (a, b) = (device(1), device(2));
    // Whoever made the group has a leaf that was valid for a second in 1970.
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .lifetime(Lifetime::init(0, 1))
        .build();
    let (signer, id) = (DeviceSigner(&a.key), openmls::prelude::GroupId::from_slice(&[7; 16]));
    let mut group =
        MlsGroup::new_with_group_id(&a.provider, &signer, &config, id, a.leaf.credential()).unwrap();
    let bytes = key_package::make(&b.provider, &DeviceSigner(&b.key), &b.leaf, HEAD, false).unwrap();
    let fine = key_package::check(&a.provider, &bytes, &b.leaf).unwrap();
    let (_, welcome, _) = group.add_members(&a.provider, &signer, &[fine]).unwrap();
    let opened = OpenedWelcome::open(&b.provider, &welcome.tls_serialize_detached().unwrap()).unwrap();
    assert_eq!(opened.members, [a.leaf, b.leaf]);
    opened.join(&b.provider).unwrap();
}

#[test]
fn p9_a_welcome_of_bloated_leaves_is_not_joined() {
    let (a, b, c) = (device(1), device(2), device(3));
    let (_, bloated) = unusual(&b, Lifetime::init(0, u64::MAX), 20_000);
    let bytes = key_package::make(&c.provider, &DeviceSigner(&c.key), &c.leaf, HEAD, false).unwrap();
    let fine = key_package::check(&a.provider, &bytes, &c.leaf).unwrap();
    let signer = DeviceSigner(&a.key);
    let others = [bloated, fine];
    let (_, welcome) = Group::create(&a.provider, &signer, &a.leaf, GroupId([7; 16]), &others).unwrap();
    assert!(matches!(
        OpenedWelcome::open(&c.provider, &welcome.together().unwrap()),
        Err(GroupError::Invalid)
    ));
}

#[test]
fn two_devices_share_a_group_and_its_capability() {
    let (a, mut group_a, b, mut group_b) = pair();
    assert_eq!(group_a.epoch(), Epoch(1));
    assert_eq!(group_a.capability(&a.provider), group_b.capability(&b.provider));
    let sealed = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), &[0x55; 104]).unwrap();
    assert!(sealed.len() <= 104 + 162, "{} bytes for 104", sealed.len());
    match group_b.process(&b.provider, &sealed).unwrap() {
        Incoming::Message { from, padded } => assert_eq!((from, padded), (a.leaf, vec![0x55; 104])),
        Incoming::Commit { .. } => panic!("a commit"),
    }
}

#[test]
fn p2_a_replayed_message_is_refused() {
    let (a, mut group_a, b, mut group_b) = pair();
    let sealed = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), b"once").unwrap();
    group_b.process(&b.provider, &sealed).unwrap();
    assert_eq!(group_b.process(&b.provider, &sealed).err(), Some(GroupError::Invalid));
}

#[test]
fn p2_a_reordered_message_is_refused() {
    let (a, mut group_a, b, mut group_b) = pair();
    let first = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), b"first").unwrap();
    let second = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), b"second").unwrap();
    group_b.process(&b.provider, &second).unwrap();
    assert_eq!(group_b.process(&b.provider, &first).err(), Some(GroupError::Invalid));
}

#[test]
fn p2_every_flipped_byte_is_refused() {
    let (a, mut group_a, b, mut group_b) = pair();
    let sealed = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), b"text").unwrap();
    for index in 0..sealed.len() {
        let mark = b.state.mark();
        let mut flipped = sealed.clone();
        flipped[index] ^= 1;
        assert!(group_b.process(&b.provider, &flipped).is_err(), "byte {index}");
        b.state.roll_back(mark);
    }
    let mut group_b = Group::load(&b.provider, GroupId([7; 16])).unwrap();
    assert!(group_b.process(&b.provider, &sealed).is_ok(), "the true message still opens");
}

#[test]
fn p3_an_update_moves_both_to_a_new_epoch_with_a_new_capability() {
    let (a, mut group_a, b, mut group_b) = pair();
    let old = group_a.capability(&a.provider).unwrap();
    let commit = group_b.self_update(&b.provider, &DeviceSigner(&b.key), EraStep::GoesOn).unwrap();
    let next = group_b.next_capability(&b.provider).unwrap();
    let next_era = group_b.next_era(&b.provider, UnixMillis(1)).unwrap().read_capability();
    let Incoming::Commit { from, staged, era } = group_a.process(&a.provider, &commit).unwrap() else {
        panic!("not a commit");
    };
    assert_eq!(Changes::of(&staged, &from, &group_a), Ok(Changes::default()));
    assert_eq!((from, era), (b.leaf, EraStep::GoesOn));
    group_a.merge(&a.provider, *staged).unwrap();
    group_b.merge_pending(&b.provider).unwrap();
    assert_eq!(group_a.capability(&a.provider).unwrap(), next);
    assert_eq!(group_b.capability(&b.provider).unwrap(), next);
    assert!(next != old);
    let eras = [(&group_a, &a), (&group_b, &b)]
        .map(|(group, device)| group.era(&device.provider, UnixMillis(1)).unwrap().read_capability());
    assert!(
        eras == [next_era.clone(), next_era] && eras[0] != next,
        "the same for both, and no other secret"
    );
    let sealed = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), b"after").unwrap();
    assert!(group_b.process(&b.provider, &sealed).is_ok());
}

/// A commit that changes members begins a group era whoever made it; what else it says of it is not followed.
#[test]
fn p4_a_commit_says_what_it_does_to_the_group_era() {
    let (a, mut group_a, b, mut group_b) = pair();
    let said = |group: &mut Group, commit: &[u8]| match group.process(&a.provider, commit) {
        Ok(Incoming::Commit { era, .. }) => Ok(era),
        Ok(_) => panic!("not a commit"),
        Err(error) => Err(error),
    };
    let c = device(3);
    let bytes = key_package::make(&c.provider, &DeviceSigner(&c.key), &c.leaf, HEAD, false).unwrap();
    let package = key_package::check(&b.provider, &bytes, &c.leaf).unwrap();
    let signer = DeviceSigner(&b.key);
    let (adds, _) = group_b.change_members(&b.provider, &signer, vec![package], &[]).unwrap();
    assert_eq!(said(&mut group_a, &adds), Ok(EraStep::Begins));
    for (added, removed) in [(vec![c.leaf], vec![]), (vec![], vec![c.leaf]), (vec![c.leaf], vec![b.leaf])] {
        let changes = Changes { added, removed };
        assert_eq!(changes.fit(EraStep::Begins), Ok(()));
        assert_eq!(changes.fit(EraStep::GoesOn), Err(GroupError::Invalid), "{changes:?}");
    }
    assert_eq!(Changes::default().fit(EraStep::GoesOn), Ok(()));
    for (authenticated, expected) in [
        (&[1_u8, 0][..], Ok(EraStep::GoesOn)),
        (&[1, 1], Ok(EraStep::Begins)),
        (&[], Err(GroupError::Invalid)),
        (&[1, 2], Err(GroupError::Invalid)),
        (&[1, 1, 1], Err(GroupError::Invalid)),
    ] {
        group_b.drop_pending(&b.provider).unwrap();
        let mls = group_b.raw();
        mls.set_aad(authenticated.to_vec());
        let bundle = mls.self_update(&b.provider, &signer, LeafNodeParameters::default()).unwrap();
        let commit = bundle.into_commit().tls_serialize_detached().unwrap();
        assert_eq!(said(&mut group_a, &commit), expected, "{authenticated:?}");
    }
    // What is written next has none of it.
    group_b.drop_pending(&b.provider).unwrap();
    let sealed = group_b.encrypt(&b.provider, &signer, b"text").unwrap();
    assert!(matches!(group_a.process(&a.provider, &sealed), Ok(Incoming::Message { .. })));
}

/// What expired between two messages of one device was encrypted with keys that this one goes over.
#[test]
fn p9_what_follows_on_many_messages_that_expired_still_opens() {
    let (a, mut group_a, b, mut group_b) = pair();
    let signer = DeviceSigner(&a.key);
    // A device commits after 100, so that there are not twenty times as many in an epoch.
    for _ in 0..1_999 {
        group_a.encrypt(&a.provider, &signer, b"expired").unwrap();
    }
    let sealed = group_a.encrypt(&a.provider, &signer, b"text").unwrap();
    assert!(matches!(group_b.process(&b.provider, &sealed), Ok(Incoming::Message { .. })));
    let commit = group_a.self_update(&a.provider, &signer, EraStep::GoesOn).unwrap();
    assert!(matches!(group_b.process(&b.provider, &commit), Ok(Incoming::Commit { .. })), "keys of its own");
}

#[test]
fn a_group_comes_back_from_the_state() {
    let (a, mut group_a, b, group_b) = pair();
    drop(group_b);
    let mut group_b = Group::load(&b.provider, GroupId([7; 16])).unwrap();
    for text in [b"one", b"two"] {
        let sealed = group_a.encrypt(&a.provider, &DeviceSigner(&a.key), text).unwrap();
        assert!(group_b.process(&b.provider, &sealed).is_ok());
        group_a = Group::load(&a.provider, GroupId([7; 16])).unwrap();
    }
}

#[test]
fn p4_a_swapped_key_package_is_refused() {
    let (a, b, eve) = (device(1), device(2), device(3));
    let bytes = key_package::make(&eve.provider, &DeviceSigner(&eve.key), &eve.leaf, HEAD, false).unwrap();
    let checked = key_package::check(&a.provider, &bytes, &b.leaf);
    assert_eq!(checked.err(), Some(KeyPackageError::WrongDevice));
    // Eve claims to be B's device, with her own key.
    let claimed = Leaf { key: eve.leaf.key, ..b.leaf };
    let bytes = key_package::make(&eve.provider, &DeviceSigner(&eve.key), &claimed, HEAD, false).unwrap();
    assert_eq!(key_package::check(&a.provider, &bytes, &b.leaf).err(), Some(KeyPackageError::WrongDevice));
    // Eve claims B's key too, but cannot sign with it.
    let bytes = key_package::make(&eve.provider, &DeviceSigner(&eve.key), &b.leaf, HEAD, false).unwrap();
    assert_eq!(key_package::check(&a.provider, &bytes, &b.leaf).err(), Some(KeyPackageError::Invalid));
}

#[test]
fn a_one_time_key_package_opens_one_welcome() {
    let (a, b) = (device(1), device(2));
    let make = |last_resort| {
        let bytes =
            key_package::make(&b.provider, &DeviceSigner(&b.key), &b.leaf, HEAD, last_resort).unwrap();
        key_package::check(&a.provider, &bytes, &b.leaf).unwrap()
    };
    for (last_resort, second_opens) in [(false, false), (true, true)] {
        let key_package = make(last_resort);
        for (round, opens) in [(1, true), (2, second_opens)] {
            let log = GroupId([round + u8::from(last_resort) * 10; 16]);
            let (_, welcome) = Group::create(
                &a.provider,
                &DeviceSigner(&a.key),
                &a.leaf,
                log,
                core::slice::from_ref(&key_package),
            )
            .unwrap();
            let joined = OpenedWelcome::open(&b.provider, &welcome.together().unwrap())
                .and_then(|opened| opened.join(&b.provider));
            assert_eq!(joined.is_ok(), opens, "last resort {last_resort}, round {round}");
        }
    }
}

/// The keys of an epoch that is over would read what was written in it.
#[test]
fn p3_keys_of_earlier_epochs_do_not_stay() {
    let (a, mut group_a, b, mut group_b) = pair();
    let kept = |device: &Device| device.state.keys_with_prefix(&[crate::records::keys::MLS]);
    let mut update = |group_a: &mut Group| {
        let commit = group_b.self_update(&b.provider, &DeviceSigner(&b.key), EraStep::GoesOn).unwrap();
        let Incoming::Commit { staged, .. } = group_a.process(&a.provider, &commit).unwrap() else {
            panic!("not a commit");
        };
        group_a.merge(&a.provider, *staged).unwrap();
        group_b.merge_pending(&b.provider).unwrap();
    };
    update(&mut group_a);
    let (before_a, before_b) = (kept(&a), kept(&b));
    for _ in 0..4 {
        update(&mut group_a);
        assert_eq!([kept(&a).len(), kept(&b).len()], [before_a.len(), before_b.len()]);
    }
    // What is named after an epoch is named after the one that is now.
    assert!(kept(&a) != before_a && kept(&b) != before_b);
    group_a.delete(&a.provider).unwrap();
    assert_eq!(kept(&a), Vec::<Vec<u8>>::new());
}

/// All of an account, as they are added at once: each gets a Welcome that it opens, and that no other one opens.
#[test]
fn p6_a_welcome_is_split_for_each_of_32_devices() {
    let a = device(1);
    let others: Vec<Device> = (2..34).map(device).collect();
    let package = |it: &Device| {
        let bytes = key_package::make(&it.provider, &DeviceSigner(&it.key), &it.leaf, HEAD, false).unwrap();
        key_package::check(&a.provider, &bytes, &it.leaf).unwrap()
    };
    let packages: Vec<KeyPackage> = others.iter().map(package).collect();
    let (_, welcome) =
        Group::create(&a.provider, &DeviceSigner(&a.key), &a.leaf, GroupId([7; 16]), &packages).unwrap();
    let sent: usize = welcome.beginnings.iter().map(Vec::len).sum::<usize>() + welcome.end.len();
    assert!(sent < 160_000, "{sent} bytes travel to the relay");
    let whole = |number: usize| [welcome.beginnings[number].clone(), welcome.end.clone()].concat();
    for (number, it) in others.iter().enumerate() {
        let wrong = whole((number + 1) % others.len());
        assert!(
            matches!(OpenedWelcome::open(&it.provider, &wrong), Err(GroupError::NoKeyPackage)),
            "{number}"
        );
        let opened = OpenedWelcome::open(&it.provider, &whole(number)).unwrap();
        assert_eq!(opened.members.len(), 33);
        assert!(opened.join(&it.provider).unwrap().is_active());
    }
}

#[test]
fn what_is_no_welcome_is_not_split() {
    for bytes in [&[][..], &[0, 1, 0, 3], &[0, 1, 0, 3, 0, 1, 0x40], &[0, 1, 0, 3, 0, 1, 2, 1, 7, 0]] {
        assert_eq!(welcome::split(bytes, &[vec![1]]), Err(GroupError::State), "{bytes:?}");
    }
}
