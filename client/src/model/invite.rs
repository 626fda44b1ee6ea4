//! Reads an invite link before the engine has checked it.

use parley_protocol::username::Username;

/// The link by which a person came. Holds the fragment as it is in [`super::route::Route`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// A person's invite link.
    ToChat(String),
    /// An invite link of a group.
    ToGroup(String),
}

/// The username in an invite link. Takes the fragment as it is in [`super::route::Route::Invite`].
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
