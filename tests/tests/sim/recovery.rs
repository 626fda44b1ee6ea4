//! Recovery phrase and backup: what comes back when every device is lost, and who does not get it.

use std::collections::BTreeSet;

use parley_engine::view::{
    BackupState, Command, CommandError, ConversationId, PhraseError, PhraseState, PhraseView, RecoveryView,
    Reply, Typed,
};
use parley_protocol::ids::AccountId;
use parley_tests::sim::{DeviceIndex, World};

pub(crate) fn recovery(world: &World, index: DeviceIndex) -> RecoveryView {
    *world.devices[index].account.as_ref().expect("an account").recovery
}

pub(crate) fn account(world: &World, index: DeviceIndex) -> AccountId {
    world.devices[index].account.as_ref().expect("an account").account
}

fn shown(world: &mut World, index: DeviceIndex, command: Command) -> PhraseView {
    match world.ask(index, command) {
        Reply::Phrase(phrase) => phrase,
        other => panic!("no phrase: {other:?}"),
    }
}

fn asked(phrase: &PhraseView) -> [Typed; 3] {
    phrase.ask.map(|place| Typed(phrase.words[usize::from(place) - 1].clone()))
}

/// Writes the phrase down and waits for the backup.
pub(crate) fn write_down(world: &mut World, index: DeviceIndex, command: Command) -> String {
    let phrase = shown(world, index, command);
    assert_eq!(world.ask(index, Command::ConfirmPhrase(asked(&phrase))), Reply::Done);
    world.settle();
    assert_eq!(recovery(world, index).backup, BackupState::Ready);
    phrase.words.join(" ")
}

/// Does one step: of the disk, to the relay, from it, or of the clock.
pub(crate) fn one_step(world: &mut World, index: DeviceIndex) {
    let _ = world.step(index) || world.timer_step(index);
}

pub(crate) fn back_up(world: &mut World, index: DeviceIndex) {
    assert_eq!(world.ask(index, Command::BackUpNow), Reply::Done);
    world.settle();
    assert_eq!(recovery(world, index).backup, BackupState::Ready);
}

pub(crate) fn recover_command(phrase: &str, alone: bool) -> Command {
    Command::Recover { phrase: Typed(phrase.to_owned()), name: "Firefox on Linux".into(), alone }
}

/// Restores the account on a new device by the phrase, and waits until it is at rest.
pub(crate) fn recover(world: &mut World, phrase: &str, alone: bool) -> DeviceIndex {
    let new = world.add_device();
    assert_eq!(world.ask(new, recover_command(phrase, alone)), Reply::Done);
    for _ in 0..10 {
        world.settle();
    }
    assert_eq!(recovery(world, new).restoring, None, "it ends");
    new
}

/// Ada and Bob have chatted; Ada has written her phrase down.
pub(crate) fn pair() -> (World, DeviceIndex, DeviceIndex, ConversationId, ConversationId, String) {
    let mut world = World::new(7);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let there = world.start(ada, "bob");
    for number in 0..40 {
        world.send(ada, there, &format!("from Ada {number}"));
    }
    world.settle();
    let back = world.only_conversation(bob);
    world.send(bob, back, "answer");
    world.settle();
    let phrase = write_down(&mut world, ada, Command::ShowPhrase);
    (world, ada, bob, there, back, phrase)
}

#[test]
fn a_phrase_counts_as_written_down_once_three_words_are_typed_back() {
    let mut world = World::new(1);
    let ada = world.add_person("Ada");
    assert_eq!(recovery(&world, ada).phrase, PhraseState::Unsaved);
    assert_eq!(world.ask(ada, Command::BackUpNow), Reply::Failed(CommandError::NoPhrase));
    let phrase = shown(&mut world, ada, Command::ShowPhrase);
    assert_eq!(phrase.words.len(), 24);
    let mut wrong = asked(&phrase);
    wrong.swap(0, 1);
    if wrong != asked(&phrase) {
        assert_eq!(world.ask(ada, Command::ConfirmPhrase(wrong)), Reply::Failed(CommandError::WrongWords));
    }
    assert_eq!(recovery(&world, ada).phrase, PhraseState::Unsaved);
    assert!(world.relay.backup_head(&account(&world, ada)).is_none());
    let right = asked(&phrase).map(|word| Typed(format!(" {} ", word.0.to_uppercase())));
    assert_eq!(world.ask(ada, Command::ConfirmPhrase(right)), Reply::Done);
    world.settle();
    assert_eq!(recovery(&world, ada).phrase, PhraseState::Saved);
    assert!(recovery(&world, ada).backed_up.is_some());
    assert!(world.relay.backup_head(&account(&world, ada)).is_some());
}

