//! Connections that died silently, and answers that never come.

use std::cell::Cell;
use std::rc::Rc;

use parley_engine::view::{Command, Connection, Delivery, LinkView, Reply, Share};
use parley_protocol::frame::{Request, ServerFrame};
use parley_tests::accounts::looks_up;
use parley_tests::sim::{ConnectionId, World};

use crate::devices::{meet, pair};

/// Ada's first connection.
const ADAS: ConnectionId = ConnectionId(1);

fn wait(world: &mut World, seconds: u64) {
    for _ in 0..seconds {
        world.pass(1_000);
    }
}

/// The network fails silently: Ada's frames arrive nowhere, and none come.
#[test]
fn p5_a_connection_on_which_nothing_comes_is_given_up() {
    let (mut world, ada, bob, chat, chat_b) = pair();
    wait(&mut world, 300);
    assert_eq!(world.devices[ada].connection, Connection::Online, "nothing is asked, and nothing missed");
    world.relay.lie(|_, _, told| told.retain(|(to, _)| *to != ADAS));
    world.send(ada, chat, "into the void");
    world.send(bob, chat_b, "and back");
    wait(&mut world, 55);
    assert!(world.is_connected(ada) && !world.texts(ada, chat).contains(&"and back".into()));
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    wait(&mut world, 15);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    // Her text waited for the device logs, so it comes after his.
    assert_eq!(world.texts(ada, chat), [">before", "answer", "and back", ">into the void"]);
    assert_eq!(world.texts(bob, chat_b), ["before", ">answer", ">and back", "into the void"]);
}

/// This holds whatever other frames come meanwhile.
#[test]
fn p5_an_answer_that_never_comes_is_asked_for_on_another_connection() {
    let (mut world, ada, bob, chat, chat_b) = pair();
    let append = |request: &Request| matches!(request, Request::AppendMessages(_));
    world.relay.lie(move |from, request, told| {
        if from == ADAS && append(request) {
            told.retain(|(to, frame)| *to != ADAS || !matches!(frame, ServerFrame::Answer { .. }));
        }
    });
    // The text comes back as an entry of the log, which proves as much: the device waits for no other answer.
    world.send(ada, chat, "is it there?");
    for minute in 0..6 {
        world.send(bob, chat_b, &format!("minute {minute}"));
        wait(&mut world, 58);
        assert_eq!(world.texts(ada, chat).last(), Some(&format!("minute {minute}")));
    }
    world.send(ada, chat, "and this?");
    wait(&mut world, 10);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    let texts = world.texts(bob, chat_b);
    assert_eq!(texts.iter().filter(|text| *text == "is it there?").count(), 1);
    assert_eq!(texts.last().map(String::as_str), Some("and this?"));
}

/// The client does not give up a relay that is only slow.
#[test]
fn p5_a_connection_on_which_something_comes_is_kept() {
    let (mut world, ada, bob, chat, chat_b) = pair();
    let connections = Rc::new(Cell::new(0));
    let count = Rc::clone(&connections);
    world.relay.lie(move |from, request, told| {
        count.set(count.get() + u32::from(*request == Request::Hello));
        if from == ADAS {
            told.retain(|(to, frame)| *to != ADAS || !matches!(frame, ServerFrame::Answer { .. }));
        }
    });
    world.send(ada, chat, "slow");
    for _ in 0..4 {
        world.send(bob, chat_b, "something");
        wait(&mut world, 59);
    }
    assert_eq!(connections.get(), 0);
    wait(&mut world, 70);
    assert_eq!(connections.get(), 1);
}

/// A device that is being linked asks for its account's log, and gets no answer on that connection.
#[test]
fn p6_a_new_device_whose_question_is_not_answered_gets_its_history_all_the_same() {
    let (mut world, ada, bob, _, chat_b) = pair();
    let account = world.devices[ada].account.as_ref().unwrap().account;
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    // The first question is for what the device has to sign; the second, whether that is in the log.
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    world.relay.lie(move |from, request, told| {
        if looks_up(request, &account) && from == ConnectionId(3) {
            count.set(count.get() + 1);
            told.retain(|(to, _)| *to != from || count.get() == 1);
        }
    });
    assert_eq!(world.ask(ada, Command::ApproveDevice(Share::All)), Reply::Done);
    wait(&mut world, 30);
    assert!(asked.get() > 1 && world.devices[new].account.is_none());
    assert_eq!(world.devices[new].link, Some(LinkView::Waiting));
    wait(&mut world, 60);
    assert!(world.devices[new].account.is_some());
    assert_eq!(world.devices[new].link, None, "there is nothing to wait for any more");
    let there = world.only_conversation(new);
    assert_eq!(world.texts(new, there), [">before", "answer"]);
    world.send(bob, chat_b, "to both");
    world.settle();
    assert_eq!(world.texts(new, there), [">before", "answer", "to both"]);
}

/// A slow line takes a while for much data.
#[test]
fn p5_a_connection_is_given_time_for_what_is_on_its_way() {
    let (mut world, ada, _, chat, _) = pair();
    world.relay.lie(|_, _, told| told.retain(|(to, _)| *to != ADAS));
    world.send(ada, chat, &"much ".repeat(10_000));
    wait(&mut world, 68);
    assert!(world.is_connected(ada) && world.delivery(ada, chat) == Delivery::Waiting);
    wait(&mut world, 20);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}
