//! Edge cases of deleting: messages far above, beside messages that wait for others, and messages that an older file brings
//! back.

use parley_engine::view::{Command, Reply, Share};
use parley_protocol::frame::Request;
use parley_tests::sim::World;

use super::deleting::{delete, delete_command, find, preview};
use super::devices::{link_with, pair};
use super::{files, recovery};

#[test]
fn a_message_far_above_that_was_not_read_is_deleted_and_counted() {
    let (mut world, ada, bob, there, back) = pair();
    for number in 0..450 {
        world.send(bob, back, &format!("number {number}"));
    }
    world.settle();
    let unread = |world: &World| world.devices[ada].conversations[&there].unread;
    assert_eq!(unread(&world), 451);
    for (text, left) in [("number 3", 450), ("number 448", 449), ("answer", 448)] {
        delete(&mut world, ada, there, text);
        world.settle();
        assert_eq!(unread(&world), left, "after {text}");
        assert!(!world.texts(ada, there).contains(&text.to_owned()));
    }
    assert_eq!(world.texts(ada, there).len(), 449);
}

#[test]
fn a_chat_that_is_deleted_takes_nothing_with_it_that_waits_for_somebody_else() {
    let (mut world, ada, bob, there, back) = pair();
    let eve = world.add_person("Eve");
    let other = world.start(ada, "eve");
    world.send(ada, other, "hello Eve");
    world.settle();
    world.disconnect(ada);
    world.send(ada, other, "for Eve");
    world.send(ada, there, "for Bob");
    world.run();
    assert_eq!(world.ask(ada, Command::DeleteChat(there)), Reply::Done);
    world.connect(ada);
    world.settle();
    let chat = world.only_conversation(eve);
    assert_eq!(world.texts(eve, chat), ["hello Eve", "for Eve"]);
    assert_eq!(world.texts(bob, back), ["before", ">answer"]);
    assert_eq!(world.texts(ada, other), [">hello Eve", ">for Eve"]);
}

#[test]
fn what_was_deleted_before_a_device_was_linked_does_not_come_back_to_it_by_an_older_file() {
    let (mut world, ada, _, there, _, phrase) = recovery::pair();
    let file = files::save(&mut world, ada);
    delete(&mut world, ada, there, "from Ada 7");
    world.settle();
    let kept = world.texts(ada, there);
    let new = link_with(&mut world, ada, Share::Nothing);
    world.settle();
    let report = files::restore(&mut world, new, &file.bytes, &phrase).unwrap();
    assert!(report.added > 0);
    assert_eq!(world.texts(new, there), kept);
}

/// The engine does not rewrite a large backup for a deletion: it stores beside the messages which are deleted.
#[test]
fn deleted_messages_do_not_come_out_of_a_large_backup() {
    let (mut world, ada, bob, there, back, phrase) = recovery::pair();
    for number in 0..30 {
        world.send(bob, back, &format!("large {number} {}", "x".repeat(60_000)));
        world.settle();
    }
    recovery::back_up(&mut world, ada);
    let since = world.relay.seen.len();
    delete(&mut world, ada, there, "from Ada 7");
    world.settle();
    world.pass(5 * 60 * 1000);
    world.settle();
    let put = |request: Request| match request {
        Request::PutBlob(put) => put.bytes.len(),
        _ => 0,
    };
    let written: usize = world.requests_since(since).into_iter().map(put).sum();
    assert!((1..500_000).contains(&written), "{written} bytes");
    let kept = world.texts(ada, there);
    assert_eq!(kept.len(), 70);
    // Messages that are already in the backup are not written again.
    let since = world.relay.seen.len();
    for _ in 0..3 {
        world.pass(5 * 60 * 1000);
    }
    assert_eq!(world.requests_since(since).into_iter().map(put).sum::<usize>(), 0);
    world.disconnect(ada);
    let new = recovery::recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), kept);
}

/// The second device was linked after the first log was out of use, so it can name no place in that log.
#[test]
fn what_stands_in_a_log_that_was_out_of_use_when_its_chat_was_deleted_does_not_come_out_of_a_file() {
    let (mut world, ada, _, there, _, phrase) = recovery::pair();
    let file = files::save(&mut world, ada);
    world.relay.lose_logs();
    world.connect(ada);
    world.send(ada, there, "in another log");
    for _ in 0..4 {
        world.settle();
    }
    let second = link_with(&mut world, ada, Share::Nothing);
    world.send(ada, there, "to both");
    world.settle();
    world.disconnect(ada);
    assert_eq!(world.ask(second, Command::DeleteChat(there)), Reply::Done);
    world.settle();
    let report = files::restore(&mut world, second, &file.bytes, &phrase).unwrap();
    assert_eq!((report.added, world.texts(second, there)), (0, vec![]));
}

/// The engine looks for unread messages later than for the rest.
#[test]
fn a_death_while_an_unread_message_is_deleted_leaves_the_list_as_the_disk_is() {
    for steps in 0..12 {
        let (mut world, ada, bob, there, back) = pair();
        world.send(bob, back, "newest");
        world.settle();
        let message = find(&mut world, ada, there, "newest");
        world.command(ada, delete_command(there, &message));
        for _ in 0..steps {
            world.disk_step(ada);
        }
        world.crash(ada);
        world.connect(ada);
        world.settle();
        let texts = world.texts(ada, there);
        world.ask(ada, Command::Subscribe);
        assert_eq!(preview(&world, ada, there).as_ref(), texts.last(), "after {steps}");
        assert_eq!(world.devices[ada].conversations[&there].unread, u32::try_from(texts.len()).unwrap() - 1);
    }
}
