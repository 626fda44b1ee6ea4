//! Computes the state of one message from all relations to it.

use parley_protocol::ids::{AccountId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::{MessageRef, What};
use crate::domain::order::Order;

/// Edits of one message that a device keeps: the newest.
const MAX_EDITS: usize = 16;
/// Signs with which one account reacts to one message: those with the greatest revisions.
const MAX_SIGNS: usize = 8;
/// How long after a message readers accept its author's edits, in milliseconds: an edit that waited for a connection comes
/// late.
pub(crate) const EDIT_WITHIN: u64 = 2 * 24 * 3_600 * 1_000;

/// As stored, for each message with relations. The same whatever the order in which the relations came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relations {
    /// By revision.
    edits: Vec<Edit>,
    /// Who deleted it for everyone: its author before anybody else, and of others the first by their ids.
    deleted: Option<AccountId>,
    reactions: Vec<Reaction>,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Edit {
    revision: u32,
    id: MessageId,
    /// The place of the message with the edit.
    pub(crate) order: Order,
    pub(crate) time: UnixMillis,
    pub(crate) text: String,
}

/// The last reaction of an account with one sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Reaction {
    account: AccountId,
    sign: String,
    revision: u32,
    id: MessageId,
    on: bool,
}

/// The author of a relation, and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) by: AccountId,
    pub(crate) id: MessageId,
    pub(crate) order: Order,
    pub(crate) time: UnixMillis,
}

/// The result of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The message has changed, or would have.
    News,
    /// The relation is known.
    Known,
    /// The relation is not valid, and the device does not keep it.
    Void,
}

impl Relations {
    /// Takes a relation to a message by `author`. The caller has checked whether the relation's author may delete others'
    /// messages.
    pub(crate) fn take(&mut self, author: &AccountId, said: &Said, what: What<'_>) -> Change {
        match what {
            What::Deletion => self.delete(author, said.by),
            _ if self.deleted.is_some() => Change::Void,
            What::Edit { revision, text } if said.by == *author => self.edit(said, revision, text),
            What::Edit { .. } => Change::Void,
            What::Reaction { revision, sign, on } => self.react(said, revision, sign, on),
        }
    }

    fn delete(&mut self, author: &AccountId, by: AccountId) -> Change {
        let before = self.deleted;
        let rank = |account: &AccountId| (account != author, *account);
        self.deleted = Some(before.filter(|before| rank(before) <= rank(&by)).unwrap_or(by));
        self.edits.clear();
        self.reactions.clear();
        if before == self.deleted { Change::Known } else { Change::News }
    }

    fn edit(&mut self, said: &Said, revision: u32, text: &str) -> Change {
        let key = (revision, said.id);
        match self.edits.binary_search_by_key(&key, |edit| (edit.revision, edit.id)) {
            Ok(place) => {
                // A relation that waited to be sent has its place now.
                if let Some(edit) = self.edits.get_mut(place).filter(|edit| said.order < edit.order) {
                    (edit.order, edit.time) = (said.order, said.time);
                }
                Change::Known
            }
            Err(place) => {
                let edit =
                    Edit { revision, id: said.id, order: said.order, time: said.time, text: text.to_owned() };
                self.edits.insert(place, edit);
                let over = self.edits.len().saturating_sub(MAX_EDITS);
                self.edits.drain(..over);
                Change::News
            }
        }
    }

    fn react(&mut self, said: &Said, revision: u32, sign: &str, on: bool) -> Change {
        let key = |reaction: &Reaction| (reaction.revision, reaction.id);
        let of = |reaction: &Reaction| reaction.account == said.by && reaction.sign == sign;
        let new = Reaction { account: said.by, sign: sign.to_owned(), revision, id: said.id, on };
        match self.reactions.iter_mut().find(|reaction| of(reaction)) {
            Some(known) if key(known) >= key(&new) => return Change::Known,
            Some(known) => *known = new,
            None => {
                let place =
                    self.reactions.partition_point(|it| (it.account, it.sign.as_str()) < (said.by, sign));
                self.reactions.insert(place, new);
            }
        }
        self.bound(&said.by);
        Change::News
    }

