//! The app lock, in sentences.

use crate::model::time::countdown;

/// What a lock is.
pub const LOCK: &str = "With a lock, this browser opens your messages only with a passphrase. It keeps others out who use this \
    computer, or copy its disk.";

/// What cannot be undone.
pub const LOCK_FORGOTTEN: &str = "Nobody can tell you a passphrase that you forgot. Then only your recovery phrase, or another \
    device of yours, brings your account back.";

/// How long a passphrase must be.
pub const PASSPHRASE_SHORT: &str = "A passphrase has at least 8 characters. Four or five words that do not belong together are \
    good and easy to remember.";

/// The two are not the same.
pub const PASSPHRASE_DIFFERS: &str = "The two passphrases are not the same. Please type it again.";

/// How good a passphrase of so many characters is.
#[must_use]
pub const fn passphrase_strength(characters: usize) -> &'static str {
    match characters {
        0..8 => PASSPHRASE_SHORT,
        8..14 => {
            "Long enough against somebody at this keyboard. Against somebody who copies the disk, more words are better."
        }
        14..20 => "Good. One more word makes it very good.",
        _ => "Very good.",
    }
}

/// Above the field of a locked browser.
pub const LOCKED: &str = "Your messages are in this browser, sealed. Type your passphrase to open them.";

/// A wrong passphrase.
pub const PASSPHRASE_WRONG: &str = "This is not the passphrase. Please try again.";

/// A wrong one, or another one too early; `seconds` to wait.
#[must_use]
pub fn passphrase_wait(seconds: u64) -> String {
    format!("This was not the passphrase. You can try again in {}.", countdown(seconds))
}

/// Too little memory.
pub const LOCK_MEMORY: &str =
    "This browser has too little memory free just now. Close other tabs, then try again.";

/// The browser refuses, or another tab was quicker.
pub const LOCK_REFUSED: &str =
    "That could not be saved: the browser refused it, or another tab changed the lock just now. Try again.";

/// The passkey was not given.
pub const PASSKEY_REFUSED: &str =
    "The browser gave no passkey: it was cancelled, or took too long. Try again, or use the passphrase.";

/// The passkey has no PRF.
pub const PASSKEY_NO_PRF: &str = "This browser, or where it keeps this passkey, cannot open a lock with it (it lacks the PRF \
    extension). Use the passphrase, or try a passkey on another device or security key.";

/// The passkey does not open this lock.
pub const PASSKEY_WRONG: &str = "This passkey does not open this lock. Use the passphrase.";

/// What a passkey is for.
pub const PASSKEY: &str =
    "A passkey (fingerprint, face, PIN or security key) can open the lock too. The passphrase always does.";

/// When it closes.
pub const LOCK_CLOSES: &str =
    "It also closes when this page is loaded again, or when the tab is closed that has the device open.";

/// What erasing does.
pub const ERASE: &str = "This deletes your messages and keys from this browser, for good, and with them whatever was written here \
    and not sent. Your account and your other devices stay. Afterwards you can come back with your recovery phrase, or link this \
    browser from another device. Without either, the account is lost.";
