//! Attacks on linking: somebody has seen or guessed the code, and answers in place of the other device.

use parley_engine::view::{Command, LinkView, Reply, Share};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{Pair, own_account, pair};

/// The number of keys that an attacker can try while a person looks from one screen to the other.
const TRIES: usize = 2_000;

/// Shows a code. Returns the link and the text to type.
fn show(world: &mut World, device: DeviceIndex) -> (String, String) {
    assert_eq!(world.ask(device, Command::ShowLinkCode { name: "Firefox".into() }), Reply::Done);
    match world.devices[device].link.clone() {
        Some(LinkView::Showing { link, typed, .. }) => (link, typed),
        other => panic!("no code: {other:?}"),
    }
}

/// Uses a code, before anything about it has left the device.
fn use_code(world: &mut World, device: DeviceIndex, text: &str) {
    world.command(device, Command::UseLinkCode { text: text.into(), name: "Firefox".into() });
    while world.disk_step(device) {}
}

/// The two digits on a screen.
fn digits(world: &World, device: DeviceIndex) -> Option<u8> {
    match world.devices[device].link {
        Some(LinkView::ShowDigits(digits)) => Some(digits),
        _ => None,
    }
}

fn asks_to_approve(world: &World, device: DeviceIndex) -> bool {
    matches!(world.devices[device].link, Some(LinkView::Approve { .. }))
}

/// The person types the digits that the new device shows, if any, into the account's device.
fn type_what_is_shown(world: &mut World, shows: DeviceIndex, asks: DeviceIndex) {
    if let Some(digits) = digits(world, shows) {
        world.ask(asks, Command::ConfirmDigits(digits));
        world.run();
    }
}

/// Mallory sees both screens, and the network is slow for everybody but her.
#[test]
fn p4_who_reads_a_code_cannot_try_keys_until_the_digits_fit() {
    let Pair { mut world, ada, .. } = pair(4_100);
    let new = world.add_device();
    let (link, _) = show(&mut world, ada);
    use_code(&mut world, new, &link);
    let wanted = digits(&world, new);
    let mut mallory = new;
    for _ in 0..TRIES {
        mallory = world.add_device();
        use_code(&mut world, mallory, &link);
        if wanted.is_none() || digits(&world, mallory) == wanted {
            break;
        }
        world.disconnect(mallory);
    }
    // Her frame comes first: she becomes the second end of the slot.
    while world.step(mallory) || world.step(ada) {}
    world.run();
    type_what_is_shown(&mut world, new, ada);
    if asks_to_approve(&world, ada) {
        world.ask(ada, Command::ApproveDevice(Share::Nothing));
        world.settle();
    }
    assert!(world.devices[mallory].account.is_none(), "whom the digits let in is the person's own device");
}

/// The reader cannot choose its value to fit: the needed data does not exist before its value has left.
#[test]
fn p4_a_reader_learns_no_digits_before_the_other_device_has_its_value() {
    let Pair { mut world, ada, .. } = pair(4_101);
    for shows_new in [false, true] {
        let new = world.add_device();
        let (shows, reads) = if shows_new { (new, ada) } else { (ada, new) };
        let (link, _) = show(&mut world, shows);
        use_code(&mut world, reads, &link);
        assert_eq!(digits(&world, reads), None, "the account's device reads: {shows_new}");
        world.run();
        assert!(digits(&world, reads).is_some(), "the other device has answered");
        assert_eq!(world.devices[shows].link, Some(LinkView::AskDigits));
        world.ask(reads, Command::CancelLinking);
        world.run();
        world.ask(shows, Command::CancelLinking);
    }
}

/// Mallory's one guess was right, at either end: the account's new device takes no part in her channel.
#[test]
fn p4_who_guesses_a_typed_code_lacks_the_digits_of_the_new_device() {
    for ada_shows in [true, false] {
        let Pair { mut world, ada, .. } = pair(4_102);
        let (new, mallory) = (world.add_device(), world.add_device());
        // A right guess gives the attacker everything that the reader has.
        let (shows, reads) = if ada_shows { (ada, mallory) } else { (mallory, ada) };
        let (_, typed) = show(&mut world, shows);
        use_code(&mut world, reads, &typed);
        world.run();
        assert!(!asks_to_approve(&world, ada), "Ada shows: {ada_shows}: no one guess is enough");
        assert_eq!(world.devices[ada].link, Some(LinkView::AskDigits), "Ada shows: {ada_shows}");
        use_code(&mut world, new, &typed);
        world.run();
        type_what_is_shown(&mut world, new, ada);
        assert!(!asks_to_approve(&world, ada), "Ada shows: {ada_shows}");
        assert_eq!(own_account(&mut world, ada).devices.len(), 1);
    }
}
