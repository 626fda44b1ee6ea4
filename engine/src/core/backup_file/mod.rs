//! Saves, checks and restores backup files. The engine saves a file piece by piece from this device's disk (`saving.rs`), and
//! reads a file piece by piece to check or restore it (`taking.rs`). From a file of this account, messages and contacts that
//! this device lacks (`seen.rs`) are added (`restoring.rs`); from a file of another account, chats become read-only archives
//! (`archiving.rs`).
//!
//! The engine stores only what it restores. When the worker ends, saving or restoring starts from the beginning.

mod archiving;
mod restoring;
mod saving;
mod seen;
mod taking;

use super::Engine;
use crate::backup::{DataKey, FileReader, Opener};
use crate::recovery::RecoverySeed;
use crate::view::{Command, CommandError, FileReport, Reply, Typed, ViewRequestId};

/// Most bytes of a piece that a view delivers.
const MAX_PIECE: usize = 1024 * 1024;

/// The work under way.
#[derive(Default)]
pub(super) struct Files {
    saving: Option<saving::Saving>,
    /// The key of the file that was saved last.
    saved: Option<DataKey>,
    taking: Option<taking::Taking>,
    /// Chats of other accounts that are being deleted: the page being read.
    leaving: Vec<archiving::Leaving>,
    /// The last report, for a view that asks again.
    report: Option<(ViewRequestId, FileReport)>,
}

impl Engine {
    /// What people do seldom with their account.
    pub(super) fn account_command(
        &mut self,
        view: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::ShowPhrase => self.show_phrase(),
            Command::NewPhrase => self.new_phrase(),
            Command::ConfirmPhrase(words) => self.confirm_phrase(view, &words),
            Command::Recover { phrase, name, alone } => self.recover(view, &phrase, &name, alone),
            other => self.file_command(view, other),
        }
    }

    fn file_command(&mut self, view: ViewRequestId, command: Command) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::SaveFile => self.save_file()?,
            Command::NextFilePart(number) => return self.next_file_part(view, number),
            Command::CheckFile => {
                let key = self.files.saved.clone().ok_or(CommandError::FileOver)?;
                // With the phrase itself, if this device has it: then it is also certain that the phrase opens the file.
                let phrase = self.account.as_ref().filter(|_| self.has_phrase());
                let opener =
                    phrase.map_or(Opener::Key(key), |account| Opener::Phrase(account.recovery.clone()));
                self.files.taking = Some(taking::Taking::new(FileReader::new(opener), true));
            }
            Command::RestoreFile { phrase } => self.restore_file(&phrase)?,
            Command::TakeFilePart { at, bytes, last } => return self.take_file_part(view, at, &bytes, last),
            other => return self.link_command(other),
        }
        Ok(Some(Reply::Done))
    }

    fn restore_file(&mut self, phrase: &Typed) -> Result<(), CommandError> {
        self.account.as_ref().ok_or(CommandError::NoAccount)?;
        if self.returning.is_some() {
            return Err(CommandError::ComingBack);
        }
        let seed = RecoverySeed::parse(&phrase.0).map_err(CommandError::Phrase)?;
        self.files.taking = Some(taking::Taking::new(FileReader::new(Opener::Phrase(seed)), false));
        Ok(())
    }
}
