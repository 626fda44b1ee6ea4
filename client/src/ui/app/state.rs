//! What the views know: signals that events of the engine change, and what a person can do.

use std::collections::BTreeMap;

use leptos::prelude::*;
use parley_engine::view::{
    AccountView, Command, CommandError, Connection, ConversationId, ConversationView, FileId, FileState,
    LinkView, MessageRef, RemovedView, Reply, StorageState,
};
use parley_protocol::ids::{AccountId, MessageId, UnixMillis};

use crate::model::chats::Chats;
use crate::model::code::Code;
use crate::model::draft::{Draft, Sending};
use crate::model::history::FilesOver;
use crate::model::invite::Invited;
use crate::model::lock::{LockAnswer, LockAsk, LockView};
use crate::model::route::Route;
use crate::model::signal::{Fault, ToOwner};
use crate::platform::files::File;
use crate::platform::{clock, page};
use crate::ui::app::asking::Asking;
use crate::ui::app::doing::Doing;
use crate::ui::app::history::Way;
pub(crate) use crate::ui::app::history::go;
use crate::ui::app::link::Link;
use crate::ui::app::open::Open;
use crate::ui::app::pictures::{self, Pictures};
use crate::ui::app::supervisor::{Loss, Supervisor};
use crate::ui::app::throttle::Throttle;
use crate::ui::app::unsaved::{self, Keeping};
use crate::ui::design::field::Note;
use crate::ui::design::memo::Memo;
use crate::ui::screens::conversation::deleting::Leaving;
use crate::ui::screens::settings::backup_file;

/// How often the owner is told that somebody is there, at most, in milliseconds.
const TELL: u64 = 5_000;

/// How far the app has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody has answered yet.
    Starting,
    /// The device is open.
    Ready,
    /// The device is locked.
    Locked,
    /// The device does not open.
    Faulty(Fault),
}

/// Which dialog is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// New chat; holds what is in its field at first.
    NewChat(String),
    /// Contact details.
    Contact(ConversationId),
    /// Linking another device; holds a code that was opened as a link.
    Link(String),
    /// New group.
    NewGroup,
    /// What a group is, and who is in it.
    Group(ConversationId),
    /// Who has a message of the chat that is open, and what became of it.
    Message(MessageId),
    /// Where to forward [`Doing::forwarding`](crate::ui::app::doing::Doing::forwarding).
    Forward,
    /// Which keys do what.
    Keys,
    /// Something with files.
    Files(FilesOver),
    /// A group to which a link leads; holds the link, or nothing if it is not known any more.
    GroupLink(String),
}

/// Everything the views know. It lives as long as the page, so that a view that keeps it keeps an address.
#[derive(Clone, Copy)]
pub(crate) struct App(&'static Known);

impl core::ops::Deref for App {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.0
    }
}

