//! The auto-lock: closes the lock of an open device after a time without a person.

use std::cell::RefCell;
use std::rc::Rc;

use crate::model::lock::{Absence, LockView};
use crate::platform::clock;
use crate::platform::timer::Interval;

/// How often the auto-lock looks at the clock, in milliseconds.
const LOOK: u32 = 1_000;

/// Knows the lock of the open device, and when a person was present last.
pub(super) struct AutoLock {
    inner: Rc<RefCell<Inner>>,
    _looks: Interval,
}

struct Inner {
    lock: Option<LockView>,
    absence: Absence,
}

impl AutoLock {
    /// Calls `close` after a time without a person, as long as the lock says.
    pub(super) fn new(lock: Option<LockView>, close: impl Fn() + 'static) -> Self {
        let absence = Absence::new(lock.as_ref().and_then(|lock| lock.after), clock::now().0);
        let inner = Rc::new(RefCell::new(Inner { lock, absence }));
        let watched = Rc::clone(&inner);
        let looks = Interval::new(LOOK, move || {
            if watched.borrow_mut().absence.is_over(clock::now().0) {
                close();
            }
        });
        Self { inner, _looks: looks }
    }

    /// The lock, if there is one.
    pub(super) fn lock(&self) -> Option<LockView> {
        self.inner.borrow().lock.clone()
    }

    /// Notes that a person is present.
    pub(super) fn somebody(&self) {
        self.inner.borrow_mut().absence.somebody(clock::now().0);
    }

    /// Takes the changed lock of the device, or none.
    pub(super) fn changed(&self, lock: Option<LockView>) {
        let mut inner = self.inner.borrow_mut();
        inner.absence = Absence::new(lock.as_ref().and_then(|lock| lock.after), clock::now().0);
        inner.lock = lock;
    }
}
