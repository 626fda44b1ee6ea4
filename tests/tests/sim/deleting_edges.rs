//! Deleting what is far above, beside what waits for others, and what a file from before brings back.

use parley_engine::view::{BodyView, Command, Reply, Share};

use super::devices::{link_with, pair};
use super::{files, recovery};

#[test]
fn a_message_far_above_that_was_not_read_is_deleted_and_counted() {
    let (mut world, ada, bob, there, back) = pair();
    for number in 0..450 {
        world.send(bob, back, &format!("number {number}"));
    }
    world.settle();
    let unread = |world: &parley_tests::sim::World| world.devices[ada].conversations[&there].unread;
    assert_eq!(unread(&world), 451);
    for (text, left) in [("number 3", 450), ("number 448", 449), ("answer", 448)] {
        let history = world.history(ada, there);
        let found = history.iter().find(|message| message.body == BodyView::Text(text.to_owned())).unwrap();
        let (message, order) = (found.id, found.order);
        let delete = Command::DeleteMessage { conversation: there, message, order };
        assert_eq!(world.ask(ada, delete), Reply::Done);
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
    let history = world.history(ada, there);
    let found =
        history.iter().find(|message| message.body == BodyView::Text("from Ada 7".to_owned())).unwrap();
    let (message, order) = (found.id, found.order);
    assert_eq!(world.ask(ada, Command::DeleteMessage { conversation: there, message, order }), Reply::Done);
    world.settle();
    let kept = world.texts(ada, there);
    let new = link_with(&mut world, ada, Share::Nothing);
    world.settle();
    let report = files::restore(&mut world, new, &file.bytes, &phrase).unwrap();
    assert!(report.added > 0);
    assert_eq!(world.texts(new, there), kept);
}
