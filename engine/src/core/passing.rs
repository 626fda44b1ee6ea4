//! How messages pass the relay: what is kept of it with each, and shown on demand.

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{AccountId, Epoch, LogId, MessageId, Seq, UnixMillis};
use parley_protocol::padding::unpad;

use super::Engine;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::domain::outbox::Sealed;
use crate::domain::passage::{Inside, Passage};
use crate::mls::group::Group;
use crate::set::Set;
use crate::table::Table;
use crate::view::{ConversationId, RelaySaw};

/// What is at hand of it.
#[derive(Default)]
pub(super) struct Passing {
    /// What was inside of what is sealed and waits for the relay, by number in the outbox.
    sealed: Table<u64, Inside>,
    /// How many devices and people were in a log in an epoch.
    readers: Table<LogId, (Epoch, u32, u32)>,
    /// What was inside of the entry that is being read.
    opened: Inside,
    /// The message that is being stored, by its author's name for it, and how it passed.
    now: Option<(AccountId, MessageId, Passage)>,
}

/// Bytes before and after padding.
fn sizes(padded: &[u8]) -> Option<(u32, u32)> {
    let plain = unpad(padded).ok()?.len();
    Some((u32::try_from(plain).ok()?, u32::try_from(padded.len()).ok()?))
}

impl Engine {
    /// This was encrypted and waits. What is kept for who comes later stands beside the MLS message, so that its padding says nothing.
    pub(super) fn note_sealed(&mut self, id: &LogId, number: u64, padded: Option<&[u8]>) {
        let inside = self.inside(id, padded);
        self.places.passing.sealed.insert(number, inside);
    }

    /// This was decrypted, of the entry that is being read.
    pub(super) fn note_opened(&mut self, id: &LogId, padded: Option<&[u8]>) {
        self.places.passing.opened = self.inside(id, padded);
    }

    fn inside(&mut self, id: &LogId, padded: Option<&[u8]>) -> Inside {
        let Some(group) = self.groups.get(id) else { return Inside::default() };
        let epoch = group.epoch();
        let known = self.places.passing.readers.get(id).filter(|known| known.0 == epoch);
        let (_, devices, people) = known.copied().unwrap_or_else(|| {
            let (devices, people) = readers(group);
            self.places.passing.readers.insert(*id, (epoch, devices, people));
            (epoch, devices, people)
        });
        Inside { sizes: padded.and_then(sizes), devices, people }
    }

    /// The message that is stored next came in this entry.
    pub(super) fn passes_in(
        &mut self,
        id: &LogId,
        entry: &LogEntry,
        time: UnixMillis,
        (by, message): (AccountId, MessageId),
    ) {
        let place = (*id, entry.seq, time);
        let passage = Passage::of(place, entry.epoch, entry.append, &entry.payload);
        let inside = std::mem::take(&mut self.places.passing.opened);
        self.places.passing.now = Some((by, message, Passage { inside, ..passage }));
    }

    /// The own message that is stored next was given to the relay so.
    pub(super) fn passes_out(
        &mut self,
        number: u64,
        sealed: &Sealed,
        (seq, time): (Seq, UnixMillis),
        message: MessageId,
    ) {
        let inside = self.places.passing.sealed.remove(&number).unwrap_or_default();
        let Some(own) = self.account.as_ref().map(|account| account.id) else { return };
        let passage = Passage::of((sealed.log, seq, time), sealed.epoch, sealed.append, &sealed.payload);
        self.places.passing.now = Some((own, message, Passage { inside, ..passage }));
    }

    /// Nothing passes any more.
    pub(super) fn has_passed(&mut self) {
        self.places.passing.now = None;
    }

    /// How the message passed that is being stored. What was deleted leaves nothing.
    pub(super) fn passage_of(&self, message: &Message) -> Option<&Passage> {
        let (by, id, passage) = self.places.passing.now.as_ref()?;
        (message.id == *id && message.is_by(by) && message.part().is_some()).then_some(passage)
    }

    /// The same for views.
    pub(super) fn relay_saw(
        &self,
        id: ConversationId,
        message: &Message,
        passage: Passage,
    ) -> Option<RelaySaw> {
        let author = message.author.as_ref()?;
        let key = self.conversations.get(&id).map(|conversation| conversation.key);
        Some(RelaySaw {
            log: passage.log,
            seq: passage.seq,
            time: passage.time,
            epoch: passage.epoch,
            append: passage.append,
            length: passage.length,
            hash: passage.hash,
            begins: passage.begins,
            sizes: passage.inside.sizes,
            devices: passage.inside.devices,
            people: passage.inside.people,
            author: self.author_view(&author.account),
            device: author.device,
            own: self.is_own_account(&author.account),
            signed: author.proof.is_some(),
            in_group: matches!(key, Some(ConversationKey::Group(_))),
        })
    }
}

fn readers(group: &Group) -> (u32, u32) {
    let leaves = group.leaves();
    let people: Set<AccountId> = leaves.iter().map(|leaf| leaf.account).collect();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (count(leaves.len()), count(people.iter().count()))
}
