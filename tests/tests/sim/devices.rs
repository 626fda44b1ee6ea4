//! Accounts of several devices: linking, and the state of each device afterwards.

use std::cell::Cell;
use std::rc::Rc;

use parley_engine::view::{
    Command, CommandError, ConversationId, KeyChange, LinkView, MessageView, OwnKeyChange, Reply, Share,
    Typed,
};
use parley_protocol::frame::{RelayError, Request, ServerFrame};
use parley_protocol::ids::DeviceId;
use parley_tests::accounts::looks_up;
use parley_tests::sim::{ConnectionId, DeviceIndex, World};

/// Shows a code on `shows` and uses it on `reads`, as a link or typed, up to the question to the account's person.
pub(crate) fn meet(world: &mut World, shows: DeviceIndex, reads: DeviceIndex, typed: bool) {
    assert_eq!(world.ask(shows, Command::ShowLinkCode { name: "Firefox on Linux".into() }), Reply::Done);
    let Some(LinkView::Showing { link, typed: code, .. }) = world.devices[shows].link.clone() else {
        panic!("no code: {:?}", world.devices[shows].link)
    };
    let text = if typed { code } else { format!("https://chat.example/#{link}") };
    assert_eq!(
        world.ask(reads, Command::UseLinkCode { text, name: "Chrome on Windows".into() }),
        Reply::Done
    );
    world.run();
    // A device that used a typed code asks for the digits if it is the account's device.
    let asks = if typed && world.devices[reads].account.is_some() { reads } else { shows };
    compare(world, if asks == shows { reads } else { shows }, asks);
}

/// The person types the digits that one device shows into the other.
pub(crate) fn compare(world: &mut World, shows: DeviceIndex, asks: DeviceIndex) {
    let Some(LinkView::ShowDigits(digits)) = world.devices[shows].link else {
        panic!("no digits: {:?}", world.devices[shows].link)
    };
    assert_eq!(world.devices[asks].link, Some(LinkView::AskDigits));
    assert_eq!(world.ask(asks, Command::ConfirmDigits(digits)), Reply::Done);
    world.run();
}

pub(crate) fn approve(world: &mut World, existing: DeviceIndex) {
    assert!(
        matches!(world.devices[existing].link, Some(LinkView::Approve { .. })),
        "{:?}",
        world.devices[existing].link
    );
    assert_eq!(world.ask(existing, Command::ApproveDevice(Share::Nothing)), Reply::Done);
    world.settle();
}

/// Links a new device to the account of `existing`.
pub(crate) fn link(world: &mut World, existing: DeviceIndex) -> DeviceIndex {
    let new = world.add_device();
    meet(world, new, existing, false);
    approve(world, existing);
    assert_eq!(world.devices[new].link, Some(LinkView::Done));
    new
}

/// Links a new device until it is in the account, but in no conversation yet.
pub(crate) fn let_in(world: &mut World, existing: DeviceIndex, new: DeviceIndex) {
    meet(world, new, existing, false);
    world.command(existing, Command::ApproveDevice(Share::Nothing));
    for _ in 0..300 {
        world.step(existing);
        world.step(new);
        if world.devices[new].account.is_some() {
            return;
        }
    }
    panic!("it is not in the account");
}

pub(crate) fn device_id(world: &World, index: DeviceIndex) -> DeviceId {
    let account = world.devices[index].account.as_ref().expect("an account");
    account.devices.iter().find(|device| device.this).expect("this one").id
}

pub(crate) fn names(world: &World, index: DeviceIndex) -> Vec<String> {
    let account = world.devices[index].account.as_ref().expect("an account");
    account.devices.iter().map(|device| device.name.clone()).collect()
}

/// Ada and Bob with a device each, and a conversation in which both have written.
pub(crate) fn pair() -> (World, DeviceIndex, DeviceIndex, ConversationId, ConversationId) {
    let mut world = World::new(1);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let there = world.start(ada, "bob");
    world.send(ada, there, "before");
    world.settle();
    let back = world.only_conversation(bob);
    world.send(bob, back, "answer");
    world.settle();
    (world, ada, bob, there, back)
}

