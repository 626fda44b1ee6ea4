//! Deleting for oneself: a message and a whole chat, on this device and on the account's other devices.

use parley_engine::io::Store;
use parley_engine::view::{BodyView, Command, ConversationId, MessageView, Reply, Share};
use parley_protocol::frame::Request;
use parley_tests::sim::{DeviceIndex, Torn, World};

use super::devices::{link_with, pair};
use super::recovery;

/// Ada's second device, with the same data as the first.
fn trio() -> (World, DeviceIndex, DeviceIndex, DeviceIndex, ConversationId, ConversationId) {
    let (mut world, ada, bob, there, back) = pair();
    let second = link_with(&mut world, ada, Share::All);
    world.settle();
    assert_eq!(world.texts(second, there), [">before", "answer"]);
    (world, ada, second, bob, there, back)
}

pub(crate) fn find(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) -> MessageView {
    let history = world.history(device, chat);
    let is_it = |message: &&MessageView| message.body == BodyView::Text(text.to_owned());
    history.iter().find(is_it).unwrap_or_else(|| panic!("{text:?} is not in {history:?}")).clone()
}

pub(crate) fn delete_command(chat: ConversationId, message: &MessageView) -> Command {
    Command::DeleteMessage { conversation: chat, message: message.id, order: message.order }
}

pub(crate) fn delete(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) {
    let message = find(world, device, chat, text);
    assert_eq!(world.ask(device, delete_command(chat, &message)), Reply::Done);
}

pub(crate) fn preview(world: &World, device: DeviceIndex, chat: ConversationId) -> Option<String> {
    let last = world.devices[device].conversations[&chat].last.clone()?;
    match last.body {
        BodyView::Text(text) => Some(text),
        other => panic!("{other:?}"),
    }
}

fn listed(world: &World, device: DeviceIndex, chat: ConversationId) -> bool {
    world.devices[device].conversations[&chat].listed
}

fn unread(world: &World, device: DeviceIndex, chat: ConversationId) -> u32 {
    world.devices[device].conversations[&chat].unread
}

fn stored(world: &World, device: DeviceIndex) -> usize {
    world.devices[device].disk.records.keys().filter(|(store, _)| *store == Store::Messages).count()
}

#[test]
fn a_deleted_message_is_gone_from_disk_and_view_here_and_on_the_other_device_only() {
    let (mut world, ada, second, bob, there, back) = trio();
    let before = [stored(&world, ada), stored(&world, second), stored(&world, bob)];
    delete(&mut world, ada, there, "answer");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), [">before"]);
        assert_eq!(preview(&world, device, there).as_deref(), Some("before"));
        assert_eq!(unread(&world, device, there), 0);
    }
    assert!(
        world.devices[ada].messages[&there].values().all(|it| it.body != BodyView::Text("answer".into()))
    );
    let now = [stored(&world, ada), stored(&world, second), stored(&world, bob)];
    assert_eq!(now, [before[0] - 1, before[1] - 1, before[2]], "records are gone, not hidden");
    assert_eq!(world.texts(bob, back), ["before", ">answer"]);

    delete(&mut world, second, there, "before");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), [""; 0]);
        assert_eq!(preview(&world, device, there), None);
        assert!(listed(&world, device, there), "the chat stays in the list");
    }
    world.send(bob, back, "and on");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), ["and on"]);
        assert_eq!(unread(&world, device, there), 1);
    }
    assert_eq!(world.delivery(bob, back), parley_engine::view::Delivery::Delivered);
}

#[test]
fn unread_counts_follow_what_is_deleted() {
    let (mut world, ada, second, bob, there, back) = trio();
    for text in ["one", "two", "three"] {
        world.send(bob, back, text);
    }
    world.settle();
    let both = |world: &World| (unread(world, ada, there), unread(world, second, there));
    assert_eq!(both(&world), (4, 3), "what came with history is not new");
    delete(&mut world, ada, there, "two");
    world.settle();
    assert_eq!(both(&world), (3, 2));
    delete(&mut world, ada, there, "answer");
    world.settle();
    assert_eq!(both(&world), (2, 2), "it was not new on the second");
    let newest = find(&mut world, second, there, "three");
    world.ask(second, Command::MarkRead { conversation: there, upto: newest.order });
    world.settle();
    delete(&mut world, second, there, "three");
    world.settle();
    assert_eq!(both(&world), (0, 0));
    assert_eq!(preview(&world, ada, there).as_deref(), Some("one"));
}

