//! What the engine's work costs in this browser, beside bare OpenMLS in the same run: real IndexedDB, real sockets,
//! the real relay. `cargo xtask bench browser` runs it; it tells its page JSON, in microseconds. Or it makes a device to measure the
//! app with (`fixture.rs`).
//!
//! "bare" is OpenMLS with the engine's provider and a map in memory. "engine" is all that the engine does from the
//! input to the last output, sealing included. "disk" is that and the IndexedDB transaction, awaited.
#![expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool that has to fail loudly"
)]

mod fixture;
mod lock;
mod party;
mod report;

use core::time::Duration;

use parley_engine::Engine;
use parley_engine::bench::Bare;
use parley_engine::io::{ChangeSet, ChangeSetId, Record, Store};
use parley_engine::seal::{MasterKey, PageKey};
use parley_engine::view::{Command, ConversationId, Person, Reply};

use self::party::{Party, Spent, World};
use self::report::Report;
use crate::host::journal::Journal;
use crate::model::hex;
use crate::platform::crypto::{BrowserKey, Kept};
use crate::platform::db::Database;
use crate::platform::random::BrowserRng;
use crate::platform::{self, clock, random, timer, worker};

const SINGLE: usize = 300;
const BATCH: usize = 512;
/// So many rows of as many messages as there are friends, each written before the next.
const ROWS: usize = 20;
const SET_UPS: usize = 10;
const OPENINGS: usize = 10;
const WARM_UP: usize = 30;
/// A mebibyte in blocks, as a search or a backup reads them.
const BLOCK: usize = 64 * 1024;
const BLOCKS: usize = 16;
/// The text that the peers were measured with.
const HUNDRED: &str =
    "A text of one hundred bytes, which is what the other libraries were given to encrypt for this table.";
/// Length of its entry at the relay, which `cargo xtask bench engine` shows.
const AT_THE_RELAY: usize = 290;

const ADA: usize = 0;
const BOB: usize = 1;
/// How the name of a worker begins that makes a device; its numbers follow.
const FIXTURE: &str = "fixture ";
/// The name of a worker that measures what a lock costs.
const LOCK: &str = "lock";

/// Starts.
pub fn start() {
    let loaded = clock::precise();
    platform::report_panics(|| {});
    platform::spawn_local(async move {
        if let Some(words) = worker::name().strip_prefix(FIXTURE) {
            return worker::say_to_tab(fixture::make(words).await.as_bytes());
        }
        let mut report = Report::default();
        if worker::name() == LOCK {
            lock::measure(&mut report);
            return worker::say_to_tab(report.json().as_bytes());
        }
        report.number("ready.program", loaded * 1000.0);
        measure(&mut report).await;
        worker::say_to_tab(report.json().as_bytes());
    });
}

/// A new device's database, and its master key, plain and as localStorage has it.
struct Disk {
    journal: Journal,
    master: [u8; 32],
    wrapped: Vec<u8>,
}

impl Disk {
    async fn prepare() -> Self {
        let database = Database::open(|_| ()).await.expect("a database");
        let fence = database.take_over().await.expect("a fence");
        let key = BrowserKey::generate().await.expect("a key");
        database.keep_wrapping_key(fence, &key).await.expect("a kept key");
        let master = random::bytes::<32>();
        let wrapped = key.wrap(&master).await.expect("a wrapped key");
        let (journal, _) = Journal::open(database, fence).await.expect("a journal");
        Self { journal, master, wrapped }
    }
}

async fn measure(report: &mut Report) {
    bare(report);
    blocks(report);
    let Disk { journal, master, wrapped } = Disk::prepare().await;
    floor(report, &journal).await;

    let name = hex::encode(&random::bytes::<4>());
    let (ada, bob) = (format!("ada{name}"), format!("bob{name}"));
    let mut world = World::default();
    world.add(Party::new(master, Some(journal)), &ada).await;
    world.add(Party::new(random::bytes(), None), &bob).await;
    let there = meet(&mut world, ADA, &bob).await;
    send(&mut world, ADA, there, "first");
    world.until(|world| world.parties[BOB].shown > 0).await;
    let back = world.parties[BOB].conversation.expect("a conversation");
    world.settle().await;

    single(report, &mut world, there, back).await;
    batched(report, &mut world, there, back).await;
    let friends = set_ups(report, &mut world, &name).await;
    in_a_row(report, &mut world, &friends, back).await;
    openings(report, &world, &master, &wrapped).await;
}

