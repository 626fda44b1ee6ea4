//! Makes a program's script and module: wasm-bindgen writes them for any page, and Parley's page needs less.
//!
//! * [`split`] takes seldom-used code out of the page's module.
//! * Classes that a dependency exports for other scripts go, and with them the code of the module that only they called.
//! * Script and module know each other by names that carry a hash of 16 digits, which nothing compresses; these names become
//!   short.
//! * wasm-opt makes the module smaller. esbuild removes comments, spaces and long names from the script, and includes the
//!   scripts that it imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::compile::{Kind, compiled, split_feature};
use super::split::{self, Split};
use crate::command::output;
use crate::setup;

/// The options of wasm-opt. Level 1 gives the smallest module after brotli, because the other levels inline code that brotli
/// would have folded.
const OPTIMISE: [&str; 12] = [
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
/// The prefixes of the names that wasm-bindgen makes. No other name in the script begins so.
const MADE: [&str; 3] = ["__wb", "__externref", "wasm_bindgen__"];

/// The files of a program that a browser loads.
pub(super) struct Loaded {
    pub(super) script: Vec<u8>,
    pub(super) module: Vec<u8>,
    /// The parts that it loads later: names, to which the script knows the hash, and modules.
    pub(super) parts: Vec<(String, Vec<u8>)>,
}

/// Makes the script and the module of a compiled program. `work` is a folder for intermediate files.
pub(super) fn load(name: &str, kind: Kind, work: &Path) -> Result<Loaded> {
    let folder = work.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let script_file = folder.join(format!("{name}.js"));
    let module_file = folder.join(format!("{name}_bg.wasm"));
    let mut parts = Vec::new();
    match kind {
        Kind::Quick => write_bindings(&compiled(kind, name), &folder)?,
        Kind::Release => {
            let split = split_feature(kind, name)
                .map(|_| split::split(&compiled(kind, name), &format!("{name}.js"), &folder))
                .transpose()?;
            tightened(&compiled(kind, name), split.as_ref(), &folder, (&script_file, &module_file))?;
            optimise(&module_file)?;
            if let Some(split) = split {
                parts = split.named(optimise)?;
            }
        }
    }
    Ok(Loaded { script: bundled(&script_file, kind)?, module: fs::read(&module_file)?, parts })
}

fn bindings(program: &Path, is_split: bool) -> Result<wasm_bindgen_cli_support::Output> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(program).web(true)?.typescript(false).omit_default_module_path(true);
    // Parts use the memory, table and stack of the main program.
    bindgen.keep_lld_exports(is_split);
    // Function names are for stack traces of quick builds; wasm-opt removes them from others.
    bindgen.generate_output().with_context(|| format!("wasm-bindgen refuses {}", program.display()))
}

/// Writes `NAME.js`, `NAME_bg.wasm` and the scripts that the first imports, as wasm-bindgen makes them.
pub(crate) fn write_bindings(program: &Path, folder: &Path) -> Result<()> {
    bindings(program, false)?.emit(folder)
}

/// Like [`write_bindings`], without code that Parley's pages do not use, and with short names.
fn tightened(
    program: &Path,
    split: Option<&Split>,
    folder: &Path,
    (script_file, module_file): (&Path, &Path),
) -> Result<()> {
    let mut made = bindings(split.map_or(program, |split| &split.main), split.is_some())?;
    made.emit(folder)?;
    let script = fs::read_to_string(script_file)?;
    // The script that loads parts takes the exports of the main program from `initSync`, by the names that the parts import.
    let (script, link) = match split {
        Some(split) => (without_classes(&script), fs::read_to_string(&split.link)?),
        None => (without_classes(&script).replace("export { initSync, ", "export { "), String::new()),
    };
    let words: BTreeSet<&str> = words(&script).chain(words(&link)).collect();
    if words.iter().any(|word| is_short(word)) {
        bail!("the script has names like ours already");
    }
    let module = made.wasm_mut();
    let mut unused = Vec::new();
    for export in module.exports.iter().filter(|export| !words.contains(export.name.as_str())) {
        unused.push(export.id());
    }
    for export in unused {
        module.exports.delete(export);
    }
    let imports = module.imports.iter().map(|import| import.name.clone());
    let short = short_names(imports.chain(module.exports.iter().map(|export| export.name.clone())));
    let named = module.imports.iter_mut().map(|import| &mut import.name);
    for name in named.chain(module.exports.iter_mut().map(|export| &mut export.name)) {
        if let Some(new) = short.get(name) {
            name.clone_from(new);
        }
    }
    fs::write(module_file, module.emit_wasm())?;
    Ok(fs::write(script_file, with_names(&script, &short))?)
}

