//! The app lock's passphrase, made slow to guess (Argon2id). What that takes is a part of its own, which is loaded a moment after
//! the worker has begun: a lock that closes later opens without a connection.

use core::time::Duration;

use parley_engine::lock::{Cost, Lock, UnlockError};
use parley_engine::seal::MasterKey;
use parley_engine::view::Typed;

use super::parts::part;
use crate::platform::{random, spawn_local, timer};

/// So long the worker is left alone after it has begun.
const QUIET: Duration = Duration::from_secs(3);

part!(stretching, load, lock_here(master: MasterKey, typed: Typed, salt: [u8; 16], nonce: [u8; 24]) -> Result<Lock, UnlockError> =>
    Lock::new(&master, &typed.0, salt, nonce, Cost::CHOSEN));
part!(stretching, open_here(lock: Lock, typed: Typed) -> Result<MasterKey, UnlockError> =>
    lock.open_with_passphrase(&typed.0));
part!(stretching, change_here(lock: Lock, master: MasterKey, typed: Typed, salt: [u8; 16], nonce: [u8; 24]) -> Result<Lock, UnlockError> => {
    let mut lock = lock;
    lock.change_passphrase(&master, &typed.0, salt, nonce, Cost::CHOSEN).map(|()| lock)
});

/// Loads it when there is time.
pub(super) fn fetch_ahead() {
    spawn_local(async {
        timer::sleep(QUIET).await;
        // What does not come is asked for when it is needed.
        let _ = load().await;
    });
}

/// A lock that this passphrase opens; none where the part does not come, as in all of these.
pub(super) async fn lock(master: &MasterKey, typed: &Typed) -> Option<Result<Lock, UnlockError>> {
    lock_here(master.clone(), typed.clone(), random::bytes(), random::bytes()).await.ok()
}

/// Tries a passphrase.
pub(super) async fn open(lock: &Lock, typed: &Typed) -> Option<Result<MasterKey, UnlockError>> {
    open_here(lock.clone(), typed.clone()).await.ok()
}

/// The lock with another passphrase.
pub(super) async fn change(
    lock: Lock,
    master: &MasterKey,
    typed: &Typed,
) -> Option<Result<Lock, UnlockError>> {
    change_here(lock, master.clone(), typed.clone(), random::bytes(), random::bytes()).await.ok()
}
