//! Every error as a sentence that says what happened and what to do. No other file words one.

use parley_engine::view::{
    BodyView, CommandError, Delivery, Gap, Registration, StorageState, UsernameStatus, Warning,
};
use parley_protocol::username::UsernameError;

use crate::model::sight::Refusal;
use crate::model::signal::Trouble;

mod connection;
mod deleting;
mod fallen;
mod file;
mod linking;
mod lock;
mod recovery;
mod removed;

pub use self::connection::*;
pub use self::deleting::*;
pub use self::fallen::*;
pub use self::file::*;
pub use self::linking::*;
pub use self::lock::*;
pub use self::recovery::*;
pub use self::removed::*;

/// After the own username.
#[must_use]
pub const fn registration(registration: Registration) -> &'static str {
    match registration {
        Registration::Registering => ", being registered at the relay",
        Registration::Done => "",
        Registration::Renamed => {
            ". Someone else got your old username while the server was being restored, so you have a new one."
        }
    }
}

/// What went wrong with a command.
#[must_use]
pub const fn command_error(error: CommandError) -> &'static str {
    match error {
        CommandError::Offline => "There is no connection to the relay. Try again when you are online.",
        CommandError::NoAccount => "There is no account in this browser yet. Create one first.",
        CommandError::AccountExists => "This browser has an account already. Reload the page to use it.",
        CommandError::Name => "A name has 1 to 64 characters. Please change it.",
        CommandError::Username(error) => username_error(error),
        CommandError::UsernameTaken => {
            "Somebody has this username, or one that looks like it. Please choose another."
        }
        CommandError::NotFound => {
            "Nobody by this name is here. Check the spelling, or ask for an invite link."
        }
        CommandError::NotAnInvite => {
            "This is neither a username nor an invite link. Type a username, or paste the whole link."
        }
        CommandError::Yourself => "This is you. Send the link to somebody else, or ask for theirs.",
        CommandError::Unreachable => {
            "None of this person's devices can be reached yet. Ask them to open Parley once, then try again."
        }
        CommandError::Forged => {
            "The relay's answer about this person is forged, so nothing was sent. \
             Ask them for an invite link over another way, and tell whoever runs this relay."
        }
        CommandError::NotALinkCode => {
            "This is no link code. Paste the whole link, or type the eight characters."
        }
        CommandError::InviteInstead => {
            "This is somebody's invite, which links no device. Use New chat for it."
        }
        CommandError::UnknownDevice => "This device is not in your account any more.",
        CommandError::NotLinking => "There is nothing to confirm just now. Begin again on both devices.",
        CommandError::UnknownConversation => "This chat is not on this device. Go back to your chats.",
        CommandError::TextLength => {
            "A message holds 1 byte to 64 KiB of text. Please shorten it or split it."
        }
        CommandError::OtherDraft => "Another tab has a draft in this chat. Send or clear that one first.",
        CommandError::RateLimited => {
            "That was too much at once for the relay. Wait a moment, then try again."
        }
        CommandError::Relay => "The relay could not do it. Try again in a moment.",
        CommandError::Phrase(error) => phrase_error(error),
        CommandError::UnknownPhrase => {
            "No account on this relay has this recovery phrase. Perhaps it was replaced by a newer one. If you have a \
             backup file, create a new account here and restore it in the settings."
        }
        CommandError::WrongWords => "These are not the words. Look at your paper, and type them again.",
        CommandError::PhraseElsewhere => {
            "This device does not have the recovery phrase. Another one shows it."
        }
        CommandError::File(error) => file_error(error),
        CommandError::FileOver => {
            "Another tab or a restart came in between. Begin again: nothing is doubled."
        }
        CommandError::ComingBack => "Your account is still coming back. Try again when that is done.",
        CommandError::NoPhrase => "Write your recovery phrase down first.",
        CommandError::Storage => {
            "This browser could not save it, so nothing was sent. Free some space, then try again."
        }
    }
}

/// Why a text is not a username.
#[must_use]
pub const fn username_error(error: UsernameError) -> &'static str {
    match error {
        UsernameError::TooShort => "A username has at least 3 characters.",
        UsernameError::TooLong => "A username has at most 32 characters.",
        UsernameError::Character => "Use only letters a to z, digits, dot, underscore and hyphen.",
        UsernameError::Shape => {
            "Begin with a letter, end with a letter or digit, and put no two of . _ - side by side."
        }
    }
}

/// Whether a username can be had, and whether that is good news.
#[must_use]
pub const fn username_status(status: UsernameStatus) -> (&'static str, bool) {
    match status {
        UsernameStatus::Free => ("This username is free.", true),
        UsernameStatus::Taken => (command_error(CommandError::UsernameTaken), false),
        UsernameStatus::Invalid(error) => (username_error(error), false),
        UsernameStatus::Unknown => {
            ("The relay cannot be asked just now. The name is checked when the account is created.", true)
        }
    }
}

