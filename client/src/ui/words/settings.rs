//! Words of the settings.

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
