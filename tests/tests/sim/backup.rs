//! Writing the backup under faults, and with several devices.

use parley_engine::view::{BackupFailure, BackupState, Command, Reply, Share};
use parley_protocol::frame::{RelayError, Request, ServerFrame};
use parley_tests::sim::{DeviceIndex, World};

use super::deleting::delete;
use super::devices::link_with;
use super::files::{restore, save};
use super::recovery::{account, back_up, one_step, pair, recover, recovery, write_down};

/// Lets enough time pass for all retries.
fn wait(world: &mut World) {
    for _ in 0..6 {
        world.pass(5 * 60 * 1000);
        world.settle();
    }
}

fn blobs(world: &mut World) -> usize {
    world.relay.blobs_mut().count()
}

/// The number of requests that reached the relay.
fn requests(world: &World) -> usize {
    world.relay.seen.len()
}

fn lose(world: &mut World, devices: &[DeviceIndex]) {
    for device in devices {
        world.disconnect(*device);
    }
}

#[test]
fn p5_a_refusal_at_any_step_of_a_backup_only_delays_it() {
    for step in 0..40 {
        let (mut world, ada, _, there, _, phrase) = pair();
        world.send(ada, there, "later");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.refuse(ada, 1);
        wait(&mut world);
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "refused after {step} steps");
        let before = world.texts(ada, there);
        lose(&mut world, &[ada]);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "refused after {step} steps");
    }
}

#[test]
fn p5_a_cut_at_any_step_of_a_backup_only_delays_it() {
    for step in 0..40 {
        let (mut world, ada, _, there, _, phrase) = pair();
        world.send(ada, there, "later");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.disconnect(ada);
        world.pass(1_000);
        world.connect(ada);
        wait(&mut world);
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "cut after {step} steps");
        let before = world.texts(ada, there);
        lose(&mut world, &[ada]);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "cut after {step} steps");
    }
}

#[test]
fn p5_a_phrase_that_is_made_on_a_device_with_less_keeps_what_another_has_backed_up() {
    let (mut world, ada, _, there, _, _) = pair();
    let before = world.texts(ada, there);
    let second = link_with(&mut world, ada, Share::Nothing);
    wait(&mut world);
    assert!(world.texts(second, there).len() < before.len());
    let kept = blobs(&mut world);
    let phrase = write_down(&mut world, second, Command::NewPhrase);
    wait(&mut world);
    assert!(blobs(&mut world) <= kept + 1, "nothing is left behind that nothing names");
    lose(&mut world, &[ada, second]);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there)[..before.len()], before);
}

#[test]
fn p5_two_devices_that_write_at_once_lose_nothing() {
    for step in 0..30 {
        let (mut world, ada, bob, there, back, phrase) = pair();
        let second = link_with(&mut world, ada, Share::All);
        wait(&mut world);
        world.send(bob, back, "to both");
        world.send(ada, there, "from the first");
        world.send(second, there, "from the second");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.command(second, Command::BackUpNow);
        world.settle();
        wait(&mut world);
        for device in [ada, second] {
            assert_eq!(recovery(&world, device).backup, BackupState::Ready, "{device} after {step} steps");
        }
        let before = world.texts(ada, there);
        assert!(before.len() >= 44);
        lose(&mut world, &[ada, second]);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "after {step} steps");
    }
}

/// Messages that only one device has are only in its part of the backup.
#[test]
fn p5_two_devices_that_write_at_once_lose_nothing_that_one_alone_has() {
    for step in (0..30).step_by(2) {
        let (mut world, ada, bob, there, back, phrase) = pair();
        for text in ["one", "two", "three"] {
            world.send(bob, back, text);
            world.settle();
        }
        let second = link_with(&mut world, ada, Share::Nothing);
        world.send(bob, back, "to both");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.command(second, Command::BackUpNow);
        wait(&mut world);
        let before = world.texts(ada, there);
        assert!(before.len() > world.texts(second, there).len() + 40);
        lose(&mut world, &[ada, second]);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "after {step} steps");
    }
}

