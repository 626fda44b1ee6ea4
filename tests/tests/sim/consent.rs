//! Consent: a first message is a request. No device answers it before the person accepts, nor after they block the sender.
//! Every world checks that nothing goes out (`tests/src/sim/consent.rs`).

use parley_engine::io::Store;
use parley_engine::view::{
    BodyView, Command, CommandError, Consent, ConversationId, ConversationView, Delivery, Reply,
};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::link;

/// Eve knows Bob's username and has written; Bob's device is online.
fn asked() -> (World, DeviceIndex, DeviceIndex, ConversationId, ConversationId) {
    let mut world = World::new(900);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    world.devices[bob].accepts = false;
    let chat = world.start(eve, "bob");
    world.send(eve, chat, "are you there?");
    world.settle();
    let chat_b = world.only_conversation(bob);
    (world, eve, bob, chat, chat_b)
}

/// The same, with a second device of Bob's, on which he decides.
fn asked_on_two() -> (World, DeviceIndex, [DeviceIndex; 2], ConversationId, ConversationId) {
    let mut world = World::new(901);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    world.devices[bob].accepts = false;
    let second = link(&mut world, bob);
    world.devices[second].accepts = false;
    patience(&mut world);
    let chat = world.start(eve, "bob");
    world.send(eve, chat, "are you there?");
    world.settle();
    let chat_b = world.only_conversation(bob);
    (world, eve, [bob, second], chat, chat_b)
}

/// Lets enough time pass for changes of members.
fn patience(world: &mut World) {
    for _ in 0..4 {
        world.pass(15_000);
    }
    world.settle();
}

fn consent(world: &World, index: DeviceIndex, chat: ConversationId) -> Consent {
    world.devices[index].conversations[&chat].consent
}

fn done(world: &mut World, index: DeviceIndex, command: Command) {
    assert_eq!(world.ask(index, command), Reply::Done);
    world.settle();
}

fn look(world: &mut World, index: DeviceIndex, chat: ConversationId) {
    let upto = world.history(index, chat).last().unwrap().order;
    done(world, index, Command::MarkRead { conversation: chat, upto });
}

#[test]
fn p10_a_stranger_gets_nothing_back_before_accept() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    assert_eq!(world.texts(bob, chat_b), ["are you there?"]);
    assert_eq!(consent(&world, bob, chat_b), Consent::Requested);
    assert_eq!(world.devices[bob].conversations[&chat_b].unread, 0, "requests do not count");
    look(&mut world, bob, chat_b);
    patience(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent, "no receipt");
    assert_eq!(world.devices[eve].conversations[&chat].name, "bob", "no name");
    done(&mut world, bob, Command::Accept(chat_b));
    assert_eq!(world.delivery(eve, chat), Delivery::Read, "what was read before is said now");
    world.send(bob, chat_b, "now I am");
    world.settle();
    assert_eq!(world.texts(eve, chat), [">are you there?", "now I am"]);
    assert_eq!(world.devices[eve].conversations[&chat].name, "Bob");
}

#[test]
fn p10_who_answers_a_request_accepts_it() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    world.send(bob, chat_b, "yes");
    world.settle();
    assert_eq!(consent(&world, bob, chat_b), Consent::Granted);
    assert_eq!(world.texts(eve, chat), [">are you there?", "yes"]);
}

#[test]
fn p10_of_two_devices_neither_answers_a_stranger_and_both_do_after_accept_on_one() {
    let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), ["are you there?"]);
        look(&mut world, bob, chat_b);
    }
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    done(&mut world, bobs[1], Command::Accept(chat_b));
    for bob in bobs {
        assert_eq!(consent(&world, bob, chat_b), Consent::Granted);
    }
    assert_eq!(world.delivery(eve, chat), Delivery::Read);
    world.send(eve, chat, "thanks");
    world.settle();
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
}

