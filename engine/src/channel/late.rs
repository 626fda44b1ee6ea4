//! The holes of a late join: what this device lacks of logs to which it was added after somebody had written there. The
//! device asks the account's other devices for them.

use std::collections::VecDeque;

use parley_protocol::ids::{DeviceId, Era, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::channel::reach::UNKNOWN_ERA;
use crate::channel::transcript::{Short, short};
use crate::domain::content::History;
use crate::domain::conversation::ConversationKey;
use crate::domain::order::Order;
use crate::set::Set;
use crate::table::Table;

/// "I was added to these logs with somebody late, or never. Send me what I lack."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lacking {
    pub(crate) conversation: ConversationKey,
    /// The logs, and the last entry of each that this device cannot read.
    pub(crate) logs: Vec<(LogId, Seq)>,
    /// This device asks for nothing from before this time.
    pub(crate) since: UnixMillis,
    /// This device itself reads these logs after these places.
    pub(crate) reads: Vec<(LogId, Seq)>,
    /// The messages since then that this device has.
    pub(crate) known: Vec<Short>,
}

/// A part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadeUp {
    pub(crate) to: DeviceId,
    pub(crate) history: History,
    /// The eras of these messages' places, in the same order.
    pub(crate) eras: Vec<Option<Era>>,
    /// The places at which unread messages came, in the same order: receipts speak of these places.
    pub(crate) unread: Vec<Option<(LogId, Seq)>>,
}

/// "That was all."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AllMadeUp {
    pub(crate) to: DeviceId,
    /// The requested logs, and whether the sending device was in each from its first entry on.
    pub(crate) logs: Vec<(LogId, bool)>,
    /// How far the account has read logs with that person.
    pub(crate) read: Vec<(LogId, Seq)>,
}

/// A log that begins too late on this device. As stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hole {
    pub(crate) conversation: ConversationKey,
    /// The last entry that this device cannot read; [`ALL`] for a log in which this device never was.
    pub(crate) upto: Seq,
    /// Where a marker would stand.
    pub(crate) stored: UnixMillis,
    /// Whether messages may be missing if no device knows better: not if the log may well be older than this device in its
    /// account.
    pub(crate) young: bool,
    /// The log of the account's own conversation in which this device asked.
    pub(crate) asked: Option<LogId>,
    /// Devices that were not there either.
    pub(crate) without: Set<DeviceId>,
    pub(crate) marker: Option<(Order, MessageId)>,
    /// Other devices will send nothing more.
    pub(crate) closed: bool,
    /// The number of own texts there, as the contact says, who has sent all others again.
    pub(crate) told: Option<u32>,
}

/// What this device knows of a log other than by reading it. As stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Elsewhere {
    /// This device was added to the log here: it reads nothing up to this place.
    pub(crate) began: Seq,
    /// Messages that came other than by reading the log: their first places, and the eras of these.
    messages: VecDeque<(Short, Seq, Era)>,
    /// Of such messages that this device remembers no more: the greatest number, and their era, if it is the same for all.
    forgotten: Option<(Seq, Era)>,
}

impl Elsewhere {
    /// A message of this log came other than by reading it. Its first place may have the number of another message here.
    pub(crate) fn came(&mut self, id: &MessageId, seq: Seq, era: Era) {
        let id = short(id.as_bytes());
        if !self.messages.iter().any(|(known, ..)| *known == id) {
            self.messages.push_back((id, seq, era));
            while self.messages.len() > REMEMBERED
                && let Some((_, seq, era)) = self.messages.pop_front()
            {
                self.forget(seq, era);
            }
        }
    }

    fn forget(&mut self, seq: Seq, era: Era) {
        let (upto, of) = self.forgotten.unwrap_or((seq, era));
        self.forgotten = Some((upto.max(seq), if of == era { era } else { UNKNOWN_ERA }));
    }

    /// Whether a message with this number may have come so and been forgotten.
    fn has_forgotten(&self, seq: Seq) -> bool {
        self.forgotten.is_some_and(|(upto, _)| seq <= upto)
    }

    /// The era of a number with which a message may have come so and been forgotten. If this device reads the log itself, the
    /// number may be of another message: then nothing is known.
    pub(crate) fn forgotten_era(&self, seq: Seq) -> Option<Era> {
        let (_, era) = self.forgotten.filter(|_| self.has_forgotten(seq))?;
        Some(if seq <= self.began { era } else { UNKNOWN_ERA })
    }

    /// The era of the first place of such a message.
    pub(crate) fn era_of(&self, id: &MessageId) -> Option<Era> {
        let id = short(id.as_bytes());
        self.messages.iter().find(|(known, ..)| *known == id).map(|(.., era)| *era)
    }

