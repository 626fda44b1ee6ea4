//! What the engine's work costs on this machine, beside bare OpenMLS in the same run; prints JSON, in microseconds
//! and bytes. `cargo xtask bench engine` runs it and shows the table.
//!
//! "bare" is OpenMLS with the engine's provider and a map in memory. "engine" is all that the engine does from the
//! input to the last output, producing and sealing the change set included. "disk" is that and the write: each
//! change set to the end of a file, with fdatasync.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for the one who runs it"
)]

mod groups;
mod party;
mod world;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parley_engine::bench::Bare;
use parley_engine::io::Input;
use parley_engine::view::{Command, ConversationId};
use parley_protocol::frame::{ClientFrame, EntryKind, Push, Request, ServerFrame};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use self::party::Spent;
use self::world::World;

const SINGLE: usize = 1000;
const BATCH: usize = 512;
const SET_UPS: usize = 20;
const OPENINGS: usize = 50;
/// Chats of an account with many.
const MANY: [usize; 2] = [20, 200];
const WARM_UP: usize = 50;
/// The text that the peers were measured with.
const HUNDRED: &str =
    "A text of one hundred bytes, which is what the other libraries were given to encrypt for this table.";
const SHORT: &str = "See you at eight";

#[derive(Default)]
struct Report(BTreeMap<String, f64>);

impl Report {
    fn times(&mut self, name: &str, mut times: Vec<Duration>) {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
        for (what, time) in [("p50", at(50)), ("p95", at(95)), ("p99", at(99))] {
            self.0.insert(format!("{name}.{what}"), time.as_secs_f64() * 1e6);
        }
    }

    fn spent(&mut self, name: &str, spent: &[Spent]) {
        self.times(&format!("{name}.engine"), spent.iter().map(|spent| spent.engine).collect());
        self.times(&format!("{name}.disk"), spent.iter().map(|spent| spent.both()).collect());
    }

