//! Writes WEBCAT's files, by which a browser extension checks each file of the app against a signed manifest before it runs:
//! <https://github.com/freedomofpress/webcat-spec>.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::listing::{self, Asset};
use crate::app::{files_below, has_inline_script, hex};

/// Ways to run code that no manifest lists. A `blob:` address of a file is not one of them (a backup is downloaded so): the
/// relay's policy permits neither scripts nor workers from one, which a test of the relay checks.
const RUNS_TEXT: [&str; 7] = [
    "eval(",
    "new Function(",
    "Worker(URL.createObjectURL",
    "import(URL.createObjectURL",
    "importScripts(",
    "document.write",
    "data:text/javascript",
];

/// Checks that WEBCAT can check the finished app in `folder`. The error lists what it cannot.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let findings = findings(folder, &listing::read(folder)?)?;
    if !findings.is_empty() {
        bail!("WEBCAT could not check this app: {}", findings.join("; "));
    }
    Ok(())
}

fn findings(folder: &Path, assets: &[Asset]) -> Result<Vec<String>> {
    let listed: BTreeMap<&str, &Asset> = assets.iter().map(|asset| (asset.name.as_str(), asset)).collect();
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in files_below(folder)? {
        let name = file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        let plain = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz")).unwrap_or(&name);
        if name == listing::NAME {
            continue;
        }
        let Some(asset) = listed.get(plain) else {
            findings.push(format!("{name} is not in the list"));
            continue;
        };
        if plain == name {
            seen += 1;
            let content = fs::read(&file)?;
            if hex(&Sha256::digest(&content)) != asset.sha256 {
                findings.push(format!("{name} is not what the list says"));
            }
            findings.extend(inside(&name, &content));
        }
    }
    if seen != listed.len() {
        findings.push("a file of the list is not there".to_owned());
    }
    Ok(findings)
}

/// The content of a file that could run something else than a listed file.
fn inside(name: &str, content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    match name.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "html" => {
            let mut findings = Vec::new();
            if has_inline_script(&text) {
                findings.push(format!("{name} has an inline script"));
            }
            let lower = text.to_lowercase();
            let foreign = [" src=\"http", " src=\"//", " onload=", " onerror=", "=\"javascript:", "{{", "<?"];
            findings.extend(
                foreign
                    .iter()
                    .filter(|part| lower.contains(*part))
                    .map(|part| format!("{name} has {part:?}")),
            );
            findings
        }
        "js" | "mjs" => RUNS_TEXT
            .iter()
            .filter(|part| text.contains(*part))
            .map(|part| format!("{name} has {part:?}"))
            .collect(),
        _ => Vec::new(),
    }
}

/// `webcat.config.json`, from which WEBCAT's own tool makes the manifest to sign. The operator sets `app`: their address is not
/// known here.
pub(super) fn config(policy: &str, version: &str) -> Value {
    json!({
        "app": "https://chat.example",
        "version": version,
        "default_csp": policy,
        "default_index": "index.html",
        "default_fallback": "/index.html",
        "wasm": [],
        "extra_csp": {},
    })
}

/// The manifest itself, unsigned: every file that is served with its SHA-256 in base64url, and the modules again.
pub(super) fn manifest(config: &Value, assets: &[Asset]) -> Result<Value> {
    let mut manifest = config.clone();
    let mut files = BTreeMap::new();
    let mut modules = Vec::new();
    for asset in assets {
        let hash = base64url(&asset.sha256).context("assets.json has a hash that is none")?;
        if asset.name.rsplit_once('.').is_some_and(|(_, kind)| kind == "wasm") {
            modules.push(hash.clone());
        }
        files.insert(format!("/{}", asset.name), hash);
    }
    modules.sort();
    let fields = manifest.as_object_mut().context("the configuration is no object")?;
    fields.insert("files".to_owned(), json!(files));
    fields.insert("wasm".to_owned(), json!(modules));
    Ok(json!({ "manifest": manifest, "signatures": {} }))
}

fn base64url(hexadecimal: &str) -> Option<String> {
    let digits = |start: usize| u8::from_str_radix(hexadecimal.get(start..start + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..hexadecimal.len()).step_by(2).map(digits).collect();
    bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str, content: &str) -> Asset {
        let sha256 = hex(&Sha256::digest(content));
        Asset { name: name.to_owned(), sha256, bytes: 0, gzip: 0, brotli: 0, immutable: false }
    }

    fn found(files: &[(&str, &str)], listed: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let assets: Vec<_> = listed.iter().map(|(name, content)| asset(name, content)).collect();
        findings(folder.path(), &assets).unwrap().join("; ")
    }

    #[test]
    fn a_static_app_passes() {
        let files = [
            ("index.html", "<script type=\"module\" src=\"/a.js\"></script>"),
            ("a.js", "await import('/b.js')"),
        ];
        assert_eq!(found(&files, &files), "");
    }

    #[test]
    fn what_is_not_listed_or_not_as_listed_is_found() {
        let page = ("index.html", "<p>");
        assert!(found(&[page, ("b.wasm", "")], &[page]).contains("b.wasm is not in the list"));
        assert!(found(&[page], &[("index.html", "<b>")]).contains("is not what the list says"));
        assert!(found(&[page], &[page, ("c.js", "")]).contains("not there"));
    }

    #[test]
    fn code_that_no_manifest_lists_is_found() {
        for (name, content) in [
            ("index.html", "<script>go()</script>"),
            ("index.html", "<img src=\"x\" onerror=\"go()\">"),
            ("index.html", "<script src=\"https://cdn.example/a.js\"></script>"),
            ("a.js", "eval('1')"),
            ("a.js", "new Worker(URL.createObjectURL(blob))"),
        ] {
            assert!(!found(&[(name, content)], &[(name, content)]).is_empty(), "{content}");
        }
    }

    #[test]
    fn the_manifest_lists_every_file_and_repeats_the_modules() {
        let assets = [asset("index.html", "<p>"), asset("b.wasm", "abc")];
        let made = manifest(&config("default-src 'none'", "0.1.0"), &assets).unwrap();
        let hash = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        assert_eq!(made["manifest"]["files"]["/b.wasm"], hash);
        assert_eq!(made["manifest"]["wasm"], json!([hash]));
        assert_eq!(made["manifest"]["default_csp"], "default-src 'none'");
        assert_eq!(made["signatures"], json!({}));
    }
}
