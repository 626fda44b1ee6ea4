//! Watches an open device that has a lock: closes it when nobody was there for long.

use std::cell::RefCell;
use std::rc::Rc;

use crate::model::lock::{Absence, LockView};
use crate::platform::clock;
use crate::platform::timer::Interval;

/// How often it looks at the clock, in milliseconds.
const LOOK: u32 = 1_000;

/// Knows the lock of the open device.
pub(super) struct AutoLock {
    inner: Rc<RefCell<Inner>>,
    _looks: Interval,
}

struct Inner {
    lock: Option<LockView>,
    absence: Absence,
}

impl AutoLock {
    /// `close` is called when nobody was there for as long as the lock says.
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

    /// Somebody is there.
    pub(super) fn somebody(&self) {
        self.inner.borrow_mut().absence.somebody(clock::now().0);
    }

    /// There is another lock now, or none any more.
    pub(super) fn changed(&self, lock: Option<LockView>) {
        let mut inner = self.inner.borrow_mut();
        inner.absence = Absence::new(lock.as_ref().and_then(|lock| lock.after), clock::now().0);
        inner.lock = lock;
    }
}
