//! The encrypted backup: what is in it, and how it is sealed. A backup holds what people see (who, when, what), never
//! MLS state. It is a row of segments, each sealed chunk by chunk under a key of its own; a manifest, which names the
//! segments and their keys; and a head, which names the manifest and has its key, sealed to the recovery phrase, and which a device
//! of the account has signed. Or it is a file: a head of its own kind, signed likewise, and one stream of chunks.

mod chunks;
mod file;
mod file_head;
mod head;
mod items;
mod manifest;
mod sealed;

pub(crate) use self::chunks::{ChunkReader, ChunkWriter, Loss};
pub(crate) use self::file::{FileReader, Opener, PART};
pub(crate) use self::file_head::{Contents, FileHead};
pub(crate) use self::head::{Author, Cover, Head, removals};
pub(crate) use self::items::{Item, Known};
pub(crate) use self::manifest::{Manifest, Place, Segment};
pub(crate) use self::sealed::{BackupError, DataKey, open, seal};
