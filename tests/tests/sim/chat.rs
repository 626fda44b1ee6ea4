//! Two and three people chat.

use parley_engine::view::{Command, CommandError, Connection, Delivery, Registration, Reply, UsernameStatus};
use parley_protocol::frame::Request;
use parley_tests::sim::World;

use crate::devices::pair;

#[test]
fn two_people_chat_both_ways() {
    let mut world = World::new(1);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat_a = world.start(ada, "bob");
    world.send(ada, chat_a, "hello Bob");
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.devices[bob].conversations[&chat_b].name, "Ada");
    assert_eq!(world.devices[bob].conversations[&chat_b].unread, 1);
    world.send(bob, chat_b, "hello Ada");
    world.send(bob, chat_b, "<b>not bold</b> \u{202E}🦜 שלום");
    world.settle();
    assert_eq!(world.texts(ada, chat_a), [">hello Bob", "hello Ada", "<b>not bold</b> \u{202E}🦜 שלום"]);
    assert_eq!(world.texts(bob, chat_b), ["hello Bob", ">hello Ada", "><b>not bold</b> \u{202E}🦜 שלום"]);
    assert_eq!(world.devices[ada].conversations[&chat_a].name, "Bob");
    assert!(world.is_online(ada) && world.is_online(bob));
}

#[test]
fn states_go_from_waiting_to_read() {
    let mut world = World::new(2);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.disconnect(ada);
    world.send(ada, chat, "hello");
    world.run();
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    world.disconnect(bob);
    world.connect(ada);
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Sent);
    world.connect(bob);
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    let chat_b = world.only_conversation(bob);
    let upto = world.history(bob, chat_b).last().unwrap().order;
    world.ask(bob, Command::MarkRead { conversation: chat_b, upto });
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Read);
    assert_eq!(world.devices[bob].conversations[&chat_b].unread, 0);
    let shown = &world.devices[ada].messages[&chat];
    assert_eq!(shown.values().next().unwrap().outgoing, Some(Delivery::Read), "the open view saw it too");
}

#[test]
fn the_list_shows_how_far_the_newest_message_is() {
    let mut world = World::new(13);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    let shown = |world: &World| world.devices[ada].conversations[&chat].last.as_ref().unwrap().outgoing;
    world.disconnect(ada);
    world.send(ada, chat, "hello");
    world.run();
    assert_eq!(shown(&world), Some(Delivery::Waiting));
    world.disconnect(bob);
    world.connect(ada);
    world.settle();
    assert_eq!(shown(&world), Some(Delivery::Sent));
    world.connect(bob);
    world.settle();
    assert_eq!(shown(&world), Some(Delivery::Delivered));
    let chat_b = world.only_conversation(bob);
    world.send(bob, chat_b, "hello yourself");
    world.settle();
    assert_eq!(shown(&world), None, "it is the other's");
}

#[test]
fn who_is_found_is_found_with_the_conversation_that_there_is() {
    let mut world = World::new(14);
    let (ada, _) = (world.add_person("Ada"), world.add_person("Bob"));
    let find = |world: &mut World| match world.ask(ada, Command::FindPerson("bob".into())) {
        Reply::Person(person) => person.conversation,
        other => panic!("nobody found: {other:?}"),
    };
    assert_eq!(find(&mut world), None);
    let chat = world.start(ada, "bob");
    assert_eq!(find(&mut world), Some(chat));
    world.send(ada, chat, "hello");
    world.settle();
    world.ask(ada, Command::DeleteChat(chat));
    assert_eq!(find(&mut world), None, "a chat that was deleted is none");
}

#[test]
fn without_read_receipts_nobody_learns_who_read() {
    let mut world = World::new(3);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    world.ask(bob, Command::SetReadReceipts(false));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);
    let upto = world.history(bob, chat_b).last().unwrap().order;
    world.ask(bob, Command::MarkRead { conversation: chat_b, upto });
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

#[test]
fn p7_what_was_written_while_one_was_offline_is_there_when_they_return() {
    let mut world = World::new(4);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.disconnect(bob);
    for number in 0..120 {
        world.send(ada, chat, &format!("message {number}"));
        world.run();
    }
    world.disconnect(ada);
    world.connect(bob);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let expected: Vec<String> = (0..120).map(|number| format!("message {number}")).collect();
    assert_eq!(world.texts(bob, chat_b), expected);
}

