//! Makes names of files safe: views show them, and the disk uses them as file names.

use crate::domain::visible::{is_blank, is_invisible};

/// Longest name, in characters, with its ending.
const LONGEST: usize = 120;
/// What follows the last point of a name is its ending if it is no longer than this.
const LONGEST_ENDING: usize = 10;
/// Names that mean devices on Windows, whatever ending they have.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A name without folders, without characters that cannot be seen or turn the rest around, and without what one of the
/// systems takes for something else than a name.
pub(crate) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !is_blank(part)).unwrap_or_default();
    let cleaned: String = last.chars().filter(|c| !is_invisible(*c)).map(harmless).collect();
    let trimmed = cleaned.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if is_blank(trimmed) {
        return "file".to_owned();
    }
    let short = shortened(trimmed);
    let stem = short.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes().iter().all(u8::is_ascii_digit))
    };
    let device = DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt");
    if device { format!("_{short}") } else { short }
}

fn harmless(c: char) -> char {
    let reserved = matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|' | '/' | '\\');
    if reserved {
        '_'
    } else if c.is_whitespace() {
        ' '
    } else {
        c
    }
}

/// At most so many characters, the ending kept.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.filter(|ending| ending.chars().count() <= LONGEST_ENDING).unwrap_or_default();
    let room = LONGEST.saturating_sub(ending.chars().count()).saturating_sub(1);
    let stem: String = name.chars().take(room).collect();
    if ending.is_empty() { stem } else { format!("{}.{ending}", stem.trim_end_matches(['.', ' '])) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_name_stays() {
        for name in [
            "boat.jpg",
            "R\u{e9}sum\u{e9} 2026.pdf",
            "\u{5199}\u{771f}.png",
            "a.tar.gz",
            "\u{1F468}\u{1F469}.txt",
        ] {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn p2_a_name_is_no_path_and_does_not_turn_around() {
        for (name, is) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\evil.exe", "evil.exe"),
            ("/", "file"),
            ("", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("a\u{2066}b\u{200B}\u{0}\n.txt", "ab.txt"),
            ("con", "_con"),
            ("COM1.txt", "_COM1.txt"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("what?<script>.html", "what__script_.html"),
            ("trailing. . ", "trailing"),
            ("x/", "x"),
        ] {
            assert_eq!(safe(name), is, "{}", name.escape_unicode());
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = safe(&format!("{}.jpg", "a".repeat(500)));
        assert_eq!(name.chars().count(), LONGEST);
        assert!(std::path::Path::new(&name).extension().is_some_and(|it| it == "jpg"));
        assert_eq!(safe(&"b".repeat(500)).chars().count(), LONGEST - 1);
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_that_every_system_takes(name in ".{0,300}") {
            let safe = safe(&name);
            prop_assert!(!safe.is_empty() && safe.chars().count() <= LONGEST + 1);
            let bad = ['/', '\\', ':', '\u{202E}', '\0', '\n'];
            prop_assert!(!safe.contains(bad));
            prop_assert!(!safe.starts_with('.') && !safe.ends_with(['.', ' ']));
            prop_assert_eq!(super::safe(&safe), safe.clone());
        }
    }
}
