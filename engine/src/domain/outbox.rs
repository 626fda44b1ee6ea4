//! The outbox: what this device has to send. An entry leaves the outbox only when the relay has it on disk.

use parley_protocol::ids::{AppendId, Epoch, LogId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::domain::content::Body;
use crate::domain::conversation::ConversationKey;

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OutboxEntry {
    pub(crate) conversation: ConversationKey,
    pub(crate) id: MessageId,
    pub(crate) time: UnixMillis,
    pub(crate) body: Body,
    /// If set, the entry goes only into this log (receipts); otherwise into the conversation's active one.
    pub(crate) only: Option<LogId>,
    /// The ciphertext, once there is one: after a lost answer this device sends the same bytes again.
    pub(crate) sealed: Option<Sealed>,
    /// The relay will never accept it.
    pub(crate) failed: bool,
}

/// Encrypted for one epoch of one log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) log: LogId,
    pub(crate) epoch: Epoch,
    pub(crate) append: AppendId,
    #[serde(with = "serde_bytes")]
    pub(crate) payload: Vec<u8>,
}
