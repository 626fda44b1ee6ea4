//! Loads on demand the half for seldom-used account functions. The half for groups is in `groups/halves.rs`.

use parley_engine::view::{Command, CommandError, Reply, Share};
use parley_tests::sim::{DeviceIndex, Halves, World};

use super::devices::meet;
use super::recovery::{one_step, pair, recover_command, recovery};

/// A device without an account, whose process loads its half on demand, after this many failing attempts.
fn bare(world: &mut World, failures: u32) -> DeviceIndex {
    let index = world.add_device();
    restart(world, index, failures);
    index
}

fn restart(world: &mut World, index: DeviceIndex, failures: u32) {
    world.devices[index].halves = Halves::Loaded { failures };
    world.devices[index].halves_asked = 0;
    world.crash(index);
    world.connect(index);
    world.run();
}

#[test]
fn coming_back_by_the_phrase_waits_for_its_half_after_each_restart() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let new = bare(&mut world, 1);
    let command = recover_command(&phrase, true);
    assert_eq!(world.ask(new, command.clone()), Reply::Failed(CommandError::Offline));
    world.command(new, command);
    let mut restarts = 0;
    for step in 0..400 {
        one_step(&mut world, new);
        if step % 20 == 19 {
            restarts += 1;
            restart(&mut world, new, restarts % 3);
            world.pass(300);
        }
        if world.devices[new].account.is_none() {
            continue;
        }
        if restarts > 6 {
            break;
        }
    }
    for _ in 0..12 {
        world.settle();
    }
    assert_eq!((recovery(&world, new).restoring, recovery(&world, new).lost), (None, 0));
    assert_eq!(world.texts(new, there), before);
    world.send(bob, back, "welcome");
    world.settle();
    assert_eq!(world.texts(new, there).last().unwrap(), "welcome");
    restart(&mut world, new, 0);
    world.settle();
    assert_eq!(world.devices[new].halves_asked, 0, "there is nothing left to do");
}

#[test]
fn two_devices_link_whose_halves_are_loaded() {
    let (mut world, ada, bob, there, back, _) = pair();
    restart(&mut world, ada, 0);
    let new = bare(&mut world, 0);
    world.settle();
    assert_eq!((world.devices[ada].halves_asked, world.devices[new].halves_asked), (0, 0));
    meet(&mut world, new, ada, false);
    world.ask(ada, Command::ApproveDevice(Share::All));
    for _ in 0..6 {
        world.settle();
    }
    assert_eq!((world.devices[ada].halves_asked, world.devices[new].halves_asked), (1, 1));
    world.send(bob, back, "to both");
    world.settle();
    for index in [ada, new] {
        assert_eq!(world.texts(index, there).last().unwrap(), "to both");
    }
}