#[test]
fn p6_a_linked_device_chats_and_reads_what_the_others_write() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    assert_eq!(world.devices[ada].link, Some(LinkView::Done));
    assert_eq!(world.only_conversation(second), there);
    world.send(bob, back, "to both");
    world.settle();
    world.send(ada, there, "from the first");
    world.settle();
    world.send(second, there, "from the second");
    world.settle();
    assert_eq!(world.texts(second, there), ["to both", ">from the first", ">from the second"]);
    assert_eq!(world.texts(bob, back)[2..], [">to both", "from the first", "from the second"]);
    assert_eq!(world.texts(ada, there)[2..], ["to both", ">from the first", ">from the second"]);
    assert_eq!(names(&world, ada), ["", "Firefox on Linux"]);
    assert_eq!(names(&world, second), ["", "Firefox on Linux"]);
    let account = world.devices[second].account.clone().unwrap();
    assert_eq!((account.name.as_str(), account.username.as_str()), ("Ada", "ada"));
    assert_eq!(world.devices[second].conversations[&there].name, "Bob", "as the first device knows him");
}

#[test]
fn either_device_may_show_the_code_and_it_may_be_typed() {
    for typed in [false, true] {
        for new_shows in [false, true] {
            let (mut world, ada, bob, there, back) = pair();
            let new = world.add_device();
            let (shows, reads) = if new_shows { (new, ada) } else { (ada, new) };
            meet(&mut world, shows, reads, typed);
            approve(&mut world, ada);
            world.send(bob, back, "to both");
            world.settle();
            assert_eq!(world.texts(new, there), ["to both"], "typed: {typed}, new shows: {new_shows}");
        }
    }
}

#[test]
fn new_conversations_have_all_devices_from_their_first_message() {
    let (mut world, ada, bob, ..) = pair();
    let second = link(&mut world, ada);
    let bobs_second = link(&mut world, bob);
    let carol = world.add_person("Carol");
    let there = world.start(second, "carol");
    world.send(second, there, "hello Carol");
    world.settle();
    assert_eq!(world.texts(ada, there), [">hello Carol"]);
    let back = world.only_conversation(carol);
    world.send(carol, back, "hello Ada");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there), [">hello Carol", "hello Ada"]);
    }
    let to_bob = world.start(carol, "bob");
    world.send(carol, to_bob, "hello Bob");
    world.settle();
    world.pass(20_000);
    world.settle();
    world.send(carol, to_bob, "and again");
    world.settle();
    let from_carol = world.devices[bob].conversations.values().find(|view| view.name == "Carol").unwrap().id;
    for device in [bob, bobs_second] {
        let texts = world.texts(device, from_carol);
        assert_eq!(texts.last().unwrap(), "and again");
    }
}

#[test]
fn p4_every_other_device_is_told_of_a_new_one_and_can_remove_it() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    let third = link(&mut world, second);
    assert_eq!(world.devices[third].conversations[&there].name, "Bob", "as the other devices know him");
    let devices = world.devices[ada].account.clone().unwrap().devices;
    assert_eq!(devices.iter().map(|device| device.fresh).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(world.ask(ada, Command::RemoveDevice(devices[2].id)), Reply::Done);
    world.settle();
    assert!(world.devices[third].erased);
    world.send(bob, back, "to the two");
    world.settle();
    for device in [ada, second] {
        assert_eq!(world.texts(device, there).last().unwrap(), "to the two");
    }
}

#[test]
fn p4_an_invite_and_a_link_code_are_not_taken_for_each_other() {
    let (mut world, ada, bob, ..) = pair();
    let invite = world.devices[bob].account.as_ref().unwrap().invite.clone();
    let use_it =
        Command::UseLinkCode { text: format!("https://chat.example/#{invite}"), name: String::new() };
    assert_eq!(world.ask(ada, use_it), Reply::Failed(CommandError::InviteInstead));
    world.ask(bob, Command::ShowLinkCode { name: String::new() });
    let Some(LinkView::Showing { link, typed, .. }) = world.devices[bob].link.clone() else {
        panic!("no code")
    };
    for code in [link, typed] {
        assert_eq!(world.ask(ada, Command::FindPerson(code)), Reply::Failed(CommandError::LinkCodeInstead));
    }
}

pub(crate) fn link_with(world: &mut World, existing: DeviceIndex, share: Share) -> DeviceIndex {
    let new = world.add_device();
    meet(world, new, existing, false);
    assert_eq!(world.ask(existing, Command::ApproveDevice(share)), Reply::Done);
    new
}

