//! Keeps the list of conversations in order, and searches it.

use std::cmp::Reverse;
use std::collections::HashMap;

use parley_engine::view::{Consent, ConversationId, ConversationView, GroupStanding};
use parley_protocol::ids::UnixMillis;

use crate::model::lookalikes;
use crate::model::unicode::Unicode;

/// The number of conversations from which on the list has a search field.
pub const SEARCH_FROM: usize = 9;

/// A conversation, with its name as the search and the comparison of names need it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    chat: ConversationView,
    /// Name and username, folded for the search.
    folded: String,
    /// The skeleton of the name: equal for names that look alike.
    looks: String,
    /// Another name in the list looks the same.
    twin: bool,
}

/// All conversations. First those in the list: pinned ones, then the others, then archived ones, each newest first. Then those
/// outside of the list: requests and deleted chats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chats(Vec<Entry>);

impl Chats {
    /// Takes all conversations.
    #[must_use]
    pub fn new(all: Vec<ConversationView>, unicode: &impl Unicode) -> Self {
        let mut entries: Vec<Entry> = all.into_iter().map(|chat| Entry::new(chat, None, unicode)).collect();
        entries.sort_by_key(|entry| Reverse(rank(&entry.chat)));
        let mut seen: HashMap<String, u32> = HashMap::new();
        for entry in entries.iter().filter(|entry| stands(&entry.chat)) {
            *seen.entry(entry.looks.clone()).or_default() += 1;
        }
        for entry in &mut entries {
            entry.twin = seen.get(&entry.looks).is_some_and(|count| *count > 1);
        }
        Self(entries)
    }

    /// Takes a new or changed conversation.
    pub fn put(&mut self, chat: ConversationView, unicode: &impl Unicode) {
        let known =
            self.0.iter().position(|known| known.chat.id == chat.id).map(|place| self.0.remove(place));
        let entry = Entry::new(chat, known.as_ref(), unicode);
        let looks = entry.looks.clone();
        let place = self.0.partition_point(|known| rank(&known.chat) > rank(&entry.chat));
        let as_before = known
            .as_ref()
            .is_some_and(|known| known.looks == looks && stands(&known.chat) == stands(&entry.chat));
        self.0.insert(place, entry);
        if !as_before {
            for looks in known.map(|known| known.looks).into_iter().chain([looks]) {
                self.find_twins(&looks);
            }
        }
    }

    fn find_twins(&mut self, looks: &str) {
        let alike = self.0.iter().filter(|entry| stands(&entry.chat) && entry.looks == looks).count();
        for entry in self.0.iter_mut().filter(|entry| entry.looks == looks) {
            entry.twin = alike > 1;
        }
    }

    /// The conversations in the list, in its order.
    #[must_use]
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &ConversationView> + Clone {
        self.listed().iter().map(|entry| &entry.chat)
    }

    /// The conversations with people who may be added to groups.
    pub fn people(&self) -> impl Iterator<Item = &ConversationView> {
        self.all().filter(|chat| chat.account.is_some() && matches!(chat.consent, Consent::Granted))
    }

    /// Invitations to groups, and the chats of people who wrote first and wait for an answer, newest first.
    pub fn requests(&self) -> impl Iterator<Item = &ConversationView> {
        self.0.iter().map(|entry| &entry.chat).filter(|chat| is_request(chat))
    }

    /// The chats of blocked people, in the list or not.
    pub fn blocked(&self) -> impl Iterator<Item = &ConversationView> {
        self.0
            .iter()
            .map(|entry| &entry.chat)
            .filter(|chat| chat.consent == Consent::Revoked && chat.group.is_none())
    }

