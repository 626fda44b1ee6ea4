//! Handles one connection's requests about rendezvous slots. All of this runs while the relay reads the connection, so the
//! requests keep their order, and none takes effect after the connection has ended.

use std::sync::Arc;
use std::time::Instant;

use parley_protocol::frame::{Answer, RelayError, Request, RequestId, ServerFrame};
use parley_protocol::ids::SlotId;

use super::outbox::Outbox;
use crate::peers::PeerKey;
use crate::relay::Relay;
use crate::slots::{Party, Table};

/// A connection as a party of slots. Dropping it ends its slots.
pub(super) struct Rendezvous {
    relay: Arc<Relay>,
    peer: PeerKey,
    party: Party,
}

impl Rendezvous {
    pub(super) fn new(relay: Arc<Relay>, peer: PeerKey, outbox: Arc<Outbox>) -> Self {
        let party = Party { id: relay.slots.party(), outbox };
        Self { relay, peer, party }
    }

    /// Carries out a request about a slot and answers it.
    pub(super) fn answer(&self, id: RequestId, request: Request) {
        self.relay.slots.change(|table, now| {
            let result = self.carry_out(table, now, request);
            self.party.outbox.push_frame(&ServerFrame::Answer { id, result });
        });
    }

    fn carry_out(&self, table: &mut Table, now: Instant, request: Request) -> Result<Answer, RelayError> {
        match request {
            Request::OpenSlot(request) => table.open(&self.party, request, now).map(Answer::Slot),
            Request::WriteSlot(request) => {
                self.reach(table, now, request.slot)?;
                table.write(self.party.id, request).map(Answer::Slot)
            }
            Request::WatchSlot(slot) => {
                self.reach(table, now, slot)?;
                table.read(self.party.id, &slot).map(Answer::Slot)
            }
            Request::CloseSlot(slot) => {
                let closed = table.close(self.party.id, &slot, now);
                self.missed(closed, now).map(|()| Answer::Done)
            }
            // All other requests are dispatched before they get here.
            _ => Err(RelayError::Internal),
        }
    }

    /// Makes this connection an end of the slot, unless it is one.
    fn reach(&self, table: &mut Table, now: Instant, slot: SlotId) -> Result<(), RelayError> {
        if table.is_end(self.party.id, &slot) {
            return Ok(());
        }
        // The limit is checked before the slot is looked up, so that a client with too many misses does not learn of a hit
        // either.
        self.relay.limits.slot_misses.check(self.peer, now)?;
        let joined = table.join(&self.party, slot);
        self.missed(joined, now)
    }

    /// Counts each miss against the client's address: ids can come from short codes, and nobody may search for them.
    fn missed(&self, result: Result<(), RelayError>, now: Instant) -> Result<(), RelayError> {
        if result == Err(RelayError::UnknownSlot) {
            self.relay.limits.slot_misses.take([self.peer], now)?;
        }
        result
    }

    /// Ends the slots of this connection.
    pub(super) fn leave(&self) {
        self.relay.slots.change(|table, now| table.leave(self.party.id, now));
    }
}

impl Drop for Rendezvous {
    fn drop(&mut self) {
        self.leave();
    }
}