    /// Of one account, the signs that it used last. What is left out had a lesser revision than all that stays, so that whatever
    /// it would have said before does not count either.
    fn bound(&mut self, by: &AccountId) {
        let own = |reaction: &&Reaction| reaction.account == *by;
        if self.reactions.iter().filter(own).count() <= MAX_SIGNS {
            return;
        }
        let least = self.reactions.iter().filter(own).map(|it| (it.revision, it.id)).min();
        self.reactions.retain(|it| it.account != *by || Some((it.revision, it.id)) != least);
    }

    /// The next revision that anything said here has.
    pub(crate) fn next_revision(&self) -> u32 {
        let edits = self.edits.iter().map(|edit| edit.revision);
        let all = edits.chain(self.reactions.iter().map(|reaction| reaction.revision));
        all.max().map_or(1, |last| last.saturating_add(1))
    }

    /// What a message said that cannot be sent is taken back.
    pub(crate) fn forget(&mut self, id: &MessageId) {
        self.edits.retain(|edit| edit.id != *id);
        self.reactions.retain(|reaction| reaction.id != *id);
    }

    /// Who deleted it for everyone, if somebody did.
    pub(crate) const fn deleted_by(&self) -> Option<&AccountId> {
        self.deleted.as_ref()
    }

    /// The edits that hold of a message that was stored then, oldest first.
    pub(crate) fn edits(&self, stored: UnixMillis) -> impl DoubleEndedIterator<Item = &Edit> {
        let until = stored.0.saturating_add(EDIT_WITHIN);
        self.edits.iter().filter(move |edit| edit.order.is_waiting() || edit.order.stored().0 <= until)
    }

    /// Where the messages stand that edit it.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Order> {
        self.edits.iter().map(|edit| &edit.order)
    }

    /// Who reacts to it with what, by account.
    pub(crate) fn reactions(&self) -> impl Iterator<Item = (&AccountId, &str)> {
        self.reactions.iter().filter(|it| it.on).map(|it| (&it.account, it.sign.as_str()))
    }

    /// Forgets what was said at places that are gone; whether nothing is left.
    pub(crate) fn without(&mut self, gone: impl Fn(&Order) -> bool) -> bool {
        self.edits.retain(|edit| !gone(&edit.order));
        self.edits.is_empty() && self.reactions.is_empty() && self.deleted.is_none()
    }
}

impl MessageRef {
    /// Whether an account wrote it.
    pub(crate) fn is_by(&self, account: &AccountId) -> bool {
        self.author == *account
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::{LogId, Seq};

    use super::*;

    const ADA: AccountId = AccountId([1; 32]);
    const BOB: AccountId = AccountId([2; 32]);
    const EVE: AccountId = AccountId([3; 32]);
    const DAY: u64 = 24 * 3_600 * 1_000;

    fn said(by: AccountId, number: u8) -> Said {
        let order =
            Order::new(UnixMillis(u64::from(number)), Seq(u64::from(number)), LogId([7; 16]), [0; 16]);
        Said { by, id: MessageId([number; 16]), order, time: UnixMillis(5) }
    }

    fn edit(revision: u32, text: &str) -> What<'_> {
        What::Edit { revision, text }
    }

