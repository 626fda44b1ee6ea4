//! The list of conversations.

use std::cmp::Reverse;

use parley_engine::view::{ConversationId, ConversationView};
use parley_protocol::ids::UnixMillis;

/// From this many on there is a field to search them.
pub const SEARCH_FROM: usize = 9;

/// All conversations: those in the list, newest first, then those that were deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chats(Vec<ConversationView>);

impl Chats {
    /// Takes all of them.
    #[must_use]
    pub fn new(all: Vec<ConversationView>) -> Self {
        let mut chats = Self::default();
        for chat in all {
            chats.put(chat);
        }
        chats
    }

    /// Takes one that is new or changed.
    pub fn put(&mut self, chat: ConversationView) {
        self.0.retain(|known| known.id != chat.id);
        let place = self.0.partition_point(|known| rank(known) > rank(&chat));
        self.0.insert(place, chat);
    }

    /// Those in the list, newest first.
    #[must_use]
    pub fn all(&self) -> &[ConversationView] {
        let listed = self.0.partition_point(|chat| chat.listed);
        self.0.get(..listed).unwrap_or_default()
    }

    /// The one with this id.
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&ConversationView> {
        self.0.iter().find(|chat| chat.id == id)
    }

    /// Those whose name or username contains `words`, newest first. `lower` makes lower-case letters: the page has the
    /// browser's tables for that and need not bring its own.
    #[must_use]
    pub fn matching(&self, words: &str, lower: impl Fn(&str) -> String) -> Vec<ConversationId> {
        let words = lower(words.trim());
        let words = words.strip_prefix('@').unwrap_or(&words);
        if words.is_empty() {
            return self.all().iter().map(|chat| chat.id).collect();
        }
        self.all().iter().filter(|chat| matches(chat, words, &lower)).map(|chat| chat.id).collect()
    }

    /// Messages not seen yet, in all.
    #[must_use]
    pub fn unread(&self) -> u32 {
        self.0.iter().fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// The one before or after `current`; the first if there is no current one.
    #[must_use]
    pub fn neighbour(&self, current: Option<ConversationId>, forward: bool) -> Option<ConversationId> {
        let all = self.all();
        let place = current.and_then(|id| all.iter().position(|chat| chat.id == id));
        let next = match (place, forward) {
            (None, _) => 0,
            (Some(place), true) => place + 1,
            (Some(place), false) => place.checked_sub(1)?,
        };
        all.get(next).map(|chat| chat.id)
    }
}

fn matches(chat: &ConversationView, words: &str, lower: impl Fn(&str) -> String) -> bool {
    lower(&chat.name).contains(words) || chat.username.as_deref().is_some_and(|name| name.contains(words))
}

/// Greater stands before.
const fn rank(chat: &ConversationView) -> (bool, UnixMillis, Reverse<ConversationId>) {
    (chat.listed, chat.changed, Reverse(chat.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(number: u8, name: &str, changed: u64) -> ConversationView {
        ConversationView {
            id: ConversationId([number; 16]),
            name: name.to_owned(),
            username: Some(format!("user{number}")),
            verified: false,
            last: None,
            unread: u32::from(number),
            changed: UnixMillis(changed),
            warning: None,
            preparing: false,
            waiting: None,
            restored: None,
            draft: String::new(),
            draft_sent: false,
            listed: true,
        }
    }

    fn order(chats: &Chats) -> Vec<u8> {
        chats.all().iter().map(|chat| chat.id.0[0]).collect()
    }

    #[test]
    fn the_newest_comes_first() {
        let mut chats = Chats::new(vec![chat(1, "Ada", 10), chat(2, "Bob", 30)]);
        assert_eq!(order(&chats), [2, 1]);
        chats.put(chat(1, "Ada", 40));
        chats.put(chat(3, "Eve", 5));
        assert_eq!(order(&chats), [1, 2, 3]);
        assert_eq!(chats.unread(), 6);
    }

    #[test]
    fn a_deleted_chat_is_known_and_not_in_the_list() {
        let deleted = ConversationView { listed: false, ..chat(3, "Eve", 99) };
        let chats = Chats::new(vec![deleted, chat(1, "Ada", 10), chat(2, "Bob", 30)]);
        assert_eq!(order(&chats), [2, 1]);
        assert!(chats.get(ConversationId([3; 16])).is_some());
        assert!(chats.matching("eve", str::to_lowercase).is_empty());
        assert_eq!(chats.neighbour(Some(ConversationId([1; 16])), true), None);
    }

    #[test]
    fn search_takes_names_and_usernames() {
        let chats = Chats::new(vec![chat(1, "Ada Lovelace", 1), chat(2, "Bob", 2)]);
        assert_eq!(chats.matching("LOVE", str::to_lowercase), [ConversationId([1; 16])]);
        assert_eq!(chats.matching("@user2", str::to_lowercase), [ConversationId([2; 16])]);
        assert_eq!(chats.matching(" ", str::to_lowercase).len(), 2);
        assert!(chats.matching("nobody", str::to_lowercase).is_empty());
    }

    #[test]
    fn neighbours_end_at_the_ends() {
        let chats = Chats::new(vec![chat(1, "a", 2), chat(2, "b", 1)]);
        let (one, two) = (ConversationId([1; 16]), ConversationId([2; 16]));
        assert_eq!(chats.neighbour(None, true), Some(one));
        assert_eq!(chats.neighbour(Some(one), true), Some(two));
        assert_eq!(chats.neighbour(Some(two), true), None);
        assert_eq!(chats.neighbour(Some(one), false), None);
    }
}
