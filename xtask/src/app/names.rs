//! Names that carry a hash of the content, so that a file of that name never changes and can be cached for ever.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The value of an `integrity` attribute.
pub(super) fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

/// `app-1f2e3d4c5b6a7988_bg.wasm`, as Trunk names it, becomes `app_bg-HASH.wasm` with a hash of the final content.
/// A folder in front of the name stays.
pub(super) fn hashed(name: &str, content: &[u8]) -> String {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let (stem, kind) = file.rsplit_once('.').unwrap_or((file, ""));
    let hash: String = hex(&Sha256::digest(content)).chars().take(16).collect();
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{}-{hash}.{kind}", without_hash(stem))
}

/// A stem without the hash that Trunk put in: the last `-` and at least eight hexadecimal digits.
pub(super) fn without_hash(stem: &str) -> String {
    if let Some((front, rest)) = stem.rsplit_once('-') {
        let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
        let (hash, end) = rest.split_at(digits);
        if hash.len() >= 8 && (end.is_empty() || end.starts_with('_')) {
            return format!("{front}{end}");
        }
    }
    stem.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunks_hash_gives_way_to_ours() {
        assert_eq!(without_hash("app-1f2e3d4c5b6a7988_bg"), "app_bg");
        assert_eq!(without_hash("layout-1f2e3d4c5b6a7988"), "layout");
        assert_eq!(without_hash("worker_bg"), "worker_bg");
        assert_eq!(without_hash("dark-mode"), "dark-mode");
    }

    #[test]
    fn a_name_follows_the_content() {
        assert_eq!(hashed("worker.js", b"abc"), "worker-ba7816bf8f01cfea.js");
        assert_eq!(hashed("snippets/x-1/inline0.js", b"abc"), "snippets/x-1/inline0-ba7816bf8f01cfea.js");
    }

    #[test]
    fn integrity_is_what_browsers_expect() {
        let expected = "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn";
        assert_eq!(integrity(b"abc"), expected);
    }
}
