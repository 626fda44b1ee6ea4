//! Parses and writes addresses inside the app: the part after `#`.

use parley_engine::pasted::{self, Pasted};
use parley_engine::view::ConversationId;

use crate::model::hex;
use crate::model::section::Section;

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Route {
    /// The list of chats.
    #[default]
    Home,
    /// The message requests.
    Requests,
    /// A conversation.
    Conversation(ConversationId),
    /// The settings, or one section of them.
    Settings(Option<Section>),
    /// A person's invite link. Holds the fragment as the engine takes it.
    Invite(String),
    /// A link code. Holds the fragment as the engine takes it.
    Link(String),
    /// An invite link of a group. Holds the fragment as the engine takes it.
    GroupLink(String),
}

impl Route {
    /// Reads the fragment, with or without its `#`. Finds a link in any form in which it arrives. Keeps text that only begins
    /// like a link, so that the app can say what is wrong with it. An unknown address becomes [`Route::Home`].
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.strip_prefix('#').unwrap_or(fragment);
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(id) = path.strip_prefix("c/").and_then(hex::decode) {
            return Self::Conversation(ConversationId(id));
        }
        if path == "requests" {
            return Self::Requests;
        }
        if path == "settings" {
            return Self::Settings(None);
        }
        if let Some(section) = path.strip_prefix("settings/") {
            return Self::Settings(Section::parse(section));
        }
        match Pasted::find(path) {
            Some(Pasted::Invite(invite)) => Self::Invite(invite),
            Some(Pasted::Link(code)) => Self::Link(code),
            Some(Pasted::GroupLink(link)) => Self::GroupLink(link),
            None => Self::broken(path),
        }
    }

    fn broken(path: &str) -> Self {
        let plain = pasted::plain(path);
        let plain = plain.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        if plain.starts_with("i/") {
            Self::Invite(path.to_owned())
        } else if plain.starts_with("link/") {
            Self::Link(path.to_owned())
        } else if plain.starts_with("g/") {
            Self::GroupLink(path.to_owned())
        } else {
            Self::Home
        }
    }

    /// Whether the address names the settings or one of their sections.
    #[must_use]
    pub const fn is_settings(&self) -> bool {
        matches!(self, Self::Settings(_))
    }

    /// The fragment, with its `#`.
    #[must_use]
    pub fn fragment(&self) -> String {
        match self {
            Self::Home => "#/".to_owned(),
            Self::Requests => "#/requests".to_owned(),
            Self::Conversation(id) => format!("#/c/{}", hex::encode(&id.0)),
            Self::Settings(None) => "#/settings".to_owned(),
            Self::Settings(Some(section)) => format!("#/settings/{}", section.path()),
            Self::Invite(code) | Self::Link(code) | Self::GroupLink(code) => format!("#{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "i/ada/u6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6tq";

    #[test]
    fn every_route_goes_there_and_back() {
        for route in [
            Route::Home,
            Route::Requests,
            Route::Conversation(ConversationId([7; 16])),
            Route::Settings(None),
            Route::Settings(Some(Section::Devices)),
            Route::Invite(INVITE.to_owned()),
            Route::Link("link/aaaa".to_owned()),
            Route::GroupLink("g/aaaa".to_owned()),
        ] {
            assert_eq!(Route::parse(&route.fragment()), route);
        }
    }

    #[test]
    fn an_invite_is_understood_however_it_arrives() {
        for fragment in [
            format!("#/{INVITE}"),
            format!("#%23{INVITE}"),
            format!("#%2523{}", INVITE.replace('/', "%252F")),
            format!("#{INVITE}."),
            format!("#{INVITE}%E2%80%8B)"),
            format!("#{}", INVITE.to_uppercase()),
            format!("%23{INVITE}"),
        ] {
            assert_eq!(Route::parse(&fragment), Route::Invite(INVITE.to_owned()), "{fragment}");
        }
    }

    #[test]
    fn p1_a_link_into_a_group_is_no_invite_however_it_arrives() {
        let letters = |count: usize| "a".repeat(count);
        let link = format!("g/{}/{}/{}", letters(26), letters(52), letters(52));
        for fragment in [
            format!("#{link}"),
            format!("#%23{link}."),
            format!("#/{}", link.to_uppercase().replace('/', "%2F")),
        ] {
            assert_eq!(Route::parse(&fragment), Route::GroupLink(link.clone()), "{fragment}");
        }
    }

    #[test]
    fn what_begins_like_a_link_is_not_passed_over() {
        for fragment in ["#i/ada", "#/i/", "#%23I/ada/aaaa.", "#i%2Fada"] {
            assert!(matches!(Route::parse(fragment), Route::Invite(_)), "{fragment}");
        }
        for fragment in ["#link/", "#LINK/aaaa.", "#/%23link%2Faaaa"] {
            assert!(matches!(Route::parse(fragment), Route::Link(_)), "{fragment}");
        }
        for fragment in ["#g/", "#G/aaaa.", "#/%23g%2Faaaa"] {
            assert!(matches!(Route::parse(fragment), Route::GroupLink(_)), "{fragment}");
        }
    }

    #[test]
    fn an_unknown_section_leads_to_the_settings() {
        assert_eq!(Route::parse("#/settings/nowhere"), Route::Settings(None));
    }

    #[test]
    fn what_is_unknown_leads_home() {
        for fragment in ["", "#", "#/", "#/c/", "#/c/xyz", "#/nowhere", "#hi/ada", "#og/aaaa", "#%"] {
            assert_eq!(Route::parse(fragment), Route::Home, "{fragment}");
        }
    }
}
