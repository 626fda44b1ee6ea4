//! Addresses inside the app: the part after `#`.

use parley_engine::view::ConversationId;

use crate::model::hex;
use crate::model::section::Section;

/// What the address names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Route {
    /// The list of chats.
    #[default]
    Home,
    /// A conversation.
    Conversation(ConversationId),
    /// The settings, or one section of them.
    Settings(Option<Section>),
    /// Somebody's invite link; holds the fragment as the engine takes it.
    Invite(String),
    /// A code with which a device is linked; holds the fragment as the engine takes it.
    Link(String),
}

impl Route {
    /// Reads the fragment, with or without its `#`. What is not known leads home.
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.strip_prefix('#').unwrap_or(fragment);
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(id) = path.strip_prefix("c/").and_then(hex::decode) {
            return Self::Conversation(ConversationId(id));
        }
        if path == "settings" {
            return Self::Settings(None);
        }
        if let Some(section) = path.strip_prefix("settings/") {
            return Self::Settings(Section::parse(section));
        }
        if path.strip_prefix("i/").is_some_and(|rest| !rest.is_empty()) {
            return Self::Invite(path.to_owned());
        }
        if path.strip_prefix("link/").is_some_and(|rest| !rest.is_empty()) {
            return Self::Link(path.to_owned());
        }
        Self::Home
    }

    /// Whether it is the settings, whichever section.
    #[must_use]
    pub const fn is_settings(&self) -> bool {
        matches!(self, Self::Settings(_))
    }

    /// The fragment, with its `#`.
    #[must_use]
    pub fn fragment(&self) -> String {
        match self {
            Self::Home => "#/".to_owned(),
            Self::Conversation(id) => format!("#/c/{}", hex::encode(&id.0)),
            Self::Settings(None) => "#/settings".to_owned(),
            Self::Settings(Some(section)) => format!("#/settings/{}", section.path()),
            Self::Invite(code) | Self::Link(code) => format!("#{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_goes_there_and_back() {
        for route in [
            Route::Home,
            Route::Conversation(ConversationId([7; 16])),
            Route::Settings(None),
            Route::Settings(Some(Section::Devices)),
            Route::Invite("i/ada.AAAA".to_owned()),
            Route::Link("link/aaaa".to_owned()),
        ] {
            assert_eq!(Route::parse(&route.fragment()), route);
        }
    }

    #[test]
    fn an_invite_may_have_a_slash_before_it() {
        assert_eq!(Route::parse("#/i/x"), Route::parse("#i/x"));
    }

    #[test]
    fn an_unknown_section_leads_to_the_settings() {
        assert_eq!(Route::parse("#/settings/nowhere"), Route::Settings(None));
    }

    #[test]
    fn what_is_unknown_leads_home() {
        for fragment in ["", "#", "#/", "#/c/", "#/c/xyz", "#/i/", "#/nowhere"] {
            assert_eq!(Route::parse(fragment), Route::Home, "{fragment}");
        }
    }
}
