//! Decides what a screen reader says of new messages. Loaded messages and one's own are no news.

use parley_engine::view::{BodyView, ConversationView, Preview};

/// The new messages of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    count: u32,
    text: Option<String>,
    /// The author of the newest message, in a group.
    author: Option<String>,
}

/// The news when a chat changes to `chat`; before, it had `unread` messages, the newest of them `last`.
#[must_use]
pub fn news(unread: u32, last: Option<&Preview>, chat: &ConversationView) -> Option<News> {
    if chat.marks.muted.is_some() {
        return None;
    }
    let newest = chat.last.as_ref().filter(|newest| newest.outgoing.is_none())?;
    let more = chat.unread.saturating_sub(unread);
    // One update may bring a message and mark others as read, so the count of unread messages does not grow.
    let another = chat.unread > 0 && last.is_none_or(|last| last.time < newest.time);
    let count = if more == 0 && another { 1 } else { more };
    let text = match &newest.body {
        BodyView::Text(text) if count == 1 => Some(text.clone()),
        BodyView::Files(view) if count == 1 && !view.text.is_empty() => Some(view.text.clone()),
        _ => None,
    };
    let author = newest.author.clone().filter(|_| chat.group.is_some());
    (count > 0).then_some(News { count, text, author })
}

impl News {
    /// The sentence for the screen reader. In the open chat the author is enough.
    #[must_use]
    pub fn sentence(&self, name: &str, shown: bool) -> String {
        if let (1, Some(author)) = (self.count, &self.author) {
            return match (&self.text, shown) {
                (Some(text), true) => format!("{author}: {text}"),
                (Some(text), false) => format!("{author} in {name}: {text}"),
                (None, _) => format!("New message from {author} in {name}"),
            };
        }
        let from = if self.author.is_some() { "in" } else { "from" };
        match (self.count, &self.text) {
            (1, Some(text)) if shown => format!("{name}: {text}"),
            (1, Some(text)) => format!("New message from {name}: {text}"),
            (1, None) => format!("New message from {name}"),
            (count, _) => format!("{count} new messages {from} {name}"),
        }
    }
}

/// What a notification says.
impl News {
    /// What was written, and in a group by whom; of several, how many.
    #[must_use]
    pub fn said(&self) -> String {
        match (self.count, &self.text, &self.author) {
            (1, Some(text), None) => text.clone(),
            (1, Some(text), Some(author)) => format!("{author}: {text}"),
            (1, None, Some(author)) => format!("New message from {author}"),
            _ => self.counted(),
        }
    }

    /// How many came.
    #[must_use]
    pub fn counted(&self) -> String {
        match self.count {
            1 => "New message".to_owned(),
            count => format!("{count} new messages"),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(count: u32, text: Option<&str>, author: Option<&str>) -> Self {
        Self { count, text: text.map(str::to_owned), author: author.map(str::to_owned) }
    }
}

/// Whether a group is told of again without anything new in it: somebody in it is called something else, as far as is known here.
#[must_use]
pub fn renames(known: &ConversationView, told: &ConversationView) -> bool {
    let of = |chat: &ConversationView| {
        (chat.last.as_ref().map(|last| (last.time, last.outgoing)), chat.unread, chat.group.clone())
    };
    told.group.is_some() && of(known) == of(told) && known.draft == told.draft
}

#[cfg(test)]
mod tests {
    use parley_engine::view::{Delivery, GroupStanding};
    use parley_protocol::ids::UnixMillis;

    use super::*;

    fn preview(text: &str, time: u64, outgoing: Option<Delivery>) -> Preview {
        Preview { body: BodyView::Text(text.to_owned()), time: UnixMillis(time), outgoing, author: None }
    }

    fn chat(unread: u32, last: Option<Preview>) -> ConversationView {
        ConversationView { last, unread, ..crate::model::chats::tests::chat(1, "Ada", 1) }
    }

    #[test]
    fn a_message_that_comes_is_told_with_its_author_and_text() {
        let came = news(0, None, &chat(1, Some(preview("Hello", 5, None)))).unwrap();
        assert_eq!(came.sentence("Ada", true), "Ada: Hello");
        assert_eq!(came.sentence("Ada", false), "New message from Ada: Hello");
    }

    #[test]
    fn several_messages_at_once_are_one_sentence() {
        let came =
            news(2, Some(&preview("Before", 1, None)), &chat(202, Some(preview("Last", 9, None)))).unwrap();
        assert_eq!(came.sentence("Ada", true), "200 new messages from Ada");
    }

    #[test]
    fn in_a_group_the_author_is_told_too() {
        let by = |text: &str, time| Preview { author: Some("Ada".to_owned()), ..preview(text, time, None) };
        let team = |unread, last| ConversationView {
            last: Some(last),
            unread,
            ..crate::model::chats::tests::group(1, "Team", GroupStanding::Member)
        };
        let came = news(0, None, &team(1, by("Hello", 5))).unwrap();
        assert_eq!(came.sentence("Team", true), "Ada: Hello");
        assert_eq!(came.sentence("Team", false), "Ada in Team: Hello");
        let newer = news(0, None, &team(1, Preview { body: BodyView::Newer, ..by("", 5) })).unwrap();
        assert_eq!(newer.sentence("Team", true), "New message from Ada in Team");
        let many = news(0, None, &team(3, by("Hello", 5))).unwrap();
        assert_eq!(many.sentence("Team", false), "3 new messages in Team");
    }

    #[test]
    fn a_group_that_is_told_of_without_news_has_new_names() {
        let by = |name: &str, time| Preview { author: Some(name.to_owned()), ..preview("Hello", time, None) };
        let team = |last| ConversationView {
            last: Some(last),
            ..crate::model::chats::tests::group(1, "Team", GroupStanding::Member)
        };
        assert!(renames(&team(by("ada", 5)), &team(by("Ada", 5))));
        assert!(!renames(&team(by("Ada", 5)), &team(by("Ada", 6))));
        let draft = ConversationView { draft: "Hel".to_owned(), ..team(by("Ada", 5)) };
        assert!(!renames(&team(by("Ada", 5)), &draft));
        assert!(!renames(&chat(0, None), &chat(0, None)));
    }

    #[test]
    fn what_was_there_and_what_is_read_and_ones_own_is_no_news() {
        let last = preview("Hello", 5, None);
        assert_eq!(news(1, Some(&last), &chat(1, Some(last.clone()))), None);
        assert_eq!(news(1, Some(&last), &chat(0, Some(last.clone()))), None);
        let own = preview("Mine", 7, Some(Delivery::Sent));
        assert_eq!(news(0, Some(&last), &chat(0, Some(own))), None);
        // History that a new device receives has been read before.
        assert_eq!(news(0, None, &chat(0, Some(last))), None);
    }

    #[test]
    fn one_that_comes_while_the_one_before_is_being_read_is_told() {
        let came = news(1, Some(&preview("One", 5, None)), &chat(1, Some(preview("Two", 6, None)))).unwrap();
        assert_eq!(came.sentence("Ada", true), "Ada: Two");
    }
}
