//! Words every error as a sentence that says what happened and what to do. No other file does.

use parley_engine::view::{
    CommandError, Delivery, KeyChange, OwnKeyChange, Registration, StorageState, UsernameStatus, Warning,
};
use parley_protocol::username::UsernameError;

use crate::model::scanned::Refusal;
use crate::model::signal::Fault;

mod chats;
mod connection;
mod deleting;
mod expiry;
mod fallen;
mod file;
mod files;
mod gaps;
mod group_links;
mod groups;
mod linking;
mod lock;
mod messages;
mod recovery;
mod relay_saw;
mod removed;
mod requests;
mod settings;
mod welcome;

pub use self::chats::*;
pub use self::connection::*;
pub use self::deleting::*;
pub use self::expiry::*;
pub use self::fallen::*;
pub use self::file::*;
pub use self::files::*;
pub use self::gaps::*;
pub use self::group_links::*;
pub use self::groups::*;
pub use self::linking::*;
pub use self::lock::*;
pub use self::messages::*;
pub use self::recovery::*;
pub use self::relay_saw::*;
pub use self::removed::*;
pub use self::requests::*;
pub use self::settings::*;
pub use self::welcome::*;

/// The note below the own username.
#[must_use]
pub const fn registration(registration: Registration) -> &'static str {
    match registration {
        Registration::Registering => ", being set up…",
        Registration::Done => "",
        Registration::Renamed => {
            ". Someone else got your old username while the server was being restored, so you have a new one."
        }
    }
}

/// The error of a command, as a sentence.
#[must_use]
pub const fn command_error(error: CommandError) -> &'static str {
    match error {
        CommandError::Offline => "There's no connection. Try again when you're online.",
        CommandError::NoAccount => "There is no account in this browser yet. Create one first.",
        CommandError::AccountExists => "This browser has an account already. Reload the page to use it.",
        CommandError::Name => "Enter a name of up to 64 characters.",
        CommandError::Username(error) => username_error(error),
        CommandError::UsernameTaken => "That username is taken or too similar to another.",
        CommandError::NotFound => {
            "No one found with that username. Check the spelling, or ask for an invite link."
        }
        CommandError::NotAnInvite => "That's not a username or an invite link. Check it and try again.",
        CommandError::Yourself => "That's you. Send the link to someone else, or ask for theirs.",
        CommandError::Unreachable => {
            "None of their devices can be reached yet. Ask them to open Parley once, then try again."
        }
        CommandError::Forged => {
            "This Parley server gave a forged answer about this person, so nothing was sent. \
             Ask them for an invite link some other way, and tell whoever runs the server."
        }
        CommandError::NotALinkCode => {
            "That's not a link code. Paste the full link, or type the eight characters."
        }
        CommandError::FileSize => "You can send up to 10 files at once, each up to 100 MB.",
        CommandError::FileMissing => "This file isn't on this device. Download it first.",
        CommandError::LinkCodeInstead => {
            "This code links a device. To use it, open Settings and choose Link a device."
        }
        CommandError::InviteInstead => "That's an invite to a chat, not a link code. Use New chat for it.",
        CommandError::UnknownDevice => "This device is no longer in your account.",
        CommandError::NotLinking => "There's nothing to confirm right now. Try again on both devices.",
        CommandError::UnknownConversation => "This chat isn't on this device. Go back to your chats.",
        CommandError::TextLength => "Message too long. Shorten it, or send it in parts.",
        CommandError::NotAllowed => "You can't do that here.",
        CommandError::TooLate => "A message can be edited for a day after it was sent.",
        CommandError::InvitationOver => "This invitation no longer works. Ask to be added again.",
        CommandError::GroupFull => "This group is full: it can't have more devices.",
        CommandError::Picture => NO_PICTURE,
        CommandError::Blocked => "You blocked them. Unblock them first.",
        CommandError::OtherDraft => "Another tab has a draft in this chat. Send or clear that one first.",
        CommandError::RateLimited => "That was a lot at once. Wait a moment, then try again.",
        CommandError::Relay => "That didn't work. Try again in a moment.",
        CommandError::Phrase(error) => phrase_error(error),
        CommandError::UnknownPhrase => {
            "No account has this recovery phrase. Maybe a newer one replaced it. If you have a backup file, \
             create a new account and restore it in the settings."
        }
        CommandError::WrongWords => "Those aren't the words. Check your paper and type them again.",
        CommandError::PhraseElsewhere => "The recovery phrase isn't on this device. Another one shows it.",
        CommandError::File(error) => file_error(error),
        CommandError::FileOver => "Another tab or a restart came in between. Try again: nothing is doubled.",
        CommandError::ComingBack => "Your account is still coming back. Try again when that is done.",
        CommandError::NoPhrase => "Write your recovery phrase down first.",
        CommandError::NotAGroupLink => "This link isn't complete. Copy all of it and try again.",
        CommandError::LinkOver => "This link doesn't work any more. Ask for a new one.",
        CommandError::TooManyLinks => "This group can't have more invite links. Revoke one first.",
        CommandError::GroupLinkInstead => {
            "That's an invite link to a group. To look at the group, paste it into New chat."
        }
        CommandError::Storage => {
            "This browser couldn't save it, so nothing was sent. Free some space, then try again."
        }
    }
}

