//! Requests of a client to the relay.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{
    AppendLinkedCommit, AskToJoin, CreateLinkedLog, DeleteBlobs, FetchBackupHead, FetchBlob, FetchLogBlob,
    JoinByLink, PutBlob, PutLogBlob, ReadLog, RequestId, WriteBackupHead,
};
use crate::bounded::{Bytes, List, TooLong};
use crate::capability::{Capability, CapabilityHash};
use crate::device_log::{LogHead, Signature, SignedEntry, VerifyingKeyBytes};
use crate::ids::{AccountId, AppendId, DeviceId, Epoch, Era, LogId, Seq, SlotId, Stamp};
use crate::limits::{
    MAX_APPEND, MAX_COMMIT, MAX_DEVICE_LOG, MAX_DEVICES, MAX_GROUP_INFO, MAX_KEY_PACKAGE, MAX_KEY_PACKAGES,
    MAX_LOOKUPS, MAX_MESSAGE, MAX_SLOT, MAX_WELCOME, MAX_WELCOME_TOTAL, MAX_WELCOMES, MAX_WELCOMES_WHOLE,
};
use crate::username::Username;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFrame {
    /// The answer repeats it; a client uses each id once on a connection.
    pub id: RequestId,
    /// The request.
    pub request: Request,
}

/// The requests. Each line names the variant of [`super::Answer`] that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// First frame of a connection. Answer: `Hello`.
    Hello,
    /// Nothing; keeps the connection and measures it. Answer: `Done`.
    Ping,
    /// Creates a conversation log. Answer: `Done`, also if this very log exists already; or `Undelivered`.
    CreateLog(CreateLog),
    /// Appends messages to a log, all or none. Answer: `Stored`, one for each message.
    AppendMessages(AppendMessages),
    /// Appends a commit and so ends the log's epoch. Answer: `Stored`, with one element; or `Undelivered`.
    AppendCommit(AppendCommit),
    /// Reads a log from a place on and continues with new entries, up to the commit that ends the capability's group era.
    /// Answer: `Subscribed`, then pushes.
    SubscribeLog(SubscribeLog),
    /// Ends the pushes for a log. Answer: `Done`.
    UnsubscribeLog(LogId),
    /// The sealed GroupInfo of the log's current group era, of its first epoch or a later one. Answer: `GroupInfo`.
    FetchGroupInfo {
        /// The log.
        log: LogId,
        /// The read capability of its current group era.
        capability: Capability,
    },
    /// Posts an entry to a device's inbox. Answer: `Stored`, with one element.
    PostInbox(InboxPost),
    /// Reads a device's inbox and continues with new entries. Answer: `Subscribed`, then pushes.
    SubscribeInbox(SubscribeInbox),
    /// Deletes the inbox entries up to and including `upto`. Answer: `Done`.
    AckInbox {
        /// Whose inbox.
        address: InboxAddress,
        /// The inbox's capability.
        capability: Capability,
        /// The last entry that the device has on disk.
        upto: Seq,
    },
    /// Adds one-time KeyPackages, or replaces the one of last resort. Answer: `KeyPackageCount`.
    PublishKeyPackages(PublishKeyPackages),
    /// How many one-time KeyPackages are left. Answer: `KeyPackageCount`.
    CountKeyPackages {
        /// Whose.
        address: InboxAddress,
        /// The inbox's capability.
        capability: Capability,
    },
    /// One KeyPackage of each of some devices of an account. The relay gives out a one-time KeyPackage once; a client that
    /// has asked for many gets the one of last resort. Answer: `KeyPackages`.
    ClaimKeyPackages(ClaimKeyPackages),
    /// Registers a new account in the directory. Answer: `Done`, also if this very account is registered already.
    RegisterAccount(RegisterAccount),
    /// Appends to an account's device log if its length is the one that the client expects. Answer: `Done`.
    AppendDeviceLog(AppendDeviceLog),
    /// The new entries of the device logs of some accounts. Answer: `DeviceLogs`.
    FetchDeviceLogs(List<KnownDeviceLog, MAX_LOOKUPS>),
    /// Gives an account a username, in place of the one it has. Answer: `Done`.
    ClaimUsername(UsernameClaim),
    /// The account behind a username. Answer: `Directory`.
    ResolveUsername(Username),
    /// Leaves a stamp that replaces the device's last one. Answer: `StampSwapped`.
    SwapStamp(SwapStamp),
    /// Deletes all KeyPackages of a device, which may lack their private keys. Answer: `KeyPackageCount`.
    ForgetKeyPackages {
        /// Whose.
        address: InboxAddress,
        /// The inbox's capability.
        capability: Capability,
    },
    /// Opens a rendezvous slot with its first value. It lives for [`crate::limits::SLOT_LIFETIME`] and no longer
    /// than this connection. Answer: `Slot`.
    OpenSlot(OpenSlot),
    /// Replaces the value that the client has seen. The first connection other than the opener's that writes or watches is
    /// the slot's other end; for any third connection the slot does not exist. Answer: `Slot`.
    WriteSlot(WriteSlot),
    /// The slot's value, and every later one. Answer: `Slot`, then pushes.
    WatchSlot(SlotId),
    /// Ends a slot. Answer: `Done`.
    CloseSlot(SlotId),
    /// Puts the next bytes of a blob. The relay ignores bytes that do not begin where its copy ends, and its answer says
    /// where that is: so a client asks, and continues after a lost connection. Answer: `Blob`.
    PutBlob(PutBlob),
    /// A part of a blob of the own account. Answer: `BlobPart`.
    FetchBlob(FetchBlob),
    /// Deletes blobs of the own account; unknown ones are no error. Answer: `Done`.
    DeleteBlobs(DeleteBlobs),
    /// Replaces the head that the client has seen by a new one. Answer: `BackupHead` with the written head.
    WriteBackupHead(WriteBackupHead),
    /// The head of the own account's backup. Answer: `BackupHead`.
    FetchBackupHead(FetchBackupHead),
    /// The account whose device log names this recovery key now. Answer: `Directory`.
    FindRecoveryKey(VerifyingKeyBytes),
    /// As `PutBlob`, for a blob of a log. Answer: `Blob`.
    PutLogBlob(PutLogBlob),
    /// A part of a whole blob of a log. Answer: `BlobPart`.
    FetchLogBlob(FetchLogBlob),
    /// Creates a log into which invite links lead. Answer: as to `CreateLog`.
    CreateLinkedLog(CreateLinkedLog),
    /// Appends a commit after which invite links lead into the log. Answer: as to `AppendCommit`.
    AppendLinkedCommit(AppendLinkedCommit),
    /// The logs into which an invite link leads, the newest first. Answer: `Links`.
    OpenLink(Capability),
    /// Appends the commit of a joiner by an invite link. Answer: `Stored`, with one element.
    JoinByLink(JoinByLink),
    /// A page of a log. Answer: `Entries`.
    ReadLog(ReadLog),
    /// Appends a request to be let into a group. Answer: `Stored`, with one element.
    AskToJoin(AskToJoin),
}

