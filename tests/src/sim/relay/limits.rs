//! The virtual relay's quotas.

use std::collections::HashSet;

use parley_protocol::frame::{InboxAddress, InboxPost, RelayError};
use parley_protocol::ids::{AccountId, LogId};

use super::{ConnectionId, VirtualRelay};

/// Quotas; practically unlimited unless a test sets them.
#[derive(Default)]
pub struct Limits {
    /// The most logs that one connection may read.
    pub subscriptions: Option<usize>,
    /// The inboxes that take nothing.
    pub full: HashSet<InboxAddress>,
}

impl VirtualRelay {
    pub(super) fn may_subscribe(&self, connection: ConnectionId, log: &LogId) -> Result<(), RelayError> {
        let others =
            self.logs.iter().filter(|(id, other)| *id != log && other.readers.contains_key(&connection));
        match self.limits.subscriptions {
            Some(most) if others.count() >= most => Err(RelayError::QuotaExceeded),
            _ => Ok(()),
        }
    }

    /// The inboxes that take nothing new.
    pub(super) fn without_room(&self, welcomes: &[InboxPost]) -> Vec<InboxAddress> {
        let known = |post: &InboxPost| {
            self.inboxes.get(&post.to).is_some_and(|inbox| inbox.appends.contains_key(&post.append))
        };
        let full = welcomes.iter().filter(|post| self.limits.full.contains(&post.to) && !known(post));
        full.map(|post| post.to).collect()
    }

    /// The inboxes of an account's devices, oldest device first.
    #[must_use]
    pub fn inboxes_of(&self, account: &AccountId) -> Vec<InboxAddress> {
        let devices = self.accounts[account].log.devices();
        devices.map(|device| InboxAddress { account: *account, device: device.id }).collect()
    }
}
