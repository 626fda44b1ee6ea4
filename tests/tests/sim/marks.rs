//! Marks of chats in the list (pinned, muted, archived) are the same on all devices of the account.

use parley_engine::view::{Command, ConversationId, Mark, MarksView, Reply, Share};
use parley_protocol::ids::UnixMillis;
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{link_with, pair};

fn mark(world: &mut World, device: DeviceIndex, conversation: ConversationId, mark: Mark) {
    assert_eq!(world.ask(device, Command::MarkChat { conversation, mark }), Reply::Done);
}

fn marks(world: &World, device: DeviceIndex, chat: ConversationId) -> MarksView {
    world.devices[device].conversations[&chat].marks
}

#[test]
fn marks_follow_to_all_devices_of_the_account_and_to_nobody_else() {
    let (mut world, ada, bob, there, back) = pair();
    mark(&mut world, ada, there, Mark::Pinned(true));
    let second = link_with(&mut world, ada, Share::All);
    world.settle();
    assert!(marks(&world, second, there).pinned, "a new device is told");
    world.disconnect(second);
    mark(&mut world, second, there, Mark::Muted(UnixMillis(u64::MAX)));
    mark(&mut world, ada, there, Mark::Archived(true));
    mark(&mut world, ada, there, Mark::Unread(true));
    world.settle();
    world.connect(second);
    world.settle();
    let all = MarksView { pinned: true, archived: true, muted: Some(UnixMillis(u64::MAX)), unread: true };
    for device in [ada, second] {
        assert_eq!(marks(&world, device, there), all);
    }
    assert_eq!(marks(&world, bob, back), MarksView::default());
    world.crash(second);
    world.connect(second);
    world.ask(second, Command::Subscribe);
    world.settle();
    assert_eq!(marks(&world, second, there), all);
    let upto = world.history(second, there).last().unwrap().order;
    world.ask(second, Command::MarkRead { conversation: there, upto });
    world.settle();
    assert!(!marks(&world, ada, there).unread, "whoever reads it on one device has read it");
}

#[test]
fn an_archived_chat_comes_back_with_something_new_unless_it_is_muted() {
    let (mut world, ada, bob, there, back) = pair();
    mark(&mut world, ada, there, Mark::Archived(true));
    world.settle();
    assert!(marks(&world, ada, there).archived);
    world.pass(60_000);
    world.send(bob, back, "news");
    world.settle();
    assert!(!marks(&world, ada, there).archived);
    mark(&mut world, ada, there, Mark::Archived(true));
    mark(&mut world, ada, there, Mark::Muted(UnixMillis(u64::MAX)));
    world.pass(60_000);
    world.send(bob, back, "more");
    world.settle();
    assert!(marks(&world, ada, there).archived);
}
