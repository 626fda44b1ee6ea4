//! Tells why messages wait although there is a connection: the relay's last refusal, for as long as it holds.

use parley_protocol::frame::{RelayError, Retry};
use parley_protocol::ids::AccountId;

use crate::core::Engine;
use crate::domain::conversation::id_of;
use crate::view::{Outage, WaitReason};

/// A pause of the relay that is shorter than this, in milliseconds, is over before anybody could read of it.
const WORTH_TELLING: u32 = 3_000;

impl Engine {
    /// Messages to `peer` wait for this reason.
    pub(in crate::core) fn hold_up(&mut self, peer: AccountId, reason: WaitReason) {
        if self.holdups.insert(peer, reason) != Some(reason) {
            self.changed.conversations.insert(id_of(&peer));
        }
    }

    /// The relay refused something without which messages to `peer` are not sent. `full` is what has no room, if
    /// that is it.
    pub(in crate::core) fn held_up_by(&mut self, peer: AccountId, error: RelayError, full: WaitReason) {
        let reason = match error {
            RelayError::StorageFull => WaitReason::RelayFull,
            RelayError::Internal => WaitReason::RelayFailing,
            RelayError::QuotaExceeded => full,
            RelayError::RateLimited { retry_after_ms } if retry_after_ms >= WORTH_TELLING => {
                WaitReason::TooMany
            }
            _ => return,
        };
        self.hold_up(peer, reason);
    }

    /// Nothing holds messages to `peer` up any more, as far as this device knows.
    pub(in crate::core) fn let_go(&mut self, peer: &AccountId) {
        if self.holdups.remove(peer).is_some() {
            self.changed.conversations.insert(id_of(peer));
        }
    }

    /// The connection is gone, and with it what the relay said on it.
    pub(in crate::core) fn forget_holdups(&mut self) {
        for (peer, _) in std::mem::take(&mut self.holdups) {
            self.changed.conversations.insert(id_of(&peer));
        }
    }

    /// The relay refuses this device on this connection, and says when to connect again.
    pub(in crate::core) fn turned_away(&mut self, error: RelayError) {
        self.link.outage = match error {
            RelayError::StorageFull => Outage::Full,
            RelayError::RateLimited { .. } => Outage::Busy,
            _ => Outage::Failing,
        };
        match error.retry() {
            Retry::After(pause) => self.come_back_after(pause),
            Retry::AfterCatchUp | Retry::Never => self.come_back_after(0),
        }
    }
}
