//! What the views know: signals that events of the engine change, and what a person can do.

use leptos::prelude::*;
use parley_engine::view::{
    AccountView, BodyView, Command, CommandError, Connection, ConversationId, ConversationView, Event,
    LinkView, RemovedView, Reply, Snapshot, StorageState,
};
use parley_protocol::ids::{MessageId, UnixMillis};

use super::deleting::Leaving;
use super::drafts::Draft;
use super::field::Note;
use super::keeper::{Keeper, Loss};
use super::link::Link;
use super::memo::Memo;
use super::pace::Pace;
use super::{backup_file, drafts};
use crate::model::chats::Chats;
use crate::model::code::Code;
use crate::model::lock::{LockAnswer, LockAsk, LockView};
use crate::model::route::Route;
use crate::model::rows::first_unread;
use crate::model::signal::{ToOwner, ToViews, Trouble, Unreadable};
use crate::model::thread::Thread;
use crate::platform::{clock, page};

/// How often the owner is told that somebody is there, at most, in milliseconds.
const TELL: u64 = 5_000;

/// How far the app has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody has answered yet.
    Starting,
    /// The device is open.
    Ready,
    /// The device is locked.
    Locked,
    /// The device does not open.
    Troubled(Trouble),
}

/// Which dialog is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dialog {
    /// New chat; holds what is in its field at first.
    NewChat(String),
    /// Contact details.
    Contact(ConversationId),
    /// Linking another device; holds a code that was opened as a link.
    Link(String),
}

/// The conversation on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) id: ConversationId,
    pub(super) thread: Thread,
    pub(super) unread_from: Option<MessageId>,
    pub(super) loading_older: bool,
    pub(super) error: Option<CommandError>,
}

/// Everything the views know. It lives as long as the page, so that a view that keeps it keeps an address.
#[derive(Clone, Copy)]
pub(super) struct App(&'static Known);

impl core::ops::Deref for App {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.0
    }
}

/// What it is.
pub(super) struct Known {
    pub(super) phase: RwSignal<Phase>,
    pub(super) account: RwSignal<Option<AccountView>>,
    pub(super) connection: RwSignal<Connection>,
    pub(super) storage: RwSignal<StorageState>,
    pub(super) chats: RwSignal<Chats>,
    /// A pointer is pressed: what could move under it waits.
    pub(super) pressed: RwSignal<bool>,
    pub(super) pace: StoredValue<Pace>,
    pub(super) open: RwSignal<Option<Open>>,
    pub(super) route: RwSignal<Route>,
    pub(super) dialog: RwSignal<Option<Dialog>>,
    /// The QR code that was drawn last.
    pub(super) code: RwSignal<Option<Code>>,
    pub(super) invited: RwSignal<Option<String>>,
    /// A link code that was opened as a link.
    pub(super) link_code: RwSignal<Option<String>>,
    /// How far linking a device is.
    pub(super) link: RwSignal<Option<LinkView>>,
    pub(super) now: RwSignal<UnixMillis>,
    pub(super) visible: RwSignal<bool>,
    pub(super) worker_died: RwSignal<bool>,
    /// A newer version of the app is in another tab: this page does nothing any more.
    pub(super) newer: RwSignal<bool>,
    /// An older version of the app is in another tab.
    pub(super) older: RwSignal<bool>,
    /// The browser takes long to read or save something.
    pub(super) slow: RwSignal<bool>,
    pub(super) drafts: StoredValue<Vec<(ConversationId, Draft)>>,
    /// A message whose deletion can still be taken back.
    pub(super) leaving: RwSignal<Option<Leaving>>,
    pub(super) announcement: RwSignal<String>,
    /// What is being done with a backup file (a hint while it is), or what came of it.
    pub(super) file: RwSignal<Note>,
    /// Where the file that was saved last can be downloaded.
    pub(super) download: RwSignal<Option<String>>,
    /// This browser was removed from its account, and still has these texts.
    pub(super) removed: RwSignal<Option<RemovedView>>,
    /// The person erases them on this page: the first screen follows.
    pub(super) starts_over: StoredValue<bool>,
    /// The lock of the device.
    pub(super) lock: RwSignal<Option<LockView>>,
    /// When the next guess at it is heard, in milliseconds since 1970.
    pub(super) next_guess: RwSignal<u64>,
    keeper: StoredValue<Option<Keeper>, LocalStorage>,
    owner: StoredValue<Option<Link>, LocalStorage>,
    /// The last owner that was heard.
    fence: StoredValue<u64>,
}

