//! Words about the recovery phrase and the backup.

use parley_engine::view::{BackupFailure, BackupState, CommandError, PhraseError, PhraseState};

use crate::ui::words::command_error;

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
        PhraseState::Fallen => {
            "Your recovery phrase was made on a device that was removed. Make a new one: until then, nothing new is \
             backed up."
        }
    }
}

/// While nobody has written the phrase down.
pub const PHRASE_EARLY: &str = "Your recovery phrase isn't written down yet.";

/// While the current phrase has no backup.
pub const PHRASE_FALLEN: &str = "Your recovery phrase was made on a device that was removed. Make a new one.";

/// Above the words of the phrase.
pub const PHRASE_KEEP: &str = "Write these words on paper, in this order. Anyone who has them has your account, and nobody can \
    give them to you again. Never type them anywhere but here.";

/// Above the question for three words, with the phrase out of sight.
pub const PHRASE_CHECK: &str = "Check your paper: the phrase is hidden now.";

/// While the app looks the account up.
pub const RECOVER_LOOKING: &str = "Looking for your account…";

/// The words that the person must type back.
#[must_use]
pub fn phrase_ask([one, two, three]: [u8; 3]) -> String {
    format!("Type words {one}, {two} and {three}, with spaces between them.")
}

/// The question before another phrase is made.
pub const PHRASE_REPLACES: &str =
    "A new phrase replaces the old one: once you've confirmed it, the old one stops working.";

/// While a requested backup runs.
pub const BACKING_UP: &str = "Backing up…";

/// The state of the backup; `last` is the time of the last one.
#[must_use]
pub fn backup(state: BackupState, last: Option<String>) -> String {
    let last = last.map(|last| format!("Last backup: {last}."));
    match state {
        BackupState::Off => "Off: your messages are on your devices only.".to_owned(),
        BackupState::Ready => last.unwrap_or_else(|| "It begins in a moment.".to_owned()),
        BackupState::Writing { done, of } => format!("Backing up: {done} of {of} chats."),
        BackupState::Failed(failure) => {
            let sentences = [Some(backup_failure(failure).to_owned()), last];
            sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
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
        BackupFailure::Relay => "The backup didn't work. Parley tries again in a minute, or you can now.",
        BackupFailure::OtherKey => {
            "Another device changed the backup. Open Parley there, so that it can tell this one."
        }
    }
}

/// What the backup contains.
pub const BACKUP: &str =
    "Your messages, encrypted so that only your devices and your recovery phrase open them.";

/// Why the text is not a valid phrase.
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

/// Why the typed phrase does not restore an account or open a file.
#[must_use]
pub fn refused_phrase(error: CommandError, typed: &str) -> String {
    match error {
        CommandError::Phrase(PhraseError::Count(count)) => wrong_count(count),
        CommandError::Phrase(PhraseError::Word(place)) => match word_at(place, typed) {
            Some(word) => {
                format!("“{word}” (word {place}) isn't a recovery word. Check the spelling.")
            }
            None => phrase_error(PhraseError::Word(place)).to_owned(),
        },
        other => command_error(other).to_owned(),
    }
}

/// The number of words in a phrase.
const WORDS: u8 = 24;

fn wrong_count(count: u8) -> String {
    let how = match (WORDS.saturating_sub(count), count.saturating_sub(WORDS)) {
        (1, _) => "One is missing.".to_owned(),
        (0, 1) => "There is one too many.".to_owned(),
        (0, over) => format!("There are {over} too many."),
        (missing, _) => format!("{missing} are missing."),
    };
    format!("A recovery phrase has {WORDS} words. {how}")
}

/// The word at this place, counted from 1 as the engine does. Anything but letters separates words.
fn word_at(place: u8, typed: &str) -> Option<String> {
    let lower = typed.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty());
    words.nth(usize::from(place).checked_sub(1)?).map(str::to_owned)
}

/// Above the field for the phrase, when an account is restored.
pub const RECOVER: &str = "Type the 24 words you wrote down, with spaces between them.";

/// The choice that removes the other devices.
pub const RECOVER_ALONE: &str = "My other devices are lost. They'll be signed out and their messages erased.";

/// The hint about that choice, and about data that only those devices have.
pub const RECOVER_OTHERS: &str = "Leave this off if you still have one of them: it stays signed in, and sends what your backup \
    doesn't have. If you turn it on, messages you wrote after your last \
    backup may be missing; your chats show where.";

/// The progress of restoring.
#[must_use]
pub fn restoring((done, of): (u32, u32)) -> String {
    if of == 0 {
        return "Looking for your backup…".to_owned();
    }
    format!("Your messages are coming back: {} %.", u64::from(done).saturating_mul(100) / u64::from(of))
}

/// The part of the backup that was not restored.
#[must_use]
pub fn lost(parts: u32) -> String {
    format!(
        "{parts} part(s) of your backup were damaged or missing. Everything else in it is back; ask in your chats for what's \
         missing."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_word_is_named_with_its_place() {
        let said = |place, typed| refused_phrase(CommandError::Phrase(PhraseError::Word(place)), typed);
        let named = "“appel” (word 2) isn't a recovery word. Check the spelling.";
        assert_eq!(said(2, "abandon Appel, zoo"), named);
        assert_eq!(said(2, "1. abandon\n2. appel"), named);
        assert_eq!(said(9, "abandon"), "One word isn't recognised. Check the spelling.");
    }

    #[test]
    fn it_is_said_how_many_words_are_missing_or_too_many() {
        let said = |count| refused_phrase(CommandError::Phrase(PhraseError::Count(count)), "");
        for (count, how) in [(23, "One is missing."), (22, "2 are missing."), (25, "There is one too many.")]
        {
            assert_eq!(said(count), format!("A recovery phrase has 24 words. {how}"));
        }
        assert_eq!(said(26), "A recovery phrase has 24 words. There are 2 too many.");
    }
}
