//! Notes that the devices of an account send each other about themselves: a name, and when the device was last used.

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
    due: bool,
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
    pub(crate) fn make_due(&mut self) {
        self.due = true;
    }

    /// Whether it has.
    pub(crate) const fn is_due(&self) -> bool {
        self.due
    }

    /// Whether it has; from now on it has been.
    pub(crate) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
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
