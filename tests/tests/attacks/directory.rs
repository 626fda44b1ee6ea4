//! Attacks by a relay that lies about accounts: device logs, usernames, KeyPackages.

use parley_engine::hostile::Peer;
use parley_engine::view::{Command, CommandError, Delivery, Person, Reply, Warning};
use parley_protocol::bounded::List;
use parley_protocol::device_log::{DeviceLog, SignedEntry};
use parley_protocol::frame::{
    Answer, AppendDeviceLog, ClaimedKeyPackage, DeviceLogNews, DirectoryRecord, RelayError, Request,
    ServerFrame,
};
use parley_protocol::ids::{AccountId, LogId};
use parley_protocol::limits::MAX_LOOKUPS;
use parley_protocol::username::Username;
use parley_tests::sim::{DeviceIndex, Told, World};

use super::enemy::{Pair, ask, catch_up, claim, meet, own_account, pair, reconnect, target};

/// From now on the relay changes every answer about the device log of `account` by `of`.
fn answer_with(
    world: &mut World,
    account: AccountId,
    of: impl Fn(&DirectoryRecord) -> DirectoryRecord + 'static,
) {
    world.relay.lie(move |_, _, told: &mut Told| {
        for (_, frame) in told {
            let ServerFrame::Answer { result: Ok(answer), .. } = frame else { continue };
            match answer {
                Answer::Directory(record) if record.account == account => *record = of(record),
                Answer::DeviceLogs(news) => *news = told_of(news, account, &of),
                _ => {}
            }
        }
    });
}

/// The answer with the news of `account` changed by `of`.
fn told_of(
    news: &List<DeviceLogNews, MAX_LOOKUPS>,
    account: AccountId,
    of: &impl Fn(&DirectoryRecord) -> DirectoryRecord,
) -> List<DeviceLogNews, MAX_LOOKUPS> {
    let lie = |news: &DeviceLogNews| match news {
        DeviceLogNews::Record(record) if record.account == account => DeviceLogNews::Record(of(record)),
        other => other.clone(),
    };
    List::new(news.iter().map(lie).collect()).unwrap()
}

fn record(log: &DeviceLog) -> DirectoryRecord {
    DirectoryRecord {
        account: log.account(),
        after: 0,
        log: List::new(log.entries().to_vec()).unwrap(),
        username: None,
    }
}

fn find(world: &mut World, device: DeviceIndex, text: &str) -> Reply {
    world.ask(device, Command::FindPerson(text.into()))
}

#[test]
fn p4_the_relay_cannot_answer_an_invite_with_somebody_else() {
    let mut world = World::new(600);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let invite = own_account(&mut world, bob).invite;
    let account = own_account(&mut world, bob).account;
    let eve = Peer::new(600, "eve");
    ask(&mut world, eve.registration()).unwrap();
    let (eves, own) = (record(eve.log()), record(eve.log()));
    // Eve's log unchanged, and under Bob's id.
    answer_with(&mut world, account, move |_| eves.clone());
    assert_eq!(find(&mut world, ada, &invite), Reply::Failed(CommandError::Forged));
    answer_with(&mut world, account, move |_| DirectoryRecord { account, ..own.clone() });
    for text in [invite.as_str(), "bob"] {
        assert_eq!(find(&mut world, ada, text), Reply::Failed(CommandError::Forged), "{text}");
    }
    world.relay.stop_lying();
    assert!(
        matches!(find(&mut world, ada, &invite), Reply::Person(Person { account: found, .. }) if found == account)
    );
}

#[test]
fn p4_the_relay_cannot_add_a_ghost_device_to_a_device_log() {
    let mut world = World::new(601);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let bob = target(&mut world, bob);
    let chat = world.start(ada, "bob");
    // The relay signs with its own keys: a device of Eve's log after Bob's genesis.
    let ghost = Peer::new(601, "eve").log_with_another_device();
    let mut entries: Vec<SignedEntry> = bob.log.entries().to_vec();
    entries.push(ghost.entries()[1].clone());
    let account = bob.account;
    answer_with(&mut world, account, move |honest| DirectoryRecord {
        after: 0,
        log: List::new(entries.clone()).unwrap(),
        ..honest.clone()
    });
    world.send(ada, chat, "only for Bob");
    world.settle();
    assert_eq!(world.devices[ada].conversations[&chat].warning, Some(Warning::ForgedKeys));
    assert_eq!(world.relay.log_count(), 0, "nothing was encrypted");
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);

    world.relay.stop_lying();
    reconnect(&mut world, ada);
    assert_eq!(world.devices[ada].conversations[&chat].warning, None);
    assert!(world.delivery(ada, chat) > Delivery::Waiting);
}

