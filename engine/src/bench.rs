//! Bare OpenMLS, to measure beside the engine: the same suite, provider and options, a map in memory, and nothing that the
//! engine adds (identity, padding, outbox, history, sealing, disk).

use std::collections::BTreeMap;
use std::rc::Rc;

use ed25519_dalek::SigningKey;
use openmls::prelude::KeyPackage;
use parley_crypto::MlsRandom;
use parley_protocol::device_log::{LogHead, VerifyingKeyBytes};
use parley_protocol::ids::{AccountId, DeviceId, EntryHash, GroupId, LogId};
use rand_core::CryptoRng;

use crate::mls::credential::Leaf;
use crate::mls::group::{Group, Incoming, OpenedWelcome};
use crate::mls::{DeviceSigner, Provider, key_package};
use crate::records::state::StateStore;

/// Something that OpenMLS did not do; a benchmark has no use for why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("OpenMLS refused")]
pub struct Refused;

/// One member of a group of two.
pub struct Bare {
    provider: Provider,
    state: Rc<StateStore>,
    random: MlsRandom,
    key: SigningKey,
    leaf: Leaf,
    group: Option<Group>,
}

impl Bare {
    /// A member without a group.
    #[must_use]
    pub fn new(rng: &mut impl CryptoRng) -> Self {
        let random = MlsRandom::new(rng);
        let state = Rc::new(StateStore::new(BTreeMap::new()));
        let key = SigningKey::from_bytes(&random.array());
        let leaf = Leaf {
            account: AccountId(random.array()),
            device: DeviceId(random.array()),
            key: VerifyingKeyBytes(key.verifying_key().to_bytes()),
        };
        let provider = Provider::new(random.clone(), Rc::clone(&state));
        Self { provider, state, random, key, leaf, group: None }
    }

    /// A KeyPackage of this member.
    pub fn key_package(&self) -> Result<Vec<u8>, Refused> {
        let head = LogHead { length: 1, hash: EntryHash(self.leaf.account.0) };
        key_package::make(&self.provider, &DeviceSigner(&self.key), &self.leaf, head, false)
            .map_err(|_| Refused)
    }

    /// Makes a group with the owner of a KeyPackage; returns the Welcome.
    pub fn create(&mut self, other: &Self, key_package: &[u8]) -> Result<Vec<u8>, Refused> {
        let checked = key_package::check(&self.provider, key_package, &other.leaf).map_err(|_| Refused)?;
        let (signer, log) = (DeviceSigner(&self.key), LogId(self.random.array()));
        let made = Group::create(&self.provider, &signer, &self.leaf, GroupId::begun_in(log), &[checked]);
        let (group, welcome) = made.map_err(|_| Refused)?;
        self.group = Some(group);
        welcome.together().map_err(|_| Refused)
    }

    /// Makes a group with the owners of these KeyPackages; returns the Welcome.
    pub fn create_with(&mut self, others: &[(&Self, Vec<u8>)]) -> Result<Vec<u8>, Refused> {
        let check = |(other, bytes): &(&Self, Vec<u8>)| {
            key_package::check(&self.provider, bytes, &other.leaf).map_err(|_| Refused)
        };
        let packages = others.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        let (signer, log) = (DeviceSigner(&self.key), LogId(self.random.array()));
        let made = Group::create(&self.provider, &signer, &self.leaf, GroupId::begun_in(log), &packages);
        let (group, welcome) = made.map_err(|_| Refused)?;
        self.group = Some(group);
        welcome.together().map_err(|_| Refused)
    }

    /// Adds the owner of a KeyPackage; returns the commit.
    pub fn add(&mut self, other: &Self, key_package: &[u8]) -> Result<Vec<u8>, Refused> {
        let checked = key_package::check(&self.provider, key_package, &other.leaf).map_err(|_| Refused)?;
        self.change(vec![checked], &[])
    }

    /// Removes a member; returns the commit.
    pub fn remove(&mut self, other: &Self) -> Result<Vec<u8>, Refused> {
        self.change(Vec::new(), &[other.leaf])
    }

    fn change(&mut self, add: Vec<KeyPackage>, remove: &[Leaf]) -> Result<Vec<u8>, Refused> {
        let group = self.group.as_mut().ok_or(Refused)?;
        let made = group.change_members(&self.provider, &DeviceSigner(&self.key), add, remove);
        let (commit, _) = made.map_err(|_| Refused)?;
        group.merge_pending(&self.provider).map_err(|_| Refused)?;
        Ok(commit)
    }

    /// Enters the epoch of somebody else's commit.
    pub fn follow(&mut self, commit: &[u8]) -> Result<(), Refused> {
        let group = self.group.as_mut().ok_or(Refused)?;
        match group.process(&self.provider, commit) {
            Ok(Incoming::Commit { staged, .. }) => group.merge(&self.provider, *staged).map_err(|_| Refused),
            _ => Err(Refused),
        }
    }

    /// Joins.
    pub fn join(&mut self, welcome: &[u8]) -> Result<(), Refused> {
        let opened = OpenedWelcome::open(&self.provider, welcome).map_err(|_| Refused)?;
        self.group = Some(opened.join(&self.provider).map_err(|_| Refused)?);
        Ok(())
    }

    /// Encrypts.
    pub fn encrypt(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        let group = self.group.as_mut().ok_or(Refused)?;
        group.encrypt(&self.provider, &DeviceSigner(&self.key), bytes).map_err(|_| Refused)
    }

    /// Decrypts.
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let group = self.group.as_mut().ok_or(Refused)?;
        match group.process(&self.provider, message) {
            Ok(Incoming::Message { padded, .. }) => Ok(padded),
            _ => Err(Refused),
        }
    }

    /// Forgets what the engine would write: between measurements, so that memory does not grow.
    pub fn tidy(&self) {
        self.state.take_changes(|_| ());
    }
}
