//! Installs wasm-opt and esbuild, and for `cargo xtask serve` Trunk and the wasm-bindgen command, in the versions that this
//! checkout wants. Everything goes into the user's cache.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command::{cargo, command, output};
use crate::place;
use crate::say::step;

/// A command line tool of a fixed version.
struct Tool {
    /// The program's name.
    program: &'static str,
    /// The name of its crate or npm package.
    package: &'static str,
    version: &'static str,
    /// How long the installation takes, in seconds, for [`step`].
    seconds: u64,
    from: Source,
}

/// The source of a tool.
enum Source {
    /// The crate registry, with these options for `cargo install`.
    Crate(&'static [&'static str]),
    /// The npm registry.
    Npm,
}

/// The tools that every build needs.
const OF_BUILDS: [Tool; 2] = [
    Tool { program: "wasm-opt", package: "binaryen", version: "132.0.0", seconds: 3, from: Source::Npm },
    Tool { program: "esbuild", package: "esbuild", version: "0.28.2", seconds: 2, from: Source::Npm },
];

/// The tools that only `trunk serve` needs.
const OF_SERVING: [Tool; 2] = [
    Tool {
        program: "trunk",
        package: "trunk",
        version: "0.21.14",
        seconds: 320,
        from: Source::Crate(&["--locked", "--no-default-features"]),
    },
    Tool {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: "0.2.130",
        seconds: 160,
        from: Source::Crate(&[]),
    },
];

impl Tool {
    fn home(&self) -> Result<PathBuf> {
        place::tool(self.program, self.version)
    }

    /// The folder that holds the program once it is installed in the cache.
    fn bin(&self) -> Result<PathBuf> {
        Ok(match self.from {
            Source::Crate(_) => self.home()?.join("bin"),
            Source::Npm => self.home()?.join("node_modules/.bin"),
        })
    }

    /// Whether the user has exactly this version on the PATH. Checked only for tools missing from the cache.
    fn on_path(&self) -> bool {
        let wanted = self.version.strip_suffix(".0.0").unwrap_or(self.version);
        place::on_path(self.program).is_some()
            && output(command(self.program).arg("--version"))
                .is_ok_and(|text| text.split_whitespace().any(|word| word == wanted))
    }

    fn find_or_install(&self) -> Result<()> {
        if self.bin()?.join(self.program).exists() || self.on_path() {
            return Ok(());
        }
        let name = format!("{} {}", self.program, self.version);
        step(&format!("Installing {name}"), Duration::from_secs(self.seconds), || self.install())
            .with_context(|| format!("install {name} by hand so that it is on the PATH"))
    }

    fn install(&self) -> Result<()> {
        let home = self.home()?;
        fs::create_dir_all(&home)?;
        match self.from {
            Source::Crate(options) => {
                let mut cargo = cargo();
                cargo
                    .args(["install", self.package, "--version", self.version, "--quiet", "--root"])
                    .arg(&home);
                cargo.args(options).env_remove("CARGO_TARGET_DIR").current_dir(&home);
                // Optimised little, so that the tools are ready soon: they do not take the time later.
                cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
                cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
                output(&mut cargo)?;
            }
            Source::Npm => {
                if place::on_path("npm").is_none() {
                    bail!("npm is missing: install Node.js 20 or later");
                }
                let mut npm = command("npm");
                npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                    .arg(&home);
                npm.arg(format!("{}@{}", self.package, self.version)).current_dir(&home);
                output(&mut npm)?;
            }
        }
        Ok(())
    }
}

/// Installs the tools that a build lacks.
pub(super) fn find_or_install() -> Result<()> {
    OF_BUILDS.iter().try_for_each(Tool::find_or_install)
}

/// Trunk with all tools on its PATH. Installs it and the wasm-bindgen command on first use.
pub(crate) fn for_serving() -> Result<Command> {
    OF_SERVING.iter().try_for_each(Tool::find_or_install)?;
    tool("trunk")
}

/// The PATH with the tools.
fn path_with_tools() -> Result<OsString> {
    let mut folders = Vec::new();
    for tool in OF_BUILDS.iter().chain(&OF_SERVING) {
        folders.push(tool.bin()?);
    }
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    Ok(env::join_paths(folders)?)
}

/// A command that runs one of the tools, with all of them on its PATH.
pub(crate) fn tool(program: &str) -> Result<Command> {
    let path = path_with_tools()?;
    // The program itself is looked up on this tool's own PATH, so it needs its full path.
    let found = env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    let mut tool = found.map_or_else(|| command(program), |file| command(&file.to_string_lossy()));
    tool.env("PATH", &path);
    Ok(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trunk's wasm-bindgen command, the library for the release page and the crate in the app have the same version.
    #[test]
    fn the_versions_are_those_of_trunk_toml_and_the_lock_file() {
        let read = |name: &str| fs::read_to_string(place::root().join(name)).unwrap();
        let (trunk, workspace, ours) = (read("Trunk.toml"), read("Cargo.toml"), read("xtask/Cargo.toml"));
        let version = |program: &str| OF_SERVING.iter().find(|tool| tool.program == program).unwrap().version;
        let bindings = version("wasm-bindgen");
        assert!(trunk.contains(&format!("trunk-version = \"={}\"", version("trunk"))));
        assert!(trunk.contains(&format!("wasm_bindgen = \"{bindings}\"")));
        assert!(workspace.contains(&format!("wasm-bindgen = \"={bindings}\"")));
        assert!(ours.contains(&format!("wasm-bindgen-cli-support = \"={bindings}\"")));
    }
}
