//! `cargo xtask dist`: what has to be copied to a server, in one folder.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::app::{self, files_below};
use crate::{place, say, server};

pub(crate) fn run() -> Result<()> {
    app::build()?;
    let program = server::build()?;
    let release = place::root().join("dist-release");
    if release.exists() {
        fs::remove_dir_all(&release)?;
    }
    fs::create_dir_all(&release)?;
    let name = program.file_name().context("the relay's program has no name")?;
    fs::copy(&program, release.join(name)).context("the relay was not built")?;
    copy_folder(&place::dist(), &release.join("app"))?;
    say::line(format_args!("\nThe release is in {}: start it there with", release.display()));
    say::line("  ./parley-server --listen 127.0.0.1:8080 --data DIR --app app");
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let target = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(&file, &target).with_context(|| format!("could not copy {}", file.display()))?;
    }
    Ok(())
}
