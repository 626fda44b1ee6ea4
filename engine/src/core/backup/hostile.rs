//! A stolen device that attacks the account's backup, for attack tests (feature `hostile`).

use ed25519_dalek::SigningKey;
use parley_crypto::MlsRandom;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{FetchBackupHead, InboxAddress, Request};
use parley_protocol::ids::{AccountId, BlobId, DeviceId, LogId, MessageId, Seq, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

use super::blobs::{MANIFEST, padded};
use super::items::Seen;
use crate::backup::{ChunkWriter, Cover, DataKey, Head, Item, Known, Manifest, Place, Segment, seal};
use crate::channel::log::Log;
use crate::core::Engine;
use crate::domain::content::{BackupNews, Card, History, Part, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{Author, Message, MessageBody};
use crate::domain::order::Order;
use crate::recovery::{BackupAddress, RecoverySeed};

/// What a stolen device tells the account's other devices about the backup.
#[derive(Debug, Clone, Copy)]
pub struct BackupLie {
    /// The backup must be sealed to a phrase of the thief.
    pub recipient: bool,
    /// A false number of changes to how the backup is sealed.
    pub generation: u32,
    /// A false number of further removed devices, beyond the device log.
    pub ahead: u32,
}

/// What a thief knows of a backup: the phrases and keys that its device had, or that the thief made up.
pub struct Thief {
    device: InboxAddress,
    inbox: Capability,
    signer: SigningKey,
    log: DeviceLog,
    own: RecoverySeed,
    seeds: Vec<RecoverySeed>,
    keys: Vec<DataKey>,
    address: BackupAddress,
}

/// How a thief signs a backup.
#[derive(Debug, Clone, Copy)]
pub enum SignedAs<'a> {
    /// As an unknown device.
    Nobody,
    /// As the stolen device, which knows this device log.
    Itself(&'a DeviceLog),
    /// As the stolen device, before it was removed.
    Before,
}

/// A backup that a thief made up.
pub struct ForgedBackup {
    /// Its head.
    pub head: Vec<u8>,
    /// Its manifest and its segment.
    pub blobs: Vec<(BlobId, Vec<u8>)>,
}

impl Engine {
    /// What a thief of this device knows.
    #[must_use]
    pub fn thief(&self) -> Option<Thief> {
        let (account, news) = (self.account.as_ref()?, self.backup.news.as_ref()?);
        let own = RecoverySeed::new([0xE7; 32]);
        let before = self.backup.before.iter().map(|news| news.key.clone());
        let keys = [news.key.clone(), DataKey::new([0xFF; 32])].into_iter().chain(before).collect();
        let seeds = vec![own.clone(), account.recovery.clone()];
        let (device, inbox) = (account.address(), account.inbox.clone());
        let (signer, log) = (self.key.clone()?, self.own_log.clone()?);
        Some(Thief { device, inbox, signer, log, own, seeds, keys, address: news.address.clone() })
    }

    /// Tells the account's other devices a key that this device made up. The message goes out with the next input.
    pub fn lie_about_backup(&mut self, lie: &BackupLie) {
        let (Some(thief), Some(news)) = (self.thief(), self.backup.news.clone()) else { return };
        let mut address = news.address.clone();
        if lie.recipient {
            address.recipient = thief.own.backup_address().recipient;
        }
        let (removals, generation) = (news.removals.saturating_add(lie.ahead), lie.generation);
        let key = DataKey::new([0xFF; 32]);
        self.sync(Sync::Backup(Box::new(BackupNews { removals, generation, key, address, on: true })));
    }
}

impl Engine {
    /// Makes this device write from now on that the backup has everything, whatever comes, and that all contacts are in it as
    /// they are: then no other device has to write anything.
    pub fn overstate_backup(&mut self) {
        let all: Vec<ConversationKey> = self.newest_first();
        for key in all {
            self.manifest.tops.insert(key, Order::from_bytes(&[0xFF; 48]));
        }
        let end = |log: &Log| (log.id, Place { conversation: log.conversation, seq: Seq(u64::MAX) });
        self.manifest.logs =
            self.logs.values().filter(|log| !self.is_own_conversation(&log.conversation)).map(end).collect();
        self.manifest.contacts = self.changed_items(&Seen::new()).1;
        self.backup.renew = true;
        self.save_manifest();
        self.save_backup();
        self.begin_backup();
    }
}

impl Thief {
    /// Whether anything that the thief knows opens the head of a backup.
    #[must_use]
    pub fn opens(&self, head: &[u8]) -> bool {
        self.keys.iter().any(|key| Head::open(head, key).is_ok())
            || self.seeds.iter().any(|seed| Head::recover(head, &self.device.account, seed).is_ok())
    }

    /// Requests for the head of the backup in every way that the thief's device ever could.
    #[must_use]
    pub fn fetches(&self) -> Vec<Request> {
        let (address, capability) = (self.device, self.inbox.clone());
        vec![Request::FetchBackupHead(FetchBackupHead { address, capability })]
    }

    /// A backup, as this version at the relay, with a text that `peer` never wrote, and with `peer` as somebody whom the account has verified.
    #[must_use]
    pub fn forge(
        &self,
        number: u32,
        peer: AccountId,
        text: &str,
        signed: SignedAs<'_>,
    ) -> Option<ForgedBackup> {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(u64::from(number)));
        let card = Card { account: peer, name: Some("Bob".into()), verified: true };
        let message = Message {
            id: MessageId(random.array()),
            time: UnixMillis(1),
            stored: UnixMillis(2),
            log: LogId(random.array()),
            seq: Seq(1),
            author: Some(Author { account: peer, device: DeviceId(random.array()), proof: None }),
            body: MessageBody::Part(Part::of_text(text.to_owned())),
        };
        let mut writer = ChunkWriter::new(DataKey::draw(&random));
        writer.push(&Item::Known(Known { entries: Vec::new(), username: None, card }));
        writer.push(&Item::History(History {
            conversation: ConversationKey::Peer(peer),
            messages: vec![message],
            receipts: Vec::new(),
        }));
        let (key, bytes) = writer.finish();
        let segment = Segment { blob: BlobId(random.array()), key, size: length(&bytes), hash: hash(&bytes) };
        let key = DataKey::draw(&random);
        let manifest = Manifest { segments: vec![segment.clone()], ..Manifest::default() };
        let manifest = seal(&key, &random, MANIFEST, &padded(&manifest));
        let head = Head { manifest: BlobId(random.array()), size: length(&manifest), hash: hash(&manifest) };
        let blobs = vec![(segment.blob, bytes), (head.manifest, manifest)];
        let (device, log, key_of_device) = match signed {
            SignedAs::Nobody => {
                (DeviceId(random.array()), &self.log, SigningKey::from_bytes(&random.array()))
            }
            SignedAs::Itself(log) => (self.device.device, log, self.signer.clone()),
            SignedAs::Before => (self.device.device, &self.log, self.signer.clone()),
        };
        let cover = Cover { device, log: log.head(), number, generation: u32::MAX };
        let account = self.device.account;
        let head = head.seal(&random, &account, &self.address, &key, (&cover, &key_of_device)).ok()?;
        Some(ForgedBackup { head, blobs })
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
