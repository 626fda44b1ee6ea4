//! Kills a process at every single disk write of a story, in every way, and the story ends well.

use parley_engine::view::{Command, Reply};
use parley_tests::sim::{Script, Step, Torn, World, attempt};

const STORY: &str = "seed 40, people 2: start 0 1; run; send 0 1 1; run; pass 300; run; \
    send 1 0 2; send 0 1 3; run; read 0 1; pass 300; run; cut 1 1; send 0 1 4; run; pass 1100; run; send 1 0 5; run";

/// The story with a death of `who` after `writes` disk writes.
fn with_death(who: u32, writes: u32, torn: Torn) -> Script {
    let mut script: Script = STORY.parse().unwrap();
    script.steps.insert(0, Step::Fuse(who, writes, torn));
    script
}

#[test]
fn i1_i2_a_death_at_any_disk_write_loses_nothing() {
    let whole = attempt(&STORY.parse().unwrap(), None).unwrap();
    assert_eq!(whole.messages, 5);
    for who in 0..2 {
        for torn in [Torn::Before, Torn::After] {
            for writes in 0..40 {
                let script = with_death(who, writes, torn);
                if let Err(error) = attempt(&script, None) {
                    panic!("{error}\n{script}");
                }
            }
        }
    }
}

/// The vault and the records are in two places: a death in between leaves a device that can begin again.
#[test]
fn a_death_while_an_account_is_made_leaves_a_device_that_makes_one() {
    let create = |username: &str| Command::CreateAccount { name: "Ada".into(), username: username.into() };
    for torn in [Torn::Before, Torn::Between, Torn::After] {
        for writes in 0..4 {
            let mut world = World::new(41);
            let ada = world.add_device();
            world.light_fuse(ada, writes, torn);
            let first = world.command(ada, create("ada"));
            world.settle();
            let made = world.devices[ada].replies.get(&first) == Some(&Reply::Done);
            let again = world.ask(ada, create("ada"));
            let expected = [Reply::Done, Reply::Failed(parley_engine::view::CommandError::AccountExists)];
            assert!(expected.contains(&again), "{torn:?} after {writes}: {again:?}");
            assert!(!made || again == expected[1]);
            world.settle();
            let bob = world.add_person("Bob");
            let chat = world.start(bob, "ada");
            world.send(bob, chat, "hello");
            world.settle();
            let chat = world.only_conversation(ada);
            assert_eq!(world.texts(ada, chat), ["hello"], "{torn:?} after {writes}");
        }
    }
}
