//! A device notices the rollback before it sends anything, and never uses a key of the copy again.

use parley_engine::view::Delivery;
use parley_protocol::frame::Request;
use parley_tests::sim::Disk;

use super::roll_back_after_a_connection;
use crate::resync::{chatting, settle_long};

#[test]
fn p5_a_profile_rolled_back_is_noticed_before_anything_is_sent() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(400);
    let copy: Disk = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.send(bob, chat_b, "after the copy");
    world.settle();
    world.send(ada, chat, "Ada after the copy");
    world.settle();
    world.disconnect(bob);
    world.roll_back(bob, copy);
    world.send(bob, chat_b, "written on the copy");
    let since = world.relay.seen.len();
    world.connect(bob);
    while world.disk_step(bob) || world.uplink_step(bob) {}
    assert!(
        matches!(
            world.requests_since(since)[..],
            [Request::Hello, .., Request::SwapStamp(_)] | [Request::Hello]
        ),
        "nothing before the stamp"
    );
    settle_long(&mut world);
    let bobs = world.texts(bob, chat_b);
    for text in ["one", ">two", "[Gap(Restored)]", "Ada after the copy", ">written on the copy"] {
        assert_eq!(bobs.iter().filter(|shown| *shown == text).count(), 1, "{text} once in {bobs:?}");
    }
    assert_eq!(bobs.len(), 5);
    assert_eq!(
        world.texts(ada, chat),
        [">one", "two", "after the copy", ">Ada after the copy", "written on the copy"]
    );
    assert_eq!(world.relay.log_count(), 2, "another group took the old one's place");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("and on"));
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

/// No own message comes back to reveal the rollback: the stamp does.
#[test]
fn p5_a_profile_rolled_back_is_noticed_also_where_it_wrote_nothing_after_the_copy() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(406);
    roll_back_after_a_connection(&mut world, bob);
    assert_eq!(world.texts(bob, chat_b), ["one", ">two", "[Gap(Restored)]"]);
    assert_eq!(world.relay.log_count(), 2, "no key of the copy is used again");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("and on"));
}

/// The own message that comes back reveals a copy made within the same connection.
#[test]
fn p5_a_profile_rolled_back_within_one_connection_is_noticed_too() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(401);
    let copy = world.devices[bob].disk.clone();
    world.send(bob, chat_b, "after the copy");
    world.settle();
    world.disconnect(bob);
    world.roll_back(bob, copy);
    world.send(bob, chat_b, "written on the copy");
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat), [">one", "two", "after the copy", "written on the copy"]);
    assert_eq!(world.texts(bob, chat_b), ["one", ">two", "[Gap(Restored)]", ">written on the copy"]);
}

#[test]
fn p5_a_copy_that_waited_to_send_sends_nothing_twice() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(402);
    world.disconnect(bob);
    world.send(bob, chat_b, "waits");
    while world.disk_step(bob) {}
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.disconnect(bob);
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat), [">one", "two", "waits"]);
    assert!(world.texts(bob, chat_b).contains(&">waits".to_owned()));
}
