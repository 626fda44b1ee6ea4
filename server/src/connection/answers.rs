//! Turns what the store says into answers.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, RelayError, Stored};
use parley_protocol::ids::Epoch;

use crate::store::PoolCount;

pub(super) fn stored(places: Vec<Stored>) -> Result<Answer, RelayError> {
    List::new(places).map(Answer::Stored).map_err(|_| RelayError::Internal)
}

pub(super) fn count(count: PoolCount) -> Answer {
    Answer::KeyPackageCount { one_time: count.one_time, last_resort: count.last_resort }
}

pub(super) fn group_info((epoch, sealed): (Epoch, Option<Vec<u8>>)) -> Result<Answer, RelayError> {
    let sealed = sealed.map(Bytes::new).transpose().map_err(|_| RelayError::Internal)?;
    Ok(Answer::GroupInfo { epoch, sealed })
}