/// What it is.
pub(crate) struct Known {
    pub(crate) phase: RwSignal<Phase>,
    pub(crate) account: RwSignal<Option<AccountView>>,
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) storage: RwSignal<StorageState>,
    pub(crate) chats: RwSignal<Chats>,
    /// Of groups.
    pub(crate) pictures: RwSignal<Pictures>,
    /// A pointer is pressed: what could move under it waits.
    pub(crate) pressed: RwSignal<bool>,
    pub(crate) throttle: StoredValue<Throttle>,
    pub(crate) open: RwSignal<Open>,
    pub(crate) route: RwSignal<Route>,
    /// Opened and closed by [`App::show`] and [`App::close_dialog`], or by the browser's history.
    pub(crate) dialog: RwSignal<Option<Dialog>>,
    pub(crate) way: StoredValue<Way, LocalStorage>,
    /// The QR code that was drawn last.
    pub(crate) code: RwSignal<Option<Code>>,
    pub(crate) invited: RwSignal<Option<Invited>>,
    /// A link code that was opened as a link.
    pub(crate) link_code: RwSignal<Option<String>>,
    /// How far linking a device is.
    pub(crate) link: RwSignal<Option<LinkView>>,
    pub(crate) now: RwSignal<UnixMillis>,
    /// The time zone of this place, by its name.
    pub(crate) zone: RwSignal<String>,
    pub(crate) visible: RwSignal<bool>,
    /// Somebody can see the page and has it in front of them.
    pub(crate) in_front: RwSignal<bool>,
    pub(crate) worker_died: RwSignal<bool>,
    /// A newer version of the app is in another tab: this page does nothing any more.
    pub(crate) newer: RwSignal<bool>,
    /// An older version of the app is in another tab.
    pub(crate) older: RwSignal<bool>,
    /// The browser takes long to read or save something.
    pub(crate) slow: RwSignal<bool>,
    /// What stands in composers.
    pub(crate) drafts: StoredValue<Vec<(ConversationId, Draft)>>,
    pub(crate) keeping: StoredValue<Keeping, LocalStorage>,
    /// The composer of this conversation has another text than before, which nobody typed there.
    pub(crate) replaced: RwSignal<Option<ConversationId>>,
    /// What was sent some time ago and is not on the disk.
    pub(crate) unsent: RwSignal<Vec<(ConversationId, Sending)>>,
    /// Why the last text could not be sent.
    pub(crate) send_failure: RwSignal<Option<(ConversationId, CommandError)>>,
    /// Something that was typed is in this page and nowhere else.
    pub(crate) at_risk: RwSignal<bool>,
    /// A message whose deletion can still be taken back.
    pub(crate) leaving: RwSignal<Option<Leaving>>,
    /// What somebody is doing with messages.
    pub(crate) doing: RwSignal<Doing>,
    /// What was sent as an answer, by request, and to which message.
    pub(crate) answers: StoredValue<Vec<(u64, MessageRef)>>,
    pub(crate) announcement: RwSignal<String>,
    /// What is being done with a backup file (a hint while it is), or what came of it.
    pub(crate) file: RwSignal<Note>,
    /// Where the file that was saved last can be downloaded.
    pub(crate) download: RwSignal<Option<String>>,
    /// This browser was removed from its account, and still has these texts.
    pub(crate) removed: RwSignal<Option<RemovedView>>,
    /// The person erases them on this page: the first screen follows.
    pub(crate) starts_over: StoredValue<bool>,
    /// An account is being made on the first screen, which stays until that is done: it may be refused.
    pub(crate) creating: RwSignal<bool>,
    /// The lock of the device.
    pub(crate) lock: RwSignal<Option<LockView>>,
    /// When the next guess at it is heard, in milliseconds since 1970.
    pub(crate) next_guess: RwSignal<u64>,
    supervisor: StoredValue<Option<Supervisor>, LocalStorage>,
    pub(crate) owner: StoredValue<Option<Link>, LocalStorage>,
    pub(crate) asking: StoredValue<Asking, LocalStorage>,
    /// The last owner that was heard.
    pub(crate) fence: StoredValue<u64>,
    /// Counts owners.
    pub(crate) owners: RwSignal<u32>,
    /// Where files are.
    pub(crate) files: StoredValue<BTreeMap<FileId, ArcRwSignal<FileState>>>,
    /// What somebody has chosen to send, until the dialog for that has taken it.
    pub(crate) chosen: StoredValue<Vec<File>, LocalStorage>,
    /// Counts what is chosen while that dialog is open.
    pub(crate) chosen_again: RwSignal<u32>,
}

impl App {
    /// Starts this tab's worker, and opens the link to whoever owns the device.
    pub(crate) fn start() -> Self {
        let app = Self(Box::leak(Box::new(Known {
            phase: RwSignal::new(Phase::Starting),
            account: RwSignal::new(None),
            connection: RwSignal::new(Connection::Connecting),
            storage: RwSignal::new(StorageState::Good),
            chats: RwSignal::new(Chats::default()),
            pictures: RwSignal::new(Pictures::new()),
            pressed: RwSignal::new(false),
            throttle: StoredValue::new(Throttle::default()),
            open: RwSignal::new(Open::default()),
            route: RwSignal::new(Route::Home),
            dialog: RwSignal::new(None),
            way: StoredValue::new_local(Way::default()),
            code: RwSignal::new(None),
            invited: RwSignal::new(None),
            link_code: RwSignal::new(None),
            link: RwSignal::new(None),
            now: RwSignal::new(clock::now()),
            zone: RwSignal::new(clock::zone()),
            visible: RwSignal::new(page::is_visible()),
            in_front: RwSignal::new(page::is_in_front()),
            worker_died: RwSignal::new(false),
            newer: RwSignal::new(false),
            older: RwSignal::new(false),
            slow: RwSignal::new(false),
            drafts: StoredValue::new(Vec::new()),
            keeping: StoredValue::new_local(Keeping::new()),
            replaced: RwSignal::new(None),
            unsent: RwSignal::new(Vec::new()),
            send_failure: RwSignal::new(None),
            at_risk: RwSignal::new(false),
            leaving: RwSignal::new(None),
            doing: RwSignal::new(Doing::default()),
            answers: StoredValue::new(Vec::new()),
            announcement: RwSignal::new(String::new()),
            file: RwSignal::new(Note::None),
            download: RwSignal::new(None),
            removed: RwSignal::new(None),
            starts_over: StoredValue::new(false),
            creating: RwSignal::new(false),
            lock: RwSignal::new(None),
            next_guess: RwSignal::new(0),
            supervisor: StoredValue::new_local(None),
            owner: StoredValue::new_local(None),
            asking: StoredValue::new_local(Asking::default()),
            fence: StoredValue::new(0),
            owners: RwSignal::new(0),
            files: StoredValue::new(BTreeMap::new()),
            chosen: StoredValue::new_local(Vec::new()),
            chosen_again: RwSignal::new(0),
        })));
        let supervisor = Supervisor::new(move |loss| match loss {
            Loss::Died => app.worker_died.set(true),
            Loss::Older => app.newer.set(true),
        });
        let link = Link::open(move |heard| app.hear(heard), move || supervisor.check());
        app.owner.set_value(Some(link));
        app.supervisor.set_value(Some(supervisor));
        if page::is_secure() {
            unsaved::start(app);
            link.say(&ToOwner::WhoOwns);
            supervisor.start();
        } else {
            // Before anything fails for another reason that is only a consequence.
            app.phase.set(Phase::Faulty(Fault::Insecure));
        }
        app
    }

