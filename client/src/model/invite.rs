//! What an invite link says before the engine has looked at it.

use parley_protocol::username::Username;

/// What somebody came by; holds the fragment as it is in [`super::route::Route`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// Somebody's invite link.
    ToChat(String),
    /// A link into a group.
    ToGroup(String),
}

/// Whose invite it is; the fragment as it is in [`super::route::Route::Invite`].
#[must_use]
pub fn inviter(fragment: &str) -> Option<String> {
    let (username, account) = fragment.strip_prefix("i/")?.split_once('/')?;
    let known = Username::parse(username).ok().filter(|_| !account.is_empty())?;
    Some(known.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_says_who_invites() {
        assert_eq!(inviter("i/ada/aaaa").as_deref(), Some("ada"));
        for fragment in ["", "i/", "i/ada", "i/ada/", "i/<b>/aaaa", "link/ada/aaaa"] {
            assert_eq!(inviter(fragment), None, "{fragment}");
        }
    }
}
