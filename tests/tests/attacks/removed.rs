//! Attacks by a stolen device that was removed: the thief has all its keys, is quick, and goes on trying.

use parley_engine::hostile::{Deed, Peer};
use parley_engine::view::{Command, ConversationId, Delivery};
use parley_protocol::frame::{RelayError, Request, ServerFrame};
use parley_protocol::ids::{AccountId, DeviceId, LogId};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{
    Target, append_log, ask, catch_up, claim, claim_all, entries, link, meet, own_account, reconnect, target,
};

fn device_id(world: &World, index: DeviceIndex) -> DeviceId {
    let account = world.devices[index].account.as_ref().expect("an account");
    account.devices.iter().find(|device| device.this).expect("this one").id
}

/// Ada has a desk computer and a phone, and her laptop was stolen; Bob chats with her.
struct Theft {
    world: World,
    desk: DeviceIndex,
    phone: DeviceIndex,
    bob: DeviceIndex,
    /// The stolen device, as the account's log names it.
    laptop: DeviceId,
    thief: Peer,
    chat: ConversationId,
    chat_b: ConversationId,
    account: AccountId,
}

impl Theft {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let (desk, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let chat = world.start(desk, "bob");
        world.send(desk, chat, "hello");
        world.settle();
        let chat_b = world.only_conversation(bob);
        world.send(bob, chat_b, "hello Ada");
        world.settle();
        let stolen = link(&mut world, desk);
        let phone = link(&mut world, desk);
        world.send(stolen, chat, "from the laptop");
        world.settle();
        world.pass(60_000);
        let laptop = device_id(&world, stolen);
        let account = own_account(&mut world, desk).account;
        let thief = world.steal(stolen);
        Self { world, desk, phone, bob, laptop, thief, chat, chat_b, account }
    }

    /// The log of the conversation, and that of the account itself.
    fn logs(&mut self) -> (LogId, LogId) {
        let bobs = self.world.logs_of(self.bob);
        let logs = self.thief.logs();
        let shared = *logs.iter().find(|log| bobs.contains(log)).expect("a log with Bob");
        let own = *logs.iter().find(|log| !bobs.contains(log)).expect("the account's own log");
        (shared, own)
    }

    /// The desk computer removes the laptop, and disconnects before it can change any group.
    fn removed_by_a_device_that_is_gone(&mut self) {
        self.world.command(self.desk, Command::RemoveDevice(self.laptop));
        let since = self.world.relay.seen.len();
        let done = |request: &Request| matches!(request, Request::AppendDeviceLog(_));
        for _ in 0..100 {
            self.world.disk_step(self.desk);
            self.world.uplink_step(self.desk);
            if self.world.requests_since(since).iter().any(done) {
                return self.world.disconnect(self.desk);
            }
        }
        panic!("it was not removed");
    }

    /// The thief reads everything that is in the log.
    fn spy(&mut self, log: LogId) -> Vec<String> {
        let all = entries(&mut self.world, log).clone();
        all.iter().filter_map(|entry| self.thief.read(log, &entry.payload)).collect()
    }

    /// The thief commits in the same log before any other commit arrives.
    fn race(&mut self) {
        for _ in 0..150 {
            for device in [self.desk, self.phone, self.bob] {
                self.world.disk_step(device);
                if let Some(Request::AppendCommit(commit)) = self.world.next_request(device) {
                    self.commit_first(commit.log);
                }
                self.world.uplink_step(device);
                self.world.downlink_step(device);
                self.world.timer_step(device);
            }
            self.world.advance(20);
        }
    }

    fn commit_first(&mut self, log: LogId) {
        if !self.thief.logs().contains(&log) {
            return;
        }
        catch_up(&mut self.world, &mut self.thief, log);
        if self.thief.is_in(log) {
            let commit = self.thief.commit(log, &Deed::Update);
            self.world.asked_by_another(commit);
        }
    }
}

