//! Turns the store's results into answers to the client.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, DeviceLogNews, InboxAddress, LinkOffer, RelayError, Stored};
use parley_protocol::ids::{Epoch, Seq};

use crate::store::{LogPage, OpenedLog, PoolCount};

pub(super) fn stored(places: Vec<Stored>) -> Result<Answer, RelayError> {
    List::new(places).map(Answer::Stored).map_err(|_| RelayError::Internal)
}

/// A device that was let in late has to learn where its part of the log begins, or it would wait for the earlier part.
pub(super) fn subscribed(opened: OpenedLog, after: Seq) -> Answer {
    let OpenedLog { state, start } = opened;
    if start > after { Answer::SubscribedFrom { state, start } } else { Answer::Subscribed(state) }
}

pub(super) fn count(count: PoolCount) -> Answer {
    Answer::KeyPackageCount { one_time: count.one_time, last_resort: count.last_resort }
}

pub(super) fn group_info((epoch, sealed): (Epoch, Option<Vec<u8>>)) -> Result<Answer, RelayError> {
    let sealed = sealed.map(Bytes::new).transpose().map_err(|_| RelayError::Internal)?;
    Ok(Answer::GroupInfo { epoch, sealed })
}

pub(super) fn device_logs(news: Vec<DeviceLogNews>) -> Result<Answer, RelayError> {
    List::new(news).map(Answer::DeviceLogs).map_err(|_| RelayError::Internal)
}

pub(super) fn links(offers: Vec<LinkOffer>) -> Result<Answer, RelayError> {
    List::new(offers).map(Answer::Links).map_err(|_| RelayError::Internal)
}

pub(super) fn entries(page: LogPage, head: Seq) -> Result<Answer, RelayError> {
    let more = page.entries.last().is_some_and(|last| last.seq < head);
    List::new(page.entries).map(|entries| Answer::Entries { entries, more }).map_err(|_| RelayError::Internal)
}

pub(super) fn undelivered(full: Vec<InboxAddress>) -> Result<Answer, RelayError> {
    List::new(full).map(Answer::Undelivered).map_err(|_| RelayError::Internal)
}
