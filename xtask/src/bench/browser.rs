//! `cargo xtask bench browser`: measures the engine, the app, its start and linking in Chromium, with the relay on loopback.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::numbers::{Goal, Numbers, goals, json_file, row, shown};
use crate::command::{command, output};
use crate::setup::Toolchain;
use crate::{app, place, say, server, setup};

const PAGE: &str =
    "<!doctype html><html lang=\"en\"><link rel=\"icon\" href=\"/favicon.svg\"><title>Bench</title></html>\n";
const LOADER: &str = "import init from '/bench.js';\nawait init({ module_or_path: '/bench_bg.wasm' });\n";

/// Runs the benchmark. Words before the options choose parts: `engine`, `lock`, `pages`, `long`, `linking`, `backup`.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let parts: Vec<&str> = words.iter().copied().take_while(|word| !word.starts_with('-')).collect();
    let file = json_file("browser", words.get(parts.len()..).unwrap_or_default())?;
    setup::browser_tests()?;
    let (server, ()) = server::build_beside(app::build)?;
    let folder = bench_app(setup::build()?)?;
    say::heading("Measuring in Chromium (about five minutes)");
    let mut node = command("node");
    node.arg("bench.mjs").args(parts).current_dir(place::root().join("tests/browser"));
    node.env("PARLEY_SERVER_BIN", server).env("PARLEY_APP_DIR", folder);
    node.env("CHROMIUM", setup::chromium().context("Chromium is gone")?);
    let numbers = Numbers::parse(&output(&mut node)?)?;
    numbers.save(file.as_deref())?;
    show(&numbers);
    Ok(())
}

/// Builds the app with the measuring program beside it, which is built like the worker.
fn bench_app(toolchain: Toolchain) -> Result<PathBuf> {
    say::heading("Building the measuring program");
    app::compile(toolchain, app::Kind::Release, &["bench"], &["bench"])?;

    let folder = place::target().join("parley/bench");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for file in app::files_below(&place::dist())? {
        let copy = folder.join(file.strip_prefix(place::dist())?);
        fs::create_dir_all(copy.parent().unwrap_or(&folder))?;
        fs::copy(&file, copy)?;
    }
    app::write_bindings(&app::compiled(app::Kind::Release, "bench"), &folder)?;
    app::optimise(&folder.join("bench_bg.wasm"))?;
    fs::write(folder.join("bench.html"), PAGE)?;
    fs::write(folder.join("bench_loader.js"), LOADER)?;
    Ok(folder)
}

fn show(numbers: &Numbers) {
    let head = ["bare OpenMLS", "engine", "with IndexedDB", "p95", "x bare"].map(str::to_owned);
    row("milliseconds (median), one worker", &head);
    for (name, key, bare) in [
        ("encrypt a text of 100 bytes, one by one", "row.encrypt", "encrypt.bare.p50"),
        ("decrypt it, one by one", "row.decrypt", "decrypt.bare.p50"),
        ("encrypt it after a rest", "encrypt", "encrypt.bare.p50"),
        ("decrypt it after a rest", "decrypt", "decrypt.bare.p50"),
        ("1:1 set-up, both sides", "set_up", "set_up.bare.p50"),
    ] {
        let name_of = |column: &str| format!("{key}.{column}");
        let columns = [
            numbers.ms(bare),
            numbers.ms(&name_of("engine.p50")),
            numbers.ms(&name_of("disk.p50")),
            numbers.ms(&name_of("disk.p95")),
            numbers.ratio(&name_of("disk.p50"), bare),
        ];
        row(name, &columns.map(shown));
    }
    for (name, key, bare) in [
        ("512 at once, each: the sender, all its work", "batched.sender", "encrypt.bare.p50"),
        ("512 at once, each: the receiver, all its work", "batched.receiver", "decrypt.bare.p50"),
    ] {
        let (engine, disk) = (format!("{key}.engine"), format!("{key}.disk"));
        let columns =
            [numbers.ms(bare), numbers.ms(&engine), numbers.ms(&disk), None, numbers.ratio(&disk, bare)];
        row(name, &columns.map(shown));
    }
    row("\nmilliseconds", &["p50", "p95", "p99"].map(str::to_owned));
    for (name, key) in [
        ("a MiB opened in sealed blocks of 64 KiB", "blocks"),
        ("one record of 1 KiB in IndexedDB, one by one", "floor"),
        ("the same after a rest", "floor.rested"),
        ("stored device: database, keys, records", "open.reading"),
        ("stored device: the engine", "open.engine"),
        ("stored device: both", "open.all"),
        ("key press to the other page's tree", "key_press.tree"),
        ("key press to the other page's next frame", "key_press.frame"),
    ] {
        row(name, &spread(numbers, key));
    }
    for start in ["cold", "warm", "reload"] {
        row(&format!("\n{start} start, median"), &["ms".to_owned()]);
        for step in STEPS {
            row(&format!("  {}", step.0), &[shown(numbers.ms(&format!("{start}.{}", step.1)))]);
        }
    }
    locks(numbers);
    long(numbers);
    linking(numbers);
    backup(numbers);
    goals(&all_goals(numbers));
}

