//! Content of a later version passes through this version unchanged.

use parley_engine::hostile::Peer;
use parley_engine::view::{Command, Reply, Share};
use parley_tests::sim::World;

use super::enemy::{ask, link_with, meet, reconnect};

#[test]
fn p7_what_only_a_newer_version_can_show_goes_with_the_history_to_a_linked_device() {
    let mut world = World::new(640);
    let ada = world.add_person("Ada");
    let mut bob = Peer::new(640, "bob");
    let log = meet(&mut world, ada, &mut bob);
    let newer = bob.newer(log, "hello again");
    ask(&mut world, bob.append(log, newer)).unwrap();
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    assert_eq!(world.texts(ada, chat), ["[Newer]"], "its text would be misread without the field beside it");
    assert_eq!(world.ask(ada, Command::Accept(chat)), Reply::Done);
    world.settle();
    let new = link_with(&mut world, ada, Share::All);
    world.settle();
    assert_eq!(world.texts(new, chat), ["[Newer]"]);
}