#[test]
fn two_people_who_begin_at_the_same_moment_end_in_one_conversation() {
    let mut world = World::new(5);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let (chat_a, chat_b) = (world.start(ada, "bob"), world.start(bob, "ada"));
    world.send(ada, chat_a, "from Ada");
    world.send(bob, chat_b, "from Bob");
    world.settle();
    assert_eq!(world.relay.log_count(), 2, "both made a log");
    for (device, chat) in [(ada, chat_a), (bob, chat_b)] {
        assert_eq!(world.only_conversation(device), chat);
        assert_eq!(world.texts(device, chat).len(), 2);
    }
    let before: Vec<usize> = world.relay.entries_mut().map(|entries| entries.len()).collect();
    world.send(ada, chat_a, "and now");
    world.settle();
    world.send(bob, chat_b, "in one");
    world.settle();
    assert_eq!(world.texts(ada, chat_a)[2..], [">and now", "in one"]);
    assert_eq!(world.texts(bob, chat_b)[2..], ["and now", ">in one"]);
    let after: Vec<usize> = world.relay.entries_mut().map(|entries| entries.len()).collect();
    let grown = before.iter().zip(&after).filter(|(before, after)| after > before).count();
    assert_eq!(grown, 1, "both go on in the same log");
}

#[test]
fn three_people_have_three_conversations() {
    let mut world = World::new(6);
    let people = ["Ada", "Bob", "Eve"].map(|name| world.add_person(name));
    for (from, to) in [(0, "bob"), (1, "eve"), (2, "ada")] {
        let chat = world.start(people[from], to);
        world.send(people[from], chat, &format!("to {to}"));
        world.settle();
    }
    for person in people {
        assert_eq!(world.devices[person].conversations.len(), 2);
    }
}

#[test]
fn a_restart_keeps_everything() {
    let mut world = World::new(7);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "before");
    world.settle();
    for device in [ada, bob] {
        world.crash(device);
        world.ask(device, Command::Subscribe);
        world.connect(device);
    }
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.send(bob, chat_b, "after");
    world.settle();
    assert_eq!(world.texts(ada, chat), [">before", "after"]);
}

#[test]
fn p3_a_device_replaces_its_keys_after_joining_and_then_again() {
    let mut world = World::new(8);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);
    for number in 0..150 {
        world.send(bob, chat_b, &format!("b{number}"));
        world.send(ada, chat, &format!("a{number}"));
        world.run();
    }
    world.settle();
    let commits = world
        .relay
        .entries_mut()
        .flat_map(|entries| entries.iter())
        .filter(|entry| entry.kind == parley_protocol::frame::EntryKind::Commit)
        .count();
    assert!(commits >= 3, "{commits} commits");
    assert_eq!(world.texts(ada, chat).len(), 301);
    assert_eq!(world.texts(bob, chat_b).len(), 301);
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut world = World::new(9);
    let ada = world.add_person("Ada");
    let taken = world.add_device();
    let create =
        |name: &str, username: &str| Command::CreateAccount { name: name.into(), username: username.into() };
    assert_eq!(
        world.ask(taken, Command::CheckUsername("ada".into())),
        Reply::Username(UsernameStatus::Taken)
    );
    assert_eq!(world.ask(taken, Command::CheckUsername("bob".into())), Reply::Username(UsernameStatus::Free));
    assert_eq!(world.ask(taken, create("Eve", "ada")), Reply::Failed(CommandError::UsernameTaken));
    assert_eq!(world.ask(taken, create(" ", "eve")), Reply::Failed(CommandError::Name));
    assert_eq!(
        world.ask(taken, create("Eve", "eve")),
        Reply::Done,
        "after a refusal another name can be had"
    );
    assert_eq!(world.ask(ada, create("Ada", "ada2")), Reply::Failed(CommandError::AccountExists));
    let find = |text: &str| Command::FindPerson(text.into());
    assert_eq!(world.ask(ada, find("nobody")), Reply::Failed(CommandError::NotFound));
    assert_eq!(world.ask(ada, find("ada")), Reply::Failed(CommandError::Yourself));
    assert_eq!(world.ask(ada, find("!")), Reply::Failed(CommandError::NotAnInvite));
    world.disconnect(ada);
    assert_eq!(world.ask(ada, find("eve")), Reply::Failed(CommandError::Offline));
    let chat = parley_engine::view::ConversationId([0; 16]);
    let nowhere = [
        Command::SendText { conversation: chat, text: "x".into(), over: String::new() },
        Command::SetDraft { conversation: chat, text: "x".into(), over: String::new() },
        Command::OpenConversation(chat),
        Command::DeleteChat(chat),
        Command::ShowContact(chat),
        Command::SetVerified { conversation: chat, verified: true },
    ];
    for command in nowhere {
        assert_eq!(world.ask(ada, command), Reply::Failed(CommandError::UnknownConversation));
    }
}

