//! Notes that the devices of an account send each other about themselves: a name, and when the device was last used.

use parley_protocol::ids::{DeviceId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::set::Set;
use crate::table::Table;

/// A day, in milliseconds: devices tell "last seen" no more exactly.
const DAY: u64 = 24 * 3_600 * 1_000;

/// One device's note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Such as "Firefox on Linux", or the name that the person gave it.
    pub(crate) name: String,
    /// The beginning of the last day on which it was used (UTC).
    pub(crate) seen: UnixMillis,
}

/// As stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    said: Table<DeviceId, Note>,
    /// Devices that another device linked, and that the person has not accepted here.
    fresh: Set<DeviceId>,
    /// This device linked another one, and has not told it everything yet.
    due: bool,
}

impl Notes {
    pub(crate) fn of(&self, device: &DeviceId) -> Option<&Note> {
        self.said.get(device)
    }

    /// Takes a note; returns whether it is new.
    pub(crate) fn take(&mut self, device: DeviceId, note: &Note) -> bool {
        self.said.insert(device, note.clone()).as_ref() != Some(note)
    }

    /// This device must tell everything to a device that it linked.
    pub(crate) fn make_due(&mut self) {
        self.due = true;
    }

    /// Whether this device must still do that.
    pub(crate) const fn is_due(&self) -> bool {
        self.due
    }

    /// Whether this device must still do that; from now on it counts as done.
    pub(crate) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
    }

    /// Another device has linked this new one.
    pub(crate) fn is_new(&mut self, device: DeviceId) {
        self.fresh.insert(device);
    }

    /// The person has said that the device is theirs.
    pub(crate) fn accept(&mut self, device: &DeviceId) {
        self.fresh.remove(device);
    }

    pub(crate) fn is_fresh(&self, device: &DeviceId) -> bool {
        self.fresh.contains(device)
    }

    /// Forgets devices that are no longer in the account.
    pub(crate) fn retain(&mut self, keep: impl Fn(&DeviceId) -> bool) {
        self.said.retain(|device, _| keep(device));
        self.fresh.retain(keep);
    }
}

/// The day that a moment belongs to.
pub(crate) const fn day(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0 / DAY * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let noon = UnixMillis(1_790_000_000_000);
        assert_eq!(day(noon), UnixMillis(1_789_948_800_000));
        assert_eq!(day(UnixMillis(86_399_999)), UnixMillis(0));
        assert_eq!(day(UnixMillis(86_400_000)), UnixMillis(86_400_000));
    }

    #[test]
    fn notes_are_news_once_and_go_with_their_device() {
        let (one, other) = (DeviceId([1; 16]), DeviceId([2; 16]));
        let note = |name: &str| Note { name: name.to_owned(), seen: UnixMillis(0) };
        let mut notes = Notes::default();
        assert!(
            notes.take(one, &note("Desk"))
                && !notes.take(one, &note("Desk"))
                && notes.take(one, &note("Cellar"))
        );
        assert_eq!(notes.of(&one), Some(&note("Cellar")));
        assert_eq!(notes.of(&other), None);
        notes.is_new(one);
        notes.is_new(other);
        notes.retain(|device| *device == other);
        assert!(!notes.is_fresh(&one) && notes.is_fresh(&other) && notes.of(&one).is_none());
        notes.accept(&other);
        assert!(!notes.is_fresh(&other));
    }

    #[test]
    fn what_is_owed_is_paid_once() {
        let mut notes = Notes::default();
        assert!(!notes.is_due() && !notes.take_due());
        notes.make_due();
        assert!(notes.is_due() && notes.take_due() && !notes.is_due());
    }
}
