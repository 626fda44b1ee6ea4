//! Decides which code spans of a document are names.

use crate::tidy::tree::MADE;

/// The extensions by which a span without a slash counts as a file.
const ENDINGS: [&str; 8] = [".rs", ".md", ".toml", ".css", ".html", ".mjs", ".js", ".json"];

/// What a code span names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A file or folder.
    Path(&'a str),
    /// A type, a function, a module, a crate, `Type::member` or `module::Type`.
    Symbol(&'a str),
}

impl<'a> Name<'a> {
    /// The name in the span, if the span is nothing else.
    ///
    /// Leaves out everything with another character than names have (spaces, quotes, brackets: code, commands or values; only
    /// the arguments of a call are cut off), with `/`, `-` or `.` at its beginning (routes, options, extensions) or `_` at its
    /// end (the prefix of many names), words of one letter, numbers, addresses, and paths into folders that the build makes.
    pub(super) fn of(span: &'a str) -> Option<Self> {
        let name =
            span.split_once('(').map_or(span, |(name, rest)| if rest.ends_with(')') { name } else { span });
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-./:".contains(letter);
        let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        if !name.chars().all(fits) || !begins || name.ends_with('_') {
            return None;
        }
        if name.contains('/') || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            let first = name.split('/').next().unwrap_or_default();
            return (!MADE.contains(&first) && !name.contains(':')).then_some(Self::Path(name));
        }
        let is_symbol = name.len() > 1 && !name.contains('.') && !name.replace("::", "").contains(':');
        is_symbol.then_some(Self::Symbol(name))
    }
}

/// A code span of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
    /// The text between the span before and this one.
    pub(super) before: String,
}

/// The code spans of a Markdown text, without fenced blocks.
pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let mut fenced = false;
    let mut before = String::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            for (part, text) in line.split('`').enumerate() {
                if part % 2 == 0 {
                    before.push_str(text);
                } else {
                    found.push(Span { line: index + 1, text, before: std::mem::take(&mut before) });
                }
            }
        }
        before.push(' ');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_symbols_are_told_apart() {
        assert_eq!(Name::of("core/outputs.rs"), Some(Name::Path("core/outputs.rs")));
        assert_eq!(Name::of("journal.test.mjs"), Some(Name::Path("journal.test.mjs")));
        assert_eq!(Name::of("engine/"), Some(Name::Path("engine/")));
        assert_eq!(Name::of("Input::View(..)"), Some(Name::Symbol("Input::View")));
        assert_eq!(Name::of("handle(now, rng, input)"), Some(Name::Symbol("handle")));
        assert_eq!(Name::of("ed25519-dalek"), Some(Name::Symbol("ed25519-dalek")));
    }

    #[test]
    fn code_commands_options_routes_and_made_folders_are_no_names() {
        let others = [
            "cargo xtask tidy",
            "a <= b",
            "\"p2_...\"",
            "p2_...",
            "p2_",
            "--port",
            "/v1/ws",
            ".br",
            "0.15",
            "n",
            "target/release/examples",
            "dist/",
            "https://example.org",
            "docs/adr/*.md",
        ];
        for other in others {
            assert_eq!(Name::of(other), None, "{other}");
        }
    }

    #[test]
    fn spans_have_their_lines_and_fences_have_none() {
        let found = spans("`a` b `c`\n```\n`d`\n```\n`e`");
        let found: Vec<_> = found.iter().map(|span| (span.line, span.text, span.before.trim())).collect();
        assert_eq!(found, [(1, "a", ""), (1, "c", "b"), (5, "e", "")]);
    }
}