#[test]
fn a_message_that_waits_is_not_sent_if_it_is_deleted_before_it_was_encrypted() {
    let (mut world, ada, second, bob, there, back) = trio();
    world.disconnect(ada);
    world.send(ada, there, "never mind");
    world.run();
    assert_eq!(preview(&world, ada, there).as_deref(), Some("never mind"));
    delete(&mut world, ada, there, "never mind");
    assert_eq!(preview(&world, ada, there).as_deref(), Some("answer"));
    world.connect(ada);
    world.settle();
    assert_eq!(world.texts(bob, back), ["before", ">answer"]);
    assert_eq!(world.texts(second, there), [">before", "answer"]);
}

#[test]
fn a_message_that_is_on_its_way_when_it_is_deleted_arrives_at_others_and_is_gone_here() {
    let (mut world, ada, second, bob, there, back) = trio();
    world.send(ada, there, "on its way");
    while !matches!(world.next_request(ada), Some(Request::AppendMessages(_))) {
        assert!(world.step(ada));
    }
    let message = find_waiting(&world, ada, there);
    // The relay gets the message; its answer comes after the deletion.
    while world.uplink_step(ada) {}
    world.command(ada, delete_command(there, &message));
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), [">before", "answer"]);
        assert_eq!(preview(&world, device, there).as_deref(), Some("answer"));
    }
    assert_eq!(world.texts(bob, back), ["before", ">answer", "on its way"]);
    world.crash(ada);
    world.connect(ada);
    world.settle();
    assert_eq!(world.texts(ada, there), [">before", "answer"]);
}

fn find_waiting(world: &World, device: DeviceIndex, chat: ConversationId) -> MessageView {
    world.devices[device].messages[&chat].values().find(|it| it.order.is_waiting()).unwrap().clone()
}

#[test]
fn a_deletion_wins_over_a_message_that_comes_after_it() {
    let (mut world, ada, second, bob, there, back) = trio();
    world.disconnect(second);
    world.send(bob, back, "regretted");
    world.settle();
    delete(&mut world, ada, there, "regretted");
    world.settle();
    let before = stored(&world, second);
    world.connect(second);
    world.settle();
    assert_eq!(world.texts(second, there), [">before", "answer"]);
    assert_eq!(stored(&world, second), before);
    assert_eq!(preview(&world, second, there).as_deref(), Some("answer"));
    assert_eq!(unread(&world, second, there), 0);
}

#[test]
fn a_deleted_chat_is_gone_on_all_devices_and_a_new_message_brings_it_back_empty() {
    let (mut world, ada, second, bob, there, back) = trio();
    for number in 0..450 {
        world.send(bob, back, &format!("number {number}"));
    }
    world.settle();
    assert_eq!(world.ask(ada, Command::DeleteChat(there)), Reply::Done);
    assert!(!listed(&world, ada, there));
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), [""; 0]);
        assert_eq!(stored(&world, device), 0);
        assert!(!listed(&world, device, there));
        assert_eq!(unread(&world, device, there), 0);
        world.crash(device);
        world.connect(device);
        world.ask(device, Command::Subscribe);
        assert!(!listed(&world, device, there), "after a restart too");
    }
    assert_eq!(world.texts(bob, back).len(), 452);
    world.settle();
    world.send(bob, back, "hello again");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), ["hello again"]);
        assert!(listed(&world, device, there));
        assert_eq!(unread(&world, device, there), 1);
    }
    delete(&mut world, ada, there, "hello again");
    world.settle();
    assert!(listed(&world, second, there), "a message alone takes no chat with it");
}

