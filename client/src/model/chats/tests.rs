use parley_engine::view::{BodyView, GroupSummary, MarksView, Preview, Role};
use parley_protocol::ids::AccountId;

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
        marks: MarksView::default(),
        timer: 0,
        account: Some(AccountId([number; 32])),
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

#[test]
fn pinned_chats_stand_above_and_archived_ones_behind_all_others() {
    let with = |number: u8, changed: u64, marks| ConversationView { marks, ..chat(number, "Ada", changed) };
    let pinned = MarksView { pinned: true, ..MarksView::default() };
    let archived = MarksView { archived: true, ..MarksView::default() };
    let muted = MarksView { muted: Some(UnixMillis(9)), ..MarksView::default() };
    let all = vec![chat(1, "Ada", 30), with(2, 10, pinned), with(3, 90, archived), with(4, 20, muted)];
    let chats = Chats::new(all, &Icu);
    assert_eq!(order(&chats), [2, 1, 4, 3]);
    assert_eq!(chats.unread(), 3, "neither the muted nor the archived one counts");
    assert_eq!(chats.archived().map(|chat| chat.id.0[0]).collect::<Vec<_>>(), [3]);
}

/// The same conversation as a group in which this account has this standing.
pub(crate) fn group(number: u8, name: &str, standing: GroupStanding) -> ConversationView {
    let (role, may_write) = (Role::Member, true);
    let summary = GroupSummary {
        members: 3,
        standing,
        role,
        may_write,
        changing: false,
        picture: None,
        unconfirmed: false,
        asks: 0,
    };
    let group = Some(summary);
    ConversationView { account: None, username: None, group, ..chat(number, name, u64::from(number)) }
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
fn people_for_a_group_are_those_whom_the_person_wants_to_hear() {
    let all = vec![
        chat(1, "Ada", 9),
        group(2, "Team", GroupStanding::Member),
        ConversationView { consent: Consent::Requested, ..chat(3, "Eve", 8) },
        ConversationView { consent: Consent::Revoked, ..chat(4, "Mal", 7) },
        ConversationView { account: None, restored: Some("Kim".to_owned()), ..chat(5, "Kim", 6) },
        ConversationView { username: None, ..chat(6, "Bob", 5) },
        ConversationView { listed: false, ..chat(7, "Ned", 4) },
    ];
    let chats = Chats::new(all, &Icu);
    assert_eq!(chats.people().map(|chat| chat.id.0[0]).collect::<Vec<_>>(), [1, 6]);
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
