//! A relay whose operator restored its database from an older copy: no lost message stays "sent", the app shows none twice, and
//! accounts, usernames and devices that the relay does not know come back.

mod directory;
mod random;
mod texts;

use parley_engine::view::{BodyView, ConversationId};
use parley_tests::sim::{DeviceIndex, RelayCopy, World};

use crate::resync::settle_long;

/// Rolls the relay back to the copy, and reconnects these devices.
fn restore(world: &mut World, copy: &RelayCopy, devices: &[DeviceIndex]) {
    world.restore_relay(copy);
    come_back(world, devices);
}

fn come_back(world: &mut World, devices: &[DeviceIndex]) {
    for device in devices {
        world.connect(*device);
    }
    settle_long(world);
    settle_long(world);
}

/// Checks that each of these texts is there once, and that there is no marker.
#[track_caller]
fn each_once(world: &mut World, device: DeviceIndex, chat: ConversationId, expected: &[&str]) {
    let mut texts = world.texts(device, chat);
    let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    texts.sort_unstable();
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

/// Checks that no device reports a rollback or anything else in any chat.
#[track_caller]
fn no_markers(world: &mut World, device: DeviceIndex) {
    let chats: Vec<ConversationId> = world.devices[device].conversations.keys().copied().collect();
    for chat in chats {
        let history = world.history(device, chat);
        let marker = history.iter().find(|message| matches!(message.body, BodyView::Gap(_)));
        assert!(marker.is_none(), "{marker:?}");
        assert_eq!(world.devices[device].conversations[&chat].warning, None);
    }
}
