//! Installs Chromium and the node packages that drive it in tests.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::command::{command, output};
use crate::place;
use crate::say::{self, step};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser of the tests: `$CHROMIUM`, else the first installed one.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(chosen) = env::var_os("CHROMIUM") {
        return Some(chosen.into());
    }
    NAMES
        .iter()
        .find_map(|name| place::on_path(name))
        .or_else(|| Some(PathBuf::from(MAC)).filter(|file| file.is_file()))
}

pub(super) fn find_or_install() -> Result<()> {
    if chromium().is_none() {
        if !debian::possible() {
            bail!("no browser for the tests: install Chromium or Chrome, or name one in CHROMIUM");
        }
        say::line(
            "The tests in a browser need Chromium: it is installed as a Debian package, as root, for the whole machine.",
        );
        step("Installing Chromium", Duration::from_secs(40), || debian::packages(&["chromium"]))?;
    }
    node_packages()
}

/// Runs `npm ci` in tests/browser if its lock file has changed since the last time.
fn node_packages() -> Result<()> {
    let folder = place::root().join("tests/browser");
    let lock =
        fs::read(folder.join("package-lock.json")).context("tests/browser has no package-lock.json")?;
    let stamp = folder.join("node_modules/.parley-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if place::on_path("npm").is_none() {
        bail!("npm is missing: install Node.js 20 or later");
    }
    step("Installing the browser tests' packages", Duration::from_secs(5), || {
        let mut npm = command("npm");
        output(npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
        Ok(fs::write(&stamp, &lock)?)
    })
}
