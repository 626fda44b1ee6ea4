//! `cargo xtask bench size`: what a first visit downloads, held against the limits.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::app::listing::Asset;
use crate::app::{self, listing};
use crate::{place, say};

/// The whole first load after brotli, in bytes.
const WHOLE_LIMIT: u64 = 700_000;
/// The first load without the worker's files after brotli: what it takes until something can be clicked.
const UI_LIMIT: u64 = 240_000;

/// Sums of some files' sizes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    bytes: u64,
    gzip: u64,
    brotli: u64,
}

impl Sum {
    fn of<'a>(assets: impl Iterator<Item = &'a Asset>) -> Self {
        assets.fold(Self::default(), |sum, asset| Self {
            bytes: sum.bytes + asset.bytes,
            gzip: sum.gzip + asset.gzip,
            brotli: sum.brotli + asset.brotli,
        })
    }
}

/// What a first visit loads: the page and all scripts, styles and modules.
fn first_load(asset: &Asset) -> bool {
    asset.name.rsplit_once('.').is_some_and(|(_, kind)| ["html", "css", "js", "wasm"].contains(&kind))
}

fn is_worker(asset: &Asset) -> bool {
    asset.name.starts_with("worker")
}

/// The limits that `whole` and `ui` exceed, as sentences.
fn exceeded(whole: Sum, ui: Sum) -> Vec<String> {
    [("the whole first load", whole, WHOLE_LIMIT), ("the part without the worker", ui, UI_LIMIT)]
        .into_iter()
        .filter(|(_, sum, limit)| sum.brotli > *limit)
        .map(|(what, sum, limit)| {
            format!(
                "{what} is {} after brotli, the limit is {}",
                say::kilobytes(sum.brotli),
                say::kilobytes(limit)
            )
        })
        .collect()
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let json_file = match words {
        [] => None,
        ["--json", file] => Some(std::path::absolute(file)?),
        other => bail!("`bench size` takes --json FILE, not {}", other.join(" ")),
    };
    app::build()?;
    let assets = listing::read(&place::dist())?;
    let loaded: Vec<&Asset> = assets.iter().filter(|asset| first_load(asset)).collect();
    let whole = Sum::of(loaded.iter().copied());
    let ui = Sum::of(loaded.iter().copied().filter(|asset| !is_worker(asset)));

    let row = |name: &str, sum: Sum| {
        say::line(format_args!("{name:<36} {:>10} {:>10} {:>10}", sum.bytes, sum.gzip, sum.brotli));
    };
    say::line(format_args!("{:<36} {:>10} {:>10} {:>10}", "file", "raw", "gzip", "brotli"));
    for asset in &loaded {
        row(&asset.name, Sum::of(std::iter::once(*asset)));
    }
    row("without the worker", ui);
    row("whole first load", whole);
    say::line(format_args!("limits after brotli: {UI_LIMIT} without the worker, {WHOLE_LIMIT} in all"));

    if let Some(file) = json_file {
        let sum = |sum: Sum| json!({ "bytes": sum.bytes, "gzip": sum.gzip, "brotli": sum.brotli });
        let mut files = serde_json::Map::new();
        for asset in &loaded {
            files.insert(asset.name.clone(), sum(Sum::of(std::iter::once(*asset))));
        }
        let value = json!({
            "files": files, "without_worker": sum(ui), "whole": sum(whole),
            "limits": { "without_worker": UI_LIMIT, "whole": WHOLE_LIMIT },
        });
        let text = serde_json::to_string_pretty(&value)? + "\n";
        fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    }
    let exceeded = exceeded(whole, ui);
    if !exceeded.is_empty() {
        bail!("too large: {}", exceeded.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str, brotli: u64) -> Asset {
        let (name, sha256) = (name.to_owned(), String::new());
        Asset { name, sha256, bytes: brotli * 3, gzip: brotli + 1, brotli, immutable: true }
    }

    #[test]
    fn icons_are_no_part_of_the_first_load() {
        assert!(first_load(&asset("app_bg-1.wasm", 1)));
        assert!(!first_load(&asset("favicon.svg", 1)));
    }

    #[test]
    fn each_limit_has_its_own_sentence() {
        let (small, large) = (Sum::of([asset("a", 240_000)].iter()), Sum::of([asset("a", 700_001)].iter()));
        assert!(exceeded(small, small).is_empty());
        assert_eq!(
            exceeded(large, small),
            ["the whole first load is 700.0 kB after brotli, the limit is 700.0 kB"]
        );
        assert_eq!(exceeded(large, large).len(), 2);
    }
}