/// Opens a rendezvous slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSlot {
    /// Chosen at random, or derived from a code that somebody types.
    pub slot: SlotId,
    /// Opaque to the relay.
    pub value: Bytes<MAX_SLOT>,
}

/// Writes into a rendezvous slot by compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteSlot {
    /// Which slot.
    pub slot: SlotId,
    /// The version that the client has seen: the relay accepts the value only if that is still the latest.
    pub after: u32,
    /// Opaque to the relay.
    pub value: Bytes<MAX_SLOT>,
}

/// Creates a log whose first epoch is `epoch`, in which its first group era begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateLog {
    /// The log, chosen at random.
    pub log: LogId,
    /// The group's epoch after the Welcomes are processed.
    pub epoch: Epoch,
    /// Hash of the capability to append in that epoch.
    pub append: CapabilityHash,
    /// Hash of the capability to read that group era.
    pub read: CapabilityHash,
    /// Welcomes for the first members.
    pub welcomes: Welcomes,
    /// GroupInfo of that epoch, sealed by the members.
    pub group_info: Option<Bytes<MAX_GROUP_INFO>>,
}

/// Welcomes of one commit. Most of a Welcome is the same for all (RFC 9420 section 12.4.3.1): clients send that part once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Welcomes {
    /// The beginning of each Welcome.
    pub posts: List<InboxPost, MAX_WELCOMES>,
    /// The end of all Welcomes: the relay appends it to each payload.
    pub end: Bytes<MAX_WELCOME>,
}

impl Welcomes {
    fn begins(&self) -> usize {
        self.posts.iter().map(|post| post.payload.len()).fold(0, usize::saturating_add)
    }

    /// Bytes of all Welcomes together, as the inboxes hold them.
    #[must_use]
    pub fn whole_bytes(&self) -> usize {
        self.begins().saturating_add(self.end.len().saturating_mul(self.posts.len()))
    }

    /// Whether the Welcomes are within the limits, both as sent and as the inboxes hold them.
    #[must_use]
    pub fn fit(&self) -> bool {
        self.begins().saturating_add(self.end.len()) <= MAX_WELCOME_TOTAL
            && self.whole_bytes() <= MAX_WELCOMES_WHOLE
    }

    /// Whether there are no Welcomes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Each Welcome whole.
    ///
    /// # Errors
    ///
    /// One of them is longer than a Welcome may be.
    pub fn whole(self) -> Result<Self, TooLong> {
        let Self { posts, end } = self;
        let whole = |post: InboxPost| {
            let payload = Bytes::new([&*post.payload, &*end].concat())?;
            Ok(InboxPost { payload, ..post })
        };
        let posts = posts.into_vec().into_iter().map(whole).collect::<Result<_, _>>()?;
        Ok(Self { posts: List::new(posts)?, end: Bytes::default() })
    }
}

/// Appends messages that were encrypted in `epoch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendMessages {
    /// The log.
    pub log: LogId,
    /// The capability to append in `epoch`.
    pub capability: Capability,
    /// The epoch, which must be the log's current one.
    pub epoch: Epoch,
    /// What to append, in order.
    pub messages: List<NewMessage, MAX_APPEND>,
}

