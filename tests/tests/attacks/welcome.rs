//! Attacks with unsolicited Welcomes.

use parley_engine::hostile::{Deed, Identity, Peer};
use parley_protocol::frame::Request;
use parley_protocol::ids::DeviceId;
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{Target, append_log, ask, claim, meet, reconnect, target};

/// Ada, whom somebody attacks; her KeyPackage; and Eve, who is in the directory.
fn ada_and_eve(seed: u64) -> (World, DeviceIndex, Target, Vec<u8>, Peer) {
    let mut world = World::new(seed);
    let ada = world.add_person("Ada");
    let target = target(&mut world, ada);
    let package = claim(&mut world, target.account);
    let eve = Peer::new(seed, "eve");
    ask(&mut world, eve.registration()).unwrap();
    (world, ada, target, package, eve)
}

/// Gives Ada a Welcome. It must change nothing, and not use the KeyPackage up: an honest Welcome with it succeeds afterwards.
fn refused(seed: u64, make: impl FnOnce(&mut World, &Target, &[u8], &mut Peer) -> Vec<u8>) {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(seed);
    let welcome = make(&mut world, &target, &package, &mut eve);
    let before = world.devices[ada].conversations.clone();
    let post = eve.post(target.address, &welcome);
    ask(&mut world, Request::PostInbox(post)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations, before, "nobody new in the list");
    assert!(world.is_online(ada), "nothing waits");
    assert!(world.relay.inbox_of(&target.account).is_empty(), "it is done with");

    let (log, welcome) = eve.found(eve.identity(), &[package]);
    ask(&mut world, eve.creation(log, target.address, &welcome)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations.len(), before.len() + 1, "the KeyPackage was not used up");
}

/// A KeyPackage of a nonexistent device, with a new key.
fn ghost(of: Identity) -> Vec<u8> {
    let ghost = Peer::new(9_999, "ghost");
    ghost.key_package(Identity { account: of.account, device: DeviceId([9; 16]), ..ghost.identity() })
}

#[test]
fn p4_a_welcome_with_a_ghost_device_of_the_sender_is_refused() {
    refused(400, |_, _, package, eve| {
        let ghost = ghost(eve.identity());
        eve.found(eve.identity(), &[package.to_vec(), ghost]).1
    });
}

#[test]
fn p4_a_welcome_with_a_ghost_device_of_the_own_account_is_refused() {
    refused(401, |_, ada, package, eve| {
        let ghost = ghost(ada.identity);
        eve.found(eve.identity(), &[package.to_vec(), ghost]).1
    });
}

#[test]
fn p4_a_welcome_with_a_third_account_is_refused() {
    refused(402, |world, _, package, eve| {
        let mallory = Peer::new(77, "mallory");
        ask(world, mallory.registration()).unwrap();
        let third = mallory.key_package(mallory.identity());
        eve.found(eve.identity(), &[package.to_vec(), third]).1
    });
}

#[test]
fn p4_a_welcome_in_the_name_of_somebody_else_is_refused() {
    refused(403, |world, _, package, eve| {
        let bob = Peer::new(78, "bob");
        ask(world, bob.registration()).unwrap();
        // Bob's account and device, Eve's key.
        eve.found(Identity { key: eve.identity().key, ..bob.identity() }, &[package.to_vec()]).1
    });
    refused(404, |world, _, package, eve| {
        let bob = Peer::new(79, "bob");
        ask(world, bob.registration()).unwrap();
        // With Bob's key too, but Eve cannot sign with it.
        eve.found(bob.identity(), &[package.to_vec()]).1
    });
}

#[test]
fn p4_a_welcome_in_the_name_of_a_known_contact_is_refused() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(405);
    let mut bob = Peer::new(80, "bob");
    meet(&mut world, ada, &mut bob);
    let forged = Identity { key: eve.identity().key, ..bob.identity() };
    let welcome = eve.found(forged, &[package]).1;
    let logs = world.relay.log_count();
    ask(&mut world, Request::PostInbox(eve.post(target.address, &welcome))).unwrap();
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "for Bob");
    world.settle();
    assert_eq!(world.relay.log_count(), logs, "Ada goes on in the conversation that she has");
    assert!(world.is_online(ada));
}

#[test]
fn p4_a_welcome_from_the_own_account_alone_is_refused() {
    refused(406, |_, ada, package, eve| {
        // A second device that Ada's account does not have.
        let ghost = Identity { device: DeviceId([8; 16]), key: eve.identity().key, ..ada.identity };
        eve.found(ghost, &[package.to_vec()]).1
    });
    refused(407, |_, ada, package, eve| {
        // The device that Ada's account has, with another key.
        eve.found(Identity { key: eve.identity().key, ..ada.identity }, &[package.to_vec()]).1
    });
}

#[test]
fn p4_a_device_that_was_removed_begins_nothing() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(409);
    let (_, welcome) = eve.found(eve.identity(), std::slice::from_ref(&package));
    eve.set_log(eve.log_without_this_device(world.now));
    append_log(&mut world, &eve);
    ask(&mut world, Request::PostInbox(eve.post(target.address, &welcome))).unwrap();
    reconnect(&mut world, ada);
    assert!(world.devices[ada].conversations.is_empty());
    assert!(world.is_online(ada), "nothing waits");
    assert!(world.relay.inbox_of(&target.account).is_empty(), "it is done with");

    let mut bob = Peer::new(82, "bob");
    ask(&mut world, bob.registration()).unwrap();
    let (log, welcome) = bob.found(bob.identity(), &[package]);
    ask(&mut world, bob.creation(log, target.address, &welcome)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations.len(), 1, "the KeyPackage was not used up");
}

