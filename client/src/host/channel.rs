//! The owner's end of the channel to the views of all tabs.

use crate::model::signal::{self, Signal};
use crate::platform::broadcast::Broadcast;

/// Name of the channel.
pub(crate) const CHANNEL: &str = "parley-view";

/// What the views say to the owner.
#[derive(Debug, Clone)]
pub(super) struct Views(std::rc::Rc<Option<Broadcast>>);

impl Views {
    /// Opens the channel.
    pub(super) fn open(hear: impl Fn(Signal) + 'static) -> Self {
        let channel = Broadcast::open(CHANNEL, move |bytes| {
            // What another version of the app says is not for this one; its views say so to the person.
            if let Ok(signal) = signal::decode(&bytes) {
                hear(signal);
            }
        });
        Self(std::rc::Rc::new(channel))
    }

    /// Says something to all views.
    pub(super) fn say(&self, signal: &Signal) {
        if let (Some(channel), Some(bytes)) = (self.0.as_ref(), signal::encode(signal)) {
            channel.say(&bytes);
        }
    }
}
