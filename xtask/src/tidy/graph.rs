//! The dependency graph as cargo sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command::{cargo, output};

/// A package and what it depends on.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// Whether it runs in the compiler only.
    pub(super) is_macro: bool,
    /// Ids of what it needs to run.
    normal: Vec<String>,
    /// Ids of everything it needs, for tests and build scripts too.
    all: Vec<String>,
}

/// Packages by id.
#[derive(Debug, Default)]
pub(super) struct Graph(BTreeMap<String, Package>);

impl Graph {
    /// The graph for one target, or for all targets together.
    pub(super) fn load(root: &Path, target: Option<&str>) -> Result<Self> {
        let mut metadata = cargo();
        metadata.args(["metadata", "--format-version=1", "--locked"]).current_dir(root);
        if let Some(target) = target {
            metadata.args(["--filter-platform", target]);
        }
        Self::parse(&output(&mut metadata)?)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let word =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut packages = BTreeMap::new();
        for package in list(value.get("packages")) {
            let macros = |target: &Value| list(target.get("kind")).iter().any(|kind| kind == "proc-macro");
            let is_macro = list(package.get("targets")).iter().any(macros);
            let (name, version) = (word(&package, "name"), word(&package, "version"));
            packages.insert(word(&package, "id"), Package { name, version, is_macro, ..Package::default() });
        }
        for node in list(value.pointer("/resolve/nodes")) {
            let package =
                packages.get_mut(&word(&node, "id")).context("cargo metadata names an unknown package")?;
            for dependency in list(node.get("deps")) {
                let id = word(&dependency, "pkg");
                let kinds = list(dependency.get("dep_kinds"));
                if kinds.iter().any(|kind| kind.get("kind").is_none_or(Value::is_null)) {
                    package.normal.push(id.clone());
                }
                package.all.push(id);
            }
        }
        Ok(Self(packages))
    }

    /// Names of the packages that `name` depends on itself, for whatever purpose.
    pub(super) fn direct(&self, name: &str) -> BTreeSet<&str> {
        let own = self.0.values().find(|package| package.name == name);
        let ids = own.map(|package| package.all.iter()).into_iter().flatten();
        ids.filter_map(|id| self.0.get(id)).map(|package| package.name.as_str()).collect()
    }

    /// Everything that `name` needs to run, each with the way that leads to it.
    pub(super) fn reached_from(&self, name: &str) -> Vec<(&Package, String)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let start = self.0.iter().find(|(_, package)| package.name == name);
        let mut waiting: Vec<(&String, String)> =
            start.map(|(id, _)| (id, String::new())).into_iter().collect();
        while let Some((id, way)) = waiting.pop() {
            let Some(package) = self.0.get(id).filter(|package| !package.is_macro) else { continue };
            if !seen.insert(id) {
                continue;
            }
            let way =
                if way.is_empty() { package.name.clone() } else { format!("{way} -> {}", package.name) };
            waiting.extend(package.normal.iter().map(|id| (id, way.clone())));
            found.push((package, way));
        }
        found
    }
}
