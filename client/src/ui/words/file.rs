//! Backup files, in sentences.

use parley_engine::view::{FileError, FileReport};

/// What a file is for.
pub const FILE: &str = "A backup file holds your messages and contacts as they are here now. Only your recovery phrase opens it.";

/// Before there is a phrase.
pub const FILE_NO_PHRASE: &str = "Write your recovery phrase down first: nothing else opens a backup file.";

/// What restoring does.
pub const FILE_RESTORE: &str = "What is not here is added, and nothing that is here changes. Chats of another account \
    can be read; they are only on this device, so keep the file.";

/// The file cannot be read.
pub const FILE_GONE: &str = "The browser cannot read this file any more. Choose it again.";

/// Nothing was chosen.
pub const FILE_NONE: &str = "Choose a backup file first.";

/// The browser could not make the file, or what came out was not whole.
pub const FILE_NOT_SAVED: &str =
    "The file could not be read back whole. Free some space on this device, then try again.";

/// What can be done about a file.
#[must_use]
pub const fn file_error(error: FileError) -> &'static str {
    match error {
        FileError::Other => "This is no Parley backup file. Choose another.",
        FileError::Newer => "A newer version of Parley saved this file. Reload the page, then try again.",
        FileError::Damaged => {
            "The beginning of this file is damaged, and without it nothing opens. Try another copy."
        }
        FileError::Phrase => {
            "This recovery phrase does not open the file. It needs the phrase of when it was saved."
        }
        FileError::Forged => {
            "No device of the account saved this file, so nothing of it was taken: somebody may want to \
             deceive you."
        }
    }
}

/// How far a file is.
#[must_use]
pub fn file_saving(done: u32, of: u32) -> String {
    format!("Saving: {done} of {of} chats.")
}

/// It is read back.
#[must_use]
pub fn file_checking(percent: u64) -> String {
    format!("Reading the file back to check it: {percent} %.")
}

/// It is there.
#[must_use]
pub fn file_saved(report: &FileReport) -> String {
    format!(
        "The file is whole: it was opened and read back, with {} messages in {}.",
        report.messages,
        if report.chats == 1 { "1 chat".to_owned() } else { format!("{} chats", report.chats) }
    )
}

/// It is restored.
#[must_use]
pub fn file_restoring(percent: u64) -> String {
    format!("Restoring from your file: {percent} %.")
}

/// What came of it.
#[must_use]
pub fn file_restored(report: &FileReport, day: &str) -> String {
    let FileReport { owner, messages, added, missing, damaged, .. } = report;
    let others = if report.other_account {
        format!(", as chats of {owner} that you can read")
    } else if added.saturating_add(*missing) < *messages {
        "; the others were here already".to_owned()
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

/// The device that saved a file is out of the account.
const FILE_OF_REMOVED: &str = " The device that saved this file is in your account no longer. If you do not know the file, do not \
    trust what it brought.";

/// Under a chat that came from a file.
#[must_use]
pub fn restored_chat(owner: &str, name: &str) -> String {
    format!(
        "This chat came from a backup file of {owner}. You can read it, but not write in it: it belongs to another account. To \
         write to {name}, start a chat of your own."
    )
}

/// Under its name.
#[must_use]
pub fn restored_from(owner: &str) -> String {
    format!("Restored from a backup of {owner}")
}
