//! The app lock: the master key, sealed under what a person knows (a passphrase) and, if they want, under what they have (a
//! passkey). `docs/storage-format.md` has the bytes.
//!
//! [`crate::Engine`] does not know of the lock: the host opens the lock, and opens the engine with the master key. There is
//! always a passphrase, because a person can lose a passkey without noticing.

mod key;

use parley_crypto::aead::{TAG, XNonce, xopen, xseal};
use serde::{Deserialize, Serialize};

pub use self::key::Cost;
use crate::seal::MasterKey;

/// Fewest characters of a passphrase that may be set.
pub const SHORTEST: usize = 8;
/// Version of the format.
const VERSION: u8 = 1;
const LABEL: &[u8] = b"parley lock v1\0";
const SEALED: usize = 32 + TAG;

/// Why bytes are no lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Written by a newer version of the app, which opens it.
    #[error("the lock has a newer version")]
    Newer,
    /// Cut off, changed, or something else.
    #[error("the lock is damaged")]
    Damaged,
}

/// Why a lock does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// Another passphrase or another passkey; trying again with the right one helps.
    #[error("the key does not open the lock")]
    Wrong,
    /// There is not so much memory now; trying again later may help.
    #[error("too little memory to derive the key")]
    Memory,
}

/// 24 bytes from a CSPRNG, used once.
pub type Nonce = XNonce;

/// A lock as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// It closes by itself after so many minutes without anybody; none is never.
    pub after: Option<u16>,
    passphrase: ByPassphrase,
    passkey: Option<ByPasskey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ByPassphrase {
    salt: [u8; 16],
    cost: Cost,
    sealed: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ByPasskey {
    passkey: Passkey,
    sealed: Sealed,
}

/// Which passkey it is and what it is asked for. No secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its credential id, of up to 1,023 bytes.
    pub credential: Vec<u8>,
    /// The input of its PRF extension.
    pub salt: [u8; 32],
}

/// The master key under the key of one way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    nonce: Nonce,
    ciphertext: Vec<u8>,
}

impl Lock {
    /// A lock that this passphrase opens. `salt` and `nonce` come from a CSPRNG and are used once.
    ///
    /// # Errors
    /// When there is too little memory.
    pub fn new(
        master: &MasterKey,
        passphrase: &str,
        salt: [u8; 16],
        nonce: Nonce,
        cost: Cost,
    ) -> Result<Self, UnlockError> {
        let passphrase = ByPassphrase::seal(master, passphrase, salt, nonce, cost)?;
        Ok(Self { after: None, passphrase, passkey: None })
    }

    /// Puts another passphrase in the place of the first; everything else stays. For the arguments see [`Lock::new`].
    ///
    /// # Errors
    /// When there is too little memory.
    pub fn change_passphrase(
        &mut self,
        master: &MasterKey,
        passphrase: &str,
        salt: [u8; 16],
        nonce: Nonce,
        cost: Cost,
    ) -> Result<(), UnlockError> {
        self.passphrase = ByPassphrase::seal(master, passphrase, salt, nonce, cost)?;
        Ok(())
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it is another passphrase, or when there is too little memory.
    pub fn open_with_passphrase(&self, passphrase: &str) -> Result<MasterKey, UnlockError> {
        let ByPassphrase { salt, cost, sealed } = &self.passphrase;
        let key = cost.derive(passphrase, salt)?;
        sealed.open(&key, &about_passphrase(salt, *cost))
    }

    /// Opens it by the output of the passkey's PRF (32 bytes).
    ///
    /// # Errors
    /// When it is another passkey's, or when no passkey opens this lock.
    pub fn open_with_passkey(&self, output: &[u8; 32]) -> Result<MasterKey, UnlockError> {
        let way = self.passkey.as_ref().ok_or(UnlockError::Wrong)?;
        way.sealed.open(&key::of_passkey(output), &about_passkey(&way.passkey))
    }

    /// The passkey that opens it besides the passphrase.
    #[must_use]
    pub fn passkey(&self) -> Option<&Passkey> {
        self.passkey.as_ref().map(|way| &way.passkey)
    }

    /// Lets a passkey open it too, in place of another one. `output` is that of its PRF.
    pub fn add_passkey(&mut self, master: &MasterKey, passkey: Passkey, output: &[u8; 32], nonce: Nonce) {
        let sealed = Sealed::seal(master, &key::of_passkey(output), nonce, &about_passkey(&passkey));
        self.passkey = Some(ByPasskey { passkey, sealed });
    }

    /// From now on only the passphrase opens it.
    pub fn remove_passkey(&mut self) {
        self.passkey = None;
    }

    /// As bytes: the version, then postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing into a vector does not fail.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// Reads what [`Lock::encode`] wrote.
    ///
    /// # Errors
    /// When it is of a newer version, damaged, or asks for more than an honest one does.
    pub fn decode(bytes: &[u8]) -> Result<Self, LockError> {
        let body = match bytes {
            [VERSION, body @ ..] => body,
            [version, ..] if *version > VERSION => return Err(LockError::Newer),
            _ => return Err(LockError::Damaged),
        };
        let Ok((lock, [])) = postcard::take_from_bytes::<Self>(body) else { return Err(LockError::Damaged) };
        let whole = |sealed: &Sealed| sealed.ciphertext.len() == SEALED;
        let ways = whole(&lock.passphrase.sealed)
            && lock
                .passkey
                .as_ref()
                .is_none_or(|way| whole(&way.sealed) && way.passkey.credential.len() < 1024);
        if ways && lock.passphrase.cost.is_sane() { Ok(lock) } else { Err(LockError::Damaged) }
    }
}

impl ByPassphrase {
    fn seal(
        master: &MasterKey,
        passphrase: &str,
        salt: [u8; 16],
        nonce: Nonce,
        cost: Cost,
    ) -> Result<Self, UnlockError> {
        let key = cost.derive(passphrase, &salt)?;
        let sealed = Sealed::seal(master, &key, nonce, &about_passphrase(&salt, cost));
        Ok(Self { salt, cost, sealed })
    }
}

impl Sealed {
    fn seal(master: &MasterKey, key: &[u8; 32], nonce: Nonce, about: &[u8]) -> Self {
        Self { nonce, ciphertext: xseal(key, &nonce, about, master.expose()) }
    }

    fn open(&self, key: &[u8; 32], about: &[u8]) -> Result<MasterKey, UnlockError> {
        let opened = xopen(key, &self.nonce, about, &self.ciphertext).map_err(|_| UnlockError::Wrong)?;
        let master = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| UnlockError::Wrong)?;
        Ok(MasterKey::new(master))
    }
}

/// What is bound to the key under a passphrase: how it was made.
fn about_passphrase(salt: &[u8; 16], cost: Cost) -> Vec<u8> {
    [LABEL, &[1], salt, &cost.memory.to_be_bytes(), &cost.passes.to_be_bytes()].concat()
}

/// What is bound to the key under a passkey: which one it is.
fn about_passkey(passkey: &Passkey) -> Vec<u8> {
    [LABEL, &[2], &passkey.salt, &passkey.credential].concat()
}

#[cfg(test)]
mod tests;
