//! The draft of a conversation: the text in its composer that was not sent.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::domain::conversation::ConversationKey;

/// One conversation's draft. As stored, and as devices tell each other; an empty one says that there is no draft any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) conversation: ConversationKey,
    pub(crate) text: String,
    /// When the person last changed it, by the clock of that device, and always later than before.
    pub(crate) edited: UnixMillis,
}

impl Draft {
    /// An empty draft.
    pub(crate) const fn new(conversation: ConversationKey) -> Self {
        Self { conversation, text: String::new(), edited: UnixMillis(0) }
    }

    /// The person changed the draft.
    pub(crate) fn edit(&mut self, text: String, now: UnixMillis) {
        self.edited = now.max(UnixMillis(self.edited.0.saturating_add(1)));
        self.text = text;
    }

    /// Another device has another draft: the newest wins, and of two from the same moment the same one everywhere. Returns
    /// whether the other was taken.
    pub(crate) fn take(&mut self, other: Self) -> bool {
        let newer = (other.edited, &other.text) > (self.edited, &self.text);
        if newer {
            *self = other;
        }
        newer
    }
}

/// Whether drafts go to the other devices, as a count of how often the person has changed the setting: it is on when the
/// count is odd. The greatest count is valid everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftSetting(pub(crate) u32);

impl DraftSetting {
    pub(crate) const fn is_on(self) -> bool {
        self.0 % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::AccountId;

    use super::*;

    fn draft(text: &str, edited: u64) -> Draft {
        Draft {
            text: text.to_owned(),
            edited: UnixMillis(edited),
            ..Draft::new(ConversationKey::Peer(AccountId([4; 32])))
        }
    }

    #[test]
    fn the_newest_draft_wins_in_any_order() {
        let all = [draft("one", 5), draft("two", 7), draft("", 7), draft("three", 6)];
        for first in 0..all.len() {
            let mut known = draft("", 0);
            for place in 0..all.len() {
                known.take(all[(first + place) % all.len()].clone());
            }
            assert_eq!(known, draft("two", 7));
        }
    }

    #[test]
    fn an_edit_is_newer_than_what_a_fast_clock_wrote() {
        let mut known = draft("from the future", 1_000);
        known.edit("now".to_owned(), UnixMillis(10));
        assert_eq!(known, draft("now", 1_001));
        assert!(!known.take(draft("from the future", 1_000)));
        assert!(!known.take(draft("now", 1_001)), "the same is no news");
    }

    #[test]
    fn the_setting_is_on_when_its_count_is_odd() {
        assert_eq!([0, 1, 2, 3].map(|count| DraftSetting(count).is_on()), [false, true, false, true]);
    }
}
