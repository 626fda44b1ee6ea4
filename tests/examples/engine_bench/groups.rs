//! What groups cost: a group of so many devices, each of another account, of which three are online. Beside it bare OpenMLS makes the
//! same group in the same run.

use std::time::Instant;

use parley_engine::bench::Bare;
use parley_engine::view::{Command, ConversationId, Event, Person, Reply};
use parley_protocol::ids::AccountId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::world::World;
use crate::{HUNDRED, Report, send};

/// Devices in the group.
const SIZES: [usize; 4] = [10, 50, 100, 250];
/// Epochs that a member catches up.
const EPOCHS: usize = 200;
const MESSAGES: usize = 50;

pub(crate) fn measure(report: &mut Report) {
    for size in SIZES {
        bare(report, size);
        engine(report, size);
    }
}

/// OpenMLS alone: all members are added at once.
fn bare(report: &mut Report, size: usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut owner = Bare::new(&mut rng);
    let mut others: Vec<Bare> = (1..size).map(|_| Bare::new(&mut rng)).collect();
    let late = others.pop().expect("more than one");
    let packages: Vec<Vec<u8>> = others.iter().map(|it| it.key_package().unwrap()).collect();
    let name = |what: &str| format!("groups.{size}.{what}.bare");
    let mut timed = |what: &str, start: Instant| {
        report.number(&name(what), start.elapsed().as_secs_f64() * 1e6);
    };
    let start = Instant::now();
    let welcome = owner.create_with(&others.iter().zip(packages).collect::<Vec<_>>()).unwrap();
    timed("create", start);
    let mut reader = others.swap_remove(0);
    let start = Instant::now();
    reader.join(&welcome).unwrap();
    timed("join", start);
    let package = late.key_package().unwrap();
    let start = Instant::now();
    let commit = owner.add(&late, &package).unwrap();
    timed("add", start);
    reader.follow(&commit).unwrap();
    let start = Instant::now();
    let commit = owner.remove(&late).unwrap();
    timed("remove", start);
    let start = Instant::now();
    reader.follow(&commit).unwrap();
    timed("follow", start);
    let plaintext = vec![0x55; 256];
    let (mut sent, mut received) = (0.0, 0.0);
    for _ in 0..MESSAGES {
        let start = Instant::now();
        let message = owner.encrypt(&plaintext).unwrap();
        sent += start.elapsed().as_secs_f64();
        let start = Instant::now();
        reader.decrypt(&message).unwrap();
        received += start.elapsed().as_secs_f64();
        owner.tidy();
        reader.tidy();
    }
    let count = f64::from(u32::try_from(MESSAGES).unwrap());
    report.number(&name("send"), sent * 1e6 / count);
    report.number(&name("receive"), received * 1e6 / count);
}

struct Group {
    world: World,
    /// The owner, a member who is online, and the last one who comes.
    people: [usize; 3],
    id: ConversationId,
    late: AccountId,
}

fn account(world: &mut World, from: usize, username: &str) -> AccountId {
    match world.ask(from, Command::FindPerson(username.to_owned())) {
        Reply::Person(Person { account, .. }) => account,
        other => panic!("nobody found: {other:?}"),
    }
}

