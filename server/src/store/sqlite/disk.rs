//! Keeps a reserve of the disk, so that strangers cannot take the last of it. Existing accounts go on when new accounts, new
//! logs and blobs no longer fit, and a device can be removed when nothing else fits.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use rusqlite::Connection;

use crate::store::Room;

/// The floor is at most this fraction of the disk.
const PART: u64 = 8;

/// The disk of one database.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    floor: u64,
    room: AtomicU8,
}

/// Free and total bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Space {
    free: u64,
    total: u64,
}

impl Disk {
    /// `floor` is the reserve for existing accounts, in bytes.
    pub(super) fn new(folder: &Path, floor: u64) -> Self {
        let folder = folder.to_owned();
        Self { folder, floor, room: AtomicU8::new(rank(Room::Enough)) }
    }

    /// The result of the last check.
    pub(super) fn room(&self) -> Room {
        match self.room.load(Ordering::Relaxed) {
            0 => Room::Enough,
            1 => Room::Little,
            _ => Room::None,
        }
    }

    /// Checks how much room there is.
    pub(super) fn look(&self, connection: &Connection) {
        let Ok(file) = in_file(connection) else { return };
        let disk = on_disk(&self.folder);
        // SQLite uses the free pages inside of the file first.
        let free = disk.free.min(file.growth).saturating_add(file.unused);
        let found = judge(Space { free, total: disk.total.min(file.largest) }, self.floor);
        if found != self.room() {
            tracing::warn!(room = ?found, free_bytes = free, "the room on the disk has changed");
        }
        self.room.store(rank(found), Ordering::Relaxed);
    }
}

const fn rank(room: Room) -> u8 {
    match room {
        Room::Enough => 0,
        Room::Little => 1,
        Room::None => 2,
    }
}

fn judge(space: Space, floor: u64) -> Room {
    let floor = floor.min(space.total / PART);
    if space.free >= floor {
        Room::Enough
    } else if space.free >= floor / 2 {
        Room::Little
    } else {
        Room::None
    }
}

/// The unused bytes of a database file, by how much it may grow, and how large it may become.
struct File {
    unused: u64,
    growth: u64,
    largest: u64,
}

fn in_file(connection: &Connection) -> rusqlite::Result<File> {
    let ask = |pragma: &str| -> rusqlite::Result<u64> {
        let value: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0))?;
        Ok(u64::try_from(value).unwrap_or(0))
    };
    let (page, largest) = (ask("page_size")?, ask("max_page_count")?.saturating_mul(ask("page_size")?));
    let length = ask("page_count")?.saturating_mul(page);
    let unused = ask("freelist_count")?.saturating_mul(page);
    Ok(File { unused, growth: largest.saturating_sub(length), largest })
}

#[cfg(unix)]
fn on_disk(folder: &Path) -> Space {
    match rustix::fs::statvfs(folder) {
        Ok(found) => Space {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            total: found.f_blocks.saturating_mul(found.f_frsize),
        },
        Err(_) => UNKNOWN,
    }
}

#[cfg(not(unix))]
fn on_disk(_: &Path) -> Space {
    UNKNOWN
}

/// With this value, only a full disk itself reports an error.
const UNKNOWN: Space = Space { free: u64::MAX, total: u64::MAX };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_kept_in_two_steps_and_is_never_most_of_a_small_disk() {
        let of = |free, total| judge(Space { free, total }, 1000);
        assert_eq!(of(1000, 100_000), Room::Enough);
        assert_eq!(of(999, 100_000), Room::Little);
        assert_eq!(of(499, 100_000), Room::None);
        assert_eq!(of(100, 800), Room::Enough);
        assert_eq!(of(99, 800), Room::Little);
        assert_eq!(of(49, 800), Room::None);
    }
}