#[test]
fn p10_a_removed_device_cannot_outrun_its_removal() {
    let mut it = Theft::new(700);
    let (shared, own) = it.logs();
    for log in [shared, own] {
        catch_up(&mut it.world, &mut it.thief, log);
    }
    it.world.command(it.desk, Command::RemoveDevice(it.laptop));
    it.world.advance(20);
    it.race();
    for (device, chat, text) in [(it.desk, it.chat, "after"), (it.bob, it.chat_b, "after, too")] {
        it.world.send(device, chat, text);
        it.race();
        assert!(it.world.delivery(device, chat) >= Delivery::Sent, "{text}");
    }
    it.world.settle();
    for (device, chat) in [(it.desk, it.chat), (it.phone, it.chat), (it.bob, it.chat_b)] {
        let texts = it.world.texts(device, chat);
        for text in ["after", "after, too"] {
            let count = texts.iter().filter(|shown| shown.trim_start_matches('>') == text).count();
            assert_eq!(count, 1, "device {device}: {texts:?}");
        }
    }
    assert!(it.spy(shared).is_empty(), "nothing that was written after the removal");
    // The account's own devices go on with each other too.
    it.world.ask(it.desk, Command::SetVerified { conversation: it.chat, verified: true });
    it.race();
    assert!(it.world.devices[it.phone].conversations[&it.chat].verified);
}

#[test]
fn p10_a_log_that_a_removed_device_filled_is_replaced() {
    let mut it = Theft::new(707);
    let (shared, _) = it.logs();
    it.spy(shared);
    it.world.relay.lie(move |_, request, told| {
        let Request::AppendCommit(commit) = request else { return };
        if commit.log == shared {
            told.retain(|(_, frame)| matches!(frame, ServerFrame::Answer { .. }));
            for (_, frame) in told {
                if let ServerFrame::Answer { result, .. } = frame {
                    *result = Err(RelayError::QuotaExceeded);
                }
            }
        }
    });
    it.world.ask(it.desk, Command::RemoveDevice(it.laptop));
    it.world.settle();
    it.world.send(it.desk, it.chat, "after");
    it.world.settle();
    assert_eq!(it.world.texts(it.bob, it.chat_b).last().unwrap(), "after");
    assert_eq!(it.spy(shared), [""; 0]);
}

#[test]
fn p10_a_log_that_a_removed_device_begins_becomes_no_log_of_a_conversation() {
    for to_bob in [true, false] {
        let mut it = Theft::new(701);
        let whom = if to_bob { it.bob } else { it.phone };
        let theirs = target(&mut it.world, whom);
        let package = its_package(&mut it, &theirs, whom);
        it.world.ask(it.desk, Command::RemoveDevice(it.laptop));
        it.world.settle();
        it.world.pass(30_000);
        // A log that looks like a later joining: in the second epoch, and with the smallest id of all.
        let log = LogId([0; 16]);
        let identity = it.thief.identity();
        let welcome = it.thief.found_in(log, identity, std::slice::from_ref(&package));
        let to = if to_bob { theirs.address } else { address(&it, it.phone) };
        ask(&mut it.world, it.thief.creation(log, to, b"nothing")).unwrap();
        drop(welcome);
        let out = it.thief.commit(log, &Deed::RemoveOthers);
        let (back, welcome) = it.thief.let_in(log, &package);
        for commit in [out, back] {
            ask(&mut it.world, commit).unwrap();
        }
        let post = it.thief.post(to, &welcome);
        ask(&mut it.world, Request::PostInbox(post)).unwrap();
        reconnect(&mut it.world, whom);
        let before = entries(&mut it.world, log).len();
        let chat = if to_bob { it.chat_b } else { it.chat };
        it.world.send(whom, chat, "for those who are there");
        it.world.settle();
        assert_eq!(entries(&mut it.world, log).len(), before, "nothing is written into it");
        let (other, theirs) = if to_bob { (it.desk, it.chat) } else { (it.bob, it.chat_b) };
        assert_eq!(it.world.texts(other, theirs).last().unwrap(), "for those who are there");
    }
}

fn address(it: &Theft, device: DeviceIndex) -> parley_protocol::frame::InboxAddress {
    parley_protocol::frame::InboxAddress { account: it.account, device: device_id(&it.world, device) }
}

/// A KeyPackage of a device.
fn its_package(it: &mut Theft, of: &Target, device: DeviceIndex) -> Vec<u8> {
    let packages = claim_all(&mut it.world, of.account);
    let id = device_id(&it.world, device);
    packages.iter().find(|package| package.device == id).expect("one of this device").key_package.to_vec()
}

