//! What the views and the owner of the device say to each other, on a broadcast channel for each direction.
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

/// The channel on which the owner of the device is heard.
pub const TO_VIEWS: &str = "parley-view";
/// The channel on which it hears.
pub const TO_OWNER: &str = "parley-owner";
/// The channel on which the owner hands over files, each under the request of a view.
pub const FILES_TO_VIEWS: &str = "parley-view-files";
/// The channel on which views hand it files that are to be sent.
pub const FILES_TO_OWNER: &str = "parley-owner-files";

/// What a view says, to whoever owns the device. The page never reads it, nor the owner what it says itself: each side
/// carries the code for one direction only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToOwner {
    /// A request.
    Ask(Request),
    /// A view joins: whoever owns the device says so.
    WhoOwns,
    /// Do not wait any longer before connecting again.
    RetryNow,
    /// The person chose to delete what is left on this device and to begin again.
    StartAfresh,
    /// Draw a QR code that says this.
    DrawCode(String),
    /// Close the lock now.
    LockNow,
    /// A key was pressed or the pointer moved in some tab.
    SomebodyHere,
    /// Somebody has come back to this tab, or the page to life: the connection may not be what it was.
    Look,
    /// Somebody can see this tab; said again and again while it is so.
    InSight,
    /// This tab's worker has set, changed or taken off the lock.
    LockChanged(Option<LockView>),
}

/// What the owner of the device says, to all views. Each takes what is for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToViews {
    /// Something happened.
    Tell {
        /// The owner's: a view does not believe an owner that another has replaced.
        fence: u64,
        /// What happened.
        event: Event,
    },
    /// Somebody owns the device now; views ask again what was not answered.
    OwnerHere {
        /// Greater with each new owner.
        fence: u64,
        /// With which pages seal what the device does not have yet.
        key: PageKey,
    },
    /// The owner cannot open the device.
    Fault(Fault),
    /// The code that a view asked for.
    Code(Code),
    /// The browser takes long to read or save something, or has done it.
    Slow(bool),
    /// The device is locked.
    Locked {
        /// The owner's.
        fence: u64,
        /// What opens it.
        lock: LockView,
        /// When the next guess is heard, in milliseconds since 1970.
        next: u64,
    },
    /// The lock of the open device; none is no lock.
    Lock(Option<LockView>),
}

/// Why the device cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The browser gives this site no IndexedDB (a private window, or a setting).
    NoStorage,
    /// The page came over plain HTTP from another machine: browsers give it no place for keys. Said by the page.
    Insecure,
    /// The browser has no room for this site.
    Full,
    /// The wrapped master key or the device key is gone from localStorage.
    KeysMissing,
    /// IndexedDB was emptied, localStorage was not.
    RecordsMissing,
    /// The master key does not unwrap, or a record does not open.
    Damaged,
    /// A newer version of the app was here.
    Newer,
    /// What is here is from before the first release.
    BeforeRelease,
    /// A newer version of the app is in another tab.
    NewerTab,
    /// Another device of the account removed this one, and nothing of it is left.
    Removed,
}

impl Fault {
    /// Whether beginning again is a way out.
    #[must_use]
    pub const fn can_start_afresh(self) -> bool {
        matches!(self, Self::KeysMissing | Self::RecordsMissing | Self::Damaged | Self::BeforeRelease)
    }

    /// Whether it may pass without anybody doing something in the app.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::NoStorage | Self::Full)
    }
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A newer version of the app wrote them.
    Newer,
    /// An older version of the app wrote them.
    Older,
    /// They are damaged.
    Malformed,
}

/// Writes a message with its format byte. None only if memory is short.
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