#[test]
fn p6_history_arrives_on_a_linked_device_with_its_states_and_order() {
    let (mut world, ada, bob, there, back) = pair();
    let carol = world.add_person("Carol");
    let to_carol = world.start(ada, "carol");
    world.send(ada, to_carol, "hello Carol");
    for number in 0..90 {
        world.send(ada, there, &format!("from Ada {number}"));
        world.send(bob, back, &format!("from Bob {number}"));
        world.pass(1_000);
    }
    world.settle();
    let new = link_with(&mut world, ada, Share::All);
    world.settle();
    world.settle();
    for conversation in [there, to_carol] {
        let (here, there) = (world.texts(ada, conversation), world.texts(new, conversation));
        assert_eq!(here, there);
        let (here, there) = (world.history(ada, conversation), world.history(new, conversation));
        let states = |history: Vec<MessageView>| {
            history.into_iter().map(|message| message.outgoing).collect::<Vec<_>>()
        };
        assert_eq!(states(here), states(there));
    }
    assert_eq!(world.texts(new, there).len(), 182);
    assert_eq!(world.devices[new].conversations[&to_carol].name, "carol", "as the first device knows her");
    assert_eq!(world.devices[ada].account.as_ref().unwrap().sharing, None);
    world.send(carol, world.only_conversation(carol), "and on it goes");
    world.settle();
    assert_eq!(world.texts(new, to_carol).last().unwrap(), "and on it goes");
}

#[test]
fn what_is_shared_is_the_persons_choice() {
    const DAY: u64 = 24 * 3_600 * 1_000;
    for (share, expected) in [
        (Share::All, vec![">before", "answer", ">yesterday"]),
        (Share::Month, vec![">yesterday"]),
        (Share::Nothing, vec![]),
    ] {
        let (mut world, ada, _, there, _) = pair();
        world.pass(40 * DAY);
        world.settle();
        world.send(ada, there, "yesterday");
        world.settle();
        let new = link_with(&mut world, ada, share);
        world.settle();
        assert_eq!(world.texts(new, there), expected, "{share:?}");
    }
}

#[test]
fn p5_history_goes_on_after_a_crash_of_either_device() {
    let (mut world, ada, bob, there, back) = pair();
    for number in 0..400 {
        world.send(bob, back, &format!("{number} {}", "and so on ".repeat(30)));
        if number % 20 == 0 {
            world.settle();
        }
    }
    world.settle();
    let new = link_with(&mut world, ada, Share::All);
    for round in 0..12 {
        for _ in 0..40 {
            for index in [ada, new] {
                world.disk_step(index);
                world.uplink_step(index);
                world.downlink_step(index);
                world.timer_step(index);
            }
        }
        let victim = if round % 2 == 0 { ada } else { new };
        world.crash(victim);
        world.connect(victim);
        world.pass(500);
    }
    world.settle();
    world.pass(10_000);
    world.settle();
    assert_eq!(world.texts(ada, there).len(), 402);
    assert_eq!(world.texts(new, there), world.texts(ada, there));
}

/// Checks that this device of Ada's, which has nothing from before, gets all messages of her friends.
fn hears_all(world: &mut World, new: DeviceIndex, friends: Vec<(DeviceIndex, ConversationId)>) {
    for (friend, there) in friends {
        let back = world.only_conversation(friend);
        world.send(friend, back, "to both");
        world.settle();
        assert_eq!(world.texts(new, there), ["to both"]);
    }
}

/// Ada writes to this many new friends.
fn befriend(world: &mut World, ada: DeviceIndex, count: usize) -> Vec<(DeviceIndex, ConversationId)> {
    let mut friends = Vec::new();
    for number in 0..count {
        let friend = world.add_person(&format!("friend{number}"));
        let there = world.start(ada, &format!("friend{number}"));
        world.send(ada, there, "hello");
        friends.push((friend, there));
    }
    world.settle();
    friends
}

#[test]
fn p6_a_relay_that_wants_fewer_requests_keeps_a_device_out_of_no_conversation() {
    let (mut world, ada, ..) = pair();
    let friends = befriend(&mut world, ada, 6);
    let mut left = 12;
    world.relay.lie(move |_, asked, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(asked, Request::ClaimKeyPackages(_))) {
            if let ServerFrame::Answer { result, .. } = frame
                && left > 0
            {
                left -= 1;
                *result = Err(RelayError::RateLimited { retry_after_ms: 2_000 });
            }
        }
    });
    let new = link_with(&mut world, ada, Share::Nothing);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.devices[ada].link, Some(LinkView::Done));
    hears_all(&mut world, new, friends);
}

