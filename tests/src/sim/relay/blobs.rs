//! Blobs and the heads of backups, in memory.

use std::collections::BTreeMap;

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{Answer, BackupHead, FetchBlob, PutBlob, RelayError, Request, WriteBackupHead};
use parley_protocol::ids::{AccountId, BlobId};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};

use super::VirtualRelay;

#[derive(Clone)]
struct Blob {
    account: AccountId,
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
    /// The requests about blobs and backups.
    pub(super) fn answer_blob(&mut self, request: Request) -> Result<Answer, RelayError> {
        match request {
            Request::PutBlob(put) => {
                self.own_inbox(&put.address, &put.capability)?;
                self.blobs.put(&put)
            }
            Request::FetchBlob(fetch) => {
                self.own_inbox(&fetch.address, &fetch.capability)?;
                self.blobs.fetch(&fetch)
            }
            Request::DeleteBlobs(delete) => {
                self.own_inbox(&delete.address, &delete.capability)?;
                let own = |blob: &Blob| blob.account == delete.address.account;
                self.blobs.blobs.retain(|id, blob| !(own(blob) && delete.blobs.contains(id)));
                Ok(Answer::Done)
            }
            Request::WriteBackupHead(write) => {
                self.own_inbox(&write.address, &write.capability)?;
                let (account, ends) = (write.address.account, write.value.is_empty());
                let written = self.blobs.write_head(write)?;
                if ends {
                    self.blobs.blobs.retain(|_, blob| blob.account != account);
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

    /// Gives a test all blobs and heads of backups, to look into or to damage them.
    pub fn blobs_mut(&mut self) -> impl Iterator<Item = &mut Vec<u8>> {
        self.blobs.blobs.values_mut().map(|blob| &mut blob.bytes)
    }

    /// The relay has lost these blobs, counted in the order of their ids.
    pub fn lose_blobs(&mut self, lost: impl Fn(usize) -> bool) {
        let mut number = 0..;
        self.blobs.blobs.retain(|_, _| !number.next().is_some_and(&lost));
    }

    /// The relay says that this is the account's backup: a head, and blobs.
    pub fn invent_backup(&mut self, account: &AccountId, head: &[u8], blobs: Vec<(BlobId, Vec<u8>)>) {
        for (id, bytes) in blobs {
            let blob = Blob { account: *account, size: length(&bytes), bytes };
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
    fn put(&mut self, put: &PutBlob) -> Result<Answer, RelayError> {
        if put.size == 0 || put.size > MAX_BLOB {
            return Err(RelayError::TooLarge);
        }
        let account = put.address.account;
        // What is not a first part makes no blob.
        let begins = put.offset == 0 && !put.bytes.is_empty() && length(&put.bytes) <= put.size;
        if !begins && !self.blobs.contains_key(&put.blob) {
            return Ok(Answer::Blob { stored: 0 });
        }
        let new = || Blob { account, size: put.size, bytes: Vec::new() };
        let blob = self.blobs.entry(put.blob).or_insert_with(new);
        if (blob.account, blob.size) != (account, put.size) {
            return Err(RelayError::WrongCapability);
        }
        let at = length(&blob.bytes);
        if put.offset == at && at + length(&put.bytes) <= blob.size {
            blob.bytes.extend_from_slice(&put.bytes);
        }
        Ok(Answer::Blob { stored: length(&blob.bytes) })
    }

    fn fetch(&self, fetch: &FetchBlob) -> Result<Answer, RelayError> {
        let own = |blob: &&Blob| blob.account == fetch.address.account;
        let blob = self.blobs.get(&fetch.blob).filter(own).ok_or(RelayError::UnknownBlob)?;
        let most = usize::try_from(fetch.most).unwrap().min(MAX_BLOB_PART);
        let rest = blob.bytes.get(usize::try_from(fetch.offset).unwrap()..).unwrap_or_default();
        let bytes = Bytes::new(rest[..rest.len().min(most)].to_vec()).unwrap();
        Ok(Answer::BlobPart { size: blob.size, bytes })
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

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}