#[test]
fn p4_somebody_elses_device_log_for_a_contact_is_not_taken_and_shown() {
    let mut world = World::new(602);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let account = own_account(&mut world, bob).account;
    let chat = world.start(ada, "bob");
    let eves = record(Peer::new(602, "eve").log());
    answer_with(&mut world, account, move |_| eves.clone());
    world.send(ada, chat, "for Bob");
    world.settle();
    assert!(world.devices[ada].conversations[&chat].warning.is_some());
    reconnect(&mut world, bob);
    // The messages that went out went to the pinned device.
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["for Bob"]);
}

/// Ada with a peer of two devices, whose second one the relay knows about.
fn ada_and_a_peer_with_two_devices(seed: u64) -> (World, DeviceIndex, Peer, DeviceLog, LogId) {
    let mut world = World::new(seed);
    let ada = world.add_person("Ada");
    let mut peer = Peer::new(seed, "bob");
    let short = peer.log().clone();
    peer.set_log(peer.log_with_another_device());
    let log = meet(&mut world, ada, &mut peer);
    (world, ada, peer, short, log)
}

fn write(world: &mut World, peer: &mut Peer, log: LogId, text: &str, of: &DeviceLog) {
    catch_up(world, peer, log);
    let sealed = peer.text(log, text, &of.head());
    ask(world, peer.append(log, sealed)).unwrap();
}

fn warning(world: &World, ada: DeviceIndex) -> Option<Warning> {
    let chat = world.only_conversation(ada);
    world.devices[ada].conversations[&chat].warning
}

#[test]
fn p4_a_device_log_that_was_rolled_back_is_shown() {
    let (mut world, ada, peer, short, _) = ada_and_a_peer_with_two_devices(603);
    assert_eq!(warning(&world, ada), None);
    let rolled_back = record(&short);
    answer_with(&mut world, peer.log().account(), move |_| rolled_back.clone());
    // A relay that was rolled back to a copy gets the missing entries again; one that still lacks them lies.
    for _ in 0..3 {
        find(&mut world, ada, "bob");
    }
    assert_eq!(warning(&world, ada), Some(Warning::ForkedDeviceLog));
}

#[test]
fn p4_a_device_log_that_was_forked_is_found_by_gossip() {
    let mut world = World::new(604);
    let ada = world.add_person("Ada");
    let mut bob = Peer::new(604, "bob");
    // Bob's own view of his log, and the different one that the relay shows to Ada.
    let short = bob.log().clone();
    let (bobs, shown) = (bob.log_with_another_device(), bob.log_with_another_device());
    bob.set_log(shown.clone());
    let log = meet(&mut world, ada, &mut bob);
    write(&mut world, &mut bob, log, "the same list", &shown);
    write(&mut world, &mut bob, log, "before there were two", &short);
    reconnect(&mut world, ada);
    assert_eq!(warning(&world, ada), None, "heads that the log has or had");
    write(&mut world, &mut bob, log, "another list", &bobs);
    reconnect(&mut world, ada);
    assert_eq!(warning(&world, ada), Some(Warning::ForkedDeviceLog));
}

#[test]
fn p4_a_change_that_the_relay_hides_is_found_by_gossip() {
    for hides in [true, false] {
        let mut world = World::new(605);
        let ada = world.add_person("Ada");
        let mut bob = Peer::new(605, "bob");
        let log = meet(&mut world, ada, &mut bob);
        let newer = bob.log_with_another_device();
        if !hides {
            let (account, entry) = (newer.account(), newer.entries()[1].clone());
            ask(&mut world, Request::AppendDeviceLog(AppendDeviceLog { account, entry })).unwrap();
        }
        write(&mut world, &mut bob, log, "I have a new device", &newer);
        reconnect(&mut world, ada);
        assert_eq!(warning(&world, ada), hides.then_some(Warning::ForkedDeviceLog));
    }
}

#[test]
fn p4_a_username_that_now_leads_elsewhere_does_not_open_the_old_conversation() {
    let mut world = World::new(606);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let account = own_account(&mut world, bob).account;
    let eve = Peer::new(606, "eve");
    ask(&mut world, eve.registration()).unwrap();
    let eves = record(eve.log());
    answer_with(&mut world, account, move |honest| DirectoryRecord {
        username: honest.username.clone(),
        ..eves.clone()
    });
    let Reply::Person(found) = find(&mut world, ada, "bob") else { panic!("nobody") };
    assert_eq!((found.account, found.conversation), (eve.log().account(), None), "somebody new");
    world.send(ada, chat, "to the old one");
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["hello", "to the old one"]);
}

#[test]
fn p4_news_that_do_not_continue_a_device_log_change_nothing() {
    for (seed, after) in (610..).zip([0, 1, 2, u32::MAX]) {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(seed);
        world.settle();
        let account = own_account(&mut world, bob).account;
        let strange = Peer::new(601, "eve").log_with_another_device().entries()[1].clone();
        answer_with(&mut world, account, move |honest| DirectoryRecord {
            after,
            log: List::new(vec![strange.clone()]).unwrap(),
            ..honest.clone()
        });
        world.pass(20_000);
        world.send(ada, chat, "to the devices that are known");
        world.settle();
        assert_eq!(world.texts(bob, chat_b).last().unwrap(), "to the devices that are known", "{after}");
        world.relay.stop_lying();
        reconnect(&mut world, ada);
        assert_eq!(world.devices[ada].conversations[&chat].warning, None, "{after}");
    }
}

