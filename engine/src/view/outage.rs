//! Why there is no connection, and why messages wait although there is one.

use serde::{Deserialize, Serialize};

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Outage {
    /// The relay cannot be reached, or the connection broke, or fell silent.
    #[default]
    Unreachable,
    /// The relay takes no more connections from here just now.
    Busy,
    /// The relay's disk is full, so that this device cannot leave a stamp there.
    Full,
    /// Something fails inside of the relay.
    Failing,
}

/// Why messages to somebody wait. A later attempt may bring them there without anybody doing anything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitReason {
    /// The relay's disk is full.
    RelayFull,
    /// Something fails inside of the relay.
    RelayFailing,
    /// The relay wants fewer requests.
    TooMany,
    /// The inbox of one of their devices is full: nobody has read it for long.
    InboxFull,
    /// The relay holds as much of this chat as it may.
    ChatFull,
    /// None of their devices can be reached yet.
    NoDevice,
}