/// Conversations into which a device let others before its removal go on without it, so the device claims that.
#[test]
fn p4_where_a_removed_device_let_this_one_in_it_says_nothing() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(411);
    let (log, _) = eve.found(eve.identity(), std::slice::from_ref(&package));
    ask(&mut world, eve.creation(log, target.address, b"nothing")).unwrap();
    let out = eve.commit(log, &Deed::RemoveOthers);
    let (back, welcome) = eve.let_in(log, &package);
    for commit in [out, back] {
        ask(&mut world, commit).unwrap();
    }
    let head = eve.log().head();
    let text = eve.text(log, "from a stolen device", &head);
    ask(&mut world, eve.append(log, text)).unwrap();
    ask(&mut world, Request::PostInbox(eve.post(target.address, &welcome))).unwrap();
    eve.set_log(eve.log_without_this_device(world.now));
    append_log(&mut world, &eve);
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    assert_eq!(world.texts(ada, chat), ["[Gap(Removed)]"]);
    world.crash(ada);
    let text = eve.text(log, "once more", &head);
    ask(&mut world, eve.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    let texts = world.texts(ada, chat);
    assert!(texts.iter().all(|text| text == "[Gap(Removed)]"), "also after a restart: {texts:?}");
}

#[test]
fn p4_a_welcome_of_an_account_that_nobody_knows_is_refused() {
    refused(408, |_, _, package, _| {
        let mut nobody = Peer::new(81, "nobody");
        nobody.found(nobody.identity(), &[package.to_vec()]).1
    });
}

#[test]
fn p2_a_welcome_that_is_no_welcome_is_passed_over() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let changes: [Change; 8] = [
        |_| Vec::new(),
        |_| vec![0xFF; 3_000],
        |mut welcome| {
            welcome.truncate(welcome.len() / 2);
            welcome
        },
        |mut welcome| {
            welcome.push(0);
            welcome
        },
        // Another cipher suite: 3 is X25519 with ChaCha20-Poly1305.
        |mut welcome| {
            welcome[4..6].copy_from_slice(&[0, 3]);
            welcome
        },
        // Another kind of MLS message, and another version of MLS.
        |mut welcome| {
            welcome[3] = 1;
            welcome
        },
        |mut welcome| {
            welcome[1] = 9;
            welcome
        },
        |mut welcome| {
            *welcome.last_mut().unwrap() ^= 1;
            welcome
        },
    ];
    for (number, change) in (0..).zip(changes) {
        refused(420 + number, |_, _, package, eve| change(eve.found(eve.identity(), &[package.to_vec()]).1));
    }
}

#[test]
fn p2_a_welcome_played_again_changes_nothing() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(430);
    let (log, welcome) = eve.found(eve.identity(), &[package]);
    ask(&mut world, eve.creation(log, target.address, &welcome)).unwrap();
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    let before = world.devices[ada].conversations.clone();
    ask(&mut world, Request::PostInbox(eve.post(target.address, &welcome))).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations, before);
    let head = eve.log().head();
    let text = eve.text(log, "still here", &head);
    ask(&mut world, eve.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.texts(ada, chat), ["still here"]);
}

#[test]
fn p2_a_welcome_cannot_take_the_place_of_another_conversation() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(431);
    let mut bob = Peer::new(82, "bob");
    let log = meet(&mut world, ada, &mut bob);
    let chat = world.only_conversation(ada);
    // Eve's group has the id of the one that Ada has with Bob.
    let welcome = eve.found_in(log, eve.identity(), &[package]);
    ask(&mut world, Request::PostInbox(eve.post(target.address, &welcome))).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.only_conversation(ada), chat);
    let head = bob.log().head();
    let text = bob.text(log, "it is still me", &head);
    ask(&mut world, bob.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.texts(ada, chat), ["it is still me"]);
}

#[test]
fn p9_a_stranger_stands_in_the_list_and_is_told_nothing() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(432);
    let (log, welcome) = eve.found(eve.identity(), &[package]);
    ask(&mut world, eve.creation(log, target.address, &welcome)).unwrap();
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    let view = world.devices[ada].conversations[&chat].clone();
    assert_eq!((view.name.as_str(), view.username.as_deref()), ("eve", Some("eve")));
    assert!(!view.verified && view.last.is_none() && view.unread == 0 && view.warning.is_none());
    // Until Ada writes, nothing goes to the stranger: neither her name nor that she is there.
    assert!(super::enemy::entries(&mut world, log).is_empty());
}

#[test]
fn p5_a_flood_of_welcomes_hides_no_honest_one() {
    let (mut world, ada, target, package, mut eve) = ada_and_eve(433);
    for number in 0_u32..300 {
        let post = eve.post(target.address, &number.to_be_bytes());
        ask(&mut world, Request::PostInbox(post)).unwrap();
    }
    let (log, welcome) = eve.found(eve.identity(), &[package]);
    ask(&mut world, eve.creation(log, target.address, &welcome)).unwrap();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations.len(), 1);
    assert!(world.relay.inbox_of(&target.account).is_empty());
    assert!(world.is_online(ada));
}