    fn sign(revision: u32, sign: &str, on: bool) -> What<'_> {
        What::Reaction { revision, sign, on }
    }

    fn text(relations: &Relations) -> Option<&str> {
        relations.edits(UnixMillis(0)).next_back().map(|edit| edit.text.as_str())
    }

    #[test]
    fn h2_only_the_author_edits_and_nobody_takes_back_what_another_reacted() {
        let mut relations = Relations::default();
        assert_eq!(relations.take(&ADA, &said(EVE, 1), edit(9, "forged")), Change::Void);
        assert_eq!(relations.take(&ADA, &said(ADA, 2), edit(1, "better")), Change::News);
        assert_eq!(text(&relations), Some("better"));
        assert_eq!(relations.take(&ADA, &said(BOB, 3), sign(1, "\u{1F44D}", true)), Change::News);
        assert_eq!(relations.take(&ADA, &said(EVE, 4), sign(9, "\u{1F44D}", false)), Change::News);
        assert_eq!(relations.reactions().collect::<Vec<_>>(), [(&BOB, "\u{1F44D}")]);
    }

    #[test]
    fn an_edit_after_two_days_does_not_hold() {
        let mut relations = Relations::default();
        let at = |stored| Said {
            order: Order::new(UnixMillis(stored), Seq(1), LogId([7; 16]), [0; 16]),
            ..said(ADA, 1)
        };
        relations.take(&ADA, &at(2 * DAY + 10), edit(1, "late"));
        assert_eq!(relations.edits(UnixMillis(9)).count(), 0);
        assert_eq!(relations.edits(UnixMillis(10)).count(), 1);
        let waiting = Said { order: Order::of_waiting(1), ..said(ADA, 2) };
        relations.take(&ADA, &waiting, edit(2, "just now"));
        assert_eq!(text(&relations), Some("just now"));
    }

    #[test]
    fn what_is_deleted_has_no_text_and_takes_none() {
        let mut relations = Relations::default();
        relations.take(&ADA, &said(ADA, 1), edit(1, "secret"));
        relations.take(&ADA, &said(BOB, 2), sign(1, "\u{1F44D}", true));
        assert_eq!(relations.take(&ADA, &said(BOB, 3), What::Deletion), Change::News);
        assert_eq!(relations.take(&ADA, &said(ADA, 4), What::Deletion), Change::News, "its author rather");
        assert_eq!(relations.take(&ADA, &said(BOB, 5), What::Deletion), Change::Known);
        assert_eq!(relations.take(&ADA, &said(ADA, 6), edit(2, "again")), Change::Void);
        assert_eq!(relations, Relations { deleted: Some(ADA), ..Relations::default() });
    }

    #[test]
    fn p9_nobody_fills_a_message_with_reactions_or_edits() {
        let mut relations = Relations::default();
        for number in 0..60 {
            let one = char::from_u32(0x1F600 + u32::from(number)).unwrap().to_string();
            relations.take(&ADA, &said(EVE, number), sign(u32::from(number), &one, true));
            relations.take(&ADA, &said(ADA, number), edit(u32::from(number), "x"));
        }
        relations.take(&ADA, &said(BOB, 99), sign(1, "\u{1F44D}", true));
        assert_eq!((relations.reactions().count(), relations.edits.len()), (MAX_SIGNS + 1, MAX_EDITS));
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let mut relations = Relations::default();
        relations.take(&ADA, &said(ADA, 1), edit(1, "better"));
        relations.take(&ADA, &said(BOB, 2), sign(300, "\u{1F44D}", true));
        let bytes = postcard::to_allocvec(&relations).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Relations>(&bytes).unwrap(), relations);
    }

    proptest::proptest! {
        /// In any order, and any of it twice, it comes to the same.
        #[test]
        fn whatever_the_order_the_end_is_the_same(
            parts in proptest::collection::vec((1_u8..4, 0_u8..40, 0_u32..6, 0_u8..12, proptest::bool::ANY), 0..40),
            seed: u64,
        ) {
            let signs: Vec<String> = (0..12_u32).map(|n| char::from_u32(0x1F600 + n).unwrap().to_string()).collect();
            let texts: Vec<String> = (0..40).map(|n| format!("text {n}")).collect();
            let all: Vec<(Said, What<'_>)> = parts.iter().enumerate().map(|(place, (by, kind, revision, which, on))| {
                let number = u8::try_from(place).unwrap();
                let what = match kind {
                    0 => What::Deletion,
                    1..20 => edit(*revision, &texts[place]),
                    _ => sign(*revision, &signs[usize::from(*which)], *on),
                };
                (said(AccountId([*by; 32]), number), what)
            }).collect();
            let (mut one, mut other) = (Relations::default(), Relations::default());
            for (said, what) in &all {
                one.take(&ADA, said, *what);
            }
            let mut shuffled: Vec<_> = all.iter().chain(&all).collect();
            let mut random = seed | 1;
            for place in (1..shuffled.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.swap(place, usize::try_from(random >> 33).unwrap() % (place + 1));
            }
            for (said, what) in shuffled {
                other.take(&ADA, said, *what);
            }
            proptest::prop_assert_eq!(one, other);
        }
    }
}
