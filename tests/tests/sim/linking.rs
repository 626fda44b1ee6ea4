//! Linking, step by step: devices restart or go away in between, and a relay lies. Tests of codes are in `codes.rs`.

use std::cell::Cell;
use std::rc::Rc;

use parley_engine::view::{Command, ConversationId, LinkView, Reply, Share};
use parley_protocol::frame::Request;
use parley_tests::accounts::looks_up;
use parley_tests::sim::{ConnectionId, DeviceIndex, World};

use super::devices::{approve, let_in, link, link_with, meet, names, pair};

#[test]
fn p5_a_new_device_that_dies_after_its_word_is_linked_all_the_same() {
    let (mut world, ada, bob, there, back) = pair();
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.ask(ada, Command::ApproveDevice(Share::Nothing));
    // Runs single steps until the entry is at the relay.
    for _ in 0..200 {
        rounds(&mut world, [ada, new], 1);
        if world.devices[ada].account.as_ref().is_some_and(|account| account.devices.len() == 2) {
            break;
        }
    }
    world.crash(new);
    world.connect(new);
    world.settle();
    world.pass(10_000);
    world.settle();
    assert!(world.devices[new].account.is_some());
    world.send(bob, back, "to both");
    world.settle();
    assert_eq!(world.texts(new, there).last().unwrap(), "to both");
}

/// Runs one step of everything on these devices, this many times.
fn rounds(world: &mut World, devices: [DeviceIndex; 2], count: usize) {
    for _ in 0..count {
        for index in devices {
            world.disk_step(index);
            world.uplink_step(index);
            world.downlink_step(index);
            world.timer_step(index);
        }
    }
}

/// Lets enough time pass for all retries.
fn patience(world: &mut World) {
    for _ in 0..30 {
        world.pass(2_500);
    }
    world.settle();
}

fn shown(world: &mut World, index: DeviceIndex) -> Option<LinkView> {
    world.ask(index, Command::Subscribe);
    world.devices[index].link.clone()
}

/// Checks the end of linking: it is done, with history, or it has ended and can begin again. Returns whether it is done.
fn linked_or_not(
    world: &mut World,
    ada: DeviceIndex,
    new: DeviceIndex,
    there: ConversationId,
    what: &str,
) -> bool {
    let linked = world.devices[new].account.is_some();
    let (at_ada, at_new) = (shown(world, ada), shown(world, new));
    let devices = world.devices[ada].account.clone().unwrap().devices.len();
    assert_eq!(devices, if linked { 2 } else { 1 }, "{what}: {at_ada:?}, {at_new:?}");
    if linked {
        assert!(matches!(at_ada, None | Some(LinkView::Done)), "{what}: {at_ada:?}");
        assert!(matches!(at_new, None | Some(LinkView::Done)), "{what}: {at_new:?}");
        assert_eq!(world.texts(new, there), world.texts(ada, there), "{what}: history");
        assert_eq!(names(world, ada), ["", "Firefox on Linux"], "{what}");
        assert_eq!(names(world, new), ["", "Firefox on Linux"], "{what}");
    } else {
        assert!(matches!(at_new, None | Some(LinkView::Failed(_))), "{what}: {at_new:?}");
        assert!(matches!(at_ada, None | Some(LinkView::Failed(_))), "{what}: {at_ada:?}");
    }
    assert_eq!(world.devices[ada].account.as_ref().unwrap().sharing, None, "{what}");
    linked
}

/// A fault of one of the two devices.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// The connection is cut, and the device connects again.
    Cut,
    /// The device restarts.
    Restart,
    /// The device restarts an hour later.
    Away,
}

