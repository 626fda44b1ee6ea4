//! Attack tests with leaves that are not Parley's, and Welcomes into groups that are not allowed.

use super::*;

fn leaf_of(parameters: LeafNodeParameters) -> impl for<'a> FnOnce(Builder<'a>) -> Builder<'a> {
    move |builder| builder.force_self_update(true).leaf_node_parameters(parameters)
}

#[test]
fn c6_the_path_leaf_stays_who_it_is_for_all() {
    let mut all = chat(3);
    let own = all[1].member;
    let says = |state: LeafState| {
        LeafNodeParameters::builder().with_extensions(extensions::of_leaf(&state).unwrap()).build()
    };
    let is = |leaf: Leaf| LeafNodeParameters::builder().with_credential_with_key(leaf.credential()).build();
    let state = all[1].group().state().unwrap().member(&own.leaf).unwrap().state;
    let account = Account::new(2, 2);
    for (what, parameters, refusal) in [
        ("owner", is(Leaf { account: all[0].account.id(), ..own.leaf }), Refusal::PathLeaf),
        ("device", is(Leaf { device: account.leaf(2).device, ..own.leaf }), Refusal::PathLeaf),
        ("nonce", says(LeafState { nonce: [0; 16], ..state }), Refusal::PathLeaf),
        ("link", says(LeafState { came_by: Some([1; 16]), ..state }), Refusal::PathLeaf),
        ("version", says(LeafState { version: 0, ..state }), Refusal::Version),
    ] {
        let entry = forged(&mut all[1], EraStep::GoesOn, &none(), leaf_of(parameters));
        assert_eq!(refused(&mut all, 1, &entry), refusal, "{what}");
    }
    goes_on(all);
}

#[test]
fn p9_a_leaf_that_would_keep_others_out_is_refused() {
    let mut all = chat(3);
    let ours = capabilities();
    let can = |extensions: &[ExtensionType], proposals: &[ProposalType]| {
        let can = Capabilities::new(None, Some(&[SUITE]), Some(extensions), Some(proposals), None);
        LeafNodeParameters::builder().with_capabilities(can).build()
    };
    let many: Vec<_> = ours
        .extensions()
        .iter()
        .copied()
        .chain((0..2_000).map(|it| ExtensionType::Unknown(0x1000 + it)))
        .collect();
    let unknown = |number, bytes: Vec<u8>| Extension::Unknown(number, UnknownExtension(bytes));
    let state = all[1].group().state().unwrap().member(&all[1].member.leaf).unwrap().state.encode();
    let says = |all: Vec<Extension>| {
        let all: Extensions<LeafNode> = Extensions::from_vec(all).unwrap();
        LeafNodeParameters::builder().with_extensions(all).build()
    };
    let newer = [&[2], &state[1..]].concat();
    for (what, parameters) in [
        ("bloated", can(&many, ours.proposals())),
        ("no SelfRemove", can(ours.extensions(), &[])),
        ("says nothing", says(Vec::new())),
        ("says more", says(vec![unknown(0xF0A3, state.clone()), unknown(0xF0A1, Vec::new())])),
        ("says it long", says(vec![unknown(0xF0A3, [&state[..], &[0]].concat())])),
        ("says it newer", says(vec![unknown(0xF0A3, newer)])),
    ] {
        let entry = forged(&mut all[1], EraStep::GoesOn, &none(), leaf_of(parameters));
        assert_eq!(refused(&mut all, 1, &entry), Refusal::Leaf, "{what}");
    }
    // More than Parley's leaves can do today is no less; to be able to do less again is.
    let mut more = ours.extensions().to_vec();
    more.push(ExtensionType::Unknown(0x1000));
    let entry = forged(&mut all[1], EraStep::GoesOn, &none(), leaf_of(can(&more, ours.proposals())));
    let made = all[0].follow(&entry);
    assert!(made.is_ok(), "{made:?}");
    assert!(all[2].follow(&entry).is_ok());
    drop(all.remove(1));
    agree(&all);
}

#[test]
fn p9_who_brings_a_lifetime_is_refused_whatever_the_clock_says() {
    let mut all = chat(2);
    let new = device(&Account::new(9, 1), 1, 9);
    let package = |lifetime: Lifetime, extensions: Extensions<LeafNode>| {
        let builder = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(extensions)
            .key_package_lifetime(lifetime);
        let credential = new.member.leaf.credential();
        builder.build(SUITE, &new.provider, &new.signer(), credential).unwrap().key_package().clone()
    };
    let says = extensions::of_leaf(&new.member.state).unwrap();
    let short = package(Lifetime::init(0, u64::MAX - 1), says);
    let silent = package(lifetime(), Extensions::empty());
    for package in [short, silent] {
        let entry =
            forged(&mut all[0], EraStep::Begins, &new.log(), |builder| builder.propose_adds([package]));
        assert_eq!(refused(&mut all, 0, &entry), Refusal::Leaf);
    }
    goes_on(all);
}

