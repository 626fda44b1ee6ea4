//! Checks which crate may depend on which, and that the browser has one version of each cryptographic crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::graph::{Needed, features_of, needed_by, stated};
use crate::say;

const WASM: &str = "wasm32-unknown-unknown";

/// The crates of the workspace, with their folders and the crates of the workspace that they may use.
const ALLOWED: [(&str, &str, &[&str]); 8] = [
    ("parley-protocol", "protocol", &[]),
    ("parley-crypto", "crypto", &[]),
    ("parley-engine", "engine", &["parley-crypto", "parley-protocol"]),
    ("parley-client", "client", &["parley-engine", "parley-protocol"]),
    ("parley-server", "server", &["parley-protocol"]),
    ("parley-tests", "tests", &["parley-engine", "parley-protocol", "parley-server"]),
    ("xtask", "xtask", &[]),
    ("parley-fuzz", "fuzz", &["parley-engine", "parley-protocol", "parley-tests"]),
];

/// The packages that a crate must not need to run, directly or indirectly.
const FORBIDDEN: [(&str, &[&str], &str); 4] = [
    (
        "parley-protocol",
        &["openmls", "tokio", "web-sys", "rusqlite"],
        "it is only what client and server agree on",
    ),
    (
        "parley-crypto",
        &["openmls", "web-sys", "getrandom"],
        "it is functions over bytes, and randomness is an argument",
    ),
    ("parley-engine", &["web-sys", "tokio", "rusqlite", "axum"], "it does no input or output"),
    ("parley-server", &["parley-crypto", "parley-engine", "openmls"], "the relay sees ciphertext only"),
];

/// The features that only tests may turn on.
const TEST_FEATURES: [(&str, &[&str]); 2] =
    [("parley-crypto", &["audit"]), ("parley-engine", &["audit", "mutations"])];

/// The cryptographic crates of which the browser gets only one version.
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
    let mut findings = workspace_edges(&stated(root)?);
    for (name, names, reason) in FORBIDDEN {
        // The relay runs only on servers; for the other crates only their needs in the browser count.
        let target = if name == "parley-server" { "all" } else { WASM };
        findings.extend(forbidden(name, names, reason, &needed_by(root, name, target)?));
    }
    for (name, features) in TEST_FEATURES {
        findings.extend(test_features(name, features, &features_of(root, "parley-client", name, WASM)?));
    }
    let client = needed_by(root, "parley-client", WASM)?;
    findings.extend(duplicates(&client));
    let random: Vec<&str> = versions(&client, "getrandom").into_iter().collect();
    if random.len() > 1 {
        say::line(format_args!("The browser build has getrandom {} (not an error).", random.join(" and ")));
    }
    for finding in &mut findings {
        finding.line = line_of(root, finding);
    }
    Ok(findings)
}

/// The stated edges between crates of the workspace.
fn workspace_edges(stated: &BTreeMap<String, Vec<String>>) -> Vec<Finding> {
    let ours = |name: &str| ALLOWED.iter().any(|(known, ..)| *known == name);
    let mut findings = Vec::new();
    for (name, folder, allowed) in ALLOWED {
        let others = stated.get(name).map(Vec::as_slice).unwrap_or_default();
        for other in others.iter().filter(|other| ours(other) && !allowed.contains(&other.as_str())) {
            findings.push(manifest(folder, format!("{name} must not depend on {other}")));
        }
    }
    findings
}

/// The features that are on although only tests may turn them on.
fn test_features(name: &str, features: &[&str], on: &BTreeSet<String>) -> Vec<Finding> {
    let leaked = features.iter().filter(|feature| on.contains(**feature));
    leaked
        .map(|feature| manifest("client", format!("{name}'s feature {feature} is for tests only")))
        .collect()
}

fn forbidden(name: &str, names: &[&str], reason: &str, needed: &[Needed]) -> Vec<Finding> {
    let folder = ALLOWED.iter().find(|(known, ..)| *known == name).map_or("", |(_, folder, _)| folder);
    let mut seen = BTreeSet::new();
    let found = needed.iter().filter(|one| names.contains(&one.name.as_str()) && seen.insert(&one.name));
    found
        .map(|one| manifest(folder, format!("{name} must not need {} ({}): {reason}", one.name, one.way)))
        .collect()
}

fn versions<'a>(needed: &'a [Needed], name: &str) -> BTreeSet<&'a str> {
    needed.iter().filter(|one| one.name == name).map(|one| one.version.as_str()).collect()
}

fn duplicates(needed: &[Needed]) -> Vec<Finding> {
    let sentence = |name: &str| {
        let versions: Vec<&str> = versions(needed, name).into_iter().collect();
        let list = versions.join(" and ");
        (versions.len() > 1)
            .then(|| manifest("client", format!("the browser build has {name} {list}: one is enough")))
    };
    ONCE.into_iter().filter_map(sentence).collect()
}

fn manifest(folder: &str, sentence: String) -> Finding {
    Finding::new(&format!("{folder}/Cargo.toml"), 1, sentence)
}

/// The line of the manifest where the finding's path of dependencies begins, if it can be found.
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
    use super::super::graph::parse_tree;
    use super::*;

    #[test]
    fn an_edge_that_the_design_lacks_is_found() {
        let stated = BTreeMap::from([(
            "parley-server".to_owned(),
            vec!["parley-engine".to_owned(), "axum".to_owned()],
        )]);
        let findings = workspace_edges(&stated);
        assert_eq!(
            findings,
            [manifest("server", "parley-server must not depend on parley-engine".to_owned())]
        );
    }

    #[test]
    fn a_feature_for_tests_in_the_app_is_found() {
        let on = BTreeSet::from(["js".to_owned(), "mutations".to_owned()]);
        let sentence = "parley-engine's feature mutations is for tests only".to_owned();
        assert_eq!(
            test_features("parley-engine", &["audit", "mutations"], &on),
            [manifest("client", sentence)]
        );
    }

    #[test]
    fn a_far_dependency_is_found_once_with_the_way_to_it() {
        let tree = "0 parley-engine v0.1.0\n1 middle v1.0.0\n2 tokio v1.0.0\n1 tokio v1.0.0 (*)";
        let findings =
            forbidden("parley-engine", &["tokio"], "it does no input or output", &parse_tree(tree));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].sentence.contains("(parley-engine -> middle -> tokio)"));
    }

    #[test]
    fn two_versions_of_a_cryptographic_crate_are_found() {
        let tree = "0 parley-client v0.1.0\n1 sha2 v0.10.9\n1 sha2 v0.11.1\n1 hmac v0.13.0";
        let expected = "the browser build has sha2 0.10.9 and 0.11.1: one is enough".to_owned();
        assert_eq!(duplicates(&parse_tree(tree)), [manifest("client", expected)]);
    }
}
