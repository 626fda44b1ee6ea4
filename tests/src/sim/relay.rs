//! The virtual relay: the relay's rules in memory, written independently of the real relay so that each checks the other.

mod blobs;
mod endings;
mod lies;
mod limits;
mod links;
mod reading;
mod restore;
mod slots;

use std::collections::{BTreeMap, HashMap, VecDeque};

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::device_log::{DeviceLog, LogHead};
use parley_protocol::frame::{
    Answer, AppendCommit, AppendMessages, ClaimKeyPackages, ClaimedKeyPackage, ClientFrame, CreateLog,
    DeviceLogNews, DirectoryRecord, EntryKind, InboxAddress, InboxEntry, InboxPost, KnownDeviceLog,
    LinkSlots, LogEntry, Push, RelayError, Request, ServerFrame, SlotState, Stored, Subscribed,
};
use parley_protocol::ids::{AccountId, AppendId, Epoch, Era, LogId, Seq, SlotId, Stamp, UnixMillis};
use parley_protocol::limits::MAX_PUSH;
use parley_protocol::username::Username;

use self::blobs::Blobs;
use self::lies::Lie;
pub use self::lies::Told;
pub use self::limits::Limits;
use self::reading::rest_of;
pub use self::restore::RelayCopy;
use self::slots::Slots;

/// One connection of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

#[derive(Clone, Default)]
struct Log {
    epoch: Epoch,
    /// The append capability of each epoch.
    capabilities: BTreeMap<Epoch, CapabilityHash>,
    /// The reading capability of each group era, by its first epoch.
    eras: BTreeMap<Epoch, CapabilityHash>,
    entries: Vec<LogEntry>,
    /// The link slots.
    links: LinkSlots,
    /// The GroupInfo of the current group era, sealed by the members.
    group_info: Option<Vec<u8>>,
    /// How many logs were made before this one.
    made: u64,
    /// Up to this number only commits remain.
    expired: Seq,
    /// For each connection, the group era that it may read and the last entry that was sent to it.
    readers: BTreeMap<ConnectionId, (Epoch, Seq)>,
}

#[derive(Clone, Default)]
struct Inbox {
    entries: Vec<InboxEntry>,
    appends: HashMap<AppendId, Stored>,
    last: Seq,
    readers: BTreeMap<ConnectionId, Seq>,
    one_time: VecDeque<Vec<u8>>,
    last_resort: Option<Vec<u8>>,
    stamp: Option<Stamp>,
}

#[derive(Clone)]
struct Account {
    log: DeviceLog,
    username: Username,
}

/// Which requests are refused, and why.
pub type Refusal = (fn(&Request) -> bool, RelayError);

type Outgoing = Vec<(ConnectionId, Vec<u8>)>;

/// The virtual relay.
pub struct VirtualRelay {
    now: UnixMillis,
    era: Era,
    logs: BTreeMap<LogId, Log>,
    /// How many logs were made.
    made: u64,
    inboxes: HashMap<InboxAddress, Inbox>,
    accounts: BTreeMap<AccountId, Account>,
    /// Every frame that anybody ever sent, for tests that look for secrets in them.
    pub seen: Vec<Vec<u8>>,
    /// The connections whose next requests fail inside of the relay, with the number of those requests.
    pub refusing: BTreeMap<ConnectionId, u32>,
    /// The requests that are refused, and the reason.
    pub refusal: Option<Refusal>,
    /// The quotas.
    pub limits: Limits,
    slots: Slots,
    blobs: Blobs,
    lie: Lie,
}

impl VirtualRelay {
    /// Handles a frame. Returns the frames to send, to this connection and to others.
    pub fn receive(&mut self, now: UnixMillis, from: ConnectionId, bytes: &[u8]) -> Outgoing {
        self.now = self.now.max(now);
        self.seen.push(bytes.to_vec());
        let frame = ClientFrame::decode(bytes).expect("engines send valid frames");
        let result =
            if self.refuses(from) { Err(RelayError::Internal) } else { self.answer(from, frame.request) };
        let mut outgoing = vec![(from, ServerFrame::Answer { id: frame.id, result }.encode().unwrap())];
        outgoing.extend(self.pushes());
        self.lie.tell(from, bytes, outgoing)
    }