/// Why the device cannot write; none if it can.
#[must_use]
pub const fn storage(state: StorageState) -> Option<&'static str> {
    match state {
        StorageState::Good => None,
        StorageState::Full => Some(
            "This browser has no room left for Parley, so nothing is sent or received. \
             Free some space on this device: then Parley goes on by itself.",
        ),
        StorageState::Unavailable => {
            Some("This browser refuses to save, so nothing is sent or received. Parley keeps trying.")
        }
        StorageState::Fenced => Some("Another tab has taken over. Reload this page to continue here."),
    }
}

/// What to know about a conversation.
#[must_use]
pub const fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::ForkedDeviceLog => {
            "The relay shows a list of this person's devices that contradicts their own. \
             Compare the safety number with them before you write anything private."
        }
        Warning::ForgedKeys => {
            "The relay handed out keys for this person that they did not sign. Nothing is sent. \
             Tell them and whoever runs this relay."
        }
        Warning::DifferentMessages => {
            "The relay showed the two of you different messages, or left some out. What was missing is sent again. \
             Compare what you both see, and tell whoever runs this relay."
        }
    }
}

/// Why the device cannot be opened.
#[must_use]
pub const fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoStorage => {
            "This browser gives Parley no place to keep your keys. Leave private browsing, or allow site data \
             for this address. Nothing was changed; Parley opens as soon as it may."
        }
        Trouble::Insecure => {
            "Your browser keeps keys only for pages that came over a secure connection (HTTPS), and this one did not. \
             If the address below does not open, whoever runs this server has to set up HTTPS."
        }
        Trouble::Full => {
            "This browser has no room left for Parley. Free some space on this device. \
             Nothing that was saved is lost; Parley opens as soon as there is room."
        }
        Trouble::KeysMissing => {
            "The key of this device is gone: somebody or something cleared part of this site's data. \
             Without it, what is left cannot be read by anyone. You can start afresh with a new account."
        }
        Trouble::RecordsMissing => {
            "The messages and keys of this device are gone: the browser deleted part of this site's data. \
             You can start afresh with a new account."
        }
        Trouble::Damaged => {
            "What is saved on this device does not open: it is damaged, or was changed. \
             Reload the page once; if this stays, you can start afresh with a new account."
        }
        Trouble::Newer => {
            "A newer version of Parley was used in this browser. Reload the page to get it. \
             Nothing was changed by this older one."
        }
        Trouble::NewerTab => "A newer version of Parley is open in another tab. Reload this page.",
        Trouble::Removed => REMOVED_AND_ERASED,
    }
}

/// What stands above that.
#[must_use]
pub const fn trouble_heading(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Newer | Trouble::NewerTab => "Parley was updated",
        Trouble::Removed => "This browser was removed",
        Trouble::Insecure => "Parley needs HTTPS",
        _ => "Parley cannot open",
    }
}

/// Why a message is not shown; none if it is a text.
#[must_use]
pub const fn instead_of(body: &BodyView) -> Option<&'static str> {
    match body {
        BodyView::Text(_) => None,
        BodyView::Newer => {
            Some("Sent by a newer version of Parley. Reload the page to update, then it shows.")
        }
        BodyView::Gap(Gap::Rejected) => Some(
            "A message was damaged or forged on its way and was rejected. Ask your contact to send it again.",
        ),
        BodyView::Gap(Gap::Expired) => Some(
            "Messages from while this device was away are no longer at the relay. Ask your contact to send \
             them again.",
        ),
        BodyView::Gap(Gap::Missing) => Some(
            "The relay left something out here, or showed your contact something else. What can be sent again \
             is sent again; ask your contact whether anything is missing.",
        ),
        BodyView::Gap(Gap::Restored) => Some(
            "This browser's data were put back from an older copy. What you wrote after that copy is with your \
             contact, and comes back here only from another device of yours. From here on this chat has new keys.",
        ),
        BodyView::Gap(Gap::Elsewhere) => Some(
            "Some messages you wrote on another device aren't here: they were written after your last backup. If that \
             device is still signed in, they come when it's online. Your contact has them too.",
        ),
        BodyView::Gap(Gap::Damaged) => Some(
            "The keys of this chat were damaged on this device, so a message here could not be read. \
             The chat goes on with new keys; ask your contact whether you missed anything.",
        ),
        BodyView::Gap(Gap::Lost) => Some(
            "A message stood here. What this browser had stored of it is damaged or gone. It comes back from another \
             device of yours, if one has it.",
        ),
        BodyView::Gap(Gap::Unsent) => Some(
            "A text of yours that waited to be sent is gone: what this browser had stored of it was damaged. It was \
             not sent. Write it again.",
        ),
    }
}