/// Who makes a chat that may not be welcomes nobody into it.
#[test]
fn c4_a_welcome_is_judged() {
    let (ada, bob) = (device(&Account::new(1, 1), 1, 1), device(&Account::new(2, 1), 1, 2));
    let unknown = |number, bytes: Vec<u8>| Extension::Unknown(number, UnknownExtension(bytes));
    let welcome = |context: Option<Extensions<GroupContext>>, leaf: Vec<Extension>, lifetime: Lifetime| {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .wire_format_policy(GroupSettings::Chat.wire_format_policy())
            .use_ratchet_tree_extension(true)
            .capabilities(capabilities())
            .lifetime(lifetime)
            .with_group_context_extensions(context.unwrap())
            .with_leaf_node_extensions(Extensions::from_vec(leaf).unwrap())
            .unwrap()
            .build();
        let (provider, signer, credential) = (&ada.provider, ada.signer(), ada.member.leaf.credential());
        let mark = ada.state.mark();
        let mut mls =
            MlsGroup::new_with_group_id(provider, &signer, &config, mls_id(GROUP), credential).unwrap();
        // Without a path: the creator's leaf is as it was made.
        let made = mls.add_members_without_update(provider, &signer, &[bob.package()]).unwrap();
        let welcome = made.1.tls_serialize_detached().unwrap();
        ada.state.roll_back(mark);
        let mark = bob.state.mark();
        let opened = OpenedWelcome::open(&bob.provider, &welcome).map(|opened| opened.chat.is_some());
        bob.state.roll_back(mark);
        opened
    };
    let says = || vec![unknown(0xF0A3, ada.member.state.encode())];
    let policy = Policy::new("", ada.account.id());
    let context = |policy: &Policy| extensions::context(policy, &Floors::default());
    let ours = || context(&policy);
    assert_eq!(welcome(ours(), says(), lifetime()), Ok(true));
    let refused = |refusal| Err(GroupError::Refused(refusal));
    let ghost = Policy::new("", Account::new(9, 1).id());
    assert_eq!(welcome(context(&ghost), says(), lifetime()), refused(Refusal::Policy), "no owner is there");
    let mut admin = policy.clone();
    admin.set_role(Account::new(9, 1).id(), Role::Admin);
    assert_eq!(
        welcome(context(&admin), says(), lifetime()),
        refused(Refusal::Policy),
        "an admin is not there"
    );
    let newer = Policy { floor: 3, ..policy.clone() };
    assert_eq!(welcome(context(&newer), says(), lifetime()), refused(Refusal::Version));
    assert_eq!(welcome(ours(), Vec::new(), lifetime()), refused(Refusal::Leaf), "a leaf says nothing");
    assert_eq!(welcome(ours(), says(), Lifetime::init(0, 9)), refused(Refusal::Leaf), "a lifetime");
    for context in [
        vec![unknown(0xF0A1, policy.encode())],
        vec![Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(&[], &[], &[]))],
    ] {
        let context = Extensions::from_vec(context).ok();
        assert_eq!(welcome(context, says(), lifetime()), refused(Refusal::Context));
    }
}

/// A member puts a device of somebody else out and in again, which never lost its place: with keys that were stolen, that would be
/// theirs.
#[test]
fn e1_a_device_that_did_not_say_so_is_not_replaced() {
    let mut all = chat(4);
    let three = all[2].account.clone();
    let word = |said: fn(&mut Account)| {
        let mut account = three.clone();
        said(&mut account);
        account
    };
    let older = word(|it| it.roll_back(1));
    // Its leaf is from after what it said before.
    let known = LeafState {
        head: older.head(),
        ..all[2].group().state().unwrap().member(&three.leaf(1)).unwrap().state
    };
    let update = ChatCommit { own: Some(known), ..ChatCommit::update(EraStep::GoesOn) };
    let made = all[2].commit(update, None);
    all_follow(&mut all, 2, &made);
    let mut others = all[3].account.clone();
    others.roll_back(1);
    let mut siblings = older.clone();
    siblings.add(2);
    siblings.roll_back(2);
    for (what, logs) in [
        ("no word of it", vec![three.entries()]),
        ("a word that is older than the leaf", vec![older.entries()]),
        ("another device's word", vec![siblings.entries()]),
        ("another account's word", vec![older.entries(), others.entries()]),
    ] {
        let evidence = Evidence { logs, leaves: Vec::new(), link: None };
        let stolen = device(&siblings, 1, 99).package();
        let index = LeafNodeIndex::new(2);
        let entry = forged(&mut all[1], EraStep::Begins, &evidence, |builder| {
            builder.propose_removals([index]).propose_adds([stolen]).force_self_update(true)
        });
        assert_eq!(refused(&mut all, 1, &entry), Refusal::MayNotRemove(three.id()), "{what}");
    }
    goes_on(all);
}
