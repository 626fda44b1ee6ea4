//! Messages that the relay refuses for good: the app shows them so, and nothing else waits for them.

use parley_engine::view::{BodyView, Command, Delivery, Reply};
use parley_protocol::frame::{RelayError, Request};
use parley_tests::sim::World;

use super::devices::pair;
use super::recovery::one_step;

fn is_message(request: &Request) -> bool {
    matches!(request, Request::AppendMessages(_))
}

#[test]
fn p9_a_message_that_the_relay_refuses_is_shown_as_that_and_can_be_deleted() {
    let (mut world, ada, _, there, _) = pair();
    world.relay.refusal = Some((is_message, RelayError::TooLarge));
    world.send(ada, there, "refused");
    world.settle();
    let shown = |world: &World| world.devices[ada].conversations[&there].last.clone().unwrap();
    assert_eq!(shown(&world).outgoing, Some(Delivery::Failed));
    assert_eq!(world.delivery(ada, there), Delivery::Failed);
    assert!(world.is_online(ada));
    world.relay.refusal = None;
    world.crash(ada);
    world.connect(ada);
    world.settle();
    assert_eq!(world.delivery(ada, there), Delivery::Failed, "it is not tried again behind anybody's back");

    let message = world.history(ada, there).into_iter().last().unwrap();
    assert_eq!(message.body, BodyView::Text("refused".into()));
    let delete = Command::DeleteMessage { conversation: there, message: message.id, order: message.order };
    assert_eq!(world.ask(ada, delete), Reply::Done);
    world.settle();
    assert_eq!(world.texts(ada, there), [">before", "answer"]);
}

#[test]
fn p5_nothing_waits_for_a_message_that_was_refused() {
    let (mut world, ada, bob, there, back) = pair();
    world.relay.refusal = Some((is_message, RelayError::TooLarge));
    world.send(ada, there, "refused");
    world.settle();
    world.relay.refusal = None;
    world.send(ada, there, "and on");
    world.settle();
    let at_bob = world.texts(bob, back);
    assert_eq!(at_bob.last().map(String::as_str), Some("and on"));
    let states: Vec<_> =
        world.history(ada, there).into_iter().filter_map(|message| message.outgoing).collect();
    assert!(states.contains(&Delivery::Delivered) && states.contains(&Delivery::Failed), "{states:?}");
    world.send(bob, back, "heard");
    world.settle();
    assert!(world.texts(ada, there).contains(&"heard".to_owned()));
}

#[test]
fn p5_a_refusal_at_any_step_of_beginning_a_chat_only_delays_it() {
    for step in 0..24 {
        let mut world = World::new(451);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let chat = world.start(ada, "bob");
        world.send(ada, chat, "hello");
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.refuse(ada, 1);
        for _ in 0..6 {
            world.settle();
        }
        let chat_b = world.only_conversation(bob);
        assert_eq!(world.texts(bob, chat_b), ["hello"], "refused after {step} steps");
    }
}

/// Bob replaces his keys with his first message.
#[test]
fn p5_a_refusal_at_any_step_after_joining_only_delays_it() {
    for step in 0..48 {
        let mut world = World::new(452);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let chat = world.start(ada, "bob");
        world.send(ada, chat, "hello");
        for _ in 0..40 {
            world.advance(50);
            while world.step(ada) || world.timer_step(ada) {}
        }
        for _ in 0..step {
            world.advance(50);
            one_step(&mut world, bob);
        }
        world.refuse(bob, 1);
        for _ in 0..6 {
            world.settle();
        }
        let chat_b = world.only_conversation(bob);
        world.send(bob, chat_b, "answer");
        world.settle();
        assert_eq!(world.texts(ada, chat), [">hello", "answer"], "refused after {step} steps");
    }
}