    /// How many conversations are in the list.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed().len()
    }

    fn listed(&self) -> &[Entry] {
        let listed = self.0.partition_point(|entry| stands(&entry.chat));
        self.0.get(..listed).unwrap_or_default()
    }

    /// The conversation with this id.
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&ConversationView> {
        self.entry(id).map(|entry| &entry.chat)
    }

    fn entry(&self, id: ConversationId) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.chat.id == id)
    }

    /// The username of a contact whose name looks like another contact's in the list.
    #[must_use]
    pub fn told_apart_by(&self, id: ConversationId) -> Option<&str> {
        self.entry(id).filter(|entry| entry.twin).and_then(|entry| entry.chat.username.as_deref())
    }

    /// The conversations whose name or username contains every word of the query. First those whose name begins with the query,
    /// then those where each word begins a word, then the others; newest first within each.
    #[must_use]
    pub fn matching(&self, words: &str, unicode: &impl Unicode) -> Vec<ConversationId> {
        let sought = unicode.fold(words);
        let sought = sought.trim();
        let found = |entry: &Entry| Some((entry.fit(sought)?, entry.chat.id));
        let mut found: Vec<_> = self.listed().iter().filter_map(found).collect();
        found.sort_by_key(|(fit, _)| *fit);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// The archived conversations.
    pub fn archived(&self) -> impl Iterator<Item = &ConversationView> {
        self.all().filter(|chat| chat.marks.archived)
    }

    /// The number of unseen messages in all chats that are neither muted nor archived.
    #[must_use]
    pub fn unread(&self) -> u32 {
        let heard = |chat: &&ConversationView| chat.marks.muted.is_none() && !chat.marks.archived;
        let chats = self.0.iter().map(|entry| &entry.chat).filter(heard);
        chats.fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// The conversation before or after `current`; the first one if there is no current one.
    #[must_use]
    pub fn neighbour(&self, current: Option<ConversationId>, forward: bool) -> Option<ConversationId> {
        let place = current.and_then(|id| self.all().position(|chat| chat.id == id));
        let next = match (place, forward) {
            (None, _) => 0,
            (Some(place), true) => place + 1,
            (Some(place), false) => place.checked_sub(1)?,
        };
        self.all().nth(next).map(|chat| chat.id)
    }
}

impl Entry {
    fn new(chat: ConversationView, known: Option<&Self>, unicode: &impl Unicode) -> Self {
        let known =
            known.filter(|known| known.chat.name == chat.name && known.chat.username == chat.username);
        if let Some(known) = known {
            return Self { chat, folded: known.folded.clone(), looks: known.looks.clone(), twin: known.twin };
        }
        let name = unicode.fold(&chat.name);
        let looks = lookalikes::looks(&chat.name, unicode);
        let folded = match &chat.username {
            Some(username) => format!("{name} @{username}"),
            None => name,
        };
        Self { chat, folded, looks, twin: false }
    }

    /// How well this conversation matches; `None` if it does not.
    fn fit(&self, sought: &str) -> Option<Fit> {
        let begins_word = |word: &str| {
            self.folded.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word))
                || self.folded.split_whitespace().any(|part| part.starts_with(word))
        };
        if self.begins(sought) {
            Some(Fit::Begins)
        } else if sought.split_whitespace().all(begins_word) {
            Some(Fit::WordsBegin)
        } else if sought.split_whitespace().all(|word| self.folded.contains(word)) {
            Some(Fit::Inside)
        } else {
            None
        }
    }

    fn begins(&self, sought: &str) -> bool {
        let username = self.folded.rsplit_once(" @").map(|(_, username)| username);
        let typed = sought.strip_prefix('@').unwrap_or(sought);
        self.folded.starts_with(sought) || username.is_some_and(|username| username.starts_with(typed))
    }
}

/// How well a conversation matches a query. The best match is the least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The name or username begins with the query.
    Begins,
    /// Each word of the query begins a word of the name.
    WordsBegin,
    /// The words of the query stand somewhere in the name.
    Inside,
}

/// The sort key. A greater key stands before.
const fn rank(chat: &ConversationView) -> (bool, bool, bool, UnixMillis, Reverse<ConversationId>) {
    let marks = &chat.marks;
    (stands(chat), !marks.archived, marks.pinned && !marks.archived, chat.changed, Reverse(chat.id))
}

/// Whether the conversation is in the list of chats.
const fn stands(chat: &ConversationView) -> bool {
    chat.listed && !matches!(chat.consent, Consent::Requested) && !is_invitation(chat)
}

/// Whether a person who wrote first waits for an answer, or has added this account to a group.
#[must_use]
pub const fn is_request(chat: &ConversationView) -> bool {
    let asks = matches!(chat.consent, Consent::Requested) && chat.last.is_some();
    chat.listed && (asks || is_invitation(chat))
}

/// Whether the conversation is a group that this account has not joined.
#[must_use]
pub const fn is_invitation(chat: &ConversationView) -> bool {
    match &chat.group {
        Some(group) => matches!(group.standing, GroupStanding::Invited { .. }),
        None => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
