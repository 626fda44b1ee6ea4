//! Opens the device from its pieces in localStorage and IndexedDB, or says which piece is missing.

use parley_engine::lock::{Lock, LockError};
use parley_engine::seal::{MasterKey, PageKey};
use parley_engine::{Engine, OpenError};
use zeroize::Zeroizing;

use super::boot::{Slots, TabStorage};
use super::journal::Journal;
use super::ownership::Ownership;
use crate::model::lock::{Guesses, LockView};
use crate::model::signal::Fault;
use crate::model::slot::Slot;
use crate::platform::crypto::{BrowserKey, Kept};
use crate::platform::db::{Database, Fence};
use crate::platform::failure::Failure;
use crate::platform::later::Later;
use crate::platform::{clock, random};

/// An open device.
pub(super) struct Device {
    pub(super) engine: Engine,
    pub(super) journal: Journal,
    /// The key with which pages seal unsaved text.
    pub(super) key: PageKey,
    pub(super) lock: Option<LockView>,
}

/// Why a device is not open.
pub(super) enum Closed {
    /// The device cannot be opened.
    Fault(Fault),
    /// The device is locked. The number is the time of the next permitted guess, in milliseconds since 1970.
    Locked(LockView, u64),
}

impl From<Fault> for Closed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Opens the device that this fence owns. `unlocked` is the master key that its lock gave.
pub(super) async fn open(
    database: &Database,
    fence: Fence,
    tab: &TabStorage,
    ownership: &Ownership,
    unlocked: Option<MasterKey>,
) -> Result<Device, Closed> {
    // The first step is the question to the tab, which may be busy with its first screen.
    let slots = Later::begin({
        let tab = tab.clone();
        async move { tab.read().await }
    });
    let key = database.wrapping_key().await.map_err(fault)?;
    let (journal, records) = Journal::open(database.clone(), fence).await.map_err(fault)?;
    let slots = slots.outcome().await;
    if slots.denied {
        return Err(Fault::NoStorage.into());
    }
    let new = records.is_empty();

    let mut lock = None;
    let (master, vault) = match (key, slots) {
        // The process died between writing the vault and its records. Nothing has left this device yet, so nothing is lost.
        (Some(key), Slots { master: Some(master), vault, guesses, .. }) => {
            let master = match key.unwrap(&master).await.ok_or(Fault::Damaged)? {
                Kept::Master(master) => MasterKey::new(*master),
                Kept::Newer => return Err(Fault::Newer.into()),
                Kept::Lock(bytes) => {
                    let found = Lock::decode(&bytes).map_err(trouble_of_lock)?;
                    let view = lock.insert(LockView::from(&found));
                    let next = Guesses::decode(guesses.as_deref()).next(clock::now().0);
                    unlocked.ok_or_else(|| Closed::Locked(view.clone(), next))?
                }
            };
            (master, vault.filter(|_| !new))
        }
        (Some(_), Slots { master: None, vault: None, .. }) if !new => {
            return Err(Fault::KeysMissing.into());
        }
        (_, Slots { vault: None, .. }) if new => (begin(database, fence, tab).await.map_err(fault)?, None),
        (Some(_), Slots { master: None, .. }) => return Err(Fault::KeysMissing.into()),
        (None, _) if new => return Err(Fault::RecordsMissing.into()),
        (None, _) => return Err(Fault::Damaged.into()),
    };
    ownership.busy();
    let engine = Engine::open(clock::now(), &master, vault.as_deref(), records).map_err(trouble_of)?;
    Ok(Device { engine, journal, key: PageKey::of(&master), lock })
}

/// Deletes the rest of a device that does not open.
pub(super) async fn erase(database: &Database, fence: Fence, tab: &TabStorage) -> Result<(), Failure> {
    // localStorage has no fence, so the database checks it.
    database.check(fence).await?;
    tab.write(Slot::Vault, None).await?;
    tab.write(Slot::Master, None).await?;
    tab.write(Slot::Guesses, None).await?;
    database.erase(fence).await
}

/// Makes the keys of a new device.
async fn begin(database: &Database, fence: Fence, tab: &TabStorage) -> Result<MasterKey, Failure> {
    let key = BrowserKey::generate().await?;
    let master = Zeroizing::new(random::bytes::<32>());
    let wrapped = key.wrap(&master).await?;
    database.keep_wrapping_key(fence, &key).await?;
    tab.write(Slot::Master, Some(wrapped)).await?;
    Ok(MasterKey::new(*master))
}

const fn trouble_of(error: OpenError) -> Fault {
    match error {
        OpenError::Damaged => Fault::Damaged,
        OpenError::VaultMissing => Fault::KeysMissing,
        OpenError::RecordsMissing => Fault::RecordsMissing,
        OpenError::Newer => Fault::Newer,
        OpenError::BeforeRelease => Fault::BeforeRelease,
    }
}

const fn trouble_of_lock(error: LockError) -> Fault {
    match error {
        LockError::Newer => Fault::Newer,
        LockError::Damaged => Fault::Damaged,
    }
}

/// The fault that a failure before the device is open causes.
pub(super) const fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Full => Fault::Full,
        Failure::Newer => Fault::Newer,
        Failure::Refused | Failure::Fenced => Fault::NoStorage,
    }
}
