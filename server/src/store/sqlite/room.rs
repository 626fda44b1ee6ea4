//! Divides the room of an inbox. The relay cannot tell a stranger from a contact and shall not learn to; it knows the devices
//! of the inbox's account, and the address of each client. So the address of a stranger gets a small share, all strangers
//! together leave a part to the account's own devices, and large entries leave a part to small ones: a Welcome of two people is
//! small.

use parley_protocol::frame::InboxPost;
use parley_protocol::limits::MAX_WELCOME;
use rusqlite::{Connection, params};

use super::failure::Failure;
use super::inbox::{Inbox, length};
use super::integers::uint;
use crate::store::{Poster, Quotas};

/// One address fills at most this fraction of an inbox, and may always post one entry of any length.
const SHARE: u64 = 32;
/// The length in bytes above which an entry is large.
const LARGE: u64 = 64 * 1024;

/// Whether the inbox takes this post now.
pub(super) fn is_room(
    connection: &Connection,
    inbox: &Inbox,
    (post, poster): (&InboxPost, Poster),
    quotas: &Quotas,
) -> Result<bool, Failure> {
    let (entries, bytes) = (quotas.inbox_entries, quotas.inbox_bytes);
    let added = length(post);
    let filled = inbox.bytes.saturating_add(added);
    match poster {
        Poster::Own => Ok(inbox.waiting < entries && filled <= bytes),
        Poster::Other(who) => {
            let most = if added > LARGE { bytes / 2 } else { three_quarters(bytes) };
            let fits = inbox.waiting < three_quarters(entries) && filled <= most;
            Ok(fits && has_share_left(connection, inbox, (who, added), quotas)?)
        }
        Poster::Refused => Ok(false),
    }
}

/// Whether a poster may post this many more bytes.
fn has_share_left(
    connection: &Connection,
    inbox: &Inbox,
    (who, added): (i64, u64),
    quotas: &Quotas,
) -> Result<bool, Failure> {
    let (count, bytes) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM inbox
             WHERE device = ?1 AND poster = ?2 AND payload IS NOT NULL",
        )?
        .query_row(params![inbox.row, who], |row| Ok((uint(row, 0)?, uint(row, 1)?)))?;
    let longest = u64::try_from(MAX_WELCOME).unwrap_or(u64::MAX);
    let (entries, most) = ((quotas.inbox_entries / SHARE).max(1), (quotas.inbox_bytes / SHARE).max(longest));
    Ok(count < entries && bytes.saturating_add(added) <= most)
}

/// The stored mark of a poster, while the entry waits.
pub(super) const fn mark(poster: Poster) -> Option<i64> {
    match poster {
        Poster::Other(who) => Some(who),
        Poster::Own | Poster::Refused => None,
    }
}

const fn three_quarters(of: u64) -> u64 {
    of.saturating_sub(of / 4)
}
