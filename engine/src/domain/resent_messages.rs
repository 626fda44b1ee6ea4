//! Remembers which messages came to this device by being sent again. If this device does not know the log in which they first
//! stood, nothing else tells when a device asks for them once more. Also remembers which of the messages that may be sent
//! again here came with history.

use parley_protocol::ids::MessageId;
use serde::{Deserialize, Serialize};

use crate::channel::transcript::{Short, short};

/// Remembers at least this many, and at most twice as many.
const REMEMBERED: usize = 4_096;

/// As stored: a new entry changes only the end of the list, which keeps writes small.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ResentMessages(Vec<Short>);

impl ResentMessages {
    /// Whether a message came by being sent again.
    pub(crate) fn contains(&self, id: &MessageId) -> bool {
        self.0.contains(&short(id.as_bytes()))
    }

    /// Notes a message; returns whether it is the first time.
    pub(crate) fn insert(&mut self, id: &MessageId) -> bool {
        self.remember(short(id.as_bytes()))
    }

    /// Whether a message came with history.
    pub(crate) fn has_history(&self, id: &MessageId) -> bool {
        self.0.contains(&with_history(id))
    }

    /// Notes a message that came with history; returns whether it is the first time. The device may still read it at its
    /// place.
    pub(crate) fn insert_history(&mut self, id: &MessageId) -> bool {
        self.remember(with_history(id))
    }

    fn remember(&mut self, id: Short) -> bool {
        if self.0.contains(&id) {
            return false;
        }
        if self.0.len() >= 2 * REMEMBERED {
            self.0.drain(..REMEMBERED);
        }
        self.0.push(id);
        true
    }
}

/// The entry of a message that came with history, in the same list: no message has such an id by chance.
fn with_history(id: &MessageId) -> Short {
    short(id.as_bytes()).map(|byte| !byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_so_many_are_remembered_and_the_oldest_go_first() {
        let id = |number: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            MessageId(bytes)
        };
        let mut came = ResentMessages::default();
        for number in 0..2 * REMEMBERED {
            assert!(came.insert(&id(number)) && !came.insert(&id(number)));
        }
        assert!(!came.insert(&id(0)));
        assert!(came.insert(&id(2 * REMEMBERED)));
        assert_eq!(came.0.len(), REMEMBERED + 1);
        assert!(!came.insert(&id(REMEMBERED)) && came.insert(&id(REMEMBERED - 1)));
    }

    #[test]
    fn p5_what_came_with_history_is_told_from_what_was_sent_again() {
        let (one, other) = (MessageId([1; 16]), MessageId([2; 16]));
        let mut came = ResentMessages::default();
        assert!(came.insert_history(&one) && !came.insert_history(&one));
        assert!(came.has_history(&one) && !came.contains(&one));
        assert!(came.insert(&other));
        assert!(came.contains(&other) && !came.has_history(&other));
    }

    #[test]
    fn the_record_is_pinned() {
        let mut came = ResentMessages::default();
        for byte in [1, 2] {
            came.insert(&MessageId([byte; 16]));
        }
        let bytes = postcard::to_allocvec(&came).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        let after: ResentMessages = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(after.0, came.0);
    }
}
