//! Tells the views when the browser takes long to read or save.

use std::cell::RefCell;
use std::rc::Rc;

use super::channel::Views;
use crate::model::signal::ToViews;
use crate::platform::timer::{self, Timeout};

/// The time after which the person is told, in milliseconds.
const LONG: u64 = 2_000;

/// Whether the browser is slow at the moment.
#[derive(Clone)]
pub(super) struct Slowness(Rc<Inner>);

struct Inner {
    views: Views,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    under_way: u32,
    alarm: Option<Timeout>,
    told: bool,
}

impl Slowness {
    pub(super) fn new(views: Views) -> Self {
        Self(Rc::new(Inner { views, state: RefCell::default() }))
    }

    /// Runs work that may take long.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        self.begin();
        let done = work.await;
        self.end();
        done
    }

    /// Repeats the state for a view that has just joined.
    pub(super) fn repeat(&self) {
        if self.0.state.borrow().told {
            self.0.views.say(&ToViews::Slow(true));
        }
    }

    fn begin(&self) {
        let mut state = self.0.state.borrow_mut();
        state.under_way = state.under_way.saturating_add(1);
        if state.alarm.is_none() && !state.told {
            let this = self.clone();
            state.alarm = Some(timer::after(LONG, move || this.tell()));
        }
    }

    fn tell(&self) {
        let mut state = self.0.state.borrow_mut();
        // The timer has fired, so there is nothing left to stop.
        if let Some(fired) = state.alarm.take() {
            fired.forget();
        }
        state.told = true;
        self.0.views.say(&ToViews::Slow(true));
    }

    fn end(&self) {
        let mut state = self.0.state.borrow_mut();
        state.under_way = state.under_way.saturating_sub(1);
        if state.under_way == 0 {
            state.alarm = None;
            if core::mem::take(&mut state.told) {
                self.0.views.say(&ToViews::Slow(false));
            }
        }
    }
}
