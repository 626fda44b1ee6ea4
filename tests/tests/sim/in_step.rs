//! Account sync between devices: names, and whom the person has verified.

use parley_engine::view::{BodyView, Command, CommandError, Delivery, Reply, Share};
use parley_protocol::ids::DeviceId;

use parley_tests::sim::{DeviceIndex, World};

use super::devices::{link, meet, names, pair};

#[test]
fn a_device_is_called_the_same_on_all_of_them() {
    let (mut world, ada, ..) = pair();
    let second = link(&mut world, ada);
    let ids: Vec<DeviceId> =
        world.devices[ada].account.as_ref().unwrap().devices.iter().map(|device| device.id).collect();
    let rename = |device, name: &str| Command::RenameDevice { device, name: name.into() };
    world.disconnect(second);
    assert_eq!(world.ask(ada, rename(ids[0], "Desk")), Reply::Done);
    assert_eq!(world.ask(ada, rename(ids[1], " Pocket ")), Reply::Done);
    world.settle();
    assert_eq!(names(&world, ada), ["Desk", "Pocket"]);
    world.connect(second);
    world.settle();
    assert_eq!(names(&world, second), ["Desk", "Pocket"]);
    assert_eq!(world.ask(second, rename(ids[0], "Table")), Reply::Done);
    world.settle();
    for device in [ada, second] {
        world.crash(device);
        world.connect(device);
        world.ask(device, Command::Subscribe);
        assert_eq!(names(&world, device), ["Table", "Pocket"]);
    }
    assert_eq!(world.ask(ada, rename(ids[0], "  ")), Reply::Failed(CommandError::Name));
    let nobody = DeviceId([9; 16]);
    assert_eq!(world.ask(ada, rename(nobody, "Desk")), Reply::Failed(CommandError::UnknownDevice));
    assert_eq!(names(&world, ada), ["Table", "Pocket"]);
}

/// The devices tell each other the day, not the hour.
#[test]
fn each_device_tells_the_others_on_which_day_it_was_used() {
    let (mut world, ada, ..) = pair();
    let second = link(&mut world, ada);
    let day = 24 * 60 * 60 * 1000;
    let seen = |world: &World, device: DeviceIndex| -> Vec<u64> {
        let devices = &world.devices[device].account.as_ref().unwrap().devices;
        devices.iter().map(|device| device.seen.0 / day).collect()
    };
    let today = seen(&world, ada)[0];
    assert_eq!(seen(&world, ada), [today, today]);
    world.disconnect(ada);
    world.pass(3 * day);
    world.settle();
    world.connect(second);
    world.settle();
    assert_eq!(seen(&world, second), [today, today + 3]);
    world.disconnect(second);
    world.connect(ada);
    world.settle();
    assert_eq!(seen(&world, ada), [today + 3, today + 3]);
}

#[test]
fn who_was_verified_on_one_device_is_verified_on_all() {
    let (mut world, ada, _, there, _) = pair();
    let second = link(&mut world, ada);
    world.settle();
    for (device, verified) in [(ada, true), (second, false)] {
        let mark = Command::SetVerified { conversation: there, verified };
        assert_eq!(world.ask(device, mark), Reply::Done);
        world.settle();
        for device in [ada, second] {
            assert_eq!(world.devices[device].conversations[&there].verified, verified);
        }
    }
}