/// Why a text is not a valid username.
#[must_use]
pub const fn username_error(error: UsernameError) -> &'static str {
    match error {
        UsernameError::TooShort => "A username has at least 3 characters.",
        UsernameError::TooLong => "A username has at most 32 characters.",
        UsernameError::Character => "Use only letters a to z, digits, dot, underscore and hyphen.",
        UsernameError::Shape => {
            "Start with a letter, end with a letter or digit, and put no two of . _ - side by side."
        }
    }
}

/// Whether a username is available, and whether that is good news.
#[must_use]
pub const fn username_status(status: UsernameStatus) -> (&'static str, bool) {
    match status {
        UsernameStatus::Free => ("This username is free.", true),
        UsernameStatus::Taken => (command_error(CommandError::UsernameTaken), false),
        UsernameStatus::Invalid(error) => (username_error(error), false),
        UsernameStatus::Unknown => {
            ("It can't be checked right now. It's checked when you create the account.", true)
        }
    }
}

/// Why the device cannot write; `None` if it can.
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

/// The warning about a conversation.
#[must_use]
pub const fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::ForkedDeviceLog => {
            "This Parley server shows another list of this person's devices than they do. \
             Compare the safety number with them before you write anything private."
        }
        Warning::ForgedKeys => {
            "This Parley server named a device as this person's that isn't theirs, so nothing is sent. \
             Tell them, and whoever runs the server."
        }
        Warning::DifferentMessages => {
            "This Parley server showed the two of you different messages, or left some out. What was missing is sent again. \
             Compare what you both see, and tell whoever runs the server."
        }
        Warning::AnotherCopy => {
            "This isn't the group that its members see: this Parley server let you into a copy of it. Leave the group, then open \
             the invite link again. Tell whoever runs the server."
        }
    }
}

/// Why the device cannot be opened.
#[must_use]
pub const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::NoStorage => {
            "This browser gives Parley no place to save your messages. Leave private browsing, or allow site data \
             for this address. Nothing was changed; Parley opens as soon as it may."
        }
        Fault::Insecure => {
            "Parley works only over a secure connection (HTTPS), and this page didn't come over one. \
             If the address below doesn't open, whoever runs this server has to set up HTTPS."
        }
        Fault::Full => {
            "This browser has no room left for Parley. Free some space on this device. \
             Nothing that was saved is lost; Parley opens as soon as there is room."
        }
        Fault::KeysMissing => {
            "Part of this site's data was cleared, and what's left can't be read by anyone. \
             You can start over with a new account."
        }
        Fault::RecordsMissing => {
            "The messages on this device are gone: the browser deleted part of this site's data. \
             You can start over with a new account."
        }
        Fault::Damaged => {
            "What's saved on this device doesn't open: it's damaged, or was changed. \
             Reload the page once; if this stays, you can start over with a new account."
        }
        Fault::Newer => {
            "A newer version of Parley was used in this browser. Reload the page to get it. \
             Nothing was changed by this older one."
        }
        Fault::BeforeRelease => {
            "This browser has chats from a test version of Parley, from before its first release. This version can't \
             open them. Nothing was deleted. You can start over with a new account."
        }
        Fault::NewerTab => "A newer version of Parley is open in another tab. Reload this page.",
        Fault::Removed => REMOVED_AND_ERASED,
    }
}

