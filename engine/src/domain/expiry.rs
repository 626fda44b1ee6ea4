//! Messages that disappear: how long they last in a conversation, and since when those count that have begun to. A message itself says
//! how long it lasts (MIMI's `expires`), counted from reading; that it holds on every device is the devices' own doing.

use parley_protocol::ids::{AccountId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::domain::conversation::ConversationKey;
use crate::domain::order::Order;

/// Longest time that a message may last, in seconds. What says more lasts so long.
pub(crate) const LONGEST: u32 = 28 * 24 * 3_600;

/// How long messages last that are written into a conversation from now on. What stands last in its history holds. As it is stored,
/// and as the account's devices tell each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub(crate) conversation: ConversationKey,
    /// In seconds; zero for good.
    pub(crate) seconds: u32,
    /// Where the message stands that says so.
    pub(crate) order: Order,
    /// Who said it.
    pub(crate) by: AccountId,
}

/// A message that will disappear. As it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expiring {
    pub(crate) conversation: ConversationKey,
    pub(crate) order: Order,
    pub(crate) seconds: u32,
    /// Since when that counts; not yet while it is unread.
    pub(crate) since: Option<UnixMillis>,
}

impl Expiring {
    /// When it is to be gone, if that is known already.
    pub(crate) fn ends(&self) -> Option<UnixMillis> {
        self.since.map(|since| end(since, self.seconds))
    }

    pub(crate) fn is_over(&self, now: UnixMillis) -> bool {
        self.ends().is_some_and(|end| end <= now)
    }
}

/// When something is to be gone that counts since then.
pub(crate) fn end(since: UnixMillis, seconds: u32) -> UnixMillis {
    UnixMillis(since.0.saturating_add(u64::from(seconds.min(LONGEST)).saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::{LogId, Seq};

    use super::*;

    fn order() -> Order {
        Order::new(UnixMillis(300), Seq(7), LogId([7; 16]), [1; 16])
    }

    #[test]
    fn what_is_not_read_does_not_end_and_nothing_lasts_longer_than_the_longest() {
        let conversation = ConversationKey::Peer(AccountId([4; 32]));
        let unread = Expiring { conversation, order: order(), seconds: 60, since: None };
        assert!(!unread.is_over(UnixMillis(u64::MAX)));
        let read = Expiring { since: Some(UnixMillis(1_000)), ..unread };
        assert!(!read.is_over(UnixMillis(60_999)) && read.is_over(UnixMillis(61_000)));
        assert_eq!(end(UnixMillis(0), u32::MAX), end(UnixMillis(0), LONGEST));
        assert_eq!(end(UnixMillis(u64::MAX), 1), UnixMillis(u64::MAX));
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let conversation = ConversationKey::Peer(AccountId([4; 32]));
        let timer = Timer { conversation, seconds: 3_600, order: order(), by: AccountId([5; 32]) };
        let bytes = postcard::to_allocvec(&timer).unwrap();
        insta::assert_snapshot!("timer", crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Timer>(&bytes).unwrap(), timer);
        let expiring = Expiring { conversation, order: order(), seconds: 60, since: Some(UnixMillis(9)) };
        let bytes = postcard::to_allocvec(&expiring).unwrap();
        insta::assert_snapshot!("expiring", crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Expiring>(&bytes).unwrap(), expiring);
    }
}
