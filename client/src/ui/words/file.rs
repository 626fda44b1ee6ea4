//! Words about backup files.

use parley_engine::view::{FileError, FileReport};

/// What a backup file is for.
pub const FILE: &str =
    "A backup file holds your messages and contacts as they are now. Only your recovery phrase opens it.";

/// There is no recovery phrase yet.
pub const FILE_NO_PHRASE: &str = "Write your recovery phrase down first: nothing else opens a backup file.";

/// The effect of restoring a file.
pub const FILE_RESTORE: &str = "Missing messages are added; nothing is overwritten. Chats of another account \
    can only be read, and only on this device, so keep the file.";

/// The file cannot be read.
pub const FILE_GONE: &str = "The browser can't read this file any more. Choose it again.";

/// No file was chosen.
pub const FILE_NONE: &str = "Choose a backup file first.";

/// The browser could not make the file, or the finished file is damaged.
pub const FILE_NOT_SAVED: &str =
    "The backup couldn't be verified. Free some space on this device, then try again.";

/// What the person can do about a failure with a file.
#[must_use]
pub const fn file_error(error: FileError) -> &'static str {
    match error {
        FileError::Other => "This isn't a Parley backup file. Choose another.",
        FileError::Newer => {
            "This file was saved by a newer version of Parley. Reload the page, then try again."
        }
        FileError::Damaged => "The start of this file is damaged, so it can't be opened. Try another copy.",
        FileError::Phrase => {
            "This recovery phrase doesn't open the file. Use the phrase you had when it was saved."
        }
        FileError::Forged => {
            "This file wasn't saved by a device of its account, so nothing was restored: someone may be trying to \
             deceive you."
        }
    }
}

/// The progress of saving.
#[must_use]
pub fn file_saving(done: u32, of: u32) -> String {
    format!("Saving: {done} of {of} chats.")
}

/// The progress of reading the file back.
#[must_use]
pub fn file_checking(percent: u64) -> String {
    format!("Verifying: {percent} %.")
}

/// The file is saved and verified.
#[must_use]
pub fn file_saved(report: &FileReport) -> String {
    format!(
        "Backup verified: {}, {}.",
        super::counted(report.messages, "message"),
        super::counted(report.chats.into(), "chat")
    )
}

/// The progress of restoring.
#[must_use]
pub fn file_restoring(percent: u64) -> String {
    format!("Restoring from your file: {percent} %.")
}

/// The result of restoring.
#[must_use]
pub fn file_restored(report: &FileReport, day: &str) -> String {
    let FileReport { owner, messages, added, missing, damaged, .. } = report;
    let others = if report.other_account {
        format!(", as chats of {owner} that you can read")
    } else if added.saturating_add(*missing) < *messages {
        "; you already had the others".to_owned()
    } else {
        String::new()
    };
    let lost = if report.is_whole() {
        String::new()
    } else {
        let end = if report.cut { ", its end is damaged or cut off" } else { "" };
        format!(
            " {missing} messages are missing: {damaged} part(s) of the file are damaged{end}. Try another copy."
        )
    };
    let warning = if report.removed { FILE_OF_REMOVED } else { "" };
    format!("From the file of {day}, {added} of {messages} messages were added{others}.{lost}{warning}")
}

/// The device that saved the file is not in the account any more.
const FILE_OF_REMOVED: &str = " The device that saved this file is no longer in your account. If you don't know the file, don't \
    trust what it brought.";

/// Below a chat that came from a file.
#[must_use]
pub fn restored_chat(owner: &str, name: &str) -> String {
    format!(
        "This chat came from a backup file of {owner}, so you can only read it. To write to {name}, start a new chat."
    )
}

/// Below the name of such a chat.
#[must_use]
pub fn restored_from(owner: &str) -> String {
    format!("Restored from a backup of {owner}")
}
