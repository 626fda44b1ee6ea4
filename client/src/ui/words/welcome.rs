//! Words of the first screen.

/// Below its heading.
pub const WELCOME: &str = "Private chat in your browser.";

/// Under the own name.
pub const NAME_HINT: &str = "What others see. You can change it later.";

/// No name was typed.
pub const NAME_NONE: &str = "Enter your name.";

/// Under the own username.
pub const USERNAME_HINT: &str = "How others find you: letters, digits, dot, underscore, hyphen.";

/// A username is looked up.
pub const CHECKING: &str = "Checking…";

/// Somebody without an account has opened an invite link.
#[must_use]
pub fn invited(username: Option<&str>) -> String {
    match username {
        Some(username) => format!("@{username} invited you to chat"),
        None => "You're invited to chat".to_owned(),
    }
}

/// What comes of it.
pub const INVITED_HOW: &str = "Create your account, and the chat opens.";

/// Somebody without an account has opened a link into a group. Which one is not known yet: the relay answers accounts only.
pub const INVITED_TO_GROUP: &str = "You're invited to a group";

/// What comes of it.
pub const INVITED_TO_GROUP_HOW: &str = "Create your account, then look at the group and join.";

/// How an account comes into another browser.
pub const HAVE_ACCOUNT: &str = "How do you want to sign in?";

/// Where another device has the account.
pub const HAVE_DEVICE: &str = "If you're signed in on another device and have it at hand.";

/// Where no device has the account.
pub const HAVE_PHRASE: &str = "If you have the 24 words that you wrote down.";
