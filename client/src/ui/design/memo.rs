//! Derived values that notify only when they differ from before. Leptos compiles a kilobyte of code for each type of a memo;
//! here all memos have one type inside.

use core::any::Any;
use core::marker::PhantomData;
use std::sync::Arc;

use leptos::prelude::{Get as _, GetUntracked as _};

/// The value in a memo, of any type.
trait Held: Any + Send + Sync {
    fn is(&self, other: &dyn Held) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any + Send + Sync + PartialEq> Held for T {
    fn is(&self, other: &dyn Held) -> bool {
        other.as_any().downcast_ref::<T>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One shared value of any type.
#[derive(Clone)]
struct Shared(Arc<dyn Held>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(&*other.0)
    }
}

/// A value that is derived from signals.
pub(crate) struct Memo<T> {
    inner: leptos::prelude::Memo<Shared>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memo<T> {}

fn erased(make: Box<dyn Fn() -> Shared + Send + Sync>) -> leptos::prelude::Memo<Shared> {
    leptos::prelude::Memo::new(move |_| make())
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Memo<T> {
    /// Makes a memo. It calls `value` again when a signal that `value` reads changes.
    pub(crate) fn new(value: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self { inner: erased(Box::new(move || Shared(Arc::new(value())))), of: PhantomData }
    }

    /// The current value. The reader is notified when it changes.
    pub(crate) fn get(self) -> T {
        self.with(T::clone)
    }

    /// Reads the value. The reader is notified when it changes.
    pub(crate) fn with<U>(self, look: impl FnOnce(&T) -> U) -> U {
        look(inside(&self.inner.get()))
    }

    /// Reads the value without being notified.
    pub(crate) fn with_untracked<U>(self, look: impl FnOnce(&T) -> U) -> U {
        look(inside(&self.inner.get_untracked()))
    }
}

#[expect(clippy::expect_used, reason = "a memo holds only what its own closure made")]
fn inside<T: 'static>(held: &Shared) -> &T {
    held.0.as_any().downcast_ref().expect("the type of this memo")
}