#[test]
fn who_makes_an_account_is_answered_also_when_the_connection_ends_in_between() {
    let mut world = World::new(15);
    let ada = world.add_device();
    let create = Command::CreateAccount { name: "Ada".into(), username: "ada".into() };
    let request = world.command(ada, create);
    while world.disk_step(ada) || world.uplink_step(ada) {}
    world.disconnect(ada);
    assert_eq!(world.devices[ada].replies.get(&request), None);
    world.connect(ada);
    world.settle();
    assert_eq!(world.devices[ada].replies.get(&request), Some(&Reply::Done));
}

#[test]
fn a_view_that_asks_again_for_the_account_that_is_being_made_waits_for_the_same_answer() {
    let mut world = World::new(17);
    let ada = world.add_device();
    let create = Command::CreateAccount { name: "Ada".into(), username: "ada".into() };
    let request = world.command(ada, create.clone());
    while world.disk_step(ada) || world.uplink_step(ada) {}
    world.disconnect(ada);
    world.repeat(ada, request, create);
    assert_eq!(world.devices[ada].replies.get(&request), None);
    world.connect(ada);
    world.settle();
    assert_eq!(world.devices[ada].replies.get(&request), Some(&Reply::Done));
}

#[test]
fn who_looks_for_a_name_is_answered_also_when_the_connection_ends_in_between() {
    let mut world = World::new(16);
    let (ada, _) = (world.add_person("Ada"), world.add_person("Bob"));
    let cases = [
        (Command::CheckUsername("bob".into()), Reply::Username(UsernameStatus::Unknown)),
        (Command::FindPerson("bob".into()), Reply::Failed(CommandError::Offline)),
    ];
    for (command, answer) in cases {
        let request = world.command(ada, command);
        while world.disk_step(ada) || world.uplink_step(ada) {}
        assert_eq!(world.devices[ada].replies.get(&request), None);
        world.disconnect(ada);
        assert_eq!(world.devices[ada].replies.get(&request), Some(&answer));
        world.connect(ada);
        world.settle();
    }
    world.start(ada, "bob");
}

#[test]
fn a_text_of_64_kib_goes_and_a_longer_one_is_refused() {
    let mut world = World::new(10);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let conversation = world.start(ada, "bob");
    let longest = "x".repeat(64 * 1024);
    let send = |text: String| Command::SendText { conversation, text, over: String::new() };
    assert_eq!(world.ask(ada, send(longest.clone())), Reply::Done);
    assert_eq!(world.ask(ada, send(longest.clone() + "x")), Reply::Failed(CommandError::TextLength));
    assert_eq!(world.ask(ada, send(" \n".into())), Reply::Failed(CommandError::TextLength));
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), [longest]);
}

#[test]
fn what_waits_goes_in_few_requests_of_at_most_256_kib() {
    let mut world = World::new(16);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    world.disconnect(ada);
    world.disconnect(bob);
    for _ in 0..8 {
        world.send(ada, chat, &"x".repeat(64 * 1024));
    }
    world.run();
    let since = world.relay.seen.len();
    world.connect(ada);
    world.settle();
    let asked = world.requests_since(since);
    let sizes: Vec<usize> = asked
        .into_iter()
        .filter_map(|request| match request {
            Request::AppendMessages(append) => Some(append.messages.iter().map(|it| it.payload.len()).sum()),
            _ => None,
        })
        .collect();
    assert!(sizes.iter().all(|size| *size <= 256 * 1024) && sizes.len() <= 4, "{sizes:?}");
}

#[test]
fn both_see_the_same_safety_number() {
    let mut world = World::new(11);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);
    let Reply::Contact(seen_by_ada) = world.ask(ada, Command::ShowContact(chat)) else { panic!() };
    let Reply::Contact(seen_by_bob) = world.ask(bob, Command::ShowContact(chat_b)) else { panic!() };
    assert_eq!(seen_by_ada.safety_number, seen_by_bob.safety_number);
    assert_eq!(seen_by_ada.safety_number.len(), 12);
    world.ask(ada, Command::SetVerified { conversation: chat, verified: true });
    world.run();
    assert!(world.devices[ada].conversations[&chat].verified);
}

