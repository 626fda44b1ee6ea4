//! Appends messages, which is most of what a relay writes.
//!
//! Nearly all appends are new messages of a client that knows the current epoch. The writing thread checks that before it
//! writes; nothing can refuse such an append any more, so it needs no savepoint. All other appends (retries of an earlier
//! epoch, a full log, refusals) go the way of every other operation.

use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{AppendMessages, EntryKind, NewMessage, RelayError, Stored};
use parley_protocol::ids::UnixMillis;
use rusqlite::Connection;

use super::failure::Failure;
use super::heads::Head;
use super::logs;
use super::writer::{Writing, in_savepoint};
use crate::store::Quotas;

/// Appends messages, all or none. `capability` is the hash of the request's capability.
pub(super) fn append(
    writing: &mut Writing,
    now: UnixMillis,
    request: &AppendMessages,
    capability: &CapabilityHash,
    quotas: &Quotas,
) -> Result<Vec<Stored>, Failure> {
    if quotas.room.to_grow().is_ok()
        && let Some(mut head) = open_head(writing, request, capability)?
        && fits(&head, &request.messages, quotas)
        && distinct(&request.messages)
    {
        let places = write(&writing.connection, now, &mut head, &request.messages)
            .map_err(Failure::without_savepoint)?;
        writing.heads.keep(request.log, head);
        return Ok(places);
    }
    writing.heads.forget(&request.log);
    in_savepoint(&writing.connection, |c| append_carefully(c, now, request, capability, quotas))
}

/// The log's head, if the request's capability opens the log's current epoch and the request names that epoch.
fn open_head(
    writing: &Writing,
    request: &AppendMessages,
    capability: &CapabilityHash,
) -> Result<Option<Head>, Failure> {
    let known = writing.heads.get(&request.log).filter(|head| head.capability == *capability);
    let head = if let Some(head) = known {
        head
    } else {
        let log = logs::find(&writing.connection, &request.log)?;
        match logs::epoch_of(&writing.connection, log.row, capability) {
            Ok(epoch) if epoch == log.epoch => Head { log, capability: *capability },
            Ok(_) | Err(Failure::Refused(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        }
    };
    Ok((head.log.epoch == request.epoch).then_some(head))
}

/// Whether the log has room for all messages, counting retries again.
fn fits(head: &Head, messages: &[NewMessage], quotas: &Quotas) -> bool {
    let length = |message: &NewMessage| u64::try_from(message.payload.len()).unwrap_or(u64::MAX);
    messages.iter().map(length).fold(head.log.bytes, u64::saturating_add) <= quotas.log_bytes
}

/// Whether all ids are distinct. There are at most a few dozen.
fn distinct(messages: &[NewMessage]) -> bool {
    let mut rest = messages;
    while let [first, others @ ..] = rest {
        if others.iter().any(|other| other.append == first.append) {
            return false;
        }
        rest = others;
    }
    true
}

/// Writes messages that nothing can refuse.
fn write(
    connection: &Connection,
    now: UnixMillis,
    head: &mut Head,
    messages: &[NewMessage],
) -> Result<Vec<Stored>, Failure> {
    let before = head.log.head;
    let mut places = Vec::with_capacity(messages.len());
    for message in messages {
        let inserted = logs::insert(
            connection,
            now,
            &mut head.log,
            &message.append,
            EntryKind::Message,
            &message.payload,
        )?;
        places.push(match inserted {
            Some(stored) => stored,
            None => logs::landed_surely(connection, head.log.row, &message.append)?,
        });
    }
    if head.log.head > before {
        logs::save_head(connection, &head.log)?;
    }
    Ok(places)
}

/// Appends any request, in a savepoint.
fn append_carefully(
    connection: &Connection,
    now: UnixMillis,
    request: &AppendMessages,
    capability: &CapabilityHash,
    quotas: &Quotas,
) -> Result<Vec<Stored>, Failure> {
    let mut log = logs::find(connection, &request.log)?;
    let known = request
        .messages
        .iter()
        .map(|message| logs::landed(connection, log.row, &message.append))
        .collect::<Result<Vec<_>, _>>()?;
    // A retry gets the first answer again, whatever has happened to the epoch since.
    if known.is_empty() || known.iter().any(Option::is_none) {
        logs::authorise(connection, &log, request.epoch, capability)?;
        quotas.room.to_grow()?;
    }
    let mut places = Vec::with_capacity(known.len());
    for (message, known) in request.messages.iter().zip(known) {
        places.push(match known {
            Some(stored) => stored,
            // The request has the same id twice.
            None => logs::insert(
                connection,
                now,
                &mut log,
                &message.append,
                EntryKind::Message,
                &message.payload,
            )?
            .ok_or(RelayError::BadRequest)?,
        });
    }
    logs::check_quota(&log, quotas)?;
    logs::save_head(connection, &log)?;
    Ok(places)
}
