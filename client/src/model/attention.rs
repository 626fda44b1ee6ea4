//! What a notification shows of a message, as this browser was told, and the icon with a count.

use super::news::News;

/// What notifications show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Who wrote, and what.
    Text,
    /// Who wrote.
    Name,
    /// That somebody wrote.
    Nothing,
}

impl Shows {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Text, Self::Name, Self::Nothing];

    /// As it is kept.
    #[must_use]
    pub const fn kept(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Name => "name",
            Self::Nothing => "nothing",
        }
    }
}

/// How this browser notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    /// It does.
    pub on: bool,
    /// What is shown.
    pub shows: Shows,
    /// With a sound.
    pub sound: bool,
}

impl Attention {
    /// Reads what was kept: words with spaces between them. What is not known is passed over.
    #[must_use]
    pub fn read(kept: Option<&str>) -> Self {
        let mut read = Self { on: false, shows: Shows::Text, sound: true };
        for word in kept.unwrap_or_default().split(' ') {
            match (word, Shows::ALL.into_iter().find(|shows| shows.kept() == word)) {
                (_, Some(shows)) => read.shows = shows,
                ("on", None) => read.on = true,
                ("silent", None) => read.sound = false,
                _ => {}
            }
        }
        read
    }

    /// As it is kept.
    #[must_use]
    pub fn kept(self) -> String {
        let on = if self.on { "on " } else { "" };
        let silent = if self.sound { "" } else { " silent" };
        format!("{on}{}{silent}", self.shows.kept())
    }
}

/// Title and text of the notification of what came into a chat that is called so.
#[must_use]
pub fn notification(shows: Shows, name: &str, news: &News) -> (String, String) {
    match shows {
        Shows::Text => (name.to_owned(), news.said()),
        Shows::Name => (name.to_owned(), news.counted()),
        Shows::Nothing => ("Parley".to_owned(), news.counted()),
    }
}

/// The app's icon as SVG, with a count in its corner.
#[must_use]
pub fn icon(unread: u32) -> String {
    const ICON: &str = include_str!("../../assets/favicon.svg");
    let count = if unread > 9 { "9+".to_owned() } else { unread.to_string() };
    let badge = format!(
        "<circle cx=\"44\" cy=\"44\" r=\"20\" fill=\"#d3342e\"/><text x=\"44\" y=\"54\" font-family=\"sans-serif\" \
         font-size=\"28\" font-weight=\"700\" fill=\"#fff\" text-anchor=\"middle\">{count}</text></svg>"
    );
    ICON.trim_end().strip_suffix("</svg>").map(|open| format!("{open}{badge}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_kept() {
        for shows in Shows::ALL {
            for (on, sound) in [(false, false), (false, true), (true, false), (true, true)] {
                let chosen = Attention { on, shows, sound };
                assert_eq!(Attention::read(Some(&chosen.kept())), chosen);
            }
        }
    }

    #[test]
    fn nothing_is_notified_before_somebody_asked_for_it() {
        let first = Attention { on: false, shows: Shows::Text, sound: true };
        assert_eq!(Attention::read(None), first);
        assert_eq!(Attention::read(Some("later-words ??")), first);
    }

    #[test]
    fn a_notification_shows_no_more_than_was_allowed() {
        let of = |shows, news: &News| notification(shows, "Ada", news);
        let one = News::of(1, Some("Hello"), None);
        assert_eq!(of(Shows::Text, &one), ("Ada".to_owned(), "Hello".to_owned()));
        assert_eq!(of(Shows::Name, &one), ("Ada".to_owned(), "New message".to_owned()));
        assert_eq!(of(Shows::Nothing, &one), ("Parley".to_owned(), "New message".to_owned()));
        let many = News::of(3, None, Some("Bob"));
        assert_eq!(of(Shows::Text, &many), ("Ada".to_owned(), "3 new messages".to_owned()));
        let group = News::of(1, Some("Hello"), Some("Bob"));
        assert_eq!(of(Shows::Text, &group).1, "Bob: Hello");
        assert_eq!(of(Shows::Name, &group).1, "New message");
        let file = News::of(1, None, Some("Bob"));
        assert_eq!(of(Shows::Text, &file).1, "New message from Bob");
    }

    #[test]
    fn the_icon_counts_to_nine() {
        assert!(icon(3).contains(">3</text></svg>"));
        assert!(icon(10).contains(">9+</text></svg>"));
        assert!(icon(1).starts_with("<svg "));
    }
}
