//! Words about the app lock.

use crate::model::time::countdown;

/// The effect of a lock.
pub const LOCK: &str = "With a lock, this browser asks for a passphrase before it opens your messages. It keeps out anyone who uses this \
    computer or copies its disk.";

/// What nobody can undo.
pub const LOCK_FORGOTTEN: &str = "Nobody can tell you a forgotten passphrase. Then only your recovery phrase or another \
    of your devices brings your account back.";

/// The required length of a passphrase.
pub const PASSPHRASE_SHORT: &str = "Use at least 8 characters. Four or five words that don't belong together are \
    strong and easy to remember.";

/// The two passphrases differ.
pub const PASSPHRASE_DIFFERS: &str = "The passphrases don't match. Type it again.";

/// How strong a passphrase of this length is.
#[must_use]
pub const fn passphrase_strength(characters: usize) -> &'static str {
    match characters {
        0..8 => PASSPHRASE_SHORT,
        8..14 => {
            "Good enough against someone at this keyboard. Add words to be safe from someone who copies the disk."
        }
        14..20 => "Good. One more word makes it very good.",
        _ => "Very good.",
    }
}

/// While the lock is being opened.
pub const OPENING: &str = "Opening…";

/// Above the field of a locked browser.
pub const LOCKED: &str = "Enter your passphrase to open your messages.";

/// A wrong passphrase.
pub const PASSPHRASE_WRONG: &str = "That's not the passphrase. Try again.";

/// A wrong passphrase, or a guess before the pause is over; `seconds` are left to wait.
#[must_use]
pub fn passphrase_wait(seconds: u64) -> String {
    format!("That's not the passphrase. You can try again in {}.", countdown(seconds))
}

/// The browser has too little memory.
pub const LOCK_MEMORY: &str = "This browser is low on memory. Close other tabs, then try again.";

/// The browser refuses, or another tab was quicker.
pub const LOCK_REFUSED: &str =
    "That couldn't be saved: the browser refused it, or another tab just changed the lock. Try again.";

/// The browser gave no passkey.
pub const PASSKEY_REFUSED: &str =
    "No passkey was given: it was cancelled or took too long. Try again, or use the passphrase.";

/// The passkey does not support PRF.
pub const PASSKEY_NO_PRF: &str = "This passkey can't open a lock in this browser. Use the passphrase, or try a passkey on another device \
    or security key.";

/// The passkey does not open this lock.
pub const PASSKEY_WRONG: &str = "This passkey doesn't open this lock. Use the passphrase.";

/// What a passkey is for.
pub const PASSKEY: &str =
    "A passkey (fingerprint, face, PIN or security key) can open the lock too. The passphrase always works.";

/// When the lock also closes.
pub const LOCK_CLOSES: &str =
    "It also locks when this page is reloaded, or when the tab that runs Parley is closed.";

/// The effect of erasing.
pub const ERASE: &str = "This deletes everything Parley has in this browser for good, unsent messages too. Your account and your \
    other devices stay. You can come back with your recovery phrase, or link this browser from another device. Without either, \
    the account is lost.";

/// The word that the person must type before everything is deleted.
pub const ERASE_WORD: &str = "erase";

/// The label of the field for that word.
pub const ERASE_TYPED: &str = "Type “erase” to confirm";

/// The lock is set.
pub const LOCK_ON: &str = "Lock is on.";

/// When the auto-lock closes the lock.
pub const LOCK_AFTER: &str = "When nobody has used Parley in any tab for this long.";

/// The browser supports no passkeys.
pub const NO_PASSKEYS: &str = "This browser has no passkeys.";

/// While the browser asks for the passkey.
pub const PASSKEY_ASKED: &str = "The browser asks for your passkey…";

/// The pause after wrong guesses is over.
pub const GUESS_AGAIN: &str = "You can try again now.";