#[test]
fn what_was_written_and_not_seen_when_a_chat_was_deleted_stays() {
    let (mut world, ada, second, bob, there, back) = trio();
    world.disconnect(ada);
    world.send(bob, back, "unseen");
    world.settle();
    world.send(second, there, "from the second");
    world.settle();
    assert_eq!(world.ask(ada, Command::DeleteChat(there)), Reply::Done);
    world.connect(ada);
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), ["unseen", ">from the second"]);
        assert!(listed(&world, device, there));
    }
}

#[test]
fn a_chat_that_is_opened_again_is_listed() {
    let (mut world, ada, _, _, there, _) = trio();
    world.ask(ada, Command::DeleteChat(there));
    world.settle();
    assert!(!listed(&world, ada, there));
    assert_eq!(world.start(ada, "bob"), there);
    assert!(listed(&world, ada, there));
    world.send(ada, there, "once more");
    world.settle();
    assert_eq!(world.texts(ada, there), [">once more"]);
}

#[test]
fn deleted_messages_do_not_come_with_history() {
    let (mut world, ada, second, bob, there, back) = trio();
    for number in 0..120 {
        world.send(bob, back, &format!("number {number}"));
    }
    world.settle();
    // This device has not learned of the deletion when it links another one.
    world.disconnect(second);
    for number in 0..5 {
        delete(&mut world, ada, there, &format!("number {}", number * 20));
    }
    world.settle();
    world.disconnect(ada);
    world.connect(second);
    let third = link_with(&mut world, second, Share::All);
    world.connect(ada);
    for _ in 0..4 {
        world.settle();
    }
    let expected = world.texts(ada, there);
    assert_eq!(expected.len(), 117);
    assert_eq!(world.texts(second, there), expected);
    assert_eq!(world.texts(third, there), expected);
    // The third device knows of messages that it never had.
    assert_eq!(stored(&world, third), 117);
}

#[test]
fn a_chat_that_is_deleted_while_its_history_is_on_its_way_is_gone_in_the_end() {
    for steps in [0, 5, 20, 60, 150] {
        let (mut world, ada, bob, there, back) = pair();
        for number in 0..300 {
            world.send(bob, back, &format!("number {number}"));
        }
        world.settle();
        let new = link_with(&mut world, ada, Share::All);
        for _ in 0..steps {
            recovery::one_step(&mut world, ada);
            recovery::one_step(&mut world, new);
        }
        world.command(ada, Command::DeleteChat(there));
        for _ in 0..4 {
            world.settle();
        }
        assert_eq!(world.texts(ada, there), [""; 0], "after {steps}");
        assert_eq!(world.texts(new, there), [""; 0], "after {steps}");
        assert_eq!((stored(&world, ada), stored(&world, new)), (0, 0));
    }
}

#[test]
fn deleted_messages_do_not_come_out_of_a_backup() {
    let (mut world, ada, bob, there, back, phrase) = recovery::pair();
    world.send(bob, back, "later");
    world.settle();
    recovery::back_up(&mut world, ada);
    // These messages are in existing segments.
    delete(&mut world, ada, there, "from Ada 7");
    delete(&mut world, ada, there, "later");
    world.settle();
    world.pass(5 * 60 * 1000);
    world.settle();
    let before = world.texts(ada, there);
    assert_eq!(before.len(), 40);
    world.disconnect(ada);
    let new = recovery::recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
    assert_eq!(preview(&world, new, there).as_deref(), Some("answer"));

    world.ask(new, Command::DeleteChat(there));
    world.pass(5 * 60 * 1000);
    world.settle();
    world.disconnect(new);
    let newer = recovery::recover(&mut world, &phrase, true);
    assert_eq!(world.texts(newer, there), [""; 0]);
    assert!(!listed(&world, newer, there));
    world.send(bob, back, "after all that");
    world.settle();
    assert_eq!(world.texts(newer, there), ["after all that"]);
}

