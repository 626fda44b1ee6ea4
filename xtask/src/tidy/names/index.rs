//! Indexes the sources: paths, words, and which file declares which type.

use std::collections::BTreeSet;

use crate::tidy::sources::without_comment;
use crate::tidy::tree::File;

/// The folder of the rules for documents, whose tests name things that do not exist.
const LEFT_OUT: &str = "xtask/src/tidy/names";
/// The words before the name of an item with members.
const DECLARATIONS: [&str; 5] = ["struct", "enum", "trait", "type", "mod"];

/// The names that the checkout has.
pub(super) struct Index {
    paths: BTreeSet<String>,
    words: BTreeSet<String>,
    sources: Vec<Source>,
}

/// One file that is not a document.
struct Source {
    path: String,
    code: String,
    declares: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Index {
    /// Indexes the files of the checkout without documents, and the text of other files that name things (lock files).
    pub(super) fn new(files: &[File], manifests: &str) -> Self {
        let mut index =
            Self { paths: BTreeSet::new(), words: words(manifests).collect(), sources: Vec::new() };
        for file in files {
            index.add_path(&file.path);
            if file.is_markdown() || file.path.starts_with(LEFT_OUT) {
                continue;
            }
            let source = Source::new(file);
            index.words.extend(source.words.iter().cloned());
            index.sources.push(source);
        }
        index
    }

    /// Adds a file and all folders above it.
    fn add_path(&mut self, path: &str) {
        let slashes = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        self.paths.extend(slashes.chain([path]).map(str::to_owned));
    }

    /// The places that a path may name: from the top of the checkout, from the document's folder, or else every longer path
    /// that ends with it (`core/outputs.rs`).
    pub(super) fn places(&self, folder: &str, path: &str) -> Vec<&str> {
        let path = path.trim_end_matches('/');
        let exact = [path.to_owned(), format!("{folder}/{path}")];
        let exact: Vec<&str> =
            exact.iter().filter_map(|path| self.paths.get(path)).map(String::as_str).collect();
        if !exact.is_empty() {
            return exact;
        }
        let end = format!("/{path}");
        self.paths.iter().filter(|known| known.ends_with(&end)).map(String::as_str).collect()
    }

    /// Whether the last part of the symbol is a word in one of the places, which are files or folders.
    pub(super) fn stands_in(&self, symbol: &str, places: &[&str]) -> bool {
        let name = symbol.rsplit("::").next().unwrap_or(symbol);
        let is_in = |source: &Source, place: &str| {
            source.path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut sources =
            self.sources.iter().filter(|source| places.iter().any(|place| is_in(source, place)));
        sources.any(|source| source.words.contains(name))
    }

    /// Whether every part of the symbol is in the sources. For `Type::member`, it must be in a file that declares or implements
    /// the type, or the code must contain exactly this.
    pub(super) fn has_symbol(&self, symbol: &str) -> bool {
        let parts: Vec<&str> = symbol.split("::").collect();
        if !parts.iter().all(|part| self.words.contains(*part)) {
            return false;
        }
        let [.., owner, member] = parts.as_slice() else { return true };
        self.sources.iter().any(|source| {
            source.code.contains(symbol) || source.declares.contains(*owner) && source.words.contains(*member)
        })
    }
}

impl Source {
    fn new(file: &File) -> Self {
        let lines = file.text.lines().map(|line| if file.is_rust() { without_comment(line) } else { line });
        let code: Vec<&str> = lines.collect();
        let declares = code.iter().flat_map(|line| declared(line)).collect();
        let code = code.join("\n");
        Self { path: file.path.clone(), declares, words: words(&code).collect(), code }
    }
}

/// The names that a line declares or implements.
fn declared(line: &str) -> Vec<String> {
    let words: Vec<String> = words(line).collect();
    if line.trim_start().starts_with("impl") {
        return words;
    }
    let pairs = words.windows(2).filter_map(|pair| match pair {
        [word, name] if DECLARATIONS.contains(&word.as_str()) => Some(name.clone()),
        _ => None,
    });
    pairs.collect()
}

/// The words of letters, digits and underscores. Words joined by hyphens (names of crates, attributes) also count as one.
fn words(text: &str) -> impl Iterator<Item = String> {
    let joined = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-');
    joined
        .flat_map(|word| word.contains('-').then_some(word).into_iter().chain(word.split('-')))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let code = "//! `only_in_a_comment`\npub enum Command { SendText }\nimpl<'a> Display for Name<'a> { fn fmt() {} }\n\
                    use other::Crate;\nlet group = MlsGroup::load(x);";
        let files = [
            File::new("engine/src/core/commands.rs", code),
            File::new("client/style/a.css", ".message-list {}"),
            File::new("docs/b.md", "`only_in_a_document`"),
        ];
        Index::new(&files, "name = \"ml-kem\"")
    }

    #[test]
    fn paths_are_known_from_the_top_from_the_folder_and_by_their_end() {
        let index = index();
        for path in ["engine/src/core/commands.rs", "engine/src", "core/commands.rs", "commands.rs", "core/"]
        {
            assert!(!index.places("docs", path).is_empty(), "{path}");
        }
        assert_eq!(index.places("docs", "b.md"), ["docs/b.md"]);
        assert!(index.places("docs", "mands.rs").is_empty());
        assert!(index.places("docs", "engine/commands.rs").is_empty());
    }

    #[test]
    fn symbols_are_words_of_code_and_not_of_comments_or_documents() {
        let index = index();
        for symbol in ["Command", "SendText", "message-list", "ml-kem", "other::Crate"] {
            assert!(index.has_symbol(symbol), "{symbol}");
        }
        for symbol in ["only_in_a_comment", "only_in_a_document", "Comman"] {
            assert!(!index.has_symbol(symbol), "{symbol}");
        }
    }

    #[test]
    fn a_member_stands_where_its_type_is_declared_or_is_named_with_it() {
        let index = index();
        for symbol in ["Command::SendText", "Name::fmt", "MlsGroup::load", "view::Command::SendText"] {
            assert_eq!(index.has_symbol(symbol), !symbol.starts_with("view"), "{symbol}");
        }
        assert!(!index.has_symbol("MlsGroup::fmt"));
    }
}
