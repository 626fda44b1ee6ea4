//! What the relay saw of a message, for views.

use parley_protocol::ids::{AppendId, DeviceId, Epoch, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use super::AuthorView;

/// How a message passed the relay, as this device gave it away or got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelaySaw {
    /// The log, by the random name that the relay knows it by.
    pub log: LogId,
    /// The place that the relay gave it.
    pub seq: Seq,
    /// When, by the relay's clock.
    pub time: UnixMillis,
    /// The epoch of the keys, which the relay counts.
    pub epoch: Epoch,
    /// A random name, by which the relay knows what it was sent twice.
    pub append: AppendId,
    /// So many bytes the relay has.
    pub length: u32,
    /// Their SHA-256.
    pub hash: [u8; 32],
    /// How they begin; all of them, if they are few.
    pub begins: Vec<u8>,
    /// Bytes that were encrypted, before and after padding, where that is known.
    pub sizes: Option<(u32, u32)>,
    /// So many devices could open it then; 0 where that is not known any more.
    pub devices: u32,
    /// And to so many people they belong.
    pub people: u32,
    /// Who wrote it.
    pub author: AuthorView,
    /// On which device.
    pub device: DeviceId,
    /// It is this account's.
    pub own: bool,
    /// A signature of that device was checked and is kept; else it was checked when it came, or made here, and is not kept.
    pub signed: bool,
    /// It was written in a group.
    pub in_group: bool,
}
