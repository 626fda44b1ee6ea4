//! Checks that every test exists that docs/attack-tests.md names for a threat or docs/promises.md for a promise.

use super::Finding;
use super::tree::File;

const DOCUMENTS: [&str; 2] = ["docs/attack-tests.md", "docs/promises.md"];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let documents = files.iter().filter(|file| DOCUMENTS.contains(&file.path.as_str()));
    documents.flat_map(|document| missing(document, files)).collect()
}

fn missing(document: &File, files: &[File]) -> Vec<Finding> {
    let is_there = |beginning: &str| {
        files.iter().filter(|file| !file.is_markdown()).any(|file| file.text.contains(beginning))
    };
    let mut findings = Vec::new();
    for (index, line) in document.text.lines().enumerate().filter(|(_, line)| line.starts_with('|')) {
        let rust = line.split('`').skip(1).step_by(2).filter(|code| is_test_name(code));
        let browser = line.split('"').skip(1).step_by(2);
        let missing = rust
            .filter(|name| !is_there(&format!("fn {name}(")))
            .chain(browser.filter(|name| !is_there(&format!("test(\"{name}\""))));
        let finding = |name| Finding::new(&document.path, index + 1, format!("there is no test \"{name}\""));
        findings.extend(missing.map(finding));
    }
    findings
}

/// Whether the code is the name of a test: names of tests are sentences, other code is not.
fn is_test_name(code: &str) -> bool {
    let of_words = code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    of_words && code.matches('_').count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_not_there_is_a_finding() {
        let document = "prose `no_such_test_here`\n| threat | `cargo xtask tidy`, `p2_it_is_here` | \"p1: it is\" |\n\
                        | threat | `p2_it_is_gone` | \"p1: it was\" |";
        let files = [
            File::new(DOCUMENTS[0], document),
            File::new("tests/a.rs", "fn p2_it_is_here() {}"),
            File::new("tests/a.test.mjs", "test(\"p1: it is\", async () => {});"),
        ];
        let expected = ["p2_it_is_gone", "p1: it was"]
            .map(|name| Finding::new(DOCUMENTS[0], 3, format!("there is no test \"{name}\"")));
        assert_eq!(check(&files), expected);
    }
}
