//! Decides each step in the browser's history. An entry knows what it shows and its distance from the list of chats. So a way
//! back adds no entry, and a dialog closes before its screen.

use parley_engine::view::ConversationId;
use parley_protocol::ids::MessageId;

use crate::model::hex;
use crate::model::route::Route;

/// A dialog over a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// New chat.
    NewChat,
    /// Contact details.
    Contact(ConversationId),
    /// Linking another device.
    Link,
    /// New group.
    NewGroup,
    /// Details and members of a group.
    Group(ConversationId),
    /// Who has received a message of the conversation on the screen.
    Message(MessageId),
    /// A group to which an invite link leads. The link is a secret, so the history does not have it.
    GroupLink,
    /// The chats for forwarded messages.
    Forward,
    /// The list of keyboard shortcuts.
    Keys,
    /// A dialog about files.
    Files(FilesOver),
}

/// A dialog about files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilesOver {
    /// Files that the person is about to send.
    Attach(ConversationId),
    /// A voice message that the person records.
    Record(ConversationId),
    /// A picture of the conversation on the screen, by its message and its index there.
    View(MessageId, usize),
}

/// One entry of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The screen.
    pub route: Route,
    /// The dialog over the screen. The entry below shows the screen without it.
    pub over: Option<Over>,
    /// The distance to the entry of the chat list, in entries; `None` if unknown.
    pub home: Option<u32>,
}

/// A step in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Add an entry.
    Push(Place),
    /// Replace this entry.
    Replace(Place),
    /// Go back by a number of entries; that entry shows the place.
    Back(u32, Place),
    /// Go back by a number of entries, and replace that entry with the place.
    BackTo(u32, Place),
}

impl Place {
    /// An entry that a link or the address bar has made, after `before` if that entry was this page's.
    #[must_use]
    pub fn entered(route: Route, before: Option<&Self>) -> Self {
        let home = before.and_then(|before| before.home);
        Self { home: home_of(&route, home.map(above)), route, over: None }
    }

    /// Reads the place from the state (`said`) of the entry. Returns `None` if the entry has none of this app's.
    #[must_use]
    pub fn read(route: Route, said: &str) -> Option<Self> {
        let mut parts = said.strip_prefix("parley ")?.split(' ');
        let home = match parts.next()? {
            "-" => None,
            far => Some(far.parse().ok()?),
        };
        let over = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some("new"), None) => Some(Over::NewChat),
            (Some("link"), None) => Some(Over::Link),
            (Some("join"), None) => Some(Over::GroupLink),
            (Some("group"), None) => Some(Over::NewGroup),
            (Some("group"), Some(id)) => Some(Over::Group(ConversationId(hex::decode(id)?))),
            (Some("message"), Some(id)) => Some(Over::Message(MessageId(hex::decode(id)?))),
            (Some("forward"), None) => Some(Over::Forward),
            (Some("keys"), None) => Some(Over::Keys),
            (Some("contact"), Some(id)) => Some(Over::Contact(ConversationId(hex::decode(id)?))),
            (Some("attach"), Some(id)) => {
                Some(Over::Files(FilesOver::Attach(ConversationId(hex::decode(id)?))))
            }
            (Some("record"), Some(id)) => {
                Some(Over::Files(FilesOver::Record(ConversationId(hex::decode(id)?))))
            }
            (Some(view), Some(id)) => {
                let place = view.strip_prefix("view").and_then(|place| place.parse().ok());
                Some(Over::Files(FilesOver::View(MessageId(hex::decode(id)?), place?)))
            }
            _ => return None,
        };
        Some(Self { route, over, home })
    }

    /// The state to store in the entry.
    #[must_use]
    pub fn said(&self) -> String {
        let home = self.home.map_or_else(|| "-".to_owned(), |home| home.to_string());
        match self.over {
            None => format!("parley {home}"),
            Some(Over::NewChat) => format!("parley {home} new"),
            Some(Over::Link) => format!("parley {home} link"),
            Some(Over::Contact(id)) => format!("parley {home} contact {}", hex::encode(&id.0)),
            Some(Over::GroupLink) => format!("parley {home} join"),
            Some(Over::NewGroup) => format!("parley {home} group"),
            Some(Over::Group(id)) => format!("parley {home} group {}", hex::encode(&id.0)),
            Some(Over::Forward) => format!("parley {home} forward"),
            Some(Over::Keys) => format!("parley {home} keys"),
            Some(Over::Message(id)) => format!("parley {home} message {}", hex::encode(&id.0)),
            Some(Over::Files(FilesOver::Attach(id))) => {
                format!("parley {home} attach {}", hex::encode(&id.0))
            }
            Some(Over::Files(FilesOver::Record(id))) => {
                format!("parley {home} record {}", hex::encode(&id.0))
            }
            Some(Over::Files(FilesOver::View(id, place))) => {
                format!("parley {home} view{place} {}", hex::encode(&id.0))
            }
        }
    }

    /// Goes to another screen, or back to this screen from a dialog.
    #[must_use]
    pub fn go(&self, route: &Route) -> Step {
        if *route == self.route {
            return self.close();
        }
        let to = |home| Self { home: home_of(route, home), route: route.clone(), over: None };
        match (route, self.home, self.over) {
            (Route::Home, Some(home), _) => Step::Back(home, to(None)),
            (Route::Home, None, Some(_)) => Step::BackTo(1, to(None)),
            (_, home, Some(_)) => Step::Replace(to(home)),
            (Route::Home, None, None) => Step::Replace(to(None)),
            (_, home, None) => Step::Push(to(home.map(above))),
        }
    }

    /// Opens a dialog. Replaces one that is open.
    #[must_use]
    pub fn open(&self, over: Over) -> Step {
        let with = |home| Self { route: self.route.clone(), over: Some(over), home };
        match self.over {
            Some(open) if open == over => Step::Stay,
            Some(_) => Step::Replace(with(self.home)),
            None => Step::Push(with(self.home.map(above))),
        }
    }

    /// Closes the dialog.
    #[must_use]
    pub fn close(&self) -> Step {
        let below =
            || Self { over: None, home: self.home.and_then(|home| home.checked_sub(1)), ..self.clone() };
        if self.over.is_some() { Step::Back(1, below()) } else { Step::Stay }
    }
}

