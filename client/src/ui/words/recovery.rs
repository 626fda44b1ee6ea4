//! The recovery phrase and the backup, in sentences.

use parley_engine::view::{BackupFailure, BackupState, PhraseError, PhraseState};

/// Where the phrase is, and why it matters.
#[must_use]
pub const fn phrase(state: PhraseState) -> &'static str {
    match state {
        PhraseState::Unsaved => {
            "If you lose all your devices, or a browser deletes its data, only a recovery phrase of 24 words brings your \
             account back. Write it down now."
        }
        PhraseState::Saved => {
            "You have written your recovery phrase down. With it, your account comes back on any device."
        }
        PhraseState::Elsewhere => {
            "You have written your recovery phrase down. It is shown on the device where you did."
        }
        PhraseState::UnsavedElsewhere => {
            "Your recovery phrase isn't written down yet. Do it on your first device, or make a new one here."
        }
    }
}

/// While nobody has written the phrase down.
pub const PHRASE_EARLY: &str = "Your recovery phrase isn't written down yet.";

/// Before the words.
pub const PHRASE_KEEP: &str = "Write these words on paper, in this order. Anyone who has them has your account, and nobody can \
    give them to you again. Never type them anywhere but here.";

/// Above the question for three words, with the phrase out of sight.
pub const PHRASE_CHECK: &str = "Check your paper: the phrase is hidden now.";

/// The account is looked for.
pub const RECOVER_LOOKING: &str = "Looking for your account…";

/// What has to be typed back.
#[must_use]
pub fn phrase_ask([one, two, three]: [u8; 3]) -> String {
    format!("Type words {one}, {two} and {three}, with spaces between them.")
}

/// How the backup is.
#[must_use]
pub fn backup(state: BackupState, day: Option<String>) -> String {
    match (state, day) {
        (BackupState::Off, _) => "Off: your messages are on your devices only.".to_owned(),
        (BackupState::Ready, Some(day)) => format!("Last written and checked on {day}."),
        (BackupState::Ready, None) => "It begins in a moment.".to_owned(),
        (BackupState::Writing { done, of }, _) => format!("Backing up: {done} of {of} chats."),
        (BackupState::Failed(failure), _) => backup_failure(failure).to_owned(),
    }
}

const fn backup_failure(failure: BackupFailure) -> &'static str {
    match failure {
        BackupFailure::Quota => {
            "This Parley server has no more room for your backup. Tell whoever runs it; Parley keeps trying."
        }
        BackupFailure::Altered => {
            "This Parley server gives back something else than your backup. Parley keeps trying."
        }
        BackupFailure::Relay => "That didn't work. Parley tries again in a minute.",
        BackupFailure::OtherKey => {
            "Another device changed the backup. Open Parley there, so that it can tell this one."
        }
    }
}

/// What the backup is.
pub const BACKUP: &str =
    "Your messages, encrypted so that only your devices and your recovery phrase open them.";

/// Why the text is no phrase.
#[must_use]
pub const fn phrase_error(error: PhraseError) -> &'static str {
    match error {
        PhraseError::Count(_) => "A recovery phrase has 24 words. Check that none is missing.",
        PhraseError::Word(_) => "One word isn't recognised. Check the spelling.",
        PhraseError::Checksum => {
            "These words aren't a recovery phrase. Maybe two are swapped, or one is wrong."
        }
    }
}

/// Before an account comes back.
pub const RECOVER: &str = "Type the 24 words you wrote down, with spaces between them.";

/// What becomes of the other devices.
pub const RECOVER_ALONE: &str = "My other devices are lost. They'll be signed out and their messages erased.";

/// Before that is chosen, and what becomes of what only they have.
pub const RECOVER_OTHERS: &str = "Leave this off if you still have one of them: it stays signed in, and sends what your backup \
    doesn't have. If you turn it on, a device that is online has a few seconds to send the messages you wrote last; what can't \
    come is marked in your chats.";

/// How far it is.
#[must_use]
pub fn restoring((done, of): (u32, u32)) -> String {
    if of == 0 {
        return "Looking for your backup…".to_owned();
    }
    format!("Your messages are coming back: {} %.", u64::from(done).saturating_mul(100) / u64::from(of))
}

/// What did not come back.
#[must_use]
pub fn lost(parts: u32) -> String {
    format!(
        "{parts} part(s) of your backup were damaged or missing. Everything else in it is back; ask in your chats for what's \
         missing."
    )
}
