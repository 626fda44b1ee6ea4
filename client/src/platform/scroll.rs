//! Scrolls and measures a list of rows.
//!
//! The scroller is a reversed column with one child. It stays at the newest row by itself, and its scroll position counts from
//! there, as a negative number. So rows that come above move nothing. When rows come below and the person has scrolled up,
//! [`Scroller::move_by`] compensates for them. Lengths are in CSS pixels.

use std::ops::Range;

use leptos::html::Div;
use leptos::prelude::{GetUntracked as _, NodeRef};
use wasm_bindgen::JsCast as _;
use web_sys::{DomRect, Element, HtmlCollection, MouseEvent, Node};

/// Within this distance of the newest row the list counts as being at its end.
const NEAR_END: f64 = 48.0;
/// The app loads rows that are less than this many screens away.
const AHEAD: f64 = 1.5;

/// A scroller, its scrolled content, and the element whose children are the rows.
#[derive(Debug, Clone, Copy)]
pub struct Scroller {
    /// The element with the scroll bar.
    pub outer: NodeRef<Div>,
    /// The scrolled content.
    pub inner: NodeRef<Div>,
    /// The parent of the rows.
    pub list: NodeRef<Div>,
}

/// The measured positions of all these elements.
#[derive(Debug)]
pub struct Layout {
    outer: DomRect,
    inner: DomRect,
    rows: HtmlCollection,
}

impl Scroller {
    /// Measures the layout. Returns `None` while the list is not in the page, or not shown.
    #[must_use]
    pub fn layout(self) -> Option<Layout> {
        let rect = |node: NodeRef<Div>| Some(node.try_get_untracked()??.get_bounding_client_rect());
        let (outer, inner) = (rect(self.outer)?, rect(self.inner)?);
        let rows = self.list.try_get_untracked()??.children();
        (outer.height() > 0.0).then_some(Layout { outer, inner, rows })
    }

    /// Scrolls by this many pixels; positive is down.
    pub fn move_by(self, pixels: f64) {
        if let Some(outer) = self.outer.try_get_untracked().flatten() {
            outer.scroll_by_with_x_and_y(0.0, pixels);
        }
    }

    /// Gives a row the focus. The style sheet highlights it.
    pub fn mark(self, row: usize) {
        let rows = self.list.try_get_untracked().flatten().map(|list| list.children());
        let row = rows.zip(u32::try_from(row).ok()).and_then(|(rows, row)| rows.item(row));
        if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = row.focus();
            let _ = row.remove_attribute("data-sought");
            // Reading the width restarts the animation.
            let _ = row.offset_width();
            let _ = row.set_attribute("data-sought", "");
        }
    }

    /// Scrolls to the newest row.
    pub fn to_end(self) {
        if let Some(outer) = self.outer.try_get_untracked().flatten() {
            outer.set_scroll_top(0);
        }
    }
}

impl Layout {
    /// The scroll position: 0 at the newest row, and negative above it.
    #[must_use]
    pub fn scrolled(&self) -> f64 {
        self.outer.bottom() - self.inner.bottom()
    }

    /// Whether the newest row is on the screen.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.scrolled() > -NEAR_END
    }

    /// Whether the newest rows are scrolled out of view.
    #[must_use]
    pub fn is_far_from_end(&self) -> bool {
        self.scrolled() < -self.outer.height() / 2.0
    }

    /// Whether the oldest row is nearly on the screen.
    #[must_use]
    pub fn is_near_start(&self) -> bool {
        self.outer.top() - self.inner.top() < AHEAD * self.outer.height()
    }

    /// Whether the newest row is nearly on the screen.
    #[must_use]
    pub fn is_near_end(&self) -> bool {
        -self.scrolled() < AHEAD * self.outer.height()
    }

    /// The upper edge of a row, measured from the lower edge of the visible area.
    #[must_use]
    pub fn offset(&self, row: usize) -> Option<f64> {
        Some(self.rect(row)?.top() - self.outer.bottom())
    }

    /// The distance to scroll so that a row stands at the top of the visible area.
    #[must_use]
    pub fn to_start(&self, row: usize) -> Option<f64> {
        Some(self.rect(row)?.top() - self.outer.top())
    }

    /// The distance to scroll so that a row stands in the middle, or begins at the top if it is high.
    #[must_use]
    pub fn to_middle(&self, row: usize) -> Option<f64> {
        let rect = self.rect(row)?;
        let room = (self.outer.height() - rect.height()).max(0.0);
        Some(rect.top() - self.outer.top() - room / 2.0)
    }

    /// The rows that are at least partly visible.
    #[must_use]
    pub fn shown(&self) -> Range<usize> {
        let start = self.first(|rect| rect.bottom() > self.outer.top());
        start..self.first(|rect| rect.top() >= self.outer.bottom()).max(start)
    }

    /// The first row whose beginning is visible.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.first(|rect| rect.top() >= self.outer.top())
    }

    /// The index of the first unread row. The rows above it were visible to their end, or over half of the screen.
    #[must_use]
    pub fn read(&self) -> usize {
        let half = self.outer.height() / 2.0;
        self.first(|rect| rect.bottom().min(rect.top() + half) > self.outer.bottom() + 1.0)
    }

    /// The row in which an event happened.
    #[must_use]
    pub fn row_of(&self, event: &MouseEvent) -> Option<usize> {
        let target: Node = event.target()?.dyn_into().ok()?;
        (0..self.rows.length())
            .find(|row| self.rows.item(*row).is_some_and(|element| element.contains(Some(&target))))
            .and_then(|row| usize::try_from(row).ok())
    }

    fn rect(&self, row: usize) -> Option<DomRect> {
        let row: Element = self.rows.item(u32::try_from(row).ok()?)?;
        Some(row.get_bounding_client_rect())
    }

    /// The first row for which a condition holds that holds for all rows after it.
    fn first(&self, is_there: impl Fn(&DomRect) -> bool) -> usize {
        let (mut low, mut high) = (0, usize::try_from(self.rows.length()).unwrap_or_default());
        while low < high {
            let middle = low.midpoint(high);
            if self.rect(middle).is_none_or(|rect| is_there(&rect)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}