    /// Sends a command; `on_reply` gets its one reply. What needs a connection is asked by [`App::ask_patiently`].
    pub(crate) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        if let Some(link) = self.owner.get_value() {
            link.ask(command, on_reply);
        }
    }

    /// Sends a command under an id that the caller chose: what was asked under it before is not done twice.
    pub(crate) fn ask_as(self, id: u64, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        if let Some(link) = self.owner.get_value() {
            link.ask_as(id, command, on_reply);
        }
    }

    /// Asks this tab's own worker about the lock; one question at a time.
    pub(crate) fn ask_lock(self, ask: &LockAsk, on_answer: impl FnOnce(LockAnswer) + 'static) {
        if let Some(supervisor) = self.supervisor.get_value() {
            supervisor.ask_lock(ask, on_answer);
        }
    }

    /// Tells the owner when somebody is there, for a lock that closes by itself.
    pub(crate) fn watch_for_somebody(self) {
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
    pub(crate) fn locked(self, lock: LockView, next: u64) {
        if let Some(link) = self.owner.get_value() {
            link.forget();
        }
        self.asking.set_value(Asking::default());
        unsaved::forget(self);
        self.lock.set(Some(lock));
        self.next_guess.set(next);
        self.worker_died.set(false);
        self.slow.set(false);
        if self.phase.get_untracked() == Phase::Locked {
            return;
        }
        self.phase.set(Phase::Locked);
        self.close_dialog();
        self.close();
        self.account.set(None);
        self.removed.set(None);
        self.link.set(None);
        self.code.set(None);
        self.chats.set(Chats::default());
        pictures::forget(self);
        self.leaving.set(None);
        self.doing.set(Doing::default());
        self.announcement.set(String::new());
        self.file.set(Note::None);
        self.chosen.set_value(Vec::new());
        self.files.set_value(BTreeMap::new());
        backup_file::show(self, None);
    }

    /// Says something to the owner that has no reply.
    pub(crate) fn say(self, signal: &ToOwner) {
        if let Some(link) = self.owner.get_value() {
            link.say(signal);
        }
    }

    /// A value that waits while a pointer is pressed, so that nothing moves under a hand: what was pressed is what is clicked.
    pub(crate) fn steady<T>(self, value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
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

    /// The own account. It is the same as long as chats are shown.
    pub(crate) fn me(self) -> Option<AccountId> {
        self.account.with_untracked(|account| account.as_ref().map(|it| it.account))
    }

    /// Whether somebody uses an account here. One that is being made is not there yet.
    pub(crate) fn has_account(self) -> bool {
        self.account.with(Option::is_some) && !self.creating.get()
    }

    /// The list entry of a conversation.
    pub(crate) fn chat(self, id: ConversationId) -> Memo<Option<ConversationView>> {
        Memo::new(move || self.chats.with(|chats| chats.get(id).cloned()))
    }

    /// The username of somebody whose name could be mistaken for another's, as it is written.
    pub(crate) fn told_apart_by(self, id: ConversationId) -> Memo<Option<String>> {
        Memo::new(move || {
            self.chats.with(|chats| chats.told_apart_by(id).map(|username| format!("@{username}")))
        })
    }
}
