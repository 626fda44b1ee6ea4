//! `cargo xtask bench relay`: measures appends, deliveries and memory of the real relay, beside a bare loop that writes and
//! syncs the same bytes. docs/benchmarks-relay.md explains the results.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::command::{self, cargo, run as run_command};
use crate::{place, say, server};

const ONE_EACH: &str = "appends, 1000 connections x 1 in flight: per second";
const APPENDS: &str = "appends, 1000 connections x 8 in flight: per second";
const BARE: [&str; 2] =
    ["bare loop before, batches of 512: per second", "bare loop after, batches of 512: per second"];
const IDLE: &str = "idle, 10000 connections: bytes for each after hello";

/// Raises the limit of open files as far as the machine permits: 10,000 sockets are needed.
const OPEN_FILES: &str = "ulimit -n $(ulimit -Hn) && exec \"$0\"";

/// One line of the generator.
type Measured = (String, f64);

fn parse(output: &str) -> Result<Vec<Measured>> {
    output
        .lines()
        .map(|line| {
            let (name, value) = line.split_once('\t').with_context(|| format!("not a result: {line}"))?;
            Ok((name.to_owned(), value.parse().with_context(|| format!("not a number: {line}"))?))
        })
        .collect()
}

fn value(measured: &[Measured], name: &str) -> Result<f64> {
    let found = measured.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| *value).with_context(|| format!("the generator did not measure `{name}`"))
}

/// The goals and the measured numbers, as sentences.
fn goals(measured: &[Measured]) -> Result<Vec<String>> {
    let one_each = value(measured, ONE_EACH)?;
    let appends = value(measured, APPENDS)?;
    // The faster of the two is the harder one to compare with.
    let bare = value(measured, BARE[0])?.max(value(measured, BARE[1])?);
    let idle = value(measured, IDLE)?;
    let met = |met: bool| if met { "met" } else { "missed" };
    Ok(vec![
        format!(
            "at least 20000 appends a second: {one_each:.0} with one in flight, {}; {appends:.0} with eight, {}",
            met(one_each >= 20_000.0),
            met(appends >= 20_000.0)
        ),
        format!(
            "at least 40 % of the bare loop: {:.0} % of {bare:.0} a second, {}",
            appends / bare * 100.0,
            met(appends >= bare * 0.4)
        ),
        format!("at most 12000 bytes for an idle connection: {idle:.0}, {}", met(idle <= 12_000.0)),
    ])
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let json_file = match words {
        [] => None,
        ["--json", file] => Some(std::path::absolute(file)?),
        other => bail!("`bench relay` takes --json FILE, not {}", other.join(" ")),
    };
    let relay = server::build(server::Profile::Release)?;
    say::heading("Building the load generator");
    run_command(cargo().args(["build", "--release", "-p", "parley-tests", "--example", "relay_bench"]))?;
    let generator = place::target().join("release/examples/relay_bench");
    say::heading("Measuring (about a minute)");
    let mut shell = command::command("sh");
    shell.args(["-c", OPEN_FILES]).arg(generator).env("PARLEY_SERVER_BIN", relay);
    let measured = parse(&command::output(&mut shell)?)?;
    for (name, value) in &measured {
        say::line(format_args!("{name:<64} {value:>12.1}"));
    }
    say::line("");
    let goals = goals(&measured)?;
    for goal in &goals {
        say::line(goal);
    }
    if let Some(file) = json_file {
        let values: serde_json::Map<_, _> =
            measured.into_iter().map(|(name, value)| (name, json!(value))).collect();
        let text = serde_json::to_string_pretty(&json!({ "measured": values, "goals": goals }))? + "\n";
        fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_say_whether_they_are_met() {
        let lines = format!(
            "{ONE_EACH}\t30000\n{APPENDS}\t10000\n{}\t20000\n{}\t30000\n{IDLE}\t9000.5",
            BARE[0], BARE[1]
        );
        let goals = goals(&parse(&lines).unwrap()).unwrap();
        assert!(goals[0].ends_with("30000 with one in flight, met; 10000 with eight, missed"));
        assert!(goals[1].ends_with("33 % of 30000 a second, missed"));
        assert!(goals[2].ends_with(", met"));
        assert!(parse("no tab").is_err());
        assert!(super::goals(&[]).is_err());
    }
}
