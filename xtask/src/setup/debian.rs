//! Makes a toolchain for the browser out of Debian packages, for machines that cannot reach rustup's server.
//!
//! Debian ships the sources of the standard library but no build of it for this target, so this module builds it once.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::wasm::{TARGET, Toolchain};
use crate::command::{command, output, run};
use crate::place;
use crate::say::{self, step};

/// The name under which rustup knows Debian's compiler.
pub(super) const TOOLCHAIN: &str = "parley-wasm";

const COMPILER: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-22"];
const LINKER: &str = "/usr/bin/lld-22";

/// Whether packages can be installed here: Debian's package manager exists, and this user may use it.
pub(super) fn possible() -> bool {
    place::on_path("apt-get").is_some() && output(command("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// Installs packages, refreshing the package lists only if they are too old to find them.
pub(super) fn packages(names: &[&str]) -> Result<()> {
    let install = || {
        let mut apt = command("apt-get");
        apt.args(["install", "-y", "-qq", "--no-install-recommends"]).args(names);
        output(apt.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    if install().is_err() {
        output(command("apt-get").args(["update", "-qq"]))?;
        install()?;
    }
    Ok(())
}

pub(super) fn install() -> Result<()> {
    if COMPILER.iter().any(|name| !installed(name)) {
        say::line(
            "rustup's server cannot be reached: Debian's Rust compiler is installed as packages, as root, for the whole \
             machine, and gets the browser's standard library beside its own.",
        );
        step("Installing Debian's Rust compiler for the browser", Duration::from_secs(20), || {
            packages(&COMPILER)
        })?;
    }
    let toolchain = Toolchain::Named(TOOLCHAIN);
    if toolchain.rustc(&["-V"]).is_none() {
        run(command("rustup").args(["toolchain", "link", TOOLCHAIN, "/usr"]))?;
    }
    link_linker(toolchain)?;
    step("Building Rust's standard library for the browser", Duration::from_secs(61), || {
        standard_library(toolchain)
    })
}

fn installed(package: &str) -> bool {
    output(command("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_ok_and(|status| status.ends_with("ok installed"))
}

/// Links the linker: rustc looks for it as `rust-lld` beside its own host libraries.
fn link_linker(toolchain: Toolchain) -> Result<()> {
    let libraries = toolchain.rustc(&["--print", "target-libdir"]).context("Debian's rustc does not run")?;
    let host = Path::new(&libraries).parent().context("rustc has no library folder")?;
    let link = host.join("bin/rust-lld");
    if link.exists() {
        return Ok(());
    }
    fs::create_dir_all(host.join("bin"))?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(LINKER, &link)
        .with_context(|| format!("could not link {}", link.display()))?;
    Ok(())
}

/// Builds the standard library as a dependency of an empty crate, and copies it to where rustc looks for it.
fn standard_library(toolchain: Toolchain) -> Result<()> {
    let work = place::cache()?.join("std-build");
    fs::create_dir_all(work.join("src"))?;
    fs::write(
        work.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n",
    )?;
    fs::write(work.join("src/lib.rs"), "#![no_std]\n")?;
    let built = work.join("target");
    let mut cargo = toolchain.cargo();
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--target",
        TARGET,
        "-Zbuild-std=std,panic_abort,proc_macro",
    ]);
    cargo.current_dir(&work).env("CARGO_TARGET_DIR", &built).env("RUSTC_BOOTSTRAP", "1");
    // Without bitcode, a later `lto = true` has nothing to work on.
    cargo.env("RUSTFLAGS", "-Cembed-bitcode=yes").env_remove("CARGO_ENCODED_RUSTFLAGS");
    output(&mut cargo)?;

    let to = PathBuf::from(
        toolchain
            .rustc(&["--print", "target-libdir", "--target", TARGET])
            .context("rustc has no folder for the target")?,
    );
    // Copied beside its place and then moved, so that an interrupted copy is not taken for a library.
    let fresh = to.with_extension("new");
    fs::create_dir_all(&fresh)?;
    let mut copied = 0_usize;
    for entry in built.join(TARGET).join("release/deps").read_dir()? {
        let file = entry?.path();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if file.extension().is_some_and(|kind| kind == "rlib") && !name.starts_with("libempty") {
            fs::copy(&file, fresh.join(name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("building the standard library left no libraries");
    }
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::rename(&fresh, &to)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}
