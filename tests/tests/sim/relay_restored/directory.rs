//! Accounts, usernames and devices that the restored relay does not know.

use parley_engine::view::{Command, Delivery, Registration, Reply, UsernameStatus};

use super::{come_back, each_once, no_markers, restore};
use crate::devices::link;
use crate::resync::{chatting, settle_long};

#[test]
fn p5_an_account_made_after_the_copy_registers_again() {
    let (mut world, [ada, bob], _) = chatting(930);
    let copy = world.relay.copy();
    let eve = world.add_person("Eve");
    let chat = world.start(eve, "bob");
    world.send(eve, chat, "hello");
    settle_long(&mut world);
    restore(&mut world, &copy, &[ada, bob, eve]);
    assert!(world.is_online(eve), "it does not catch up for ever");
    world.send(eve, chat, "on");
    settle_long(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
    assert_eq!(world.texts(eve, chat), [">hello", ">on"]);
    let taken = world.ask(ada, Command::CheckUsername("eve".into()));
    assert_eq!(taken, Reply::Username(UsernameStatus::Taken), "its username is its own again");
    for device in [ada, bob, eve] {
        no_markers(&mut world, device);
    }
}

/// The account returns with its later devices, whichever of them comes first.
#[test]
fn p6_a_linked_device_brings_the_whole_account_back() {
    for first in [0, 1] {
        let (mut world, [ada, bob], _) = chatting(931);
        let copy = world.relay.copy();
        let eve = world.add_person("Eve");
        let chat = world.start(eve, "bob");
        world.send(eve, chat, "hello");
        let second = link(&mut world, eve);
        settle_long(&mut world);
        world.restore_relay(&copy);
        let (one, other) = if first == 0 { (eve, second) } else { (second, eve) };
        come_back(&mut world, &[one]);
        come_back(&mut world, &[other, ada, bob]);
        settle_long(&mut world);
        for device in [one, other] {
            assert!(world.is_online(device));
            assert_eq!(world.devices[device].account.as_ref().unwrap().devices.len(), 2);
        }
        world.send(second, chat, "from the second");
        settle_long(&mut world);
        assert_eq!(world.delivery(second, chat), Delivery::Delivered);
        each_once(&mut world, eve, chat, &[">hello", ">from the second"]);
    }
}

/// The copy knows the account, but not the device.
#[test]
fn p6_a_device_linked_after_the_copy_comes_back() {
    for first in [0, 1, 2] {
        let (mut world, [ada, bob], [chat, there]) = chatting(932);
        let copy = world.relay.copy();
        let second = link(&mut world, bob);
        world.send(second, there, "three");
        settle_long(&mut world);
        world.restore_relay(&copy);
        come_back(&mut world, &[[ada, bob, second][first]]);
        come_back(&mut world, &[ada, bob, second]);
        settle_long(&mut world);
        for device in [ada, bob, second] {
            assert!(world.is_online(device), "{first}: {device}");
            no_markers(&mut world, device);
        }
        world.send(second, there, "four");
        world.send(ada, chat, "five");
        settle_long(&mut world);
        each_once(&mut world, ada, chat, &[">one", "two", "three", "four", ">five"]);
        each_once(&mut world, bob, there, &["one", ">two", ">three", ">four", "five"]);
        each_once(&mut world, second, there, &[">three", ">four", "five"]);
    }
}

/// In the copy the removed device is still in the account, and it comes back before all others.
#[test]
fn p10_a_device_removed_after_the_copy_does_not_come_back_to_life() {
    let (mut world, [ada, bob], [chat, there]) = chatting(933);
    let second = link(&mut world, bob);
    settle_long(&mut world);
    world.disconnect(second);
    let copy = world.relay.copy();
    let bobs = world.devices[bob].account.clone().unwrap();
    let (devices, account) = (bobs.devices, bobs.account);
    let removed = devices.iter().find(|device| !device.this).unwrap().id;
    assert_eq!(world.ask(bob, Command::RemoveDevice(removed)), Reply::Done);
    world.send(ada, chat, "not for the second");
    settle_long(&mut world);
    world.restore_relay(&copy);
    come_back(&mut world, &[second]);
    assert!(!world.devices[second].erased, "it knows nothing of its removal");
    come_back(&mut world, &[ada]);
    assert!(world.devices[second].erased, "whoever knows of it brings it back");
    come_back(&mut world, &[bob]);
    world.send(ada, chat, "nor this");
    settle_long(&mut world);
    each_once(&mut world, bob, there, &["one", ">two", "not for the second", "nor this"]);
    assert_eq!(world.relay.device_log(&account).devices().count(), 1);
    assert_eq!(world.devices[ada].conversations[&chat].warning, None);
}

/// Another account took the username in between: the account gets the name with a number, and says so.
#[test]
fn p11_who_lost_the_username_to_somebody_else_gets_another_and_is_told() {
    let (mut world, [ada, bob], _) = chatting(934);
    let copy = world.relay.copy();
    let eve = world.add_person("Eve");
    let chat = world.start(eve, "bob");
    let second = link(&mut world, eve);
    settle_long(&mut world);
    world.restore_relay(&copy);
    let other = world.add_device();
    let taken = Command::CreateAccount { name: "Evelyn".into(), username: "eve".into() };
    assert_eq!(world.ask(other, taken), Reply::Done);
    come_back(&mut world, &[second]);
    come_back(&mut world, &[ada, bob, eve]);
    for device in [eve, second] {
        let account = world.devices[device].account.as_ref().unwrap();
        assert!(account.username.starts_with("eve") && account.username.len() == 7, "{}", account.username);
        assert_eq!(account.registration, Registration::Renamed);
        assert!(world.is_online(device));
    }
    world.send(eve, chat, "on");
    settle_long(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
}
