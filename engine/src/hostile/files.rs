//! Files that an attacker sends.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{PutLogBlob, Request};
use parley_protocol::ids::{BlobHash, BlobId, LogId};
use sha2::{Digest as _, Sha256};

use super::Peer;
use crate::attachment::stream::Shape;
use crate::domain::content::files::{Disposition, ExternalPart, FileKey, Files, Hints};
use crate::domain::content::{Body, Part};

/// What is wrong with a file.
#[derive(Debug, Clone, Default)]
pub struct FileLie {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// What is sealed.
    pub bytes: Vec<u8>,
    /// The length that the message names, if not that.
    pub says: Option<u64>,
    /// The message names another hash.
    pub other_hash: bool,
    /// The message names another key.
    pub other_key: bool,
    /// These chunks change places before they are hashed.
    pub swapped: Option<(usize, usize)>,
}

impl Peer {
    /// What puts the file at the relay, and the message about it.
    pub fn file(&mut self, log: LogId, lie: &FileLie) -> (Vec<Request>, Vec<u8>) {
        let key = FileKey::new(self.random.array());
        let shape = Shape::of(u64::try_from(lie.bytes.len()).unwrap()).unwrap();
        let mut rest = lie.bytes.as_slice();
        let mut chunks = Vec::new();
        for index in 0..shape.chunks() {
            let (content, behind) = rest.split_at(shape.content(index));
            rest = behind;
            chunks.push(shape.seal(&key, index, content));
        }
        if let Some((one, other)) = lie.swapped {
            chunks.swap(one, other);
        }
        let sealed = chunks.concat();
        let hash: [u8; 32] = Sha256::digest(&sealed).into();
        let (blob, reader) = (BlobId(self.random.array()), Capability::new(self.random.array()));
        let (epoch, capability) = (self.groups.get(&log).unwrap().epoch(), self.capability(log));
        let puts = (0_u64..).zip(sealed.chunks(256 * 1024)).map(|(index, part)| {
            Request::PutLogBlob(PutLogBlob {
                log,
                capability: capability.clone(),
                epoch,
                blob,
                size: u64::try_from(sealed.len()).unwrap(),
                hash: BlobHash(hash),
                reader: reader.hash(),
                offset: index * 256 * 1024,
                bytes: Bytes::new(part.to_vec()).unwrap(),
            })
        });
        let puts = puts.collect();
        let named = (Disposition::Render, lie.content_type.clone(), lie.name.clone());
        let says = lie.says.unwrap_or_else(|| u64::try_from(lie.bytes.len()).unwrap());
        let key = if lie.other_key { FileKey::new([7; 32]) } else { key };
        let mut part = ExternalPart::begun(named, says, key, (blob, reader), Hints::default());
        part.content_hash = BlobHash(if lie.other_hash { [7; 32] } else { hash });
        let files = Files { text: String::new(), parts: vec![part] };
        let head = self.log.head();
        let message = self.content(log, &head, Body::Part(Part::of_files(&files)));
        (puts, message)
    }
}
