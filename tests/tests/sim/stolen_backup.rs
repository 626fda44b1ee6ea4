//! What a thief of one of the account's devices can do with its backup, before and after the device is removed.

use parley_engine::hostile::{BackupLie, SignedAs, Thief};
use parley_engine::view::{BackupState, Command, Consent, ConversationId, ConversationView, Reply, Share};
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{RelayError, Request};
use parley_protocol::ids::AccountId;
use parley_tests::accounts::{found, look_up};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, link_with};
use super::recovery::{account, back_up, pair, recover, recovery, write_down};

const MADE_UP: &str = "Bob never wrote this";

/// Waits until everything due is done and every failure was retried.
fn wait(world: &mut World) {
    for _ in 0..6 {
        world.pass(5 * 60 * 1000);
        world.settle();
    }
}

fn remove(world: &mut World, by: DeviceIndex, device: DeviceIndex) {
    let id = device_id(world, device);
    assert_eq!(world.ask(by, Command::RemoveDevice(id)), Reply::Done);
    world.settle();
    assert!(world.devices[device].erased);
}

fn head(world: &World, owner: &AccountId) -> Vec<u8> {
    world.relay.backup_head(owner).expect("a backup").value.to_vec()
}

/// Tries every lie that a device can tell before its removal. The backup goes on; the thief can neither fetch nor open what is
/// written from then on, in any way; and the phrase restores all of it.
#[test]
fn p10_a_removed_device_neither_fetches_nor_opens_what_is_backed_up_after() {
    for (recipient, generation, ahead) in [
        (false, 2, 0),
        (true, 2, 0),
        (true, u32::MAX, 0),
        (false, u32::MAX, 0),
        (false, 2, 1),
        (true, u32::MAX, 1),
    ] {
        let lie = BackupLie { recipient, generation, ahead };
        let (mut world, ada, _, there, _, phrase) = pair();
        let owner = account(&world, ada);
        let third = link_with(&mut world, ada, Share::All);
        wait(&mut world);
        let stolen = link_with(&mut world, ada, Share::All);
        wait(&mut world);
        world.lie_about_backup(stolen, &lie);
        wait(&mut world);
        let thief = world.thief(stolen);
        assert!(thief.opens(&head(&world, &owner)), "while it is the account's");
        remove(&mut world, ada, stolen);
        wait(&mut world);
        for device in [ada, third] {
            world.send(device, there, "after the removal");
            wait(&mut world);
            back_up(&mut world, device);
            assert!(!thief.opens(&head(&world, &owner)), "{lie:?}, written by {device}");
        }
        for fetch in thief.fetches() {
            assert!(world.ask_relay(fetch).is_err(), "{lie:?}");
        }
        let before = world.texts(ada, there);
        for device in [ada, third] {
            world.disconnect(device);
        }
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "{lie:?}");
    }
}

