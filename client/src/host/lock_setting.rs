//! Sets, changes and opens the app lock for this worker's own tab. Any worker can do this, not only the owner of the device, so
//! a typed passphrase goes to no other tab.
//!
//! One write of one slot changes a lock. At every instant the slot holds the old lock or the new one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use parley_engine::lock::{Lock, UnlockError};
use parley_engine::seal::MasterKey;
use parley_engine::view::Typed;

use super::boot::{self, Slots, TabStorage};
use super::stretching;
use crate::model::lock::{Guesses, Key, LockAnswer, LockAsk, LockView};
use crate::model::slot::{FromWorker, Slot};
use crate::platform::crypto::{BrowserKey, Kept};
use crate::platform::db::Database;
use crate::platform::{clock, random, spawn_local};

/// Answers the tab's questions about the lock.
pub(super) struct LockSetting {
    tab: TabStorage,
    database: RefCell<Option<Database>>,
    busy: Cell<bool>,
    /// Runs before a step that keeps this worker from answering for a while.
    working: Box<dyn Fn()>,
    opened: Box<dyn Fn(MasterKey)>,
    /// Whether this worker is about to end. If so, the worker that replaces it has to open the lock.
    ending: Box<dyn Fn() -> bool>,
}

/// The master slot as this worker read it, and the key that wraps a new value.
struct Open {
    key: BrowserKey,
    wrapped: Vec<u8>,
}

impl LockSetting {
    /// `opened` gets the master key after the lock was opened. While `ending` returns true, a request to unlock gets no answer.
    pub(super) fn new(
        tab: TabStorage,
        working: impl Fn() + 'static,
        opened: impl Fn(MasterKey) + 'static,
        ending: impl Fn() -> bool + 'static,
    ) -> Rc<Self> {
        stretching::fetch_ahead();
        Rc::new(Self {
            tab,
            database: RefCell::default(),
            busy: Cell::new(false),
            working: Box::new(working),
            opened: Box::new(opened),
            ending: Box::new(ending),
        })
    }

    /// Carries out a request of the tab, and answers it.
    pub(super) fn asked(self: &Rc<Self>, ask: LockAsk) {
        let this = Rc::clone(self);
        let unlocking = matches!(ask, LockAsk::Unlock(_));
        spawn_local(async move {
            let answer = if this.busy.replace(true) {
                LockAnswer::Refused
            } else {
                let answer = this.carry_out(ask).await.unwrap_or_else(|answer| answer);
                this.busy.set(false);
                answer
            };
            if !(unlocking && (this.ending)()) {
                boot::say(&FromWorker::Lock(answer));
            }
        });
    }

    async fn carry_out(&self, ask: LockAsk) -> Result<LockAnswer, LockAnswer> {
        let Slots { master, guesses, .. } = self.tab.read().await;
        let wrapped = master.ok_or(LockAnswer::Refused)?;
        let key = self.browser_key().await.ok_or(LockAnswer::Refused)?;
        let kept = key.unwrap(&wrapped).await;
        let slot = Open { key, wrapped };
        let guesses = Guesses::decode(guesses.as_deref());
        match kept {
            Some(Kept::Master(master)) => self.without_lock(slot, MasterKey::new(*master), ask).await,
            Some(Kept::Lock(bytes)) => {
                let lock = Lock::decode(&bytes).map_err(|_| LockAnswer::Refused)?;
                self.with_lock(slot, lock, guesses, ask).await
            }
            Some(Kept::Newer) | None => Err(LockAnswer::Refused),
        }
    }

    async fn without_lock(
        &self,
        slot: Open,
        master: MasterKey,
        ask: LockAsk,
    ) -> Result<LockAnswer, LockAnswer> {
        match ask {
            LockAsk::Set(passphrase) => {
                (self.working)();
                let made = stretching::lock(&master, &passphrase).await.ok_or(LockAnswer::Refused)?;
                let lock = made.map_err(answer_of)?;
                self.keep(slot, lock).await
            }
            // Another tab has turned the lock off.
            LockAsk::Unlock(_) => {
                (self.opened)(master);
                Ok(LockAnswer::Done(None))
            }
            _ => Err(LockAnswer::Refused),
        }
    }

