//! The table of slots with their ends and rules, without locks and clocks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parley_protocol::frame::{OpenSlot, Push, RelayError, ServerFrame, SlotState, WriteSlot};
use parley_protocol::ids::SlotId;

use crate::connection::Outbox;

/// The most values of one slot. This bounds what waits for an end that does not read, because these pushes do not wait for room
/// in the outbox.
pub(super) const MAX_VALUES: u32 = 64;

/// The most slots, and their lifetime.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) slots: usize,
    pub(crate) per_connection: usize,
    pub(crate) lifetime: Duration,
}

/// The name of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PartyId(pub(super) u64);

/// A connection that can be an end of slots.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) id: PartyId,
    pub(crate) outbox: Arc<Outbox>,
}

/// A connection that is an end of at least one slot.
struct Present {
    outbox: Arc<Outbox>,
    slots: Vec<SlotId>,
}

struct End {
    party: PartyId,
    /// The value that this end wrote last, to recognise a retry.
    wrote: Option<Arc<SlotState>>,
}

struct Slot {
    /// The slot's place in the order of openings.
    serial: u64,
    end_of_life: Instant,
    state: Arc<SlotState>,
    opener: End,
    other: Option<End>,
}

impl Slot {
    /// This party's end, and the other party.
    fn ends(&mut self, party: PartyId) -> Option<(&mut End, Option<PartyId>)> {
        let other = self.other.as_ref().map(|end| end.party);
        if self.opener.party == party {
            return Some((&mut self.opener, other));
        }
        let opener = self.opener.party;
        self.other.as_mut().filter(|end| end.party == party).map(|end| (end, Some(opener)))
    }

    fn parties(&self) -> impl Iterator<Item = PartyId> {
        [Some(&self.opener), self.other.as_ref()].into_iter().flatten().map(|end| end.party)
    }
}

/// The living slots.
pub(crate) struct Table {
    bounds: Bounds,
    opened: u64,
    slots: HashMap<SlotId, Slot>,
    /// The slots by serial number. The first one ends first.
    order: BTreeMap<u64, SlotId>,
    present: HashMap<PartyId, Present>,
    /// The ids of ended slots in the order in which they ended, each with the time until which nobody may use it.
    spent: VecDeque<(Instant, SlotId)>,
}

impl Table {
    pub(super) fn new(bounds: Bounds) -> Self {
        let (slots, order, present) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { bounds, opened: 0, slots, order, present, spent: VecDeque::new() }
    }

    /// Whether the party is an end of the slot.
    pub(crate) fn is_end(&self, party: PartyId, slot: &SlotId) -> bool {
        self.present.get(&party).is_some_and(|present| present.slots.contains(slot))
    }

