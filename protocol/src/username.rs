//! Usernames: 3 to 32 characters of `a-z 0-9 . _ -`, folded to lower case, beginning with a letter.
//!
//! Two usernames that look alike cannot both exist: the directory is unique by [`Username::skeleton`].

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_USERNAME, MIN_USERNAME};

/// Why a text is not a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum UsernameError {
    /// Fewer than 3 characters.
    #[error("the username is too short")]
    TooShort,
    /// More than 32 characters.
    #[error("the username is too long")]
    TooLong,
    /// A character other than letters, digits, dot, underscore and hyphen.
    #[error("the username has a character that is not allowed")]
    Character,
    /// It does not begin with a letter, or ends with a dot, or has two separators in a row.
    #[error("the username begins or ends in a way that is not allowed")]
    Shape,
}

/// A valid, folded username.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

impl Username {
    /// Folds `text` to lower case and checks it. A leading `@` and white space around it are dropped.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        let trimmed = text.trim();
        let trimmed = trimmed.strip_prefix('@').unwrap_or(trimmed);
        if !trimmed.chars().all(|c| c.is_ascii_alphanumeric() || is_separator(c)) {
            return Err(UsernameError::Character);
        }
        if trimmed.len() < MIN_USERNAME {
            return Err(UsernameError::TooShort);
        }
        if trimmed.len() > MAX_USERNAME {
            return Err(UsernameError::TooLong);
        }
        let folded = trimmed.to_ascii_lowercase();
        let mut previous_separator = true;
        for c in folded.chars() {
            if is_separator(c) && previous_separator {
                return Err(UsernameError::Shape);
            }
            previous_separator = is_separator(c);
        }
        if previous_separator || !folded.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(UsernameError::Shape);
        }
        Ok(Self(folded))
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this name looks like: names with one skeleton are confusable (`paul` and `pau1`, `mona` and `rnona`).
    #[must_use]
    pub fn skeleton(&self) -> String {
        let same: String = self
            .0
            .chars()
            .filter(|c| !is_separator(*c))
            .map(|c| match c {
                '0' => 'o',
                '1' | 'i' | 'j' => 'l',
                '5' => 's',
                '2' => 'z',
                '8' => 'b',
                '9' | 'q' => 'g',
                other => other,
            })
            .collect();
        same.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("nn", "m")
    }
}

const fn is_separator(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

impl TryFrom<String> for Username {
    type Error = UsernameError;
    fn try_from(text: String) -> Result<Self, UsernameError> {
        let parsed = Self::parse(&text)?;
        // On the wire a name is already folded: two spellings of one name would be two names to a signature.
        if parsed.0 == text { Ok(parsed) } else { Err(UsernameError::Shape) }
    }
}

impl From<Username> for String {
    fn from(username: Username) -> Self {
        username.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_and_trims() {
        assert_eq!(Username::parse(" @Ada.Lovelace ").unwrap().as_str(), "ada.lovelace");
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, error) in [
            ("ab", UsernameError::TooShort),
            ("a23456789012345678901234567890123", UsernameError::TooLong),
            ("аda", UsernameError::Character),
            ("ada lovelace", UsernameError::Character),
            ("1ada", UsernameError::Shape),
            ("ada.", UsernameError::Shape),
            ("a._b", UsernameError::Shape),
            (".ada", UsernameError::Shape),
        ] {
            assert_eq!(Username::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn confusable_names_share_a_skeleton() {
        for (one, other) in [("paul", "pau1"), ("mona", "rnona"), ("bob", "b0b"), ("ada.l", "ada-l")] {
            let (one, other) = (Username::parse(one).unwrap(), Username::parse(other).unwrap());
            assert_eq!(one.skeleton(), other.skeleton());
        }
        assert_ne!(Username::parse("alice").unwrap().skeleton(), Username::parse("bob").unwrap().skeleton());
    }

    proptest! {
        #[test]
        fn never_panics_and_what_passes_is_stable(text: String) {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(name.as_str()), Ok(name.clone()));
                prop_assert!(Username::try_from(String::from(name.as_str())).is_ok());
            }
        }
    }
}
