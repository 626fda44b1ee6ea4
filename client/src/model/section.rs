//! The sections of the settings.

/// A section of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Name and invite link.
    Profile,
    /// Own devices.
    Devices,
    /// Recovery phrase, backup and backup files.
    Recovery,
    /// The app lock.
    Lock,
    /// What others see.
    Privacy,
    /// How the person is told of messages.
    Notifications,
    /// The theme.
    Appearance,
    /// The storage of the browser.
    Storage,
    /// The version.
    About,
}

impl Section {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Profile,
        Self::Devices,
        Self::Recovery,
        Self::Lock,
        Self::Privacy,
        Self::Notifications,
        Self::Appearance,
        Self::Storage,
        Self::About,
    ];

    /// The section's part of an address.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Devices => "devices",
            Self::Recovery => "recovery",
            Self::Lock => "lock",
            Self::Privacy => "privacy",
            Self::Notifications => "notifications",
            Self::Appearance => "appearance",
            Self::Storage => "storage",
            Self::About => "about",
        }
    }

    /// Reads a section from its part of an address.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.path() == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_an_address_of_its_own() {
        for section in Section::ALL {
            assert_eq!(Section::parse(section.path()), Some(section));
        }
        assert_eq!(Section::parse("nowhere"), None);
    }
}
