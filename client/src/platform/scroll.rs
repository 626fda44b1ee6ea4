//! The scrolling of a conversation.
//!
//! The scroller is a reversed column with one child: its position counts from the bottom, so older messages above,
//! a growing composer or another window size move nothing. Only messages below someone who has scrolled up need
//! [`Scroller::hold`].

use leptos::html::Div;
use leptos::prelude::{GetUntracked, NodeRef};

/// Nearer than this to the bottom counts as at the bottom.
const NEAR_BOTTOM: i32 = 48;
/// Nearer than this to the top is time to load older messages.
const NEAR_TOP: i32 = 800;

/// A scroller by its element.
#[derive(Debug, Clone, Copy)]
pub struct Scroller(pub NodeRef<Div>);

impl Scroller {
    /// How far above the bottom it stands.
    fn above_bottom(self) -> i32 {
        // Negative in a reversed column.
        self.0.try_get_untracked().flatten().map_or(0, |element| element.scroll_top().saturating_abs())
    }

    /// Whether the newest message is on the screen.
    #[must_use]
    pub fn at_bottom(self) -> bool {
        self.above_bottom() < NEAR_BOTTOM
    }

    /// Whether the oldest message is nearly on the screen.
    #[must_use]
    pub fn near_top(self) -> bool {
        self.0.try_get_untracked().flatten().is_some_and(|element| {
            element.scroll_height() - element.client_height() - self.above_bottom() < NEAR_TOP
        })
    }

    /// Height of what is scrolled.
    #[must_use]
    pub fn height(self) -> i32 {
        self.0.try_get_untracked().flatten().map_or(0, |element| element.scroll_height())
    }

    /// Keeps what is on the screen where it is after the content grew below by so many pixels.
    pub fn hold(self, grown: i32) {
        if let Some(element) = self.0.try_get_untracked().flatten() {
            element.set_scroll_top(element.scroll_top() - grown);
        }
    }

    /// Goes to the newest message.
    pub fn to_bottom(self) {
        if let Some(element) = self.0.try_get_untracked().flatten() {
            element.set_scroll_top(0);
        }
    }
}