#[test]
fn p10_what_a_removed_device_syncs_is_not_obeyed_once_the_removal_is_known() {
    let mut it = Theft::new(702);
    let (shared, own) = it.logs();
    let bob = own_account(&mut it.world, it.bob).account;
    it.world.disconnect(it.phone);
    it.removed_by_a_device_that_is_gone();
    it.world.pass(5_000);
    catch_up(&mut it.world, &mut it.thief, own);
    let before = it.world.texts(it.phone, it.chat);
    let mut orders =
        it.thief.deletion(own, bob, (parley_protocol::ids::MessageId([1; 16]), "hello"), &[shared]);
    orders.push(it.thief.verified(own, bob));
    for order in orders {
        let append = it.thief.append(own, order);
        ask(&mut it.world, append).unwrap();
    }
    it.world.connect(it.phone);
    it.world.settle();
    assert_eq!(it.world.texts(it.phone, it.chat), before, "nothing is deleted");
    assert!(!it.world.devices[it.phone].conversations[&it.chat].verified, "nobody is verified");
    assert_eq!(it.world.draft(it.phone, it.chat), "");
}

#[test]
fn p10_who_writes_has_heard_of_a_removal_before() {
    let mut it = Theft::new(703);
    let (shared, _) = it.logs();
    it.world.disconnect(it.phone);
    it.spy(shared);
    it.removed_by_a_device_that_is_gone();
    it.world.pass(20_000);
    it.world.send(it.bob, it.chat_b, "not for the thief");
    it.world.settle();
    assert_eq!(it.spy(shared), [""; 0]);
    for device in [it.desk, it.phone] {
        it.world.connect(device);
        it.world.settle();
        assert_eq!(it.world.texts(device, it.chat).last().unwrap(), "not for the thief");
    }
    // The account's own devices ask too: the phone does not know yet what the desk computer did.
    let mut it = Theft::new(704);
    let (shared, _) = it.logs();
    it.spy(shared);
    it.removed_by_a_device_that_is_gone();
    it.world.pass(20_000);
    it.world.send(it.phone, it.chat, "not for the thief");
    it.world.settle();
    assert_eq!(it.spy(shared), [""; 0]);
    assert_eq!(it.world.texts(it.bob, it.chat_b).last().unwrap(), "not for the thief");
}

#[test]
fn p10_what_a_device_wrote_before_its_removal_is_read_and_what_it_writes_after_is_not() {
    let mut it = Theft::new(705);
    let (shared, _) = it.logs();
    it.world.disconnect(it.bob);
    catch_up(&mut it.world, &mut it.thief, shared);
    let head = it.thief.log().head();
    for (text, wait) in [("before", 5_000), ("after", 0)] {
        let sealed = it.thief.text(shared, text, &head);
        ask(&mut it.world, it.thief.append(shared, sealed)).unwrap();
        if wait > 0 {
            it.world.pass(wait);
            it.world.disconnect(it.phone);
            it.removed_by_a_device_that_is_gone();
            it.world.pass(wait);
        }
    }
    // Bob's device learns of the removal before it reads, from another member.
    it.world.connect(it.bob);
    it.world.send(it.bob, it.chat_b, "are you there?");
    it.world.settle();
    for device in [it.desk, it.phone] {
        reconnect(&mut it.world, device);
        let texts = it.world.texts(device, it.chat);
        assert!(texts.contains(&">before".to_owned()), "device {device}: {texts:?}");
        assert!(!texts.iter().any(|text| text.ends_with("after")), "device {device}: {texts:?}");
    }
}

/// Conversations into which a device let others before its removal go on without it. Those into which it lets others afterwards
/// do not begin.
#[test]
fn p10_a_welcome_counts_by_when_it_was_posted() {
    let mut world = World::new(706);
    let ada = world.add_person("Ada");
    let theirs = target(&mut world, ada);
    let mut eve = Peer::new(706, "eve");
    meet(&mut world, ada, &mut eve);
    let package = claim(&mut world, theirs.account);
    let (log, _) = eve.found(eve.identity(), std::slice::from_ref(&package));
    ask(&mut world, eve.creation(log, theirs.address, b"nothing")).unwrap();
    let out = eve.commit(log, &Deed::RemoveOthers);
    let (back, welcome) = eve.let_in(log, &package);
    for commit in [out, back] {
        ask(&mut world, commit).unwrap();
    }
    eve.set_log(eve.log_without_this_device(world.now));
    world.pass(5_000);
    append_log(&mut world, &eve);
    ask(&mut world, Request::PostInbox(eve.post(theirs.address, &welcome))).unwrap();
    reconnect(&mut world, ada);
    let before = entries(&mut world, log).len();
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "for Eve's other device");
    world.settle();
    assert_eq!(entries(&mut world, log).len(), before, "it was not joined");
}
