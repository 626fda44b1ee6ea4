//! Words of the settings.

use crate::model::attention::Shows;
use crate::model::section::Section;

/// The name of a section.
#[must_use]
pub const fn section(section: Section) -> &'static str {
    match section {
        Section::Profile => "Profile",
        Section::Devices => "Devices",
        Section::Recovery => "Recovery",
        Section::Lock => "App lock",
        Section::Privacy => "Privacy",
        Section::Notifications => "Notifications",
        Section::Appearance => "Appearance",
        Section::Storage => "Storage",
        Section::About => "About",
    }
}

/// The contents of a section.
#[must_use]
pub const fn about_section(section: Section) -> &'static str {
    match section {
        Section::Profile => "Your name and invite link",
        Section::Devices => "Where you're signed in",
        Section::Recovery => "Recovery phrase and backups",
        Section::Lock => "A passphrase for this browser",
        Section::Privacy => "Read receipts, drafts and blocked people",
        Section::Notifications => "When Parley is in the background",
        Section::Appearance => "Light or dark",
        Section::Storage => "Space on this device",
        Section::About => "Version",
    }
}

/// Something was saved.
pub const SAVED: &str = "Saved.";

/// The own name was saved.
pub const NAME_SAVED: &str = "Saved. Your contacts see it with your next message.";

/// What the own invite link is for.
pub const INVITE: &str =
    "Anyone with this link can write to you at once; others send you a message request first.";

/// The effect of read receipts.
pub const RECEIPTS: &str =
    "Others see when you've read their messages, and you can see when they've read yours.";

/// While something is being done.
pub const ONE_MOMENT: &str = "One moment…";

/// What notifications do.
pub const NOTIFICATIONS: &str =
    "Tells you about new messages while you're looking at something else. This is for this browser only.";

/// What notifications leave out.
pub const NOT_NOTIFIED: &str = "Muted chats, blocked people and message requests stay quiet. If you're reading on another device at that moment, you may be notified here too.";

/// The browser was told not to show notifications.
pub const NOTIFICATIONS_DENIED: &str = "Your browser blocks notifications from Parley. Allow them in the browser's site settings, then turn this on again.";

/// The browser does not let pages show notifications.
pub const NOTIFICATIONS_MISSING: &str = "This browser can't show notifications from Parley.";

/// What the sound does.
pub const SOUND: &str = "Plays a short tone with each notification.";

/// What notifications show.
#[must_use]
pub const fn shows(shows: Shows) -> &'static str {
    match shows {
        Shows::Text => "Name and message",
        Shows::Name => "Name only",
        Shows::Nothing => "Neither",
    }
}