impl App {
    /// Starts this tab's worker, and opens the link to whoever owns the device.
    pub(super) fn start() -> Self {
        let app = Self(Box::leak(Box::new(Known {
            phase: RwSignal::new(Phase::Starting),
            account: RwSignal::new(None),
            connection: RwSignal::new(Connection::Connecting),
            storage: RwSignal::new(StorageState::Good),
            chats: RwSignal::new(Chats::default()),
            pressed: RwSignal::new(false),
            pace: StoredValue::new(Pace::default()),
            open: RwSignal::new(None),
            route: RwSignal::new(Route::Home),
            dialog: RwSignal::new(None),
            code: RwSignal::new(None),
            invited: RwSignal::new(None),
            link_code: RwSignal::new(None),
            link: RwSignal::new(None),
            now: RwSignal::new(clock::now()),
            visible: RwSignal::new(page::is_visible()),
            worker_died: RwSignal::new(false),
            newer: RwSignal::new(false),
            older: RwSignal::new(false),
            slow: RwSignal::new(false),
            drafts: StoredValue::new(Vec::new()),
            leaving: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            file: RwSignal::new(Note::None),
            download: RwSignal::new(None),
            removed: RwSignal::new(None),
            starts_over: StoredValue::new(false),
            lock: RwSignal::new(None),
            next_guess: RwSignal::new(0),
            keeper: StoredValue::new_local(None),
            owner: StoredValue::new_local(None),
            fence: StoredValue::new(0),
        })));
        let keeper = Keeper::new(move |loss| match loss {
            Loss::Died => app.worker_died.set(true),
            Loss::Older => app.newer.set(true),
        });
        let link = Link::open(move |heard| app.hear(heard), move || keeper.check());
        app.owner.set_value(Some(link));
        app.keeper.set_value(Some(keeper));
        link.say(&ToOwner::WhoOwns);
        keeper.start();
        app
    }