fn locks(numbers: &Numbers) {
    let passes = [1, 2, 3];
    row("\nopening a lock, ms (Argon2id)", &passes.map(|passes| format!("{passes} passes")));
    for mebibytes in [19, 32, 64, 96] {
        let columns = passes.map(|passes| shown(numbers.ms(&format!("lock.{mebibytes}.{passes}.p50"))));
        row(&format!("{mebibytes} MiB"), &columns);
    }
    row("\nunlocking, ms", &["p50", "p95"].map(str::to_owned));
    let columns = ["p50", "p95"].map(|what| shown(numbers.ms(&format!("unlock.{what}"))));
    row("from the button to the chats", &columns);
}

fn backup(numbers: &Numbers) {
    let megabytes = |key: &str| numbers.get(key).map(|bytes| bytes / 1e6);
    row("\nbackup and coming back", &["ms", "MB", "MB/s"].map(str::to_owned));
    for (name, key, bytes) in [
        ("written, fetched back and opened", "backup.backup", Some("backup.bytes")),
        ("saved as a file and read back", "backup.save", Some("backup.file_bytes")),
        ("restored from the file by another account", "backup.fileRestore", Some("backup.file_bytes")),
        ("back by the phrase: the first chat", "backup.first", None),
        ("back by the phrase: all messages on disk", "backup.whole", Some("backup.restore_bytes")),
    ] {
        let (time, moved) = (numbers.ms(key), bytes.and_then(megabytes));
        let rate = moved.zip(time).map(|(moved, time)| moved / (time / 1e3));
        row(name, &[time, moved, rate].map(shown));
    }
    row("messages", &[shown(numbers.get("backup.messages"))]);
}

/// The numbers of messages in a chat.
const LONG: [u32; 3] = [60, 1_000, 10_000];

fn long(numbers: &Numbers) {
    row("\na long chat", &LONG.map(|count| format!("{count} messages")));
    for (name, key) in [
        ("open, ms", "opened"),
        ("key press to the painted frame, ms, p50", "key.p50"),
        ("the same, p95", "key.p95"),
        ("Enter to the own message, painted, ms, p50", "bubble.p50"),
        ("the same, p95", "bubble.p95"),
        ("frames while scrolling to the first message, ms, p50", "scroll.p50"),
        ("the same, p99", "scroll.p99"),
        ("the longest task meanwhile, ms (0: none over 50)", "task"),
    ] {
        row(name, &LONG.map(|count| shown(numbers.ms(&format!("long.{count}.{key}")))));
    }
    for (name, key) in [("tasks over 50 ms", "tasks"), ("rows in the page, at most", "rows")] {
        row(name, &LONG.map(|count| shown(numbers.get(&format!("long.{count}.{key}")))));
    }
    row(
        "JavaScript heap, MB",
        &LONG.map(|count| shown(numbers.get(&format!("long.{count}.heap")).map(|bytes| bytes / 1e6))),
    );
}

/// The numbers of conversations in the accounts to which a browser is linked.
const ACCOUNTS: [u32; 3] = [1, 50, 200];