#[test]
fn the_name_and_the_settings_are_the_same_on_all_devices_and_the_newest_hold() {
    let (mut world, ada, bob, _, back) = pair();
    let second = link(&mut world, ada);
    let third = link(&mut world, second);
    world.settle();
    let all = [ada, second, third];
    let said = |world: &World, device: DeviceIndex| {
        let account = world.devices[device].account.clone().unwrap();
        (account.name, account.read_receipts)
    };
    world.ask(ada, Command::SetName("Ada Lovelace".into()));
    world.settle();
    world.ask(third, Command::SetReadReceipts(false));
    world.settle();
    for device in all {
        assert_eq!(said(&world, device), ("Ada Lovelace".to_owned(), false));
    }
    assert_eq!(world.devices[bob].conversations[&back].name, "Ada Lovelace");

    // One device is away while the name changes twice, and learns of both changes.
    world.disconnect(second);
    for name in ["Ada", "Countess of Lovelace"] {
        world.ask(ada, Command::SetName(name.into()));
        world.settle();
    }
    world.connect(second);
    world.settle();
    for device in all {
        assert_eq!(said(&world, device).0, "Countess of Lovelace");
        world.crash(device);
        world.connect(device);
        world.ask(device, Command::Subscribe);
        assert_eq!(said(&world, device), ("Countess of Lovelace".to_owned(), false));
    }
    assert_eq!(world.devices[bob].conversations[&back].name, "Countess of Lovelace");
}

#[test]
fn what_was_read_on_one_device_is_read_on_all() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    for text in ["one", "two", "three"] {
        world.send(bob, back, text);
    }
    world.settle();
    let unread = |world: &World, device: DeviceIndex| world.devices[device].conversations[&there].unread;
    assert_eq!((unread(&world, ada), unread(&world, second)), (4, 3));
    let order = |world: &mut World, text: &str| {
        let history = world.history(ada, there);
        history.iter().find(|message| message.body == BodyView::Text(text.into())).unwrap().order
    };
    // A device that has shown the messages up to there has read up to there.
    for (text, left, state) in [("two", (1, 1), Delivery::Delivered), ("three", (0, 0), Delivery::Read)] {
        let upto = order(&mut world, text);
        assert_eq!(world.ask(ada, Command::MarkRead { conversation: there, upto }), Reply::Done);
        world.settle();
        assert_eq!((unread(&world, ada), unread(&world, second)), left, "up to {text}");
        assert_eq!(world.delivery(bob, back), state);
    }
    world.send(bob, back, "four");
    world.settle();
    assert_eq!((unread(&world, ada), unread(&world, second)), (1, 1));
}

#[test]
fn how_much_history_has_gone_to_a_new_device_is_shown() {
    let (mut world, ada, ..) = pair();
    for number in 0..5 {
        world.add_person(&format!("Friend{number}"));
        let chat = world.start(ada, &format!("friend{number}"));
        for text in 0..40 {
            world.send(ada, chat, &format!("{text} {}", "x".repeat(3_000)));
        }
        world.settle();
    }
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.command(ada, Command::ApproveDevice(Share::All));
    let mut shown = Vec::new();
    for _ in 0..4_000 {
        let _ = world.step(ada) || world.timer_step(ada);
        let _ = world.step(new) || world.timer_step(new);
        world.advance(5);
        shown.extend(world.devices[ada].account.as_ref().and_then(|account| account.sharing));
    }
    shown.dedup();
    assert_eq!(shown, (0..6).map(|done| (done, 6)).collect::<Vec<_>>());
    world.settle();
    assert_eq!(world.devices[ada].account.as_ref().unwrap().sharing, None, "it ends");
}

/// A device reports its read position to the account's others in the same log.
#[test]
fn what_one_device_has_read_is_not_taken_for_the_others_receipt() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(ada, there, "delivered and not read");
    world.settle();
    world.send(bob, back, "to be read");
    world.settle();
    world.disconnect(bob);
    let upto = world.history(second, there).last().unwrap().order;
    world.ask(second, Command::MarkRead { conversation: there, upto });
    for _ in 0..3 {
        world.settle();
    }
    assert_eq!(world.devices[ada].conversations[&there].unread, 0, "read on the other device");
    for device in [ada, second] {
        let history = world.history(device, there);
        let own = history.iter().rev().find(|message| message.outgoing.is_some()).unwrap();
        assert_eq!(own.outgoing, Some(Delivery::Delivered));
    }
}
