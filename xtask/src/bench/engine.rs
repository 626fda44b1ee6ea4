//! `cargo xtask bench engine`: measures the engine's work natively, beside bare OpenMLS.

use anyhow::Result;

use super::numbers::{Goal, Numbers, goals, json_file, row, shown};
use crate::command::{cargo, output};
use crate::say;

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let file = json_file("engine", words)?;
    say::heading("Measuring the engine");
    let mut example = cargo();
    example.args(["run", "--release", "--quiet", "--package", "parley-tests", "--example", "engine_bench"]);
    let numbers = Numbers::parse(&output(&mut example)?)?;
    show(&numbers);
    numbers.save(file.as_deref())
}

fn show(numbers: &Numbers) {
    let head = ["bare OpenMLS", "engine", "x bare", "with disk", "disk p95"].map(str::to_owned);
    row("milliseconds (median)", &head);
    for (name, key) in [
        ("encrypt a text of 100 bytes", "encrypt"),
        ("decrypt it", "decrypt"),
        ("note that the relay has it", "stored"),
        ("1:1 set-up, both sides", "set_up"),
    ] {
        let name_of = |column: &str| format!("{key}.{column}");
        let ratio = numbers.ratio(&name_of("engine.p50"), &name_of("bare.p50"));
        row(
            name,
            &[
                shown(numbers.ms(&name_of("bare.p50"))),
                shown(numbers.ms(&name_of("engine.p50"))),
                shown(ratio),
                shown(numbers.ms(&name_of("disk.p50"))),
                shown(numbers.ms(&name_of("disk.p95"))),
            ],
        );
    }
    for (name, key, bare) in [
        ("512 at once, each: the sender, all its work", "batched.sender", "encrypt.bare.p50"),
        ("512 at once, each: the receiver, all its work", "batched.receiver", "decrypt.bare.p50"),
    ] {
        let (engine, disk) = (format!("{key}.engine"), format!("{key}.disk"));
        let columns =
            [numbers.ms(bare), numbers.ms(&engine), numbers.ratio(&engine, bare), numbers.ms(&disk)];
        row(name, &columns.map(shown));
    }
    row(
        "open a stored account",
        &["-".to_owned(), shown(numbers.ms("open.p50")), "-".to_owned(), "-".to_owned()],
    );
    for many in [20, 200] {
        let number = |what: &str| numbers.get(&format!("chats.{many}.{what}"));
        let open = numbers.ms(&format!("chats.{many}.open.p50"));
        row(
            &format!("open an account with {many} chats"),
            &["-".to_owned(), shown(open), "-".to_owned(), "-".to_owned()],
        );
        say::line(format_args!("  {} records, {} bytes", shown(number("records")), shown(number("bytes"))));
    }
    show_groups(numbers);
    say::line(format_args!(
        "\nThe stored account has {} records, {} bytes. A text of 16 bytes is {} bytes at the relay, one of 100 is {}.",
        shown(numbers.get("open.records")),
        shown(numbers.get("open.bytes")),
        shown(numbers.get("bytes.short")),
        shown(numbers.get("bytes.hundred"))
    ));
    goals(&[Goal {
        what: "a short text at the relay, padding included",
        measured: numbers.get("bytes.short"),
        most: 308.0,
        unit: "bytes",
    }]);
}

/// Shows groups of these numbers of devices: the engine's work beside bare OpenMLS.
fn show_groups(numbers: &Numbers) {
    for size in [10, 50, 100, 250] {
        row(&format!("a group of {size} devices"), &["", "", "", "bytes", ""].map(str::to_owned));
        for what in ["create", "join", "add", "remove", "follow", "send", "receive", "catch_up"] {
            let name = |column: &str| format!("groups.{size}.{what}.{column}");
            let (bare, engine) = (name("bare"), name("engine"));
            if numbers.get(&engine).is_none() {
                continue;
            }
            let ratio = numbers.ratio(&engine, &bare);
            let bytes = shown(numbers.get(&name("bytes")));
            let columns = [shown(numbers.ms(&bare)), shown(numbers.ms(&engine)), shown(ratio), bytes];
            row(&format!("  {what}"), &[columns.as_slice(), &["-".to_owned()]].concat());
        }
        let open = numbers.ms(&format!("groups.{size}.open.p50"));
        row("  open the account", &["-".to_owned(), shown(open), "-".to_owned(), "-".to_owned()]);
    }
}
