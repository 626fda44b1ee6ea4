//! The encrypted backup: its contents and its seals. A backup holds what people see (who, when, what), never MLS state. At
//! the relay it is a row of segments, each sealed chunk by chunk under its own key; a manifest, which names the segments and
//! their keys; and a head, which names the manifest and has the manifest's key, sealed to the recovery phrase. A device of
//! the account signs the head. A backup file has a head of its own kind, also signed, and one stream of chunks.

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