/// The stolen device makes its own phrase, and waits until it is removed.
#[test]
fn p10_nothing_is_sealed_to_the_phrase_of_a_device_that_was_removed() {
    let (mut world, ada, _, there, ..) = pair();
    let owner = account(&world, ada);
    let stolen = link_with(&mut world, ada, Share::All);
    wait(&mut world);
    write_down(&mut world, stolen, Command::NewPhrase);
    wait(&mut world);
    let thief = world.thief(stolen);
    remove(&mut world, ada, stolen);
    wait(&mut world);
    let left = head(&world, &owner);
    world.send(ada, there, "after the removal");
    wait(&mut world);
    let now = head(&world, &owner);
    assert!(now == left || !thief.opens(&now), "what was written since");
    assert_eq!(recovery(&world, ada).backup, BackupState::Off, "until somebody makes a new phrase");
    let phrase = write_down(&mut world, ada, Command::NewPhrase);
    wait(&mut world);
    assert!(!thief.opens(&head(&world, &owner)));
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

/// The removing device disconnects at once and tells nobody. The remaining devices seal the backup again.
#[test]
fn p10_who_is_left_seals_the_backup_anew_when_the_device_that_removed_is_gone() {
    let (mut world, ada, _, there, _, phrase) = pair();
    let owner = account(&world, ada);
    let third = link_with(&mut world, ada, Share::All);
    let stolen = link_with(&mut world, ada, Share::All);
    wait(&mut world);
    let thief = world.thief(stolen);
    world.disconnect(third);
    let id = device_id(&world, stolen);
    let refused: fn(&Request) -> bool =
        |request| !matches!(request, Request::AppendDeviceLog(_) | Request::FetchDeviceLogs(_));
    world.relay.refusal = Some((refused, RelayError::Internal));
    assert_eq!(world.ask(ada, Command::RemoveDevice(id)), Reply::Done);
    world.disconnect(ada);
    world.relay.refusal = None;
    world.connect(third);
    wait(&mut world);
    world.send(third, there, "after the removal");
    wait(&mut world);
    back_up(&mut world, third);
    assert!(!thief.opens(&head(&world, &owner)));
    let before = world.texts(third, there);
    world.disconnect(third);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

/// A thief has stolen a device of the account, which was then removed.
fn removed(world: &mut World, owner: DeviceIndex) -> Thief {
    let stolen = link_with(world, owner, Share::Nothing);
    wait(world);
    let thief = world.thief(stolen);
    remove(world, owner, stolen);
    wait(world);
    thief
}

/// The relay gets a backup that a thief forged: the version after the current one.
fn forge(world: &mut World, thief: &Thief, owner: &AccountId, peer: &AccountId, signed: SignedAs<'_>) {
    let number = world.relay.backup_head(owner).expect("a backup").version + 1;
    let forged = thief.forge(number, *peer, MADE_UP, signed).expect("a forgery");
    world.relay.invent_backup(owner, &forged.head, forged.blobs);
}

fn device_log(world: &mut World, owner: &AccountId) -> DeviceLog {
    let record = found(world.ask_relay(look_up(*owner))).expect("a record");
    DeviceLog::verify(&record.log).expect("a device log")
}

fn is_verified(world: &World, device: DeviceIndex, chat: ConversationId) -> bool {
    world.devices[device].conversations.get(&chat).is_some_and(|chat| chat.verified)
}

/// The sealing key is no secret: every device that was ever linked knows it, and so may the relay.
#[test]
fn p2_a_backup_that_no_device_of_the_account_signed_brings_nothing_back() {
    for itself in [false, true] {
        let (mut world, ada, bob, there, _, phrase) = pair();
        let (owner, peer) = (account(&world, ada), account(&world, bob));
        let thief = removed(&mut world, ada);
        world.disconnect(ada);
        let log = device_log(&mut world, &owner);
        let signed = if itself { SignedAs::Itself(&log) } else { SignedAs::Nobody };
        forge(&mut world, &thief, &owner, &peer, signed);
        let new = recover(&mut world, &phrase, true);
        if !world.devices[new].conversations.contains_key(&there) {
            assert_eq!(world.start(new, "bob"), there);
        }
        assert!(!world.texts(new, there).iter().any(|text| text == MADE_UP));
        assert!(!is_verified(&world, new, there));
        assert!(recovery(&world, new).lost > 0, "and it is said that the backup did not come back");
    }
}

/// The thief helps the relay, and dates the forgery back to when the device was in the account.
#[test]
fn p4_a_backup_of_a_device_that_was_removed_verifies_nobody() {
    let (mut world, ada, bob, there, _, phrase) = pair();
    let (owner, peer) = (account(&world, ada), account(&world, bob));
    let thief = removed(&mut world, ada);
    world.disconnect(ada);
    forge(&mut world, &thief, &owner, &peer, SignedAs::Before);
    let new = recover(&mut world, &phrase, true);
    assert!(
        world.devices[new].conversations.contains_key(&there),
        "a device that was the account's wrote it"
    );
    assert!(!is_verified(&world, new, there), "but may have been stolen");
}

/// The remaining devices know better: they overwrite the forgery, and nothing in the backup is lost.
#[test]
fn p10_a_forged_head_is_written_over_and_costs_nothing() {
    for itself in [false, true] {
        let (mut world, ada, bob, there, back, phrase) = pair();
        let (owner, peer) = (account(&world, ada), account(&world, bob));
        let thief = removed(&mut world, ada);
        let log = device_log(&mut world, &owner);
        let signed = if itself { SignedAs::Itself(&log) } else { SignedAs::Nobody };
        forge(&mut world, &thief, &owner, &peer, signed);
        world.send(bob, back, "since");
        wait(&mut world);
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "{itself}");
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "{itself}");
        assert_eq!(recovery(&world, new).lost, 0);
    }
}

/// The relay is rolled back to a time when the backup was sealed to another phrase.
#[test]
fn p5_a_backup_that_went_back_to_another_phrase_is_written_anew() {
    for noticed in [true, false] {
        let (mut world, ada, _, there, ..) = pair();
        let copy = world.relay.copy();
        let phrase = write_down(&mut world, ada, Command::NewPhrase);
        world.send(ada, there, "since");
        wait(&mut world);
        if noticed {
            world.restore_relay(&copy);
            world.connect(ada);
        } else {
            world.relay.put_blobs_back(&copy);
        }
        wait(&mut world);
        world.send(ada, there, "afterwards");
        wait(&mut world);
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "{noticed}");
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "{noticed}");
    }
}

/// The device claims that omitted messages are in the backup, also in later versions of other devices, which continue its list.
/// After its removal the remaining devices count again.
#[test]
fn p10_what_a_removed_device_claimed_to_be_in_the_backup_is_put_there() {
    for goes_on in [false, true] {
        let (mut world, ada, bob, there, back, phrase) = pair();
        let third = link_with(&mut world, ada, Share::All);
        let stolen = link_with(&mut world, ada, Share::All);
        let eve = world.add_person("Eve");
        world.devices[ada].accepts = false;
        let from_eve = world.start(eve, "ada");
        world.send(eve, from_eve, "hello");
        wait(&mut world);
        assert_eq!(world.ask(ada, Command::Block(from_eve_here(&world, ada, there))), Reply::Done);
        world.send(bob, back, "not in the backup");
        world.settle();
        world.overstate_backup(stolen);
        if goes_on {
            world.send(bob, back, "and this");
            wait(&mut world);
        }
        back_up(&mut world, ada);
        remove(&mut world, ada, stolen);
        wait(&mut world);
        let before = world.texts(ada, there);
        for device in [ada, third, bob] {
            world.disconnect(device);
        }
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "{goes_on}");
        let blocked = |(_, chat): (&ConversationId, &ConversationView)| chat.consent == Consent::Revoked;
        assert!(world.devices[new].conversations.iter().any(blocked), "{goes_on}");
    }
}

/// The one of two chats that is not `other`.
fn from_eve_here(world: &World, device: DeviceIndex, other: ConversationId) -> ConversationId {
    *world.devices[device].conversations.keys().find(|chat| **chat != other).expect("a request")
}
