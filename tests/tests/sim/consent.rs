//! Whoever writes to somebody for the first time asks for something: nothing goes back to them before the other accepts.

use parley_engine::view::Delivery;
use parley_tests::sim::World;

/// Eve knows Bob's username and writes; Bob's device is online, and his person looks at the text.
#[test]
fn p10_a_stranger_gets_nothing_back_before_accept() {
    let mut world = World::new(900);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    let chat = world.start(eve, "bob");
    world.send(eve, chat, "are you there?");
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["are you there?"]);
    world.settle();
    assert_eq!(world.delivery(eve, chat), Delivery::Sent, "no receipt");
}
