//! `cargo xtask bench size`: compares the size of a first visit's download with the limits.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::app::listing::Asset;
use crate::app::split::PART;
use crate::app::{self, listing};
use crate::{place, say};

/// The limit of the whole first load after brotli, in bytes.
const WHOLE_LIMIT: u64 = 700_000;
/// The limit of the first load without the worker's files after brotli, in bytes: what a browser needs until a person can click
/// something.
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

/// The part of the app that a file belongs to, if the app loads it. Icons and the like do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// What a browser needs until a person can click something.
    Page,
    /// The rest that the app needs until it works.
    Worker,
    /// What the app loads later, when it is shown or when the browser is idle.
    Parts,
}

impl Of {
    fn file(asset: &Asset) -> Option<Self> {
        let (name, kind) = asset.name.rsplit_once('.')?;
        match kind {
            "html" | "css" | "js" | "wasm" if name.starts_with("worker") => Some(Self::Worker),
            "html" | "css" | "js" | "wasm" if name.starts_with(PART) => Some(Self::Parts),
            "html" | "css" | "js" | "wasm" => Some(Self::Page),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Page => "the page",
            Self::Worker => "the worker",
            Self::Parts => "parts, loaded later",
        }
    }
}

/// The limits that `whole` and `ui` exceed, as sentences.
fn exceeded(whole: Sum, ui: Sum) -> Vec<String> {
    [("the whole first load", whole, WHOLE_LIMIT), ("the page without the worker", ui, UI_LIMIT)]
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
    let row = |name: &str, sum: Sum| {
        say::line(format_args!("{name:<36} {:>10} {:>10} {:>10}", sum.bytes, sum.gzip, sum.brotli));
    };
    say::line(format_args!("{:<36} {:>10} {:>10} {:>10}", "file", "raw", "gzip", "brotli"));
    let of = |whose: Of| assets.iter().filter(move |asset| Of::file(asset) == Some(whose));
    let [ui, worker, parts] = [Of::Page, Of::Worker, Of::Parts].map(|whose| {
        for asset in of(whose) {
            row(&asset.name, Sum::of(std::iter::once(asset)));
        }
        let sum = Sum::of(of(whose));
        row(whose.name(), sum);
        say::line("");
        sum
    });
    let whole = Sum::of(of(Of::Page).chain(of(Of::Worker)));
    row("first load: the page and the worker", whole);
    say::line(format_args!("limits after brotli: {UI_LIMIT} for the page, {WHOLE_LIMIT} for the first load"));

    if let Some(file) = json_file {
        let sum = |sum: Sum| json!({ "bytes": sum.bytes, "gzip": sum.gzip, "brotli": sum.brotli });
        let mut files = serde_json::Map::new();
        for asset in assets.iter().filter(|asset| Of::file(asset).is_some()) {
            files.insert(asset.name.clone(), sum(Sum::of(std::iter::once(asset))));
        }
        let value = json!({
            "files": files, "without_worker": sum(ui), "worker": sum(worker), "whole": sum(whole), "parts": sum(parts),
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
    fn what_is_loaded_later_and_icons_are_no_part_of_the_first_load() {
        for (name, whose) in [
            ("index.html", Some(Of::Page)),
            ("app_bg-1.wasm", Some(Of::Page)),
            ("worker_loader-1.js", Some(Of::Worker)),
            ("part_settings-1.wasm", Some(Of::Parts)),
            ("favicon.svg", None),
        ] {
            assert_eq!(Of::file(&asset(name, 1)), whose, "{name}");
        }
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
