//! The owner's ends of the broadcast channels to and from the views of all tabs.

use std::rc::Rc;

use crate::model::signal::{self, TO_OWNER, TO_VIEWS, ToOwner, ToViews};
use crate::platform::broadcast::Broadcast;

/// The views of all tabs.
#[derive(Debug, Clone)]
pub(super) struct Views(Rc<Ends>);

#[derive(Debug)]
struct Ends {
    _heard: Option<Broadcast>,
    views: Option<Broadcast>,
}

impl Views {
    /// Opens the channel.
    pub(super) fn open(hear: impl Fn(ToOwner) + 'static) -> Self {
        let heard = Broadcast::open(TO_OWNER, move |bytes| {
            // A signal of another version of the app is not for this owner. The views tell the person about the other version.
            if let Ok(signal) = signal::decode(&bytes) {
                hear(signal);
            }
        });
        Self(Rc::new(Ends { _heard: heard, views: Broadcast::open(TO_VIEWS, |_| ()) }))
    }

    /// Sends a signal to all views.
    pub(super) fn say(&self, signal: &ToViews) {
        if let (Some(channel), Some(bytes)) = (self.0.views.as_ref(), signal::encode(signal)) {
            channel.say(&bytes);
        }
    }
}
