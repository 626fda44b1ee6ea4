//! Makes blobs for tests, with what a test needs to put and read them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what fails here fails the test that uses it"
)]

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, DeleteBlobs, FetchBlob, PutBlob, RelayError, Request};
use parley_protocol::ids::BlobId;
use parley_protocol::limits::MAX_BLOB_PART;

use crate::accounts::{TestAccount, TestDevice};
use crate::relay_client::RelayClient;

/// A blob that no relay knows yet.
#[derive(Clone)]
pub struct TestBlob {
    /// Its id.
    pub id: BlobId,
    /// The complete content.
    pub bytes: Vec<u8>,
}

impl TestBlob {
    /// Makes a blob of this length, whose content repeats nowhere soon.
    #[must_use]
    pub fn new(length: usize) -> Self {
        let word = |at: usize| at.wrapping_mul(0x9E37_79B9).to_le_bytes();
        let bytes = (0..length.div_ceil(8)).flat_map(word).take(length).collect();
        Self { id: BlobId(crate::unique()), bytes }
    }

    /// The length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap()
    }

    /// The request of `device` to put the part of at most `length` bytes that begins at `offset`.
    #[must_use]
    pub fn part(&self, account: &TestAccount, device: &TestDevice, offset: u64, length: usize) -> PutBlob {
        let begin = usize::try_from(offset).unwrap();
        let end = self.bytes.len().min(begin + length);
        PutBlob {
            address: account.address(device),
            capability: device.inbox.clone(),
            blob: self.id,
            size: self.size(),
            offset,
            bytes: Bytes::new(self.bytes.get(begin..end).unwrap().to_vec()).unwrap(),
        }
    }

    /// Puts the bytes that the relay does not have yet, one part after the other.
    pub async fn upload(&self, client: &mut RelayClient, account: &TestAccount, device: &TestDevice) {
        let mut at = stored(client.call(Request::PutBlob(self.part(account, device, 0, 0))).await).unwrap();
        while at < self.size() {
            let part = self.part(account, device, at, MAX_BLOB_PART);
            at = stored(client.call(Request::PutBlob(part)).await).unwrap();
        }
    }

    /// The request of the account's first device for a part.
    #[must_use]
    pub fn fetch(&self, account: &TestAccount, offset: u64, most: usize) -> FetchBlob {
        let (address, capability) = (account.address(&account.first), account.first.inbox.clone());
        FetchBlob { address, capability, blob: self.id, offset, most: u32::try_from(most).unwrap() }
    }

    /// Downloads the rest of the blob with the account's first device, after the bytes that it already has.
    pub async fn download(
        &self,
        client: &mut RelayClient,
        account: &TestAccount,
        mut begun: Vec<u8>,
    ) -> Vec<u8> {
        loop {
            let offset = u64::try_from(begun.len()).unwrap();
            let fetch = self.fetch(account, offset, MAX_BLOB_PART);
            match client.call(Request::FetchBlob(fetch)).await {
                Ok(Answer::BlobPart { bytes, .. }) if bytes.is_empty() => return begun,
                Ok(Answer::BlobPart { size, bytes }) => {
                    assert_eq!(size, self.size());
                    begun.extend_from_slice(&bytes);
                }
                other => panic!("instead of a part came {other:?}"),
            }
        }
    }

    /// The request that deletes the blob.
    #[must_use]
    pub fn delete(&self, account: &TestAccount, device: &TestDevice) -> Request {
        Request::DeleteBlobs(DeleteBlobs {
            address: account.address(device),
            capability: device.inbox.clone(),
            blobs: List::new(vec![self.id]).unwrap(),
        })
    }
}

/// The number of bytes of a blob that the relay has.
pub fn stored(answer: Result<Answer, RelayError>) -> Result<u64, RelayError> {
    match answer? {
        Answer::Blob { stored } => Ok(stored),
        other => panic!("instead of a place came {other:?}"),
    }
}
