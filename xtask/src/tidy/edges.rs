//! Who may depend on whom, and one version of each cryptographic crate in the browser.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::graph::Graph;
use crate::say;

const WASM: &str = "wasm32-unknown-unknown";

/// The crates of the workspace, with their folders and the crates of the workspace that they may use.
const ALLOWED: [(&str, &str, &[&str]); 6] = [
    ("parley-protocol", "protocol", &[]),
    ("parley-engine", "engine", &["parley-protocol"]),
    ("parley-client", "client", &["parley-engine", "parley-protocol"]),
    ("parley-server", "server", &["parley-protocol"]),
    ("parley-tests", "tests", &["parley-engine", "parley-protocol", "parley-server"]),
    ("xtask", "xtask", &[]),
];

/// What some crates must not need to run, however far away.
const FORBIDDEN: [(&str, &[&str], &str); 3] = [
    (
        "parley-protocol",
        &["openmls", "tokio", "web-sys", "rusqlite"],
        "it is only what client and server agree on",
    ),
    ("parley-engine", &["web-sys", "tokio", "rusqlite", "axum"], "it does no input or output"),
    ("parley-server", &["parley-engine", "openmls"], "the relay sees ciphertext only"),
];

/// Cryptographic crates of which the browser gets one version.
const ONCE: [&str; 12] = [
    "chacha20poly1305",
    "curve25519-dalek",
    "ed25519-dalek",
    "hkdf",
    "hmac",
    "hpke",
    "ml-kem",
    "sha2",
    "sha3",
    "subtle",
    "x-wing",
    "x25519-dalek",
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let everywhere = Graph::load(root, None)?;
    let browser = Graph::load(root, Some(WASM))?;
    let mut findings = workspace_edges(&everywhere);
    for (graph, name) in
        [(&everywhere, "parley-protocol"), (&browser, "parley-engine"), (&everywhere, "parley-server")]
    {
        findings.extend(forbidden(graph, name));
    }
    findings.extend(duplicates(&browser));
    let random = versions(&browser).remove("getrandom").unwrap_or_default();
    if random.len() > 1 {
        let random: Vec<&str> = random.into_iter().collect();
        say::line(format_args!("The browser build has getrandom {} (not an error).", random.join(" and ")));
    }
    for finding in &mut findings {
        finding.line = line_of(root, finding);
    }
    Ok(findings)
}

/// Direct edges between crates of the workspace.
fn workspace_edges(graph: &Graph) -> Vec<Finding> {
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    let mut findings = Vec::new();
    for (name, folder, allowed) in ALLOWED {
        for other in graph.direct(name).into_iter().filter(|other| ours.contains(other)) {
            if !allowed.contains(&other) {
                findings.push(manifest(folder, format!("{name} must not depend on {other}")));
            }
        }
    }
    findings
}

fn forbidden(graph: &Graph, name: &str) -> Vec<Finding> {
    let rule = FORBIDDEN.iter().find(|(crate_name, ..)| *crate_name == name);
    let folder =
        ALLOWED.iter().find(|(crate_name, ..)| *crate_name == name).map_or("", |(_, folder, _)| folder);
    let mut findings = Vec::new();
    for (package, way) in graph.reached_from(name) {
        if let Some((_, names, reason)) = rule
            && names.contains(&package.name.as_str())
        {
            findings
                .push(manifest(folder, format!("{name} must not need {} ({way}): {reason}", package.name)));
        }
    }
    findings
}

/// Versions by name of all that the client needs to run.
fn versions(graph: &Graph) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (package, _) in graph.reached_from("parley-client") {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions
}

fn duplicates(graph: &Graph) -> Vec<Finding> {
    let versions = versions(graph);
    let twice = ONCE
        .iter()
        .filter_map(|name| versions.get_key_value(name))
        .filter(|(_, versions)| versions.len() > 1);
    twice
        .map(|(name, versions)| {
            let list: Vec<&str> = versions.iter().copied().collect();
            manifest("client", format!("the browser build has {name} {}: one is enough", list.join(" and ")))
        })
        .collect()
}

fn manifest(folder: &str, sentence: String) -> Finding {
    Finding::new(&format!("{folder}/Cargo.toml"), 1, sentence)
}

/// The line of the manifest that starts the way the finding names, as far as it can be told.
fn line_of(root: &Path, finding: &Finding) -> usize {
    let text = fs::read_to_string(root.join(&finding.path)).unwrap_or_default();
    let named = |line: &str| {
        let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
        !key.is_empty() && finding.sentence.split([' ', '(', ')', ':']).skip(1).any(|word| word == key)
    };
    let dependencies = text.lines().position(|line| line.contains("dependencies]")).unwrap_or_default();
    text.lines().skip(dependencies).position(named).map_or(1, |index| dependencies + index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A package's name, version and dependencies: their index and kind.
    type Sketch<'a> = (&'a str, &'a str, &'a [(usize, Option<&'a str>)]);

    fn graph(packages: &[Sketch<'_>]) -> Graph {
        let id = |index: usize| format!("{}@{index}", packages[index].0);
        let list: Vec<_> = (0..packages.len())
            .map(|index| {
                let (name, version, _) = packages[index];
                json!({ "id": id(index), "name": name, "version": version, "targets": [{ "kind": ["lib"] }] })
            })
            .collect();
        let nodes: Vec<_> = (0..packages.len())
            .map(|index| {
                let dependency = |(other, kind): &(usize, Option<&str>)| {
                    json!({ "pkg": id(*other), "dep_kinds": [{ "kind": kind }] })
                };
                json!({ "id": id(index), "deps": packages[index].2.iter().map(dependency).collect::<Vec<_>>() })
            })
            .collect();
        Graph::parse(&json!({ "packages": list, "resolve": { "nodes": nodes } }).to_string()).unwrap()
    }

    #[test]
    fn an_edge_that_the_design_lacks_is_found() {
        let graph =
            graph(&[("parley-server", "0.1.0", &[(1, Some("dev"))]), ("parley-engine", "0.1.0", &[])]);
        let findings = workspace_edges(&graph);
        assert_eq!(
            findings,
            [manifest("server", "parley-server must not depend on parley-engine".to_owned())]
        );
    }

    #[test]
    fn a_far_dependency_is_found_with_the_way_to_it() {
        let graph = graph(&[
            ("parley-engine", "0.1.0", &[(1, None)]),
            ("middle", "1.0.0", &[(2, None)]),
            ("tokio", "1.0.0", &[]),
        ]);
        let findings = forbidden(&graph, "parley-engine");
        assert_eq!(findings.len(), 1);
        assert!(findings[0].sentence.contains("parley-engine -> middle -> tokio"));
    }

    #[test]
    fn what_only_tests_need_is_free() {
        let graph = graph(&[("parley-engine", "0.1.0", &[(1, Some("dev"))]), ("tokio", "1.0.0", &[])]);
        assert!(forbidden(&graph, "parley-engine").is_empty());
    }

    #[test]
    fn two_versions_of_a_cryptographic_crate_are_found() {
        let graph = graph(&[
            ("parley-client", "0.1.0", &[(1, None), (2, None)]),
            ("sha2", "0.10.9", &[]),
            ("sha2", "0.11.1", &[]),
        ]);
        let expected = "the browser build has sha2 0.10.9 and 0.11.1: one is enough".to_owned();
        assert_eq!(duplicates(&graph), [manifest("client", expected)]);
    }
}
