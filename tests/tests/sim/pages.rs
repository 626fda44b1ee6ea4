//! Pages of a conversation, and changes while the disk reads them.

use parley_engine::view::{
    BodyView, Command, ConversationId, MessageView, Order, Page, Reply, ViewRequestId,
};
use parley_tests::sim::{DeviceIndex, World};

/// Ada has written more than Bob's newest page holds.
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
        Some(Reply::Page(Page { messages, .. })) => messages.clone(),
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
    let Some(Reply::Page(Page { messages, .. })) = world.devices[bob].replies.get(&page) else {
        panic!("no page")
    };
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

/// An event about a message while its page is being read (here: that it arrived) does not bring the deleted message back.
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

fn ask(world: &mut World, device: DeviceIndex, command: Command) -> Page {
    match world.ask(device, command) {
        Reply::Page(page) => page,
        other => panic!("no page: {other:?}"),
    }
}

#[test]
fn a_chat_opens_at_its_first_unread_message() {
    let (mut world, ada, bob, chat, chat_b) = long();
    let newest = ask(&mut world, bob, Command::OpenConversation(chat_b));
    assert_eq!((newest.messages.len(), newest.older, newest.newer), (50, true, false));
    let upto = newest.messages[9].order;
    assert_eq!(world.ask(bob, Command::MarkRead { conversation: chat_b, upto }), Reply::Done);

    let unread = ask(&mut world, bob, Command::UnreadMessages(chat_b));
    assert_eq!(texts(&unread.messages), texts(&newest.messages[10..]));
    assert_eq!((unread.older, unread.newer), (true, false), "its end is the newest message");
    assert_eq!(unread.unread, Some(newest.messages[10].order));

    for number in 90..150 {
        world.send(ada, chat, &format!("number {number}"));
    }
    world.settle();
    let unread = ask(&mut world, bob, Command::UnreadMessages(chat_b));
    assert_eq!((unread.messages.len(), unread.newer), (50, true), "what is newer has a page of its own");
    let after = unread.messages[49].order;
    let rest = ask(&mut world, bob, Command::NewerMessages { conversation: chat_b, after });
    assert_eq!((rest.messages.len(), rest.newer), (50, false));
    assert_eq!(texts(&rest.messages)[49], "number 149");

    let upto = rest.messages[49].order;
    assert_eq!(world.ask(bob, Command::MarkRead { conversation: chat_b, upto }), Reply::Done);
    let none = ask(&mut world, bob, Command::UnreadMessages(chat_b));
    assert_eq!((none.unread, none.newer), (None, false), "with nothing unread it opens at the newest");
}

#[test]
fn the_way_forward_shows_what_the_way_back_shows() {
    let (mut world, _, bob, _, chat) = long();
    for number in 0..5 {
        world.send(bob, chat, &format!("answer {number}"));
    }
    world.settle();
    world.send(bob, chat, "still waiting");
    let back = world.history(bob, chat);
    let mut there = Vec::new();
    let mut after = Order::from_bytes(&[0; 48]);
    loop {
        let page = ask(&mut world, bob, Command::NewerMessages { conversation: chat, after });
        after = page.messages.last().map_or(after, |message| message.order);
        there.extend(page.messages);
        if !page.newer {
            break;
        }
    }
    assert_eq!(texts(&there), texts(&back));
}

#[test]
fn a_message_that_comes_while_the_newest_are_read_forward_is_in_the_page() {
    let (mut world, ada, bob, chat, chat_b) = long();
    let newest = ask(&mut world, bob, Command::OpenConversation(chat_b));
    let middle = Command::NewerMessages { conversation: chat_b, after: newest.messages[20].order };
    let asked = world.command(bob, middle);
    let early = Command::NewerMessages { conversation: chat_b, after: Order::from_bytes(&[0; 48]) };
    let first = world.command(bob, early);
    world.send(ada, chat, "just now");
    while world.step(ada) {}
    assert!(world.downlink_step(bob), "it comes before the disk has answered");
    world.settle();
    assert_eq!(texts(&page(&world, bob, asked)).last().unwrap(), "just now");
    assert!(!texts(&page(&world, bob, first)).contains(&"just now".to_owned()));
}

#[test]
fn a_page_of_deleted_messages_does_not_end_the_chat() {
    let (mut world, _, bob, _, chat) = long();
    let newest = ask(&mut world, bob, Command::OpenConversation(chat));
    let before = newest.messages[0].order;
    let expected = ask(&mut world, bob, Command::OlderMessages { conversation: chat, before });
    for message in &newest.messages[..49] {
        let (message, order) = (message.id, message.order);
        let delete = Command::DeleteMessage { conversation: chat, message, order };
        assert_eq!(world.ask(bob, delete), Reply::Done);
    }
    let before = newest.messages[49].order;
    let found = ask(&mut world, bob, Command::OlderMessages { conversation: chat, before });
    assert_eq!(texts(&found.messages), texts(&expected.messages));
}
