//! What all connections share.

use std::sync::Arc;
use std::time::Duration;

use parley_protocol::frame::InboxAddress;
use parley_protocol::ids::AccountId;
use tokio::sync::{Semaphore, watch};

use crate::connection::{OutboxLimits, Patience};
use crate::hub::Hub;
use crate::pages::Pages;
use crate::peers::{PeerKey, Peers};
use crate::rate::{Keyed, Rate};
use crate::slots::Slots;
use crate::store::Store;

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
    /// Usernames and recovery keys looked up, by address: the directory is not to be read as a list.
    pub(crate) resolves: Keyed<PeerKey>,
    /// KeyPackages claimed, by the account whose pool they come from.
    pub(crate) claims: Keyed<AccountId>,
    /// Posts, by inbox.
    pub(crate) posts: Keyed<InboxAddress>,
    /// Slots opened, by address.
    pub(crate) slots: Keyed<PeerKey>,
    /// Slots asked for that were not there, by address: their ids are not to be searched for.
    pub(crate) slot_misses: Keyed<PeerKey>,
}

/// The relay.
pub(crate) struct Relay {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) hub: Hub,
    pub(crate) pages: Pages,
    pub(crate) slots: Slots,
    pub(crate) peers: Arc<Peers>,
    /// Bytes of requests that are being worked on, over all connections.
    pub(crate) request_bytes: Arc<Semaphore>,
    /// Clients that are being told at a time that there is no room for them.
    pub(crate) refusals: Arc<Semaphore>,
    /// Becomes true when the relay shuts down.
    pub(crate) closing: watch::Receiver<bool>,
}
