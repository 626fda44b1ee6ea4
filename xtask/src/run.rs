//! `cargo xtask run`: builds everything, then becomes the relay.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{app, command, place, say, server};

/// The options of `run`.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    port: u16,
    data: PathBuf,
    kind: app::Kind,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { port: 8080, data: place::root().join("data"), kind: app::Kind::Release };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match *word {
                "--port" => options.port = value()?.parse().context("--port wants a number up to 65535")?,
                "--quick" => options.kind = app::Kind::Quick,
                "--data" => options.data = std::path::absolute(value()?)?,
                other => bail!("`run` takes --port, --data and --quick, not {other}"),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let start = Instant::now();
    let (program, ()) = server::build_beside(|| app::build_as(options.kind))?;
    say::times(start);
    let mut relay = command::command(&program.to_string_lossy());
    relay.args(["--listen", &format!("127.0.0.1:{}", options.port), "--data"]).arg(&options.data);
    relay.arg("--app").arg(place::dist());
    say::line(format_args!("\nParley runs at http://localhost:{} (Ctrl-C stops it)", options.port));
    become_program(relay)
}

/// Replaces this process, so that Ctrl-C reaches the relay itself, which closes its store before it ends.
#[cfg(unix)]
fn become_program(mut relay: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(relay.exec()).context("could not start the relay")
}

#[cfg(not(unix))]
fn become_program(mut relay: std::process::Command) -> Result<()> {
    command::run(&mut relay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults_and_can_be_set() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!((options.port, options.kind), (8080, app::Kind::Release));
        let options = Options::parse(&["--port", "9000", "--quick", "--data", "/tmp/parley"]).unwrap();
        let expected = Options { port: 9000, data: "/tmp/parley".into(), kind: app::Kind::Quick };
        assert_eq!(options, expected);
        assert!(Options::parse(&["--port"]).is_err());
        assert!(Options::parse(&["--fast"]).is_err());
    }
}
