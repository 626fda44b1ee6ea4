//! Commands: what a person can ask the engine to do.

use parley_protocol::ids::{AccountId, DeviceId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::{
    ConversationId, FileId, History, LinkTerms, Mark, MessageRef, NewFile, Order, Permissions, Role, Share,
    Typed,
};

/// A command of a person.
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
    /// Finds a person by username or by invite link (or its fragment). Reply: [`super::Reply::Person`].
    FindPerson(String),
    /// Opens the conversation with this account; makes it if there is none. Reply: [`super::Reply::Conversation`].
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
        /// The draft that the text was, as the view last knew it: the engine removes that draft and no other.
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
    /// The person has compared the safety number (or takes the mark back). Reply: [`super::Reply::Done`].
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
    /// [`super::Reply::Done`]; [`super::Event::Link`] tells the progress.
    ShowLinkCode {
        /// The name of a new device, such as "Firefox on Linux".
        name: String,
    },
    /// Uses a code that the other device shows: a link, its fragment, or what was typed. Reply: [`super::Reply::Done`].
    UseLinkCode {
        /// The code.
        text: String,
        /// The name of a new device.
        name: String,
    },
    /// The two digits that the other device shows. Reply: [`super::Reply::Done`].
    ConfirmDigits(u8),
    /// The person agrees that the new device is linked. Reply: [`super::Reply::Done`].
    ApproveDevice(Share),
    /// Ends linking, or dismisses its result. Reply: [`super::Reply::Done`].
    CancelLinking,
    /// Renames one of the own devices. Reply: [`super::Reply::Done`].
    RenameDevice {
        /// Which one.
        device: DeviceId,
        /// 1 to 64 characters.
        name: String,
    },
    /// Removes another own device. Reply: [`super::Reply::Done`] once the relay has the removal.
    RemoveDevice(DeviceId),
    /// The person says that a device which another one linked is theirs. Reply: [`super::Reply::Done`].
    AcceptDevice(DeviceId),
    /// The person has seen what other devices did to the account's keys. Reply: [`super::Reply::Done`].
    AcceptKeyChanges,
    /// The recovery phrase. Reply: [`super::Reply::Phrase`].
    ShowPhrase,
    /// A new recovery phrase, which replaces the old one once the person has confirmed it. Reply: [`super::Reply::Phrase`].
    NewPhrase,
    /// The words that [`super::PhraseView::ask`] asks for, in its order: the person has written down the phrase that was
    /// shown last. Reply: [`super::Reply::Done`].
    ConfirmPhrase([Typed; 3]),
    /// Brings an account back on a new device. Reply: [`super::Reply::Done`] once this device belongs to the account; the
    /// contents of the backup come after.
    Recover {
        /// The recovery phrase.
        phrase: Typed,
        /// The name of this device.
        name: String,
        /// The account's other devices are lost: remove them.
        alone: bool,
    },
    /// Turns the backup at the relay on or off; off deletes it. Reply: [`super::Reply::Done`].
    SetBackup(bool),
    /// Writes now into the backup what it lacks. Reply: [`super::Reply::Done`].
    BackUpNow,
    /// The person has read what could not be restored. Reply: [`super::Reply::Done`].
    AcceptLoss,
    /// Begins a backup file; replaces one that was begun. Reply: [`super::Reply::Done`].
    SaveFile,
    /// The next piece of the file being saved, counted from 0. Reply: [`super::Reply::FilePart`].
    NextFilePart(u32),
    /// Begins to read back the file saved last, to check that it is whole. Reply: [`super::Reply::Done`].
    CheckFile,
    /// Begins to restore a file. Reply: [`super::Reply::Done`].
    RestoreFile {
        /// The recovery phrase to which it is sealed.
        phrase: Typed,
    },
    /// A piece of the file being checked or restored, at most 1 MiB. Reply: [`super::Reply::Done`] once its contents are on
    /// this device's disk; after the last, [`super::Reply::File`].
    TakeFilePart {
        /// The position of the piece in the file.
        at: u64,
        /// The bytes of the piece.
        bytes: Vec<u8>,
        /// The file ends with this piece.
        last: bool,
    },
    /// Deletes a message for this account, on all its devices; the contact keeps it. Reply: [`super::Reply::Done`], also if
    /// the message is gone already.
    DeleteMessage {
        /// From which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
        /// Its place, as the view knows it.
        order: Order,
    },
    /// Deletes all messages of a conversation for this account, on all its devices; the contact keeps them. Reply:
    /// [`super::Reply::Done`].
    DeleteChat(ConversationId),
    /// What stands in the composer. Reply: [`super::Reply::Done`] once it is on this device's disk;
    /// [`super::CommandError::OtherDraft`] if that would lose what another view has saved.
    SetDraft {
        /// Of which conversation.
        conversation: ConversationId,
        /// What; at most 64 KiB.
        text: String,
        /// The draft that this one replaces, as the view last knew it.
        over: String,
    },
    /// On a removed device: erases what it kept, and the rest of the device. There is no reply.
    EraseKept,
    /// Sets whether drafts go to the account's other devices. Reply: [`super::Reply::Done`].
    SetDraftsInStep(bool),
    /// Accepts somebody who wrote first: the account may answer from now on. Reply: [`super::Reply::Done`].
    Accept(ConversationId),
    /// Blocks somebody, on all devices of the account: the person hears nothing more of them. A mere message request is
    /// deleted, too. Reply: [`super::Reply::Done`].
    Block(ConversationId),
    /// Unblocks somebody. Reply: [`super::Reply::Done`].
    Unblock(ConversationId),
    /// Replaces the invite link by a new one. Reply: [`super::Reply::Done`].
    NewInvite,
    /// Makes a group with these people, whom this device has found. Reply: [`super::Reply::Conversation`].
    CreateGroup {
        /// Its name; 1 to 64 characters.
        name: String,
        /// Whom to add; may be nobody.
        people: Vec<AccountId>,
    },
    /// The group's panel. Reply: [`super::Reply::Group`].
    ShowGroup(ConversationId),
    /// Adds people, whom this device has found. Reply: [`super::Reply::Done`] once the change is on this device's disk; the
    /// group makes it as soon as it can, and a line says so.
    AddToGroup {
        /// To which group.
        conversation: ConversationId,
        /// Whom.
        people: Vec<AccountId>,
    },
    /// Removes a member. Reply as for [`Command::AddToGroup`].
    RemoveFromGroup {
        /// From which group.
        conversation: ConversationId,
        /// Whom.
        account: AccountId,
    },
    /// Gives a member a role. Reply as for [`Command::AddToGroup`].
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
        /// JPEG, PNG or WebP of at most 48 KiB; none removes the picture.
        picture: Option<Vec<u8>>,
    },
    /// Sets who may do what. Reply as for [`Command::AddToGroup`].
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
        /// The owner from then on, if this person is the last owner; otherwise the group chooses.
        owner: Option<AccountId>,
    },
    /// Joins the group to which somebody has added this account. Reply: [`super::Reply::Done`].
    JoinGroup(ConversationId),
    /// Declines to join, and tells nobody; the invitation goes on all devices of the account. Reply: [`super::Reply::Done`].
    DeclineGroup {
        /// Which.
        conversation: ConversationId,
        /// Also blocks the account that added this one.
        block: bool,
    },
    /// Who has a message, who reacts to it, and its earlier versions. Reply: [`super::Reply::MessageDetails`].
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
        /// The text; at most 64 KiB, including the reference to the other message.
        text: String,
        /// The draft that it was, as the view last knew it.
        over: String,
        /// What it answers.
        to: MessageRef,
    },
    /// Edits an own message, within a day. Reply: [`super::Reply::Done`] once the edit is on this device's disk.
    Edit {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
        /// The new text.
        text: String,
    },
    /// Reacts to a message, or takes a reaction back. Reply as for [`Command::Edit`].
    React {
        /// In which conversation.
        conversation: ConversationId,
        /// To which.
        message: MessageRef,
        /// With what: one emoji.
        sign: String,
        /// Whether the reaction is set or taken back.
        on: bool,
    },
    /// Deletes a message for everyone: an own one, or in a group one that an admin may delete. Reply as for [`Command::Edit`].
    DeleteForEveryone {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        message: MessageRef,
    },
    /// Forwards texts into other chats. Reply as for [`Command::SendText`].
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
    /// Sets a mark of a conversation in the list, on all devices of the account. Reply: [`super::Reply::Done`].
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
    /// Revokes a link: nobody joins by it from then on. Reply as for [`Command::AddToGroup`].
    RevokeGroupLink {
        /// Of which group.
        conversation: ConversationId,
        /// Which.
        link: [u8; 16],
    },
    /// Sets what new members see of earlier messages. Reply as for [`Command::AddToGroup`].
    SetGroupHistory {
        /// In which group.
        conversation: ConversationId,
        /// What new members see.
        history: History,
    },
    /// Shares the newest messages with a member who joined later, or was added a moment ago. Reply as for
    /// [`Command::AddToGroup`].
    ShareHistory {
        /// In which group.
        conversation: ConversationId,
        /// With whom.
        account: AccountId,
        /// The most messages; no more than 1,000.
        last: u16,
        /// In place of that: those since then, no more than 1,000.
        since: Option<UnixMillis>,
    },
    /// Views the group to which a link leads. Reply: [`super::Reply::GroupPreview`], or [`super::Reply::Conversation`] if
    /// this account is in the group.
    LookAtGroup(String),
    /// Joins the group to which a link leads. Reply: [`super::Reply::Conversation`].
    JoinByLink(String),
    /// Asks to be let into the group to which a link leads. Reply: [`super::Reply::Conversation`], once the request is at the relay.
    AskToJoin {
        /// The link.
        link: String,
        /// What to say with it; may be empty, at most 1,000 bytes.
        greeting: String,
    },
    /// Takes the request back. Reply: [`super::Reply::Done`].
    WithdrawAsk(ConversationId),
    /// Answers somebody who asks to be let in. Reply as for [`Command::AddToGroup`].
    AnswerAsk {
        /// In which group.
        conversation: ConversationId,
        /// Who asks.
        account: AccountId,
        /// They are added.
        lets_in: bool,
    },
    /// Sends files with one caption. Reply: [`super::Reply::Done`] once the message is on this device's disk; the files are read
    /// from where the host has them, and the message goes when all of them are at the relay.
    SendFiles {
        /// Where to.
        conversation: ConversationId,
        /// The caption; may be empty, at most 16 KiB.
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
    /// Gives a file that is on this device to the view. Reply: [`super::Reply::Done`] after its last piece
    /// ([`crate::io::FileWork::Give`]).
    OpenFile(FileId),
    /// Pauses a transfer, or continues it; a file that found no room is tried again. Reply: [`super::Reply::Done`].
    PauseFile {
        /// Which.
        file: FileId,
        /// Whether it stops.
        paused: bool,
    },
    /// Cancels a download, and deletes what has come of it. Reply: [`super::Reply::Done`].
    CancelFile(FileId),
    /// Lists the files that use space on this device. Reply: [`super::Reply::StoredFiles`].
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
