//! Compiler flags that make builds reproducible: they keep this machine's folders out of the output (places of panics are
//! paths), so the same sources give the same bytes in any folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::place;
use crate::setup::Toolchain;

/// `--remap-path-prefix` for every folder that a compiled program could name. The flag that comes last wins.
pub(crate) fn flags(toolchain: Toolchain) -> Vec<String> {
    let mut pairs = Vec::new();
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    if let Some(registry) = cargo_home.map(|home| home.join("registry/src")) {
        pairs.extend(indexes(&registry).into_iter().map(|index| (index, "/crates")));
    }
    pairs.extend(toolchain.rustc(&["--print", "sysroot"]).map(|sysroot| (sysroot, "/rust")));
    pairs.push((text(&place::root()), "/parley"));
    // The code that build scripts write. It is often below the checkout, so it comes after it.
    pairs.push((text(&place::target()), "/target"));
    pairs.into_iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect()
}

/// The folders of the registries' sources, in a fixed order.
fn indexes(registry: &Path) -> Vec<String> {
    let entries = fs::read_dir(registry).ok().into_iter().flatten().flatten();
    let mut folders: Vec<String> = entries.map(|index| text(&index.path())).collect();
    folders.sort();
    folders
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_and_the_target_folder_are_kept_out() {
        let flags = flags(Toolchain::Default);
        let ends = |end: &str| flags.iter().position(|flag| flag.ends_with(end));
        let (checkout, target) = (ends("=/parley").unwrap(), ends("=/target").unwrap());
        assert!(checkout < target, "{flags:?}");
        assert!(flags[checkout].contains(&text(&place::root())));
        assert!(ends("=/rust").is_some());
    }
}
