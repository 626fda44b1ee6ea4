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

/// All conversations: those in the list, newest first, then those that are not: requests, and what was deleted.
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

    /// Those with people who may be added to groups: somebody was consented to, and can be found by a username.
    pub fn people(&self) -> impl Iterator<Item = &ConversationView> {
        self.all().filter(|chat| is_person(chat) && chat.restored.is_none() && chat.username.is_some())
    }

    /// The chat with whoever has this username, if there is one.
    #[must_use]
    pub fn with_username(&self, username: &str) -> Option<&ConversationView> {
        self.people().find(|chat| chat.username.as_deref() == Some(username))
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

    /// Messages not seen yet, in all.
    #[must_use]
    pub fn unread(&self) -> u32 {
        self.0.iter().fold(0, |sum, entry| sum.saturating_add(entry.chat.unread))
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
const fn rank(chat: &ConversationView) -> (bool, UnixMillis, Reverse<ConversationId>) {
    (stands(chat), chat.changed, Reverse(chat.id))
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

/// Whether it is a chat with a person whom the own person wants to hear.
const fn is_person(chat: &ConversationView) -> bool {
    chat.group.is_none() && matches!(chat.consent, Consent::Granted)
}

#[cfg(test)]
pub(crate) mod tests {
    use parley_engine::view::{BodyView, GroupSummary, Preview, Role};

    use super::*;
    use crate::model::unicode::tests::Icu;

    pub(crate) fn chat(number: u8, name: &str, changed: u64) -> ConversationView {
        ConversationView {
            id: ConversationId([number; 16]),
            name: name.to_owned(),
            username: Some(format!("user{number}")),
            verified: false,
            last: None,
            consent: Consent::Granted,
            unread: u32::from(number),
            changed: UnixMillis(changed),
            warning: None,
            preparing: false,
            waiting: None,
            restored: None,
            draft: String::new(),
            draft_sent: false,
            listed: true,
            group: None,
        }
    }

    fn order(chats: &Chats) -> Vec<u8> {
        chats.all().map(|chat| chat.id.0[0]).collect()
    }

    #[test]
    fn the_newest_comes_first() {
        let mut chats = Chats::new(vec![chat(1, "Ada", 10), chat(2, "Bob", 30)], &Icu);
        assert_eq!(order(&chats), [2, 1]);
        chats.put(chat(1, "Ada", 40), &Icu);
        chats.put(chat(3, "Eve", 5), &Icu);
        assert_eq!(order(&chats), [1, 2, 3]);
        assert_eq!(chats.unread(), 6);
    }

    /// The same as a group in which this person stands so.
    pub(crate) fn group(number: u8, name: &str, standing: GroupStanding) -> ConversationView {
        let summary =
            GroupSummary { members: 3, standing, role: Role::Member, may_write: true, changing: false };
        ConversationView { username: None, group: Some(summary), ..chat(number, name, u64::from(number)) }
    }

    #[test]
    fn an_invitation_to_a_group_is_among_the_requests_until_it_is_answered() {
        let invited = GroupStanding::Invited { by: "Eve".to_owned(), username: None };
        let mut chats = Chats::new(vec![chat(1, "Ada", 1), group(2, "Team", invited)], &Icu);
        assert_eq!(order(&chats), [1]);
        assert_eq!(chats.requests().map(|chat| chat.id.0[0]).collect::<Vec<_>>(), [2]);
        chats.put(group(2, "Team", GroupStanding::Member), &Icu);
        assert_eq!((order(&chats), chats.requests().count()), (vec![2, 1], 0));
    }

    #[test]
    fn people_for_a_group_are_those_who_can_be_found() {
        let all = vec![
            chat(1, "Ada", 9),
            group(2, "Team", GroupStanding::Member),
            ConversationView { consent: Consent::Requested, ..chat(3, "Eve", 8) },
            ConversationView { consent: Consent::Revoked, ..chat(4, "Mal", 7) },
            ConversationView { restored: Some("Kim".to_owned()), ..chat(5, "Kim", 6) },
            ConversationView { username: None, ..chat(6, "Bob", 5) },
        ];
        let chats = Chats::new(all, &Icu);
        assert_eq!(chats.people().map(|chat| chat.id.0[0]).collect::<Vec<_>>(), [1]);
        assert_eq!(chats.with_username("user1").map(|chat| chat.id.0[0]), Some(1));
        assert_eq!(chats.with_username("user4"), None);
        assert_eq!(chats.blocked().count(), 1);
    }

    #[test]
    fn a_deleted_chat_is_known_and_not_in_the_list() {
        let deleted = ConversationView { listed: false, ..chat(3, "Eve", 99) };
        let chats = Chats::new(vec![deleted, chat(1, "Ada", 10), chat(2, "Bob", 30)], &Icu);
        assert_eq!(order(&chats), [2, 1]);
        assert!(chats.get(ConversationId([3; 16])).is_some());
        assert!(chats.matching("eve", &Icu).is_empty());
        assert_eq!(chats.neighbour(Some(ConversationId([1; 16])), true), None);
    }

    #[test]
    fn p10_requests_stand_apart_and_blocked_people_are_found() {
        let last = Preview { body: BodyView::Newer, time: UnixMillis(5), outgoing: None, author: None };
        let of = |number, name, consent| ConversationView {
            consent,
            unread: 0,
            last: Some(last.clone()),
            ..chat(number, name, 5)
        };
        let (eve, dan) = (of(2, "Eve", Consent::Requested), of(3, "Dan", Consent::Revoked));
        let silent = ConversationView { last: None, ..of(4, "Kim", Consent::Requested) };
        let mut chats = Chats::new(vec![chat(1, "Ada", 1), eve, dan, silent], &Icu);
        let ids = |chats: &mut dyn Iterator<Item = &ConversationView>| -> Vec<u8> {
            chats.map(|chat| chat.id.0[0]).collect()
        };
        assert_eq!(order(&chats), [3, 1]);
        assert_eq!(ids(&mut chats.requests()), [2]);
        assert_eq!(ids(&mut chats.blocked()), [3]);
        chats.put(of(2, "Eve", Consent::Granted), &Icu);
        assert_eq!(order(&chats), [2, 3, 1]);
        assert_eq!(chats.requests().count(), 0);
    }

    #[test]
    fn search_takes_names_and_usernames() {
        let chats = Chats::new(vec![chat(1, "Ada Lovelace", 1), chat(2, "Bob", 2)], &Icu);
        assert_eq!(chats.matching("LOVE", &Icu), [ConversationId([1; 16])]);
        assert_eq!(chats.matching("@user2", &Icu), [ConversationId([2; 16])]);
        assert_eq!(chats.matching(" ", &Icu).len(), 2);
        assert!(chats.matching("nobody", &Icu).is_empty());
    }

    #[test]
    fn names_that_begin_so_come_before_words_and_these_before_the_inside() {
        let names = ["Roland", "Ada Lando", "Landolf", "Bob", "Jean-Landry", "Lando Norris"];
        let named = |(number, name)| ConversationView {
            username: Some(format!("{number}x")),
            ..chat(number, name, u64::from(number))
        };
        let chats = Chats::new((1..).zip(names).map(named).collect(), &Icu);
        let found = |words: &str| {
            chats.matching(words, &Icu).into_iter().map(|ConversationId(id)| id[0]).collect::<Vec<_>>()
        };
        assert_eq!(found("land"), [6, 3, 5, 2, 1]);
        assert_eq!(found(" LANDO "), [6, 3, 2]);
        assert_eq!(found("norris lando"), [6]);
        assert_eq!(found("@4"), [4]);
    }

    #[test]
    fn neighbours_end_at_the_ends() {
        let chats = Chats::new(vec![chat(1, "a", 2), chat(2, "b", 1)], &Icu);
        let (one, two) = (ConversationId([1; 16]), ConversationId([2; 16]));
        assert_eq!(chats.neighbour(None, true), Some(one));
        assert_eq!(chats.neighbour(Some(one), true), Some(two));
        assert_eq!(chats.neighbour(Some(two), true), None);
        assert_eq!(chats.neighbour(Some(one), false), None);
    }

    #[test]
    fn search_finds_names_whatever_their_accents_case_and_order() {
        let names = ["José Núñez", "İpek Işık", "Ada Lovelace", "Søren"];
        let chats = Chats::new((1..).zip(names).map(|(number, name)| chat(number, name, 1)).collect(), &Icu);
        for (words, found) in [
            ("jose", vec![1]),
            ("JOSÉ", vec![1]),
            ("nunez jo", vec![1]),
            ("ipek", vec![2]),
            ("isik", vec![2]),
            ("lovelace ada", vec![3]),
            ("ada user3", vec![3]),
            ("soren", vec![4]),
            ("ada user4", vec![]),
        ] {
            let ids: Vec<_> = found.into_iter().map(|number| ConversationId([number; 16])).collect();
            assert_eq!(chats.matching(words, &Icu), ids, "{words}");
        }
    }

    #[test]
    fn two_whose_names_look_alike_are_told_apart_as_long_as_both_are_there() {
        let apart = |chats: &Chats| {
            let apart = |number| chats.told_apart_by(ConversationId([number; 16])).map(str::to_owned);
            [1, 2].map(apart)
        };
        let both = [1, 2].map(|number| Some(format!("user{number}")));
        for other in ["Ada", "ADA", "Аdа", "A d\u{200B}a", "Ａdá"] {
            let mut chats = Chats::new(vec![chat(1, "Ada", 1), chat(2, other, 2), chat(3, "Bob", 3)], &Icu);
            assert_eq!(apart(&chats), both, "{other}");
            assert_eq!(chats.told_apart_by(ConversationId([3; 16])), None);
            chats.put(chat(2, "Eve", 2), &Icu);
            assert_eq!(apart(&chats), [None, None]);
            chats.put(chat(2, other, 2), &Icu);
            assert_eq!(apart(&chats), both);
            chats.put(ConversationView { listed: false, ..chat(2, other, 2) }, &Icu);
            assert_eq!(apart(&chats)[0], None);
        }
    }
}
