//! Drafts: kept on a device, and in step on several when the person wants that.

use parley_engine::view::{Command, ConversationId, Reply, Share};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{link_with, pair};

fn write(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) {
    assert_eq!(world.ask(device, Command::SetDraft { conversation: chat, text: text.into() }), Reply::Done);
}

fn draft(world: &World, device: DeviceIndex, chat: ConversationId) -> String {
    world.devices[device].conversations[&chat].draft.clone()
}

fn trio() -> (World, DeviceIndex, DeviceIndex, ConversationId) {
    let (mut world, ada, _, there, _) = pair();
    let second = link_with(&mut world, ada, Share::All);
    world.settle();
    (world, ada, second, there)
}

#[test]
fn a_draft_survives_a_restart_and_goes_when_it_is_sent() {
    let (mut world, ada, _, there, _) = pair();
    write(&mut world, ada, there, "not yet");
    world.crash(ada);
    world.connect(ada);
    world.ask(ada, Command::Subscribe);
    assert_eq!(draft(&world, ada, there), "not yet");
    world.send(ada, there, "now");
    world.run();
    assert_eq!(draft(&world, ada, there), "");
}

#[test]
fn p1_drafts_go_nowhere_unless_the_person_wants_it() {
    let (mut world, ada, second, there) = trio();
    world.settle();
    let before = world.relay.seen.len();
    for text in ["a", "ab", "abc", ""] {
        write(&mut world, ada, there, text);
        world.settle();
    }
    assert_eq!(world.relay.seen.len(), before, "nothing is sent");
    assert!(!world.devices[ada].account.as_ref().unwrap().drafts_in_step);
    assert_eq!(draft(&world, second, there), "");
}

#[test]
fn drafts_in_step_follow_and_the_newest_wins() {
    let (mut world, ada, second, there) = trio();
    write(&mut world, ada, there, "from before");
    assert_eq!(world.ask(second, Command::SetDraftsInStep(true)), Reply::Done);
    world.settle();
    assert!(world.devices[ada].account.as_ref().unwrap().drafts_in_step);
    assert_eq!(draft(&world, second, there), "from before");

    // Both write while they cannot hear each other.
    world.disconnect(ada);
    world.disconnect(second);
    write(&mut world, second, there, "newest of the second");
    world.pass(10_000);
    write(&mut world, ada, there, "newest of all");
    world.connect(ada);
    world.settle();
    world.connect(second);
    world.settle();
    for device in [ada, second] {
        assert_eq!(draft(&world, device, there), "newest of all");
    }
    // Sending clears it everywhere.
    world.send(second, there, "newest of all");
    world.settle();
    for device in [ada, second] {
        assert_eq!(draft(&world, device, there), "");
    }
    assert_eq!(world.ask(ada, Command::SetDraftsInStep(false)), Reply::Done);
    world.settle();
    write(&mut world, second, there, "for myself");
    world.settle();
    assert_eq!(draft(&world, ada, there), "");
    assert_eq!(draft(&world, second, there), "for myself");
}

#[test]
fn a_new_device_learns_the_setting_and_the_drafts() {
    let (mut world, ada, _, there) = trio();
    assert_eq!(world.ask(ada, Command::SetDraftsInStep(true)), Reply::Done);
    write(&mut world, ada, there, "half a sentence");
    world.settle();
    let third = link_with(&mut world, ada, Share::All);
    world.settle();
    assert!(world.devices[third].account.as_ref().unwrap().drafts_in_step);
    assert_eq!(draft(&world, third, there), "half a sentence");
}

#[test]
fn what_was_not_told_before_a_restart_is_told_after_it() {
    let (mut world, ada, second, there) = trio();
    world.ask(ada, Command::SetDraftsInStep(true));
    world.settle();
    write(&mut world, ada, there, "untold");
    world.crash(ada);
    world.connect(ada);
    world.settle();
    assert_eq!(draft(&world, second, there), "untold");
}

#[test]
fn a_deleted_chat_takes_its_draft_with_it() {
    let (mut world, ada, second, there) = trio();
    write(&mut world, second, there, "only here");
    write(&mut world, ada, there, "only there");
    world.pass(1_000);
    world.ask(ada, Command::DeleteChat(there));
    world.settle();
    for device in [ada, second] {
        assert_eq!(draft(&world, device, there), "");
        assert!(!world.devices[device].conversations[&there].listed);
    }
    write(&mut world, second, there, "once more");
    world.run();
    assert!(world.devices[second].conversations[&there].listed);
}