/// An own message's state.
#[must_use]
pub const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "waiting",
        Delivery::Sent => "sent",
        Delivery::Delivered => "delivered",
        Delivery::Read => "read",
        Delivery::Failed => "not sent",
    }
}

/// The worker stopped.
pub const WORKER_DIED: &str =
    "Parley stopped working in this tab. Nothing is lost: reload the page to continue.";
/// The same, while something that was typed is in this tab only.
pub const WORKER_DIED_AT_RISK: &str =
    "Parley stopped working in this tab. Copy what you have typed and not sent, then reload the page.";
/// What was sent and is not on this device's disk.
pub const NOT_SAVED: &str = "Not saved yet";
/// So much was sent and is not saved that no more is taken.
pub const TOO_MUCH_UNSAVED: &str = "Too many messages aren't saved yet. Send this one when they are.";
/// Something that was typed or sent is not saved, and the browser cannot save.
pub const KEEP_OPEN: &str = "What you wrote last isn't saved yet: keep this tab open.";
/// Nothing waits to be saved, and the browser does not save.
pub const RESTART: &str = "If this stays, restart the browser.";
/// The page is older than the relay.
pub const RELOAD_NEEDED: &str = "This page is older than the relay. Reload it to continue.";
/// The relay is older than the page.
pub const RELAY_TOO_OLD: &str =
    "The relay is older than this page and must be updated by whoever runs it. Your messages wait here.";
/// Another tab runs an older version of the app.
pub const OLDER: &str = "An older version of Parley is open in another tab. Reload or close that tab; this one goes on by itself.";
/// The browser takes long to read or save something.
pub const SLOW: &str = "This browser is slow to read or save just now. Parley waits for it.";

/// A message is over the limit by so many bytes.
#[must_use]
pub fn too_long(bytes: usize) -> String {
    format!("This is {bytes} bytes too long for one message. Shorten it, or send it in parts.")
}

/// Why the camera shows nothing, and what to do.
#[must_use]
pub const fn camera(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Denied => {
            "The browser does not let Parley use the camera. Allow it for this site and scan again, or paste the link."
        }
        Refusal::Missing => {
            "No camera works here, or another program uses it. Mend that and scan again, or paste the link."
        }
    }
}

/// While the camera looks for a code.
pub const CAMERA_HINT: &str = "Hold the other device's code in front of the camera.";

/// What a safety number is for.
#[must_use]
pub fn compare(name: &str) -> String {
    format!(
        "Compare this with {name}, face to face or on a call. If every digit is the same, nobody sits between you."
    )
}

/// Before everything on this device is deleted.
pub const AFRESH: &str = "This deletes what Parley has left in this browser, also what was written here and not sent. Your account comes \
    back only with your recovery phrase, or from another device of yours.";
/// What happens to the keys.
pub const KEYS: &str =
    "Your keys are made in this browser and never leave it; the relay only ever sees what it cannot read.";
/// Somebody without an account has opened an invite link.
pub const INVITED: &str = "You have been invited to chat. Create your account first; then the chat opens.";
/// How much this site's data takes.
#[must_use]
pub fn storage_used(used: u64, quota: u64) -> String {
    format!("Parley takes {} here; the browser allows {}.", size(used), size(quota))
}

fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) if bytes < 10 * step => {
            format!("{}.{} {unit}", bytes / step, bytes % step * 10 / step)
        }
        Some((step, unit)) => format!("{} {unit}", bytes / step),
        None => format!("{bytes} bytes"),
    }
}

/// Version and build of the app.
#[must_use]
pub fn version(version: &str, build: &str) -> String {
    format!("Version {version}, build {}", if build.is_empty() { "development" } else { build })
}

/// The browser keeps this site's data.
pub const STORAGE_KEPT: &str = "Kept: the browser does not delete your keys and messages by itself.";
/// The browser may delete this site's data.
pub const STORAGE_AT_RISK: &str =
    "At risk: when space is short, or you stay away long, the browser may delete your keys and messages.";
/// The browser was asked and said no.
pub const STORAGE_REFUSED: &str = "The browser said no. It often says yes once you have used Parley for a while, or added it as a bookmark or app.";
/// The browser did not allow copying.
pub const COPY_BY_HAND: &str = "The browser did not allow it. Select the link above and copy it.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let said = [(999, "999 bytes"), (1_950, "1.9 kB"), (12_345_678, "12 MB"), (3_200_000_000, "3.2 GB")];
        for (bytes, text) in said {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_build_without_a_hash_is_for_development() {
        assert_eq!(version("0.1.0", "abcd1234"), "Version 0.1.0, build abcd1234");
        assert_eq!(version("0.1.0", ""), "Version 0.1.0, build development");
    }
}
