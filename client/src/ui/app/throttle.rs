//! Limits how often the list of chats is drawn. While a device is linked or catches up, hundreds of conversations change, and
//! each change has the page go through the whole list.

use leptos::prelude::*;
use parley_engine::view::ConversationView;

use crate::platform::unicode::Browser;
use crate::platform::{clock, timer};
use crate::ui::app::state::App;

/// The least pause between two changes of the list, in milliseconds.
const PAUSE: u64 = 40;

/// When the list was drawn last, and whether a change waits to be drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Throttle {
    last: u64,
    waits: bool,
}

impl App {
    /// Takes a new or changed conversation.
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
