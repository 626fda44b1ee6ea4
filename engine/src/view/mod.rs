//! The interface between engine and views: requests, events and view models. Plain data; the UI never sees an MLS type.
//!
//! A view sends [`Request`]s, each with an id that the view chose, and gets [`Event`]s. All views get all events; an
//! [`Event::Reply`] is for the view whose request id it carries. A view begins with [`Command::Subscribe`].

mod about;
mod attachment;
mod command;
mod devices;
mod errors;
mod file;
mod group;
mod outage;
mod passage;
mod recovery;
mod removed;

use parley_protocol::ids::{AccountId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};

pub use crate::domain::consent::Consent;
pub use crate::domain::contact::Warning;
use crate::domain::content::Part;
pub use crate::domain::conversation::ConversationId;
pub use crate::domain::marks::Mark;
use crate::domain::message::MessageBody;
pub use crate::domain::message::{DeviceChange, Dropped, Gap, GroupLine, KeyChange, Who, Why};
pub use crate::domain::order::Order;
pub use crate::domain::relation::MessageRef;
pub use crate::group::policy::{History, Permissions, Role};

pub use self::about::{About, ReactionView};
pub use self::attachment::{FileId, FileKind, FileState, FileView, FilesView, NewFile, StoredFile};
pub use self::command::Command;
pub use self::devices::{LinkFailure, LinkView, OwnDeviceView, OwnKeyChange, Share};
pub use self::errors::{CommandError, PhraseError, UsernameStatus};
pub use self::file::{FileError, FilePart, FileReport};
pub use self::group::{
    AskStage, AskView, AuthorView, GroupPreview, GroupStanding, GroupSummary, GroupView, InviteLinkView,
    LinkTerms, MemberView, MessageDetails, Told,
};
pub use self::outage::{Outage, WaitReason};
pub use self::passage::RelaySaw;
pub use self::recovery::{BackupFailure, BackupState, PhraseState, PhraseView, RecoveryView, Typed};
pub use self::removed::{KeptState, KeptText, RemovedView};

/// Most texts of one view that may wait for this device's disk: the engine still knows this many when the view repeats them.
pub const UNSAVED_TEXTS: usize = 64;

/// The id of a request of one view; views choose from disjoint ranges (for instance at random).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewRequestId(pub u64);

/// A request of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the reply. Every request gets exactly one.
    pub id: ViewRequestId,
    /// What to do.
    pub command: Command,
}

/// An event for the views.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An answer to one request.
    Reply {
        /// The request's id.
        id: ViewRequestId,
        /// The answer.
        reply: Reply,
    },
    /// Own account or settings changed.
    Account(Option<AccountView>),
    /// The connection changed.
    Connection(Connection),
    /// A conversation is new or changed; it replaces the one with its id.
    Conversation(Box<ConversationView>),
    /// Messages that are new or changed; each replaces the one with its id.
    Messages {
        /// In which conversation.
        conversation: ConversationId,
        /// In order.
        messages: Vec<MessageView>,
    },
    /// The device cannot write; until it can, nothing is sent or received.
    Storage(StorageState),
    /// The progress of linking; none when there is nothing to show.
    Link(Option<LinkView>),
    /// Another device of the account has removed this one, which still has these texts. A view that subscribes gets this
    /// event first.
    Removed(RemovedView),
    /// The state of a file has changed.
    File {
        /// Which.
        file: FileId,
        /// Where it is.
        state: FileState,
    },
    /// A message is gone.
    Deleted {
        /// From which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The command is carried out.
    Done,
    /// The command failed.
    Failed(CommandError),
    /// Everything that a view begins with.
    Snapshot(Snapshot),
    /// Whether a username is available.
    Username(UsernameStatus),
    /// Somebody was found.
    Person(Person),
    /// The conversation is there.
    Conversation(ConversationId),
    /// Messages of a conversation.
    Page(Page),
    /// A contact.
    Contact(ContactView),
    /// The recovery phrase.
    Phrase(PhraseView),
    /// A piece of a backup file.
    FilePart(FilePart),
    /// A backup file was read to its end.
    File(FileReport),
    /// A group.
    Group(Box<GroupView>),
    /// Who has an own message.
    MessageDetails(MessageDetails),
    /// A group, as a person with a link sees it.
    GroupPreview(Box<GroupPreview>),
    /// The requested message, if it is on this device.
    Message(Option<Box<MessageView>>),
    /// What files are on this device.
    StoredFiles(Vec<StoredFile>),
}