#[test]
fn p10_accepted_on_one_device_and_blocked_on_another_at_once_is_blocked_on_both() {
    let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
    for bob in bobs {
        world.disconnect(bob);
    }
    done(&mut world, bobs[0], Command::Accept(chat_b));
    done(&mut world, bobs[1], Command::Block(chat_b));
    world.connect(bobs[1]);
    world.settle();
    world.connect(bobs[0]);
    patience(&mut world);
    for bob in bobs {
        assert_eq!(consent(&world, bob, chat_b), Consent::Revoked);
    }
    world.send(eve, chat, "hello?");
    patience(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    for bob in bobs {
        assert!(!world.texts(bob, chat_b).contains(&"hello?".to_owned()));
    }
}

#[test]
fn p10_a_device_that_is_linked_while_a_request_is_open_shows_it_and_can_accept_it() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    let second = world.add_device();
    world.devices[second].accepts = false;
    super::devices::meet(&mut world, second, bob, false);
    let share = parley_engine::view::Share::All;
    done(&mut world, bob, Command::ApproveDevice(share));
    patience(&mut world);
    assert_eq!(world.texts(second, chat_b), ["are you there?"]);
    assert_eq!(consent(&world, second, chat_b), Consent::Requested);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    done(&mut world, second, Command::Accept(chat_b));
    patience(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
    world.send(eve, chat, "to both");
    world.settle();
    for index in [bob, second] {
        assert_eq!(world.texts(index, chat_b).last().unwrap(), "to both");
    }
    world.send(second, chat_b, "from the new one");
    world.settle();
    assert_eq!(world.texts(eve, chat).last().unwrap(), "from the new one");
}

#[test]
fn p10_a_deleted_request_is_gone_on_all_devices_and_a_later_text_asks_again() {
    let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
    done(&mut world, bobs[0], Command::DeleteChat(chat_b));
    for bob in bobs {
        assert!(world.texts(bob, chat_b).is_empty());
        assert!(!world.devices[bob].conversations[&chat_b].listed);
    }
    world.send(eve, chat, "still there?");
    patience(&mut world);
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), ["still there?"]);
        assert_eq!(consent(&world, bob, chat_b), Consent::Requested);
    }
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
}

#[test]
fn p10_what_a_blocked_contact_writes_is_neither_shown_nor_acknowledged_also_after_unblock() {
    let (mut world, eve, bobs, chat, chat_b) = blocked_on_two();
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    let text = Command::SendText { conversation: chat_b, text: "no".into(), over: String::new() };
    assert_eq!(world.ask(bobs[0], text), Reply::Failed(CommandError::Blocked));
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), ["are you there?", ">hello"]);
        assert_eq!(world.devices[bob].conversations[&chat_b].unread, 0);
    }
    done(&mut world, bobs[0], Command::Unblock(chat_b));
    patience(&mut world);
    world.send(eve, chat, "after");
    patience(&mut world);
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), ["are you there?", ">hello", "after"]);
        look(&mut world, bob, chat_b);
    }
    let history = world.history(eve, chat);
    let state = |text: &str| {
        let is_it = |body: &BodyView| *body == BodyView::Text(text.into());
        history.iter().find(|message| is_it(&message.body)).unwrap().outgoing.unwrap()
    };
    assert_eq!(state("after"), Delivery::Read);
    assert_eq!(state("while blocked"), Delivery::Sent, "never acknowledged");
}

/// Checks that Bob's devices show these texts, and that Eve knows which of hers arrived; the others still wait on her side.
fn all_show(
    world: &mut World,
    (eve, chat): (DeviceIndex, ConversationId),
    bobs: [DeviceIndex; 2],
    texts: &[&str],
) -> Vec<String> {
    let chat_b = world.only_conversation(bobs[0]);
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), texts, "device {bob}");
    }
    let own = world.history(eve, chat).into_iter().filter_map(|message| match message.body {
        BodyView::Text(text) => Some((text, message.outgoing?)),
        _ => None,
    });
    let (shown, others): (Vec<_>, Vec<_>) = own.partition(|(text, _)| texts.contains(&text.as_str()));
    assert!(shown.iter().all(|(_, state)| *state > Delivery::Sent), "{shown:?}");
    others.into_iter().filter(|(_, state)| *state == Delivery::Sent).map(|(text, _)| text).collect()
}

/// Two devices of Bob, who has answered Eve and then blocked her.
fn blocked_on_two() -> (World, DeviceIndex, [DeviceIndex; 2], ConversationId, ConversationId) {
    let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
    done(&mut world, bobs[0], Command::Accept(chat_b));
    world.send(bobs[0], chat_b, "hello");
    world.settle();
    done(&mut world, bobs[1], Command::Block(chat_b));
    world.send(eve, chat, "while blocked");
    patience(&mut world);
    (world, eve, bobs, chat, chat_b)
}

#[test]
fn p10_a_device_that_hears_of_unblock_later_than_of_texts_shows_them() {
    for away in [0, 1] {
        let (mut world, eve, bobs, chat, chat_b) = blocked_on_two();
        world.disconnect(bobs[away]);
        done(&mut world, bobs[away], Command::Unblock(chat_b));
        for text in ["after", "and more"] {
            world.send(eve, chat, text);
            patience(&mut world);
        }
        world.connect(bobs[away]);
        patience(&mut world);
        let texts = ["are you there?", ">hello", "after", "and more"];
        all_show(&mut world, (eve, chat), bobs, &texts);
        world.send(bobs[1 - away], chat_b, "there you are");
        patience(&mut world);
        world.send(eve, chat, "last");
        patience(&mut world);
        let texts = [texts.as_slice(), &[">there you are", "last"]].concat();
        all_show(&mut world, (eve, chat), bobs, &texts);
    }
}

