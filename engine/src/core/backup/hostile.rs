//! What a stolen device does with the account's backup, for attack tests (feature `hostile`).

use parley_crypto::MlsRandom;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{FetchBackupHead, Request};
use parley_protocol::ids::{AccountId, BlobId, LogId, MessageId, Seq, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

use super::blobs::{MANIFEST, padded};
use crate::backup::{ChunkWriter, DataKey, Head, Item, Known, Manifest, Segment, seal};
use crate::content::{BackupNews, Card, History, Sync};
use crate::core::Engine;
use crate::message::Message;
use crate::recovery::{BackupAddress, RecoverySeed};
use crate::view::BodyView;

/// What a stolen device tells the account's others of the backup.
#[derive(Debug, Clone, Copy)]
pub struct BackupLie {
    /// The backup is to be sealed to a phrase of the thief's.
    pub recipient: bool,
    /// "So often was it changed how it is sealed."
    pub generation: u32,
    /// "So many devices more were removed than the device log says."
    pub ahead: u32,
}

/// What a thief knows of a backup: the phrases and keys that its device had, or made up.
pub struct Thief {
    account: AccountId,
    own: RecoverySeed,
    seeds: Vec<RecoverySeed>,
    keys: Vec<DataKey>,
    address: BackupAddress,
}

/// A backup that a thief made up.
pub struct ForgedBackup {
    /// Its head.
    pub head: Vec<u8>,
    /// Its manifest and its segment, and what reads them.
    pub blobs: Vec<(BlobId, CapabilityHash, Vec<u8>)>,
}

impl Engine {
    /// What whoever holds this device knows.
    pub fn thief(&self) -> Option<Thief> {
        let (account, news) = (self.account.as_ref()?, self.backup.news.as_ref()?);
        let own = RecoverySeed::new([0xE7; 32]);
        let before = self.backup.before.iter().map(|news| news.key.clone());
        let keys = [news.key.clone(), DataKey::new([0xFF; 32])].into_iter().chain(before).collect();
        let seeds = vec![own.clone(), account.recovery.clone()];
        Some(Thief { account: account.id, own, seeds, keys, address: news.address.clone() })
    }

    /// Tells the account's other devices of a key that this one has made up. It goes out with the next input.
    pub fn lie_about_backup(&mut self, lie: &BackupLie) {
        let (Some(thief), Some(news)) = (self.thief(), self.backup.news.clone()) else { return };
        let mut address = news.address.clone();
        if lie.recipient {
            address.recipient = thief.own.backup_address().recipient;
            address.access = thief.own.backup_address().access;
        }
        let (generation, key) = (lie.generation, DataKey::new([0xFF; 32]));
        self.sync(Sync::Backup(Box::new(BackupNews { generation, key, address, ..news })));
    }
}

impl Thief {
    /// Whether anything that the thief knows opens the head of a backup.
    #[must_use]
    pub fn opens(&self, head: &[u8]) -> bool {
        self.keys.iter().any(|key| Head::open(head, key).is_ok())
            || self.seeds.iter().any(|seed| Head::recover(head, &self.account, seed).is_ok())
    }

    /// Asks for the head of the backup in every way that the thief's device ever could.
    #[must_use]
    pub fn fetches(&self) -> Vec<Request> {
        let known = [self.address.access.clone(), self.own.backup_address().access];
        let fetch = |access| Request::FetchBackupHead(FetchBackupHead { account: self.account, access });
        known.into_iter().map(fetch).collect()
    }

    /// A backup with a text that `peer` never wrote, and with `peer` as somebody whom the account has verified.
    #[must_use]
    pub fn forge(&self, random: u64, peer: AccountId, text: &str) -> Option<ForgedBackup> {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(random));
        let card = Card { account: peer, name: Some("Bob".into()), verified: true };
        let message = Message {
            id: MessageId(random.array()),
            time: UnixMillis(1),
            stored: UnixMillis(2),
            log: LogId(random.array()),
            seq: Seq(1),
            own: false,
            body: BodyView::Text(text.to_owned()),
        };
        let mut writer = ChunkWriter::new(DataKey::draw(&random));
        writer.push(&Item::Known(Known { entries: Vec::new(), username: None, card }));
        writer.push(&Item::History(History { peer, messages: vec![message], receipts: Vec::new() }));
        let (key, bytes) = writer.finish();
        let segment = Segment { blob: BlobId(random.array()), key, size: length(&bytes), hash: hash(&bytes) };
        let key = DataKey::draw(&random);
        let manifest = Manifest { segments: vec![segment.clone()], ..Manifest::default() };
        let manifest = seal(&key, &random, MANIFEST, &padded(&manifest));
        let head = Head { manifest: BlobId(random.array()), size: length(&manifest), hash: hash(&manifest) };
        let blobs = vec![
            (segment.blob, segment.key.access().hash(), bytes),
            (head.manifest, key.access().hash(), manifest),
        ];
        let head = head.seal(&random, &self.account, &self.address, &key).ok()?;
        Some(ForgedBackup { head, blobs })
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
