//! A conversation log as this device knows it: the stored part, and the part known only while connected.

use parley_protocol::frame::CreateLog;
use parley_protocol::ids::{AccountId, AppendId, DeviceId, EntryHash, Era, GroupId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::channel::group_era::EraStep;
use crate::domain::conversation::ConversationKey;
use crate::set::Set;

/// As it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    /// The conversation of which it carries messages.
    pub(crate) conversation: ConversationKey,
    /// The MLS group whose messages these are. A group goes on in another log where one cannot be used any more.
    pub(crate) group: GroupId,
    pub(crate) stage: Stage,
    /// The last entry that this device has processed.
    pub(crate) cursor: Seq,
    /// Own appends that the relay has acknowledged and the cursor has not reached.
    pub(crate) own: Vec<OwnAppend>,
    /// The commit of this device that the relay may or may not have. A record of its own, which other changes leave alone.
    #[serde(skip)]
    pub(crate) commit: Option<PendingCommit>,
    /// What the other's receipts say.
    pub(crate) peer_delivered: Seq,
    pub(crate) peer_read: Seq,
    /// The other's last message.
    pub(crate) incoming: Seq,
    /// The other's last message that was on the screen.
    pub(crate) read: Seq,
    /// What own receipts have said (or say, in the outbox).
    pub(crate) told_delivered: Seq,
    pub(crate) told_read: Seq,
    /// The last time this device replaced its keys, and its messages since.
    pub(crate) updated: UnixMillis,
    pub(crate) sent_since_update: u32,
    /// Joined by Welcome and not updated since.
    pub(crate) fresh: bool,
    /// What to send until the relay has the log. In the same record.
    #[serde(skip)]
    pub(crate) creation: Option<CreateLog>,
    /// Other devices that have said something in it: they are surely in it.
    pub(crate) heard: Set<DeviceId>,
}

/// Where a log is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Made here, not known to be at the relay.
    Creating,
    /// At the relay.
    Active,
    /// Cannot be used any more; what was read of it stays.
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
    /// As it says itself.
    pub(crate) era: EraStep,
}

/// What is known only while connected.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub(crate) struct LiveLog {
    /// Pushes come for the current epoch.
    pub(crate) subscribed: bool,
    /// The relay takes no more subscriptions: it waits for its turn.
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

    /// The one other account.
    pub(crate) fn peer(&self) -> Option<AccountId> {
        self.conversation.peer().copied()
    }
}

/// What identifies an own payload when it comes back.
pub(crate) fn payload_hash(payload: &[u8]) -> EntryHash {
    EntryHash(Sha256::digest(payload).into())
}
