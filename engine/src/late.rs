//! What a device lacks of logs into which it was let late: after somebody had written there. The account's other devices
//! are asked for it.

use parley_protocol::ids::{AccountId, DeviceId, Era, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::content::History;
use crate::set::Set;
use crate::table::Table;
use crate::trail::Short;
use crate::view::Order;

/// "I was let into these logs with somebody late, or never. Send me what I do not have."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lacking {
    pub(crate) peer: AccountId,
    /// The logs, and the last entry of each that cannot be read.
    pub(crate) logs: Vec<(LogId, Seq)>,
    /// Nothing from before is asked for.
    pub(crate) since: UnixMillis,
    /// What stands in these logs after these places is read there.
    pub(crate) reads: Vec<(LogId, Seq)>,
    /// What there is since then.
    pub(crate) known: Vec<Short>,
}

/// A part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadeUp {
    pub(crate) to: DeviceId,
    pub(crate) history: History,
    /// When the places of these messages were given out, in their order.
    pub(crate) eras: Vec<Option<Era>>,
}

/// "That was all."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AllMadeUp {
    pub(crate) to: DeviceId,
    /// The logs that were asked for, and whether the sending device was in each from its first entry on.
    pub(crate) logs: Vec<(LogId, bool)>,
    /// How far logs with that person were read.
    pub(crate) read: Vec<(LogId, Seq)>,
}

/// A log that begins too late on this device. As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hole {
    pub(crate) peer: AccountId,
    /// The last entry that cannot be read; [`ALL`] of a log in which this device never was.
    pub(crate) upto: Seq,
    /// Where a marker would stand.
    pub(crate) stored: UnixMillis,
    /// Whether something of it may be missing without any device that knows better: not where the log may well be older than
    /// this device in its account.
    pub(crate) young: bool,
    /// In which log of the account's own conversation it was asked for.
    pub(crate) asked: Option<LogId>,
    /// Devices that were not there either.
    pub(crate) without: Set<DeviceId>,
    pub(crate) marker: Option<(Order, MessageId)>,
    /// Nothing more is to be expected.
    pub(crate) closed: bool,
}

/// A log in which this device never was.
pub(crate) const ALL: Seq = Seq(u64::MAX);

/// By log.
pub(crate) type Holes = Table<LogId, Hole>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_pinned() {
        let mut holes = Holes::new();
        let mut hole = Hole {
            peer: AccountId([1; 32]),
            upto: Seq(300),
            stored: UnixMillis(301),
            young: true,
            asked: Some(LogId([2; 16])),
            without: Set::default(),
            marker: Some((Order([3; 24]), MessageId([4; 16]))),
            closed: false,
        };
        hole.without.insert(DeviceId([5; 16]));
        holes.insert(LogId([6; 16]), hole);
        let bytes = postcard::to_allocvec(&holes).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Holes>(&bytes).unwrap(), holes);
    }
}
