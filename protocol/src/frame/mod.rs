//! The frames of one WebSocket connection between a client and the relay.
//!
//! A client sends [`ClientFrame`]s, each with a [`RequestId`] that the answer repeats. The relay sends one
//! answer for every request, in any order, and pushes what a client has subscribed to.
//! Enum variants are numbered by position: new ones go to the end, old ones stay where they are.

mod blobs;
mod error;
mod links;
mod request;
mod server;

pub use blobs::{
    DeleteBlobs, FetchBackupHead, FetchBlob, FetchLogBlob, PutBlob, PutLogBlob, WriteBackupHead,
};
pub use error::{RelayError, Retry};
pub use links::{
    AppendLinkedCommit, AskToJoin, CreateLinkedLog, JoinByLink, LinkOffer, LinkSlot, LinkSlots, ReadLog,
};
pub use request::{
    AppendCommit, AppendDeviceLog, AppendMessages, ClaimKeyPackages, ClientFrame, CreateLog, InboxAddress,
    InboxPost, KnownDeviceLog, KnownPlace, NewMessage, OpenSlot, PublishKeyPackages, RegisterAccount,
    Request, SubscribeInbox, SubscribeLog, SwapStamp, UsernameClaim, Welcomes, WriteSlot,
};
pub use server::{
    Answer, BackupHead, ClaimedKeyPackage, ClosingReason, DeviceLogNews, DirectoryRecord, EntryKind,
    InboxEntry, LogEntry, Push, ServerFrame, SlotState, Stored, Subscribed,
};

pub use crate::ids::RequestId;