#[test]
fn p4_a_contact_that_is_known_by_now_is_not_learnt_again() {
    let (mut world, ada, bob, there, _) = pair();
    let bobs = world.devices[bob].account.as_ref().unwrap().account;
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    // The first answer about Bob takes so long that the device also asks for another reason.
    let mut held = None;
    let count = Rc::new(Cell::new(0));
    let late = Rc::clone(&count);
    world.relay.lie(move |from, asked, told| {
        // The new device has the third connection of this world.
        if !looks_up(asked, &bobs) || from != ConnectionId(3) {
            return;
        }
        let Some(place) = told.iter().position(|(to, _)| *to == from) else { return };
        match held.take() {
            None if late.get() == 0 => held = Some(told.remove(place)),
            None => {}
            Some(earlier) => {
                told.insert(place, earlier);
                late.set(1);
            }
        }
    });
    assert_eq!(world.ask(ada, Command::ApproveDevice(Share::All)), Reply::Done);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(count.get(), 1, "they were asked for twice");
    assert_eq!(world.devices[new].conversations[&there].name, "Bob", "as the first device knows him");
}

#[test]
fn p6_a_device_is_added_to_more_conversations_than_it_left_key_packages() {
    let (mut world, ada, ..) = pair();
    let friends = befriend(&mut world, ada, 30);
    let new = link_with(&mut world, ada, Share::Nothing);
    world.settle();
    let account = world.devices[ada].account.as_ref().unwrap().account;
    assert!(world.relay.one_time_left(&account) >= 2 * 11, "both devices have left new ones");
    assert_eq!(world.devices[ada].link, Some(LinkView::Done));
    hears_all(&mut world, new, friends);
}

#[test]
fn p6_a_log_that_was_given_up_keeps_no_device_waiting() {
    let (mut world, ada, bob, there, back) = pair();
    let copy = world.devices[ada].disk.clone();
    world.connect(ada);
    world.settle();
    world.roll_back(ada, copy);
    world.connect(ada);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(
        world.relay.log_count(),
        2,
        "another log took the place of the one whose keys may not be used"
    );
    let new = link_with(&mut world, ada, Share::All);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.devices[ada].link, Some(LinkView::Done));
    world.send(bob, back, "to both");
    world.settle();
    assert_eq!(world.texts(new, there), [">before", "answer", "to both"]);
}

fn another_phrase(world: &mut World, device: DeviceIndex) {
    let Reply::Phrase(phrase) = world.ask(device, Command::NewPhrase) else { panic!("no phrase") };
    let typed = phrase.ask.map(|place| Typed(phrase.words[usize::from(place) - 1].clone()));
    assert_eq!(world.ask(device, Command::ConfirmPhrase(typed)), Reply::Done);
    world.settle();
}

#[test]
fn p4_every_change_of_a_contacts_keys_is_said_in_the_chat() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(bob, back, "hello");
    world.settle();
    assert_eq!(world.key_changes(bob, back), [KeyChange::Added]);
    assert_eq!(world.key_changes(ada, there), [], "the own ones are no line in a chat");
    another_phrase(&mut world, ada);
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    world.pass(20_000);
    let before = world.devices[bob].conversations[&back].clone();
    world.send(bob, back, "hello again");
    world.settle();
    let expected = [KeyChange::Added, KeyChange::Phrase, KeyChange::Removed];
    assert_eq!(world.key_changes(bob, back), expected);
    assert_eq!(world.devices[bob].conversations[&back].unread, before.unread);
    world.crash(bob);
    world.connect(bob);
    world.settle();
    assert_eq!(world.key_changes(bob, back), expected, "they are stored, and each stands there once");
}

#[test]
fn p4_every_change_of_keys_is_shown_on_the_accounts_other_devices() {
    let (mut world, ada, _, _, _) = pair();
    let (second, third) = (link(&mut world, ada), link(&mut world, ada));
    let changes =
        |world: &World, device: DeviceIndex| world.devices[device].account.clone().unwrap().key_changes;
    assert_eq!([ada, second].map(|device| changes(&world, device)), [vec![], vec![]]);
    another_phrase(&mut world, second);
    let gone = device_id(&world, third);
    assert_eq!(world.ask(second, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    for restart in [false, true] {
        if restart {
            world.crash(ada);
            world.connect(ada);
            world.settle();
        }
        let removed = OwnKeyChange::Removed("Firefox on Linux".to_owned());
        assert_eq!(changes(&world, ada), [OwnKeyChange::Phrase, removed]);
    }
    assert_eq!(changes(&world, second), [], "who did it knows");
    assert_eq!(world.ask(ada, Command::AcceptKeyChanges), Reply::Done);
    assert_eq!(changes(&world, ada), []);
}
