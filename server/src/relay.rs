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

/// The limits of a single connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// The rate of requests of one connection, weighted by their cost.
    pub(crate) requests: Rate,
    /// The most requests of one connection that are worked on at a time.
    pub(crate) in_flight: usize,
    /// The most subscriptions of one connection.
    pub(crate) subscriptions: usize,
    /// How much may wait to be sent to one client.
    pub(crate) outbox: OutboxLimits,
    /// How long a client may take to read one frame.
    pub(crate) slow_reader: Duration,
    /// How long a client may be silent, and how long it may take for a message.
    pub(crate) patience: Patience,
    /// The most connections of one address.
    pub(crate) connections_per_peer: u32,
}

/// The rate limits that hold across connections.
pub(crate) struct Limits {
    /// New accounts, by address.
    pub(crate) registrations: Keyed<PeerKey>,
    /// Usernames claimed for existing accounts, by address.
    pub(crate) usernames: Keyed<PeerKey>,
    /// Kibibytes sent to the relay, by address: a client needs no account, and shall not fill the disk quickly.
    pub(crate) upload: Keyed<PeerKey>,
    /// The same while the disk has little room.
    pub(crate) upload_low: Keyed<PeerKey>,
    /// Kibibytes of commits and GroupInfo, by address.
    pub(crate) commits: Keyed<PeerKey>,
    /// New logs, by address.
    pub(crate) logs: Keyed<PeerKey>,
    /// Commits that join by an invite link, by the hash of its capability.
    pub(crate) joins: Keyed<CapabilityHash>,
    /// Entries of device logs, by address: each costs a signature check and reading a log.
    pub(crate) device_logs: Keyed<PeerKey>,
    /// Usernames, recovery keys and invite links looked up, by address: nobody shall list the directory.
    pub(crate) resolves: Keyed<PeerKey>,
    /// KeyPackages claimed, by address.
    pub(crate) claims_from: Keyed<PeerKey>,
    /// One-time KeyPackages, by address and by the device that published them.
    pub(crate) claims_pair: Keyed<(PeerKey, InboxAddress)>,
    /// One-time KeyPackages, by device.
    pub(crate) claims: Keyed<InboxAddress>,
    /// Posts by inbox: of the account's own devices, of other addresses each, and of all others together.
    pub(crate) posts_own: Keyed<InboxAddress>,
    pub(crate) posts_from: Keyed<(PeerKey, InboxAddress)>,
    pub(crate) posts: Keyed<InboxAddress>,
    /// The key for the numbers that tell posters into an inbox apart. Each start makes a new one.
    pub(crate) marks: RandomState,
    /// Slots opened, by address.
    pub(crate) slots: Keyed<PeerKey>,
    /// Requests for slots that do not exist, by address: nobody shall search for their ids.
    pub(crate) slot_misses: Keyed<PeerKey>,
}

impl Limits {
    /// The number of an address at one inbox. A holder of the database learns nothing from it: the number is keyed, and the key
    /// is in memory only.
    pub(crate) fn mark(&self, peer: PeerKey, inbox: &InboxAddress) -> i64 {
        self.marks.hash_one((peer, inbox)).cast_signed()
    }
}

/// The relay's shared state.
pub(crate) struct Relay {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) hub: Hub,
    pub(crate) pages: Pages,
    pub(crate) slots: Slots,
    /// The turns of committers.
    pub(crate) turns: Turns,
    pub(crate) peers: Arc<Peers>,
    /// The memory for messages that are not worked on yet, over all connections.
    pub(crate) unfinished: Arc<Unfinished>,
    /// The bytes of requests that are worked on, over all connections.
    pub(crate) request_bytes: Arc<Semaphore>,
    /// The directory requests whose signatures are being verified, over all connections: each occupies a core.
    pub(crate) verifying: Arc<Semaphore>,
    /// The clients that are being told that there is no room for them.
    pub(crate) refusals: Arc<Semaphore>,
    /// Becomes true when the relay shuts down.
    pub(crate) closing: watch::Receiver<bool>,
}
