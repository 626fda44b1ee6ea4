//! Lists and reads the checkout's text files.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// The folders that the build makes.
pub(super) const MADE: [&str; 10] = [
    "target",
    "dist",
    "dist.new",
    "dist-release",
    "data",
    "shots",
    "node_modules",
    "corpus",
    "artifacts",
    "coverage",
];
/// The extensions of the files that the rules read.
const KINDS: [&str; 9] = ["rs", "md", "toml", "css", "html", "mjs", "js", "yml", "sql"];

/// A file: its path from the top of the checkout, with `/`, and its text.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, kind)| kind == "rs")
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, kind)| kind == "md")
    }
}

/// All text files of the checkout, in a fixed order.
pub(super) fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !MADE.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if name.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind)) {
            files.push(File { path, text: fs::read_to_string(entry.path())? });
        }
    }
    Ok(())
}
