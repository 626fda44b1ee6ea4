//! The virtual relay's rendezvous slots, in which two devices that are being linked talk.

use std::collections::BTreeMap;

use parley_protocol::frame::{Answer, OpenSlot, Push, RelayError, ServerFrame, SlotState, WriteSlot};
use parley_protocol::ids::{SlotId, UnixMillis};
use parley_protocol::limits::SLOT_LIFETIME;

use super::{ConnectionId, Outgoing};

struct Slot {
    state: SlotState,
    opener: ConnectionId,
    other: Option<ConnectionId>,
    until: UnixMillis,
}

impl Slot {
    fn partner(&self, of: ConnectionId) -> Option<ConnectionId> {
        if of == self.opener { self.other } else { Some(self.opener) }
    }
}

/// The open slots, and the pushes about them.
#[derive(Default)]
pub(super) struct Slots {
    open: BTreeMap<SlotId, Slot>,
    /// The time until which nobody may use the id of an ended slot.
    spent: BTreeMap<SlotId, UnixMillis>,
    news: Vec<(ConnectionId, Push)>,
}

impl Slots {
    pub(super) fn open(
        &mut self,
        now: UnixMillis,
        from: ConnectionId,
        request: OpenSlot,
    ) -> Result<Answer, RelayError> {
        self.expire(now);
        if self.open.contains_key(&request.slot) || self.spent.contains_key(&request.slot) {
            return Err(RelayError::SlotTaken);
        }
        let state = SlotState { version: 1, value: request.value };
        let until = UnixMillis(now.0 + SLOT_LIFETIME);
        self.open.insert(request.slot, Slot { state: state.clone(), opener: from, other: None, until });
        Ok(Answer::Slot(state))
    }

    pub(super) fn write(
        &mut self,
        now: UnixMillis,
        from: ConnectionId,
        request: WriteSlot,
    ) -> Result<Answer, RelayError> {
        let slot = self.end(now, from, request.slot)?;
        if slot.state.version != request.after {
            return Err(RelayError::SlotConflict);
        }
        slot.state = SlotState { version: request.after + 1, value: request.value };
        let (state, partner) = (slot.state.clone(), slot.partner(from));
        if let Some(partner) = partner {
            self.news.push((partner, Push::Slot { slot: request.slot, state: Some(state.clone()) }));
        }
        Ok(Answer::Slot(state))
    }

    pub(super) fn watch(
        &mut self,
        now: UnixMillis,
        from: ConnectionId,
        slot: SlotId,
    ) -> Result<Answer, RelayError> {
        self.end(now, from, slot).map(|slot| Answer::Slot(slot.state.clone()))
    }

    pub(super) fn close(
        &mut self,
        now: UnixMillis,
        from: ConnectionId,
        slot: SlotId,
    ) -> Result<Answer, RelayError> {
        self.end(now, from, slot)?;
        self.remove(now, slot, Some(from));
        Ok(Answer::Done)
    }

    /// The slot, if this connection is one of its two ends or becomes the second one now.
    fn end(&mut self, now: UnixMillis, from: ConnectionId, slot: SlotId) -> Result<&mut Slot, RelayError> {
        self.expire(now);
        let slot = self.open.get_mut(&slot).ok_or(RelayError::UnknownSlot)?;
        if from != slot.opener && *slot.other.get_or_insert(from) != from {
            return Err(RelayError::UnknownSlot);
        }
        Ok(slot)
    }

    fn expire(&mut self, now: UnixMillis) {
        let old: Vec<SlotId> =
            self.open.iter().filter(|(_, slot)| slot.until <= now).map(|(id, _)| *id).collect();
        for slot in old {
            self.remove(now, slot, None);
        }
        self.spent.retain(|_, until| *until > now);
    }

    pub(super) fn disconnect(&mut self, now: UnixMillis, connection: ConnectionId) {
        let of = |slot: &Slot| slot.opener == connection || slot.other == Some(connection);
        let gone: Vec<SlotId> = self.open.iter().filter(|(_, slot)| of(slot)).map(|(id, _)| *id).collect();
        for slot in gone {
            self.remove(now, slot, Some(connection));
        }
    }

    fn remove(&mut self, now: UnixMillis, id: SlotId, by: Option<ConnectionId>) {
        let Some(slot) = self.open.remove(&id) else { return };
        self.spent.insert(id, UnixMillis(now.0 + SLOT_LIFETIME));
        for end in [Some(slot.opener), slot.other].into_iter().flatten().filter(|end| Some(*end) != by) {
            self.news.push((end, Push::Slot { slot: id, state: None }));
        }
    }

    /// The pushes since the last call.
    pub(super) fn pushes(&mut self) -> Outgoing {
        let news = std::mem::take(&mut self.news);
        news.into_iter().map(|(to, push)| (to, ServerFrame::Push(push).encode().unwrap())).collect()
    }

    /// Every slot with its value.
    pub(super) fn all(&self) -> Vec<(SlotId, SlotState)> {
        self.open.iter().map(|(id, slot)| (*id, slot.state.clone())).collect()
    }
}
