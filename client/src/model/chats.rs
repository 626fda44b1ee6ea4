//! The list of conversations.

use std::cmp::Reverse;
use std::collections::HashMap;

use parley_engine::view::{Consent, ConversationId, ConversationView, GroupStanding};
use parley_protocol::ids::UnixMillis;

use crate::model::lookalikes;
use crate::model::unicode::Unicode;

/// From this many on there is a field to search them.
pub const SEARCH_FROM: usize = 9;

/// A conversation, and how its name is looked for and mistaken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    chat: ConversationView,
    /// Name and username, folded.
    folded: String,
    /// The name as it looks.
    looks: String,
    /// Another one in the list looks the same.
    twin: bool,
}

/// All conversations: those in the list, pinned ones before the others and archived ones behind, newest first, then those that are not: requests, and what was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chats(Vec<Entry>);

impl Chats {
    /// Takes all of them.
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

    /// Takes one that is new or changed.
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

    /// Those in the list, newest first.
    #[must_use]
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &ConversationView> + Clone {
        self.listed().iter().map(|entry| &entry.chat)
    }

    /// Those with people who may be added to groups.
    pub fn people(&self) -> impl Iterator<Item = &ConversationView> {
        self.all().filter(|chat| chat.account.is_some() && matches!(chat.consent, Consent::Granted))
    }

    /// Invitations to groups, and the chats of people who wrote first and wait for an answer, newest first.
    pub fn requests(&self) -> impl Iterator<Item = &ConversationView> {
        self.0.iter().map(|entry| &entry.chat).filter(|chat| is_request(chat))
    }

    /// Those of people who are blocked, whether or not they are in the list.
    pub fn blocked(&self) -> impl Iterator<Item = &ConversationView> {
        self.0
            .iter()
            .map(|entry| &entry.chat)
            .filter(|chat| chat.consent == Consent::Revoked && chat.group.is_none())
    }

    /// How many are in the list.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed().len()
    }

    fn listed(&self) -> &[Entry] {
        let listed = self.0.partition_point(|entry| stands(&entry.chat));
        self.0.get(..listed).unwrap_or_default()
    }

    /// The one with this id.
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&ConversationView> {
        self.entry(id).map(|entry| &entry.chat)
    }

    fn entry(&self, id: ConversationId) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.chat.id == id)
    }

    /// The username of somebody who could be mistaken for somebody else in the list by their name.
    #[must_use]
    pub fn told_apart_by(&self, id: ConversationId) -> Option<&str> {
        self.entry(id).filter(|entry| entry.twin).and_then(|entry| entry.chat.username.as_deref())
    }

    /// Those of whom every word is in the name or the username. First those whose name begins with what is sought, then those
    /// of whom each word begins one, then the others; newest first among each.
    #[must_use]
    pub fn matching(&self, words: &str, unicode: &impl Unicode) -> Vec<ConversationId> {
        let sought = unicode.fold(words);
        let sought = sought.trim();
        let found = |entry: &Entry| Some((entry.fit(sought)?, entry.chat.id));
        let mut found: Vec<_> = self.listed().iter().filter_map(found).collect();
        found.sort_by_key(|(fit, _)| *fit);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Those that stand apart.
    pub fn archived(&self) -> impl Iterator<Item = &ConversationView> {
        self.all().filter(|chat| chat.marks.archived)
    }

    /// Messages not seen yet, in all chats of which the person wants to hear.
    #[must_use]
    pub fn unread(&self) -> u32 {
        let heard = |chat: &&ConversationView| chat.marks.muted.is_none() && !chat.marks.archived;
        let chats = self.0.iter().map(|entry| &entry.chat).filter(heard);
        chats.fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// The one before or after `current`; the first if there is no current one.
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

    /// None if it is not what is sought.
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

/// How well a chat is what is sought; the best comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Its name or username begins so.
    Begins,
    /// Each word that is sought begins one of it.
    WordsBegin,
    /// They stand somewhere in it.
    Inside,
}

/// Greater stands before.
const fn rank(chat: &ConversationView) -> (bool, bool, bool, UnixMillis, Reverse<ConversationId>) {
    let marks = &chat.marks;
    (stands(chat), !marks.archived, marks.pinned && !marks.archived, chat.changed, Reverse(chat.id))
}

/// Whether it stands in the list of chats.
const fn stands(chat: &ConversationView) -> bool {
    chat.listed && !matches!(chat.consent, Consent::Requested) && !is_invitation(chat)
}

/// Whether somebody who wrote first waits for an answer, or has added this account to a group.
#[must_use]
pub const fn is_request(chat: &ConversationView) -> bool {
    let asks = matches!(chat.consent, Consent::Requested) && chat.last.is_some();
    chat.listed && (asks || is_invitation(chat))
}

/// Whether it is a group that this account has not joined.
#[must_use]
pub const fn is_invitation(chat: &ConversationView) -> bool {
    match &chat.group {
        Some(group) => matches!(group.standing, GroupStanding::Invited { .. }),
        None => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
