//! Reads the dependency graph from cargo.
//!
//! `cargo tree` lists the crates that a crate needs to run: it knows which optional dependencies are really on. `cargo
//! metadata` would also count those that a feature only mentions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::command::{cargo, output};

/// A package that another one needs to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) name: String,
    pub(super) version: String,
    /// The packages that lead to it: `a -> b -> c`.
    pub(super) way: String,
}

/// Everything that `package` needs to run, itself first. Leaves out what runs only in the compiler.
pub(super) fn needed_by(root: &Path, package: &str, target: &str) -> Result<Vec<Needed>> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--all-features", "--package", package, "--target", target])
        .current_dir(root);
    tree.args([
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "depth",
        "--charset",
        "ascii",
        "--format",
        " {p}",
    ]);
    Ok(parse_tree(&output(&mut tree)?))
}

/// The features of `of` that are on when `package` is built for `target`.
pub(super) fn features_of(root: &Path, package: &str, of: &str, target: &str) -> Result<BTreeSet<String>> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--package", package, "--target", target, "--edges", "normal"])
        .current_dir(root);
    tree.args(["--prefix", "none", "--format", "{p} = {f}"]);
    let text = output(&mut tree)?;
    let of_package = text.lines().filter(|line| line.split_whitespace().next() == Some(of));
    let lists = of_package.filter_map(|line| Some(line.split_once(" = ")?.1));
    Ok(lists.flat_map(|list| list.split([',', ' '])).map(str::to_owned).collect())
}

/// Parses lines such as `2 sha2 v0.11.1 (*)`, where the first number is the depth.
pub(super) fn parse_tree(text: &str) -> Vec<Needed> {
    let mut ways: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(depth), Some(name), Some(version)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let Ok(depth) = depth.parse::<usize>() else { continue };
        ways.truncate(depth);
        let way = ways.last().map_or_else(|| name.to_owned(), |way| format!("{way} -> {name}"));
        ways.push(way.clone());
        found.push(Needed {
            name: name.to_owned(),
            version: version.trim_start_matches('v').to_owned(),
            way,
        });
    }
    found
}

/// The dependencies that each crate of the workspace states itself, for any purpose.
pub(super) fn stated(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--format-version=1", "--no-deps", "--locked"]).current_dir(root);
    parse_metadata(&output(&mut metadata)?)
}

pub(super) fn parse_metadata(text: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let value: Value = serde_json::from_str(text)?;
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let packages = list(value.get("packages"));
    Ok(packages
        .iter()
        .map(|one| (name(one), list(one.get("dependencies")).iter().map(name).collect()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_gives_names_versions_and_ways() {
        let tree =
            "0 engine v0.1.0 (/checkout/engine)\n1 middle v1.0.0\n2 sha2 v0.11.1\n1 sha2 v0.11.1 (*)\n";
        let found = parse_tree(tree);
        let ways: Vec<&str> = found.iter().map(|needed| needed.way.as_str()).collect();
        assert_eq!(ways, ["engine", "engine -> middle", "engine -> middle -> sha2", "engine -> sha2"]);
        assert_eq!(found[2].version, "0.11.1");
    }

    #[test]
    fn metadata_gives_the_stated_dependencies() {
        let text = r#"{"packages":[{"name":"a","dependencies":[{"name":"b","kind":"dev"}]}]}"#;
        assert_eq!(parse_metadata(text).unwrap().get("a").unwrap(), &["b"]);
    }
}