    /// Whether another message with this number came so, or may have.
    pub(crate) fn is_taken(&self, seq: Seq, era: Option<Era>) -> bool {
        let era = era.filter(|era| *era != UNKNOWN_ERA);
        let is_another = |(_, known, of): &(Short, Seq, Era)| *known == seq && era != Some(*of);
        self.has_forgotten(seq) || self.messages.iter().any(is_another)
    }
}

/// Messages that this device remembers of each log.
const REMEMBERED: usize = 256;

/// A log in which this device never was.
pub(crate) const ALL: Seq = Seq(u64::MAX);

/// By log.
pub(crate) type Holes = Table<LogId, Hole>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_two_messages_with_one_number_are_told_apart_by_their_eras() {
        let (one, other) = (MessageId([1; 16]), MessageId([2; 16]));
        let mut elsewhere = Elsewhere::default();
        elsewhere.came(&one, Seq(7), Era([1; 8]));
        elsewhere.came(&one, Seq(7), Era([9; 8]));
        assert_eq!((elsewhere.era_of(&one), elsewhere.era_of(&other)), (Some(Era([1; 8])), None));
        let taken = [(7, Some(1)), (7, Some(2)), (7, None), (8, Some(2))]
            .map(|(seq, era)| elsewhere.is_taken(Seq(seq), era.map(|era| Era([era; 8]))));
        assert_eq!(taken, [false, true, true, false]);
        for number in 0..=255 {
            elsewhere.came(&MessageId([number; 16]), Seq(8), Era([1; 8]));
        }
        assert_eq!(elsewhere.messages.len(), 256);
        let bytes = postcard::to_allocvec(&Elsewhere {
            messages: VecDeque::from([(short(&one.0), Seq(7), Era([1; 8]))]),
            began: Seq(300),
            forgotten: Some((Seq(301), Era([2; 8]))),
        });
        insta::assert_snapshot!(crate::hex(&bytes.unwrap()));
    }

    /// The number of the 257th message back may be the number of another message, which this device has read.
    #[test]
    fn p5_a_message_that_is_not_remembered_is_taken_for_no_other() {
        let id = |number: u64| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            MessageId(bytes)
        };
        let era = Era([1; 8]);
        let mut elsewhere = Elsewhere { began: Seq(1), ..Elsewhere::default() };
        for number in 1..=256 {
            elsewhere.came(&id(number), Seq(number), era);
        }
        assert_eq!((elsewhere.forgotten_era(Seq(1)), elsewhere.is_taken(Seq(1), Some(era))), (None, false));
        elsewhere.came(&id(257), Seq(257), era);
        assert_eq!((elsewhere.era_of(&id(1)), elsewhere.era_of(&id(2))), (None, Some(era)));
        assert_eq!(
            (elsewhere.forgotten_era(Seq(1)), elsewhere.is_taken(Seq(1), Some(era))),
            (Some(era), true)
        );
        assert_eq!((elsewhere.forgotten_era(Seq(2)), elsewhere.is_taken(Seq(2), Some(era))), (None, false));
        elsewhere.came(&id(258), Seq(258), era);
        assert_eq!(
            elsewhere.forgotten_era(Seq(2)),
            Some(UNKNOWN_ERA),
            "this device reads what has this number"
        );
        let mut mixed = Elsewhere { began: Seq(9), ..Elsewhere::default() };
        mixed.forget(Seq(3), era);
        mixed.forget(Seq(2), Era([2; 8]));
        assert_eq!(mixed.forgotten_era(Seq(3)), Some(UNKNOWN_ERA), "it may have been either");
        mixed.came(&id(1), Seq(8), UNKNOWN_ERA);
        assert!(mixed.is_taken(Seq(8), Some(UNKNOWN_ERA)), "two that are not known are not the same");
    }

    #[test]
    fn the_record_is_pinned() {
        let mut holes = Holes::new();
        let mut hole = Hole {
            conversation: ConversationKey::Peer(parley_protocol::ids::AccountId([1; 32])),
            upto: Seq(300),
            stored: UnixMillis(301),
            young: true,
            asked: Some(LogId([2; 16])),
            without: Set::default(),
            marker: Some((Order::from_bytes(&[3; 48]), MessageId([4; 16]))),
            closed: false,
            told: Some(2),
        };
        hole.without.insert(DeviceId([5; 16]));
        holes.insert(LogId([6; 16]), hole);
        let bytes = postcard::to_allocvec(&holes).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Holes>(&bytes).unwrap(), holes);
    }
}
