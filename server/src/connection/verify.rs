//! Verifies signatures before the store is asked. This protects no client, because clients trust only logs that they have
//! verified themselves; but the relay refuses at once what no client would accept.

use parley_protocol::device_log::{Change, DeviceLog, DeviceLogError, SignedEntry};
use parley_protocol::frame::{DirectoryRecord, RegisterAccount, RelayError, UsernameClaim};
use parley_protocol::ids::AccountId;

use crate::relay::Relay;
use crate::store::{DeviceLogEffect, DeviceLogStep, NewAccount};

/// Runs a check off the threads that serve connections, a few at a time: a long log has a thousand signatures.
pub(super) async fn off_thread<T: Send + 'static>(
    relay: &Relay,
    check: impl FnOnce() -> Result<T, RelayError> + Send + 'static,
) -> Result<T, RelayError> {
    let _turn = relay.verifying.acquire().await.map_err(|_| RelayError::Internal)?;
    tokio::task::spawn_blocking(check).await.unwrap_or(Err(RelayError::Internal))
}

/// Checks a registration without verifying a signature: whether the claim is for the account that the log begins.
pub(super) fn looks_like_a_registration(request: &RegisterAccount) -> Result<(), RelayError> {
    let begins = request.log.first().map(|genesis| AccountId(genesis.hash().0));
    if begins == Some(request.claim.account) { Ok(()) } else { Err(RelayError::Invalid) }
}

pub(super) fn registration(request: RegisterAccount) -> Result<NewAccount, RelayError> {
    let RegisterAccount { log, claim } = request;
    let log = DeviceLog::verify(&log).map_err(|_| RelayError::Invalid)?;
    username(&log, &claim)?;
    Ok(NewAccount {
        account: log.account(),
        entries: log.entries().to_vec(),
        devices: log.devices().copied().collect(),
        recovery_key: log.recovery_key(),
        username: claim.username,
    })
}

/// Checks that a device that is in the log now has signed the claim.
fn username(log: &DeviceLog, claim: &UsernameClaim) -> Result<(), RelayError> {
    let device = log.device(&claim.device).ok_or(RelayError::UnknownDevice)?;
    let signed = UsernameClaim::signed_bytes(&claim.username, &claim.account);
    if claim.account == log.account() && device.key.verifies(&signed, &claim.signature) {
        Ok(())
    } else {
        Err(RelayError::Invalid)
    }
}

pub(super) fn claim(record: &DirectoryRecord, claim: &UsernameClaim) -> Result<(), RelayError> {
    let log = stored_log(record)?;
    username(&log, claim)
}

/// The step that `entry` takes from the log as it is stored. A retry of the last entry passes; the store recognises it.
pub(super) fn step(record: &DirectoryRecord, entry: SignedEntry) -> Result<DeviceLogStep, RelayError> {
    let mut log = stored_log(record)?;
    let body = entry.parse().map_err(|_| RelayError::Invalid)?;
    let previous = body.previous.ok_or(RelayError::Invalid)?;
    let effect = match body.change {
        Change::AddDevice(device) => DeviceLogEffect::Add(device),
        Change::RemoveDevice(device) => DeviceLogEffect::Remove(device),
        Change::ReplaceRecoveryKey(key) => DeviceLogEffect::ReplaceRecoveryKey(key),
        Change::RolledBack(_) | Change::Missed(_) => DeviceLogEffect::None,
        Change::Genesis { .. } => return Err(RelayError::Invalid),
    };
    let step = DeviceLogStep { account: record.account, previous, entry, effect };
    if log.entries().last() == Some(&step.entry) {
        return Ok(step);
    }
    match log.append(&step.entry) {
        Ok(()) => Ok(step),
        Err(DeviceLogError::Broken) => Err(RelayError::DeviceLogConflict),
        Err(DeviceLogError::Full) => Err(RelayError::QuotaExceeded),
        Err(_) => Err(RelayError::Invalid),
    }
}

/// The log as it is stored. Each of its entries was verified before it was stored, so a request with one wrong byte does not
/// cause a thousand verifications.
fn stored_log(record: &DirectoryRecord) -> Result<DeviceLog, RelayError> {
    DeviceLog::read_back(&record.account, &record.log).map_err(|error| {
        tracing::error!(%error, "a stored device log is damaged");
        RelayError::Internal
    })
}
