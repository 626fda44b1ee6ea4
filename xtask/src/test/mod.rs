//! `cargo xtask test`: runs every check, or one part of the tests.

mod browser;
mod stages;

use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::say;

/// A part of the tests that can run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Sim,
    Relay,
    Browser,
    Attacks,
}

/// The parsed command line. Tests get options as environment variables: `--seeds 5` is `PARLEY_SEEDS=5`.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    part: Part,
    /// Whether the browser tests may use an app that is not optimised.
    quick: bool,
    variables: Vec<(String, String)>,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { part: Part::All, quick: false, variables: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            options.part = match *word {
                "sim" => Part::Sim,
                "relay" => Part::Relay,
                "browser" => Part::Browser,
                "attacks" => Part::Attacks,
                "--quick" => {
                    options.quick = true;
                    options.part
                }
                other => {
                    let Some(name) = other.strip_prefix("--").filter(|name| !name.is_empty()) else {
                        bail!("`test` takes sim, relay, browser or attacks, not {other}");
                    };
                    let value = words.next().with_context(|| format!("{other} wants a value"))?;
                    let name = format!("PARLEY_{}", name.to_uppercase().replace('-', "_"));
                    options.variables.push((name, (*value).to_owned()));
                    options.part
                }
            };
        }
        if options.quick && options.part != Part::Browser {
            bail!("--quick is for `test browser`: what is checked before a change lands is what people get");
        }
        Ok(options)
    }

    /// The value of an option that this tool uses too.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Check = dyn Fn(&Options) -> Result<()>;

/// One check with a heading.
struct Stage {
    name: &'static str,
    check: Box<Check>,
}

impl Stage {
    fn new(name: &'static str, check: impl Fn(&Options) -> Result<()> + 'static) -> Self {
        Self { name, check: Box::new(check) }
    }
}

/// Runs the stages of the part in order. The first failing stage ends the run.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let start = Instant::now();
    let result: Result<()> = stages::of(options.part).iter().try_for_each(|stage| {
        say::heading(stage.name);
        let start = Instant::now();
        (stage.check)(&options).with_context(|| format!("the stage \"{}\"", stage.name))?;
        say::line(format_args!("-- {}: passed in {}", stage.name, say::seconds(start)));
        say::took(&format!("stage: {}", stage.name), start.elapsed());
        Ok(())
    });
    say::times(start);
    result?;
    say::line(format_args!("\nAll passed in {}.", say::seconds(start)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_variables() {
        let options = Options::parse(&["sim", "--seeds", "20", "--first-seed", "7"]).unwrap();
        assert_eq!(options.part, Part::Sim);
        let expected = [("PARLEY_SEEDS", "20"), ("PARLEY_FIRST_SEED", "7")];
        assert_eq!(options.variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(options.variable("PARLEY_SEEDS"), Some("20"));
        assert!(Options::parse(&["--seeds"]).is_err());
        assert!(Options::parse(&["everything"]).is_err());
    }

    #[test]
    fn only_tests_in_a_browser_can_be_quick() {
        assert!(Options::parse(&["browser", "--quick"]).unwrap().quick);
        assert!(Options::parse(&["--quick"]).is_err());
    }
}
