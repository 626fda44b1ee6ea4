//! MLS (RFC 9420) as Parley uses it: OpenMLS behind types of our own.

pub(crate) mod chat;
pub(crate) mod commit;
pub(crate) mod credential;
pub(crate) mod extensions;
pub(crate) mod group;
pub(crate) mod key_package;
mod settings;
pub(crate) mod storage;
pub(crate) mod welcome;

use std::rc::Rc;

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use parley_crypto::{MlsCrypto, MlsRandom};

use self::storage::MlsStorage;
use crate::records::state::StateStore;

/// Everything that OpenMLS asks for.
pub(crate) struct Provider {
    crypto: MlsCrypto,
    random: MlsRandom,
    storage: MlsStorage,
}

impl Provider {
    pub(crate) fn new(random: MlsRandom, state: Rc<StateStore>) -> Self {
        Self { crypto: MlsCrypto::new(random.clone()), random, storage: MlsStorage(state) }
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = MlsCrypto;
    type RandProvider = MlsRandom;
    type StorageProvider = MlsStorage;

    fn storage(&self) -> &MlsStorage {
        &self.storage
    }

    fn crypto(&self) -> &MlsCrypto {
        &self.crypto
    }

    fn rand(&self) -> &MlsRandom {
        &self.random
    }
}

/// The device's key as OpenMLS uses it: it is in memory only while the engine runs and never in MLS storage.
pub(crate) struct DeviceSigner<'a>(pub(crate) &'a SigningKey);

impl Signer for DeviceSigner<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

#[cfg(test)]
mod tests;