#[test]
fn a_new_name_reaches_contacts() {
    let mut world = World::new(12);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    world.ask(ada, Command::SetName("Countess".into()));
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.devices[bob].conversations[&chat_b].name, "Countess");
}

#[test]
fn who_takes_another_name_is_told_of_in_the_chat_and_not_counted_as_unread() {
    let (mut world, ada, bob, chat, back) = pair();
    world.send(bob, back, "hello");
    world.settle();
    let before = world.devices[ada].conversations[&chat].clone();
    world.ask(bob, Command::SetName("Ada".into()));
    world.settle();
    let line = world.texts(ada, chat).pop().unwrap();
    assert!(line.contains("Renamed") && line.contains("Bob") && line.contains("Ada"), "{line}");
    let after = &world.devices[ada].conversations[&chat];
    assert_eq!((after.unread, &after.last, after.changed), (before.unread, &before.last, before.changed));
    world.ask(bob, Command::SetName("Ada".into()));
    world.settle();
    assert_eq!(world.texts(ada, chat).pop(), Some(line), "the same name is no news");
}

#[test]
fn a_text_of_which_nothing_can_be_seen_is_not_taken() {
    let (mut world, ada, _, chat, _) = pair();
    for text in [" \n", "\u{3164}", "\u{2800}\u{200B}"] {
        let send = Command::SendText { conversation: chat, text: text.into(), over: String::new() };
        assert_eq!(world.ask(ada, send), Reply::Failed(CommandError::TextLength));
        assert_eq!(world.ask(ada, Command::SetName(text.into())), Reply::Failed(CommandError::Name));
    }
}

#[test]
fn a_link_code_in_the_place_of_a_username_is_not_asked_for() {
    let mut world = World::new(5);
    let ada = world.add_person("Ada");
    let link = format!("https://chat.example/#link/{}", "a".repeat(80));
    for text in ["ABCD-EFGH".to_owned(), link] {
        let found = world.ask(ada, Command::FindPerson(text.clone()));
        assert!(
            matches!(found, Reply::Failed(CommandError::LinkCodeInstead | CommandError::NotAnInvite)),
            "{text}: {found:?}"
        );
    }
}

/// The disk answers without the message, and the view ignores events before its first page.
#[test]
fn a_device_says_that_it_catches_up_until_it_has() {
    let (mut world, ada, bob, chat, back) = pair();
    world.disconnect(bob);
    for text in ["one", "two", "three"] {
        world.send(ada, chat, text);
        world.settle();
    }
    world.connect(bob);
    let mut shown = vec![world.devices[bob].connection];
    while world.step(bob) {
        shown.push(world.devices[bob].connection);
    }
    shown.dedup();
    assert!(shown.ends_with(&[Connection::CatchingUp, Connection::Online]), "{shown:?}");
    assert_eq!(world.texts(bob, back).last().map(String::as_str), Some("three"));
}

#[test]
fn a_chat_says_that_it_is_being_set_up_while_its_first_message_waits_for_that_and_no_other_does() {
    let mut world = World::new(91);
    let ada = world.add_person("Ada");
    for name in ["Bob", "Eve"] {
        world.add_person(name);
    }
    let (first, second) = (world.start(ada, "bob"), world.start(ada, "eve"));
    let preparing = |world: &mut World| {
        world.ask(ada, Command::Subscribe);
        [first, second].map(|chat| world.devices[ada].conversations.get(&chat).is_some_and(|c| c.preparing))
    };
    assert_eq!(preparing(&mut world), [false, false], "nothing was written");
    world.disconnect(ada);
    world.send(ada, first, "hello");
    world.run();
    assert_eq!(preparing(&mut world), [true, false]);
    world.connect(ada);
    world.settle();
    assert_eq!(preparing(&mut world), [false, false]);
    world.disconnect(ada);
    world.send(ada, first, "waits");
    world.run();
    assert_eq!(preparing(&mut world), [false, false], "it waits for the connection alone");
}

#[test]
fn an_account_is_shown_as_being_made_until_the_relay_has_it() {
    let mut world = World::new(92);
    let ada = world.add_device();
    let account = Command::CreateAccount { name: "Ada".into(), username: "ada".into() };
    world.command(ada, account);
    let registering = |world: &World| world.devices[ada].account.as_ref().map(|account| account.registration);
    while world.disk_step(ada) {}
    assert_eq!(registering(&world), Some(Registration::Registering));
    world.settle();
    assert_eq!(registering(&world), Some(Registration::Done));
}
