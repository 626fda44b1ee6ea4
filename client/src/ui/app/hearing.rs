//! What the owner of the device says, and what of it changes here.

use leptos::prelude::*;
use parley_engine::view::{
    AccountView, Command, ConversationId, ConversationView, Event, GroupStanding, Reply, Snapshot,
};

use crate::model::chats::{Chats, is_request};
use crate::model::news::{news, renames};
use crate::model::route::Route;
use crate::model::signal::{Fault, ToViews, Unreadable};
use crate::platform::page;
use crate::platform::unicode::Browser;
use crate::ui::app::state::{App, Phase};
use crate::ui::app::{drafts, pictures, unsaved};
use crate::ui::words;

impl App {
    /// Takes what was heard.
    pub(crate) fn hear(self, heard: Result<ToViews, Unreadable>) {
        // The page's loader has started a worker before anybody could look: what fails there is only a consequence.
        if self.phase.get_untracked() == Phase::Faulty(Fault::Insecure) {
            return;
        }
        match heard {
            Ok(ToViews::OwnerHere { fence, key }) if self.believes(fence) => {
                self.fence.set_value(fence);
                self.owners.update(|count| *count = count.wrapping_add(1));
                unsaved::learn(self, key);
                self.subscribe();
            }
            Ok(ToViews::Fault(Fault::Removed)) if self.starts_over.get_value() => page::reload(),
            Ok(ToViews::Fault(fault)) => self.phase.set(Phase::Faulty(fault)),
            Ok(ToViews::Tell { fence, event }) if self.believes(fence) => self.told(event),
            Ok(ToViews::Slow(slow)) => self.slow.set(slow),
            Ok(ToViews::Code(code)) => self.code.set(Some(code)),
            Ok(ToViews::Locked { fence, lock, next }) if self.believes(fence) => {
                self.fence.set_value(fence);
                self.locked(lock, next);
            }
            Ok(ToViews::Lock(lock)) => self.lock.set(lock),
            Ok(_) | Err(Unreadable::Malformed) => {}
            Err(Unreadable::Newer) => self.newer.set(true),
            Err(Unreadable::Older) => self.older.set(true),
        }
    }

    /// An owner that has been replaced may wake up and say what it had on its tongue.
    fn believes(self, fence: u64) -> bool {
        fence >= self.fence.get_value()
    }

    /// There is an owner, perhaps a new one: begin again with what it knows.
    fn subscribe(self) {
        self.slow.set(false);
        if let Some(link) = self.owner.get_value() {
            link.ask_all();
        }
        self.ask(Command::Subscribe, move |reply| {
            if let Reply::Snapshot(snapshot) = reply {
                self.begin_with(snapshot);
            }
        });
    }

    fn begin_with(self, snapshot: Snapshot) {
        // Who has answered lives; what a worker said before its end may come later than that.
        self.worker_died.set(false);
        self.account.set(snapshot.account);
        self.connection.set(snapshot.connection);
        self.storage.set(snapshot.storage);
        self.link.set(snapshot.link);
        for chat in &snapshot.conversations {
            drafts::hear(self, chat);
            pictures::hear(self, chat);
        }
        self.chats.set(Chats::new(snapshot.conversations, &Browser));
        self.phase.set(Phase::Ready);
        if let Route::Conversation(id) = self.route.get_untracked() {
            self.open(id);
        }
        unsaved::opened(self);
    }

    fn told(self, event: Event) {
        match event {
            Event::Reply { id, reply } => {
                if let Reply::Page(page) = &reply {
                    self.learn_files(page.messages.iter());
                }
                if let Some(link) = self.owner.get_value() {
                    link.replied(id, reply);
                }
            }
            Event::Account(account) => self.account_is(account),
            Event::Connection(connection) => self.connection.set(connection),
            Event::Storage(storage) => self.storage.set(storage),
            Event::Link(link) => self.link.set(link),
            Event::Removed(removed) => {
                // What stands in a composer is nowhere else.
                drafts::keep_all(self);
                self.removed.set(Some(removed));
            }
            Event::Conversation(chat) => {
                self.announce_message(&chat);
                drafts::hear(self, &chat);
                pictures::hear(self, &chat);
                let known = |known: &ConversationView| renames(known, &chat);
                if self.open.with_untracked(|open| open.id == Some(chat.id))
                    && self.chats.with_untracked(|chats| chats.get(chat.id).is_some_and(known))
                {
                    // Its lines and messages say names too.
                    self.open(chat.id);
                }
                self.put_chat(*chat);
            }
            Event::Messages { conversation, messages } => {
                let unseen = !self.in_front.get_untracked();
                let already = !self.all_read(conversation);
                self.learn_files(messages.iter());
                self.update_open(conversation, |open| {
                    if unseen {
                        open.came_unseen(&messages, already);
                    }
                    open.window.changed(messages);
                });
            }
            Event::File { file, state } => self.file_is(file, state),
            Event::Deleted { conversation, message } => {
                self.update_open(conversation, |open| open.window.gone(message));
            }
        }
    }

    fn account_is(self, account: Option<AccountView>) {
        let refused = account.is_none();
        self.account.set(account);
        if refused && self.creating.get_untracked() {
            self.creating.set(false);
        }
    }

    fn all_read(self, conversation: ConversationId) -> bool {
        self.chats.with_untracked(|chats| chats.get(conversation).is_none_or(|chat| chat.unread == 0))
    }

    /// Tells a screen reader of messages that came, wherever they stand.
    fn announce_message(self, chat: &ConversationView) {
        let known = self
            .chats
            .with_untracked(|chats| chats.get(chat.id).map(|chat| (chat.unread, chat.last.clone())));
        let asked = self.chats.with_untracked(|chats| chats.get(chat.id).is_some_and(is_request));
        if is_request(chat) && !asked {
            return self.announce(match chat.group.as_ref().map(|group| &group.standing) {
                Some(GroupStanding::Invited { by, username }) => {
                    words::new_invitation(by, username.as_deref(), &chat.name)
                }
                _ => words::new_request(&chat.name),
            });
        }
        let asks = |chat: &ConversationView| chat.group.as_ref().map_or(0, |group| group.asks);
        let asked = self.chats.with_untracked(|chats| chats.get(chat.id).map(asks));
        if asked.is_some_and(|asked| asks(chat) > asked) {
            return self.announce(words::new_ask(&chat.name));
        }
        let (unread, last) = known.unwrap_or_default();
        if let Some(news) = news(unread, last.as_ref(), chat) {
            let shown = self.route.get_untracked() == Route::Conversation(chat.id);
            let apart = self.chats.with_untracked(|chats| chats.told_apart_by(chat.id).map(str::to_owned));
            let name = apart.map_or_else(|| chat.name.clone(), |apart| format!("{} (@{apart})", chat.name));
            self.announce(news.sentence(&name, shown));
        }
    }

    /// Tells a screen reader something, once, when it has said what it is saying.
    pub(crate) fn announce(self, text: impl Into<String>) {
        let text = text.into();
        // The same sentence again would change nothing in the page, and so not be read out.
        let again = self.announcement.with_untracked(|before| *before == text);
        self.announcement.set(if again { format!("{text}\u{a0}") } else { text });
    }

    /// Tells of something that counts when it begins, and not at each step.
    pub(crate) fn announce_begin(self, told: impl Fn() -> Option<String> + 'static) {
        Effect::new(move |before: Option<bool>| {
            let told = told();
            let (began, runs) = (before == Some(false) || before.is_none(), told.is_some());
            if began && let Some(told) = told {
                self.announce(told);
            }
            runs
        });
    }
}