#[test]
fn a_word_of_each_third_of_the_phrase_is_asked_for_and_not_always_the_same() {
    let mut world = World::new(1);
    let ada = world.add_person("Ada");
    let mut places = BTreeSet::new();
    for _ in 0..20 {
        let phrase = shown(&mut world, ada, Command::ShowPhrase);
        assert_eq!(phrase.ask.map(|place| (place - 1) / 8), [0, 1, 2]);
        places.extend(phrase.ask);
    }
    assert!(places.len() > 12, "{places:?}");
}

/// A phrase of the device's own would open nothing.
#[test]
fn a_device_that_does_not_have_the_phrase_shows_none() {
    let (mut world, ada, .., phrase) = pair();
    let second = super::devices::link(&mut world, ada);
    assert_eq!(recovery(&world, second).phrase, PhraseState::Elsewhere);
    assert_eq!(world.ask(second, Command::ShowPhrase), Reply::Failed(CommandError::PhraseElsewhere));
    assert_eq!(shown(&mut world, ada, Command::ShowPhrase).words.join(" "), phrase);
    write_down(&mut world, second, Command::NewPhrase);
    assert_eq!(world.ask(ada, Command::ShowPhrase), Reply::Failed(CommandError::PhraseElsewhere));
}

#[test]
fn p5_everything_comes_back_by_the_phrase_alone() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    world.send(bob, back, "after the loss");
    world.settle();
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.devices[new].account.as_ref().unwrap().name, "Ada");
    let after = world.texts(new, there);
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()..], ["after the loss"], "Bob sends again what the backup has not");
    world.send(new, there, "I am back");
    world.settle();
    world.send(bob, back, "welcome");
    world.settle();
    assert_eq!(world.texts(new, there)[before.len()..], ["after the loss", ">I am back", "welcome"]);
    assert_eq!(world.texts(bob, back).last().unwrap(), ">welcome");
    assert_eq!(world.texts(bob, back).iter().filter(|text| *text == "I am back").count(), 1);
    assert_eq!(world.texts(bob, back).len(), before.len() + 3, "Bob sees nothing twice");
    world.connect(ada);
    world.settle();
    assert!(world.devices[ada].erased, "the lost device deletes what it has");
    assert_eq!(recovery(&world, new).phrase, PhraseState::Saved);
    assert_eq!(recovery(&world, new).lost, 0);
}

#[test]
fn p3_a_removed_device_does_not_have_the_key_of_what_is_backed_up_after() {
    let (mut world, ada, _, _, _, phrase) = pair();
    let owner = account(&world, ada);
    let opened_by = |world: &World| world.relay.backup_head(&owner).unwrap().value.to_vec();
    let (before, version) = (opened_by(&world), world.relay.backup_head(&owner).unwrap().version);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    assert_ne!(opened_by(&world), before, "sealed anew, under a key that was drawn after the removal");
    assert!(world.relay.backup_head(&owner).unwrap().version > version);
    assert_eq!(recovery(&world, new).backup, BackupState::Ready);
    let again = recover(&mut world, &phrase, true);
    assert_eq!(recovery(&world, again).lost, 0, "the phrase opens that too");
    assert!(world.devices[new].erased);
}

