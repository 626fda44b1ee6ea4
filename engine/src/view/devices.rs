//! View models of the account's devices, and of the progress of linking.

use parley_protocol::ids::{DeviceId, UnixMillis};
use serde::{Deserialize, Serialize};

/// A device of the own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDeviceView {
    /// Which one.
    pub id: DeviceId,
    /// Such as "Firefox on Linux"; empty until it has said.
    pub name: String,
    /// When it was added, by the clock of who added it.
    pub added: UnixMillis,
    /// The beginning of the last day (UTC) on which it was used, as far as is known here.
    pub seen: UnixMillis,
    /// This is the device that shows it.
    pub this: bool,
    /// It was linked by another device, and nobody has said here that this is right.
    pub fresh: bool,
}

/// What another device of the account did to its keys. A new device is shown apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnKeyChange {
    /// It removed the device of this name; empty if it never said one.
    Removed(String),
    /// It replaced the recovery phrase.
    Phrase,
}

/// How much of what was written before goes to a new device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Share {
    /// Everything that is on this device.
    #[default]
    All,
    /// Of the last 30 days.
    Month,
    /// Nothing.
    Nothing,
}

/// How far linking is, for who shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkView {
    /// This code can be scanned, opened, pasted or typed on the other device.
    Showing {
        /// The fragment of the link (without `#`), for a QR code too.
        link: String,
        /// Eight characters with a dash in the middle.
        typed: String,
        /// When the code ends.
        until: UnixMillis,
        /// Whether this device is the new one.
        new: bool,
    },
    /// The other device is being reached.
    Reaching,
    /// The other device asks for these two digits (0 to 99).
    ShowDigits(u8),
    /// The other device shows two digits: they have to be typed here.
    AskDigits,
    /// A new device wants to be linked to this account; it calls itself so.
    Approve {
        /// As it says.
        name: String,
    },
    /// The other device has to go on, or its person.
    Waiting,
    /// The new device is being added to the conversations.
    Adding {
        /// In so many it is.
        done: u32,
        /// Of so many.
        of: u32,
    },
    /// The new device is linked.
    Done,
    /// It is not.
    Failed(LinkFailure),
}

/// Why linking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum LinkFailure {
    /// The code was not used in time, or was used already. Show another.
    #[error("the code has expired or was used already")]
    Expired,
    /// The two digits are others: somebody may stand between the devices. Begin anew.
    #[error("the two digits do not match")]
    WrongDigits,
    /// The typed code is another. Begin anew.
    #[error("the typed code is wrong")]
    WrongCode,
    /// The other device gave up.
    #[error("the other device gave up")]
    Cancelled,
    /// What came is not what a device sends: somebody interfered. Begin anew.
    #[error("what came is not from the other device")]
    Forged,
    /// The connection was lost. Begin anew.
    #[error("the connection was lost")]
    Offline,
    /// The relay refused, or has too many. Later, perhaps.
    #[error("the relay refused")]
    Refused,
    /// Both devices are in an account, or neither is.
    #[error("one of the two devices has to be new")]
    SameSide,
}
