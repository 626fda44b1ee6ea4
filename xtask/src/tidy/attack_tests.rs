//! Checks and writes docs/attack-tests.md: the tests that show the defences against the threats of SECURITY.md.
//!
//! The first part is written by hand: a row of tests for each threat. The second part is generated: every test whose name
//! begins with a promise (`p2_...`), by promise and file, so that no such test is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::tree::File;

const THREATS: &str = "SECURITY.md";
const DOCUMENT: &str = "docs/attack-tests.md";
/// The heading of the generated part.
const HEADING: &str = "## By promise\n";

/// Finds threats without a row, rows without a threat, and an outdated generated part.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let (Some(threats), Some(document)) = (text(THREATS), text(DOCUMENT)) else { return Vec::new() };
    let threats = numbers(threats, "**T");
    let rows = numbers(document, "| T");
    let only_in = |one: &Numbers, other: &Numbers, path: &str, sentence: &str| -> Vec<Finding> {
        let alone = one.iter().filter(|(number, _)| !other.contains_key(*number));
        alone.map(|(number, line)| Finding::new(path, *line, format!("T{number} {sentence}"))).collect()
    };
    let mut findings = only_in(&threats, &rows, THREATS, &format!("has no row in {DOCUMENT}"));
    findings.extend(only_in(&rows, &threats, DOCUMENT, &format!("is no threat of {THREATS}")));
    if with_list(document, files) != document {
        let line = document.lines().take_while(|line| *line != HEADING.trim_end()).count() + 1;
        findings.push(Finding::new(
            DOCUMENT,
            line,
            "the list is out of date: run `cargo xtask tidy --write`",
        ));
    }
    findings
}

/// Updates the generated part.
pub(super) fn write(root: &Path, files: &[File]) -> Result<()> {
    if let Some(document) = files.iter().find(|file| file.path == DOCUMENT) {
        fs::write(root.join(DOCUMENT), with_list(&document.text, files))?;
    }
    Ok(())
}

/// The numbers of threats, with the lines on which they first occur.
type Numbers = BTreeMap<u32, usize>;

fn numbers(text: &str, sign: &str) -> Numbers {
    let mut numbers = Numbers::new();
    for (index, line) in text.lines().enumerate() {
        let digits = line.strip_prefix(sign).and_then(|rest| rest.split([' ', '.']).next());
        if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
            numbers.entry(number).or_insert(index + 1);
        }
    }
    numbers
}

/// The document with the list as it should be.
fn with_list(document: &str, files: &[File]) -> String {
    let by_hand = document.split(HEADING).next().unwrap_or(document).trim_end();
    let parts: Vec<String> = tests_by_promise(files)
        .into_iter()
        .map(|(promise, files)| {
            let lines: Vec<String> = files.into_iter().map(|(path, tests)| list_of(path, tests)).collect();
            format!("\n### P{promise}\n\n{}", lines.concat())
        })
        .collect();
    let parts = parts.concat();
    format!("{by_hand}\n\n{HEADING}\nGenerated: every test whose name begins with a promise.\n{parts}")
}

fn list_of(path: &str, tests: BTreeSet<String>) -> String {
    let tests: Vec<String> = tests.into_iter().collect();
    format!("- [{path}](../{path}): {}\n", tests.join(", "))
}

/// The names of tests by promise and file, as documents write them.
fn tests_by_promise(files: &[File]) -> BTreeMap<u32, BTreeMap<&str, BTreeSet<String>>> {
    let mut found: BTreeMap<u32, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    // The tests of these rules name some tests that do not exist.
    for file in files.iter().filter(|file| !file.is_markdown() && !file.path.starts_with("xtask/")) {
        for (promise, name) in file.text.lines().filter_map(test_of_promise) {
            found.entry(promise).or_default().entry(&file.path).or_default().insert(name);
        }
    }
    found
}

/// The test that begins on this line, if its name begins with a promise.
fn test_of_promise(line: &str) -> Option<(u32, String)> {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    let (name, end, quote) = match line.strip_prefix("fn p") {
        Some(rest) => (rest.split('(').next()?, '_', '`'),
        None => (line.strip_prefix("test(\"p")?.split('"').next()?, ':', '"'),
    };
    let promise = name.split([end, '_', ' ']).next()?.parse().ok()?;
    Some((promise, format!("{quote}p{name}{quote}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREATS_TEXT: &str = "**T1. The relay reads.** No.\n\n**T2. A stranger reads.** No.";

    fn files(document: &str) -> [File; 4] {
        [
            File::new(THREATS, THREATS_TEXT),
            File::new(DOCUMENT, document),
            File::new(
                "tests/a.rs",
                "    fn p2_it_holds() {}\nasync fn p10_too() {}\nfn pages() {}\nfn i1_other() {}",
            ),
            File::new("tests/b.test.mjs", "test(\"p2: in the browser\", async () => {});"),
        ]
    }

    #[test]
    fn tests_are_listed_by_promise_and_file() {
        let written = with_list("# Tests\n\n## By promise\n\nold", &files(""));
        let expected = "# Tests\n\n## By promise\n\nGenerated: every test whose name begins with a promise.\n\n\
                        ### P2\n\n- [tests/a.rs](../tests/a.rs): `p2_it_holds`\n\
                        - [tests/b.test.mjs](../tests/b.test.mjs): \"p2: in the browser\"\n\n\
                        ### P10\n\n- [tests/a.rs](../tests/a.rs): `p10_too`\n";
        assert_eq!(written, expected);
        assert_eq!(with_list(&written, &files("")), written);
    }

    #[test]
    fn a_list_that_is_out_of_date_and_threats_without_a_row_are_findings() {
        let document = "| T1 | `p2_it_holds` |\n| T3 | `p10_too` |\n\n## By promise\n";
        let findings = check(&files(document));
        let expected = [
            Finding::new(THREATS, 3, "T2 has no row in docs/attack-tests.md"),
            Finding::new(DOCUMENT, 2, "T3 is no threat of SECURITY.md"),
            Finding::new(DOCUMENT, 4, "the list is out of date: run `cargo xtask tidy --write`"),
        ];
        assert_eq!(findings, expected);
        let good = with_list("| T1 | a |\n| T2 | b |\n", &files(""));
        assert_eq!(check(&files(&good)), []);
    }
}
