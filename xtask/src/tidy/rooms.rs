//! Checks which parts of the engine may know which others: the domain types know neither views nor MLS.

use super::Finding;
use super::tree::File;

/// The folders of the engine, and the modules that no file in them may name.
const CLOSED: [(&str, &[&str]); 6] = [
    ("domain", &["core", "mls", "view"]),
    ("channel", &["core", "mls", "view"]),
    ("mls", &["core", "view"]),
    ("view", &["core", "mls"]),
    ("link", &["core", "mls", "view"]),
    ("lock", &["core", "mls", "view"]),
];

/// Finds each line that names a forbidden module.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter(|file| file.is_rust()).flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let Some((folder, _)) = file.path.strip_prefix("engine/src/").and_then(|path| path.split_once('/'))
    else {
        return Vec::new();
    };
    let closed = CLOSED.iter().find(|(known, _)| *known == folder);
    let mut findings = Vec::new();
    for (number, line) in
        (1..).zip(file.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    {
        for module in closed.into_iter().flat_map(|(_, modules)| *modules) {
            let named =
                line.match_indices("crate::").any(|(at, _)| is_module(line, at + "crate::".len(), module));
            if named {
                let sentence =
                    format!("{folder}/ knows nothing of {module}/: an event or a type of its own says it");
                findings.push(Finding::new(&file.path, number, sentence));
            }
        }
    }
    findings
}

/// Whether this position has exactly this module and not a longer name.
fn is_module(line: &str, at: usize, module: &str) -> bool {
    let rest = line.get(at..).and_then(|rest| rest.strip_prefix(module));
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        of_file(&File { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn the_domain_names_no_view_and_no_mls() {
        let path = "engine/src/domain/message.rs";
        assert_eq!(findings(path, "use crate::view::Order;\nuse crate::mls::credential::Leaf;"), 2);
        assert_eq!(
            findings(path, "use crate::domain::order::Order;\n/// See [`crate::view`].\nuse crate::viewed;"),
            0
        );
        assert_eq!(findings("engine/src/core/conversation/projection.rs", "use crate::view::Order;"), 0);
        assert_eq!(findings("client/src/view/mod.rs", "use crate::core::Engine;"), 0);
    }
}