/// What writing costs that has no work of the engine in it: one record of 1 KiB, one after the other and after a rest.
async fn floor(report: &mut Report, journal: &Journal) {
    let record = Record { key: vec![0; 40], value: vec![0x55; 1024] };
    let puts = vec![(Store::Messages, record)];
    let change = ChangeSet { id: ChangeSetId(0), vault: None, puts, deletes: Vec::new(), wipes: false };
    for (name, rest) in [("floor", 0), ("floor.rested", 10)] {
        let mut times = Vec::new();
        for _ in 0..SINGLE {
            if rest > 0 {
                timer::sleep(Duration::from_millis(rest)).await;
            }
            let start = clock::precise();
            journal.write(&change).await.expect("a write");
            times.push(clock::precise() - start);
        }
        report.times(name, times);
    }
    journal.settle().await.expect("a write");
}

/// Opening a mebibyte in sealed blocks: the cipher and hardly anything else.
fn blocks(report: &mut Report) {
    let page = PageKey::of(&MasterKey::new(random::bytes()));
    let sealed = page.seal(b"block", random::bytes(), &vec![0x55; BLOCK]);
    let mut times = Vec::new();
    for _ in 0..WARM_UP * 2 {
        let start = clock::precise();
        for _ in 0..BLOCKS {
            assert!(page.open(b"block", &sealed).is_some(), "a block that does not open");
        }
        times.push(clock::precise() - start);
    }
    report.times("blocks", times.split_off(WARM_UP));
}

/// OpenMLS alone.
fn bare(report: &mut Report) {
    let rng = &mut BrowserRng;
    let mut set_ups = Vec::new();
    let mut pair = None;
    for _ in 0..SET_UPS * 2 {
        let (mut a, mut b) = (Bare::new(rng), Bare::new(rng));
        let key_package = b.key_package().expect("a KeyPackage");
        let start = clock::precise();
        let welcome = a.create(&b, &key_package).expect("a group");
        b.join(&welcome).expect("joined");
        set_ups.push(clock::precise() - start);
        pair = Some((a, b));
    }
    report.times("set_up.bare", set_ups.split_off(SET_UPS));
    let (mut a, mut b) = pair.expect("a pair");
    let probe = a.encrypt(&[0; 64]).expect("a message");
    b.decrypt(&probe).expect("the text");
    let plaintext = vec![0x55; 64 + AT_THE_RELAY - probe.len()];
    let (mut encrypts, mut decrypts) = (Vec::new(), Vec::new());
    for _ in 0..SINGLE + WARM_UP {
        let start = clock::precise();
        let message = a.encrypt(&plaintext).expect("a message");
        encrypts.push(clock::precise() - start);
        let start = clock::precise();
        b.decrypt(&message).expect("the text");
        decrypts.push(clock::precise() - start);
        a.tidy();
        b.tidy();
    }
    report.times("encrypt.bare", encrypts.split_off(WARM_UP));
    report.times("decrypt.bare", decrypts.split_off(WARM_UP));
}

async fn meet(world: &mut World, from: usize, username: &str) -> ConversationId {
    let found = world.ask(from, Command::FindPerson(username.to_owned())).await;
    let Reply::Person(Person { account, .. }) = found else { panic!("nobody found") };
    let opened = world.ask(from, Command::StartConversation(account)).await;
    let Reply::Conversation(id) = opened else { panic!("no conversation") };
    id
}

fn send(world: &mut World, from: usize, conversation: ConversationId, text: &str) {
    world.command(from, Command::SendText { conversation, text: text.to_owned(), over: String::new() });
}

/// One message after the other, each with a transaction of its own.
async fn single(report: &mut Report, world: &mut World, there: ConversationId, back: ConversationId) {
    let (mut encrypts, mut decrypts) = (Vec::new(), Vec::new());
    for _ in 0..SINGLE + WARM_UP {
        world.quiet().await;
        world.take_spent(ADA);
        send(world, ADA, there, HUNDRED);
        world.persist(ADA).await;
        encrypts.push(world.take_spent(ADA));
        let shown = world.parties[BOB].shown;
        world.until(|world| world.parties[BOB].shown > shown).await;

        world.quiet().await;
        let shown = world.parties[ADA].shown;
        send(world, BOB, back, HUNDRED);
        world.persist(BOB).await;
        while world.parties[ADA].shown == shown {
            world.take_spent(ADA);
            world.step().await;
        }
        decrypts.push(world.take_spent(ADA));
    }
    report.spent("encrypt", &encrypts.split_off(WARM_UP));
    report.spent("decrypt", &decrypts.split_off(WARM_UP));
}