/// The fault hits one of the two after each step, from the person's consent to the end of history.
fn struck(on_ada: bool, blow: Blow) {
    let mut outcomes = [0, 0];
    for count in (0..90).step_by(if blow == Blow::Away { 3 } else { 1 }) {
        let (mut world, ada, bob, there, back) = pair();
        let new = world.add_device();
        meet(&mut world, new, ada, false);
        world.command(ada, Command::ApproveDevice(Share::All));
        rounds(&mut world, [ada, new], count);
        let victim = if on_ada { ada } else { new };
        let what = format!("after {count} steps");
        match blow {
            Blow::Cut => world.disconnect(victim),
            Blow::Restart | Blow::Away => world.crash(victim),
        }
        for _ in 0..if blow == Blow::Away { 360 } else { 0 } {
            world.pass(10_000);
        }
        world.connect(victim);
        patience(&mut world);
        let linked = linked_or_not(&mut world, ada, new, there, &what);
        outcomes[usize::from(linked)] += 1;
        if !linked {
            world.ask(ada, Command::CancelLinking);
            world.ask(new, Command::CancelLinking);
            meet(&mut world, new, ada, false);
            world.ask(ada, Command::ApproveDevice(Share::All));
            patience(&mut world);
            assert!(linked_or_not(&mut world, ada, new, there, &what), "{what}: the second attempt");
        }
        world.send(bob, back, "to both");
        world.settle();
        for device in [ada, new] {
            assert_eq!(world.texts(device, there), [">before", "answer", "to both"], "{what}");
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "both ends were seen: {outcomes:?}");
}

#[test]
fn p5_the_account_s_device_restarts_at_any_step_of_linking() {
    struck(true, Blow::Restart);
}

#[test]
fn p5_the_new_device_restarts_at_any_step_of_linking() {
    struck(false, Blow::Restart);
}

#[test]
fn p5_the_account_s_device_is_away_for_an_hour_from_any_step_of_linking() {
    struck(true, Blow::Away);
}

#[test]
fn p5_the_new_device_is_away_for_an_hour_from_any_step_of_linking() {
    struck(false, Blow::Away);
}

#[test]
fn p5_the_account_s_device_is_cut_off_at_any_step_of_linking() {
    struck(true, Blow::Cut);
}

#[test]
fn p5_the_new_device_is_cut_off_at_any_step_of_linking() {
    struck(false, Blow::Cut);
}

/// Every message written while a device is added and gets its history reaches it in the end, in one way or the other.
fn written_at_any_step(restart: bool) {
    for count in 0..90 {
        let (mut world, ada, bob, there, back) = pair();
        let carol = world.add_person("Carol");
        let to_carol = world.start(ada, "carol");
        world.send(ada, to_carol, "hello Carol");
        world.settle();
        let new = world.add_device();
        meet(&mut world, new, ada, false);
        world.command(ada, Command::ApproveDevice(Share::All));
        rounds(&mut world, [ada, new], count);
        if restart {
            world.crash(ada);
            world.connect(ada);
        }
        let from_carol = world.only_conversation(carol);
        for (who, conversation) in [(bob, back), (carol, from_carol), (ada, there), (ada, to_carol)] {
            world.send(who, conversation, "meanwhile");
        }
        patience(&mut world);
        if world.devices[new].account.is_none() {
            assert!(restart, "after {count} steps");
            continue;
        }
        for conversation in [there, to_carol] {
            let on_both = [new, ada].map(|device| world.texts(device, conversation));
            assert_eq!(on_both[0], on_both[1], "after {count} steps");
        }
    }
}

#[test]
fn p6_what_is_written_at_any_step_of_linking_is_on_the_new_device() {
    written_at_any_step(false);
}

#[test]
fn p5_p6_what_is_written_is_there_also_if_the_account_s_device_restarts_at_any_step() {
    written_at_any_step(true);
}

#[test]
fn p4_a_device_in_no_conversation_learns_at_once_that_it_was_removed() {
    let mut world = World::new(1);
    let ada = world.add_person("Ada");
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.command(ada, Command::ApproveDevice(Share::Nothing));
    // Runs until the device is in the account, but in no conversation yet.
    for _ in 0..200 {
        rounds(&mut world, [ada, new], 1);
        if world.devices[new].account.is_some() {
            break;
        }
    }
    let device = world.devices[ada].account.as_ref().unwrap().devices[1].id;
    assert_eq!(world.relay.log_count(), 0);
    let id = world.command(ada, Command::RemoveDevice(device));
    world.run();
    assert_eq!(world.devices[ada].replies.get(&id), Some(&Reply::Done));
    assert!(world.devices[new].removed.is_some());
}

#[test]
fn p4_a_fork_of_the_own_device_log_is_shown_and_not_taken() {
    let (mut world, ada, ..) = pair();
    let second = link(&mut world, ada);
    world.disconnect(second);
    let account = world.devices[ada].account.clone().unwrap();
    assert!(!account.forked);
    // The relay keeps the earlier log, lets one device remove the other, and shows that one a log in which it still is.
    let old = world.relay.device_log(&account.account);
    let third = link(&mut world, ada);
    // Nobody is online to restore what the relay hides.
    for device in 0..world.devices.len() {
        world.disconnect(device);
    }
    world.relay.put_device_log(&account.account, old);
    world.connect(second);
    world.settle();
    link(&mut world, second);
    world.connect(ada);
    world.settle();
    let after = world.devices[ada].account.clone().unwrap();
    assert!(after.forked, "the person is told");
    assert_eq!(after.devices.len(), 3, "nothing of it is taken");
    assert!(
        after
            .devices
            .iter()
            .any(|device| device.id == world.devices[third].account.as_ref().unwrap().devices[2].id)
    );
    assert!(world.devices[second].account.as_ref().unwrap().forked, "the other's messages say so");
}

/// The relay shows each of two devices its own log, and never the other's: their messages to each other reveal that.
#[test]
fn p4_a_fork_of_the_own_device_log_that_gossip_shows_is_shown() {
    let (mut world, ada, _, there, _) = pair();
    let second = link(&mut world, ada);
    world.disconnect(second);
    let account = world.devices[ada].account.as_ref().unwrap().account;
    let old = world.relay.device_log(&account);
    let third = world.add_device();
    let_in(&mut world, ada, third);
    let real = world.relay.device_log(&account);
    for device in [ada, third] {
        world.disconnect(device);
    }
    world.relay.put_device_log(&account, old);
    world.connect(second);
    world.settle();
    let fourth = world.add_device();
    let_in(&mut world, second, fourth);
    world.disconnect(fourth);
    world.send(second, there, "from who was shown something else");
    world.settle();
    world.disconnect(second);
    world.relay.put_device_log(&account, real);
    assert!(!world.devices[ada].account.as_ref().unwrap().forked);
    world.connect(ada);
    world.settle();
    assert_eq!(world.texts(ada, there).last().unwrap(), ">from who was shown something else");
    assert!(world.devices[ada].account.as_ref().unwrap().forked, "the person is told");
}

#[test]
fn p4_an_own_device_log_that_is_only_old_is_no_fork() {
    let (mut world, ada, ..) = pair();
    let account = world.devices[ada].account.as_ref().unwrap().account;
    let old = world.relay.device_log(&account);
    link(&mut world, ada);
    let new = world.relay.device_log(&account);
    world.relay.put_device_log(&account, old);
    world.disconnect(ada);
    world.connect(ada);
    world.settle();
    world.relay.put_device_log(&account, new);
    let after = world.devices[ada].account.clone().unwrap();
    assert!(!after.forked);
    assert_eq!(after.devices.len(), 2);
}

#[test]
fn p6_linking_and_history_wait_for_nothing_when_both_are_there() {
    for seed in 0..40 {
        let (mut world, ada, bob, there, _) = pair();
        world.disconnect(bob);
        world.appends_take_long = seed % 2 == 0;
        for _ in 0..seed {
            world.random(2);
        }
        let new = world.add_device();
        meet(&mut world, new, ada, false);
        world.command(ada, Command::ApproveDevice(Share::All));
        world.run_in_any_order();
        assert_eq!(world.devices[ada].link, Some(LinkView::Done), "seed {seed}");
        assert_eq!(world.texts(new, there), [">before", "answer"], "seed {seed}");
    }
}

/// The answer about the earlier log comes while the entry that adds the device is on its way.
#[test]
fn p6_an_answer_that_does_not_know_the_new_device_yet_stops_no_history() {
    let (mut world, ada, _, there, _) = pair();
    let account = world.devices[ada].account.as_ref().unwrap().account;
    let (mut held, released) = (None, Rc::new(Cell::new(false)));
    let was_released = Rc::clone(&released);
    world.relay.lie(move |from, asked, told| {
        let place = told.iter().position(|(to, _)| *to == from);
        match asked {
            // Ada has the third connection of this world.
            asked if looks_up(asked, &account) && from == ConnectionId(3) && !released.get() => {
                held = place.map(|place| told.remove(place));
            }
            Request::AppendDeviceLog(_) => {
                released.set(held.is_some());
                told.splice(0..0, held.take());
            }
            _ => {}
        }
    });
    world.connect(ada);
    world.settle();
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.ask(ada, Command::ApproveDevice(Share::All));
    patience(&mut world);
    assert!(was_released.get());
    assert_eq!(world.texts(new, there), [">before", "answer"]);
}

#[test]
fn p6_the_oldest_device_tells_a_new_one_everything_when_the_one_that_linked_it_is_gone() {
    let (mut world, ada, _, there, _) = pair();
    let second = link(&mut world, ada);
    let third = world.add_device();
    meet(&mut world, third, second, false);
    world.command(second, Command::ApproveDevice(Share::Nothing));
    for _ in 0..200 {
        rounds(&mut world, [second, third], 1);
        if world.devices[third].account.is_some() {
            break;
        }
    }
    world.disconnect(second);
    patience(&mut world);
    assert_eq!(world.devices[third].conversations[&there].name, "Bob", "as the other devices know him");
}

#[test]
fn p4_a_device_that_was_removed_before_it_looked_is_none_of_the_account_and_can_be_linked_again() {
    let (mut world, ada, ..) = pair();
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.command(ada, Command::ApproveDevice(Share::Nothing));
    for _ in 0..200 {
        rounds(&mut world, [ada, new], 1);
        if names(&world, ada).len() == 2 {
            break;
        }
    }
    world.disconnect(new);
    assert!(world.devices[new].account.is_none(), "it has not looked");
    let device = world.devices[ada].account.as_ref().unwrap().devices[1].id;
    assert_eq!(world.ask(ada, Command::RemoveDevice(device)), Reply::Done);
    world.connect(new);
    patience(&mut world);
    assert!(world.devices[new].account.is_none());
    meet(&mut world, new, ada, false);
    approve(&mut world, ada);
    assert_eq!(world.devices[new].link, Some(LinkView::Done));
    assert_eq!(names(&world, new).len(), 2);
}

/// The first new device disconnects before it is in the account's own conversation, and another one is linked meanwhile.
#[test]
fn p6_a_device_that_was_linked_gets_its_history_although_another_was_linked_before_it_came() {
    let (mut world, ada, bob, there, back) = pair();
    for number in 0..60 {
        world.send(ada, there, &format!("from Ada {number}"));
    }
    world.settle();
    let first = world.add_device();
    meet(&mut world, first, ada, false);
    world.command(ada, Command::ApproveDevice(Share::All));
    for _ in 0..300 {
        world.step(ada);
        world.step(first);
        if world.devices[first].account.is_some() {
            break;
        }
    }
    assert!(world.devices[first].account.is_some(), "it is one of the account's devices");
    world.disconnect(first);
    let second = link_with(&mut world, ada, Share::All);
    world.settle();
    let all = world.texts(ada, there);
    assert_eq!(world.texts(second, there), all);
    world.connect(first);
    world.settle();
    world.settle();
    assert_eq!(world.texts(first, there), all);
    world.send(bob, back, "and on it goes");
    world.settle();
    assert_eq!(world.texts(first, there).last().unwrap(), "and on it goes");
}