/// Whatever a process writes last, the deletion is there or not, and views show what is on the disk.
#[test]
fn a_death_at_any_write_of_a_deletion_leaves_nothing_half_done() {
    for torn in [Torn::Before, Torn::After] {
        for whole in [false, true] {
            for writes in 0..8 {
                let (mut world, ada, second, _, there, _) = trio();
                let message = find(&mut world, ada, there, "answer");
                let command =
                    if whole { Command::DeleteChat(there) } else { delete_command(there, &message) };
                for device in [ada, second] {
                    world.light_fuse(device, writes, torn);
                }
                world.command(ada, command);
                for _ in 0..3 {
                    world.settle();
                }
                world.heal();
                world.settle();
                let texts = world.texts(ada, there);
                let gone: Vec<String> = if whole { vec![] } else { vec![">before".into()] };
                let kept = vec![">before".to_owned(), "answer".to_owned()];
                assert!(texts == gone || texts == kept, "{texts:?} after {writes}");
                assert_eq!(world.texts(second, there), texts, "{torn:?} after {writes}");
                for device in [ada, second] {
                    assert_eq!(stored(&world, device), texts.len(), "{torn:?} after {writes}");
                    world.ask(device, Command::Subscribe);
                    let shown = texts.last().map(|text| text.trim_start_matches('>').to_owned());
                    assert_eq!(preview(&world, device, there), shown, "{torn:?} after {writes}");
                }
            }
        }
    }
}

/// Three devices of an account delete at random while messages flow, connections break and processes die.
#[test]
fn p5_devices_that_delete_at_random_agree_in_the_end() {
    for seed in 0..12 {
        let (mut world, ada, second, bob, there, back) = trio();
        for _ in 0..seed {
            world.random(7);
        }
        let third = link_with(&mut world, ada, Share::All);
        world.settle();
        let mut written = 0;
        let mut deleted: Vec<String> = Vec::new();
        for _ in 0..80 {
            let device = [ada, second, third][usize::try_from(world.random(3)).unwrap()];
            match world.random(12) {
                0..=2 => {
                    written += 1;
                    world.send(bob, back, &format!("from Bob {written}"));
                }
                3 | 4 => {
                    written += 1;
                    world.send(device, there, &format!("from Ada {written}"));
                }
                5..=7 => {
                    let mut shown: Vec<MessageView> =
                        world.devices[device].screen.in_order(there).into_iter().collect();
                    if !shown.is_empty() {
                        let place =
                            usize::try_from(world.random(u64::try_from(shown.len()).unwrap())).unwrap();
                        let message = shown.swap_remove(place);
                        let BodyView::Text(text) = &message.body else { panic!("{message:?}") };
                        deleted.push(text.clone());
                        world.command(device, delete_command(there, &message));
                    }
                }
                8 if world.random(4) == 0 => {
                    world.command(device, Command::DeleteChat(there));
                }
                9 => world.disconnect(device),
                10 => {
                    // A request without an answer may not have been carried out.
                    world.run();
                    world.crash(device);
                    world.connect(device);
                    world.command(device, Command::Subscribe);
                }
                _ => {
                    if !world.is_connected(device) {
                        world.connect(device);
                    }
                }
            }
            let steps = world.random(30);
            for _ in 0..steps {
                for device in [ada, second, third, bob] {
                    recovery::one_step(&mut world, device);
                }
                world.advance(10);
            }
        }
        for device in [ada, second, third] {
            world.connect(device);
        }
        for _ in 0..4 {
            world.settle();
        }
        let texts = world.texts(ada, there);
        for device in [ada, second, third] {
            assert_eq!(world.texts(device, there), texts, "seed {seed}");
            assert_eq!(stored(&world, device), texts.len(), "seed {seed}");
            let shown = texts.last().map(|text| text.trim_start_matches('>').to_owned());
            assert_eq!(preview(&world, device, there), shown, "seed {seed}");
            assert_eq!(world.devices[device].screen.in_order(there).len(), texts.len(), "seed {seed}");
        }
        for text in &deleted {
            assert!(!texts.iter().any(|it| it.trim_start_matches('>') == text), "seed {seed}: {text}");
        }
        let at_bob = world.texts(bob, back);
        let from_bob = (1..=written).filter(|number| at_bob.contains(&format!(">from Bob {number}"))).count();
        assert_eq!(from_bob, at_bob.iter().filter(|text| text.starts_with(">from Bob")).count());
        assert!(at_bob.len() > texts.len(), "others keep theirs");
    }
}
