//! Checks the names in documents. A code span (`like this`) that is one path or one symbol must lead somewhere: a path to a
//! file or folder of the checkout, a symbol to a word of the sources. Symbols right before a path (`one` and `two` in `path`,
//! `one` (`path`)) must stand in that file or folder.
//!
//! [`span`] decides which spans are names, [`index`] lists what the sources have.

mod index;
mod span;

use self::index::Index;
use self::span::{Name, spans};
use super::Finding;
use super::tree::File;

const DOCUMENTS: [&str; 7] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs/attack-tests.md",
    "docs/invariants.md",
    "docs/mutants.md",
];
const DECISIONS: &str = "docs/adr/";

/// Names from elsewhere that the sources do not contain: a function of RFC 9180.
const FOREIGN: [&str; 1] = ["DeriveKeyPair"];

pub(super) fn check(files: &[File], manifests: &str) -> Vec<Finding> {
    let index = Index::new(files, manifests);
    let documents = files.iter().filter(|file| {
        DOCUMENTS.contains(&file.path.as_str()) || file.path.starts_with(DECISIONS) && file.is_markdown()
    });
    documents.flat_map(|document| dead_names(document, &index)).collect()
}

fn dead_names(document: &File, index: &Index) -> Vec<Finding> {
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    // The symbols of the current list: `one`, `two` and `three`.
    let mut list: Vec<&str> = Vec::new();
    for span in spans(&document.text) {
        if !is_joint(&span.before) && !leads_to_place(&span.before) {
            list.clear();
        }
        let mut find = |sentence| findings.push(Finding::new(&document.path, span.line, sentence));
        match Name::of(span.text) {
            Some(Name::Path(path)) => {
                let places = index.places(folder, path);
                if places.is_empty() {
                    find(format!("there is no file or folder `{path}`"));
                } else if leads_to_place(&span.before) {
                    for symbol in list.iter().filter(|symbol| !index.stands_in(symbol, &places)) {
                        find(format!("`{symbol}` is not in `{path}`"));
                    }
                }
                list.clear();
            }
            Some(Name::Symbol(symbol)) => {
                if index.has_symbol(symbol) {
                    list.push(symbol);
                } else if !FOREIGN.contains(&symbol) {
                    find(format!("nothing in the sources is called `{symbol}`"));
                }
            }
            None => list.clear(),
        }
    }
    findings
}

/// Whether the text between two spans makes them one list.
fn is_joint(between: &str) -> bool {
    matches!(between.trim(), "," | "and" | "or" | ", and" | "/")
}

/// Whether the text before a path says that the symbols before it are in that place: `one` and `two` in `path`, `one` (`path`).
fn leads_to_place(between: &str) -> bool {
    matches!(between.trim(), "in" | "(" | ", in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_names_are_found_with_their_lines_and_living_ones_are_not() {
        let document = "Read `engine/src/log.rs` or `src/log.rs`, then `Log::append` and `seal_one(..)`.\n\n\
                        Not `engine/src/transcript.rs`, `Log::cut` or `seal_two`.\n\
                        ```\n`no_name_in_a_fence`\n```\n`cargo build --locked` and `seal_three + 1` are code.";
        let files = [
            File::new("ARCHITECTURE.md", document),
            File::new("engine/src/log.rs", "impl Log { fn append(&self) { seal_one() } }"),
        ];
        let expected = [
            "there is no file or folder `engine/src/transcript.rs`",
            "nothing in the sources is called `Log::cut`",
            "nothing in the sources is called `seal_two`",
        ];
        let expected = expected.map(|sentence| Finding::new("ARCHITECTURE.md", 3, sentence));
        assert_eq!(check(&files, ""), expected);
    }

    #[test]
    fn symbols_before_a_path_stand_in_it() {
        let document = "`seal_one` and `cut` in `log.rs`; `cut` and `cut`\nin `engine/`; `cut` (`log.rs`); `cut`, see `log.rs`.";
        let files = [
            File::new("ARCHITECTURE.md", document),
            File::new("engine/src/log.rs", "fn seal_one() {}"),
            File::new("engine/src/transcript.rs", "fn cut() {}"),
        ];
        let expected = [1, 2].map(|line| Finding::new("ARCHITECTURE.md", line, "`cut` is not in `log.rs`"));
        assert_eq!(check(&files, ""), expected);
    }

    #[test]
    fn decisions_are_read_and_other_documents_are_not() {
        let files =
            [File::new("docs/adr/0001-a.md", "`no_such_name`"), File::new("docs/b.md", "`no_such_name`")];
        let paths: Vec<String> = check(&files, "").into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["docs/adr/0001-a.md"]);
    }
}
