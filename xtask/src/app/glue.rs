//! Where a program's script and its module meet: what wasm-bindgen leaves there is for any page, and ours needs less.
//!
//! * Classes that a dependency exports for other scripts go, and with them what of the module only they called.
//! * The names by which script and module know each other carry a hash of 16 digits each, which nothing compresses:
//!   they become short.
//! * wasm-opt makes the module smaller, and esbuild takes comments, spaces and long names out of the script.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::module::Module;
use crate::command::output;
use crate::setup;

/// How modules are optimised: level 1 is smallest after brotli, because the others inline what brotli would have folded.
pub(crate) const OPTIMISE: [&str; 12] = [
    "-O1",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];
/// How the names begin that wasm-bindgen made: nothing else in the script is called so.
const MADE: [&str; 3] = ["__wb", "__externref", "wasm_bindgen__"];
const MODULE: &str = "_bg.wasm";

/// Makes every script and its module smaller. `work` is a folder for what is between two steps.
pub(super) fn tighten(files: &mut BTreeMap<String, Vec<u8>>, work: &Path) -> Result<()> {
    fs::create_dir_all(work)?;
    let stems: Vec<String> =
        files.keys().filter_map(|name| name.strip_suffix(MODULE)).map(str::to_owned).collect();
    for stem in stems {
        let (script_name, module_name) = (format!("{stem}.js"), format!("{stem}{MODULE}"));
        let script = files.remove(&script_name).with_context(|| format!("{module_name} has no script"))?;
        let module = files.remove(&module_name).unwrap_or_default();
        let script = without_classes(&String::from_utf8(script)?);
        let module = without_exports(&module, &script)?;
        let module = optimised(&module, work)?;
        let (script, module) = with_short_names(&script, &module)?;
        files.insert(script_name, minified(&script, work)?);
        files.insert(module_name, module);
    }
    Ok(())
}

/// The script without the classes that it exports, their finalisers, and the start that our pages do not use.
fn without_classes(script: &str) -> String {
    let mut kept = Vec::new();
    let mut classes: BTreeSet<&str> = BTreeSet::new();
    let mut inside = false;
    for line in script.lines() {
        if let Some(class) = line.strip_prefix("export class ") {
            classes.extend(class.split_whitespace().next());
            inside = true;
        }
        let of_class = |start: &str, end: &str| {
            classes.iter().any(|class| line.starts_with(&format!("{start}{class}{end}")))
        };
        if of_class("const ", "Finalization = ") {
            inside = true;
        }
        let disposes = of_class("if (Symbol.dispose) ", ".prototype");
        if !inside && !disposes {
            kept.push(line);
        }
        // A class ends with a brace in the first column, a finaliser with the end of its statement.
        if line == "}" || line.ends_with("));") && !line.starts_with("    const") {
            inside = false;
        }
    }
    kept.join("\n").replace("export { initSync, ", "export { ") + "\n"
}

/// The module without the exports that the script does not name.
fn without_exports(module: &[u8], script: &str) -> Result<Vec<u8>> {
    let named: BTreeSet<&str> = script.split(|letter| !part_of_a_name(letter)).collect();
    let mut module = Module::read(module)?;
    module.keep_exports(|name| named.contains(name))?;
    Ok(module.write())
}

/// The module without what nothing reaches, and smaller.
fn optimised(module: &[u8], work: &Path) -> Result<Vec<u8>> {
    let (from, to) = (work.join("from.wasm"), work.join("to.wasm"));
    fs::write(&from, module)?;
    let mut tool = setup::tool("wasm-opt")?;
    tool.arg(&from).args(OPTIMISE).arg("-o").arg(&to);
    output(&mut tool)?;
    fs::read(&to).context("wasm-opt wrote nothing")
}

/// Script and module with short names for what they call of each other.
fn with_short_names(script: &str, module: &[u8]) -> Result<(String, Vec<u8>)> {
    let mut module = Module::read(module)?;
    let made = |name: &String| MADE.iter().any(|start| name.starts_with(start));
    // Imports and exports may have the same name, which stays the same then.
    let names: BTreeSet<String> = module.names()?.into_iter().filter(made).collect();
    let short: BTreeMap<String, String> =
        names.into_iter().enumerate().map(|(number, name)| (name, format!("${number}"))).collect();
    if script.contains('$') && script.split(|letter| !part_of_a_name(letter)).any(is_short) {
        bail!("the script has names like ours already");
    }
    module.rename(&short)?;
    let mut renamed = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(part_of_a_name) {
        let (before, from) = rest.split_at(start);
        let (name, after) = from.split_at(from.find(|letter| !part_of_a_name(letter)).unwrap_or(from.len()));
        renamed.push_str(before);
        renamed.push_str(short.get(name).map_or(name, String::as_str));
        rest = after;
    }
    renamed.push_str(rest);
    Ok((renamed, module.write()))
}

fn part_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

fn is_short(name: &str) -> bool {
    name.strip_prefix('$')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn minified(script: &str, work: &Path) -> Result<Vec<u8>> {
    let (from, to) = (work.join("from.js"), work.join("to.js"));
    fs::write(&from, script)?;
    let mut tool = setup::tool("esbuild")?;
    tool.arg(&from);
    tool.args(["--minify", "--format=esm", "--target=es2022", "--log-level=error"]);
    tool.arg(format!("--outfile={}", to.display())).arg("--allow-overwrite");
    output(&mut tool)?;
    fs::read(&to).context("esbuild wrote nothing")
}

#[cfg(test)]
mod tests {
    use super::super::module::tests::module;
    use super::*;

    const SCRIPT: &str = "\
export class Source {
    free() {
        wasm.__wbg_source_free(ptr, 0);
    }
}
if (Symbol.dispose) Source.prototype[Symbol.dispose] = Source.prototype.free;
function __wbg_get_imports() {
    const import0 = {
        __wbg_say_12: function(arg0) {
            const it = say((arg0));
        },
    };
}
const SourceFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_source_free(ptr, 1));
const kept = 1;
function start() {
    wasm.__wbindgen_start();
}
export { initSync, start as default };
";

    #[test]
    fn classes_go_with_all_that_speaks_of_them() {
        let script = without_classes(SCRIPT);
        assert!(!script.contains("Source") && !script.contains("free") && !script.contains("initSync"));
        for kept in ["__wbg_get_imports() {", "say((arg0));\n        },", "const kept = 1;", "as default"] {
            assert!(script.contains(kept), "{kept} in {script}");
        }
    }

    #[test]
    fn exports_that_the_script_does_not_name_go() {
        let bytes = module(&["__wbindgen_start", "__wbg_source_free", "__wbindgen_star"]);
        let left = without_exports(&bytes, &without_classes(SCRIPT)).unwrap();
        assert_eq!(Module::read(&left).unwrap().names().unwrap(), ["__wbg_say_12", "__wbindgen_start"]);
    }

    #[test]
    fn both_sides_call_each_other_by_the_same_short_names() {
        let bytes = module(&["__wbindgen_start", "memory"]);
        let (script, module) = with_short_names(SCRIPT, &bytes).unwrap();
        assert_eq!(Module::read(&module).unwrap().names().unwrap(), ["$0", "$1", "memory"]);
        assert!(script.contains("$0: function(arg0)") && script.contains("wasm.$1();"));
        // What is no name of the module stays.
        assert!(script.contains("wasm.__wbg_source_free(ptr, 0)"));
    }

    #[test]
    fn a_script_with_such_names_is_refused() {
        assert!(with_short_names("let $0 = 1;", &module(&[])).is_err());
        assert!(with_short_names("`${a}$`", &module(&[])).is_ok());
    }
}