    /// Sends a command; `on_reply` gets its one reply.
    pub(super) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        if let Some(link) = self.owner.get_value() {
            link.ask(command, on_reply);
        }
    }

    /// Asks this tab's own worker about the lock; one question at a time.
    pub(super) fn ask_lock(self, ask: &LockAsk, on_answer: impl FnOnce(LockAnswer) + 'static) {
        if let Some(keeper) = self.keeper.get_value() {
            keeper.ask_lock(ask, on_answer);
        }
    }

    /// Tells the owner when somebody is there, for a lock that closes by itself.
    pub(super) fn watch_for_somebody(self) {
        let told = StoredValue::new(0_u64);
        page::on_somebody(move || {
            let closes =
                self.lock.with_untracked(|lock| lock.as_ref().is_some_and(|lock| lock.after.is_some()));
            let now = clock::now().0;
            if closes && self.phase.get_untracked() == Phase::Ready && now.abs_diff(told.get_value()) >= TELL
            {
                told.set_value(now);
                self.say(&ToOwner::SomebodyHere);
            }
        });
    }

    /// The device was locked: the page forgets what it has shown.
    fn locked(self, lock: LockView, next: u64) {
        if let Some(link) = self.owner.get_value() {
            link.forget();
        }
        self.lock.set(Some(lock));
        self.next_guess.set(next);
        self.worker_died.set(false);
        self.slow.set(false);
        if self.phase.get_untracked() == Phase::Locked {
            return;
        }
        self.phase.set(Phase::Locked);
        self.dialog.set(None);
        self.open.set(None);
        self.account.set(None);
        self.removed.set(None);
        self.link.set(None);
        self.code.set(None);
        self.chats.set(Chats::default());
        self.drafts.set_value(Vec::new());
        self.leaving.set(None);
        self.announcement.set(String::new());
        self.file.set(Note::None);
        backup_file::show(self, None);
    }

    /// Says something to the owner that has no reply.
    pub(super) fn say(self, signal: &ToOwner) {
        if let Some(link) = self.owner.get_value() {
            link.say(signal);
        }
    }

    /// A value that waits while a pointer is pressed, so that nothing moves under a hand: what was pressed is what is clicked.
    pub(super) fn steady<T>(self, value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        let last = StoredValue::new(None);
        Memo::new(move || {
            let held = if self.pressed.get() { last.get_value() } else { None };
            held.unwrap_or_else(|| {
                let value = value();
                last.set_value(Some(value.clone()));
                value
            })
        })
    }

    /// The list entry of a conversation.
    pub(super) fn chat(self, id: ConversationId) -> Memo<Option<ConversationView>> {
        Memo::new(move || self.chats.with(|chats| chats.get(id).cloned()))
    }

    /// Shows a conversation's newest messages.
    pub(super) fn open(self, id: ConversationId) {
        let known = self.open.with_untracked(|open| open.as_ref().is_some_and(|open| open.id == id));
        if !known {
            let thread = Thread::default();
            self.open.set(Some(Open { id, thread, unread_from: None, loading_older: false, error: None }));
        }
        self.ask(Command::OpenConversation(id), move |reply| {
            let unread = self.chats.with_untracked(|chats| chats.get(id).map_or(0, |chat| chat.unread));
            self.update_open(id, |open| match reply {
                Reply::Page { messages, more, .. } => {
                    let first = !open.thread.is_ready();
                    open.error = None;
                    open.thread.newest_page(messages, more);
                    if first {
                        open.unread_from = first_unread(open.thread.messages(), unread);
                    }
                }
                Reply::Failed(error) => open.error = Some(error),
                _ => {}
            });
        });
    }

    /// Loads the messages before the oldest one here, unless that is under way.
    pub(super) fn load_older(self, id: ConversationId) {
        let before = self.open.with_untracked(|open| {
            let open = open.as_ref().filter(|open| open.id == id && !open.loading_older)?;
            open.thread.oldest().filter(|_| open.thread.has_older())
        });
        let Some(before) = before else { return };
        self.update_open(id, |open| open.loading_older = true);
        self.ask(Command::OlderMessages { conversation: id, before }, move |reply| {
            self.update_open(id, |open| {
                open.loading_older = false;
                if let Reply::Page { messages, more, .. } = reply {
                    open.thread.older_page(messages, more);
                }
            });
        });
    }

    /// Changes the conversation on the screen, if it is this one.
    pub(super) fn update_open(self, id: ConversationId, change: impl FnOnce(&mut Open)) {
        if self.open.with_untracked(|open| open.as_ref().is_some_and(|open| open.id == id)) {
            self.open.update(|open| {
                if let Some(open) = open {
                    change(open);
                }
            });
        }
    }

    fn hear(self, heard: Result<ToViews, Unreadable>) {
        match heard {
            Ok(ToViews::OwnerHere { fence }) if self.believes(fence) => {
                self.fence.set_value(fence);
                self.subscribe();
            }
            Ok(ToViews::Trouble(Trouble::Removed)) if self.starts_over.get_value() => page::reload(),
            Ok(ToViews::Trouble(trouble)) => self.phase.set(Phase::Troubled(trouble)),
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
        self.worker_died.set(false);
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
        self.account.set(snapshot.account);
        self.connection.set(snapshot.connection);
        self.storage.set(snapshot.storage);
        self.link.set(snapshot.link);
        self.chats.set(Chats::new(snapshot.conversations));
        self.phase.set(Phase::Ready);
        if let Route::Conversation(id) = self.route.get_untracked() {
            self.open(id);
        }
    }

    fn told(self, event: Event) {
        match event {
            Event::Reply { id, reply } => {
                if let Some(link) = self.owner.get_value() {
                    link.replied(id, reply);
                }
            }
            Event::Account(account) => self.account.set(account),
            Event::Connection(connection) => self.connection.set(connection),
            Event::Storage(storage) => self.storage.set(storage),
            Event::Link(link) => self.link.set(link),
            Event::Removed(removed) => {
                // What stands in a composer is nowhere else.
                drafts::save_all(self);
                self.removed.set(Some(removed));
            }
            Event::Conversation(chat) => {
                self.announce(&chat);
                self.put_chat(chat);
            }
            Event::Messages { conversation, messages } => {
                self.update_open(conversation, |open| open.thread.changed(messages));
            }
            Event::Deleted { conversation, message } => {
                self.update_open(conversation, |open| open.thread.gone(message));
            }
        }
    }

    /// Tells a screen reader of a message in a conversation that is not on the screen.
    fn announce(self, chat: &ConversationView) {
        let before = self.chats.with_untracked(|chats| chats.get(chat.id).map_or(0, |known| known.unread));
        let shown = self.route.get_untracked() == Route::Conversation(chat.id);
        if chat.unread > before && !shown {
            let text = match chat.last.as_ref().map(|last| &last.body) {
                Some(BodyView::Text(text)) => format!("New message from {}: {text}", chat.name),
                _ => format!("New message from {}", chat.name),
            };
            self.announcement.set(text);
        }
    }
}

/// Goes to another screen.
pub(super) fn go(route: &Route) {
    page::go(&route.fragment());
}