#[test]
fn p5_messages_after_the_first_backup_are_in_the_next() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    world.send(ada, there, "own, later");
    world.settle();
    world.pass(5 * 60 * 1000);
    world.settle();
    world.send(bob, back, "other, later");
    world.settle();
    back_up(&mut world, ada);
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn p6_a_device_that_is_left_goes_on_beside_one_that_came_back() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    let new = recover(&mut world, &phrase, false);
    let account = world.devices[ada].account.clone().unwrap();
    assert_eq!(account.devices.len(), 2);
    assert!(account.devices.iter().any(|device| device.fresh), "and is asked whether this is right");
    world.send(bob, back, "to both");
    world.settle();
    world.send(new, there, "from the new one");
    world.settle();
    world.send(ada, there, "from the old one");
    world.settle();
    for device in [ada, new] {
        let texts = world.texts(device, there);
        assert_eq!(
            texts[texts.len() - 3..],
            ["to both", ">from the new one", ">from the old one"],
            "{device}"
        );
        assert_eq!(texts.len(), 44, "{device}: nothing twice");
    }
}

#[test]
fn p4_only_the_phrase_brings_an_account_back() {
    let (mut world, .., phrase) = pair();
    let stranger = world.add_device();
    let words: Vec<&str> = phrase.split(' ').collect();
    let mut swapped = words.clone();
    swapped.swap(3, 4);
    let refused = [
        (words[1..].join(" "), CommandError::Phrase(PhraseError::Count(23))),
        (phrase.replacen(words[2], "parley", 1), CommandError::Phrase(PhraseError::Word(3))),
        (["zoo"; 23].into_iter().chain(["vote"]).collect::<Vec<_>>().join(" "), CommandError::UnknownPhrase),
    ];
    for (phrase, error) in refused {
        assert_eq!(world.ask(stranger, recover_command(&phrase, true)), Reply::Failed(error));
    }
    if swapped != words {
        let reply = world.ask(stranger, recover_command(&swapped.join(" "), true));
        assert!(matches!(reply, Reply::Failed(CommandError::Phrase(_) | CommandError::UnknownPhrase)));
    }
    assert!(world.devices[stranger].account.is_none());
}