#[test]
fn p10_a_device_that_was_away_from_before_unblock_or_block_shows_what_the_others_show() {
    for knows_of_block in [true, false] {
        let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
        done(&mut world, bobs[0], Command::Accept(chat_b));
        world.send(bobs[0], chat_b, "hello");
        world.settle();
        if !knows_of_block {
            world.disconnect(bobs[1]);
        }
        world.send(eve, chat, "before");
        world.settle();
        done(&mut world, bobs[0], Command::Block(chat_b));
        world.disconnect(bobs[1]);
        for number in 0..3 {
            world.send(eve, chat, &format!("while blocked {number}"));
        }
        patience(&mut world);
        done(&mut world, bobs[0], Command::Unblock(chat_b));
        world.send(eve, chat, "after");
        patience(&mut world);
        world.connect(bobs[1]);
        patience(&mut world);
        let left = all_show(&mut world, (eve, chat), bobs, &["are you there?", ">hello", "before", "after"]);
        assert_eq!(left, ["while blocked 0", "while blocked 1", "while blocked 2"]);
    }
}

/// The device has shown and acknowledged a message that the others ignore. It stays there, and comes to the others after
/// *Unblock*.
#[test]
fn p10_what_a_device_has_shown_before_it_hears_of_block_is_shown_on_all_after_unblock() {
    let (mut world, eve, bobs, chat, chat_b) = asked_on_two();
    done(&mut world, bobs[0], Command::Accept(chat_b));
    world.disconnect(bobs[0]);
    done(&mut world, bobs[0], Command::Block(chat_b));
    world.send(eve, chat, "shown");
    patience(&mut world);
    world.connect(bobs[0]);
    patience(&mut world);
    world.send(eve, chat, "passed over");
    patience(&mut world);
    assert_eq!(world.texts(bobs[0], chat_b), ["are you there?"]);
    assert_eq!(world.texts(bobs[1], chat_b), ["are you there?", "shown"], "nothing that was shown goes away");
    done(&mut world, bobs[0], Command::Unblock(chat_b));
    patience(&mut world);
    world.send(eve, chat, "after");
    patience(&mut world);
    let left = all_show(&mut world, (eve, chat), bobs, &["are you there?", "shown", "after"]);
    assert_eq!(left, ["passed over"]);
}

/// A blocked contact loses a record and begins another log. After *Unblock* each writes where the other reads.
#[test]
fn p5_a_blocked_contact_who_has_begun_another_log_is_read_and_answered_after_unblock() {
    let blocked = || {
        let (mut world, eve, bob, chat, chat_b) = asked();
        done(&mut world, bob, Command::Accept(chat_b));
        world.send(bob, chat_b, "hello");
        world.settle();
        done(&mut world, bob, Command::Block(chat_b));
        (world, eve, bob, chat, chat_b)
    };
    let (world, eve, ..) = blocked();
    let keys: Vec<_> = world.devices[eve].disk.records.keys().cloned().collect();
    for key in keys.iter().filter(|(store, _)| *store == Store::State) {
        let (mut world, eve, bob, chat, chat_b) = blocked();
        let mut disk = world.devices[eve].disk.clone();
        *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
        world.disconnect(eve);
        if world.try_roll_back(eve, disk).is_err() {
            continue;
        }
        world.connect(eve);
        patience(&mut world);
        done(&mut world, bob, Command::Unblock(chat_b));
        patience(&mut world);
        world.ask(eve, Command::Subscribe);
        world.send(bob, chat_b, "to Eve");
        world.send(eve, chat, "to Bob");
        patience(&mut world);
        assert!(world.texts(eve, chat).contains(&"to Eve".to_owned()), "{:?}", world.texts(eve, chat));
        assert!(world.texts(bob, chat_b).contains(&"to Bob".to_owned()), "{:?}", world.texts(bob, chat_b));
    }
}

