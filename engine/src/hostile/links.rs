//! What somebody does who has an invite link of a group, or had one, and obeys no rule; and a member who shares what is not so.

use std::collections::BTreeMap;
use std::rc::Rc;

use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AccountId, DeviceId, GroupId, LogId, MessageId, Seq, UnixMillis};

use super::Peer;
use crate::channel::group_era::GroupEra;
use crate::domain::content::{Body, Content, HeadHint, Part};
use crate::group::entry::CommitEntry;
use crate::group::link::ask::{AskKey, is_ask};
use crate::group::link::{GroupLink, Package};
use crate::group::past::{KeptEntry, Past, PastMessage};
use crate::group::proof::{Proof, Signed};
use crate::mls::Provider;
use crate::mls::chat::outside::Outside;
use crate::records::state::StateStore;

/// Who has a link and only watches.
pub struct Watcher {
    link: GroupLink,
    eras: Vec<(LogId, GroupEra)>,
    provider: Provider,
}

/// What a watcher makes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A commit, opened.
    Commit,
    /// A message that was kept for who comes, opened.
    Kept,
    /// A request to be let in, opened.
    Ask,
    /// Nothing.
    Sealed,
}

impl Peer {
    /// With this device's randomness, and a link that it was given.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn watcher(&self, link: &str) -> Watcher {
        let provider = Provider::new(self.random.clone(), Rc::new(StateStore::new(BTreeMap::new())));
        Watcher { link: GroupLink::parse(link).unwrap(), eras: Vec::new(), provider }
    }

    /// Whether what members left at the relay opens with what this device knows of the log.
    #[must_use]
    pub fn opens_package(&self, log: LogId, sealed: &[u8]) -> bool {
        Package::open(&self.group_era(log), log, sealed).is_ok()
    }

    /// Whether a commit opens with what this device knows of the log.
    #[must_use]
    pub fn opens_commit(&self, log: LogId, entry: &LogEntry) -> bool {
        entry.kind == EntryKind::Commit
            && CommitEntry::open(&self.group_era(log), log, &entry.payload).is_ok()
    }
}

impl Watcher {
    /// Learns the era's secret from what the relay has for the link; whether it opened.
    pub fn learn(&mut self, log: LogId, wrap: &[u8]) -> bool {
        let Some(secret) = self.link.secret.open(log, wrap) else { return false };
        self.eras.push((log, GroupEra::new(*secret, UnixMillis(0))));
        true
    }

    fn eras_of(&self, log: LogId) -> impl Iterator<Item = &GroupEra> {
        self.eras.iter().filter(move |(known, _)| *known == log).map(|(_, era)| era)
    }

    /// Who is in the group, as far as what members left says.
    #[must_use]
    pub fn members(&self, log: LogId, sealed: &[u8]) -> Vec<AccountId> {
        let package = self.eras_of(log).find_map(|era| Package::open(era, log, sealed).ok());
        let outside = package.and_then(|it| Outside::read(&self.provider, &it.group_info, &it.tree).ok());
        outside.map(|outside| outside.state.accounts()).unwrap_or_default()
    }

    /// What it makes of an entry, with every key that it has.
    #[must_use]
    pub fn see(&self, log: LogId, entry: &LogEntry) -> Seen {
        for era in self.eras_of(log) {
            if entry.kind == EntryKind::Commit && CommitEntry::open(era, log, &entry.payload).is_ok() {
                return Seen::Commit;
            }
            let kept = KeptEntry::read(&entry.payload);
            if kept.is_some_and(|kept| kept.open(era, log, entry.epoch).is_ok()) {
                return Seen::Kept;
            }
            if is_ask(&entry.payload) && AskKey::new(*era.expose()).open(log, &entry.payload).is_ok() {
                return Seen::Ask;
            }
        }
        Seen::Sealed
    }
}

/// How a message that is shared is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrue {
    /// It is.
    Nothing,
    /// It says something else.
    Text,
    /// It is said to be by this device of somebody else.
    Author(AccountId, DeviceId),
    /// It was written in another group.
    Group,
    /// It has another time of writing.
    Time,
    /// It is said to have been stored long after its reader came.
    Stored,
    /// It was written in another epoch.
    Epoch,
}

impl Peer {
    /// Shares texts that this device wrote with somebody, and changes what was signed: each says what is untrue of it.
    pub fn shared(&mut self, log: LogId, to: AccountId, untrue: &[Untrue]) -> Vec<u8> {
        let group = self.groups.get(&log).unwrap().id().unwrap();
        let messages: Vec<PastMessage> = untrue.iter().map(|untrue| self.past(log, group, *untrue)).collect();
        let all = u32::try_from(messages.len()).ok();
        let content = Content {
            id: MessageId(self.random.array()),
            time: UnixMillis(3),
            head: HeadHint::of(&self.log.head()),
            claim: None,
            token: None,
            signature: None,
            body: Body::Past(Box::new(Past { to, messages, all })),
        };
        self.seal(log, &content.encode().unwrap())
    }

    fn past(&self, log: LogId, group: GroupId, untrue: Untrue) -> PastMessage {
        let (account, device, time) = (self.account.id, self.account.device, UnixMillis(3));
        let (id, part) = (MessageId(self.random.array()), Part::of_text(format!("{untrue:?}")));
        let group = if untrue == Untrue::Group { GroupId([0x77; 16]) } else { group };
        let epoch = self.epoch(log);
        let proof = Signed { group, account, device, id, time, epoch, part: &part }.sign(&self.key);
        let stored = UnixMillis(4);
        let message = PastMessage { account, device, proof, id, time, log, seq: Seq(1), stored, part };
        match untrue {
            Untrue::Nothing | Untrue::Group => message,
            Untrue::Text => PastMessage { part: Part::of_text("altered".to_owned()), ..message },
            Untrue::Author(account, device) => PastMessage { account, device, ..message },
            Untrue::Time => PastMessage { time: UnixMillis(1), ..message },
            Untrue::Stored => PastMessage { stored: UnixMillis(u64::MAX), ..message },
            Untrue::Epoch => {
                let proof = Proof { epoch: message.proof.epoch.next(), ..message.proof };
                PastMessage { proof, ..message }
            }
        }
    }
}
