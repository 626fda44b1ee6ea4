//! The order of messages: where a message stands in its conversation.

use parley_protocol::ids::{LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

/// Length of an [`Order`] in bytes.
pub(crate) const LENGTH: usize = 48;

/// The order of a message in its conversation: by the time at which the relay stored it, then by its place in its log, then
/// by its fingerprint. Two different messages never have the same order, whatever their author claims.
///
/// As bytes (a message's record key ends with them) it is the time, the number, the log and the fingerprint, each big
/// endian: bytes sort as orders do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Order {
    stored: UnixMillis,
    seq: Seq,
    log: LogId,
    fingerprint: Fingerprint,
}

/// The fingerprint of a message: the beginning of a hash over its author, its id and its body. Zero for markers, which are
/// this device's own, and for waiting messages.
pub(crate) type Fingerprint = [u8; 16];

impl Order {
    /// Where a stored message stands.
    pub(crate) const fn new(stored: UnixMillis, seq: Seq, log: LogId, fingerprint: Fingerprint) -> Self {
        Self { stored, seq, log, fingerprint }
    }

    /// Where a marker stands.
    pub(crate) const fn of_marker(stored: UnixMillis, seq: Seq, log: LogId) -> Self {
        Self::new(stored, seq, log, [0; 16])
    }

    /// Where a waiting message stands: after everything stored.
    pub(crate) const fn of_waiting(number: u64) -> Self {
        Self::new(UnixMillis(u64::MAX), Seq(number), LogId([0; 16]), [0; 16])
    }

    /// When the relay stored the message.
    pub(crate) const fn stored(&self) -> UnixMillis {
        self.stored
    }

    /// Its number in its log.
    pub(crate) const fn seq(&self) -> Seq {
        self.seq
    }

    /// Its log, or what stands for it.
    pub(crate) const fn log(&self) -> &LogId {
        &self.log
    }

    /// Whether the message is not at the relay yet: it gets another place once it is there.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.stored.0 == u64::MAX
    }

    /// The place right before this one; the first has none before it.
    #[must_use]
    pub(crate) fn previous(&self) -> Self {
        let mut place = self.to_bytes();
        for byte in place.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                return Self::from_bytes(&place);
            }
        }
        *self
    }

    /// The place right after this one; after the last comes the first.
    pub(crate) fn next(&self) -> Self {
        let mut place = self.to_bytes();
        for byte in place.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        Self::from_bytes(&place)
    }

    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let parts = self.stored.0.to_be_bytes().into_iter().chain(self.seq.0.to_be_bytes());
        let parts = parts.chain(self.log.0).chain(self.fingerprint);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Out of its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        fn part<const N: usize>(bytes: &[u8; LENGTH], from: usize) -> [u8; N] {
            let part = bytes.get(from..).and_then(|bytes| bytes.first_chunk::<N>());
            part.copied().unwrap_or([0; N])
        }
        Self {
            stored: UnixMillis(u64::from_be_bytes(part(bytes, 0))),
            seq: Seq(u64::from_be_bytes(part(bytes, 8))),
            log: LogId(part(bytes, 16)),
            fingerprint: part(bytes, 32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([0xA1, 0, 0xFF, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    /// Orders are stored: every build must compute the same.
    #[test]
    fn an_order_as_bytes_is_pinned() {
        let order = Order::new(UnixMillis(0x0102), Seq(0x0304), LOG, [9; 16]);
        let bytes = order.to_bytes();
        assert_eq!(bytes[..16], [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 3, 4]);
        assert_eq!((&bytes[16..32], &bytes[32..]), (LOG.0.as_slice(), [9; 16].as_slice()));
        assert_eq!(Order::from_bytes(&bytes), order);
        assert_eq!((order.stored(), order.seq(), *order.log()), (UnixMillis(0x0102), Seq(0x0304), LOG));
    }

    #[test]
    fn bytes_sort_as_orders_do() {
        let order =
            |stored, seq, log, last| Order::new(UnixMillis(stored), Seq(seq), LogId([log; 16]), [last; 16]);
        let sorted = [
            order(1, 9, 9, 9),
            order(2, 1, 9, 9),
            order(2, 0x0100, 1, 9),
            order(2, 0x0100, 2, 0),
            order(2, 0x0100, 2, 1),
            Order::of_waiting(0),
            Order::of_waiting(1),
        ];
        assert!(sorted.is_sorted() && sorted.map(|order| order.to_bytes()).is_sorted());
        let last = order(u64::MAX - 1, u64::MAX, 0xFF, 0xFF);
        assert!(last < Order::of_waiting(0) && !last.is_waiting() && Order::of_waiting(3).is_waiting());
    }

    #[test]
    fn the_next_place_and_the_one_before_carry_over() {
        let place = |last: [u8; 2]| {
            let mut bytes = [7; LENGTH];
            bytes[46..].copy_from_slice(&last);
            Order::from_bytes(&bytes)
        };
        for (one, next) in [([1, 2], [1, 3]), ([1, 0xFF], [2, 0])] {
            assert_eq!((place(one).next(), place(next).previous()), (place(next), place(one)));
        }
        let (first, last) = (Order::from_bytes(&[0; LENGTH]), Order::from_bytes(&[0xFF; LENGTH]));
        assert_eq!((last.next(), first.previous()), (first, first));
    }
}
