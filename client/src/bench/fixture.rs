//! Makes a device with many conversations and messages, written where the app looks for it, like the device of a person who
//! links a new one. The friends' devices are gone afterwards.

use super::party::{Party, World};
use super::{Disk, meet};
use crate::model::hex;
use crate::platform::random;

use parley_engine::view::{Command, ConversationId};

const ADA: usize = 0;
const FRIEND: usize = 1;
/// The number of texts that are on their way at a time.
const AT_ONCE: usize = 256;
/// The text of each message, after its number. With the number a text has about 120 bytes.
const TEXT: &str =
    "and then we went down to the river, where somebody had left a boat, and nobody was there to ask";

/// Makes the device. Returns as JSON the items that belong into localStorage. `words` are the number of conversations and the
/// number of messages in each.
pub(super) async fn make(words: &str) -> String {
    let mut words = words.split(' ').map(|word| word.parse::<usize>().expect("a number"));
    let (conversations, each) = (words.next().expect("a number"), words.next().expect("a number"));
    let Disk { journal, master, wrapped } = Disk::prepare().await;

    let name = hex::encode(&random::bytes::<4>());
    let mut world = World::default();
    world.add(Party::new(master, Some(journal)), &format!("ada{name}")).await;
    for number in 0..conversations {
        befriend(&mut world, &format!("f{number:03}{name}"), each).await;
    }
    world.settle().await;
    let vault = world.parties[ADA].vault.clone().expect("a vault");
    format!("{{\"master\":{wrapped:?},\"vault\":{vault:?}}}")
}

/// Makes a conversation with a new person, in which both write equally much.
async fn befriend(world: &mut World, username: &str, messages: usize) {
    world.join(Party::new(random::bytes(), None), username).await;
    world.quiet().await;
    let there = meet(world, ADA, username).await;
    say(world, (ADA, FRIEND), there, messages - messages / 2).await;
    let back = world.parties[FRIEND].conversation.expect("a conversation");
    say(world, (FRIEND, ADA), back, messages / 2).await;
    world.quiet().await;
    world.parties.pop();
}

async fn say(world: &mut World, (from, to): (usize, usize), conversation: ConversationId, count: usize) {
    let before = world.parties[to].shown;
    for number in 0..count {
        let text = format!("{number}: {TEXT}");
        world.command(from, Command::SendText { conversation, text, over: String::new() });
        if number % AT_ONCE == AT_ONCE - 1 {
            world.until(|world| world.parties[to].shown > before + number).await;
        }
    }
    world.until(|world| world.parties[to].shown >= before + count).await;
}