    fn number(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    fn print(&self) {
        let lines: Vec<String> =
            self.0.iter().map(|(name, value)| format!("  \"{name}\": {value:.1}")).collect();
        println!("{{\n{}\n}}", lines.join(",\n"));
    }
}

fn main() {
    assert_eq!(HUNDRED.len(), 100);
    let mut report = Report::default();
    let mut world = World::new();
    let (ada, bob) = (world.add("ada"), world.add("bob"));
    let conversation = world.meet(ada, "bob");
    send(&mut world, ada, conversation, "first");
    world.settle();
    world.accept(bob);

    let short = bytes_at_the_relay(&mut world, ada, conversation, SHORT);
    let hundred = bytes_at_the_relay(&mut world, ada, conversation, HUNDRED);
    report.number("bytes.short", f64::from(short));
    report.number("bytes.hundred", f64::from(hundred));

    bare(&mut report, usize::try_from(hundred).unwrap());
    single(&mut report, &mut world, (ada, bob), conversation);
    batched(&mut report, &mut world, (ada, bob), conversation);
    set_ups(&mut report, &mut world, ada);
    let (records, bytes) = world.parties[ada].stored();
    report.number("open.records", f64::from(u32::try_from(records).unwrap()));
    report.number("open.bytes", f64::from(u32::try_from(bytes).unwrap()));
    report.times("open", (0..OPENINGS).map(|_| world.parties[ada].reopen(world.now)).collect());
    many_chats(&mut report);
    groups::measure(&mut report);
    report.print();
}

/// What an account with many chats costs at the start, of which none is used.
fn many_chats(report: &mut Report) {
    let mut world = World::new();
    let ada = world.add("ada");
    let mut chats = 0;
    for many in MANY {
        for number in chats..many {
            let username = format!("friend{number}");
            world.add(&username);
            let conversation = world.meet(ada, &username);
            send(&mut world, ada, conversation, SHORT);
            world.settle();
        }
        chats = many;
        let (records, bytes) = world.parties[ada].stored();
        let name = |what: &str| format!("chats.{many}.{what}");
        report.number(&name("records"), f64::from(u32::try_from(records).unwrap()));
        report.number(&name("bytes"), f64::from(u32::try_from(bytes).unwrap()));
        let openings = (0..OPENINGS / 5).map(|_| world.parties[ada].reopen(world.now)).collect();
        report.times(&name("open"), openings);
    }
}

fn send(world: &mut World, from: usize, conversation: ConversationId, text: &str) {
    world.command(from, Command::SendText { conversation, text: text.to_owned(), over: String::new() });
}

/// Length of a text's entry in the log.
fn bytes_at_the_relay(world: &mut World, from: usize, conversation: ConversationId, text: &str) -> u32 {
    send(world, from, conversation, text);
    world.persist(from);
    let frame = ClientFrame::decode(world.parties[from].sends.front().expect("a frame")).unwrap();
    let Request::AppendMessages(append) = frame.request else { panic!("no append") };
    world.settle();
    u32::try_from(append.messages.iter().next().unwrap().payload.len()).unwrap()
}

/// OpenMLS alone, with a plaintext as long as the engine's padded content.
fn bare(report: &mut Report, ciphertext: usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut set_ups = Vec::new();
    let mut pair = None;
    for _ in 0..SET_UPS {
        let (mut a, mut b) = (Bare::new(&mut rng), Bare::new(&mut rng));
        let key_package = b.key_package().unwrap();
        let start = Instant::now();
        let welcome = a.create(&b, &key_package).unwrap();
        b.join(&welcome).unwrap();
        set_ups.push(start.elapsed());
        pair = Some((a, b));
    }
    report.times("set_up.bare", set_ups);

    let (mut a, mut b) = pair.unwrap();
    let probe = a.encrypt(&[0; 64]).unwrap();
    b.decrypt(&probe).unwrap();
    let plaintext = vec![0x55; 64 + ciphertext - probe.len()];
    let (mut encrypts, mut decrypts) = (Vec::new(), Vec::new());
    for _ in 0..SINGLE + WARM_UP {
        let start = Instant::now();
        let message = a.encrypt(&plaintext).unwrap();
        encrypts.push(start.elapsed());
        let start = Instant::now();
        b.decrypt(&message).unwrap();
        decrypts.push(start.elapsed());
        a.tidy();
        b.tidy();
    }
    report.times("encrypt.bare", encrypts.split_off(WARM_UP));
    report.times("decrypt.bare", decrypts.split_off(WARM_UP));
}

/// One message after the other, each with a write of its own on either side.
fn single(report: &mut Report, world: &mut World, (ada, bob): (usize, usize), conversation: ConversationId) {
    let (mut encrypts, mut decrypts, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SINGLE + WARM_UP {
        world.take_spent(ada);
        send(world, ada, conversation, HUNDRED);
        world.persist(ada);
        encrypts.push(world.take_spent(ada));
        for (to, bytes) in world.uplink(ada).expect("a frame") {
            let a_message = is_a_message(&bytes);
            world.take_spent(to);
            world.handle(to, Input::Received(bytes));
            world.persist(to);
            let spent = world.take_spent(to);
            match to {
                to if to == bob && a_message => decrypts.push(spent),
                to if to == ada && !a_message => stored.push(spent),
                _ => {}
            }
        }
        world.settle();
    }
    // After a commit a device subscribes once more, and what comes then may come together.
    assert!(decrypts.len() > SINGLE * 9 / 10, "{} of {SINGLE} arrived alone", decrypts.len());
    report.spent("encrypt", &encrypts.split_off(WARM_UP));
    report.spent("decrypt", &decrypts.split_off(WARM_UP));
    report.spent("stored", &stored.split_off(WARM_UP));
}

fn is_a_message(bytes: &[u8]) -> bool {
    match ServerFrame::decode(bytes) {
        Ok(ServerFrame::Push(Push::Log { entries, .. })) => {
            entries.iter().all(|entry| entry.kind == EntryKind::Message)
        }
        _ => false,
    }
}

/// Many at once, everything included on either side: receipts, answers, self-updates.
fn batched(report: &mut Report, world: &mut World, (ada, bob): (usize, usize), conversation: ConversationId) {
    let before = world.messages_shown(bob);
    world.take_spent(ada);
    world.take_spent(bob);
    for _ in 0..BATCH {
        send(world, ada, conversation, HUNDRED);
    }
    world.settle();
    assert_eq!(world.messages_shown(bob) - before, BATCH);
    let count = f64::from(u32::try_from(BATCH).unwrap());
    for (name, index) in [("batched.sender", ada), ("batched.receiver", bob)] {
        let spent = world.take_spent(index);
        report.number(&format!("{name}.engine"), spent.engine.as_secs_f64() * 1e6 / count);
        report.number(&format!("{name}.disk"), spent.both().as_secs_f64() * 1e6 / count);
    }
}

/// From the first text to somebody until their device has the group: the work of both devices.
fn set_ups(report: &mut Report, world: &mut World, ada: usize) {
    let mut spent = Vec::new();
    for number in 0..SET_UPS {
        let username = format!("friend{number}");
        let friend = world.add(&username);
        let conversation = world.meet(ada, &username);
        world.take_spent(ada);
        world.take_spent(friend);
        send(world, ada, conversation, HUNDRED);
        while !world.knows_a_conversation(friend) {
            assert!(world.step(), "the group is not made");
        }
        let mut both = world.take_spent(ada);
        both.add(world.take_spent(friend));
        spent.push(both);
        world.settle();
    }
    report.spent("set_up", &spent);
}
