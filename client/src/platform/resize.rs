//! Watches elements whose size changes.

use leptos::html::Div;
use leptos::prelude::{GetUntracked as _, NodeRef};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

/// Watches elements until it is dropped.
#[derive(Debug)]
pub struct Resizes {
    observer: ResizeObserver,
    _told: Closure<dyn FnMut()>,
}

impl Resizes {
    /// Calls `act` whenever one of these elements changes its size, after the layout and before the frame is shown.
    #[must_use]
    pub fn watch(nodes: &[NodeRef<Div>], act: impl FnMut() + 'static) -> Option<Self> {
        let told = Closure::<dyn FnMut()>::new(act);
        let observer = ResizeObserver::new(told.as_ref().unchecked_ref()).ok()?;
        for node in nodes {
            if let Some(element) = node.try_get_untracked().flatten() {
                observer.observe(&element);
            }
        }
        Some(Self { observer, _told: told })
    }
}

impl Drop for Resizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
