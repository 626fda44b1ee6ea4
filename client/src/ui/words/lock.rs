//! Words about the app lock.

use crate::model::time::countdown;

/// What a lock is.
pub const LOCK: &str = "With a lock, this browser asks for a passphrase before it opens your messages. It keeps out anyone who uses this \
    computer or copies its disk.";

/// What cannot be undone.
pub const LOCK_FORGOTTEN: &str = "Nobody can tell you a forgotten passphrase. Then only your recovery phrase or another \
    of your devices brings your account back.";

/// How long a passphrase must be.
pub const PASSPHRASE_SHORT: &str = "Use at least 8 characters. Four or five words that don't belong together are \
    strong and easy to remember.";

/// The two are not the same.
pub const PASSPHRASE_DIFFERS: &str = "The passphrases don't match. Type it again.";

/// How good a passphrase of so many characters is.
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

/// The lock is being opened.
pub const OPENING: &str = "Opening…";

/// Above the field of a locked browser.
pub const LOCKED: &str = "Enter your passphrase to open your messages.";

/// A wrong passphrase.
pub const PASSPHRASE_WRONG: &str = "That's not the passphrase. Try again.";

/// A wrong one, or another one too early; `seconds` to wait.
#[must_use]
pub fn passphrase_wait(seconds: u64) -> String {
    format!("That's not the passphrase. You can try again in {}.", countdown(seconds))
}

/// Too little memory.
pub const LOCK_MEMORY: &str = "This browser is low on memory. Close other tabs, then try again.";

/// The browser refuses, or another tab was quicker.
pub const LOCK_REFUSED: &str =
    "That couldn't be saved: the browser refused it, or another tab just changed the lock. Try again.";

/// The passkey was not given.
pub const PASSKEY_REFUSED: &str =
    "No passkey was given: it was cancelled or took too long. Try again, or use the passphrase.";

/// The passkey has no PRF.
pub const PASSKEY_NO_PRF: &str = "This passkey can't open a lock in this browser. Use the passphrase, or try a passkey on another device \
    or security key.";

/// The passkey does not open this lock.
pub const PASSKEY_WRONG: &str = "This passkey doesn't open this lock. Use the passphrase.";

/// What a passkey is for.
pub const PASSKEY: &str =
    "A passkey (fingerprint, face, PIN or security key) can open the lock too. The passphrase always works.";

/// When it locks besides.
pub const LOCK_CLOSES: &str =
    "It also locks when this page is reloaded, or when the tab that runs Parley is closed.";

/// What erasing does.
pub const ERASE: &str = "This deletes everything Parley has in this browser for good, unsent messages too. Your account and your \
    other devices stay. You can come back with your recovery phrase, or link this browser from another device. Without either, \
    the account is lost.";

/// What has to be typed before everything here is deleted.
pub const ERASE_WORD: &str = "erase";

/// How that is asked.
pub const ERASE_TYPED: &str = "Type “erase” to confirm";

/// The lock is set.
pub const LOCK_ON: &str = "Lock is on.";

/// When it locks by itself.
pub const LOCK_AFTER: &str = "When nobody has used Parley in any tab for this long.";

/// The browser cannot do it.
pub const NO_PASSKEYS: &str = "This browser has no passkeys.";

/// The passkey is asked for.
pub const PASSKEY_ASKED: &str = "The browser asks for your passkey…";

/// The pause after wrong guesses is over.
pub const GUESS_AGAIN: &str = "You can try again now.";
