//! Words of the first screen.

/// Below the heading.
pub const WELCOME: &str = "Private chat in your browser.";

/// Below the field for the own name.
pub const NAME_HINT: &str = "What others see. You can change it later.";

/// No name was entered.
pub const NAME_NONE: &str = "Enter your name.";

/// Below the field for the own username.
pub const USERNAME_HINT: &str = "How others find you: letters, digits, dot, underscore, hyphen.";

/// While the app looks a username up.
pub const CHECKING: &str = "Checking…";

/// A person without an account has opened an invite link.
#[must_use]
pub fn invited(username: Option<&str>) -> String {
    match username {
        Some(username) => format!("@{username} invited you to chat"),
        None => "You're invited to chat".to_owned(),
    }
}

/// The next step after that.
pub const INVITED_HOW: &str = "Create your account, and the chat opens.";

/// A person without an account has opened an invite link of a group. The group is still unknown, because the relay answers only
/// accounts.
pub const INVITED_TO_GROUP: &str = "You're invited to a group";

/// The next step after that.
pub const INVITED_TO_GROUP_HOW: &str = "Create your account, then look at the group and join.";

/// The question how the account comes into this browser.
pub const HAVE_ACCOUNT: &str = "How do you want to sign in?";

/// The choice for a person with another device.
pub const HAVE_DEVICE: &str = "If you're signed in on another device and have it at hand.";

/// The choice for a person without a device.
pub const HAVE_PHRASE: &str = "If you have the 24 words that you wrote down.";
