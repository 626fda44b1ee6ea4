//! Shared parts of attacks: an attacker who speaks to the virtual relay without an engine, and the accounts they attack.

use parley_engine::hostile::{Identity, Peer};
use parley_engine::view::{AccountView, Command, ConversationId, LinkView, Reply, Share};
use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{
    Answer, ClaimedKeyPackage, ClientFrame, EntryKind, InboxAddress, LogEntry, RelayError, Request,
    RequestId, ServerFrame,
};
use parley_protocol::ids::{AccountId, AppendId, LogId};
use parley_tests::accounts::{self, claim_key_packages, look_up};
use parley_tests::sim::{ConnectionId, DeviceIndex, World};

const STRANGER: ConnectionId = ConnectionId(u64::MAX);

/// Sends the relay a request as an unrelated client. Pushes to others because of it are lost: they have to connect again.
pub(crate) fn ask(world: &mut World, request: Request) -> Result<Answer, RelayError> {
    let bytes = ClientFrame { id: RequestId(1), request }.encode().unwrap();
    let told = world.relay.receive(world.now, STRANGER, &bytes);
    let mut answers = told.into_iter().filter(|(to, _)| *to == STRANGER);
    match answers.find_map(|(_, bytes)| match ServerFrame::decode(&bytes) {
        Ok(ServerFrame::Answer { result, .. }) => Some(result),
        _ => None,
    }) {
        Some(result) => result,
        None => panic!("no answer"),
    }
}

/// A person as the directory has them.
pub(crate) struct Target {
    pub(crate) account: AccountId,
    pub(crate) address: InboxAddress,
    pub(crate) identity: Identity,
    pub(crate) log: DeviceLog,
}

pub(crate) fn own_account(world: &mut World, device: DeviceIndex) -> AccountView {
    match world.ask(device, Command::Subscribe) {
        Reply::Snapshot(snapshot) => snapshot.account.expect("an account"),
        other => panic!("no snapshot: {other:?}"),
    }
}

pub(crate) fn target(world: &mut World, device: DeviceIndex) -> Target {
    let account = own_account(world, device).account;
    let log = device_log(world, account);
    let record = *log.devices().next().unwrap();
    let address = InboxAddress { account, device: record.id };
    Target { account, address, identity: Identity::of(account, &record), log }
}

fn device_log(world: &mut World, account: AccountId) -> DeviceLog {
    let record = accounts::found(ask(world, look_up(account))).expect("in the directory");
    DeviceLog::verify_for(&account, &record.log).unwrap()
}

/// Claims a KeyPackage of each device of the account.
pub(crate) fn claim_all(world: &mut World, account: AccountId) -> Vec<ClaimedKeyPackage> {
    let devices = device_log(world, account).devices().map(|device| device.id).collect();
    match ask(world, claim_key_packages(account, devices)) {
        Ok(Answer::KeyPackages(packages)) => packages.into_vec(),
        other => panic!("instead of KeyPackages came {other:?}"),
    }
}

/// Claims one KeyPackage of the account.
pub(crate) fn claim(world: &mut World, account: AccountId) -> Vec<u8> {
    claim_all(world, account)[0].key_package.to_vec()
}

/// Links another device to the account of `existing`.
pub(crate) fn link(world: &mut World, existing: DeviceIndex) -> DeviceIndex {
    link_with(world, existing, Share::Nothing)
}

/// Links a device, with a choice of history.
pub(crate) fn link_with(world: &mut World, existing: DeviceIndex, share: Share) -> DeviceIndex {
    let new = world.add_device();
    let show = Command::ShowLinkCode { name: "Another".into() };
    assert_eq!(world.ask(new, show), Reply::Done);
    let Some(LinkView::Showing { typed: text, .. }) = world.devices[new].link.clone() else {
        panic!("no code")
    };
    world.ask(existing, Command::UseLinkCode { text, name: "First".into() });
    world.run();
    let Some(LinkView::ShowDigits(digits)) = world.devices[new].link else { panic!("no digits") };
    world.ask(existing, Command::ConfirmDigits(digits));
    world.run();
    assert_eq!(world.ask(existing, Command::ApproveDevice(share)), Reply::Done);
    world.settle();
    new
}

/// Connects again, and runs everything.
pub(crate) fn reconnect(world: &mut World, device: DeviceIndex) {
    world.connect(device);
    world.settle();
}

/// Registers the peer, and begins an honest conversation with the device's account.
pub(crate) fn meet(world: &mut World, device: DeviceIndex, peer: &mut Peer) -> LogId {
    ask(world, peer.registration()).unwrap();
    ask(world, peer.publication()).unwrap();
    append_log(world, peer);
    let log = found(world, device, peer);
    assert!(!world.devices[device].conversations.is_empty(), "an honest Welcome is joined");
    log
}

/// Begins another log with the device's account.
pub(crate) fn found(world: &mut World, device: DeviceIndex, peer: &mut Peer) -> LogId {
    let target = target(world, device);
    let package = claim(world, target.account);
    let (log, welcome) = peer.found(peer.identity(), &[package]);
    ask(world, peer.creation(log, target.address, &welcome)).unwrap();
    reconnect(world, device);
    log
}

/// Appends the peer's log at the relay, after its first entry.
pub(crate) fn append_log(world: &mut World, peer: &Peer) {
    for entry in peer.log().entries().iter().skip(1).cloned() {
        let account = target_of(peer);
        let append = parley_protocol::frame::AppendDeviceLog { account, entry };
        ask(world, Request::AppendDeviceLog(append)).unwrap();
    }
}

fn target_of(peer: &Peer) -> AccountId {
    peer.log().account()
}

/// The peer reads all new entries, so that it is in the log's epoch.
pub(crate) fn catch_up(world: &mut World, peer: &mut Peer, log: LogId) {
    for entry in entries(world, log).clone() {
        peer.read(log, &entry.payload);
    }
}

/// A forged entry at the end, in the log's epoch, as only the relay can make one.
pub(crate) fn made_up(world: &mut World, log: LogId, payload: Vec<u8>) {
    let all = entries(world, log);
    let last = all.last().unwrap().clone();
    let epoch = if last.kind == EntryKind::Commit { last.epoch.next() } else { last.epoch };
    let append = AppendId(parley_tests::unique());
    let payload = Bytes::new(payload).unwrap();
    all.push(LogEntry { seq: last.seq.next(), epoch, append, kind: EntryKind::Message, payload, ..last });
}

/// The entries of a log as the relay has them.
pub(crate) fn entries(world: &mut World, log: LogId) -> &mut Vec<LogEntry> {
    let place = world.relay.log_ids().iter().position(|id| *id == log).expect("the log is there");
    world.relay.entries_mut().nth(place).unwrap()
}

/// Two people and their conversation.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) ada: DeviceIndex,
    pub(crate) bob: DeviceIndex,
    pub(crate) chat: ConversationId,
    pub(crate) chat_b: ConversationId,
}

/// Ada has written, and Bob has not answered: he replaces his keys with his first message.
pub(crate) fn pair(seed: u64) -> Pair {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);
    Pair { world, ada, bob, chat, chat_b }
}
