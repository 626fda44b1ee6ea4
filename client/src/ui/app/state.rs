//! Holds the state of all views as signals, which events of the engine change, and the actions of the person.

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
use crate::ui::app::attention;
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

/// The least pause between two signals to the owner that the person is present, in milliseconds.
const TELL: u64 = 5_000;

/// How far the app has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No owner has answered yet.
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
    /// New chat, with the text that its field has at first.
    NewChat(String),
    /// Contact details.
    Contact(ConversationId),
    /// Linking another device, with a link code that the person opened as a link.
    Link(String),
    /// New group.
    NewGroup,
    /// Details and members of a group.
    Group(ConversationId),
    /// Who has received a message of the open chat, who reacts to it, and its earlier versions.
    Message(MessageId),
    /// Where to forward [`Doing::forwarding`](crate::ui::app::doing::Doing::forwarding).
    Forward,
    /// The list of keyboard shortcuts.
    Keys,
    /// A dialog about files.
    Files(FilesOver),
    /// A group to which an invite link leads, with the link, or with nothing if the page no longer knows it.
    GroupLink(String),
}

/// The state that all views share. It lives as long as the page, so a view keeps only a reference.
#[derive(Clone, Copy)]
pub(crate) struct App(&'static Known);

impl core::ops::Deref for App {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.0
    }
}

/// The fields of the shared state.
pub(crate) struct Known {
    pub(crate) phase: RwSignal<Phase>,
    pub(crate) account: RwSignal<Option<AccountView>>,
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) storage: RwSignal<StorageState>,
    pub(crate) chats: RwSignal<Chats>,
    /// The pictures of groups.
    pub(crate) pictures: RwSignal<Pictures>,
    /// A pointer is pressed. Whatever could move under it waits.
    pub(crate) pressed: RwSignal<bool>,
    pub(crate) throttle: StoredValue<Throttle>,
    pub(crate) open: RwSignal<Open>,
    pub(crate) route: RwSignal<Route>,
    /// The open dialog. [`App::show`], [`App::close_dialog`] and the browser's history change it.
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
    /// The name of this place's time zone.
    pub(crate) zone: RwSignal<String>,
    pub(crate) visible: RwSignal<bool>,
    /// The page is visible and has the focus.
    pub(crate) in_front: RwSignal<bool>,
    pub(crate) worker_died: RwSignal<bool>,
    /// Another tab has a newer version of the app; this page does nothing any more.
    pub(crate) newer: RwSignal<bool>,
    /// Another tab has an older version of the app.
    pub(crate) older: RwSignal<bool>,
    /// The browser takes long to read or save something.
    pub(crate) slow: RwSignal<bool>,
    /// The texts in composers.
    pub(crate) drafts: StoredValue<Vec<(ConversationId, Draft)>>,
    pub(crate) keeping: StoredValue<Keeping, LocalStorage>,
    /// The conversation whose composer has got a text that the person did not type there.
    pub(crate) replaced: RwSignal<Option<ConversationId>>,
    /// Texts that were sent some time ago and are not on the disk yet.
    pub(crate) unsent: RwSignal<Vec<(ConversationId, Sending)>>,
    /// Why the last text could not be sent.
    pub(crate) send_failure: RwSignal<Option<(ConversationId, CommandError)>>,
    /// Some typed text is only in the memory of this page.
    pub(crate) at_risk: RwSignal<bool>,
    /// A message whose deletion the person can still undo.
    pub(crate) leaving: RwSignal<Option<Leaving>>,
    /// What the person is doing with messages.
    pub(crate) doing: RwSignal<Doing>,
    /// The texts that were sent as answers: the id of each request, and the message that it answers.
    pub(crate) answers: StoredValue<Vec<(u64, MessageRef)>>,
    pub(crate) announcement: RwSignal<String>,
    /// The progress or the result of the work on a backup file; a hint while the work goes on.
    pub(crate) file: RwSignal<Note>,
    /// The address at which the person can download the file that was saved last.
    pub(crate) download: RwSignal<Option<String>>,
    /// The texts that this browser still has after it was removed from its account.
    pub(crate) removed: RwSignal<Option<RemovedView>>,
    /// The person erases those texts on this page, and the first screen follows.
    pub(crate) starts_over: StoredValue<bool>,
    /// The first screen is making an account. It stays until that is done, because the relay may refuse.
    pub(crate) creating: RwSignal<bool>,
    /// The app lock of the device.
    pub(crate) lock: RwSignal<Option<LockView>>,
    /// The time of the next permitted guess at the lock, in milliseconds since 1970.
    pub(crate) next_guess: RwSignal<u64>,
    supervisor: StoredValue<Option<Supervisor>, LocalStorage>,
    pub(crate) owner: StoredValue<Option<Link>, LocalStorage>,
    pub(crate) asking: StoredValue<Asking, LocalStorage>,
    /// The fence of the last owner that the page heard.
    pub(crate) fence: StoredValue<u64>,
    /// Counts owners.
    pub(crate) owners: RwSignal<u32>,
    /// The state of each file.
    pub(crate) files: StoredValue<BTreeMap<FileId, ArcRwSignal<FileState>>>,
    /// The files that the person has chosen to send, until the dialog takes them.
    pub(crate) chosen: StoredValue<Vec<File>, LocalStorage>,
    /// Counts further choices while that dialog is open.
    pub(crate) chosen_again: RwSignal<u32>,
}

