//! Trunk, the wasm-bindgen command, wasm-opt and esbuild, in the versions that this checkout wants.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::step;
use super::wasm::Toolchain;
use crate::command::{cargo, command, output};
use crate::place;

/// One command line tool of a fixed version.
struct Tool {
    /// The program's name.
    program: &'static str,
    /// The name of its crate or npm package.
    package: &'static str,
    version: &'static str,
    expected: &'static str,
    from: Source,
}

/// Where a tool comes from.
enum Source {
    /// The crate registry, with these options for `cargo install`.
    Crate(&'static [&'static str]),
    /// The npm registry.
    Npm,
}

const TOOLS: [Tool; 4] = [
    Tool {
        program: "trunk",
        package: "trunk",
        version: "0.21.14",
        expected: "about 3 min on 2 cores",
        from: Source::Crate(&["--locked", "--no-default-features"]),
    },
    Tool {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: "0.2.130",
        expected: "about 2 min on 2 cores",
        from: Source::Crate(&[]),
    },
    Tool {
        program: "wasm-opt",
        package: "binaryen",
        version: "132.0.0",
        expected: "about 10 s",
        from: Source::Npm,
    },
    Tool {
        program: "esbuild",
        package: "esbuild",
        version: "0.28.2",
        expected: "about 5 s",
        from: Source::Npm,
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

    /// Whether the user has this very version on the PATH. It is asked only for tools missing from the cache.
    fn on_path(&self) -> bool {
        let wanted = self.version.strip_suffix(".0.0").unwrap_or(self.version);
        place::on_path(self.program).is_some()
            && output(command(self.program).arg("--version"))
                .is_ok_and(|text| text.split_whitespace().any(|word| word == wanted))
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
                // Built to be ready soon: these tools are not what takes the time later.
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

/// Installs what is missing and checks that the bindings tool fits the lock file.
pub(super) fn find_or_install(_: &Toolchain) -> Result<()> {
    for tool in &TOOLS {
        if tool.bin()?.join(tool.program).exists() || tool.on_path() {
            continue;
        }
        step(&format!("Installing {} {}", tool.program, tool.version), tool.expected, || tool.install())
            .with_context(|| {
                format!("install {} {} by hand so that it is on the PATH", tool.program, tool.version)
            })?;
    }
    Ok(())
}

/// The PATH on which the tools are found.
fn path_with_tools() -> Result<OsString> {
    let mut folders = Vec::new();
    for tool in &TOOLS {
        folders.push(tool.bin()?);
    }
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    Ok(env::join_paths(folders)?)
}

/// A command that runs one of the tools, with all of them on its PATH.
pub(crate) fn tool(program: &str) -> Result<Command> {
    let path = path_with_tools()?;
    // The program itself is looked up on our own PATH, so it is named in full.
    let found = env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    let mut tool = found.map_or_else(|| command(program), |file| command(&file.to_string_lossy()));
    tool.env("PATH", &path);
    Ok(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_those_of_trunk_toml_and_the_lock_file() {
        let read = |name: &str| fs::read_to_string(place::root().join(name)).unwrap();
        let (trunk, workspace) = (read("Trunk.toml"), read("Cargo.toml"));
        for tool in &TOOLS {
            let wanted = match tool.program {
                "trunk" => format!("trunk-version = \"={}\"", tool.version),
                "wasm-bindgen" => format!("wasm_bindgen = \"{}\"", tool.version),
                // Trunk does not run the others.
                _ => continue,
            };
            assert!(trunk.contains(&wanted), "Trunk.toml lacks {wanted}");
        }
        assert!(workspace.contains("wasm-bindgen = \"=0.2.130\""));
    }
}