    fn refuses(&mut self, connection: ConnectionId) -> bool {
        let left = self.refusing.get_mut(&connection).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }

    /// Notes that a connection is gone.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        for log in self.logs.values_mut() {
            log.readers.remove(&connection);
        }
        self.slots.disconnect(self.now, connection);
        for inbox in self.inboxes.values_mut() {
            inbox.readers.remove(&connection);
        }
    }

    /// Gives a test access to the entries of every log.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Vec<LogEntry>> {
        self.logs.values_mut().map(|log| &mut log.entries)
    }

    /// Gives a test the last-resort and one-time KeyPackages of every device.
    pub fn key_packages_mut(&mut self) -> impl Iterator<Item = &mut Vec<u8>> {
        self.inboxes.values_mut().flat_map(|inbox| inbox.one_time.iter_mut().chain(&mut inbox.last_resort))
    }

    /// The rendezvous slots with their values.
    #[must_use]
    pub fn slots(&self) -> Vec<(SlotId, SlotState)> {
        self.slots.all()
    }

    /// Makes the relay lose every conversation log.
    pub fn lose_logs(&mut self) {
        self.logs.clear();
    }

    /// The number of conversation logs.
    #[must_use]
    pub fn log_count(&self) -> usize {
        self.logs.len()
    }

    fn answer(&mut self, from: ConnectionId, request: Request) -> Result<Answer, RelayError> {
        if let Some((_, error)) = self.refusal.filter(|(is_refused, _)| is_refused(&request)) {
            return Err(error);
        }
        match request {
            Request::Hello => Ok(Answer::Hello { now: self.now }),
            Request::Ping => Ok(Answer::Done),
            Request::CreateLog(create) => self.create(create, LinkSlots::default()),
            Request::AppendMessages(append) => self.append(append),
            Request::AppendCommit(commit) => self.commit(commit, LinkSlots::default()),
            Request::SubscribeLog(subscribe) => {
                self.may_subscribe(from, &subscribe.log)?;
                let log = self.logs.get_mut(&subscribe.log).ok_or(RelayError::UnknownLog)?;
                let (state, start) = log.open(&subscribe)?;
                log.readers.insert(from, (state.epoch, subscribe.after.max(start)));
                Ok(if start > subscribe.after {
                    Answer::SubscribedFrom { state, start }
                } else {
                    Answer::Subscribed(state)
                })
            }
            Request::ReadLog(read) => self.read_page(&read),
            Request::UnsubscribeLog(log) => {
                self.logs.get_mut(&log).map(|log| log.readers.remove(&from));
                Ok(Answer::Done)
            }
            Request::PostInbox(post) => self.post(post).map(stored_one),
            Request::SubscribeInbox(subscribe) => {
                let inbox = self.own_inbox(&subscribe.address, &subscribe.capability)?;
                inbox.readers.insert(from, subscribe.after);
                Ok(Answer::Subscribed(Subscribed { head: inbox.last, epoch: Epoch(0) }))
            }
            Request::AckInbox { address, capability, upto } => {
                let inbox = self.own_inbox(&address, &capability)?;
                inbox.entries.retain(|entry| entry.seq > upto);
                Ok(Answer::Done)
            }
            Request::ForgetKeyPackages { address, capability } => {
                let inbox = self.own_inbox(&address, &capability)?;
                inbox.one_time.clear();
                inbox.last_resort = None;
                Ok(inbox.count())
            }
            Request::PublishKeyPackages(publish) => {
                let inbox = self.own_inbox(&publish.address, &publish.capability)?;
                inbox.one_time.extend(publish.one_time.iter().map(|bytes| bytes.to_vec()));
                if let Some(last_resort) = publish.last_resort {
                    inbox.last_resort = Some(last_resort.into_vec());
                }
                Ok(inbox.count())
            }
            Request::CountKeyPackages { address, capability } => {
                Ok(self.own_inbox(&address, &capability)?.count())
            }
            Request::ClaimKeyPackages(request) => self.claim(&request),
            Request::RegisterAccount(register) => self.register(&register),
            Request::AppendDeviceLog(append) => {
                let account = self.accounts.get_mut(&append.account).ok_or(RelayError::UnknownAccount)?;
                if account.log.entries().last() != Some(&append.entry) {
                    account.log.append(&append.entry).map_err(|_| RelayError::Invalid)?;
                }
                Ok(Answer::Done)
            }
            Request::FetchDeviceLogs(known) => Ok(self.device_logs(&known)),
            Request::ClaimUsername(claim) => {
                let account = self.accounts.get_mut(&claim.account).ok_or(RelayError::UnknownAccount)?;
                account.username = claim.username;
                Ok(Answer::Done)
            }
            Request::ResolveUsername(username) => {
                let found = self.accounts.iter().find(|(_, a)| a.username.skeleton() == username.skeleton());
                let account = found.map(|(id, _)| *id).ok_or(RelayError::UnknownAccount)?;
                self.directory(&account)
            }
            Request::SwapStamp(swap_stamp) => {
                let inbox = self.own_inbox(&swap_stamp.address, &swap_stamp.capability)?;
                Ok(Answer::StampSwapped { before: inbox.stamp.replace(swap_stamp.stamp) })
            }
            Request::OpenSlot(open) => self.slots.open(self.now, from, open),
            Request::WriteSlot(write) => self.slots.write(self.now, from, write),
            Request::WatchSlot(slot) => self.slots.watch(self.now, from, slot),
            Request::CloseSlot(slot) => self.slots.close(self.now, from, slot),
            other => self.answer_link(other),
        }
    }

    fn create(&mut self, create: CreateLog, links: LinkSlots) -> Result<Answer, RelayError> {
        let welcomes = create.welcomes.whole().map_err(|_| RelayError::TooLarge)?.posts;
        if let Some(log) = self.logs.get(&create.log) {
            let same = log.capabilities.get(&create.epoch) == Some(&create.append)
                && log.eras.get(&create.epoch) == Some(&create.read);
            return if same { Ok(Answer::Done) } else { Err(RelayError::LogExists) };
        }
        for welcome in welcomes.iter() {
            let account = self.accounts.get(&welcome.to.account).ok_or(RelayError::UnknownAccount)?;
            account.log.device(&welcome.to.device).ok_or(RelayError::UnknownDevice)?;
        }
        let full = self.without_room(&welcomes);
        if !full.is_empty() && full.len() == welcomes.len() {
            return Err(RelayError::QuotaExceeded);
        }
        if !full.is_empty() {
            return Ok(Answer::Undelivered(List::new(full).unwrap()));
        }
        links::distinct(&links)?;
        let capabilities = BTreeMap::from([(create.epoch, create.append)]);
        let eras = BTreeMap::from([(create.epoch, create.read)]);
        self.made += 1;
        let (epoch, made) = (create.epoch, self.made);
        let group_info = create.group_info.map(Bytes::into_vec);
        let log = Log { epoch, capabilities, eras, links, group_info, made, ..Log::default() };
        self.logs.insert(create.log, log);
        for welcome in welcomes.into_vec() {
            self.post(welcome)?;
        }
        Ok(Answer::Done)
    }

    fn append(&mut self, append: AppendMessages) -> Result<Answer, RelayError> {
        let (now, era) = (self.now, self.era);
        let log = self.logs.get_mut(&append.log).ok_or(RelayError::UnknownLog)?;
        let known: Vec<Option<Stored>> = append.messages.iter().map(|m| log.stored(&m.append)).collect();
        if !known.iter().all(Option::is_some) {
            log.check(&append.capability, append.epoch)?;
        }
        let mut stored = Vec::new();
        for (message, known) in append.messages.into_vec().into_iter().zip(known) {
            stored.push(known.unwrap_or_else(|| {
                let place = (append.epoch, era, message.append);
                log.push(now, place, EntryKind::Message, message.payload.into_vec())
            }));
        }
        Ok(Answer::Stored(List::new(stored).unwrap()))
    }

    fn commit(&mut self, commit: AppendCommit, links: LinkSlots) -> Result<Answer, RelayError> {
        let (now, era) = (self.now, self.era);
        let welcomes = commit.welcomes.whole().map_err(|_| RelayError::TooLarge)?.posts;
        let full = self.without_room(&welcomes);
        let log = self.logs.get_mut(&commit.log).ok_or(RelayError::UnknownLog)?;
        if let Some(stored) = log.stored(&commit.append) {
            return Ok(stored_one(stored));
        }
        log.check(&commit.capability, commit.epoch)?;
        for welcome in welcomes.iter() {
            let account = self.accounts.get(&welcome.to.account).ok_or(RelayError::UnknownAccount)?;
            account.log.device(&welcome.to.device).ok_or(RelayError::UnknownDevice)?;
        }
        if !full.is_empty() {
            return Ok(Answer::Undelivered(List::new(full).unwrap()));
        }
        links::distinct(&links)?;
        let place = (commit.epoch, era, commit.append);
        let stored = log.push(now, place, EntryKind::Commit, commit.commit.into_vec());
        log.epoch = commit.epoch.next();
        log.capabilities.insert(log.epoch, commit.next_append);
        if let Some(read) = commit.next_read {
            log.eras.insert(log.epoch, read);
            (log.links, log.group_info) = (links, None);
        }
        if let Some(info) = commit.group_info {
            log.group_info = Some(info.into_vec());
        }
        for welcome in welcomes.into_vec() {
            self.post(welcome)?;
        }
        Ok(stored_one(stored))
    }

    fn post(&mut self, post: InboxPost) -> Result<Stored, RelayError> {
        let account = self.accounts.get(&post.to.account).ok_or(RelayError::UnknownAccount)?;
        account.log.device(&post.to.device).ok_or(RelayError::UnknownDevice)?;
        let time = self.now;
        let is_full = self.limits.full.contains(&post.to);
        let inbox = self.inboxes.entry(post.to).or_default();
        if let Some(stored) = inbox.appends.get(&post.append) {
            return Ok(*stored);
        }
        if is_full {
            return Err(RelayError::QuotaExceeded);
        }
        inbox.last = inbox.last.next();
        let stored = Stored { seq: inbox.last, time, era: Era([0; 8]) };
        inbox.appends.insert(post.append, stored);
        inbox.entries.push(InboxEntry { seq: inbox.last, time, payload: post.payload });
        Ok(stored)
    }

    fn own_inbox(
        &mut self,
        address: &InboxAddress,
        capability: &Capability,
    ) -> Result<&mut Inbox, RelayError> {
        let account = self.accounts.get(&address.account).ok_or(RelayError::UnknownAccount)?;
        let device = account.log.device(&address.device).ok_or(RelayError::UnknownDevice)?;
        if device.inbox != capability.hash() {
            return Err(RelayError::WrongCapability);
        }
        Ok(self.inboxes.entry(*address).or_default())
    }

    fn claim(&mut self, request: &ClaimKeyPackages) -> Result<Answer, RelayError> {
        let account = self.accounts.get(&request.account).ok_or(RelayError::UnknownAccount)?;
        let mut claimed = Vec::new();
        for device in request.devices.iter().filter(|device| account.log.device(device).is_some()) {
            let address = InboxAddress { account: request.account, device: *device };
            let inbox = self.inboxes.entry(address).or_default();
            if let Some(bytes) = inbox.one_time.pop_front().or_else(|| inbox.last_resort.clone()) {
                let key_package = Bytes::new(bytes).unwrap();
                claimed.push(ClaimedKeyPackage { device: *device, key_package });
            }
        }
        Ok(Answer::KeyPackages(List::new(claimed).unwrap()))
    }

    fn register(&mut self, register: &parley_protocol::frame::RegisterAccount) -> Result<Answer, RelayError> {
        let log = DeviceLog::verify(&register.log).map_err(|_| RelayError::Invalid)?;
        let (id, claim) = (log.account(), &register.claim);
        if self.accounts.contains_key(&id) {
            return Ok(Answer::Done);
        }
        if self.accounts.values().any(|other| other.username.skeleton() == claim.username.skeleton()) {
            return Err(RelayError::UsernameTaken);
        }
        self.accounts.insert(id, Account { log, username: claim.username.clone() });
        Ok(Answer::Done)
    }

    fn device_logs(&self, known: &[KnownDeviceLog]) -> Answer {
        let news = known.iter().map(|known| match self.record(&known.account, known.known) {
            Ok(record) => DeviceLogNews::Record(record),
            Err(_) => DeviceLogNews::Unknown(known.account),
        });
        Answer::DeviceLogs(List::new(news.collect()).unwrap())
    }

    fn directory(&self, id: &AccountId) -> Result<Answer, RelayError> {
        self.record(id, None).map(Answer::Directory)
    }

    fn record(&self, id: &AccountId, known: Option<LogHead>) -> Result<DirectoryRecord, RelayError> {
        let account = self.accounts.get(id).ok_or(RelayError::UnknownAccount)?;
        let after = known.filter(|head| account.log.contains(head)).map_or(0, |head| head.length);
        let news = account.log.entries().iter().skip(usize::try_from(after).unwrap()).cloned();
        let username = Some(account.username.clone());
        Ok(DirectoryRecord { account: *id, after, log: List::new(news.collect()).unwrap(), username })
    }

    fn pushes(&mut self) -> Outgoing {
        let mut outgoing = Vec::new();
        for (id, log) in &mut self.logs {
            let (left, eras) = (log.left(), log.eras.clone());
            let era_at = |epoch: Epoch| eras.range(..=epoch).next_back().map(|(era, _)| *era);
            for (connection, (era, sent)) in &mut log.readers {
                let readable =
                    left.iter().filter(|entry| era_at(entry.epoch) == Some(*era) && entry.seq > *sent);
                let next: Vec<LogEntry> = readable.map(|entry| rest_of(entry, *sent)).collect();
                if let Some(last) = next.last() {
                    *sent = last.seq;
                    for entries in next.chunks(MAX_PUSH) {
                        let push = Push::Log { log: *id, entries: List::new(entries.to_vec()).unwrap() };
                        outgoing.push((*connection, ServerFrame::Push(push).encode().unwrap()));
                    }
                }
            }
        }
        for (address, inbox) in &mut self.inboxes {
            for (connection, sent) in &mut inbox.readers {
                let next: Vec<InboxEntry> =
                    inbox.entries.iter().filter(|entry| entry.seq > *sent).cloned().collect();
                if let Some(last) = next.last() {
                    *sent = last.seq;
                    for entries in next.chunks(MAX_PUSH) {
                        let entries = List::new(entries.to_vec()).unwrap();
                        let push = Push::Inbox { device: address.device, entries };
                        outgoing.push((*connection, ServerFrame::Push(push).encode().unwrap()));
                    }
                }
            }
        }
        outgoing.extend(self.slots.pushes());
        outgoing.extend(self.ended_inboxes());
        outgoing.sort_by_key(|(connection, _)| *connection);
        outgoing
    }
}

