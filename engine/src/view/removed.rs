//! View models of a removed device: texts that were written on it and never sent.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

use super::ConversationId;

/// Another device of the account has removed this one. Its keys and messages are deleted; these texts are nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RemovedView {
    /// The oldest first.
    pub texts: Vec<KeptText>,
}

/// A text of a removed device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptText {
    /// To whom it was written.
    pub conversation: ConversationId,
    /// What they were called.
    pub name: String,
    /// When it was written.
    pub time: UnixMillis,
    /// What it says.
    pub text: String,
    /// How far it came.
    pub state: KeptState,
}

/// How far a text of a removed device came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeptState {
    /// The relay does not have it.
    Unsent,
    /// It was on its way: nobody told this device whether the relay has it.
    Unsure,
    /// It stood in the composer.
    Draft,
}