#[test]
fn p4_the_relay_gives_a_contact_no_other_username() {
    let Pair { mut world, ada, bob, chat, .. } = pair(606);
    world.settle();
    let account = own_account(&mut world, bob).account;
    answer_with(&mut world, account, |record| DirectoryRecord {
        username: Some(Username::parse("carol").unwrap()),
        ..record.clone()
    });
    reconnect(&mut world, ada);
    let Reply::Person(found) = find(&mut world, ada, "bob") else { panic!("nobody") };
    assert_eq!(found.account, account);
    world.settle();
    let username = world.devices[ada].conversations[&chat].username.clone();
    assert_eq!(username.as_deref(), Some("bob"), "what was pinned stays");
}

#[test]
fn p4_key_packages_of_another_account_start_nothing() {
    for renamed in [false, true] {
        let mut world = World::new(607);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let bob = target(&mut world, bob);
        let chat = world.start(ada, "bob");
        let eve = Peer::new(607, "eve");
        let package = eve.key_package(eve.identity());
        let device = if renamed { bob.address.device } else { eve.identity().device };
        world.relay.lie(move |_, request, told| {
            if let (Request::ClaimKeyPackages(_), Some((_, ServerFrame::Answer { result, .. }))) =
                (request, told.first_mut())
            {
                let key_package = parley_tests::relay_client::bytes(&package);
                let claimed = ClaimedKeyPackage { device, key_package };
                *result = Ok(Answer::KeyPackages(List::new(vec![claimed]).unwrap()));
            }
        });
        world.send(ada, chat, "only for Bob");
        world.settle();
        assert_eq!(world.relay.log_count(), 0, "nothing was encrypted");
        assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
        assert_eq!(
            world.devices[ada].conversations[&chat].warning,
            renamed.then_some(Warning::ForgedKeys),
            "a missing device is not a forged one"
        );
    }
}

#[test]
fn p5_key_packages_that_a_stranger_used_up_do_not_stop_anybody() {
    let mut world = World::new(608);
    let (ada, bob, eve) = (world.add_person("Ada"), world.add_person("Bob"), world.add_person("Eve"));
    let account = own_account(&mut world, bob).account;
    for _ in 0..100 {
        claim(&mut world, account);
    }
    assert_eq!(world.relay.one_time_left(&account), 0);
    // Two at once by the KeyPackage of last resort.
    for person in [ada, eve] {
        let chat = world.start(person, "bob");
        world.send(person, chat, "hello");
    }
    world.settle();
    assert_eq!(world.devices[bob].conversations.len(), 2);
    for chat in world.devices[bob].conversations.keys().copied().collect::<Vec<_>>() {
        assert_eq!(world.texts(bob, chat), ["hello"]);
    }
    reconnect(&mut world, bob);
    assert!(world.relay.one_time_left(&account) >= 20, "filled up again");
}

#[test]
fn p9_a_relay_that_has_no_key_packages_leaves_the_message_waiting() {
    let mut world = World::new(609);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.relay.lie(|_, request, told| {
        if let (Request::ClaimKeyPackages(_), Some((_, ServerFrame::Answer { result, .. }))) =
            (request, told.first_mut())
        {
            *result = Err(RelayError::Internal);
        }
    });
    world.send(ada, chat, "patience");
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    world.relay.stop_lying();
    reconnect(&mut world, ada);
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["patience"]);
}

/// Bob's record of Ada is damaged, and the relay has somebody else's for him.
#[test]
fn p4_who_is_learnt_anew_is_nobody_else() {
    let Pair { world, bob, .. } = pair(609);
    let mut lied = 0;
    for key in world.devices[bob].disk.records.keys() {
        let Pair { mut world, ada, bob, chat_b, .. } = pair(609);
        let mut disk = world.devices[bob].disk.clone();
        *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
        let account = own_account(&mut world, ada).account;
        world.disconnect(ada);
        if world.try_roll_back(bob, disk).is_err() {
            continue;
        }
        world.ask(bob, Command::Subscribe);
        if world.devices[bob].conversations.contains_key(&chat_b) {
            continue;
        }
        let eve = Peer::new(609, "eve");
        ask(&mut world, eve.registration()).unwrap();
        let eves = record(eve.log());
        answer_with(&mut world, account, move |_| eves.clone());
        reconnect(&mut world, bob);
        assert!(!world.devices[bob].conversations.contains_key(&chat_b), "that is not Ada");
        world.relay.stop_lying();
        world.pass(2 * 60 * 1000);
        world.settle();
        assert_eq!(world.devices[bob].conversations[&chat_b].username.as_deref(), Some("ada"));
        lied += 1;
    }
    assert_eq!(lied, 1, "one record is that of the contact");
}