#[test]
fn p3_the_backup_is_sealed_anew_when_a_device_is_removed_and_only_then() {
    let (mut world, ada, _, there, _, phrase) = pair();
    wait(&mut world);
    let version = head_version(&world, ada);
    let second = link_with(&mut world, ada, Share::Nothing);
    wait(&mut world);
    assert_eq!(head_version(&world, ada), version, "for a device that was linked nothing is written");
    let device = world.devices[ada].account.as_ref().unwrap().devices[1].id;
    assert_eq!(world.ask(ada, Command::RemoveDevice(device)), Reply::Done);
    wait(&mut world);
    assert!(world.devices[second].erased);
    assert!(head_version(&world, ada) > version, "the removed device had the key");
    assert_eq!(recovery(&world, ada).backup, BackupState::Ready);
    let before = world.texts(ada, there);
    lose(&mut world, &[ada]);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn a_backup_that_has_everything_rests() {
    let (mut world, ada, ..) = pair();
    let second = link_with(&mut world, ada, Share::All);
    wait(&mut world);
    let (before, version) = (requests(&world), head_version(&world, ada));
    for _ in 0..12 {
        wait(&mut world);
    }
    assert_eq!(head_version(&world, ada), version);
    let asked = requests(&world) - before;
    assert!(asked < 40, "{asked} requests in six hours without a message");
    assert_eq!(recovery(&world, second).backup, BackupState::Ready);
}

#[test]
fn a_message_that_cannot_be_sent_keeps_no_backup_going() {
    let (mut world, ada, bob, there, ..) = pair();
    // Nobody reads Ada's messages any more: Bob's devices have gone from the relay.
    world.disconnect(bob);
    world.relay.key_packages_mut().for_each(Vec::clear);
    let stranger = world.add_person("Carol");
    world.disconnect(stranger);
    world.relay.key_packages_mut().for_each(Vec::clear);
    let other = world.start(ada, "carol");
    world.send(ada, other, "waits for ever");
    wait(&mut world);
    let asked = requests(&world);
    for _ in 0..4 {
        wait(&mut world);
    }
    assert!(requests(&world) - asked < 40, "two hours without a message");
    assert_eq!(recovery(&world, ada).backup, BackupState::Ready);
    assert!(world.texts(ada, there).len() > 40);
}

#[test]
fn a_backup_that_is_turned_off_on_one_device_is_off_on_all() {
    let (mut world, ada, ..) = pair();
    let second = link_with(&mut world, ada, Share::All);
    wait(&mut world);
    assert_eq!(world.ask(second, Command::SetBackup(false)), Reply::Done);
    wait(&mut world);
    assert_eq!(blobs(&mut world), 0);
    for device in [ada, second] {
        assert_eq!(recovery(&world, device).backup, BackupState::Off);
    }
}

fn head_version(world: &World, index: DeviceIndex) -> u32 {
    world.relay.backup_head(&account(world, index)).expect("a head").version
}

#[test]
fn why_the_relay_takes_no_backup_is_said() {
    let (mut world, ada, _, there, ..) = pair();
    for (error, failure) in [
        (RelayError::QuotaExceeded, BackupFailure::Quota),
        (RelayError::WrongCapability, BackupFailure::Relay),
        (RelayError::TooLarge, BackupFailure::Relay),
    ] {
        world.relay.lie(move |_, asked, told| {
            for (_, frame) in told.iter_mut().filter(|_| matches!(asked, Request::PutBlob(_))) {
                if let ServerFrame::Answer { result, .. } = frame {
                    *result = Err(error);
                }
            }
        });
        world.send(ada, there, "later");
        world.settle();
        world.ask(ada, Command::BackUpNow);
        world.settle();
        assert_eq!(recovery(&world, ada).backup, BackupState::Failed(failure));
        world.relay.stop_lying();
        back_up(&mut world, ada);
    }
}

#[test]
fn what_a_backup_no_longer_needs_is_deleted_at_the_relay() {
    let (mut world, ada, _, there, ..) = pair();
    let before = blobs(&mut world);
    for round in 1..=5 {
        world.send(ada, there, "one more");
        world.settle();
        back_up(&mut world, ada);
        let kept = blobs(&mut world);
        assert!(kept <= before + round, "{kept} after {round} rounds: a segment each, and one manifest");
    }
}

#[test]
fn what_came_is_in_the_backup_after_two_minutes_and_one_more_for_each_older_device() {
    let (mut world, ada, bob, _, back, _) = pair();
    let second = link_with(&mut world, ada, Share::Nothing);
    wait(&mut world);
    for (writes, rests, minutes) in [(ada, second, 2), (second, ada, 3)] {
        world.disconnect(rests);
        let version = head_version(&world, writes);
        world.send(bob, back, "later");
        world.run();
        world.pass(minutes * 60 * 1000 - 1_000);
        assert_eq!(head_version(&world, writes), version, "{minutes} minutes");
        world.pass(1_000);
        assert_eq!(head_version(&world, writes), version + 1, "{minutes} minutes");
        world.connect(rests);
        wait(&mut world);
    }
}

#[test]
fn p5_what_comes_back_altered_is_put_again() {
    for step in 0..40 {
        let (mut world, ada, _, there, _, phrase) = pair();
        world.send(ada, there, "later");
        world.settle();
        let known: Vec<Vec<u8>> = world.relay.blobs_mut().map(|blob| blob.clone()).collect();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        for blob in world.relay.blobs_mut().filter(|blob| !known.contains(blob)) {
            blob[0] ^= 1;
        }
        wait(&mut world);
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "altered after {step} steps");
        let before = world.texts(ada, there);
        lose(&mut world, &[ada]);
        let new = recover(&mut world, &phrase, true);
        if recovery(&world, new).lost == 0 {
            assert_eq!(world.texts(new, there), before, "altered after {step} steps");
        }
    }
}