    /// The time of the next expiry, if no party acts before: of a slot, or of an ended slot's id.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let rested = self.spent.front().map(|(until, _)| *until);
        [self.next_end(), rested].into_iter().flatten().min()
    }

    /// When the next slot ends, if no party ends it before.
    pub(super) fn next_end(&self) -> Option<Instant> {
        let (_, first) = self.order.first_key_value()?;
        self.slots.get(first).map(|slot| slot.end_of_life)
    }

    /// Makes a slot whose first end is `party`.
    pub(crate) fn open(
        &mut self,
        party: &Party,
        request: OpenSlot,
        now: Instant,
    ) -> Result<SlotState, RelayError> {
        self.has_room(party.id)?;
        if self.slots.contains_key(&request.slot) || self.is_spent(&request.slot) {
            return Err(RelayError::SlotTaken);
        }
        if self.slots.len() >= self.bounds.slots {
            let wait = self.next_end().map(|end| end.saturating_duration_since(now)).unwrap_or_default();
            let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(RelayError::RateLimited { retry_after_ms: wait });
        }
        let end_of_life = now.checked_add(self.bounds.lifetime).ok_or(RelayError::Internal)?;
        let first = SlotState { version: 1, value: request.value };
        let state = Arc::new(first.clone());
        let opener = End { party: party.id, wrote: Some(Arc::clone(&state)) };
        self.opened = self.opened.saturating_add(1);
        let serial = self.opened;
        self.order.insert(serial, request.slot);
        self.slots.insert(request.slot, Slot { serial, end_of_life, state, opener, other: None });
        self.enter(party, request.slot);
        Ok(first)
    }

    /// Makes `party` the second end of a slot. The answer to a connection with too many slots does not depend on the slot.
    pub(crate) fn join(&mut self, party: &Party, slot: SlotId) -> Result<(), RelayError> {
        self.has_room(party.id)?;
        let open = self.slots.get_mut(&slot).filter(|found| found.other.is_none());
        let found = open.ok_or(RelayError::UnknownSlot)?;
        found.other = Some(End { party: party.id, wrote: None });
        self.enter(party, slot);
        Ok(())
    }

    /// Writes a value into a slot whose writer has seen `request.after` as the last, and tells the other end.
    pub(crate) fn write(&mut self, party: PartyId, request: WriteSlot) -> Result<SlotState, RelayError> {
        let WriteSlot { slot: id, after, value } = request;
        let slot = self.slots.get_mut(&id).ok_or(RelayError::UnknownSlot)?;
        let last = slot.state.version;
        let (end, other) = slot.ends(party).ok_or(RelayError::UnknownSlot)?;
        let version = after.checked_add(1).ok_or(RelayError::SlotConflict)?;
        let state = SlotState { version, value };
        if end.wrote.as_deref() == Some(&state) {
            return Ok(state);
        }
        if after != last {
            return Err(RelayError::SlotConflict);
        }
        if last >= MAX_VALUES {
            return Err(RelayError::QuotaExceeded);
        }
        let shared = Arc::new(state.clone());
        end.wrote = Some(Arc::clone(&shared));
        slot.state = shared;
        if let Some(other) = other {
            self.tell(other, id, Some(state.clone()));
        }
        Ok(state)
    }

    /// The value in a slot of which `party` is an end.
    pub(crate) fn read(&mut self, party: PartyId, slot: &SlotId) -> Result<SlotState, RelayError> {
        let found = self.slots.get_mut(slot).ok_or(RelayError::UnknownSlot)?;
        found.ends(party).ok_or(RelayError::UnknownSlot)?;
        Ok(SlotState::clone(&found.state))
    }

    /// Ends a slot of which `party` is an end, and tells the other end.
    pub(crate) fn close(&mut self, party: PartyId, slot: &SlotId, now: Instant) -> Result<(), RelayError> {
        if !self.is_end(party, slot) {
            return Err(RelayError::UnknownSlot);
        }
        self.end(slot, Some(party), now);
        Ok(())
    }

    /// Ends the slots of a party whose connection is gone.
    pub(crate) fn leave(&mut self, party: PartyId, now: Instant) {
        let slots = self.present.get(&party).map(|present| present.slots.clone()).unwrap_or_default();
        for slot in slots {
            self.end(&slot, Some(party), now);
        }
    }

    /// Ends expired slots and tells both ends. Frees the ids whose rest is over.
    pub(super) fn expire(&mut self, now: Instant) {
        while self.next_end().is_some_and(|end| end <= now)
            && let Some((_, first)) = self.order.first_key_value()
        {
            let first = *first;
            self.end(&first, None, now);
        }
        while self.spent.pop_front_if(|(until, _)| *until <= now).is_some() {}
    }

    /// Whether a slot with this id ended recently.
    fn is_spent(&self, slot: &SlotId) -> bool {
        self.spent.iter().any(|(_, spent)| spent == slot)
    }

    /// Keeps the id of an ended slot unusable as long as somebody may still come with its code: an attacker who has guessed at
    /// one end would have another guess as the other. Forgets the oldest ids if there are more than the most slots.
    fn spend(&mut self, slot: SlotId, now: Instant) {
        if self.spent.len() >= self.bounds.slots {
            self.spent.pop_front();
        }
        if let Some(until) = now.checked_add(self.bounds.lifetime) {
            self.spent.push_back((until, slot));
        }
    }

    fn has_room(&self, party: PartyId) -> Result<(), RelayError> {
        let count = self.present.get(&party).map_or(0, |present| present.slots.len());
        if count < self.bounds.per_connection { Ok(()) } else { Err(RelayError::QuotaExceeded) }
    }

    fn enter(&mut self, party: &Party, slot: SlotId) {
        let absent = || Present { outbox: Arc::clone(&party.outbox), slots: Vec::new() };
        self.present.entry(party.id).or_insert_with(absent).slots.push(slot);
    }

    /// Removes a slot, and tells its ends except `knows`.
    fn end(&mut self, id: &SlotId, knows: Option<PartyId>, now: Instant) {
        let Some(slot) = self.slots.remove(id) else { return };
        self.spend(*id, now);
        self.order.remove(&slot.serial);
        for party in slot.parties() {
            if Some(party) != knows {
                self.tell(party, *id, None);
            }
            if let Some(present) = self.present.get_mut(&party) {
                present.slots.retain(|other| other != id);
                if present.slots.is_empty() {
                    self.present.remove(&party);
                }
            }
        }
    }

    fn tell(&self, party: PartyId, slot: SlotId, state: Option<SlotState>) {
        if let Some(present) = self.present.get(&party) {
            present.outbox.push_frame(&ServerFrame::Push(Push::Slot { slot, state }));
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.order.is_empty() && self.present.is_empty()
    }
}