/// Consecutive messages of a conversation, without a hole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// In order, oldest first.
    pub messages: Vec<MessageView>,
    /// Whether there are older ones.
    pub older: bool,
    /// Whether there are newer ones.
    pub newer: bool,
    /// The place of the first unread message of the conversation.
    pub unread: Option<Order>,
}

/// What a view begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Own account, if there is one.
    pub account: Option<AccountView>,
    /// The connection.
    pub connection: Connection,
    /// All conversations, in any order.
    pub conversations: Vec<ConversationView>,
    /// Whether the device can write.
    pub storage: StorageState,
    /// How far linking is.
    pub link: Option<LinkView>,
}

/// The state of an account in the relay's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registration {
    /// The client is still registering it.
    Registering,
    /// Under its username.
    Done,
    /// Under another username, since somebody else took its own while the relay was being restored.
    Renamed,
}

/// Own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// What others see.
    pub name: String,
    /// Own username.
    pub username: String,
    /// The account.
    pub account: AccountId,
    /// The colour in which others see it.
    pub colour: u8,
    /// The fragment of the invite link, to put after `https://host/#`.
    pub invite: String,
    /// Whether read receipts are sent and shown.
    pub read_receipts: bool,
    /// The state of the account in the relay's directory.
    pub registration: Registration,
    /// The account's devices, oldest first.
    pub devices: Vec<OwnDeviceView>,
    /// Key changes by other devices of the account that the person has not seen.
    pub key_changes: Vec<OwnKeyChange>,
    /// The relay has shown another device log of the account than this device has verified.
    pub forked: bool,
    /// Conversations that were sent whole to a device that was linked here, and their number in all; none when that is done.
    pub sharing: Option<(u32, u32)>,
    /// Recovery phrase and backup.
    pub recovery: Box<RecoveryView>,
    /// Whether drafts go to the account's other devices.
    pub drafts_in_step: bool,
}

/// The connection to the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// Not yet, or being made.
    Connecting,
    /// Connected, and reading what came in meanwhile.
    CatchingUp,
    /// Connected and up to date.
    Online,
    /// Gone; the next attempt is at this time.
    Offline {
        /// When the host will try again.
        retry_at: UnixMillis,
        /// Why.
        why: Outage,
    },
    /// This page is older than the relay: it must be reloaded.
    ReloadNeeded,
    /// The relay is older than this page: its operator must update it.
    RelayTooOld,
}

/// Whether this device can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageState {
    /// It can.
    Good,
    /// The browser has no room.
    Full,
    /// The browser refuses.
    Unavailable,
    /// Another tab has taken over.
    Fenced,
}

/// Somebody who was found in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their account.
    pub account: AccountId,
    /// Their username, if the relay knows one.
    pub username: Option<String>,
    /// The conversation with them, if there is one.
    pub conversation: Option<ConversationId>,
    /// The same, or as it will be called.
    pub chat: ConversationId,
}

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub struct ConversationView {
    /// Which.
    pub id: ConversationId,
    /// What the other calls themselves; the username before they have said. What a group is called.
    pub name: String,
    /// The other's account; none of a group, or of a chat of another account.
    pub account: Option<AccountId>,
    /// The other's username.
    pub username: Option<String>,
    /// The safety number was compared.
    pub verified: bool,
    /// The newest message.
    pub last: Option<Preview>,
    /// Whether the person wants to hear from them.
    pub consent: Consent,
    /// Messages not seen yet, in a chat to which the person has consented.
    pub unread: u32,
    /// Sorts the list, newest first.
    pub changed: UnixMillis,
    /// Something to tell the person at the top of the conversation.
    pub warning: Option<Warning>,
    /// Still being set up: the other has no way to read yet.
    pub preparing: bool,
    /// What holds up the messages that wait, where the connection does not, and it is known.
    pub waiting: Option<WaitReason>,
    /// It came from a backup file of another account, which calls itself so: it can be read and not written.
    pub restored: Option<String>,
    /// What was written and not sent; empty if there is nothing.
    pub draft: String,
    /// There is no draft any more because it was sent as it stood.
    pub draft_sent: bool,
    /// Whether it stands in the list: not after it was deleted, until something new is said.
    pub listed: bool,
    /// It is a group.
    pub group: Option<GroupSummary>,
    /// How the person keeps it in the list.
    pub marks: MarksView,
    /// How long messages last once they are read, in seconds; zero for good.
    pub timer: u32,
}

