//! The scrolling of a list of rows.
//!
//! The scroller is a reversed column with one child: it stays at the newest row by itself, and how far it is scrolled
//! counts from there, as a negative number. So rows that come above move nothing; what comes below somebody who has
//! scrolled up is made up for by [`Scroller::move_by`]. Lengths are in CSS pixels.

use std::ops::Range;

use leptos::html::Div;
use leptos::prelude::{GetUntracked as _, NodeRef};
use wasm_bindgen::JsCast as _;
use web_sys::{DomRect, Element, HtmlCollection, MouseEvent, Node};

/// Nearer than this to the newest row counts as there.
const NEAR_END: f64 = 48.0;
/// What is this many screens away is loaded.
const AHEAD: f64 = 1.5;

/// A scroller, what is scrolled in it, and the element whose children are the rows.
#[derive(Debug, Clone, Copy)]
pub struct Scroller {
    /// What has the scroll bar.
    pub outer: NodeRef<Div>,
    /// All that is scrolled.
    pub inner: NodeRef<Div>,
    /// The rows.
    pub list: NodeRef<Div>,
}

/// Where everything stands now.
#[derive(Debug)]
pub struct Layout {
    outer: DomRect,
    inner: DomRect,
    rows: HtmlCollection,
}

impl Scroller {
    /// Measures; none while it is not in the page, or not shown.
    #[must_use]
    pub fn layout(self) -> Option<Layout> {
        let rect = |node: NodeRef<Div>| Some(node.try_get_untracked()??.get_bounding_client_rect());
        let (outer, inner) = (rect(self.outer)?, rect(self.inner)?);
        let rows = self.list.try_get_untracked()??.children();
        (outer.height() > 0.0).then_some(Layout { outer, inner, rows })
    }

    /// Scrolls by so much; down, if it is positive.
    pub fn move_by(self, pixels: f64) {
        if let Some(outer) = self.outer.try_get_untracked().flatten() {
            outer.scroll_by_with_x_and_y(0.0, pixels);
        }
    }

    /// Gives a row the focus; the style sheet shows which one it is.
    pub fn mark(self, row: usize) {
        let rows = self.list.try_get_untracked().flatten().map(|list| list.children());
        let row = rows.zip(u32::try_from(row).ok()).and_then(|(rows, row)| rows.item(row));
        if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = row.focus();
            let _ = row.remove_attribute("data-sought");
            // Read, so that the animation begins anew.
            let _ = row.offset_width();
            let _ = row.set_attribute("data-sought", "");
        }
    }

    /// Goes to the newest row.
    pub fn to_end(self) {
        if let Some(outer) = self.outer.try_get_untracked().flatten() {
            outer.set_scroll_top(0);
        }
    }
}

impl Layout {
    /// How far it is scrolled: 0 at the newest row, and negative above it.
    #[must_use]
    pub fn scrolled(&self) -> f64 {
        self.outer.bottom() - self.inner.bottom()
    }

    /// Whether the newest row is on the screen.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.scrolled() > -NEAR_END
    }

    /// Whether so much has been scrolled that the newest rows are out of scanned.
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

    /// The upper edge of a row, counted from the lower edge of what is in view.
    #[must_use]
    pub fn offset(&self, row: usize) -> Option<f64> {
        Some(self.rect(row)?.top() - self.outer.bottom())
    }

    /// By how much to scroll so that a row stands at the top of what is in view.
    #[must_use]
    pub fn to_start(&self, row: usize) -> Option<f64> {
        Some(self.rect(row)?.top() - self.outer.top())
    }

    /// By how much to scroll so that a row stands in the middle, or begins at the top if it is high.
    #[must_use]
    pub fn to_middle(&self, row: usize) -> Option<f64> {
        let rect = self.rect(row)?;
        let room = (self.outer.height() - rect.height()).max(0.0);
        Some(rect.top() - self.outer.top() - room / 2.0)
    }

    /// The rows of which something is in view.
    #[must_use]
    pub fn shown(&self) -> Range<usize> {
        let start = self.first(|rect| rect.bottom() > self.outer.top());
        start..self.first(|rect| rect.top() >= self.outer.bottom()).max(start)
    }

    /// The first row of which the beginning is in view.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.first(|rect| rect.top() >= self.outer.top())
    }

    /// The rows above this one have been in view so far that they were read: to their end, or over half of the screen.
    #[must_use]
    pub fn read(&self) -> usize {
        let half = self.outer.height() / 2.0;
        self.first(|rect| rect.bottom().min(rect.top() + half) > self.outer.bottom() + 1.0)
    }

    /// The row in which something happened.
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

    /// The first row for which something is true that is true for all that come after it.
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