/// The heading above that.
#[must_use]
pub const fn trouble_heading(fault: Fault) -> &'static str {
    match fault {
        Fault::Newer | Fault::NewerTab => "Parley was updated",
        Fault::Removed => "This browser was removed",
        Fault::Insecure => "Parley needs HTTPS",
        _ => "Parley cannot open",
    }
}

/// A person has changed their name. Names are isolated from the sentence's direction.
#[must_use]
pub fn renamed(from: &str, to: &str) -> String {
    format!("\u{2068}{from}\u{2069} is now called \u{2068}{to}\u{2069}.")
}

/// Changes that a contact's devices made to their account.
#[must_use]
pub fn keys_changed(name: &str, change: KeyChange) -> String {
    let did = match change {
        KeyChange::Added => "linked a new device",
        KeyChange::Removed => "removed a device",
        KeyChange::Phrase => "changed their recovery phrase",
    };
    format!("\u{2068}{name}\u{2069} {did}.")
}

/// Changes that another device of the account made to it.
#[must_use]
pub fn own_keys_changed(change: &OwnKeyChange) -> String {
    match change {
        OwnKeyChange::Removed(name) => format!("{} was removed from your account.", device_name(name)),
        OwnKeyChange::Phrase => {
            "Your recovery phrase was changed on another device. If that wasn't you, remove \
                                 that device and create a new phrase."
                .to_owned()
        }
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
/// The same, while some typed text is only in this tab.
pub const WORKER_DIED_AT_RISK: &str =
    "Parley stopped working in this tab. Copy what you've typed but not sent, then reload the page.";
/// A sent text that is not on this device's disk.
pub const NOT_SAVED: &str = "Not saved yet";
/// Too many sent texts are unsaved, so the composer takes no more.
pub const TOO_MUCH_UNSAVED: &str = "Too many messages aren't saved yet. Send this one when they are.";
/// A typed or sent text is unsaved, and the browser cannot save.
pub const KEEP_OPEN: &str = "What you wrote last isn't saved yet: keep this tab open.";
/// Nothing waits to be saved, and the browser cannot save.
pub const RESTART: &str = "If this stays, restart the browser.";
/// The page is older than the relay.
pub const RELOAD_NEEDED: &str = "Parley was updated. Reload the page to continue.";
/// The relay is older than the page.
pub const RELAY_TOO_OLD: &str =
    "This Parley server is out of date and must be updated by whoever runs it. Your messages wait here.";
/// Another tab runs an older version of the app.
pub const OLDER: &str = "An older version of Parley is open in another tab. Reload or close that tab; this one goes on by itself.";
/// The browser takes long to read or save.
pub const SLOW: &str = "This browser is slow to read or save just now. Parley waits for it.";

/// A message is close to the limit.
pub const NEARLY_TOO_LONG: &str = "Almost at the longest a message can be.";

/// Why the camera shows nothing, and what to do.
#[must_use]
pub const fn camera(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Denied => {
            "The browser doesn't let Parley use the camera. Allow it for this site and scan again, or paste the link."
        }
        Refusal::Missing => {
            "No camera works here, or another app is using it. Fix that and scan again, or paste the link."
        }
    }
}

/// While the camera looks for a code.
pub const CAMERA_HINT: &str = "Hold the other device's code in front of the camera.";

/// What a safety number is for.
#[must_use]
pub fn compare(name: &str) -> String {
    format!(
        "Compare this with {name}, face to face or on a call. If every digit is the same, your chat is secure."
    )
}

/// The question before everything on this device is deleted.
pub const AFRESH: &str = "This deletes everything Parley has left in this browser, unsent messages too. Your account comes \
    back only with your recovery phrase, or from another device of yours.";
/// Who can read the messages.
pub const READERS: &str = "Only you and the people you chat with can read your messages.";
/// A number of things.
#[must_use]
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How much room this site's data takes.
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
pub const STORAGE_KEPT: &str = "Kept: the browser won't delete your messages by itself.";
/// The browser may delete this site's data.
pub const STORAGE_AT_RISK: &str =
    "At risk: when space runs low, or you stay away long, the browser may delete your messages.";
/// The browser refused to keep the data.
pub const STORAGE_REFUSED: &str = "The browser said no. It often says yes once you've used Parley for a while, or added it as a bookmark or app.";
/// The text was copied.
pub const COPIED: &str = "Copied.";
/// The browser did not permit copying.
pub const COPY_BY_HAND: &str = "The browser didn't allow it. Select the link above and copy it.";

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
