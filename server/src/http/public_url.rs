//! The address under which browsers open the app.

use std::str::FromStr;

use axum::http::Uri;

/// An origin as browsers write it: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is not a public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public address is written like https://chat.example.org, without a path")]
pub struct PublicUrlError;

impl PublicUrl {
    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Uri = text.parse().map_err(|_| PublicUrlError)?;
        let (scheme, authority) = url.scheme_str().zip(url.authority()).ok_or(PublicUrlError)?;
        if !matches!(scheme, "http" | "https")
            || url.path() != "/"
            || url.query().is_some()
            || authority.as_str().contains('@')
        {
            return Err(PublicUrlError);
        }
        let host = authority.host().to_ascii_lowercase();
        let usual = if scheme == "https" { 443 } else { 80 };
        Ok(Self(match authority.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_browsers_write_origins() {
        for (text, origin) in [
            ("https://chat.example", "https://chat.example"),
            ("https://Chat.Example:443/", "https://chat.example"),
            ("http://localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), origin);
        }
        for wrong in [
            "chat.example",
            "https://chat.example/app",
            "ftp://chat.example",
            "https://a@b.example",
            "",
            "https://",
        ] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }
}
