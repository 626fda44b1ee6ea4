//! Messages between the views and the owner of the device, on a broadcast channel for each direction.
//!
//! Bytes: one format byte, then postcard. Tabs of another version of the app may be open at the same time.

use parley_engine::seal::PageKey;
use parley_engine::view::{Event, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::code::Code;
use super::lock::LockView;

/// Counts up whenever the shape of what is said changes.
pub const FORMAT: u8 = 13;

/// The channel on which the owner of the device speaks.
pub const TO_VIEWS: &str = "parley-view";
/// The channel on which the owner listens.
pub const TO_OWNER: &str = "parley-owner";
/// The channel on which the owner hands files over, each under the request of a view.
pub const FILES_TO_VIEWS: &str = "parley-view-files";
/// The channel on which views hand over files to send.
pub const FILES_TO_OWNER: &str = "parley-owner-files";

/// A message of a view to the owner. The page never decodes it, and the owner never decodes its own messages: each side has the
/// code for one direction only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToOwner {
    /// A request.
    Ask(Request),
    /// A view joins: the owner announces itself.
    WhoOwns,
    /// Connect again now.
    RetryNow,
    /// The person chose to delete the rest of this device and to begin again.
    StartAfresh,
    /// Draw a QR code with this text.
    DrawCode(String),
    /// Close the lock now.
    LockNow,
    /// A key was pressed or the pointer moved in some tab.
    SomebodyHere,
    /// The person has come back to this tab, or the page to life: the connection may have changed.
    Look,
    /// A person can see this tab. The tab repeats this while it is so.
    InSight,
    /// This tab's worker has set, changed or turned off the lock.
    LockChanged(Option<LockView>),
}

/// A message of the owner to all views. Each view takes what concerns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToViews {
    /// An event.
    Tell {
        /// The fence of the owner. A view ignores an owner that another has replaced.
        fence: u64,
        /// The event.
        event: Event,
    },
    /// An owner is here now; views repeat their unanswered requests.
    OwnerHere {
        /// The owner's fence, greater with each new owner.
        fence: u64,
        /// The key with which pages seal text that the device does not have yet.
        key: PageKey,
    },
    /// The owner cannot open the device.
    Fault(Fault),
    /// The QR code that a view asked for.
    Code(Code),
    /// The browser takes long to read or save (true), or has done it (false).
    Slow(bool),
    /// The device is locked.
    Locked {
        /// The fence of the owner.
        fence: u64,
        /// The lock.
        lock: LockView,
        /// The time of the next permitted guess, in milliseconds since 1970.
        next: u64,
    },
    /// The lock of the open device; `None` means no lock.
    Lock(Option<LockView>),
}

/// Why the device cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The browser gives this site no IndexedDB (a private window, or a setting).
    NoStorage,
    /// The page came over plain HTTP from another machine, so the browser gives it no place for keys. The page itself reports
    /// this.
    Insecure,
    /// The browser has no room for this site.
    Full,
    /// The wrapped master key or the device key is gone from localStorage.
    KeysMissing,
    /// IndexedDB was emptied, but localStorage was not.
    RecordsMissing,
    /// The master key does not unwrap, or a record does not open.
    Damaged,
    /// A newer version of the app has used this storage.
    Newer,
    /// The stored data is from before the first release.
    BeforeRelease,
    /// A newer version of the app is in another tab.
    NewerTab,
    /// Another device of the account removed this one, and nothing of it is left.
    Removed,
}

impl Fault {
    /// Whether deleting the rest and beginning again helps.
    #[must_use]
    pub const fn can_start_afresh(self) -> bool {
        matches!(self, Self::KeysMissing | Self::RecordsMissing | Self::Damaged | Self::BeforeRelease)
    }

    /// Whether the fault may pass without an action in the app.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::NoStorage | Self::Full)
    }
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A newer version of the app wrote them.
    Newer,
    /// An older version of the app wrote them.
    Older,
    /// They are damaged.
    Malformed,
}

/// Encodes a message with its format byte. Returns `None` only if memory is short.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Option<Vec<u8>> {
    postcard::to_extend(message, vec![FORMAT]).ok()
}

/// Reads a message.
///
/// # Errors
/// When the bytes are of another format or are damaged.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    match bytes {
        [FORMAT, body @ ..] => match postcard::take_from_bytes(body) {
            Ok((message, [])) => Ok(message),
            _ => Err(Unreadable::Malformed),
        },
        [format, ..] if *format > FORMAT => Err(Unreadable::Newer),
        [_, ..] => Err(Unreadable::Older),
        [] => Err(Unreadable::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use parley_engine::view::{Command, ViewRequestId};

    use super::*;

    #[test]
    fn goes_there_and_back() {
        let signal = ToOwner::Ask(Request { id: ViewRequestId(u64::MAX), command: Command::Subscribe });
        let bytes = encode(&signal).unwrap();
        assert_eq!(bytes[0], FORMAT);
        assert_eq!(decode(&bytes), Ok(signal));
    }

    #[test]
    fn another_version_is_told_from_damage() {
        assert_eq!(decode::<ToViews>(&[FORMAT + 1, 0]), Err(Unreadable::Newer));
        assert_eq!(decode::<ToViews>(&[FORMAT - 1, 0]), Err(Unreadable::Older));
        assert_eq!(decode::<ToViews>(&[FORMAT, 255]), Err(Unreadable::Malformed));
        assert_eq!(decode::<ToViews>(&[]), Err(Unreadable::Malformed));
        let mut bytes = encode(&ToViews::Slow(true)).unwrap();
        bytes.push(0);
        assert_eq!(decode::<ToViews>(&bytes), Err(Unreadable::Malformed));
    }
}
