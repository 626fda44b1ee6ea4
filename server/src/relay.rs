//! The state that all connections share.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::InboxAddress;
use tokio::sync::{Semaphore, watch};

use crate::connection::{OutboxLimits, Patience};
use crate::hub::Hub;
use crate::pages::Pages;
use crate::peers::{PeerKey, Peers};
use crate::rate::{Keyed, Rate};
use crate::slots::Slots;
use crate::store::Store;
use crate::turns::Turns;
use crate::unfinished::Unfinished;

/// How connections are treated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Requests of one connection, weighted by what they cost.
    pub(crate) requests: Rate,
    /// Requests of one connection that are being worked on.
    pub(crate) in_flight: usize,
    /// Subscriptions of one connection.
    pub(crate) subscriptions: usize,
    /// What may wait to be sent to one client.
    pub(crate) outbox: OutboxLimits,
    /// How long a client may take to read one frame.
    pub(crate) slow_reader: Duration,
    /// How long a client may be silent, and take for a message.
    pub(crate) patience: Patience,
    /// Connections of one address.
    pub(crate) connections_per_peer: u32,
}

/// Limits that hold across connections.
pub(crate) struct Limits {
    /// New accounts, by address.
    pub(crate) registrations: Keyed<PeerKey>,
    /// Usernames claimed for accounts that are there, by address.
    pub(crate) usernames: Keyed<PeerKey>,
    /// Kibibytes sent to the relay, by address: one who needs no account shall not fill the disk quickly.
    pub(crate) upload: Keyed<PeerKey>,
    /// The same while the disk has little room.
    pub(crate) upload_low: Keyed<PeerKey>,
    /// Kibibytes of commits and GroupInfo, by address.
    pub(crate) commits: Keyed<PeerKey>,
    /// New logs, by address.
    pub(crate) logs: Keyed<PeerKey>,
    /// Commits of those who come by an invite link, by the hash of its capability.
    pub(crate) joins: Keyed<CapabilityHash>,
    /// Entries of device logs, by address: each costs a signature, and the reading of a log.
    pub(crate) device_logs: Keyed<PeerKey>,
    /// Usernames, recovery keys and invite links looked up, by address: the directory is not to be read as a list.
    pub(crate) resolves: Keyed<PeerKey>,
    /// KeyPackages claimed, by address.
    pub(crate) claims_from: Keyed<PeerKey>,
    /// One-time KeyPackages, by address and the device whose pool they come from.
    pub(crate) claims_pair: Keyed<(PeerKey, InboxAddress)>,
    /// One-time KeyPackages, by device.
    pub(crate) claims: Keyed<InboxAddress>,
    /// Posts, by inbox: those of its account's own devices, those of others by address, and those of all others.
    pub(crate) posts_own: Keyed<InboxAddress>,
    pub(crate) posts_from: Keyed<(PeerKey, InboxAddress)>,
    pub(crate) posts: Keyed<InboxAddress>,
    /// Keys the numbers by which those are told apart who put something into an inbox; made anew at each start.
    pub(crate) marks: RandomState,
    /// Slots opened, by address.
    pub(crate) slots: Keyed<PeerKey>,
    /// Slots asked for that were not there, by address: their ids are not to be searched for.
    pub(crate) slot_misses: Keyed<PeerKey>,
}

impl Limits {
    /// The number of an address at one inbox. Whoever has the database learns nothing by it: it is keyed, and the key is in
    /// memory only.
    pub(crate) fn mark(&self, peer: PeerKey, inbox: &InboxAddress) -> i64 {
        self.marks.hash_one((peer, inbox)).cast_signed()
    }
}

/// The relay.
pub(crate) struct Relay {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) hub: Hub,
    pub(crate) pages: Pages,
    pub(crate) slots: Slots,
    /// Who may commit next.
    pub(crate) turns: Turns,
    pub(crate) peers: Arc<Peers>,
    /// What is held of messages that are not worked on yet, over all connections.
    pub(crate) unfinished: Arc<Unfinished>,
    /// Bytes of requests that are being worked on, over all connections.
    pub(crate) request_bytes: Arc<Semaphore>,
    /// Signatures of directory requests that are being verified, over all connections: they take a core each.
    pub(crate) verifying: Arc<Semaphore>,
    /// Clients that are being told at a time that there is no room for them.
    pub(crate) refusals: Arc<Semaphore>,
    /// Becomes true when the relay shuts down.
    pub(crate) closing: watch::Receiver<bool>,
}
