//! Splits the page's program into parts: seldom-used code is in modules of its own (docs/adr/0020), which the page loads when
//! it shows them. `wasm_split_cli_support` finds what only such a part needs; this module names the parts and adds their
//! `integrity`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use wasm_split_cli_support::{Options, transform};

use super::names::{hashed, integrity};

/// The name of the script that loads the parts, in the main program's imports.
const LINK: &str = "./__wasm_split.js";

/// The prefix of a part's file name.
pub(crate) const PART: &str = "part_";

/// What that script does when a part does not arrive.
const SAYS: &str = "console.error(e)";

/// A program that was split.
pub(super) struct Split {
    /// The program without the parts, for wasm-bindgen.
    pub(super) main: PathBuf,
    /// The script that loads the parts.
    pub(super) link: PathBuf,
    /// The parts, each by the name that the script uses.
    parts: Vec<PathBuf>,
}

/// Splits a compiled program. `script` is the script that wasm-bindgen will write for its main part, in `folder`.
pub(super) fn split(program: &Path, script: &str, folder: &Path) -> Result<Split> {
    fs::create_dir_all(folder)?;
    let module = fs::read(program).with_context(|| format!("{} was not compiled", program.display()))?;
    let main = folder.join(program.file_name().context("a program has a name")?);
    let main_script = format!("./{script}");
    let mut options = Options::new(&module);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = LINK;
    options.main_module = &main_script;
    let made = transform(options).map_err(|error| anyhow!("{error:#}"))?;
    let mut parts = made.split_modules;
    parts.sort();
    Ok(Split { main, link: folder.join(LINK), parts })
}

impl Split {
    /// Calls `optimise` on each part, and makes the script load the parts by their served names. Returns these names without
    /// their hashes, and the parts.
    pub(super) fn named(&self, optimise: impl Fn(&Path) -> Result<()>) -> Result<Vec<(String, Vec<u8>)>> {
        let mut script = quiet(&fs::read_to_string(&self.link)?)?;
        let mut named = Vec::new();
        for part in &self.parts {
            optimise(part)?;
            let file = part.file_name().and_then(|name| name.to_str()).context("a part has a name")?;
            let name = served(file);
            let content = fs::read(part)?;
            script = loads(&script, file, &name, &content)?;
            named.push((name, content));
        }
        fs::write(&self.link, script)?;
        Ok(named)
    }
}

/// Makes the script not report a missing part as an error: the page tells the person where it matters.
fn quiet(script: &str) -> Result<String> {
    if script.matches(SAYS).count() != 1 {
        bail!("the script that loads parts has no {SAYS}");
    }
    Ok(script.replace(SAYS, "console.warn(e)"))
}

/// `split_settings.wasm` and `chunk_3.wasm` (what several parts share) become `part_settings.wasm` and `part_3.wasm`.
fn served(file: &str) -> String {
    let (_, name) = file.split_once('_').unwrap_or(("", file));
    format!("{PART}{name}")
}

/// Makes the script fetch a part by its name with the hash, and refuse another content.
fn loads(script: &str, file: &str, name: &str, content: &[u8]) -> Result<String> {
    let before = format!("fetch(new URL(\"./{file}\", import.meta.url))");
    if script.matches(&before).count() != 1 {
        bail!("the script that loads parts has no {before}");
    }
    let after = format!("fetch('/{}', {{ integrity: '{}' }})", hashed(name, content), integrity(content));
    Ok(script.replace(&before, &after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "const src = fetch(new URL(\"./split_settings.wasm\", import.meta.url));\n";

    #[test]
    fn a_part_is_fetched_by_its_hash_and_with_its_integrity() {
        assert_eq!(served("split_settings.wasm"), "part_settings.wasm");
        assert_eq!(served("chunk_3.wasm"), "part_3.wasm");
        let script = loads(SCRIPT, "split_settings.wasm", "part_settings.wasm", b"one").unwrap();
        assert!(
            script.contains(&hashed("part_settings.wasm", b"one")) && script.contains(&integrity(b"one"))
        );
        assert!(!script.contains("import.meta"));
        let other = loads(SCRIPT, "split_settings.wasm", "part_settings.wasm", b"two").unwrap();
        assert_ne!(script, other);
    }

    #[test]
    fn a_script_of_another_shape_is_refused() {
        assert!(quiet("catch (e) {}").is_err());
        assert_eq!(quiet("console.error(e);").unwrap(), "console.warn(e);");
        assert!(
            loads("fetch(\"./split_settings.wasm\")", "split_settings.wasm", "part_settings.wasm", b"")
                .is_err()
        );
    }
}
