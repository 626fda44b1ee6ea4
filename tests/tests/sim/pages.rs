//! Pages of a conversation, and what happens while the disk reads them.

use parley_engine::view::{BodyView, Command, ConversationId, MessageView, Reply, ViewRequestId};
use parley_tests::sim::{DeviceIndex, World};

/// Ada has written so much that Bob's newest page does not hold it all.
fn long() -> (World, DeviceIndex, DeviceIndex, ConversationId, ConversationId) {
    let mut world = World::new(42);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    for number in 0..90 {
        world.send(ada, chat, &format!("number {number}"));
    }
    world.settle();
    let chat_b = world.only_conversation(bob);
    (world, ada, bob, chat, chat_b)
}

fn page(world: &World, device: DeviceIndex, asked: ViewRequestId) -> Vec<MessageView> {
    match world.devices[device].replies.get(&asked) {
        Some(Reply::Page { messages, .. }) => messages.clone(),
        other => panic!("no page: {other:?}"),
    }
}

fn texts(messages: &[MessageView]) -> Vec<String> {
    let text = |message: &MessageView| match &message.body {
        BodyView::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    messages.iter().map(text).collect()
}

#[test]
fn p5_a_message_that_comes_while_the_chat_is_being_opened_is_in_the_page() {
    let mut world = World::new(41);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);

    let page = world.command(bob, Command::OpenConversation(chat_b));
    world.send(ada, chat, "just now");
    while world.step(ada) {}
    assert!(world.downlink_step(bob), "it comes before the disk has answered");
    world.settle();
    let Some(Reply::Page { messages, .. }) = world.devices[bob].replies.get(&page) else { panic!("no page") };
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_message_that_comes_while_older_ones_are_being_read_is_not_among_them() {
    let (mut world, ada, bob, chat, chat_b) = long();
    let asked = world.command(bob, Command::OpenConversation(chat_b));
    world.run();
    let newest = page(&world, bob, asked);
    let before = newest.first().unwrap().order;
    let older = Command::OlderMessages { conversation: chat_b, before };
    let asked = world.command(bob, older.clone());
    world.run();
    let expected = texts(&page(&world, bob, asked));

    let asked = world.command(bob, older);
    world.send(ada, chat, "just now");
    while world.step(ada) {}
    assert!(world.downlink_step(bob), "it comes before the disk has answered");
    world.settle();
    assert_eq!(texts(&page(&world, bob, asked)), expected);
}

/// What is told of a message while its page is being read does not bring it back: here, that it has arrived.
#[test]
fn a_message_that_is_deleted_while_a_page_is_being_read_is_not_in_the_page() {
    let mut world = World::new(43);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "stays");
    world.settle();
    world.disconnect(bob);
    world.send(ada, chat, "goes");
    world.settle();
    world.connect(bob);
    let gone = world.history(ada, chat).last().unwrap().clone();

    world.command(ada, Command::DeleteMessage { conversation: chat, message: gone.id, order: gone.order });
    let asked = world.command(ada, Command::OpenConversation(chat));
    for _ in 0..20 {
        world.advance(250);
        while world.step(bob) || world.timer_step(bob) {}
    }
    assert!(world.downlink_step(ada), "the receipt comes before the disk has answered");
    while world.downlink_step(ada) {}
    world.settle();
    assert_eq!(texts(&page(&world, ada, asked)), ["stays"]);
}
