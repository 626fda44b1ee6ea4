//! Arranges messages as rows: lines above days, groups of bubbles, the line above unread messages.

use std::sync::Arc;

use parley_engine::view::{BodyView, MessageView, Order};
use parley_protocol::ids::{MessageId, UnixMillis};

/// The longest gap between messages of one group, in milliseconds.
const GROUP_GAP: u64 = 5 * 60_000;

/// The identity of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// The line above a day.
    Day(u64),
    /// The line above unread messages.
    Unread,
    /// A message.
    Message(MessageId),
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The line above a day; holds a time within it.
    Day(u64, UnixMillis),
    /// The line above unread messages.
    Unread,
    /// A message.
    Message(Bubble),
}

/// A message and its place in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bubble {
    /// The message.
    pub message: Arc<MessageView>,
    /// Whether it is the first of its group.
    pub first: bool,
    /// Whether it is the last of its group.
    pub last: bool,
}

impl Bubble {
    /// Whether both are the same message in the same state and place. An unchanged message keeps its `Arc`, so this compares no
    /// text.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.message, &other.message) && (self.first, self.last) == (other.first, other.last)
    }
}

impl Row {
    /// The identity of the row.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::Day(day, _) => RowKey::Day(*day),
            Self::Unread => RowKey::Unread,
            Self::Message(bubble) => RowKey::Message(bubble.message.id),
        }
    }
}

/// Makes rows of messages. `day_of` numbers days by the person's calendar; `unread_from` is the first message that was unread
/// when the conversation was opened.
pub fn rows(
    messages: &[Arc<MessageView>],
    unread_from: Option<MessageId>,
    day_of: impl Fn(UnixMillis) -> u64,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::with_capacity(messages.len() + 8);
    let mut day = None;
    for (index, message) in messages.iter().enumerate() {
        // A clock may be wrong: the line above a day comes once, however the times jump.
        let this = day_of(message.time).max(day.unwrap_or_default());
        let new_day = day != Some(this);
        let unread = unread_from == Some(message.id);
        let previous = index.checked_sub(1).and_then(|before| messages.get(before));
        let first = new_day || unread || !previous.is_some_and(|previous| together(previous, message));
        if first && let Some(Row::Message(bubble)) = rows.last_mut() {
            bubble.last = true;
        }
        if new_day {
            rows.push(Row::Day(this, message.time));
            day = Some(this);
        }
        if unread {
            rows.push(Row::Unread);
        }
        let last = index + 1 == messages.len();
        rows.push(Row::Message(Bubble { message: Arc::clone(message), first, last }));
    }
    rows
}

/// The first message from somebody else at or after the first unread place.
#[must_use]
pub fn first_unread(messages: &[MessageView], place: Order) -> Option<MessageId> {
    messages.iter().find(|message| message.order >= place && is_theirs(message)).map(|message| message.id)
}

/// Whether somebody else wrote the message. Nobody wrote a marker, so it is never unread.
#[must_use]
pub fn is_theirs(message: &MessageView) -> bool {
    message.outgoing.is_none() && !message.body.is_notice()
}

fn together(one: &MessageView, next: &MessageView) -> bool {
    one.outgoing.is_some() == next.outgoing.is_some()
        && one.author.as_ref().map(|it| it.account) == next.author.as_ref().map(|it| it.account)
        && next.time.0.abs_diff(one.time.0) < GROUP_GAP
        && matches!((&one.body, &next.body), (BodyView::Text(_), BodyView::Text(_)))
}

#[cfg(test)]
mod tests {
    use parley_engine::view::{AuthorView, Delivery, Dropped, Gap, GroupLine, Why};
    use parley_protocol::ids::AccountId;

    use super::*;
    use crate::model::window::tests::message;

    fn shared(messages: Vec<MessageView>) -> Vec<Arc<MessageView>> {
        messages.into_iter().map(Arc::new).collect()
    }

    fn shape(rows: &[Row]) -> String {
        rows.iter()
            .map(|row| match row {
                Row::Day(..) => "D",
                Row::Unread => "U",
                Row::Message(Bubble { first: true, last: true, .. }) => "o",
                Row::Message(Bubble { first: true, .. }) => "(",
                Row::Message(Bubble { last: true, .. }) => ")",
                Row::Message(_) => "-",
            })
            .collect()
    }

    #[test]
    fn groups_by_author_and_time() {
        let mine = Some(Delivery::Sent);
        let messages = shared(vec![
            message(1, None),
            message(2, None),
            message(3, None),
            message(4, mine),
            message(5, mine),
            message(30, mine),
        ]);
        assert_eq!(shape(&rows(&messages, None, |_| 1)), "D(-)()o");
    }

    #[test]
    fn in_a_group_each_author_has_a_run() {
        let by = |number: u8, author: u8| MessageView {
            author: Some(AuthorView {
                account: AccountId([author; 32]),
                name: "Ada".to_owned(),
                colour: author,
            }),
            ..message(number, None)
        };
        let mut line = message(6, None);
        line.body = BodyView::Group(GroupLine::Dropped(Dropped::Settings(Why::Over)));
        let messages = shared(vec![by(1, 1), by(2, 1), by(3, 2), by(4, 1), by(5, 1), line, by(7, 1)]);
        assert_eq!(shape(&rows(&messages, None, |_| 1)), "D()o()oo");
        assert!(!is_theirs(&messages[5]), "what happened to a group is not unread");
    }

    #[test]
    fn days_and_the_unread_line_part_groups() {
        let messages = shared((1..6).map(|number| message(number, None)).collect());
        let unread = Some(MessageId([4; 16]));
        assert_eq!(shape(&rows(&messages, unread, |time| time.0 / 180_000)), "D()DoU()");
    }

    #[test]
    fn a_gap_stands_alone() {
        let mut gap = message(2, None);
        gap.body = BodyView::Gap(Gap::Rejected);
        let messages = shared(vec![message(1, None), gap, message(3, None)]);
        assert_eq!(shape(&rows(&messages, None, |_| 1)), "Dooo");
    }

    #[test]
    fn a_wrong_clock_does_not_repeat_a_day() {
        let mut early = message(3, None);
        early.time = UnixMillis(0);
        let messages = shared(vec![message(2, None), early, message(4, None)]);
        let made = rows(&messages, None, |time| time.0 / 60_000);
        let keys: std::collections::HashSet<_> = made.iter().map(Row::key).collect();
        assert_eq!(keys.len(), made.len());
    }

    #[test]
    fn what_is_unread_begins_with_somebody_elses_message() {
        let messages = vec![message(1, None), message(2, Some(Delivery::Sent)), message(3, None)];
        assert_eq!(first_unread(&messages, Order::from_bytes(&[2; 48])), Some(MessageId([3; 16])));
        assert_eq!(first_unread(&messages, Order::from_bytes(&[9; 48])), None);
    }

    #[test]
    fn a_marker_is_not_unread() {
        let mut gap = message(2, None);
        gap.body = BodyView::Gap(Gap::Lost);
        let messages = vec![message(1, None), gap, message(3, None)];
        assert_eq!(first_unread(&messages, Order::from_bytes(&[2; 48])), Some(MessageId([3; 16])));
    }
}