fn linking(numbers: &Numbers) {
    row("\nlinking, ms after consent", &ACCOUNTS.map(|count| format!("{count} chats")));
    for (name, key) in [
        ("the first chat is listed", "first"),
        ("a screen of chats with their newest messages", "screen"),
        ("the first of them is open", "opened"),
        ("all chats are listed so", "all"),
        ("the new browser is in all conversations", "added"),
        ("all messages are on its disk", "whole"),
    ] {
        row(name, &ACCOUNTS.map(|count| shown(numbers.ms(&format!("linking.{count}.{key}")))));
    }
    row("messages", &ACCOUNTS.map(|count| shown(numbers.get(&format!("linking.{count}.messages")))));
    let megabytes = |count: u32| numbers.get(&format!("linking.{count}.bytes")).map(|bytes| bytes / 1e6);
    row("MB over the wire", &ACCOUNTS.map(|count| shown(megabytes(count))));
    let rate = |count: u32| Some(megabytes(count)? / (numbers.ms(&format!("linking.{count}.whole"))? / 1e3));
    row("MB/s", &ACCOUNTS.map(|count| shown(rate(count))));
}

/// The events during a start, in milliseconds after it.
const STEPS: [(&str, &str); 10] = [
    ("the page has arrived", "page"),
    ("first paint", "paint"),
    ("the app's module has arrived", "app_module"),
    ("the worker is asked for", "worker_asked"),
    ("the worker runs its first script", "worker_begins"),
    ("the worker's module has arrived", "worker_module"),
    ("the device is open", "owner"),
    ("usable: the control is in the page", "usable"),
    ("usable: in the next frame", "usable_frame"),
    ("from asking for the worker to the open device", "ready"),
];

fn spread(numbers: &Numbers, key: &str) -> [String; 3] {
    ["p50", "p95", "p99"].map(|what| shown(numbers.ms(&format!("{key}.{what}"))))
}

fn all_goals(numbers: &Numbers) -> Vec<Goal> {
    let goal = |what, measured, most, unit| Goal { what, measured, most, unit };
    vec![
        goal("encrypt, IndexedDB awaited, one by one, median", numbers.ms("row.encrypt.disk.p50"), 1.0, "ms"),
        goal("decrypt, IndexedDB awaited, one by one, median", numbers.ms("row.decrypt.disk.p50"), 1.0, "ms"),
        goal("encrypt, after a rest", numbers.ms("encrypt.disk.p50"), 1.0, "ms"),
        goal("decrypt, after a rest", numbers.ms("decrypt.disk.p50"), 1.0, "ms"),
        goal("one send, p95", numbers.ms("encrypt.disk.p95"), 10.0, "ms"),
        goal(
            "batched sending / bare encrypt",
            numbers.ratio("batched.sender.disk", "encrypt.bare.p50"),
            1.5,
            "x",
        ),
        goal(
            "batched receiving / bare decrypt",
            numbers.ratio("batched.receiver.disk", "decrypt.bare.p50"),
            1.5,
            "x",
        ),
        goal("1:1 set-up, median", numbers.ms("set_up.disk.p50"), 15.0, "ms"),
        goal("engine ready with a stored account, median", numbers.ms("warm.ready"), 100.0, "ms"),
        goal("key press to the other screen, p50", numbers.ms("key_press.frame.p50"), 30.0, "ms"),
        goal("key press to the other screen, p99", numbers.ms("key_press.frame.p99"), 100.0, "ms"),
        goal("cold start to usable, median", numbers.ms("cold.usable_frame"), 459.0, "ms"),
        goal("warm start to the chat list, median", numbers.ms("warm.usable_frame"), 300.0, "ms"),
        goal(
            "key to frame, 10,000 messages / 60",
            numbers.ratio("long.10000.key.p50", "long.60.key.p50"),
            1.3,
            "x",
        ),
        goal(
            "Enter to own message, 10,000 / 60",
            numbers.ratio("long.10000.bubble.p50", "long.60.bubble.p50"),
            1.3,
            "x",
        ),
        goal("10,000 messages: first screen after linking", numbers.ms("linking.200.opened"), 3_000.0, "ms"),
        goal("10,000 messages: all of them", numbers.ms("linking.200.whole"), 60_000.0, "ms"),
    ]
}