#[test]
fn another_phrase_takes_the_place_of_the_first_and_keeps_the_backup() {
    let (mut world, ada, _, there, _, old) = pair();
    let new_phrase = write_down(&mut world, ada, Command::NewPhrase);
    world.settle();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let stranger = world.add_device();
    let reply = world.ask(stranger, recover_command(&old, true));
    assert_eq!(reply, Reply::Failed(CommandError::UnknownPhrase));
    let new = recover(&mut world, &new_phrase, true);
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn p1_a_stolen_backup_says_nothing() {
    let (mut world, ada, ..) = pair();
    let account = account(&world, ada);
    let head = world.relay.backup_head(&account).unwrap().value.to_vec();
    let blobs: Vec<Vec<u8>> = world.relay.blobs_mut().map(|bytes| bytes.clone()).chain([head]).collect();
    assert!(blobs.len() >= 3, "a segment, a manifest and the head");
    for secret in ["from Ada", "answer", "bob", "Bob", "Ada"] {
        let found = blobs.iter().any(|blob| blob.windows(secret.len()).any(|part| part == secret.as_bytes()));
        assert!(!found, "{secret} stands in the backup");
    }
    for blob in &blobs {
        let padding = blob.windows(16).any(|part| part.iter().all(|byte| *byte == 0));
        assert!(!padding, "what is stored looks random");
    }
}

#[test]
fn p9_a_damaged_backup_gives_back_what_is_whole_and_says_so() {
    for damage in 0..3_u8 {
        let (mut world, ada, bob, there, back, phrase) = pair();
        world.disconnect(ada);
        for blob in world.relay.blobs_mut() {
            match damage {
                0 => blob.truncate(blob.len() / 2),
                1 => blob[100] ^= 1,
                _ => blob.clear(),
            }
        }
        let new = recover(&mut world, &phrase, true);
        assert!(recovery(&world, new).lost > 0, "damage {damage}");
        assert_eq!(world.ask(new, Command::AcceptLoss), Reply::Done);
        assert_eq!(recovery(&world, new).lost, 0);
        // The account is back nevertheless, and others can write to it.
        let again = world.start(new, "bob");
        assert_eq!(again, there);
        world.send(new, there, "I am back");
        world.settle();
        world.send(bob, back, "welcome");
        world.settle();
        assert_eq!(world.texts(new, there).last().unwrap(), "welcome", "damage {damage}");
    }
}

#[test]
fn a_backup_that_is_turned_off_is_deleted_and_comes_again() {
    let (mut world, ada, ..) = pair();
    assert_eq!(world.ask(ada, Command::SetBackup(false)), Reply::Done);
    world.settle();
    assert_eq!(recovery(&world, ada).backup, BackupState::Off);
    assert_eq!(world.relay.blobs_mut().count(), 0);
    assert_eq!(world.ask(ada, Command::SetBackup(true)), Reply::Done);
    world.settle();
    assert_eq!(recovery(&world, ada).backup, BackupState::Ready);
    assert_eq!(world.relay.blobs_mut().count(), 2, "everything in one segment, and a manifest");
}

#[test]
fn p5_a_restart_at_any_step_of_coming_back_loses_nothing() {
    for step in (0..60).step_by(3) {
        let (mut world, ada, _, there, _, phrase) = pair();
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = world.add_device();
        world.command(new, recover_command(&phrase, true));
        for _ in 0..step {
            one_step(&mut world, new);
        }
        world.crash(new);
        world.connect(new);
        for _ in 0..4 {
            world.settle();
        }
        if world.devices[new].account.is_none() {
            // Nothing was signed yet: the person types the phrase again.
            world.command(new, recover_command(&phrase, true));
        }
        for _ in 0..10 {
            world.settle();
        }
        assert_eq!(world.texts(new, there), before, "crash after {step} steps");
        assert_eq!(recovery(&world, new).restoring, None);
    }
}

#[test]
fn p5_a_restart_at_any_step_of_a_backup_loses_nothing() {
    for step in (0..40).step_by(3) {
        let (mut world, ada, _, there, _, phrase) = pair();
        world.send(ada, there, "later");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..step {
            one_step(&mut world, ada);
        }
        world.crash(ada);
        world.connect(ada);
        world.settle();
        world.pass(10 * 60 * 1000);
        world.settle();
        assert_eq!(recovery(&world, ada).backup, BackupState::Ready, "crash after {step} steps");
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = recover(&mut world, &phrase, true);
        assert_eq!(world.texts(new, there), before, "crash after {step} steps");
    }
}

#[test]
fn p5_whatever_is_written_while_an_account_comes_back_arrives_soon() {
    for seed in 0..150 {
        let (mut world, ada, bob, there, back, phrase) = pair();
        for _ in 0..seed % 7 {
            world.random(2);
        }
        world.send(ada, there, "in the next backup");
        world.settle();
        world.command(ada, Command::BackUpNow);
        for _ in 0..seed % 37 {
            one_step(&mut world, ada);
        }
        world.disconnect(ada);
        world.send(bob, back, "while Ada was lost");
        let new = world.add_device();
        world.command(new, recover_command(&phrase, true));
        for number in 0..(seed * 7) % 90 {
            let who = if world.random(3) == 0 { bob } else { new };
            one_step(&mut world, who);
            if number == seed % 50 {
                world.send(bob, back, "in between");
            }
        }
        // Fifteen seconds.
        for _ in 0..3 {
            world.settle();
        }
        let texts = world.texts(new, there);
        let count = |text: &str| texts.iter().filter(|found| *found == text).count();
        assert_eq!(count("while Ada was lost"), 1, "seed {seed}: {texts:?}");
        assert!(count("in between") <= 1, "seed {seed}");
        world.send(new, there, "I am back");
        world.settle();
        world.send(bob, back, "welcome");
        world.settle();
        assert_eq!(world.texts(new, there).last().unwrap(), "welcome", "seed {seed}");
        assert!(world.texts(bob, back).contains(&"I am back".to_owned()), "seed {seed}");
    }
}
