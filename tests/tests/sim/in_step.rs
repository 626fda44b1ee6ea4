//! What the devices of an account tell each other: names, and whom the person has verified.

use parley_engine::view::{Command, CommandError, Reply};
use parley_protocol::ids::DeviceId;

use super::devices::{link, names, pair};

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