/// Messages older than the newest one in the backup that are not in it: the oldest of them counts.
#[test]
fn p5_what_a_file_brought_is_in_the_backup_afterwards() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    assert_eq!(world.ask(ada, Command::SetBackup(false)), Reply::Done);
    world.settle();
    let file = save(&mut world, ada);
    let second = link_with(&mut world, ada, Share::Nothing);
    lose(&mut world, &[ada]);
    assert_eq!(world.ask(second, Command::SetBackup(true)), Reply::Done);
    world.send(bob, back, "since");
    wait(&mut world);
    assert_eq!(recovery(&world, second).backup, BackupState::Ready);
    assert!(world.texts(second, there).len() < 5, "it does not have what was before");
    assert!(restore(&mut world, second, &file.bytes, &phrase).unwrap().added > 30);
    wait(&mut world);
    let version = head_version(&world, second);
    wait(&mut world);
    assert_eq!(head_version(&world, second), version, "then it has everything");
    let before = world.texts(second, there);
    assert!(before.len() > 40);
    lose(&mut world, &[second]);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn p5_a_deletion_is_said_in_the_backup_also_after_a_restart() {
    let (mut world, ada, _, there, _, phrase) = pair();
    wait(&mut world);
    let version = head_version(&world, ada);
    delete(&mut world, ada, there, "from Ada 7");
    world.crash(ada);
    world.connect(ada);
    wait(&mut world);
    assert!(head_version(&world, ada) > version);
    let version = head_version(&world, ada);
    world.crash(ada);
    world.connect(ada);
    wait(&mut world);
    assert_eq!(head_version(&world, ada), version, "once");
    let before = world.texts(ada, there);
    lose(&mut world, &[ada]);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

/// From a chat in the backup the device reads only new messages, which may be more than it reads at a time.
#[test]
fn p5_much_that_came_since_the_last_backup_is_in_the_next() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    back_up(&mut world, ada);
    for number in 0..300 {
        world.send(bob, back, &format!("from Bob {number}"));
    }
    world.settle();
    back_up(&mut world, ada);
    let before = world.texts(ada, there);
    assert_eq!(before.len(), 341);
    lose(&mut world, &[ada, bob]);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before, "with nobody to send it again");
}
