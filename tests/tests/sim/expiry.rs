//! Messages that disappear: on every device, from the disk and from what is handed on; never before they were read.

use parley_engine::io::Store;
use parley_engine::view::{
    BodyView, Command, CommandError, ConversationId, Delivery, MessageView, Permissions, Reply, Role, Share,
};
use parley_tests::sim::{DeviceIndex, World};

use super::deleting::find;
use super::devices::{link_with, pair};
use super::groups;
use super::relations::named;

const HOUR: u32 = 3_600;
const MS: u64 = 1_000;

fn set(world: &mut World, device: DeviceIndex, chat: ConversationId, seconds: u32) -> Reply {
    world.ask(device, Command::SetTimer { conversation: chat, seconds })
}

fn read_all(world: &mut World, device: DeviceIndex, chat: ConversationId) {
    let upto = world.history(device, chat).last().expect("something was said").order;
    assert_eq!(world.ask(device, Command::MarkRead { conversation: chat, upto }), Reply::Done);
    world.settle();
}

/// What a device shows: texts, and who set the timer to what.
fn shown(world: &mut World, device: DeviceIndex, chat: ConversationId) -> Vec<String> {
    let line = |message: &MessageView| match &message.body {
        BodyView::Text(text) => Some(text.clone()),
        BodyView::Timer { by, seconds } => {
            let by = by.as_ref().map_or("You", |by| by.name.as_str());
            Some(format!("({by}: {seconds})"))
        }
        BodyView::Gap(gap) => Some(format!("{gap:?}")),
        _ => None,
    };
    let pages: Vec<String> = world.history(device, chat).iter().filter_map(line).collect();
    let screen: Vec<String> = world.devices[device].screen.in_order(chat).iter().filter_map(line).collect();
    assert_eq!(screen, pages, "what the screen was told is what is stored");
    pages
}

fn timer(world: &World, device: DeviceIndex, chat: ConversationId) -> u32 {
    world.devices[device].screen.conversations[&chat].timer
}

fn messages_on_disk(world: &World, device: DeviceIndex) -> usize {
    world.devices[device].disk.records.keys().filter(|(store, _)| *store == Store::Messages).count()
}

#[test]
fn messages_disappear_on_both_sides_counted_from_reading_and_for_own_ones_from_sending() {
    let (mut world, ada, bob, there, back) = pair();
    assert_eq!(set(&mut world, ada, there, HOUR), Reply::Done);
    world.settle();
    assert_eq!((timer(&world, ada, there), timer(&world, bob, back)), (HOUR, HOUR));
    world.send(ada, there, "soon gone");
    world.settle();
    world.pass(u64::from(HOUR) * MS + MS);
    // Ada's counted since it was sent; Bob has not read it.
    assert_eq!(shown(&mut world, ada, there), ["before", "answer", "(You: 3600)"]);
    assert_eq!(shown(&mut world, bob, back), ["before", "answer", "(Ada: 3600)", "soon gone"]);
    read_all(&mut world, bob, back);
    let about = find(&mut world, bob, back, "soon gone").about;
    assert!(about.expires == Some(HOUR) && about.ends.is_some());
    world.pass(u64::from(HOUR) * MS - 60 * MS);
    assert_eq!(shown(&mut world, bob, back).len(), 4);
    world.pass(61 * MS);
    assert_eq!(shown(&mut world, bob, back), ["before", "answer", "(Ada: 3600)"]);
    let last = world.devices[bob].screen.conversations[&back].last.clone().unwrap();
    assert_eq!(last.body, BodyView::Timer { by: None, seconds: HOUR });
}

#[test]
fn either_side_sets_the_timer_and_what_was_said_last_holds_on_both() {
    let (mut world, ada, bob, there, back) = pair();
    world.disconnect(bob);
    set(&mut world, bob, back, 8 * HOUR);
    assert_eq!(timer(&world, bob, back), 8 * HOUR, "what waits holds at once");
    set(&mut world, ada, there, HOUR);
    world.settle();
    world.connect(bob);
    world.settle();
    assert_eq!((timer(&world, ada, there), timer(&world, bob, back)), (8 * HOUR, 8 * HOUR));
    set(&mut world, ada, there, 0);
    world.settle();
    world.send(bob, back, "stays");
    world.settle();
    world.pass(u64::from(9 * HOUR) * MS);
    assert_eq!(shown(&mut world, ada, there).last().unwrap(), "stays");
    assert_eq!(find(&mut world, ada, there, "stays").about.expires, None);
    let too_long = set(&mut world, ada, there, 28 * 24 * HOUR + 1);
    assert_eq!(too_long, Reply::Failed(CommandError::NotAllowed));
}

#[test]
fn the_timer_is_nothing_to_read_and_is_not_counted() {
    let (mut world, ada, bob, there, back) = pair();
    read_all(&mut world, bob, back);
    set(&mut world, ada, there, HOUR);
    world.settle();
    assert_eq!(world.devices[bob].screen.conversations[&back].unread, 0);
}