/// The script without its exported classes and their finalisers.
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
    kept.join("\n") + "\n"
}

/// Short names for the names that wasm-bindgen made on both sides. An import and an export with the same name keep one name.
fn short_names(names: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    let made = |name: &String| MADE.iter().any(|start| name.starts_with(start));
    let names: BTreeSet<String> = names.filter(made).collect();
    names.into_iter().enumerate().map(|(number, name)| (name, format!("${number}"))).collect()
}

fn with_names(script: &str, new: &BTreeMap<String, String>) -> String {
    let mut renamed = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(part_of_a_name) {
        let (before, from) = rest.split_at(start);
        let (name, after) = from.split_at(from.find(|letter| !part_of_a_name(letter)).unwrap_or(from.len()));
        renamed.push_str(before);
        renamed.push_str(new.get(name).map_or(name, String::as_str));
        rest = after;
    }
    renamed.push_str(rest);
    renamed
}

fn words(script: &str) -> impl Iterator<Item = &str> {
    script.split(|letter| !part_of_a_name(letter)).filter(|word| !word.is_empty())
}

fn part_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

fn is_short(name: &str) -> bool {
    name.strip_prefix('$')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Makes the module in a file smaller.
pub(crate) fn optimise(module: &Path) -> Result<()> {
    let mut tool = setup::tool("wasm-opt")?;
    output(tool.arg(module).args(OPTIMISE).arg("-o").arg(module)).map(drop)
}

/// The script with its imported scripts included.
fn bundled(script: &Path, kind: Kind) -> Result<Vec<u8>> {
    let to = script.with_extension("bundle.js");
    let mut tool = setup::tool("esbuild")?;
    tool.arg(script).args(["--bundle", "--format=esm", "--target=es2022", "--log-level=error"]);
    if kind == Kind::Release {
        tool.arg("--minify");
    }
    output(tool.arg(format!("--outfile={}", to.display())))?;
    fs::read(&to).context("esbuild wrote nothing")
}

#[cfg(test)]
mod tests {
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
        assert!(!script.contains("Source") && !script.contains("free"));
        for kept in ["__wbg_get_imports() {", "say((arg0));\n        },", "const kept = 1;", "as default"] {
            assert!(script.contains(kept), "{kept} in {script}");
        }
    }

    #[test]
    fn both_sides_call_each_other_by_the_same_short_names() {
        let names = ["__wbg_say_12", "__wbindgen_start", "memory", "__wbg_say_12"].map(str::to_owned);
        let short = short_names(names.into_iter());
        assert_eq!(
            short.into_iter().collect::<Vec<_>>(),
            [("__wbg_say_12".to_owned(), "$0".to_owned()), ("__wbindgen_start".to_owned(), "$1".to_owned()),]
        );
        let short = short_names(["__wbg_say_12", "__wbindgen_start"].map(str::to_owned).into_iter());
        let script = with_names(SCRIPT, &short);
        assert!(script.contains("$0: function(arg0)") && script.contains("wasm.$1();"));
        // A name that is not the module's stays.
        assert!(script.contains("wasm.__wbg_source_free(ptr, 0)"));
    }

    #[test]
    fn names_like_ours_are_known() {
        assert!(words("let $0 = 1;").any(is_short));
        assert!(!words("`${a}$`").any(is_short));
    }
}
