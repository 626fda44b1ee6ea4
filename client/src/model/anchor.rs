//! Keeps the message that a person reads in its place on the screen when rows around it come, go or resize.
//!
//! A place in the list is a message and its position on the screen, not a number of pixels from an end.

use std::ops::Range;

use super::rows::RowKey;

/// A row that keeps its place on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// Which row.
    pub key: RowKey,
    /// The row's upper edge, measured from the lower edge of the visible area, in CSS pixels. The lower edge is the reference
    /// because the visible area grows and shrinks there, with the composer and an on-screen keyboard, and the newest message
    /// moves with it.
    pub offset: f64,
}

/// Range of the window's `count` messages to keep around those in view (`shown`): [`SCREENS`] on each side, at least
/// [`LEAST`] messages. None while fewer than [`SLACK`] messages would be dropped.
#[must_use]
pub fn kept(count: usize, shown: Range<usize>) -> Option<Range<usize>> {
    let margin = shown.len().saturating_mul(SCREENS).max(LEAST);
    let kept = shown.start.saturating_sub(margin)..shown.end.saturating_add(margin).min(count);
    let spare = count.saturating_sub(kept.len());
    (spare >= SLACK).then_some(kept)
}

/// Screens to keep on each side of the viewport.
const SCREENS: usize = 3;
/// Least number of messages to keep on each side. It exceeds the engine's page size, so that a page is not dropped right
/// after it was loaded.
const LEAST: usize = 70;
/// Least number of messages that a trim drops.
const SLACK: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_some_screens_around_what_is_in_view() {
        assert_eq!(kept(100, 90..100), None, "there is little to gain");
        assert_eq!(kept(150, 140..150), Some(70..150));
        assert_eq!(kept(150, 0..10), Some(0..80));
        assert_eq!(kept(400, 200..230), Some(110..320), "three high screens on each side");
        assert_eq!(kept(0, 0..0), None);
    }
}
