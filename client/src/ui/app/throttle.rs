//! News of conversations are shown at once, but not more often than somebody can see: while a device is linked or comes
//! back there are hundreds, and each has the whole list looked through.

use leptos::prelude::*;
use parley_engine::view::ConversationView;

use crate::platform::unicode::Browser;
use crate::platform::{clock, timer};
use crate::ui::app::state::App;

/// Between one change of the list and the next, in milliseconds.
const PAUSE: u64 = 40;

/// When the list was changed last, and whether something waits to be shown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Throttle {
    last: u64,
    waits: bool,
}

impl App {
    /// Takes a conversation that is new or changed.
    pub(crate) fn put_chat(self, chat: ConversationView) {
        self.chats.update_untracked(|chats| chats.put(chat, &Browser));
        let Throttle { last, waits } = self.throttle.get_value();
        if waits {
            return;
        }
        match PAUSE.saturating_sub(clock::now().0.abs_diff(last)) {
            0 => self.show_chats(),
            left => {
                self.throttle.set_value(Throttle { last, waits: true });
                timer::after(left, move || self.show_chats()).forget();
            }
        }
    }

    fn show_chats(self) {
        self.throttle.set_value(Throttle { last: clock::now().0, waits: false });
        self.chats.notify();
    }
}
