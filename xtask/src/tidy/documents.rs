//! Checks that the required documents exist, and that links between documents lead somewhere.

use std::path::Path;

use super::Finding;
use super::tree::File;

const REQUIRED: [&str; 12] = [
    "README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/attack-tests.md",
    "docs/glossary.md",
    "docs/wire-format.md",
    "docs/storage-format.md",
    "docs/invariants.md",
    "docs/ui-names.md",
    "docs/promises.md",
];
const DECISIONS: &str = "docs/adr/";

pub(super) fn check(root: &Path, files: &[File]) -> Vec<Finding> {
    let has = |path: &str| files.iter().any(|file| file.path == path);
    let missing = REQUIRED.into_iter().filter(|path| !has(path));
    let mut findings: Vec<_> =
        missing.map(|path| Finding::new(path, 1, "this document is missing")).collect();
    if !files.iter().any(|file| file.path.starts_with(DECISIONS)) {
        findings.push(Finding::new(DECISIONS, 1, "no decision is recorded here"));
    }
    for file in files.iter().filter(|file| file.is_markdown()) {
        let folder = root.join(&file.path).parent().map(Path::to_path_buf).unwrap_or_default();
        for (line, target) in links(&file.text) {
            if !folder.join(&target).exists() {
                findings.push(Finding::new(&file.path, line, format!("the link to {target} leads nowhere")));
            }
        }
    }
    findings
}

/// The relative links of a Markdown text, without anchors, with their lines. Ignores code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        for after in prose.split("](").skip(1) {
            let target = after.split([')', ' ', '#']).next().unwrap_or_default();
            let elsewhere = target.contains(':') || target.starts_with('/');
            if !target.is_empty() && !elsewhere {
                found.push((index + 1, target.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_are_found() {
        let text = "[a](docs/a.md) and [b](b.md#part \"t\")\n[web](https://example.org) [here](#part)\n\
                    ```\n[code](no.md)\n```\n`[code](no.md)` [`c`](c.md)";
        let expected = [(1, "docs/a.md"), (1, "b.md"), (6, "c.md")];
        assert_eq!(links(text), expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn missing_documents_and_dead_links_are_findings() {
        let folder = tempfile::tempdir().unwrap();
        let files = [File::new("README.md", "[no](no.md)"), File::new("docs/adr/0001.md", "")];
        let findings = check(folder.path(), &files);
        assert!(findings.contains(&Finding::new("README.md", 1, "the link to no.md leads nowhere")));
        assert!(findings.contains(&Finding::new("SECURITY.md", 1, "this document is missing")));
        assert!(!findings.iter().any(|finding| finding.path == DECISIONS));
    }
}
