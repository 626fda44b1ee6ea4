//! Parley's build tool: `cargo xtask <command>`. Run it without a command for the list.

mod app;
mod bench;
mod command;
mod dist;
mod place;
mod run;
mod say;
mod server;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  setup                          find or install what building and testing need
  run [--port 8080] [--data DIR] build everything and start Parley on this machine
  app                            build only the browser app, into dist/
  test [sim|relay|browser|attacks] [--seeds N]
                                 check everything, or one part
  tidy                           check the rules that the compiler does not
  bench size [--json FILE]       what a first visit downloads, against the limits
  bench relay [--json FILE]      appends, deliveries and memory of the relay, beside a bare loop
  bench engine|browser           (arrive with a later release)
  dist                           a release to copy to a server, into dist-release/";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["setup"] => setup::everything(),
        ["run", options @ ..] => run::run(options),
        ["app"] => app::build(),
        ["test", options @ ..] => test::run(options),
        ["tidy"] => tidy::run(),
        ["bench", "size", options @ ..] => bench::size::run(options),
        ["bench", "relay", options @ ..] => bench::relay::run(options),
        ["bench", "engine" | "browser"] => {
            say::line("This benchmark arrives with a later release; `cargo xtask bench size` works today.");
            return ExitCode::from(2);
        }
        ["dist"] => dist::run(),
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
