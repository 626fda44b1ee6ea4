//! What the devices of an account tell each other of themselves: a name, and when they were last used.

use parley_protocol::ids::{DeviceId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::set::Set;
use crate::table::Table;

/// A day, in milliseconds: "last seen" is not told more exactly.
const DAY: u64 = 24 * 3_600 * 1_000;

/// One device's note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Such as "Firefox on Linux", or what the person called it.
    pub(crate) name: String,
    /// The beginning of the last day on which it was used (UTC).
    pub(crate) seen: UnixMillis,
}

/// As they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    said: Table<DeviceId, Note>,
    /// Devices that another one linked, and that nobody has accepted here.
    fresh: Set<DeviceId>,
    /// This device linked another one, which has not been told everything yet.
    owed: bool,
}

impl Notes {
    pub(crate) fn of(&self, device: &DeviceId) -> Option<&Note> {
        self.said.get(device)
    }

    /// Takes a note; whether it says something new.
    pub(crate) fn take(&mut self, device: DeviceId, note: &Note) -> bool {
        self.said.insert(device, note.clone()).as_ref() != Some(note)
    }

    /// A device that this one linked has to be told everything.
    pub(crate) fn owe(&mut self) {
        self.owed = true;
    }

    /// Whether it has.
    pub(crate) const fn owes(&self) -> bool {
        self.owed
    }

    /// Whether it has; from now on it has been.
    pub(crate) fn pay(&mut self) -> bool {
        std::mem::take(&mut self.owed)
    }

    /// Another device has linked this one.
    pub(crate) fn is_new(&mut self, device: DeviceId) {
        self.fresh.insert(device);
    }

    /// The person has said that the device is right.
    pub(crate) fn accept(&mut self, device: &DeviceId) {
        self.fresh.remove(device);
    }

    pub(crate) fn is_fresh(&self, device: &DeviceId) -> bool {
        self.fresh.contains(device)
    }

    /// Forgets devices that are not the account's any more.
    pub(crate) fn retain(&mut self, keep: impl Fn(&DeviceId) -> bool) {
        self.said.retain(|device, _| keep(device));
        self.fresh.retain(keep);
    }
}

/// The day that a moment belongs to.
pub(crate) const fn day(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0 / DAY * DAY)
}
