//! Starts work now whose outcome is wanted later.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::spawn_local;

/// The outcome of work that goes on by itself.
pub struct Later<T>(Rc<RefCell<State<T>>>);

struct State<T> {
    outcome: Option<T>,
    waker: Option<Waker>,
}

impl<T: 'static> Later<T> {
    /// Starts the work.
    pub fn begin(work: impl Future<Output = T> + 'static) -> Self {
        let state = Rc::new(RefCell::new(State { outcome: None, waker: None }));
        let done = Rc::clone(&state);
        spawn_local(async move {
            let outcome = work.await;
            settle(&done, outcome);
        });
        Self(state)
    }

    /// The outcome is the value given to the callback that `begin` receives. If `begin` never calls it, the outcome never
    /// comes.
    pub fn from_callback(begin: impl FnOnce(Box<dyn FnOnce(T)>)) -> Self {
        let state = Rc::new(RefCell::new(State { outcome: None, waker: None }));
        let done = Rc::clone(&state);
        begin(Box::new(move |outcome| settle(&done, outcome)));
        Self(state)
    }

    /// Waits for the outcome.
    pub async fn outcome(self) -> T {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            let Some(outcome) = state.outcome.take() else {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready(outcome)
        })
        .await
    }
}

fn settle<T>(state: &RefCell<State<T>>, outcome: T) {
    let waker = {
        let mut state = state.borrow_mut();
        state.outcome = Some(outcome);
        state.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}
