//! `cargo xtask dist`: makes a release in one folder. The relay's program has the app inside; the files beside it serve to
//! check the release: the list of the app's files, WEBCAT's manifest, and the hashes of all files.

mod archive;
mod probe;
mod verify;
pub(crate) mod webcat;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::app::{self, files_below, hex, listing};
use crate::{place, say, server};

/// The folder of the release.
fn folder() -> PathBuf {
    place::root().join("dist-release")
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => release(),
        ["--verify"] => {
            verify::nothing_uncommitted()?;
            release()?;
            verify::verify()
        }
        _ => bail!("`dist` takes --verify, not {}", words.join(" ")),
    }
}

fn release() -> Result<()> {
    app::build()?;
    webcat::check(&place::dist())?;
    let built = server::build_dist()?;
    let release = folder();
    if release.exists() {
        fs::remove_dir_all(&release)?;
    }
    fs::create_dir_all(&release)?;

    let program = release.join(built.file_name().context("the relay's program has no name")?);
    // Copying keeps the permission to execute.
    fs::copy(&built, &program).context("the relay was not built")?;
    let mut bytes = fs::read(&built)?;
    bytes.extend(archive::pack(&place::dist())?);
    fs::write(&program, bytes)?;

    let assets = listing::read(&place::dist())?;
    let policy = probe::served_as_built(&program, &assets)?;
    fs::copy(place::dist().join(listing::NAME), release.join(listing::NAME))?;
    let config = webcat::config(&policy, env!("CARGO_PKG_VERSION"));
    write_json("webcat.config.json", &config)?;
    write_json("webcat.manifest.json", &webcat::manifest(&config, &assets)?)?;
    write_sums()?;
    say::line(format_args!("\nThe release is in {}: start it with", release.display()));
    say::line("  ./parley-server --listen 127.0.0.1:8080 --data DIR");
    Ok(())
}

fn write_json(name: &str, value: &Value) -> Result<()> {
    Ok(fs::write(folder().join(name), serde_json::to_string_pretty(value)? + "\n")?)
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
fn write_sums() -> Result<()> {
    let mut lines = Vec::new();
    for file in files_below(&folder())? {
        let name = file.strip_prefix(folder())?.to_string_lossy().into_owned();
        lines.push(format!("{}  {name}\n", hex(&Sha256::digest(fs::read(&file)?))));
    }
    Ok(fs::write(folder().join("SHA256SUMS"), lines.concat())?)
}
