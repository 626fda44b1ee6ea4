//! Supervises this tab's worker: lends it localStorage, and replaces it when it is stuck, ended or no longer the owner.

use leptos::prelude::{LocalStorage, StoredValue, UpdateValue, WithValue};
use zeroize::Zeroizing;

use crate::model::lock::{LockAnswer, LockAsk};
use crate::model::signal;
use crate::model::slot::{FromWorker, Slot, ToWorker};
use crate::platform::worker::WorkerHandle;
use crate::platform::{local, timer};

/// How often the supervisor restarts a worker that fails. One that fails more often would fail for ever.
const DEATHS: u32 = 3;
/// The pause before a restart, in milliseconds.
const PAUSE: u64 = 1_000;
/// The supervisor ends a worker that owes more answers than this.
const QUESTIONS: u32 = 2;

/// Why there is no worker any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The worker failed again and again.
    Died,
    /// Another tab has a newer version of the app.
    Older,
}

/// Keeps one worker running.
#[derive(Clone, Copy)]
pub(crate) struct Supervisor(StoredValue<Inner, LocalStorage>);

struct Inner {
    worker: Option<WorkerHandle>,
    /// Counts the workers, so that signals of an ended worker are ignored.
    number: u32,
    /// How many answers the worker owes; `None` before its first signal, because loading may take long.
    owes: Option<u32>,
    deaths: u32,
    /// Gets the answer to the open question about the lock.
    on_answer: Option<Box<dyn FnOnce(LockAnswer)>>,
    /// The request to open the lock, which the next worker gets if this one ends without an answer.
    again: Option<LockAsk>,
    lost: Box<dyn Fn(Loss)>,
}

impl Supervisor {
    /// Makes a supervisor without a worker. It calls `lost` when there will be no worker any more.
    pub(crate) fn new(lost: impl Fn(Loss) + 'static) -> Self {
        let lost = Box::new(lost);
        let inner =
            Inner { worker: None, number: 0, owes: None, deaths: 0, on_answer: None, again: None, lost };
        Self(StoredValue::new_local(inner))
    }

    /// Starts a worker in place of the running one.
    pub(crate) fn start(self) {
        let number = self.end();
        let started = WorkerHandle::start(
            move |worker, bytes| self.hear(number, worker, signal::decode(&bytes).ok()),
            move |_| self.died(number),
        );
        match started {
            Ok(worker) => self.0.update_value(|inner| inner.worker = Some(worker)),
            Err(_) => self.lose(Loss::Died),
        }
    }

    /// Asks the worker for a sign of life, because a request waits for its answer, and replaces a worker that stays silent.
    pub(crate) fn check(self) {
        let mut stuck = false;
        self.0.update_value(|inner| {
            if let (Some(worker), Some(owes)) = (&inner.worker, &mut inner.owes) {
                *owes = owes.saturating_add(1);
                stuck = *owes > QUESTIONS;
                say(worker, &ToWorker::AreYouThere);
            }
        });
        if stuck {
            self.start();
        }
    }

    /// Asks the worker about the lock. Refuses a second question until the first is answered.
    pub(crate) fn ask_lock(self, ask: &LockAsk, on_answer: impl FnOnce(LockAnswer) + 'static) {
        if self.0.with_value(|inner| inner.on_answer.is_some()) {
            on_answer(LockAnswer::Refused);
            return;
        }
        let mut asked = false;
        self.0.update_value(|inner| {
            inner.on_answer = Some(Box::new(on_answer));
            inner.again = matches!(ask, LockAsk::Unlock(_)).then(|| ask.clone());
            // A worker that does not listen yet gets the question when it does.
            if let (Some(worker), Some(_)) = (&inner.worker, inner.owes) {
                say(worker, &ToWorker::Lock(ask.clone()));
                asked = true;
            }
            asked |= inner.again.is_some();
        });
        if !asked {
            self.answer(LockAnswer::Refused);
        }
    }

    /// Notes that the worker listens, and asks it what the worker before did not answer.
    fn listens(self) {
        self.0.update_value(|inner| {
            let new = inner.owes.is_none();
            inner.owes = Some(0);
            if let (true, Some(worker), Some(ask)) = (new, &inner.worker, &inner.again) {
                say(worker, &ToWorker::Lock(ask.clone()));
            }
        });
    }

    fn answer(self, answer: LockAnswer) {
        let mut on_answer = None;
        self.0.update_value(|inner| {
            inner.again = None;
            on_answer = inner.on_answer.take();
        });
        if let Some(on_answer) = on_answer {
            on_answer(answer);
        }
    }

    /// Ends the worker. Returns the number of the next one.
    fn end(self) -> u32 {
        let mut number = 0;
        self.0.update_value(|inner| {
            inner.number = inner.number.wrapping_add(1);
            inner.owes = None;
            if let Some(worker) = inner.worker.take() {
                worker.end();
            }
            number = inner.number;
        });
        // An ended worker answers nothing any more.
        if self.0.with_value(|inner| inner.again.is_none()) {
            self.answer(LockAnswer::Refused);
        }
        number
    }

    fn hear(self, number: u32, worker: &WorkerHandle, said: Option<FromWorker>) {
        if self.0.with_value(|inner| inner.number != number) {
            return;
        }
        match said {
            Some(FromWorker::Read) => {
                let [vault, master, guesses] = [Slot::Vault, Slot::Master, Slot::Guesses].map(local::read);
                say(worker, &ToWorker::Slots { vault, master, guesses, denied: local::is_denied() });
            }
            Some(FromWorker::Write { id, slot, value }) => {
                let done = local::write(slot, value.as_deref());
                say(worker, &ToWorker::Written { id, done });
            }
            Some(FromWorker::Replace { id, old, new }) => {
                let done = local::replace(Slot::Master, &old, &new);
                say(worker, &ToWorker::Written { id, done });
            }
            Some(FromWorker::Lock(answer)) => self.answer(answer),
            Some(FromWorker::Here) => self.listens(),
            Some(FromWorker::Replaced) => self.start(),
            Some(FromWorker::Older) => {
                self.end();
                self.lose(Loss::Older);
            }
            Some(FromWorker::Saw(_)) => {}
            Some(FromWorker::Died) | None => self.died(number),
        }
    }

    fn died(self, number: u32) {
        if self.0.with_value(|inner| inner.number != number) {
            return;
        }
        self.end();
        let mut deaths = 0;
        self.0.update_value(|inner| {
            inner.deaths = inner.deaths.saturating_add(1);
            deaths = inner.deaths;
        });
        if deaths > DEATHS {
            self.lose(Loss::Died);
        } else {
            timer::after(PAUSE, move || self.start()).forget();
        }
    }

    fn lose(self, loss: Loss) {
        self.0.with_value(|inner| (inner.lost)(loss));
    }
}

fn say(worker: &WorkerHandle, message: &ToWorker) {
    // The message may contain a passphrase.
    if let Some(bytes) = signal::encode(message).map(Zeroizing::new) {
        worker.say(&bytes);
    }
}
