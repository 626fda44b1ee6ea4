//! The paths of the checkout, the target folder and the tools cache.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The checkout: the parent of this crate's folder.
pub(crate) fn root() -> PathBuf {
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// Cargo's target folder for this checkout.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The app as the relay serves it.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// The folder of tools that checkouts share: `$PARLEY_CACHE`, else `parley` in the user's cache folder.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("PARLEY_CACHE") {
        return Ok(dir.into());
    }
    if let Some(dir) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(dir).join("parley"));
    }
    let home =
        env::home_dir().context("no home folder: set PARLEY_CACHE to a folder for downloaded tools")?;
    Ok(home.join(".cache/parley"))
}

/// The folder of one tool in the cache, for instance `tools/esbuild-0.28.2`.
pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf> {
    Ok(cache()?.join("tools").join(format!("{name}-{version}")))
}

/// The program `name` as the shell would find it.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}
