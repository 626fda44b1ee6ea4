//! What stands in the composer of a conversation and was not sent.

use parley_protocol::ids::{AccountId, UnixMillis};
use serde::{Deserialize, Serialize};

/// One conversation's draft. As it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) text: String,
    /// When it was changed last, by the clock of the device where it was, and always later than before.
    pub(crate) edited: UnixMillis,
    /// The other devices have been told, or it came from them.
    pub(crate) told: bool,
}

/// A draft, as devices tell each other. An empty one says that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftNews {
    pub(crate) peer: AccountId,
    pub(crate) text: String,
    pub(crate) edited: UnixMillis,
}

/// Whether drafts go to the other devices. As it is stored, and as devices tell each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftSetting {
    pub(crate) on: bool,
    version: u32,
}

impl Draft {
    /// The person changed it.
    pub(crate) fn edit(&mut self, text: String, now: UnixMillis) {
        self.edited = now.max(UnixMillis(self.edited.0.saturating_add(1)));
        self.text = text;
        self.told = false;
    }

    /// Another device has another one: the newest wins, and of two from one moment the same one everywhere. Whether it
    /// was taken.
    pub(crate) fn take(&mut self, news: &DraftNews) -> bool {
        if (news.edited, &news.text) <= (self.edited, &self.text) {
            return false;
        }
        *self = Self { text: news.text.clone(), edited: news.edited, told: true };
        true
    }
}

impl DraftSetting {
    /// The person turned it.
    pub(crate) const fn turn(&mut self, on: bool) {
        self.on = on;
        self.version = self.version.saturating_add(1);
    }

    /// Another device has it so: the newest version holds, and of two that are as new the one that tells less. Whether
    /// it was taken.
    pub(crate) fn take(&mut self, news: Self) -> bool {
        let newer = (news.version, !news.on) > (self.version, !self.on);
        if newer {
            *self = news;
        }
        newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(text: &str, edited: u64) -> DraftNews {
        DraftNews { peer: AccountId([4; 32]), text: text.to_owned(), edited: UnixMillis(edited) }
    }

    #[test]
    fn the_newest_draft_wins_in_any_order() {
        let all = [news("one", 5), news("two", 7), news("", 7), news("three", 6)];
        for first in 0..all.len() {
            let mut draft = Draft::default();
            for place in 0..all.len() {
                draft.take(&all[(first + place) % all.len()]);
            }
            assert_eq!((draft.text.as_str(), draft.edited.0), ("two", 7));
        }
    }

    #[test]
    fn an_edit_is_newer_than_what_a_fast_clock_wrote() {
        let mut draft = Draft::default();
        draft.take(&news("from the future", 1_000));
        draft.edit("now".to_owned(), UnixMillis(10));
        assert_eq!(draft.edited, UnixMillis(1_001));
        assert!(!draft.take(&news("from the future", 1_000)));
    }

    #[test]
    fn two_devices_that_turn_it_at_once_come_to_the_same() {
        let (mut one, mut other) = (DraftSetting::default(), DraftSetting::default());
        one.turn(true);
        other.turn(true);
        other.turn(false);
        one.turn(true);
        let (before, after) = (one, other);
        one.take(after);
        other.take(before);
        assert_eq!(one, other);
        assert!(!one.on);
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let draft = Draft { text: "h\u{e9}".to_owned(), edited: UnixMillis(300), told: true };
        let mut setting = DraftSetting::default();
        setting.turn(true);
        let bytes =
            [postcard::to_allocvec(&draft).unwrap(), postcard::to_allocvec(&setting).unwrap()].concat();
        insta::assert_snapshot!(crate::hex(&bytes));
    }
}
