//! Errors: why the engine did not carry out a command.

use parley_protocol::username::UsernameError;
use serde::{Deserialize, Serialize};

/// Why a text is not a recovery phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PhraseError {
    /// The number of words; a phrase has 24.
    #[error("a recovery phrase has 24 words, not {0}")]
    Count(u8),
    /// This word (counted from 1) is not in the list.
    #[error("word {0} is not a word of a recovery phrase")]
    Word(u8),
    /// Every word is in the list, but together they are no phrase: one is wrong, or two have changed places.
    #[error("the words are not a recovery phrase")]
    Checksum,
}

/// Why the engine did not carry out a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CommandError {
    /// The command needs the relay, and there is no connection. Retry when there is.
    #[error("there is no connection to the relay")]
    Offline,
    /// The command needs an account.
    #[error("there is no account on this device")]
    NoAccount,
    /// There is an account already.
    #[error("there is an account on this device already")]
    AccountExists,
    /// The display name is empty or too long.
    #[error("the name is empty or too long")]
    Name,
    /// The username is not one.
    #[error("{0}")]
    Username(UsernameError),
    /// Somebody else has the username, or one that looks like it.
    #[error("the username is taken")]
    UsernameTaken,
    /// Nobody has this username, or the invite's account is not at this relay.
    #[error("nobody by this name was found")]
    NotFound,
    /// The text is neither a username nor an invite link.
    #[error("this is neither a username nor an invite link")]
    NotAnInvite,
    /// The account is the own one.
    #[error("this is the own account")]
    Yourself,
    /// The person has no device that can be reached.
    #[error("the person has no device that can be reached")]
    Unreachable,
    /// What the relay says of this account cannot be true: a key was swapped, or a device log was forged.
    #[error("the relay's answer about this account is forged")]
    Forged,
    /// No conversation has this id.
    #[error("the conversation is unknown")]
    UnknownConversation,
    /// Empty, or longer than 64 KiB.
    #[error("the text is empty or too long")]
    TextLength,
    /// This person may not do this in this group, or is not in it.
    #[error("this is not allowed in this group")]
    NotAllowed,
    /// The invitation into the group cannot be used any more; another one may come.
    #[error("the invitation is over")]
    InvitationOver,
    /// The group would have more than 256 devices.
    #[error("the group is full")]
    GroupFull,
    /// The bytes are no picture of a known kind, or too large.
    #[error("this is no picture that a group can have")]
    Picture,
    /// The other is blocked.
    #[error("the other is blocked")]
    Blocked,
    /// Another view has saved another draft meanwhile. A retry helps once that draft is gone.
    #[error("there is another draft")]
    OtherDraft,
    /// The relay wants fewer requests. Retry after a pause.
    #[error("too many requests")]
    RateLimited,
    /// The relay refused, or failed. A retry may help.
    #[error("the relay failed")]
    Relay,
    /// The text is no link code.
    #[error("this is not a link code")]
    NotALinkCode,
    /// The text is an invite, which links no device.
    #[error("this is an invite, not a link code")]
    InviteInstead,
    /// There is no such device in the account, or it is this one.
    #[error("the device is unknown")]
    UnknownDevice,
    /// There is nothing to confirm just now.
    #[error("linking has not come so far")]
    NotLinking,
    /// The text is no recovery phrase.
    #[error("{0}")]
    Phrase(PhraseError),
    /// No account at this relay has this recovery phrase, or no longer.
    #[error("no account has this recovery phrase")]
    UnknownPhrase,
    /// These are not the words that were asked for.
    #[error("these are not the words")]
    WrongWords,
    /// The recovery phrase is not on this device.
    #[error("the recovery phrase is not on this device")]
    PhraseElsewhere,
    /// The command needs a recovery phrase that the person has written down.
    #[error("there is no recovery phrase yet")]
    NoPhrase,
    /// The backup file cannot be restored.
    #[error("{0}")]
    File(super::FileError),
    /// The work with a backup file has ended: this device has another owner now. Begin again; nothing is doubled.
    #[error("what was begun with a backup file is over")]
    FileOver,
    /// The account is still coming back.
    #[error("the account is still coming back")]
    ComingBack,
    /// The device's disk refused.
    #[error("this device cannot write")]
    Storage,
    /// The text is a link code, not an invite.
    #[error("this is a link code, not an invite")]
    LinkCodeInstead,
    /// The text is no link into a group.
    #[error("this is no link into a group")]
    NotAGroupLink,
    /// The link was revoked, has expired, was used up, or its group is over.
    #[error("the link leads into no group any more")]
    LinkOver,
    /// The group has the most links that a group can have.
    #[error("the group has too many links")]
    TooManyLinks,
    /// The message is too old to be edited.
    #[error("the message is too old to be changed")]
    TooLate,
    /// No file, more than ten, or one that is longer than 100 MiB.
    #[error("a file is too large, or there are too many")]
    FileSize,
    /// The file is not on this device, or not in this message.
    #[error("the file is not here")]
    FileMissing,
    /// The text is a link into a group: it is neither an invite nor a link code.
    #[error("this is a link into a group")]
    GroupLinkInstead,
}

impl CommandError {
    /// Whether the same command may succeed later although nothing else changes.
    #[must_use]
    pub const fn retry_helps(self) -> bool {
        matches!(
            self,
            Self::Offline
                | Self::RateLimited
                | Self::Relay
                | Self::Storage
                | Self::Unreachable
                | Self::ComingBack
        )
    }
}

/// Whether a username is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsernameStatus {
    /// Nobody has it.
    Free,
    /// Somebody has it.
    Taken,
    /// It is not a username.
    Invalid(UsernameError),
    /// The relay could not be asked; the engine asks it again when it makes the account.
    Unknown,
}
