//! View models of the account's devices, and of the progress of linking.

use parley_protocol::ids::{DeviceId, UnixMillis};
use serde::{Deserialize, Serialize};

/// A device of the own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDeviceView {
    /// Which one.
    pub id: DeviceId,
    /// Such as "Firefox on Linux"; empty until the device has told its name.
    pub name: String,
    /// When it was added, by the clock of the device that added it.
    pub added: UnixMillis,
    /// The beginning of the last day (UTC) on which it was used, as far as this device knows.
    pub seen: UnixMillis,
    /// This device.
    pub this: bool,
    /// Another device linked it, and the person has not said on this device that it is theirs.
    pub fresh: bool,
}

/// What another device of the account did to the account's keys. Views show a new device separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnKeyChange {
    /// It removed the device of this name; empty if it never said one.
    Removed(String),
    /// It replaced the recovery phrase.
    Phrase,
}

/// How much history a new device gets.
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

/// The progress of linking, for views.
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
    /// This device is trying to reach the other device.
    Reaching,
    /// The other device asks for these two digits (0 to 99).
    ShowDigits(u8),
    /// The other device shows two digits: the person must type them here.
    AskDigits,
    /// A new device wants to be linked to this account.
    Approve {
        /// As it says.
        name: String,
    },
    /// The other device must continue, or its person.
    Waiting,
    /// The new device is being added to the conversations.
    Adding {
        /// Conversations that it is in.
        done: u32,
        /// Conversations in all.
        of: u32,
    },
    /// The new device is linked.
    Done,
    /// Linking failed.
    Failed(LinkFailure),
}

/// Why linking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum LinkFailure {
    /// The code was not used in time, or was used already. Show another.
    #[error("the code has expired or was used already")]
    Expired,
    /// The two digits differ: an attacker may stand between the devices. Begin again.
    #[error("the two digits do not match")]
    WrongDigits,
    /// The typed code is wrong. Begin again.
    #[error("the typed code is wrong")]
    WrongCode,
    /// The other device gave up.
    #[error("the other device gave up")]
    Cancelled,
    /// The message is not one that a device sends: an attacker interfered. Begin again.
    #[error("what came is not from the other device")]
    Forged,
    /// The connection was lost. Begin again.
    #[error("the connection was lost")]
    Offline,
    /// The relay refused, or has too many. Later, perhaps.
    #[error("the relay refused")]
    Refused,
    /// Both devices are in an account, or neither is.
    #[error("one of the two devices has to be new")]
    SameSide,
}
