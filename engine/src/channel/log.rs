//! A conversation log as this device knows it: the stored part, and the part known only while connected.

use parley_protocol::frame::CreateLog;
use parley_protocol::ids::{AccountId, AppendId, DeviceId, EntryHash, Era, GroupId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::channel::group_era::EraStep;
use crate::domain::conversation::ConversationKey;
use crate::set::Set;

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    /// The conversation whose messages the log carries.
    pub(crate) conversation: ConversationKey,
    /// The MLS group of these messages. A group goes on in another log if one cannot be used any more.
    pub(crate) group: GroupId,
    pub(crate) stage: Stage,
    /// The last entry that this device has processed.
    pub(crate) cursor: Seq,
    /// Own appends that the relay has acknowledged and the cursor has not reached.
    pub(crate) own: Vec<OwnAppend>,
    /// The commit of this device that the relay may or may not have. A record of its own, which other changes do not touch.
    #[serde(skip)]
    pub(crate) commit: Option<PendingCommit>,
    /// What the contact's receipts say.
    pub(crate) peer_delivered: Seq,
    pub(crate) peer_read: Seq,
    /// The contact's last message.
    pub(crate) incoming: Seq,
    /// The contact's last message that was on the screen.
    pub(crate) read: Seq,
    /// What own receipts have said, or say in the outbox.
    pub(crate) told_delivered: Seq,
    pub(crate) told_read: Seq,
    /// When this device last replaced its keys, and the number of its messages since.
    pub(crate) updated: UnixMillis,
    pub(crate) sent_since_update: u32,
    /// Joined by Welcome and not updated since.
    pub(crate) fresh: bool,
    /// The request that this device sends until the relay has the log. In the same record as `commit`.
    #[serde(skip)]
    pub(crate) creation: Option<CreateLog>,
    /// Other devices that have written in the log: they are certainly in it.
    pub(crate) heard: Set<DeviceId>,
}

/// The stage of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Made on this device; the relay may not have it.
    Creating,
    /// At the relay.
    Active,
    /// The log cannot be used any more; what this device has read of it stays.
    Dead,
}

/// An own entry that will come back through the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnAppend {
    pub(crate) append: AppendId,
    pub(crate) payload: EntryHash,
    pub(crate) seq: Seq,
    pub(crate) era: Era,
}

/// A commit on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingCommit {
    pub(crate) append: AppendId,
    pub(crate) bytes: Vec<u8>,
    /// As the commit itself says.
    pub(crate) era: EraStep,
}

/// What this device knows only while connected.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub(crate) struct LiveLog {
    /// The relay pushes entries of the current epoch.
    pub(crate) subscribed: bool,
    /// The relay takes no more subscriptions: the log waits for its turn.
    pub(crate) waits: bool,
    /// A subscription, creation, append or commit is on its way.
    pub(crate) subscribing: bool,
    pub(crate) creating: bool,
    pub(crate) appending: bool,
    pub(crate) committing: bool,
    /// The last entry at the time of the subscription.
    pub(crate) head: Seq,
}

impl Log {
    pub(crate) fn new(
        id: LogId,
        group: GroupId,
        conversation: ConversationKey,
        stage: Stage,
        now: UnixMillis,
    ) -> Self {
        Self {
            id,
            conversation,
            group,
            stage,
            cursor: Seq(0),
            own: Vec::new(),
            commit: None,
            peer_delivered: Seq(0),
            peer_read: Seq(0),
            incoming: Seq(0),
            read: Seq(0),
            told_delivered: Seq(0),
            told_read: Seq(0),
            updated: now,
            sent_since_update: 0,
            fresh: matches!(stage, Stage::Active),
            creation: None,
            heard: Set::default(),
        }
    }

    /// The other account of a conversation of two.
    pub(crate) fn peer(&self) -> Option<AccountId> {
        self.conversation.peer().copied()
    }
}

/// The hash by which this device recognises an own payload when it comes back.
pub(crate) fn payload_hash(payload: &[u8]) -> EntryHash {
    EntryHash(Sha256::digest(payload).into())
}