const fn above(home: u32) -> u32 {
    home.saturating_add(1)
}

fn home_of(route: &Route, home: Option<u32>) -> Option<u32> {
    if *route == Route::Home { Some(0) } else { home }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Route = Route::Conversation(ConversationId([1; 16]));
    const BOB: Route = Route::Conversation(ConversationId([2; 16]));
    const DETAILS: Over = Over::Contact(ConversationId([1; 16]));

    /// A browser's history.
    struct Browser {
        entries: Vec<Place>,
        at: usize,
    }

    impl Browser {
        fn new(first: Route) -> Self {
            Self { entries: vec![Place::entered(first, None)], at: 0 }
        }

        fn here(&self) -> &Place {
            &self.entries[self.at]
        }

        fn does(&mut self, step: impl FnOnce(&Place) -> Step) -> &mut Self {
            match step(self.here()) {
                Step::Stay => {}
                Step::Push(place) => {
                    self.entries.truncate(self.at + 1);
                    self.entries.push(place);
                    self.at += 1;
                }
                Step::Replace(place) => self.entries[self.at] = place,
                Step::Back(by, place) => {
                    self.at -= usize::try_from(by).unwrap();
                    assert_eq!(*self.here(), place, "what was expected there is there");
                }
                Step::BackTo(by, place) => {
                    self.at -= usize::try_from(by).unwrap();
                    self.entries[self.at] = place;
                }
            }
            self
        }

        fn go(&mut self, route: &Route) -> &mut Self {
            self.does(|here| here.go(route))
        }
    }

    #[test]
    fn going_into_a_chat_and_back_ten_times_adds_one_entry() {
        let mut browser = Browser::new(Route::Home);
        for _ in 0..10 {
            browser.go(&ADA).go(&Route::Home);
        }
        assert_eq!((browser.entries.len(), browser.at), (2, 0));
        for _ in 0..10 {
            browser.go(&ADA).does(|here| here.open(DETAILS)).does(Place::close).go(&Route::Home);
        }
        assert_eq!((browser.entries.len(), browser.at), (3, 0));
    }

    #[test]
    fn the_list_is_found_below_several_chats_and_a_dialog() {
        let mut browser = Browser::new(Route::Home);
        browser
            .go(&ADA)
            .go(&BOB)
            .go(&Route::Settings(None))
            .does(|here| here.open(Over::Link))
            .go(&Route::Home);
        assert_eq!((browser.at, &browser.here().route, browser.here().over), (0, &Route::Home, None));
    }

    #[test]
    fn a_chat_takes_the_place_of_the_dialog_that_opened_it() {
        let mut browser = Browser::new(Route::Home);
        browser.go(&ADA).does(|here| here.open(Over::NewChat)).go(&BOB);
        assert_eq!(browser.entries.iter().map(|place| place.over).collect::<Vec<_>>(), [None; 3]);
        browser.go(&Route::Home);
        assert_eq!(browser.at, 0);
        browser.go(&ADA).does(|here| here.open(Over::NewChat)).go(&ADA);
        assert_eq!((browser.at, browser.here().over), (1, None));
    }

    #[test]
    fn who_came_straight_to_a_chat_gets_the_list_in_its_place() {
        let mut browser = Browser::new(ADA);
        browser.does(|here| here.open(DETAILS)).go(&Route::Home);
        assert_eq!((browser.at, browser.here()), (0, &Place { home: Some(0), ..Place::default() }));
        let mut browser = Browser::new(ADA);
        browser.go(&Route::Home);
        assert_eq!((browser.entries.len(), &browser.here().route), (1, &Route::Home));
    }

    #[test]
    fn one_dialog_makes_room_for_another() {
        let mut browser = Browser::new(Route::Home);
        browser.does(|here| here.open(Over::NewChat)).does(|here| here.open(Over::Link));
        assert_eq!((browser.entries.len(), browser.here().over), (2, Some(Over::Link)));
        browser.does(|here| here.open(Over::Link)).does(Place::close);
        assert_eq!((browser.at, browser.here().over), (0, None));
    }

    #[test]
    fn an_entry_says_what_it_is() {
        let group = Over::Group(ConversationId([3; 16]));
        let message = Over::Message(MessageId([4; 16]));
        let dialogs =
            [Over::NewChat, Over::Link, DETAILS, Over::NewGroup, group, message, Over::Forward, Over::Keys];
        for over in dialogs.into_iter().map(Some).chain([None]) {
            for home in [None, Some(0), Some(12)] {
                let place = Place { route: ADA, over, home };
                assert_eq!(Place::read(ADA, &place.said()), Some(place));
            }
        }
        for said in
            ["", "parley", "parley x", "parley 1 new more", "parley 1 contact", "parley 1 contact zz", "2"]
        {
            assert_eq!(Place::read(ADA, said), None, "{said}");
        }
    }
}
