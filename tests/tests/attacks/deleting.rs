//! Attacks that delete messages on another account's devices: only the account's own devices can.

use parley_engine::hostile::Peer;
use parley_engine::view::{Command, Reply};
use parley_protocol::ids::MessageId;

use super::enemy::{Pair, ask, catch_up, meet, own_account, pair, reconnect};

#[test]
fn p5_a_contact_deletes_nothing_here() {
    let Pair { mut world, ada, bob, chat, .. } = pair(900);
    world.settle();
    assert_eq!(world.ask(ada, Command::SetDraftsInStep(true)), Reply::Done);
    let bobs = world.relay.log_ids()[0];
    let mut eve = Peer::new(900, "eve");
    let log = meet(&mut world, ada, &mut eve);
    let eves = *world.devices[ada].conversations.keys().find(|id| **id != chat).unwrap();
    world.send(ada, eves, "for Eve");
    world.settle();
    catch_up(&mut world, &mut eve, log);
    let head = eve.log().head();
    let id = MessageId([9; 16]);
    let text = eve.text_with_id(log, "from Eve", &head, id);
    ask(&mut world, eve.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    let with_eve = world.texts(ada, eves);
    assert_eq!(with_eve.last().unwrap(), "from Eve");
    let with_bob = world.texts(ada, chat);

    let own = own_account(&mut world, ada).account;
    let victims = [eve.log().account(), own_account(&mut world, bob).account, own];
    for victim in victims {
        catch_up(&mut world, &mut eve, log);
        for sealed in eve.deletion(log, victim, (id, "from Eve"), &[log, bobs]) {
            ask(&mut world, eve.append(log, sealed)).unwrap();
        }
        reconnect(&mut world, ada);
    }
    world.crash(ada);
    reconnect(&mut world, ada);
    world.ask(ada, Command::Subscribe);
    assert_eq!(world.texts(ada, eves), with_eve);
    assert_eq!(world.texts(ada, chat), with_bob);
    for view in world.devices[ada].conversations.values() {
        assert!(view.listed && view.last.is_some() && view.draft.is_empty(), "{view:?}");
    }
}

#[test]
fn p5_a_message_under_the_id_of_another_does_not_take_it_along_when_it_is_deleted() {
    let Pair { mut world, ada, .. } = pair(901);
    world.settle();
    let mut eve = Peer::new(901, "eve");
    let log = meet(&mut world, ada, &mut eve);
    let head = eve.log().head();
    let id = MessageId([9; 16]);
    let mut say = |world: &mut _, text: &str, id| {
        let sealed = eve.text_with_id(log, text, &head, id);
        ask(world, eve.append(log, sealed)).unwrap();
    };
    say(&mut world, "a promise", id);
    // More ids than the engine remembers.
    for number in 0..70 {
        say(&mut world, "so many words", MessageId([100 + number; 16]));
    }
    say(&mut world, "delete this", id);
    reconnect(&mut world, ada);
    let conversations: Vec<_> = world.devices[ada].conversations.keys().copied().collect();
    let chat = conversations.into_iter().find(|chat| world.texts(ada, *chat).len() > 70).unwrap();
    let newest = world.history(ada, chat).pop().unwrap();
    let command = Command::DeleteMessage { conversation: chat, message: newest.id, order: newest.order };
    assert_eq!(world.ask(ada, command), Reply::Done);
    world.settle();
    let texts = world.texts(ada, chat);
    assert_eq!((texts.len(), texts[0].as_str()), (71, "a promise"));
}