#[test]
fn p10_of_a_request_twenty_texts_are_kept_and_the_rest_comes_after_accept() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    for number in 0..5_000 {
        world.send(eve, chat, &format!("text {number}"));
        if number % 500 == 0 {
            world.settle();
        }
    }
    patience(&mut world);
    let (_, records, bytes) = world.devices[bob].disk.written;
    assert_eq!(world.texts(bob, chat_b).len(), 20);
    world.send(eve, chat, "one more");
    patience(&mut world);
    world.crash(bob);
    world.connect(bob);
    patience(&mut world);
    assert!(world.is_online(bob), "it is up to date");
    assert_eq!(world.texts(bob, chat_b).len(), 20);
    let (_, records_after, bytes_after) = world.devices[bob].disk.written;
    assert!(records_after - records < 50 && bytes_after - bytes < 100_000, "nothing is read any more");
    done(&mut world, bob, Command::Accept(chat_b));
    patience(&mut world);
    assert_eq!(world.texts(bob, chat_b).len(), 5_002, "nothing is lost");
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
}

#[test]
fn p10_of_a_request_64_kib_are_kept_and_what_was_deleted_with_it_does_not_come_bit_by_bit() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    for _ in 0..10 {
        world.send(eve, chat, &"x".repeat(20_000));
    }
    patience(&mut world);
    let texts = world.texts(bob, chat_b);
    assert_eq!(texts.len(), 4);
    assert!(texts.iter().map(String::len).sum::<usize>() <= 64 * 1024);
    done(&mut world, bob, Command::DeleteChat(chat_b));
    patience(&mut world);
    assert!(world.texts(bob, chat_b).is_empty(), "what stood at the relay is deleted, too");
    world.send(eve, chat, "again");
    patience(&mut world);
    assert_eq!(world.texts(bob, chat_b), ["again"]);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
}

#[test]
fn p10_two_hundred_strangers_are_a_hundred_requests_and_keep_nobody_out() {
    let (mut world, ada, bob) = befriended();
    let chat = world.only_conversation(ada);
    let strangers: Vec<DeviceIndex> =
        (0..200).map(|number| world.add_person(&format!("eve{number}"))).collect();
    for eve in strangers {
        let chat = world.start(eve, "bob");
        world.send(eve, chat, "hello");
        world.settle();
        assert_eq!(world.delivery(eve, chat), Delivery::Sent);
        world.disconnect(eve);
    }
    assert_eq!(requests(&world, bob).len(), 100);
    world.send(ada, chat, "it's me");
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    let kim = world.add_person("Kim");
    let link = invite(&world, bob);
    let from_kim = world.start(kim, &link);
    world.send(kim, from_kim, "by your link");
    world.settle();
    assert_eq!(world.delivery(kim, from_kim), Delivery::Delivered, "whoever has the link comes in");
    let first = requests(&world, bob)[0];
    done(&mut world, bob, Command::DeleteChat(first));
    let after = requests(&world, bob);
    assert!(after.len() == 100 && !after.contains(&first), "there is room for one who waited");
    done(&mut world, bob, Command::Accept(after[0]));
    assert_eq!(requests(&world, bob).len(), 100);
}

/// The chats in the list of requests.
fn requests(world: &World, index: DeviceIndex) -> Vec<ConversationId> {
    let chats = world.devices[index].conversations.values();
    let asks = |chat: &&ConversationView| chat.consent == Consent::Requested && chat.last.is_some();
    chats.filter(asks).map(|chat| chat.id).collect()
}

/// Ada and Bob have written to each other; Bob accepts nobody else.
fn befriended() -> (World, DeviceIndex, DeviceIndex) {
    let mut world = World::new(902);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(bob, "ada");
    world.send(bob, chat, "hi");
    world.settle();
    world.devices[bob].accepts = false;
    (world, ada, bob)
}

fn invite(world: &World, index: DeviceIndex) -> String {
    world.devices[index].account.as_ref().unwrap().invite.clone()
}

#[test]
fn p10_who_comes_by_the_link_is_expected_and_who_brings_an_old_or_wrong_one_is_not() {
    let mut world = World::new(903);
    let bob = world.add_person("Bob");
    world.devices[bob].accepts = false;
    let second = link(&mut world, bob);
    world.devices[second].accepts = false;
    patience(&mut world);
    let old = invite(&world, bob);
    assert_eq!(old, invite(&world, second), "an account has one link");
    let ada = world.add_person("Ada");
    let chat = world.start(ada, &old);
    world.send(ada, chat, "you gave me the link");
    patience(&mut world);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    done(&mut world, second, Command::NewInvite);
    let new = invite(&world, bob);
    assert_ne!(old, new);
    assert_eq!(new, invite(&world, second));
    world.send(ada, chat, "still");
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "chats that began stay");
    let token = new.rsplit('/').next().unwrap();
    let wrong = new.replace(token, &"a".repeat(token.len()));
    let none = new.rsplit_once('/').unwrap().0.to_owned();
    for (name, link, expected) in [
        ("Eve", old, Delivery::Sent),
        ("Dan", wrong, Delivery::Sent),
        ("Kim", none, Delivery::Sent),
        ("Lea", new, Delivery::Delivered),
    ] {
        let index = world.add_person(name);
        let chat = world.start(index, &link);
        world.send(index, chat, "hello");
        patience(&mut world);
        assert_eq!(world.delivery(index, chat), expected, "{name}");
    }
}

