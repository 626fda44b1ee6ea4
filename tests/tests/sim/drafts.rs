//! Drafts: kept on one device, or synchronised between several when the person wants that.

use parley_engine::view::{Command, CommandError, ConversationId, Reply, Share};
use parley_protocol::frame::Request;
use parley_protocol::limits::MAX_TEXT;
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{link_with, pair};

fn write(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) {
    let over = draft(world, device, chat);
    let command = Command::SetDraft { conversation: chat, text: text.into(), over };
    assert_eq!(world.ask(device, command), Reply::Done);
}

fn draft(world: &World, device: DeviceIndex, chat: ConversationId) -> String {
    world.draft(device, chat)
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

/// Two views of one device each write a draft that the other does not know.
#[test]
fn p5_of_two_drafts_the_first_stays_until_it_is_sent_and_no_text_takes_another_draft_with_it() {
    let (mut world, ada, _, there, _) = pair();
    let set = |text: &str, over: &str| Command::SetDraft {
        conversation: there,
        text: text.into(),
        over: over.into(),
    };
    let send = |text: &str, over: &str| Command::SendText {
        conversation: there,
        text: text.into(),
        over: over.into(),
    };
    assert_eq!(world.ask(ada, set("apples", "")), Reply::Done);
    assert_eq!(world.ask(ada, set("bananas", "")), Reply::Failed(CommandError::OtherDraft));
    assert_eq!(world.ask(ada, set("", "bananas")), Reply::Failed(CommandError::OtherDraft));
    assert_eq!(draft(&world, ada, there), "apples");
    assert_eq!(world.ask(ada, set("apples", "whatever")), Reply::Done, "it is so already");
    assert_eq!(world.ask(ada, set("apples and pears", "apples")), Reply::Done);

    assert_eq!(world.ask(ada, send("bananas", "")), Reply::Done);
    assert_eq!(draft(&world, ada, there), "apples and pears", "it belongs to another view");
    assert_eq!(world.ask(ada, send("apples and plums", "apples and pears")), Reply::Done);
    assert_eq!(draft(&world, ada, there), "");
    let as_it_stood = |world: &World| world.devices[ada].conversations[&there].draft_sent;
    assert!(!as_it_stood(&world), "the draft was changed before it was sent");

    assert_eq!(world.ask(ada, set("cherries ", "")), Reply::Done);
    assert_eq!(world.ask(ada, send("cherries", "cher")), Reply::Done);
    assert_eq!(draft(&world, ada, there), "");
    assert!(as_it_stood(&world), "it was sent as it stood");
    assert_eq!(world.ask(ada, set("d", "")), Reply::Done);
    assert!(!as_it_stood(&world));
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
    // Sending clears the draft everywhere.
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

/// The number of messages that went to the relay.
fn appended(world: &World, since: usize) -> usize {
    let count = |request| match request {
        Request::AppendMessages(append) => append.messages.len(),
        _ => 0,
    };
    world.requests_since(since).into_iter().map(count).sum()
}

#[test]
fn a_draft_may_be_as_long_as_a_text_and_no_longer() {
    let (mut world, ada, second, there) = trio();
    world.ask(ada, Command::SetDraftsInStep(true));
    world.settle();
    let longest = "x".repeat(MAX_TEXT);
    write(&mut world, ada, there, &longest);
    world.settle();
    let longer =
        Command::SetDraft { conversation: there, text: format!("{longest}x"), over: longest.clone() };
    assert_eq!(world.ask(ada, longer), Reply::Failed(CommandError::TextLength));
    world.settle();
    for device in [ada, second] {
        assert_eq!(draft(&world, device, there), longest);
    }
}

#[test]
fn p1_a_draft_that_was_not_told_when_the_person_turned_it_off_is_never_told() {
    let (mut world, ada, second, there) = trio();
    world.ask(ada, Command::SetDraftsInStep(true));
    world.settle();
    world.disconnect(ada);
    write(&mut world, ada, there, "nobody's business");
    world.pass(10_000);
    world.ask(ada, Command::SetDraftsInStep(false));
    world.disconnect(second);
    let since = world.relay.seen.len();
    world.connect(ada);
    world.settle();
    assert_eq!(appended(&world, since), 1, "that it is off, and no draft");
    world.connect(second);
    world.settle();
    assert!(!world.devices[second].account.as_ref().unwrap().drafts_in_step);
    assert_eq!(draft(&world, second, there), "");
}

#[test]
fn a_draft_that_was_turned_on_while_offline_is_told() {
    let (mut world, ada, second, there) = trio();
    world.disconnect(ada);
    write(&mut world, ada, there, "half a sentence");
    world.ask(ada, Command::SetDraftsInStep(true));
    world.pass(10_000);
    world.connect(ada);
    world.settle();
    assert_eq!(draft(&world, second, there), "half a sentence");
}

#[test]
fn only_the_newest_of_each_draft_is_told_and_only_what_is_new() {
    let (mut world, ada, second, there) = trio();
    world.add_person("Eve");
    let other = world.start(ada, "eve");
    world.send(ada, other, "hello");
    world.ask(ada, Command::SetDraftsInStep(true));
    world.settle();
    world.disconnect(ada);
    write(&mut world, ada, other, "to Eve");
    for text in ["a", "ab", "abc"] {
        write(&mut world, ada, there, text);
        world.pass(10_000);
    }
    world.disconnect(second);
    let since = world.relay.seen.len();
    world.connect(ada);
    world.settle();
    assert_eq!(appended(&world, since), 2);
    world.connect(second);
    world.settle();
    assert_eq!((draft(&world, second, there), draft(&world, second, other)), ("abc".into(), "to Eve".into()));
    world.disconnect(second);
    let since = world.relay.seen.len();
    write(&mut world, ada, other, "to Eve, more");
    world.settle();
    assert_eq!(appended(&world, since), 1, "the other was told already");
}

#[test]
fn p1_a_draft_that_comes_where_it_was_turned_off_is_not_taken() {
    let (mut world, ada, second, there) = trio();
    world.ask(ada, Command::SetDraftsInStep(true));
    world.settle();
    world.disconnect(second);
    write(&mut world, ada, there, "told while the other was away");
    world.settle();
    world.disconnect(ada);
    world.ask(second, Command::SetDraftsInStep(false));
    world.connect(second);
    world.settle();
    assert_eq!(draft(&world, second, there), "");
}
