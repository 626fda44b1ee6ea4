//! The virtual relay's blobs and heads of backups.

use std::collections::BTreeMap;

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{Answer, BackupHead, FetchBlob, RelayError, Request, WriteBackupHead};
use parley_protocol::ids::{AccountId, BlobHash, BlobId, LogId};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};

use sha2::{Digest as _, Sha256};

use super::VirtualRelay;

/// The owner of a blob; for a blob of a log, also its hash and the hash of the capability that reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Account(AccountId),
    Log(LogId, BlobHash, CapabilityHash),
}

#[derive(Clone)]
struct Blob {
    owner: Owner,
    size: u64,
    bytes: Vec<u8>,
}

/// All blobs and the heads of backups.
#[derive(Clone, Default)]
pub(super) struct Blobs {
    blobs: BTreeMap<BlobId, Blob>,
    heads: BTreeMap<AccountId, BackupHead>,
}

impl VirtualRelay {
    /// Answers the requests about blobs and backups.
    pub(super) fn answer_blob(&mut self, request: Request) -> Result<Answer, RelayError> {
        match request {
            Request::PutBlob(put) => {
                self.own_inbox(&put.address, &put.capability)?;
                let owner = Owner::Account(put.address.account);
                self.blobs.put(owner, (put.blob, put.size, put.offset), &put.bytes)
            }
            Request::PutLogBlob(put) => {
                let log = self.logs.get(&put.log).ok_or(RelayError::UnknownLog)?;
                log.check(&put.capability, put.epoch)?;
                let owner = Owner::Log(put.log, put.hash, put.reader);
                self.blobs.put(owner, (put.blob, put.size, put.offset), &put.bytes)
            }
            Request::FetchLogBlob(fetch) => {
                let reader = fetch.capability.hash();
                let opens = |blob: &&Blob| {
                    matches!(blob.owner, Owner::Log(_, _, hash) if hash == reader)
                        && length(&blob.bytes) == blob.size
                };
                let blob = self.blobs.blobs.get(&fetch.blob).filter(opens).ok_or(RelayError::UnknownBlob)?;
                Ok(blob.part(fetch.offset, fetch.most))
            }
            Request::FetchBlob(fetch) => {
                self.own_inbox(&fetch.address, &fetch.capability)?;
                self.blobs.fetch(&fetch)
            }
            Request::DeleteBlobs(delete) => {
                self.own_inbox(&delete.address, &delete.capability)?;
                let own = |blob: &Blob| blob.owner == Owner::Account(delete.address.account);
                self.blobs.blobs.retain(|id, blob| !(own(blob) && delete.blobs.contains(id)));
                Ok(Answer::Done)
            }
            Request::WriteBackupHead(write) => {
                self.own_inbox(&write.address, &write.capability)?;
                let (account, ends) = (write.address.account, write.value.is_empty());
                let written = self.blobs.write_head(write)?;
                if ends {
                    self.blobs.blobs.retain(|_, blob| blob.owner != Owner::Account(account));
                }
                Ok(written)
            }
            Request::FetchBackupHead(fetch) => {
                self.own_inbox(&fetch.address, &fetch.capability)?;
                let head = self.blobs.heads.get(&fetch.address.account).ok_or(RelayError::UnknownBlob)?;
                Ok(Answer::BackupHead(head.clone()))
            }
            Request::FindRecoveryKey(key) => {
                let found = self.accounts.iter().find(|(_, account)| account.log.recovery_key() == key);
                let account = found.map(|(id, _)| *id).ok_or(RelayError::UnknownAccount)?;
                self.directory(&account)
            }
            _ => Err(RelayError::Internal),
        }
    }

    /// Gives a test all blobs and heads of backups, to read or damage them.
    pub fn blobs_mut(&mut self) -> impl Iterator<Item = &mut Vec<u8>> {
        self.blobs.blobs.values_mut().map(|blob| &mut blob.bytes)
    }

    /// Makes the relay lose these blobs, counted in the order of their ids.
    pub fn lose_blobs(&mut self, lost: impl Fn(usize) -> bool) {
        let mut number = 0..;
        self.blobs.blobs.retain(|_, _| !number.next().is_some_and(&lost));
    }

    /// Replaces the account's backup by an invented one: a head and blobs.
    pub fn invent_backup(&mut self, account: &AccountId, head: &[u8], blobs: Vec<(BlobId, Vec<u8>)>) {
        for (id, bytes) in blobs {
            let blob = Blob { owner: Owner::Account(*account), size: length(&bytes), bytes };
            self.blobs.blobs.insert(id, blob);
        }
        let known = self.blobs.heads.get_mut(account).unwrap();
        *known = BackupHead { version: known.version + 1, value: Bytes::new(head.to_vec()).unwrap() };
    }

    /// The head of an account's backup, if it has one.
    #[must_use]
    pub fn backup_head(&self, account: &AccountId) -> Option<&BackupHead> {
        self.blobs.heads.get(account)
    }
}

impl Blobs {
    fn put(
        &mut self,
        owner: Owner,
        (id, size, offset): (BlobId, u64, u64),
        bytes: &[u8],
    ) -> Result<Answer, RelayError> {
        if size == 0 || size > MAX_BLOB {
            return Err(RelayError::TooLarge);
        }
        // A part that is not the first makes no blob.
        let begins = offset == 0 && !bytes.is_empty() && length(bytes) <= size;
        if !begins && !self.blobs.contains_key(&id) {
            return Ok(Answer::Blob { stored: 0 });
        }
        let blob = self.blobs.entry(id).or_insert_with(|| Blob { owner, size, bytes: Vec::new() });
        if (blob.owner, blob.size) != (owner, size) {
            return Err(RelayError::WrongCapability);
        }
        let at = length(&blob.bytes);
        if offset == at && at + length(bytes) <= blob.size {
            blob.bytes.extend_from_slice(bytes);
        }
        let stored = length(&blob.bytes);
        if let Owner::Log(_, hash, _) = owner
            && stored == size
            && hash.0 != <[u8; 32]>::from(Sha256::digest(&blob.bytes))
        {
            self.blobs.remove(&id);
            return Err(RelayError::WrongHash);
        }
        Ok(Answer::Blob { stored })
    }

    fn fetch(&self, fetch: &FetchBlob) -> Result<Answer, RelayError> {
        let own = |blob: &&Blob| blob.owner == Owner::Account(fetch.address.account);
        let blob = self.blobs.get(&fetch.blob).filter(own).ok_or(RelayError::UnknownBlob)?;
        Ok(blob.part(fetch.offset, fetch.most))
    }

    fn write_head(&mut self, write: WriteBackupHead) -> Result<Answer, RelayError> {
        let account = write.address.account;
        let version = self.heads.get(&account).map_or(0, |head| head.version);
        if version != write.after {
            return Err(RelayError::BackupConflict);
        }
        let head = BackupHead { version: version + 1, value: write.value };
        self.heads.insert(account, head.clone());
        Ok(Answer::BackupHead(head))
    }
}

impl Blob {
    fn part(&self, offset: u64, most: u32) -> Answer {
        let most = usize::try_from(most).unwrap().min(MAX_BLOB_PART);
        let rest = self.bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        Answer::BlobPart {
            size: self.size,
            bytes: Bytes::new(rest[..rest.len().min(most)].to_vec()).unwrap(),
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}