fn engine(report: &mut Report, size: usize) {
    let name = |what: &str| format!("groups.{size}.{what}.engine");
    let (mut group, create) = create(size);
    report.number(&name("create"), create);
    let [owner, reader, late] = group.people;
    let (conversation, account) = (group.id, group.late);
    let people = vec![account];
    let spent = group.spend(owner, Command::AddToGroup { conversation, people });
    report.number(&name("add"), spent);
    report.number(&format!("groups.{size}.add.bytes"), group.world.commit_bytes());
    let join = group.world.take_spent(late).engine.as_secs_f64() * 1e6;
    report.number(&name("join"), join);
    group.world.take_spent(reader);
    let spent = group.spend(owner, Command::RemoveFromGroup { conversation, account });
    report.number(&name("remove"), spent);
    report.number(&format!("groups.{size}.remove.bytes"), group.world.commit_bytes());
    let follow = group.world.take_spent(reader).engine.as_secs_f64() * 1e6;
    report.number(&name("follow"), follow);
    let (mut sending, mut receiving) = (0.0, 0.0);
    for _ in 0..MESSAGES {
        group.world.take_spent(owner);
        group.world.take_spent(reader);
        send(&mut group.world, owner, conversation, HUNDRED);
        while group.world.step() {}
        sending += group.world.take_spent(owner).engine.as_secs_f64();
        receiving += group.world.take_spent(reader).engine.as_secs_f64();
        group.world.settle();
    }
    let count = f64::from(u32::try_from(MESSAGES).unwrap());
    report.number(&name("send"), sending * 1e6 / count);
    report.number(&name("receive"), receiving * 1e6 / count);
    let (records, bytes) = group.world.parties[owner].stored();
    report.number(&format!("groups.{size}.records"), f64::from(u32::try_from(records).unwrap()));
    report.number(&format!("groups.{size}.bytes"), f64::from(u32::try_from(bytes).unwrap()));
    let now = group.world.now;
    report.times(
        &format!("groups.{size}.open"),
        (0..10).map(|_| group.world.parties[owner].reopen(now)).collect(),
    );
    if size <= 50 {
        catch_up(report, &mut group, size);
    }
}

/// Makes a group of all but one; what the owner's engine spent, in microseconds.
fn create(size: usize) -> (Group, f64) {
    let mut world = World::new();
    let owner = world.add("owner");
    let mut people = Vec::new();
    let (mut reader, mut late) = (owner, owner);
    for number in 1..size {
        let username = format!("member{number}");
        let index = world.add(&username);
        people.push(account(&mut world, owner, &username));
        match number {
            1 => reader = index,
            number if number == size - 1 => late = index,
            _ => world.leave(index),
        }
    }
    let last = people.pop().expect("more than one");
    world.take_spent(owner);
    let reply = world.ask(owner, Command::CreateGroup { name: "Team".to_owned(), people });
    let Reply::Conversation(id) = reply else { panic!("no group: {reply:?}") };
    let mut group = Group { world, people: [owner, reader, late], id, late: last };
    while group.is_changing(owner) {
        group.world.settle();
    }
    let spent = group.world.take_spent(owner).engine.as_secs_f64() * 1e6;
    group.join(reader);
    (group, spent)
}

impl Group {
    fn is_changing(&self, index: usize) -> bool {
        let last = self.world.parties[index].events.iter().rev().find_map(|event| match event {
            Event::Conversation(view) if view.id == self.id => view.group.as_ref().map(|it| it.changing),
            _ => None,
        });
        last.unwrap_or(true)
    }

    fn join(&mut self, index: usize) {
        assert_eq!(self.world.ask(index, Command::JoinGroup(self.id)), Reply::Done);
        self.world.settle();
    }

    /// What a command costs its engine until nothing happens any more, in microseconds.
    fn spend(&mut self, index: usize, command: Command) -> f64 {
        let late = self.people[2];
        self.world.take_spent(index);
        let adds = matches!(command, Command::AddToGroup { .. });
        assert_eq!(self.world.ask(index, command), Reply::Done);
        self.world.settle();
        let spent = self.world.take_spent(index).engine.as_secs_f64() * 1e6;
        if adds {
            self.world.take_spent(late);
            self.join(late);
        }
        spent
    }
}

/// A member was away while another changed the group many times.
fn catch_up(report: &mut Report, group: &mut Group, size: usize) {
    let [owner, reader, _] = group.people;
    group.world.leave(reader);
    for number in 0..EPOCHS {
        let name = format!("Team {number}");
        group.world.ask(owner, Command::SetGroupName { conversation: group.id, name });
        group.world.settle();
    }
    group.world.take_spent(reader);
    group.world.come_back(reader);
    group.world.settle();
    let spent = group.world.take_spent(reader).engine.as_secs_f64() * 1e6;
    report.number(&format!("groups.{size}.catch_up.engine"), spent);
}