/// One message after the other, each with a transaction of its own, and no rest between, as the peers were measured: a text
/// to each friend (into one conversation the next goes when the relay has the last), and texts of one that wait.
async fn in_a_row(report: &mut Report, world: &mut World, friends: &[ConversationId], back: ConversationId) {
    let (mut encrypts, mut decrypts) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        world.settle().await;
        for friend in friends {
            world.take_spent(ADA);
            send(world, ADA, *friend, HUNDRED);
            assert!(world.write(ADA).await > 0, "a text that is not encrypted");
            encrypts.push(world.take_spent(ADA));
        }
        world.quiet().await;
        for _ in 0..SET_UPS {
            send(world, BOB, back, HUNDRED);
            world.hold(ADA, BOB).await;
        }
        decrypts.extend(world.read_in_a_row(ADA).await);
    }
    report.spent("row.encrypt", &encrypts);
    report.spent("row.decrypt", &decrypts);
}

/// Many at once, everything included: receipts, answers, self-updates.
async fn batched(report: &mut Report, world: &mut World, there: ConversationId, back: ConversationId) {
    for (name, from, to, conversation) in
        [("batched.sender", ADA, BOB, there), ("batched.receiver", BOB, ADA, back)]
    {
        world.settle().await;
        let shown = world.parties[to].shown;
        world.take_spent(ADA);
        let start = clock::precise();
        for _ in 0..BATCH {
            send(world, from, conversation, HUNDRED);
        }
        world.until(|world| world.parties[to].shown >= shown + BATCH).await;
        world.parties[ADA].settle().await;
        let spent = world.take_spent(ADA);
        let each = |milliseconds: f64| milliseconds * 1000.0 / BATCH as f64;
        report.number(&format!("{name}.engine"), each(spent.engine));
        report.number(&format!("{name}.disk"), each(spent.both()));
        report.number(&format!("{name}.wall"), each(clock::precise() - start));
    }
}

/// From the first text to somebody until their device has the group: the work of both devices.
async fn set_ups(report: &mut Report, world: &mut World, name: &str) -> Vec<ConversationId> {
    let (mut spent, mut friends) = (Vec::new(), Vec::new());
    for number in 0..SET_UPS {
        let username = format!("f{number}{name}");
        let friend = world.add(Party::new(random::bytes(), None), &username).await;
        let conversation = meet(world, ADA, &username).await;
        world.settle().await;
        world.take_spent(ADA);
        world.take_spent(friend);
        send(world, ADA, conversation, HUNDRED);
        world.until(|world| world.parties[friend].conversation.is_some()).await;
        let mut both = world.take_spent(ADA);
        both.add(world.take_spent(friend));
        spent.push(both);
        friends.push(conversation);
    }
    report.spent("set_up", &spent);
    friends
}

/// What the worker does between its start and the open device.
async fn openings(report: &mut Report, world: &World, master: &[u8; 32], wrapped: &[u8]) {
    let (mut all, mut reading, mut engines) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..OPENINGS {
        let start = clock::precise();
        let database = Database::open(|_| ()).await.expect("the database");
        let fence = database.take_over().await.expect("a fence");
        let key = database.wrapping_key().await.expect("a read").expect("the key");
        let (_, records) = Journal::open(database, fence).await.expect("records");
        let kept = key.unwrap(wrapped).await;
        assert!(matches!(kept, Some(Kept::Master(kept)) if *kept == *master), "another master key");
        let read = clock::precise();
        report.number("open.records", records.len() as f64);
        let vault = world.parties[ADA].vault.as_deref();
        let engine = Engine::open(clock::now(), &MasterKey::new(*master), vault, records);
        assert!(engine.is_ok(), "what was written opens");
        let end = clock::precise();
        all.push(end - start);
        reading.push(read - start);
        engines.push(end - read);
    }
    report.times("open.all", all);
    report.times("open.reading", reading);
    report.times("open.engine", engines);
}

/// Sum of two spans.
impl Spent {
    fn both(self) -> f64 {
        self.engine + self.disk
    }
}
