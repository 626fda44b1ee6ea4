//! Every maximum of the wire format, in one place. `docs/wire-format.md` repeats this table.

/// Longest text of one message, in bytes of UTF-8.
pub const MAX_TEXT: usize = 64 * 1024;
/// Longest sealed message in a conversation log, in bytes: [`MAX_TEXT`], its padding and the MLS overhead.
pub const MAX_MESSAGE: usize = 96 * 1024;
/// Longest commit in a conversation log, in bytes.
pub const MAX_COMMIT: usize = 1024 * 1024;
/// Longest Welcome, in bytes.
pub const MAX_WELCOME: usize = 1024 * 1024;
/// Longest sealed GroupInfo, in bytes.
pub const MAX_GROUP_INFO: usize = 1024 * 1024;
/// Longest KeyPackage, in bytes (one of the X-Wing suite has about 2,700).
pub const MAX_KEY_PACKAGE: usize = 8 * 1024;
/// Longest body of one device log entry, in bytes.
pub const MAX_DEVICE_LOG_BODY: usize = 512;
/// Most entries in one device log.
pub const MAX_DEVICE_LOG: usize = 1024;
/// The last so many entries of a device log are for the recovery phrase: for devices that come back by it, and for another
/// phrase.
pub const PHRASE_ROOM: usize = 128;
/// Most entries that one device, or one recovery key, writes in a device log, removals not counted.
pub const MAX_BY_AUTHOR: usize = 64;
/// Most devices that an account has at one time.
pub const MAX_DEVICES: usize = 32;
/// Most accounts that one request asks the directory for.
pub const MAX_LOOKUPS: usize = 64;
/// The relay leaves the rest of an answer about device logs for another one beyond so many bytes of entries.
pub const LOOKUP_TARGET_BYTES: usize = 1024 * 1024;
/// Most messages in one append.
pub const MAX_APPEND: usize = 64;
/// Most Welcomes in one commit.
pub const MAX_WELCOMES: usize = 1024;
/// Most KeyPackages in one upload.
pub const MAX_KEY_PACKAGES: usize = 100;
/// Most entries that one push carries.
pub const MAX_PUSH: usize = 64;
/// Longest frame in either direction, in bytes.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;
/// Total size of the Welcomes of one commit as they travel, in bytes; with the largest commit and GroupInfo this stays
/// below [`MAX_FRAME`].
pub const MAX_WELCOME_TOTAL: usize = 3 * 512 * 1024;
/// Total size of the Welcomes of one commit as they stand in the inboxes, in bytes.
pub const MAX_WELCOMES_WHOLE: usize = 8 * 1024 * 1024;
/// The relay stops filling one push beyond this many payload bytes.
pub const PUSH_TARGET_BYTES: usize = 256 * 1024;
/// Shortest username, in characters.
pub const MIN_USERNAME: usize = 3;
/// Longest username, in characters.
pub const MAX_USERNAME: usize = 32;
/// Longest value of a rendezvous slot, in bytes.
pub const MAX_SLOT: usize = 4096;
/// How long a rendezvous slot lives, in milliseconds.
pub const SLOT_LIFETIME: u64 = 2 * 60 * 1000;
/// Longest blob, in bytes: the longest file with its padding and the tags of its chunks.
pub const MAX_BLOB: u64 = 112 * 1024 * 1024;
/// Longest file in a message, in bytes.
pub const MAX_FILE: u64 = 100 * 1024 * 1024;
/// Most bytes of a blob in one frame.
pub const MAX_BLOB_PART: usize = 256 * 1024;
/// Most blobs that one request deletes.
pub const MAX_BLOB_DELETES: usize = 256;
/// Longest head of a backup, in bytes.
pub const MAX_BACKUP_HEAD: usize = 4096;
/// Most invite links that lead into one log.
pub const MAX_LINKS: usize = 16;
/// Longest secret of a group era that is sealed to a link's key, in bytes.
pub const MAX_WRAP: usize = 2048;
/// Most logs that the relay names for one link.
pub const MAX_LINK_OFFERS: usize = 8;
/// Longest sealed request to be let into a group, in bytes.
pub const MAX_ASK: usize = 64 * 1024;