impl Log {
    fn epoch_of(&self, capability: &Capability) -> Result<Epoch, RelayError> {
        let hash = capability.hash();
        let known = self.capabilities.iter().find(|(_, known)| **known == hash);
        known.map(|(epoch, _)| *epoch).ok_or(RelayError::WrongCapability)
    }

    fn check(&self, capability: &Capability, epoch: Epoch) -> Result<(), RelayError> {
        if self.epoch_of(capability)? != epoch {
            return Err(RelayError::WrongCapability);
        }
        if epoch == self.epoch { Ok(()) } else { Err(RelayError::StaleEpoch { current: self.epoch }) }
    }

    fn stored(&self, append: &AppendId) -> Option<Stored> {
        let entry = self.entries.iter().find(|entry| entry.append == *append)?;
        Some(Stored { seq: entry.seq, time: entry.time, era: entry.era })
    }

    fn push(
        &mut self,
        time: UnixMillis,
        (epoch, era, append): (Epoch, Era, AppendId),
        kind: EntryKind,
        payload: Vec<u8>,
    ) -> Stored {
        let seq = self.entries.last().map_or(self.expired, |entry| entry.seq.max(self.expired)).next();
        let payload = Bytes::new(payload).unwrap();
        self.entries.push(LogEntry { seq, epoch, era, append, kind, time, payload });
        Stored { seq, time, era }
    }
}

impl Inbox {
    fn count(&self) -> Answer {
        let one_time = u32::try_from(self.one_time.len()).unwrap();
        Answer::KeyPackageCount { one_time, last_resort: self.last_resort.is_some() }
    }
}

fn stored_one(stored: Stored) -> Answer {
    Answer::Stored(List::new(vec![stored]).unwrap())
}
