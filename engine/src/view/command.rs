//! What a person can ask for.

use parley_protocol::ids::{AccountId, DeviceId, MessageId};
use serde::{Deserialize, Serialize};

use super::{
    ConversationId, FileId, History, LinkTerms, Mark, MessageRef, NewFile, Order, Permissions, Role, Share,
    Typed,
};

/// What a person can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Reply: [`super::Reply::Snapshot`].
    Subscribe,
    /// Reply: [`super::Reply::Username`].
    CheckUsername(String),
    /// Reply: [`super::Reply::Done`] once the account is at the relay, or [`super::Reply::Failed`].
    CreateAccount {
        /// What others see; 1 to 64 characters.
        name: String,
        /// As typed.
        username: String,
    },
    /// Finds somebody by username or by invite link (or its fragment). Reply: [`super::Reply::Person`].
    FindPerson(String),
    /// Opens the conversation with this account, making it if need be. Reply: [`super::Reply::Conversation`].
    StartConversation(AccountId),
    /// The newest messages. Reply: [`super::Reply::Page`].
    OpenConversation(ConversationId),
    /// The first unread message and those after it; the newest messages, if nothing is unread. Reply:
    /// [`super::Reply::Page`].
    UnreadMessages(ConversationId),
    /// The messages before one. Reply: [`super::Reply::Page`].
    OlderMessages {
        /// Of which conversation.
        conversation: ConversationId,
        /// The oldest that the view has.
        before: Order,
    },
    /// The messages after one. Reply: [`super::Reply::Page`].
    NewerMessages {
        /// Of which conversation.
        conversation: ConversationId,
        /// The newest that the view has.
        after: Order,
    },
    /// Reply: [`super::Reply::Done`] once the message is on this device's disk.
    SendText {
        /// Where to.
        conversation: ConversationId,
        /// What; at most 64 KiB.
        text: String,
        /// The draft that it was, as the view last knew it: that one goes, and no other.
        over: String,
    },
    /// The person has seen everything up to here. Reply: [`super::Reply::Done`].
    MarkRead {
        /// Of which conversation.
        conversation: ConversationId,
        /// The newest message on the screen.
        upto: Order,
    },
    /// Reply: [`super::Reply::Contact`].
    ShowContact(ConversationId),
    /// The safety number was compared (or the mark is taken back). Reply: [`super::Reply::Done`].
    SetVerified {
        /// With whom.
        conversation: ConversationId,
        /// Compared and the same.
        verified: bool,
    },
    /// Changes the name that others see. Reply: [`super::Reply::Done`].
    SetName(String),
    /// Turns read receipts on or off, for sending and showing. Reply: [`super::Reply::Done`].
    SetReadReceipts(bool),
    /// Shows a code with which this device is linked to an account, or, if it has one, another device to it. Reply:
    /// [`super::Reply::Done`]; how it goes is told by [`super::Event::Link`].
    ShowLinkCode {
        /// What a new device calls itself, such as "Firefox on Linux".
        name: String,
    },
    /// Uses a code that the other device shows: a link, its fragment, or what was typed. Reply: [`super::Reply::Done`].
    UseLinkCode {
        /// The code.
        text: String,
        /// What a new device calls itself.
        name: String,
    },
    /// The two digits that the other device shows. Reply: [`super::Reply::Done`].
    ConfirmDigits(u8),
    /// The person agrees that the new device is linked. Reply: [`super::Reply::Done`].
    ApproveDevice(Share),
    /// Ends linking, or puts away how it ended. Reply: [`super::Reply::Done`].
    CancelLinking,
    /// Calls one of the own devices something else. Reply: [`super::Reply::Done`].
    RenameDevice {
        /// Which one.
        device: DeviceId,
        /// 1 to 64 characters.
        name: String,
    },
    /// Removes one of the other own devices. Reply: [`super::Reply::Done`] once the relay has it.
    RemoveDevice(DeviceId),
    /// A device that another one linked is right. Reply: [`super::Reply::Done`].
    AcceptDevice(DeviceId),
    /// The person has seen what other devices did to the account's keys. Reply: [`super::Reply::Done`].
    AcceptKeyChanges,
    /// The recovery phrase. Reply: [`super::Reply::Phrase`].
    ShowPhrase,
    /// Another recovery phrase, which takes the place of the old one once it is confirmed. Reply: [`super::Reply::Phrase`].
    NewPhrase,
    /// The words that [`super::PhraseView::ask`] asks for, in its order: the phrase that was shown last is written down.
    /// Reply: [`super::Reply::Done`].
    ConfirmPhrase([Typed; 3]),
    /// Brings an account back on a new device. Reply: [`super::Reply::Done`] once this is one of the account's devices; what
    /// the backup holds comes after.
    Recover {
        /// The recovery phrase.
        phrase: Typed,
        /// What this device calls itself.
        name: String,
        /// The account's other devices are lost: they are removed.
        alone: bool,
    },
    /// Turns the backup at the relay on or off; off deletes it. Reply: [`super::Reply::Done`].
    SetBackup(bool),
    /// Writes into the backup what is not in it, now. Reply: [`super::Reply::Done`].
    BackUpNow,
    /// The person has read what could not be restored. Reply: [`super::Reply::Done`].
    AcceptLoss,
    /// Begins a backup file, in the place of one that was begun. Reply: [`super::Reply::Done`].
    SaveFile,
    /// The next piece of the file that is being saved, counted from 0. Reply: [`super::Reply::FilePart`].
    NextFilePart(u32),
    /// Begins to read back the file that was saved last, to see that it is whole. Reply: [`super::Reply::Done`].
    CheckFile,
    /// Begins to restore a file. Reply: [`super::Reply::Done`].
    RestoreFile {
        /// The recovery phrase to which it is sealed.
        phrase: Typed,
    },
    /// A piece of the file that is checked or restored, at most 1 MiB. Reply: [`super::Reply::Done`] once what is in it is on this
    /// device's disk; after the last, [`super::Reply::File`].
    TakeFilePart {
        /// Where in the file it stands.
        at: u64,
        /// What stands there.
        bytes: Vec<u8>,
        /// The file ends with it.
        last: bool,
    },
    /// Deletes a message for this account, on all its devices; the other keeps it. Reply: [`super::Reply::Done`], also if it
    /// is gone already.
    DeleteMessage {
        /// From which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
        /// Its place, as the view knows it.
        order: Order,
    },
    /// Deletes all messages of a conversation for this account, on all its devices; the other keeps them. Reply:
    /// [`super::Reply::Done`].
    DeleteChat(ConversationId),
    /// What stands in the composer. Reply: [`super::Reply::Done`] once it is on this device's disk;
    /// [`super::CommandError::OtherDraft`] if that would lose what another view has saved.
    SetDraft {
        /// Of which conversation.
        conversation: ConversationId,
        /// What; at most 64 KiB.
        text: String,
        /// The draft that it takes the place of, as the view last knew it.
        over: String,
    },
    /// On a removed device: erases what it kept, and with it the rest of the device. There is no reply: nobody is left.
    EraseKept,
    /// Whether drafts go to the account's other devices. Reply: [`super::Reply::Done`].
    SetDraftsInStep(bool),
    /// Somebody who wrote first may be answered from now on. Reply: [`super::Reply::Done`].
    Accept(ConversationId),
    /// Nothing more is heard of them, on all devices of the account; who has only asked for a chat is deleted, too. Reply:
    /// [`super::Reply::Done`].
    Block(ConversationId),
    /// They are heard again. Reply: [`super::Reply::Done`].
    Unblock(ConversationId),
    /// Another invite link takes the place of the old one. Reply: [`super::Reply::Done`].
    NewInvite,
    /// Makes a group with these people, whom this device has found. Reply: [`super::Reply::Conversation`].
    CreateGroup {
        /// What it is called; 1 to 64 characters.
        name: String,
        /// Whom to add; may be nobody.
        people: Vec<AccountId>,
    },
    /// The group's panel. Reply: [`super::Reply::Group`].
    ShowGroup(ConversationId),
    /// Adds people, whom this device has found. Reply: [`super::Reply::Done`] once that is on this device's disk; the group does
    /// it as soon as it can, and a line says so.
    AddToGroup {
        /// To which group.
        conversation: ConversationId,
        /// Whom.
        people: Vec<AccountId>,
    },
    /// Removes somebody. Reply as for [`Command::AddToGroup`].
    RemoveFromGroup {
        /// From which group.
        conversation: ConversationId,
        /// Whom.
        account: AccountId,
    },
    /// Gives somebody a role. Reply as for [`Command::AddToGroup`].
    SetRole {
        /// In which group.
        conversation: ConversationId,
        /// Whom.
        account: AccountId,
        /// Which.
        role: Role,
    },
    /// Gives the group another name. Reply as for [`Command::AddToGroup`].
    SetGroupName {
        /// Which group.
        conversation: ConversationId,
        /// 1 to 64 characters.
        name: String,
    },
    /// Gives the group another picture. Reply as for [`Command::AddToGroup`].
    SetGroupPicture {
        /// Which group.
        conversation: ConversationId,
        /// JPEG, PNG or WebP of at most 48 KiB; none takes it away.
        picture: Option<Vec<u8>>,
    },
    /// Says who may do what. Reply as for [`Command::AddToGroup`].
    SetPermissions {
        /// In which group.
        conversation: ConversationId,
        /// The least roles.
        permissions: Permissions,
    },
    /// Leaves a group; the conversation stays until it is deleted. Reply: [`super::Reply::Done`].
    LeaveGroup {
        /// Which.
        conversation: ConversationId,
        /// The owner from then on, if this person is the last one; else the group chooses.
        owner: Option<AccountId>,
    },
    /// Joins the group to which somebody has added this account. Reply: [`super::Reply::Done`].
    JoinGroup(ConversationId),
    /// Does not join, and tells nobody; the invitation is gone on all devices of the account. Reply: [`super::Reply::Done`].
    DeclineGroup {
        /// Which.
        conversation: ConversationId,
        /// Nothing more is heard of who has added this account.
        block: bool,
    },
    /// Who has a message, who reacts to it, and what it said before. Reply: [`super::Reply::MessageDetails`].
    ShowMessage {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
    },
    /// Sends a text that answers a message. Reply as for [`Command::SendText`].
    Reply {
        /// Where to.
        conversation: ConversationId,
        /// What; at most 64 KiB, with what names the other message.
        text: String,
        /// The draft that it was, as the view last knew it.
        over: String,
        /// What it answers.
        to: MessageRef,
    },
    /// Changes what an own message says, within a day. Reply: [`super::Reply::Done`] once that is on this device's disk.
    Edit {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
        /// What it says from now on.
        text: String,
    },
    /// Reacts to a message, or takes that back. Reply as for [`Command::Edit`].
    React {
        /// In which conversation.
        conversation: ConversationId,
        /// To which.
        message: MessageRef,
        /// With what: one emoji.
        sign: String,
        /// Whether it is to be there.
        on: bool,
    },
    /// Deletes a message for everyone: an own one, or in a group one that an admin may delete. Reply as for [`Command::Edit`].
    DeleteForEveryone {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
    },
    /// Sends texts that stand elsewhere into other chats. Reply as for [`Command::SendText`].
    Forward {
        /// What, in order.
        texts: Vec<String>,
        /// Where to.
        to: Vec<ConversationId>,
    },
    /// The message that another one names. Reply: [`super::Reply::Message`].
    FindMessage {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
    },
    /// Keeps a conversation in the list otherwise, on all devices of the account. Reply: [`super::Reply::Done`].
    MarkChat {
        /// Which.
        conversation: ConversationId,
        /// How.
        mark: Mark,
    },
    /// A message and those after it. Reply: [`super::Reply::Page`].
    MessagesFrom {
        /// Of which conversation.
        conversation: ConversationId,
        /// The first one.
        from: Order,
    },
    /// Makes a link by which people join a group. Reply as for [`Command::AddToGroup`].
    MakeGroupLink {
        /// Into which group.
        conversation: ConversationId,
        /// How people join by it.
        terms: LinkTerms,
    },
    /// Takes it away: nobody joins by it from then on. Reply as for [`Command::AddToGroup`].
    RevokeGroupLink {
        /// Of which group.
        conversation: ConversationId,
        /// Which.
        link: [u8; 16],
    },
    /// Says what who comes sees of what was written before. Reply as for [`Command::AddToGroup`].
    SetGroupHistory {
        /// In which group.
        conversation: ConversationId,
        /// What they see.
        history: History,
    },
    /// Shares the newest messages with somebody who came later, or who was added a moment before. Reply as for
    /// [`Command::AddToGroup`].
    ShareHistory {
        /// In which group.
        conversation: ConversationId,
        /// With whom.
        account: AccountId,
        /// So many at most; no more than 1,000.
        last: u16,
    },
    /// What the group is like to which a link leads. Reply: [`super::Reply::GroupPreview`], or [`super::Reply::Conversation`] if
    /// this account is in it.
    LookAtGroup(String),
    /// Joins the group to which a link leads. Reply: [`super::Reply::Conversation`].
    JoinByLink(String),
    /// Sends files with one caption. Reply: [`super::Reply::Done`] once the message is on this device's disk; the files are read
    /// from where the host has them, and the message goes when all of them are at the relay.
    SendFiles {
        /// Where to.
        conversation: ConversationId,
        /// What to say with them; may be empty, at most 16 KiB.
        caption: String,
        /// The files, 1 to 10.
        files: Vec<NewFile>,
    },
    /// Fetches a file of a message. Reply: [`super::Reply::Done`] once that has begun.
    FetchFile {
        /// In which conversation.
        conversation: ConversationId,
        /// The place of the message.
        order: Order,
        /// Which of its files.
        file: FileId,
    },
    /// Hands a file that is here to the view. Reply: [`super::Reply::Done`] after its last piece
    /// ([`crate::io::FileWork::Give`]).
    OpenFile(FileId),
    /// Stops a file on its way, or lets it go on; one that found no room is tried again. Reply: [`super::Reply::Done`].
    PauseFile {
        /// Which.
        file: FileId,
        /// Whether it stops.
        paused: bool,
    },
    /// Does not fetch a file any more, and deletes what has come of it. Reply: [`super::Reply::Done`].
    CancelFile(FileId),
    /// What files take room on this device. Reply: [`super::Reply::StoredFiles`].
    StoredFiles,
    /// Deletes these files from this device; their messages stay. Reply: [`super::Reply::Done`].
    FreeFiles(Vec<FileId>),
    /// Says how long messages last in a conversation from now on, once they are read. Reply: [`super::Reply::Done`], or that this
    /// account may not.
    SetTimer {
        /// Where.
        conversation: ConversationId,
        /// In seconds; zero for good.
        seconds: u32,
    },
}
