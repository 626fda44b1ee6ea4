//! Checks the text of source files against the rules of this code base.

use super::Finding;
use super::tree::File;

/// A file with more lines without tests than this fails. A file with more than [`LONG`] is only reported.
const TOO_LONG: usize = 500;
const LONG: usize = 400;

/// Markers of notes to oneself. Written in pieces, so that this file does not contain what it forbids.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const ALLOW: &str = concat!("#[", "allow(");
const ALLOW_ALL: &str = concat!("#![", "allow(");
const INNER_HTML: &str = concat!("inner", "_html");
const WEB_SYS: &str = concat!("web", "_sys");
const OPENMLS: &str = concat!("open", "mls");
/// The names of what the engine must get as arguments instead.
const CLOCK_AND_RANDOM: [&str; 5] = ["SystemTime", "Instant::now", "OsRng", "thread_rng", "getrandom"];

/// All findings in the given files.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().flat_map(|file| [notes(file), code(file), length(file, TOO_LONG)].concat()).collect()
}

/// Reports files that approach the limit.
pub(super) fn advice(files: &[File]) -> Vec<Finding> {
    let long = |file: &File| if length(file, TOO_LONG).is_empty() { length(file, LONG) } else { Vec::new() };
    files.iter().flat_map(long).collect()
}

fn notes(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in numbered(&file.text) {
        for note in NOTES.into_iter().filter(|note| has_word(text, note)) {
            findings.push(Finding::new(&file.path, line, format!("{note}: do it now or write an issue")));
        }
    }
    findings
}

/// Checks the rules about code, without comments.
fn code(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.is_rust() {
        return findings;
    }
    let path = file.path.as_str();
    let client = path.starts_with("client/src/");
    let platform = path.starts_with("client/src/platform");
    let worker = path.starts_with("client/src/worker") || path.starts_with("client/src/bin/worker");
    let pure = ["crypto/src/", "engine/src/"].iter().any(|folder| path.starts_with(folder));
    let pure = pure && !path.ends_with("/tests.rs");
    let tests_from = tests_from(&file.text);
    for (line, text) in numbered(&file.text) {
        let text = without_comment(text);
        let mut find = |sentence: String| findings.push(Finding::new(path, line, sentence));
        if text.contains(ALLOW) || text.contains(ALLOW_ALL) {
            find("say #[expect(lint, reason = \"...\")], which warns once it is needed no more".to_owned());
        }
        if client && text.contains(INNER_HTML) {
            find("raw HTML is how scripts get in: build elements instead".to_owned());
        }
        if client && !platform && has_word(text, WEB_SYS) {
            find(format!("only client/src/platform/ names {WEB_SYS}: add a function there"));
        }
        if client && !worker && has_word(text, OPENMLS) {
            find(format!("the page sees view models, never {OPENMLS}: only the worker hosts the engine"));
        }
        if pure && line < tests_from {
            for name in CLOCK_AND_RANDOM.into_iter().filter(|name| has_word(text, name)) {
                find(format!("{name} in {path}: time and randomness are arguments"));
            }
        }
    }
    findings
}

fn length(file: &File, limit: usize) -> Vec<Finding> {
    let test_file =
        file.path.ends_with("/tests.rs") || file.path.contains("/tests/") || file.path.starts_with("tests/");
    if !file.is_rust() || test_file {
        return Vec::new();
    }
    let lines = file.text.lines().count().min(tests_from(&file.text) - 1);
    if lines <= limit {
        return Vec::new();
    }
    vec![Finding::new(
        &file.path,
        limit + 1,
        format!("{lines} lines without tests, more than {limit}: split the file"),
    )]
}

/// The line at which the tests at the end of a file begin; past the end if there are none.
fn tests_from(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |pair: &[&str]| match pair {
        [attribute, module] => {
            attribute.starts_with("#[cfg(test)]")
                && module.starts_with("mod ")
                && module.trim_end().ends_with('{')
        }
        _ => false,
    };
    lines.windows(2).position(begins).unwrap_or(lines.len()) + 1
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// A line of code without its comment. Slashes inside of a string begin no comment.
pub(super) fn without_comment(line: &str) -> &str {
    let (mut quoted, mut escaped, mut slash) = (false, false, false);
    for (at, letter) in line.char_indices() {
        if slash && letter == '/' {
            return line.get(..at - 1).unwrap_or(line);
        }
        slash = letter == '/' && !quoted;
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    line
}

/// Whether `text` has `word` with no letter, digit or underscore on either side.
fn has_word(text: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        !before.ends_with(part) && !after.starts_with(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&[File::new(path, text)]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn notes_to_oneself_are_found_as_words() {
        let note = NOTES[0];
        assert_eq!(
            findings("docs/a.md", &format!("fine\n{note}: later")),
            [format!("docs/a.md:2: {note}: do it now or write an issue")]
        );
        assert!(findings("docs/a.md", &format!("the {note}s and my{note}")).is_empty());
    }

    #[test]
    fn allow_is_found_and_expect_is_not() {
        assert_eq!(findings("server/src/a.rs", &format!("{ALLOW}dead_code)]")).len(), 1);
        assert_eq!(findings("server/src/a.rs", &format!("{ALLOW_ALL}dead_code)]")).len(), 1);
        assert!(findings("server/src/a.rs", "#[expect(dead_code, reason = \"x\")]").is_empty());
    }

    #[test]
    fn only_the_platform_folder_names_the_browsers_types() {
        let text = format!("use {WEB_SYS}::Window;");
        assert_eq!(findings("client/src/ui/list.rs", &text).len(), 1);
        assert!(findings("client/src/platform/page.rs", &text).is_empty());
        assert!(findings("client/src/ui/list.rs", &format!("// {text}")).is_empty());
    }

    #[test]
    fn the_page_never_names_the_protocol_library() {
        let text = format!("use {OPENMLS}::group::MlsGroup;");
        assert_eq!(findings("client/src/ui/chat.rs", &text).len(), 1);
        assert!(findings("client/src/worker/mod.rs", &text).is_empty());
        assert!(findings("engine/src/group.rs", &text).is_empty());
    }

    #[test]
    fn raw_html_is_found() {
        assert_eq!(findings("client/src/ui/a.rs", &format!("<p {INNER_HTML}=text/>")).len(), 1);
    }

    #[test]
    fn the_engine_has_no_clock_and_no_randomness_outside_its_tests() {
        let call = "    let now = SystemTime::now();";
        assert_eq!(findings("engine/src/a.rs", call).len(), 1);
        assert!(findings("server/src/a.rs", call).is_empty());
        assert!(findings("engine/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{call}\n}}")).is_empty());
    }

    #[test]
    fn long_files_are_found_tests_aside() {
        let text = "// a line\n".repeat(501);
        assert_eq!(findings("server/src/a.rs", &text).len(), 1);
        assert!(findings("tests/src/a.rs", &text).is_empty());
        let half = "// a line\n".repeat(450);
        let with_tests = format!("{half}#[cfg(test)]\nmod tests {{\n{half}}}\n");
        assert!(findings("server/src/a.rs", &with_tests).is_empty());
        assert_eq!(advice(&[File::new("server/src/a.rs", &with_tests)]).len(), 1);
    }

    #[test]
    fn a_comment_ends_the_code() {
        assert_eq!(without_comment("let a = \"//\\\"//\"; // note"), "let a = \"//\\\"//\"; ");
        assert_eq!(without_comment("//! only"), "");
    }
}