impl App {
    /// Starts this tab's worker, and opens the link to the owner of the device.
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
            // This fault comes first: whatever fails later only follows from it.
            app.phase.set(Phase::Faulty(Fault::Insecure));
        }
        app
    }

    /// Sends a command; `on_reply` gets its one reply. For commands that need a connection see [`App::ask_patiently`].
    pub(crate) fn ask(self, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        if let Some(link) = self.owner.get_value() {
            link.ask(command, on_reply);
        }
    }

    /// Sends a command under an id that the caller chose. The owner does not carry out a second request with the same id.
    pub(crate) fn ask_as(self, id: u64, command: Command, on_reply: impl FnOnce(Reply) + 'static) {
        if let Some(link) = self.owner.get_value() {
            link.ask_as(id, command, on_reply);
        }
    }

    /// Asks this tab's own worker about the lock. Only one question can be open at a time.
    pub(crate) fn ask_lock(self, ask: &LockAsk, on_answer: impl FnOnce(LockAnswer) + 'static) {
        if let Some(supervisor) = self.supervisor.get_value() {
            supervisor.ask_lock(ask, on_answer);
        }
    }

    /// Tells the owner when the person is present, for the auto-lock.
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

    /// Forgets everything that the page has shown, because the device was locked.
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
        attention::forget();
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

    /// Sends a signal that has no reply to the owner.
    pub(crate) fn say(self, signal: &ToOwner) {
        if let Some(link) = self.owner.get_value() {
            link.say(signal);
        }
    }

    /// A value that does not change while a pointer is pressed. So nothing moves between press and release, and the click
    /// reaches the element that was pressed.
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

    /// The own account. It does not change while chats are shown.
    pub(crate) fn me(self) -> Option<AccountId> {
        self.account.with_untracked(|account| account.as_ref().map(|it| it.account))
    }

    /// Whether this browser has an account. An account that is still being made does not count.
    pub(crate) fn has_account(self) -> bool {
        self.account.with(Option::is_some) && !self.creating.get()
    }

    /// The list entry of a conversation.
    pub(crate) fn chat(self, id: ConversationId) -> Memo<Option<ConversationView>> {
        Memo::new(move || self.chats.with(|chats| chats.get(id).cloned()))
    }

    /// The username of a contact whose name could be mistaken for another's, with its `@`.
    pub(crate) fn told_apart_by(self, id: ConversationId) -> Memo<Option<String>> {
        Memo::new(move || {
            self.chats.with(|chats| chats.told_apart_by(id).map(|username| format!("@{username}")))
        })
    }
}
