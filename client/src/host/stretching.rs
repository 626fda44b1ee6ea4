//! Stretches the app lock's passphrase with Argon2id, so that guessing is slow. The code is a part of the worker that loads a
//! moment after the start, so that a lock that closes later opens without a connection.

use core::time::Duration;

use parley_engine::lock::{Cost, Lock, UnlockError};
use parley_engine::seal::MasterKey;
use parley_engine::view::Typed;

use super::parts::part;
use crate::platform::{random, spawn_local, timer};

/// How long after its start the worker waits before it loads the part.
const QUIET: Duration = Duration::from_secs(3);

part!(stretching, load, lock_here(master: MasterKey, typed: Typed, salt: [u8; 16], nonce: [u8; 24]) -> Result<Lock, UnlockError> =>
    Lock::new(&master, &typed.0, salt, nonce, Cost::CHOSEN));
part!(stretching, open_here(lock: Lock, typed: Typed) -> Result<MasterKey, UnlockError> =>
    lock.open_with_passphrase(&typed.0));
part!(stretching, change_here(lock: Lock, master: MasterKey, typed: Typed, salt: [u8; 16], nonce: [u8; 24]) -> Result<Lock, UnlockError> => {
    let mut lock = lock;
    lock.change_passphrase(&master, &typed.0, salt, nonce, Cost::CHOSEN).map(|()| lock)
});

/// Loads the part ahead of its first use.
pub(super) fn fetch_ahead() {
    spawn_local(async {
        timer::sleep(QUIET).await;
        // A part that does not load now is requested again at its first use.
        let _ = load().await;
    });
}

/// Makes a lock that this passphrase opens. Returns `None` if the part does not load, like all functions here.
pub(super) async fn lock(master: &MasterKey, typed: &Typed) -> Option<Result<Lock, UnlockError>> {
    lock_here(master.clone(), typed.clone(), random::bytes(), random::bytes()).await.ok()
}

/// Tries a passphrase.
pub(super) async fn open(lock: &Lock, typed: &Typed) -> Option<Result<MasterKey, UnlockError>> {
    open_here(lock.clone(), typed.clone()).await.ok()
}

/// Changes the passphrase of a lock.
pub(super) async fn change(
    lock: Lock,
    master: &MasterKey,
    typed: &Typed,
) -> Option<Result<Lock, UnlockError>> {
    change_here(lock, master.clone(), typed.clone(), random::bytes(), random::bytes()).await.ok()
}
