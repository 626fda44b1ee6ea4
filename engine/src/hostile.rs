//! A member that speaks MLS and obeys no rule of Parley, for attack tests. Only with the feature `hostile`, which no build
//! for the browser takes.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "an attack that cannot even be made fails the test that makes it"
)]

mod chat;
mod device_log;
mod files;
mod links;
mod reading;
mod relations;

use std::collections::BTreeMap;
use std::rc::Rc;

use ed25519_dalek::SigningKey;
use openmls::prelude::{
    Capabilities, ExtensionType, KeyPackage, KeyPackageIn, LeafNodeIndex, LeafNodeParameters,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsProvider as _, ProtocolVersion,
};
use parley_crypto::{MlsRandom, SUITE};
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{DeviceLog, DeviceRecord, LogHead, VerifyingKeyBytes};
use parley_protocol::frame::{
    AppendCommit, AppendMessages, CreateLog, InboxAddress, InboxPost, NewMessage, PublishKeyPackages,
    RegisterAccount, Request, Welcomes,
};
use parley_protocol::ids::{
    AccountId, AppendId, DeviceId, Epoch, Era, GroupId, LogId, MessageId, Seq, UnixMillis,
};
use parley_protocol::username::Username;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::account::Account;
use crate::channel::group_era::EraStep;
use crate::domain::consent::Proof;
use crate::domain::content::{
    Again, Body, Card, Content, HeadHint, Part, Place, Profile, Receipt, ReceiptOf, Resync, Sync,
};
use crate::domain::conversation::{ConversationKey, id_of};
use crate::domain::deletion::{Deleted, mark};
use crate::domain::draft::Draft;
use crate::domain::message::MessageBody;
use crate::mls::credential::Leaf;
use crate::mls::group::Group;
use crate::mls::{DeviceSigner, Provider, key_package};
use crate::records::state::StateStore;

pub use self::chat::ChatDeed;
pub use self::files::FileLie;
pub use self::links::{Seen, Untrue, Watcher};
pub use self::relations::Forged;
pub use crate::core::hostile_backup::{BackupLie, ForgedBackup, SignedAs, Thief};

/// First bytes of an inbox entry that is a Welcome.
const WELCOME: [u8; 2] = [1, 1];

/// Who a leaf says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The device's key.
    pub key: VerifyingKeyBytes,
}

impl Identity {
    /// A device as its account's log has it.
    #[must_use]
    pub const fn of(account: AccountId, device: &DeviceRecord) -> Self {
        Self { account, device: device.id, key: device.key }
    }

    const fn leaf(self) -> Leaf {
        Leaf { account: self.account, device: self.device, key: self.key }
    }
}

/// What a hostile commit does.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Replaces the own keys, as an honest one does.
    Update,
    /// Adds a member by its KeyPackage.
    Add(Vec<u8>),
    /// Throws out everybody else.
    RemoveOthers,
    /// Gives the own leaf another identity.
    Become(Identity),
    /// Replaces its keys, in a leaf that names so many extensions that nobody knows.
    Bloat(u16),
}

/// An account, one device of it, and its groups.
pub struct Peer {
    random: MlsRandom,
    provider: Provider,
    key: SigningKey,
    account: Account,
    log: DeviceLog,
    groups: BTreeMap<LogId, Group>,
    /// What its commits say of the group era.
    era: EraStep,
}