#[test]
fn it_is_gone_from_the_disk_with_its_edits_and_after_a_restart_too() {
    let (mut world, ada, bob, there, back) = pair();
    set(&mut world, ada, there, HOUR);
    world.send(ada, there, "secret");
    world.settle();
    let message = named(&mut world, ada, there, "secret");
    let edit = Command::Edit { conversation: there, message, text: "secret, better".to_owned() };
    assert_eq!(world.ask(ada, edit), Reply::Done);
    world.settle();
    read_all(&mut world, bob, back);
    let before = [ada, bob].map(|device| messages_on_disk(&world, device));
    world.crash(bob);
    world.connect(bob);
    world.pass(u64::from(HOUR) * MS + MS);
    world.crash(ada);
    world.settle();
    let after = [ada, bob].map(|device| messages_on_disk(&world, device));
    // The text and the edit.
    assert_eq!(after, before.map(|count| count - 2));
    for (device, chat) in [(ada, there), (bob, back)] {
        assert!(!shown(&mut world, device, chat).iter().any(|text| text.contains("secret")));
    }
}

#[test]
fn another_device_of_the_account_counts_from_when_it_hears_that_it_was_read() {
    let (mut world, ada, bob, there, back) = pair();
    let bob2 = link_with(&mut world, bob, Share::All);
    world.settle();
    set(&mut world, ada, there, HOUR);
    world.send(ada, there, "for both");
    world.settle();
    world.disconnect(bob2);
    read_all(&mut world, bob, back);
    world.pass(u64::from(2 * HOUR) * MS);
    assert!(!shown(&mut world, bob, back).contains(&"for both".to_owned()));
    assert!(shown(&mut world, bob2, back).contains(&"for both".to_owned()));
    world.connect(bob2);
    world.settle();
    world.pass(u64::from(HOUR) * MS + MS);
    assert!(!shown(&mut world, bob2, back).contains(&"for both".to_owned()));
    assert_eq!(timer(&world, bob2, back), HOUR);
}

#[test]
fn history_for_a_new_device_brings_nothing_that_is_over_and_the_timer() {
    let (mut world, ada, bob, there, back) = pair();
    set(&mut world, ada, there, HOUR);
    world.send(ada, there, "not yet read");
    world.settle();
    world.pass(u64::from(2 * HOUR) * MS);
    // Bob has not read it, so that it is still there; it was sent long ago.
    let bob2 = link_with(&mut world, bob, Share::All);
    world.settle();
    assert!(shown(&mut world, bob, back).contains(&"not yet read".to_owned()));
    assert_eq!(shown(&mut world, bob2, back), ["before", "answer", "(Ada: 3600)"]);
    let bob3 = link_with(&mut world, bob, Share::Nothing);
    world.settle();
    world.send(bob3, back, "from a new device");
    world.settle();
    assert_eq!(find(&mut world, ada, there, "from a new device").about.expires, Some(HOUR));
}

#[test]
fn h2_in_a_group_only_who_may_change_it_sets_the_timer() {
    let (mut world, people) = groups::friends(2_901, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = groups::create(&mut world, ada, "Team", &[bob, carol]);
    assert_eq!(set(&mut world, bob, group, HOUR), Reply::Failed(CommandError::NotAllowed));
    assert_eq!(set(&mut world, ada, group, HOUR), Reply::Done);
    groups::settle(&mut world);
    world.send(bob, group, "for an hour");
    groups::settle(&mut world);
    for device in [ada, bob, carol] {
        assert_eq!(timer(&world, device, group), HOUR);
        assert_eq!(find(&mut world, device, group, "for an hour").about.expires, Some(HOUR));
        read_all(&mut world, device, group);
    }
    world.pass(u64::from(HOUR) * MS + MS);
    for device in [ada, bob, carol] {
        assert!(!shown(&mut world, device, group).contains(&"for an hour".to_owned()));
    }
    let permissions = Permissions { change: Role::Member, ..Permissions::default() };
    groups::done(&mut world, ada, Command::SetPermissions { conversation: group, permissions });
    groups::settle(&mut world);
    assert_eq!(set(&mut world, bob, group, 0), Reply::Done);
    groups::settle(&mut world);
    assert_eq!(timer(&world, carol, group), 0);
}

#[test]
fn what_waits_for_a_connection_lasts_from_when_it_is_sent() {
    let (mut world, ada, bob, there, back) = pair();
    set(&mut world, ada, there, HOUR);
    world.settle();
    world.disconnect(ada);
    world.send(ada, there, "waits");
    world.pass(u64::from(3 * HOUR) * MS);
    assert_eq!(world.delivery(ada, there), Delivery::Waiting);
    world.connect(ada);
    world.settle();
    assert!(shown(&mut world, ada, there).contains(&"waits".to_owned()));
    assert!(shown(&mut world, bob, back).contains(&"waits".to_owned()));
    world.pass(u64::from(HOUR) * MS + MS);
    assert!(!shown(&mut world, ada, there).contains(&"waits".to_owned()));
}