/// How a person keeps a conversation in the list, on all their devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarksView {
    /// It stands above the others.
    pub pinned: bool,
    /// It stands apart from the others.
    pub archived: bool,
    /// Until when nobody is told of what comes.
    pub muted: Option<UnixMillis>,
    /// It is shown as if something were unread.
    pub unread: bool,
}

/// The newest message, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The first 120 characters or so.
    pub body: BodyView,
    /// When.
    pub time: UnixMillis,
    /// Own message, and its state.
    pub outgoing: Option<Delivery>,
    /// What its author calls themselves, in a group.
    pub author: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// Its place.
    pub order: Order,
    /// By its sender's clock.
    pub time: UnixMillis,
    /// What it says.
    pub body: BodyView,
    /// Own message, and its state; none in others' messages.
    pub outgoing: Option<Delivery>,
    /// Who wrote it, in a group; none in own messages.
    pub author: Option<AuthorView>,
    /// How many have an own message, in a group that counts them.
    pub told: Option<Told>,
    /// What is known of it beside what it says.
    pub about: About,
    /// It was written before this account came into the group, and shared with it.
    pub shared: bool,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyView {
    /// Text.
    Text(String),
    /// A kind that this version does not know.
    Newer,
    /// Something is missing here.
    Gap(Gap),
    /// The other has taken another name.
    Renamed {
        /// What they called themselves before.
        from: String,
        /// What they call themselves now.
        to: String,
    },
    /// The other's devices or recovery phrase changed.
    KeysChanged(KeyChange),
    /// Something happened to the group.
    Group(GroupLine),
    /// Somebody deleted it for everyone.
    Deleted {
        /// Who, if it was not its author.
        by: Option<Who>,
    },
    /// A text with files.
    Files(Box<FilesView>),
    /// Somebody has said how long messages last from then on.
    Timer {
        /// Who; none for this account.
        by: Option<Who>,
        /// In seconds; zero for good.
        seconds: u32,
    },
}

impl From<&MessageBody> for BodyView {
    fn from(body: &MessageBody) -> Self {
        match body {
            MessageBody::Part(part) => Self::of_part(part),
            MessageBody::Gap(gap) => Self::Gap(*gap),
            MessageBody::Renamed { from, to } => Self::Renamed { from: from.clone(), to: to.clone() },
            MessageBody::KeysChanged(change) => Self::KeysChanged(*change),
            MessageBody::Group(line) => Self::Group(line.clone()),
            MessageBody::Deleted(_) => Self::Deleted { by: None },
        }
    }
}

impl BodyView {
    pub(crate) fn of_part(part: &Part) -> Self {
        if let Some(seconds) = part.timer() {
            return Self::Timer { by: None, seconds };
        }
        match part.files() {
            Some(files) => Self::Files(Box::new(FilesView::of(&files))),
            None => part.text().map_or(Self::Newer, |text| Self::Text(text.to_owned())),
        }
    }

    /// Whether it is a line between what people write: the device says something, or that somebody did something.
    #[must_use]
    pub const fn is_notice(&self) -> bool {
        let says =
            matches!(self, Self::Gap(_) | Self::Renamed { .. } | Self::KeysChanged(_) | Self::Group(_));
        says || matches!(self, Self::Timer { .. })
    }
}

/// What became of an own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Delivery {
    /// On this device only.
    Waiting,
    /// On disk at the relay.
    Sent,
    /// On a device of the other.
    Delivered,
    /// Seen by the other.
    Read,
    /// It cannot be sent.
    Failed,
}

/// A contact's panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// The conversation.
    pub conversation: ConversationId,
    /// What they call themselves.
    pub name: String,
    /// Their username.
    pub username: Option<String>,
    /// Twelve groups of five digits, the same on both sides.
    pub safety_number: Vec<String>,
    /// Compared and the same.
    pub verified: bool,
    /// Their devices, oldest first.
    pub devices: Vec<DeviceView>,
}

/// A device of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// When it was added, by the clock of who added it.
    pub added: UnixMillis,
}