impl Peer {
    /// A new one; everything it makes follows from the seed.
    #[must_use]
    pub fn new(seed: u64, username: &str) -> Self {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(seed));
        let provider = Provider::new(random.clone(), Rc::new(StateStore::new(BTreeMap::new())));
        let key = SigningKey::from_bytes(&random.array());
        let name = Username::parse(username).unwrap();
        let account = Account::create(UnixMillis(1), &random, &key, username.to_owned(), name).unwrap();
        let log = account.log().unwrap();
        Self { random, provider, key, account, log, groups: BTreeMap::new(), era: EraStep::Begins }
    }

    /// The thief of a device: its keys, and the groups that it is in.
    pub(crate) fn with(
        seed: u64,
        state: StateStore,
        key: SigningKey,
        account: Account,
        logs: impl Iterator<Item = (LogId, GroupId)>,
    ) -> Self {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(seed));
        let provider = Provider::new(random.clone(), Rc::new(state));
        let groups =
            logs.filter_map(|(log, group)| Some((log, Group::load(&provider, group).ok()?))).collect();
        let log = account.log().unwrap();
        Self { random, provider, key, account, log, groups, era: EraStep::Begins }
    }

    /// From now on its commits say that the group era goes on.
    pub const fn let_group_eras_go_on(&mut self) {
        self.era = EraStep::GoesOn;
    }

    /// The logs of the groups that it is in.
    #[must_use]
    pub fn logs(&self) -> Vec<LogId> {
        self.groups.keys().copied().collect()
    }

    /// Whether it is in the group, as far as it has read.
    #[must_use]
    pub fn is_in(&self, log: LogId) -> bool {
        self.groups.get(&log).is_some_and(Group::is_active)
    }

    /// Its true identity.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let Leaf { account, device, key } = self.account.leaf(&self.key);
        Identity { account, device, key }
    }

    /// Its device's inbox.
    #[must_use]
    pub const fn address(&self) -> InboxAddress {
        self.account.address()
    }

    /// Its device log.
    #[must_use]
    pub const fn log(&self) -> &DeviceLog {
        &self.log
    }

    /// Goes on with this log.
    pub fn set_log(&mut self, log: DeviceLog) {
        self.log = log;
    }

    /// Puts it into the directory.
    #[must_use]
    pub fn registration(&self) -> Request {
        let log = List::new(self.log.entries().iter().take(1).cloned().collect()).unwrap();
        Request::RegisterAccount(RegisterAccount { log, claim: self.account.claim(&self.key) })
    }

    /// Publishes one KeyPackage of its own.
    #[must_use]
    pub fn publication(&self) -> Request {
        let package = Bytes::new(self.key_package(self.identity())).unwrap();
        Request::PublishKeyPackages(PublishKeyPackages {
            address: self.address(),
            capability: self.account.inbox.clone(),
            one_time: List::new(vec![package]).unwrap(),
            last_resort: None,
        })
    }

    /// A KeyPackage that says it is of `identity`, signed by the own key.
    #[must_use]
    pub fn key_package(&self, identity: Identity) -> Vec<u8> {
        key_package::make(&self.provider, &DeviceSigner(&self.key), &identity.leaf(), self.log.head(), false)
            .unwrap()
    }

    /// Makes a group as `identity` with whoever made the KeyPackages; the log's id and the Welcome.
    pub fn found(&mut self, identity: Identity, key_packages: &[Vec<u8>]) -> (LogId, Vec<u8>) {
        let log = LogId(self.random.array());
        (log, self.found_in(log, identity, key_packages))
    }

    /// The same, with a chosen id.
    pub fn found_in(&mut self, log: LogId, identity: Identity, key_packages: &[Vec<u8>]) -> Vec<u8> {
        let others: Vec<KeyPackage> = key_packages.iter().map(|bytes| self.unchecked(bytes)).collect();
        let signer = DeviceSigner(&self.key);
        let (group, welcome) =
            Group::create(&self.provider, &signer, &identity.leaf(), GroupId::begun_in(log), &others)
                .unwrap();
        self.groups.insert(log, group);
        welcome.together().unwrap()
    }

    fn unchecked(&self, bytes: &[u8]) -> KeyPackage {
        let MlsMessageBodyIn::KeyPackage(package) =
            MlsMessageIn::tls_deserialize_exact(bytes).unwrap().extract()
        else {
            unreachable!("not a KeyPackage");
        };
        KeyPackageIn::validate(package, self.provider.crypto(), ProtocolVersion::Mls10).unwrap()
    }

    /// Puts a Welcome into somebody's inbox.
    #[must_use]
    pub fn post(&self, to: InboxAddress, welcome: &[u8]) -> InboxPost {
        let proof: Proof = self.random.array();
        let payload = Bytes::new([WELCOME.as_slice(), &proof, welcome].concat()).unwrap();
        InboxPost { to, append: AppendId(self.random.array()), payload }
    }

    /// Makes the group's log at the relay, and posts the Welcome.
    #[must_use]
    pub fn creation(&self, log: LogId, to: InboxAddress, welcome: &[u8]) -> Request {
        Request::CreateLog(CreateLog {
            log,
            epoch: self.epoch(log),
            append: self.capability(log).hash(),
            read: self
                .groups
                .get(&log)
                .unwrap()
                .era(&self.provider, UnixMillis(0))
                .unwrap()
                .read_capability()
                .hash(),
            welcomes: Welcomes {
                posts: List::new(vec![self.post(to, welcome)]).unwrap(),
                end: Bytes::default(),
            },
            group_info: None,
        })
    }

    /// The group's epoch.
    #[must_use]
    pub fn epoch(&self, log: LogId) -> Epoch {
        self.groups.get(&log).unwrap().epoch()
    }

    /// Opens the group's log in this epoch.
    #[must_use]
    pub fn capability(&self, log: LogId) -> Capability {
        self.groups.get(&log).unwrap().capability(&self.provider).unwrap()
    }

    /// Encrypts bytes, whatever they are.
    pub fn seal(&mut self, log: LogId, bytes: &[u8]) -> Vec<u8> {
        let group = self.groups.get_mut(&log).unwrap();
        group.encrypt(&self.provider, &DeviceSigner(&self.key), bytes).unwrap()
    }

    /// Encrypts what a version to come may write: a text that replaces another one.
    pub fn newer(&mut self, log: LogId, text: &str) -> Vec<u8> {
        let head = self.log.head();
        self.content(log, &head, Body::Part(Part::newer(text)))
    }

    /// Encrypts a text that says the own device log ends at `head`.
    pub fn text(&mut self, log: LogId, text: &str, head: &LogHead) -> Vec<u8> {
        self.content(log, head, Body::Part(Part::of_text(text.to_owned())))
    }

    /// Encrypts a display name.
    pub fn name(&mut self, log: LogId, name: &str) -> Vec<u8> {
        let head = self.log.head();
        self.content(log, &head, Body::Profile(Profile { name: name.to_owned() }))
    }

    /// Encrypts a receipt for everything up to these places.
    pub fn receipt(&mut self, log: LogId, delivered: Seq, read: Seq) -> Vec<u8> {
        let head = self.log.head();
        self.content(log, &head, Body::Receipt(Receipt { delivered, read }))
    }

    /// Encrypts a receipt for everything up to these places of another log.
    pub fn receipt_of(&mut self, log: LogId, of: LogId, delivered: Seq, read: Seq) -> Vec<u8> {
        let (head, receipt) = (self.log.head(), Receipt { delivered, read });
        self.content(log, &head, Body::Receipts(vec![ReceiptOf { log: of, receipt }]))
    }

    /// Encrypts the wish that what stands in a log after a place is sent again.
    pub fn resync(&mut self, log: LogId, of: LogId, after: Seq) -> Vec<u8> {
        let head = self.log.head();
        self.content(log, &head, Body::Resync(Resync { log: of, after, reach: None, count: false }))
    }

    /// Encrypts what only devices of one account tell each other: that a message and the whole conversation with somebody
    /// were deleted, and what stands in its composer.
    pub fn deletion(
        &mut self,
        log: LogId,
        with: AccountId,
        (id, text): (MessageId, &str),
        logs: &[LogId],
    ) -> Vec<Vec<u8>> {
        let head = self.log.head();
        let (body, own) = (MessageBody::Part(Part::of_text(text.to_owned())), self.account.id);
        let deleted = Deleted {
            marks: [own, with].map(|author| mark(id_of(&with), &id, Some(&author), &body)).to_vec(),
            logs: logs.iter().map(|log| (*log, Seq(u64::MAX))).collect(),
            before: UnixMillis(u64::MAX),
            hidden: true,
            ..Deleted::new(ConversationKey::Peer(with), UnixMillis(u64::MAX))
        };
        let mut draft = Draft::new(ConversationKey::Peer(with));
        draft.edit("forged".to_owned(), UnixMillis(u64::MAX));
        [Sync::Deleted(deleted), Sync::Draft(draft)]
            .map(|sync| self.content(log, &head, Body::Sync(sync)))
            .to_vec()
    }

    /// Encrypts a text that is "sent again", with what it says of its first place: the log, its number there, when the relay
    /// stored it, and in which era.
    pub fn again(&mut self, log: LogId, text: &str, first: (LogId, Seq, UnixMillis, Era)) -> Vec<u8> {
        let head = self.log.head();
        let (of, seq, stored, era) = first;
        let place = Place { log: of, seq, stored, era: Some(era) };
        self.content(log, &head, Body::Again(Again { place, part: Part::of_text(text.to_owned()) }))
    }

    /// Encrypts that somebody is verified, which only devices of one account tell each other.
    pub fn verified(&mut self, log: LogId, account: AccountId) -> Vec<u8> {
        let head = self.log.head();
        let card = Card { account, name: None, verified: true };
        self.content(log, &head, Body::Sync(Sync::Cards(vec![card])))
    }

    /// Encrypts a text under a chosen id.
    pub fn text_with_id(&mut self, log: LogId, text: &str, head: &LogHead, id: MessageId) -> Vec<u8> {
        self.content_with_id(log, head, Body::Part(Part::of_text(text.to_owned())), id)
    }

    fn content(&mut self, log: LogId, head: &LogHead, body: Body) -> Vec<u8> {
        let id = MessageId(self.random.array());
        self.content_with_id(log, head, body, id)
    }

    fn content_with_id(&mut self, log: LogId, head: &LogHead, body: Body, id: MessageId) -> Vec<u8> {
        let content = Content {
            id,
            time: UnixMillis(3),
            head: HeadHint::of(head),
            claim: None,
            token: None,
            signature: None,
            body,
        };
        self.seal(log, &content.encode().unwrap())
    }

    /// Appends a ciphertext to the log.
    #[must_use]
    pub fn append(&self, log: LogId, payload: Vec<u8>) -> Request {
        let message =
            NewMessage { append: AppendId(self.random.array()), payload: Bytes::new(payload).unwrap() };
        Request::AppendMessages(AppendMessages {
            log,
            capability: self.capability(log),
            epoch: self.epoch(log),
            messages: List::new(vec![message]).unwrap(),
        })
    }

    /// A commit that does `deed`, to append to the log, and enters its epoch.
    pub fn commit(&mut self, log: LogId, deed: &Deed) -> Request {
        let before = (self.epoch(log), self.capability(log));
        let added = if let Deed::Add(bytes) = deed { Some(self.unchecked(bytes)) } else { None };
        let signer = DeviceSigner(&self.key);
        let provider = &self.provider;
        let mls = self.groups.get_mut(&log).unwrap().raw();
        mls.set_aad(self.era.authenticated_data().to_vec());
        let others: Vec<LeafNodeIndex> =
            mls.members().map(|member| member.index).filter(|index| *index != mls.own_leaf_index()).collect();
        let message = match (deed, added) {
            (Deed::Add(_), Some(package)) => mls.add_members(provider, &signer, &[package]).unwrap().0,
            (Deed::RemoveOthers, _) => mls.remove_members(provider, &signer, &others).unwrap().0,
            (Deed::Become(identity), _) => {
                let leaf = identity.leaf().credential();
                let leaf = LeafNodeParameters::builder().with_credential_with_key(leaf).build();
                mls.self_update(provider, &signer, leaf).unwrap().into_commit()
            }
            (Deed::Bloat(count), _) => {
                let ours = key_package::capabilities();
                let mut all: Vec<ExtensionType> = ours.extensions().to_vec();
                all.extend((0..*count).map(|it| ExtensionType::Unknown(0xE000 + it)));
                let can = Capabilities::new(None, Some(&[SUITE]), Some(&all), Some(ours.proposals()), None);
                let leaf = LeafNodeParameters::builder().with_capabilities(can).build();
                mls.self_update(provider, &signer, leaf).unwrap().into_commit()
            }
            _ => mls.self_update(provider, &signer, LeafNodeParameters::default()).unwrap().into_commit(),
        };
        self.enter(log, before, &message)
    }

    /// A commit that lets in whoever made the KeyPackage, and their Welcome; enters its epoch.
    pub fn let_in(&mut self, log: LogId, key_package: &[u8]) -> (Request, Vec<u8>) {
        let before = (self.epoch(log), self.capability(log));
        let package = self.unchecked(key_package);
        let mls = self.groups.get_mut(&log).unwrap().raw();
        mls.set_aad(EraStep::Begins.authenticated_data().to_vec());
        let (commit, welcome, _) =
            mls.add_members(&self.provider, &DeviceSigner(&self.key), &[package]).unwrap();
        (self.enter(log, before, &commit), welcome.tls_serialize_detached().unwrap())
    }

    /// Enters the epoch after a commit that was made in the one before.
    fn enter(&mut self, log: LogId, before: (Epoch, Capability), commit: &MlsMessageOut) -> Request {
        let (epoch, capability) = before;
        let group = self.groups.get_mut(&log).unwrap();
        let next = group.next_capability(&self.provider).unwrap();
        let era = group.next_era(&self.provider, UnixMillis(0)).unwrap();
        group.merge_pending(&self.provider).unwrap();
        Request::AppendCommit(AppendCommit {
            log,
            capability,
            epoch,
            append: AppendId(self.random.array()),
            commit: Bytes::new(commit.tls_serialize_detached().unwrap()).unwrap(),
            next_append: next.hash(),
            next_read: (self.era == EraStep::Begins).then(|| era.read_capability().hash()),
            welcomes: Welcomes::default(),
            group_info: None,
        })
    }
}
