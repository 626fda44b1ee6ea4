//! Requests to join a group's log by an invite link, with nobody online: a client with the link's capability gets what
//! members left for the link, and may append a commit that adds a device from outside (RFC 9420 section 12.4.3.2).

use serde::{Deserialize, Serialize};

use super::{AppendCommit, CreateLog};
use crate::bounded::{Bytes, List};
use crate::capability::{Capability, CapabilityHash};
use crate::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use crate::limits::{MAX_ASK, MAX_COMMIT, MAX_LINKS, MAX_WRAP};

/// A link slot: the way into a log for holders of one invite link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSlot {
    /// Hash of the link's capability.
    pub link: CapabilityHash,
    /// The secret of the group era, sealed to the link's key. Opaque to the relay.
    pub wrap: Bytes<MAX_WRAP>,
    /// The relay serves the slot no longer after this time.
    pub expires: Option<UnixMillis>,
}

/// All link slots of a log. They are valid until the group era ends; then the slots in the commit replace them, or none.
pub type LinkSlots = List<LinkSlot, MAX_LINKS>;

/// Creates a log with link slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateLinkedLog {
    /// The log, as in `CreateLog`.
    pub creation: CreateLog,
    /// The link slots.
    pub links: LinkSlots,
}

/// Appends a commit that begins a group era, with link slots for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendLinkedCommit {
    /// The commit, as in `AppendCommit`. It begins a group era.
    pub commit: AppendCommit,
    /// The link slots from then on.
    pub links: LinkSlots,
}

/// Appends a commit that adds a device whose person has a link. The group era goes on, with its link slots and its GroupInfo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinByLink {
    /// The log.
    pub log: LogId,
    /// The link's capability, in place of the epoch's.
    pub link: Capability,
    /// The epoch that ends, which must be the log's current one.
    pub epoch: Epoch,
    /// The same in every retry. Its first eight bytes are those of the hash of the link's capability, so that members see by
    /// which link an entry came that they cannot read.
    pub append: AppendId,
    /// An external commit, sealed like all commits of a group.
    pub commit: Bytes<MAX_COMMIT>,
    /// Hash of the capability to append in the next epoch.
    pub next_append: CapabilityHash,
}

/// Appends a request of who has a link to be let in by a member, or that it is withdrawn. It stands in the log as a message does, and
/// begins no epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskToJoin {
    /// The log.
    pub log: LogId,
    /// The link's capability: takes the place of the epoch's.
    pub link: Capability,
    /// The epoch in which it is asked, which must be the log's current one: members open the request with what they have of the group
    /// era.
    pub epoch: Epoch,
    /// As in [`JoinByLink`].
    pub append: AppendId,
    /// Sealed to the members. Opaque to the relay.
    pub ask: Bytes<MAX_ASK>,
}

/// Reads a page of a log, beside any subscription: what was kept for those who came later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadLog {
    /// The log.
    pub log: LogId,
    /// The capability to read the group era.
    pub capability: Capability,
    /// The last entry that the client has.
    pub after: Seq,
}

/// A log into which a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOffer {
    /// The log.
    pub log: LogId,
    /// As it stands in the slot.
    pub wrap: Bytes<MAX_WRAP>,
}