    async fn with_lock(
        &self,
        slot: Open,
        mut lock: Lock,
        guesses: Guesses,
        ask: LockAsk,
    ) -> Result<LockAnswer, LockAnswer> {
        match ask {
            LockAsk::Unlock(key) => {
                let master = match key {
                    Key::Passphrase(typed) => self.guess(&lock, &typed, guesses).await?,
                    // Nobody can guess the output of a passkey, so it is not counted as a guess.
                    Key::Passkey(output) => lock.open_with_passkey(&output.0).map_err(answer_of)?,
                };
                (self.opened)(master);
                return Ok(LockAnswer::Done(Some(LockView::from(&lock))));
            }
            LockAsk::TurnOff(typed) => {
                let master = self.guess(&lock, &typed, guesses).await?;
                let new = slot.key.wrap(master.expose()).await.map_err(|_| LockAnswer::Refused)?;
                let done = self.tab.replace(slot.wrapped, new).await;
                return if done { Ok(LockAnswer::Done(None)) } else { Err(LockAnswer::Refused) };
            }
            LockAsk::Change { old, new } => {
                let master = self.guess(&lock, &old, guesses).await?;
                (self.working)();
                let made = stretching::change(lock, &master, &new).await.ok_or(LockAnswer::Refused)?;
                lock = made.map_err(answer_of)?;
            }
            LockAsk::AddPasskey { passphrase, passkey, output } => {
                let master = self.guess(&lock, &passphrase, guesses).await?;
                lock.add_passkey(&master, passkey, &output.0, random::bytes());
            }
            LockAsk::RemovePasskey => lock.remove_passkey(),
            LockAsk::After(after) => lock.after = after,
            LockAsk::Set(_) => return Err(LockAnswer::Refused),
        }
        self.keep(slot, lock).await
    }

    /// Tries a passphrase, unless the next guess is not permitted yet.
    async fn guess(&self, lock: &Lock, typed: &Typed, guesses: Guesses) -> Result<MasterKey, LockAnswer> {
        let now = clock::now().0;
        if guesses.next(now) > now {
            let kept = guesses.by_clock(now);
            if kept != guesses {
                let _ = self.tab.write(Slot::Guesses, Some(kept.encode())).await;
            }
            return Err(LockAnswer::Wait(guesses.next(now)));
        }
        // The guess is counted before it is tried, so closing the tab in between does not undo the count. A full browser, which
        // cannot store the count, must not keep the owner out.
        let counted = guesses.and_one(now);
        let _ = self.tab.write(Slot::Guesses, Some(counted.encode())).await;
        (self.working)();
        let Some(opened) = stretching::open(lock, typed).await else {
            // The part that tries passphrases did not load, so the guess does not count.
            let before = (guesses != Guesses::default()).then(|| guesses.encode());
            let _ = self.tab.write(Slot::Guesses, before).await;
            return Err(LockAnswer::Refused);
        };
        let left = match opened {
            Err(UnlockError::Wrong) => return Err(LockAnswer::Wrong(counted.next(clock::now().0))),
            Err(UnlockError::Memory) => guesses,
            Ok(_) => Guesses::default(),
        };
        let left = (left != Guesses::default()).then(|| left.encode());
        let _ = self.tab.write(Slot::Guesses, left).await;
        opened.map_err(answer_of)
    }

    async fn keep(&self, slot: Open, lock: Lock) -> Result<LockAnswer, LockAnswer> {
        let new = slot.key.wrap_lock(&lock.encode()).await.map_err(|_| LockAnswer::Refused)?;
        let done = self.tab.replace(slot.wrapped, new).await;
        if done { Ok(LockAnswer::Done(Some(LockView::from(&lock)))) } else { Err(LockAnswer::Refused) }
    }

    async fn browser_key(&self) -> Option<BrowserKey> {
        let known = self.database.borrow().clone();
        if let Some(database) = known
            && let Ok(key) = database.wrapping_key().await
        {
            return key;
        }
        // This is the first use of the database, or the browser has closed it.
        let database = Database::open(|_| ()).await.ok()?;
        let key = database.wrapping_key().await.ok().flatten();
        self.database.replace(Some(database));
        key
    }
}

const fn answer_of(error: UnlockError) -> LockAnswer {
    match error {
        UnlockError::Wrong => LockAnswer::Wrong(0),
        UnlockError::Memory => LockAnswer::Memory,
    }
}