/// One message to append.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// The same in every retry.
    pub append: AppendId,
    /// An MLS `PrivateMessage` (RFC 9420 section 6.3).
    pub payload: Bytes<MAX_MESSAGE>,
}

/// Appends a commit that ends `epoch` and, if it says so, the group era.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendCommit {
    /// The log.
    pub log: LogId,
    /// The capability to append in `epoch`.
    pub capability: Capability,
    /// The epoch that ends, which must be the log's current one.
    pub epoch: Epoch,
    /// The same in every retry.
    pub append: AppendId,
    /// An MLS commit.
    pub commit: Bytes<MAX_COMMIT>,
    /// Hash of the capability to append in the next epoch.
    pub next_append: CapabilityHash,
    /// Hash of the capability to read the group era that begins with the next epoch; none if the current era goes on.
    pub next_read: Option<CapabilityHash>,
    /// Welcomes for the members that the commit adds.
    pub welcomes: Welcomes,
    /// GroupInfo of the next epoch, sealed by the members. Without one, the group era's GroupInfo stays as long as the era.
    pub group_info: Option<Bytes<MAX_GROUP_INFO>>,
}

/// Reads a log after a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeLog {
    /// The log.
    pub log: LogId,
    /// The capability to read the group era.
    pub capability: Capability,
    /// The epoch in which the client joined, if the group era began before: the relay sends it nothing older.
    pub since: Option<Epoch>,
    /// The last entry that the client has on disk.
    pub after: Seq,
    /// The last entry that the client knows to be there. The relay checks whether it has that entry, so that both notice when
    /// the relay's database was rolled back to a copy and gives out numbers a second time.
    pub known: Option<KnownPlace>,
}

/// An entry of a log, whatever its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPlace {
    /// Its place.
    pub seq: Seq,
    /// The era in which the place was given out.
    pub era: Era,
}

/// A device's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InboxAddress {
    /// The account.
    pub account: AccountId,
    /// The device in its log.
    pub device: DeviceId,
}

/// Something for a device's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxPost {
    /// Whose inbox.
    pub to: InboxAddress,
    /// The same in every retry.
    pub append: AppendId,
    /// Opaque to the relay.
    pub payload: Bytes<MAX_WELCOME>,
}

/// Reads an inbox after a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeInbox {
    /// Whose inbox.
    pub address: InboxAddress,
    /// The secret whose hash is in the device log.
    pub capability: Capability,
    /// The last entry that the device has on disk. Numbers are valid for one connection: on the next one the client reads the
    /// inbox from its beginning, since the relay has deleted acknowledged entries.
    pub after: Seq,
}

/// Swaps the stamp of a device's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapStamp {
    /// Whose inbox.
    pub address: InboxAddress,
    /// The inbox's capability.
    pub capability: Capability,
    /// The new stamp.
    pub stamp: Stamp,
}

/// KeyPackages of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishKeyPackages {
    /// Whose.
    pub address: InboxAddress,
    /// The inbox's capability.
    pub capability: Capability,
    /// The relay gives each out once.
    pub one_time: List<Bytes<MAX_KEY_PACKAGE>, MAX_KEY_PACKAGES>,
    /// The relay gives it out when no other is left.
    pub last_resort: Option<Bytes<MAX_KEY_PACKAGE>>,
}

/// Claims KeyPackages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimKeyPackages {
    /// Whose.
    pub account: AccountId,
    /// The devices; the relay leaves those that it does not know out of the answer.
    pub devices: List<DeviceId, MAX_DEVICES>,
}

/// A device log, as far as a client has verified it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDeviceLog {
    /// The account.
    pub account: AccountId,
    /// The head of the log that the client has verified. If the relay's log has the same entry, the relay sends only later
    /// ones.
    pub known: Option<LogHead>,
}

/// Registers an account that the relay does not know: a new one, or one made after the copy to which the relay's database was
/// rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterAccount {
    /// Its whole device log.
    pub log: List<SignedEntry, MAX_DEVICE_LOG>,
    /// Its username, claimed by a device that is in the log.
    pub claim: UsernameClaim,
}

/// The next entry of a device log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendDeviceLog {
    /// The account.
    pub account: AccountId,
    /// The entry names the one before it, which makes this a compare-and-set.
    pub entry: SignedEntry,
}

/// A device claims a username for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsernameClaim {
    /// The name.
    pub username: Username,
    /// The account.
    pub account: AccountId,
    /// The device that signs.
    pub device: DeviceId,
    /// Over [`UsernameClaim::signed_bytes`].
    pub signature: Signature,
}

impl UsernameClaim {
    /// What the device signs: a label, the account id, and the name.
    #[must_use]
    pub fn signed_bytes(username: &Username, account: &AccountId) -> Vec<u8> {
        let mut bytes = b"parley username v1\0".to_vec();
        bytes.extend_from_slice(account.as_bytes());
        bytes.extend_from_slice(username.as_str().as_bytes());
        bytes
    }
}