#[test]
fn p10_whoever_is_blocked_stays_so_after_the_account_came_back() {
    use super::recovery::{back_up, recover, write_down};
    let (mut world, ada, bob) = befriended();
    let eve = world.add_person("Eve");
    let from_eve = world.start(eve, "bob");
    world.send(eve, from_eve, "hello");
    world.settle();
    let chat_e = *world.devices[bob].conversations.iter().find(|(_, chat)| chat.name == "Eve").unwrap().0;
    done(&mut world, bob, Command::Block(chat_e));
    let phrase = write_down(&mut world, bob, Command::ShowPhrase);
    back_up(&mut world, bob);
    let file = super::files::save(&mut world, bob);
    world.disconnect(bob);
    let back = recover(&mut world, &phrase, true);
    world.devices[back].accepts = false;
    patience(&mut world);
    assert_eq!(consent(&world, back, chat_e), Consent::Revoked);
    world.send(eve, from_eve, "and now?");
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "and I?");
    patience(&mut world);
    assert_eq!(world.delivery(eve, from_eve), Delivery::Sent);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    assert!(world.texts(back, chat_e).is_empty());
    // A device restored without a backup learns of it from the file.
    done(&mut world, back, Command::SetBackup(false));
    world.disconnect(back);
    let again = recover(&mut world, &phrase, true);
    world.devices[again].accepts = false;
    super::files::restore(&mut world, again, &file.bytes, &phrase).unwrap();
    patience(&mut world);
    assert_eq!(consent(&world, again, chat_e), Consent::Revoked);
    world.send(eve, from_eve, "and now?");
    patience(&mut world);
    assert_eq!(world.delivery(eve, from_eve), Delivery::Sent);
}

/// The whole story, with a death of Bob's device at each of its writes.
#[test]
fn p10_a_death_at_any_write_answers_no_stranger_and_forgets_no_decision() {
    use parley_tests::sim::Torn;
    for torn in [Torn::Before, Torn::After] {
        for writes in 0..12 {
            for expected in [Consent::Granted, Consent::Revoked] {
                let granted = expected == Consent::Granted;
                let decide = |id| if granted { Command::Accept(id) } else { Command::Block(id) };
                let (mut world, eve, bob, chat, chat_b) = asked();
                world.light_fuse(bob, writes, torn);
                world.send(eve, chat, "again");
                world.settle();
                world.pass(2_000);
                assert_eq!(world.delivery(eve, chat), Delivery::Sent, "{torn:?} after {writes}");
                let id = world.command(bob, decide(chat_b));
                world.settle();
                world.pass(2_000);
                let what = format!("{torn:?} after {writes}, {expected:?}");
                if world.devices[bob].replies.get(&id) != Some(&Reply::Done) {
                    done(&mut world, bob, decide(chat_b));
                }
                world.heal();
                patience(&mut world);
                world.ask(bob, Command::Subscribe);
                assert_eq!(consent(&world, bob, chat_b), expected, "{what}");
                let state = if granted { Delivery::Delivered } else { Delivery::Sent };
                assert_eq!(world.delivery(eve, chat), state, "{what}");
                assert_eq!(world.texts(bob, chat_b).len(), if granted { 2 } else { 0 }, "{what}");
            }
        }
    }
}

/// Blocking a request deletes it. Messages written since stay unread also after *Unblock*, and their writer does not learn of
/// it.
#[test]
fn p10_a_stranger_who_is_unblocked_is_not_told_that_anything_arrived_meanwhile() {
    let (mut world, eve, bob, chat, chat_b) = asked();
    let second = world.add_device();
    world.devices[second].accepts = false;
    super::devices::meet(&mut world, second, bob, false);
    done(&mut world, bob, Command::ApproveDevice(parley_engine::view::Share::All));
    patience(&mut world);
    let bobs = [bob, second];
    look(&mut world, bob, chat_b);
    done(&mut world, bobs[0], Command::Block(chat_b));
    world.send(eve, chat, "in vain");
    patience(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    done(&mut world, bobs[1], Command::Unblock(chat_b));
    patience(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    world.send(eve, chat, "and now?");
    patience(&mut world);
    for bob in bobs {
        assert_eq!(world.texts(bob, chat_b), ["and now?"], "{bob}");
    }
}
