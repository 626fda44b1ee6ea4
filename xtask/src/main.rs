//! Parley's build tool: `cargo xtask <command>`. Run it without a command for the list.

mod app;
mod bench;
mod command;
mod dist;
mod fuzz;
mod mutants;
mod pace;
mod place;
mod reproducible;
mod run;
mod say;
mod serve;
mod server;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  setup                          find or install what building and testing need
  run [--port 8080] [--data DIR] [--quick]
                                 build everything and start Parley on this machine; --quick: not optimised
  serve                          `trunk serve`: the page anew after every change (installs Trunk the first time)
  app                            build only the browser app, into dist/
  test [sim|relay|browser|attacks] [--seeds N]
                                 check everything, or one part
  test browser [--quick] [--only FILE] [--name PATTERN]
                                 some tests in Chromium; --quick: of an app that is not optimised
  tidy [--write]                 check the rules that the compiler does not; --write: bring up to date what is generated
  bench size [--json FILE]       what a first visit downloads, against the limits
  bench engine [--json FILE]     what the engine's work costs, beside bare OpenMLS
  bench browser [PART...] [--json FILE]
                              the same in Chromium, how soon the app is there, and linking
  bench relay [--json FILE]      appends, deliveries and memory of the relay, beside a bare loop
  fuzz [TARGET...] [--seconds N] look for inputs that break a promise, with libFuzzer (default: all, 60 s each)
  mutants protocol|crypto|engine [...]
                                 change the code and see whether a test notices, with cargo-mutants
  dist [--verify]                one program with the app inside, into dist-release/; --verify builds it in
                                 a second folder too and compares every byte (slow)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["setup"] => setup::everything(),
        ["run", options @ ..] => run::run(options),
        ["app"] => app::build(),
        ["app", "--quick"] => app::build_as(app::Kind::Quick),
        ["serve", options @ ..] => serve::run(options),
        ["test", options @ ..] => test::run(options),
        ["tidy", options @ ..] => tidy::run(options),
        ["bench", "size", options @ ..] => bench::size::run(options),
        ["bench", "engine", options @ ..] => bench::engine::run(options),
        ["bench", "browser", options @ ..] => bench::browser::run(options),
        ["bench", "relay", options @ ..] => bench::relay::run(options),
        ["dist", options @ ..] => dist::run(options),
        ["fuzz", options @ ..] => fuzz::run_targets(options),
        ["mutants", options @ ..] => mutants::run_on(options),
        [] | ["help" | "--help" | "-h"] => {
            say::line(HELP);
            Ok(())
        }
        other => {
            say::line(format_args!("`{}` is no command.\n\n{HELP}", other.join(" ")));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::line(format_args!("\nFailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
