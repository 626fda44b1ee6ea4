//! Keeps the person's place in the list when rows change.

use leptos::ev;
use leptos::prelude::*;

use super::List;
use crate::model::anchor::{self, Anchor};
use crate::model::rows::{Row, RowKey};
use crate::platform::page;
use crate::platform::resize::Resizes;
use crate::platform::scroll::Layout;
use crate::ui::app::open::Side;

/// The distance between the upper edge and the line above unread messages, in CSS pixels.
const ABOVE_UNREAD: f64 = 24.0;
/// A shorter distance is invisible and may come from rounding.
const NOTHING: f64 = 0.5;
/// With more rows than this, the app drops distant rows even while the person scrolls or has selected text.
const MANY: usize = 400;

/// The person's place in the list.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The row that keeps its place. At the newest message the browser keeps that one, and no anchor is needed.
    anchor: StoredValue<Option<Anchor>>,
    at_end: StoredValue<bool>,
    /// The person is so far up that the page shows a button that leads down.
    far: RwSignal<bool>,
    /// The list has been scrolled to the message at which the conversation opens.
    placed: StoredValue<bool>,
    /// The last [`Open::to_newest`](crate::ui::app::open::Open::to_newest) that the list has carried out.
    obeyed: StoredValue<u32>,
    /// Every row before this index has been in view.
    pub(super) read: RwSignal<usize>,
    resizes: StoredValue<Option<Resizes>, LocalStorage>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            anchor: StoredValue::new(None),
            at_end: StoredValue::new(true),
            far: RwSignal::new(false),
            placed: StoredValue::new(false),
            obeyed: StoredValue::new(0),
            read: RwSignal::new(0),
            resizes: StoredValue::new_local(None),
        }
    }

    pub(super) fn is_far(self) -> bool {
        self.far.get()
    }
}

impl List {
    /// Handles scrolling, by the person or by the program.
    pub(super) fn scrolled(self) {
        self.look();
    }

    /// Calls [`Self::settle`] when the window, the composer or a message has another height.
    pub(super) fn watch_sizes(self) {
        let (outer, inner) = (self.scroller.outer, self.scroller.inner);
        Effect::new(move |_| {
            if outer.get().is_some() && inner.get().is_some() {
                let resizes = Resizes::watch(&[outer, inner], move || self.settle());
                self.place.resizes.set_value(resizes);
            }
        });
    }

    /// Before the rows change: notes the row being read, which must keep its place.
    pub(super) fn hold(self) {
        if let Some(layout) = self.scroller.layout() {
            self.place.anchor.set_value(self.anchor(&layout));
        }
    }

    /// Before a row grows: its beginning keeps its place, also at the newest message.
    pub(super) fn hold_row_of(self, event: &ev::MouseEvent) {
        let Some(layout) = self.scroller.layout() else { return };
        let Some(row) = layout.row_of(event) else { return };
        let key = self.rows.with(|rows| rows.get(row).map(Row::key));
        if let Some((key, offset)) = key.zip(layout.offset(row)) {
            self.place.at_end.set_value(false);
            self.place.anchor.set_value(Some(Anchor { key, offset }));
        }
    }

    /// After the rows or their heights have changed, before the frame is shown: puts the row being read back in its place.
    pub(super) fn settle(self) {
        // The person may have left the list meanwhile.
        if self.place.far.try_get_untracked().is_none() {
            return;
        }
        let Some(layout) = self.scroller.layout() else { return };
        if self.is_sent_to_newest() {
            self.place.at_end.set_value(true);
        }
        if !self.place.placed.get_value() {
            self.begin(&layout);
        } else if self.goes_to_sought(&layout) {
        } else if self.place.at_end.get_value() {
            self.scroller.to_end();
        } else if let Some(anchor) = self.place.anchor.get_value() {
            let now = self.rows.position(anchor.key).and_then(|row| layout.offset(row));
            let shift = now.map_or(0.0, |now| now - anchor.offset);
            if shift.abs() > NOTHING {
                self.scroller.move_by(shift);
            }
        }
        self.look();
    }

    fn is_sent_to_newest(self) -> bool {
        let asked = self.app.open.with_untracked(|open| open.to_newest);
        let before = self.place.obeyed.get_value();
        self.place.obeyed.set_value(asked);
        asked != before
    }

    /// Scrolls to the sought message and highlights it. Returns whether there is one.
    fn goes_to_sought(self, layout: &Layout) -> bool {
        let sought = self.app.open.with_untracked(|open| open.sought);
        let row = sought.and_then(|sought| self.rows.position(RowKey::Message(sought)));
        let Some((row, above)) = row.and_then(|row| Some((row, layout.to_middle(row)?))) else {
            return false;
        };
        self.app.open.update_untracked(|open| open.sought = None);
        self.place.at_end.set_value(false);
        self.scroller.move_by(above);
        self.scroller.mark(row);
        true
    }

    /// Scrolls to the line above unread messages, or to the newest message.
    fn begin(self, layout: &Layout) {
        let ready = self.app.open.with_untracked(|open| open.id == Some(self.id) && open.window.is_ready());
        if !ready {
            return;
        }
        self.place.placed.set_value(true);
        let above = self.rows.position(RowKey::Unread).and_then(|row| layout.to_start(row));
        match above {
            Some(above) if above < ABOVE_UNREAD => self.scroller.move_by(above - ABOVE_UNREAD),
            _ => self.scroller.to_end(),
        }
    }

    /// Measures the person's place: which row keeps its place, what to load, what was read.
    fn look(self) {
        let Some(layout) = self.scroller.layout() else { return };
        if !self.place.placed.get_value() {
            return;
        }
        let has_newer = self.app.open.with_untracked(|open| open.window.has_newer());
        self.place.at_end.set_value(layout.is_at_end() && !has_newer);
        self.place.anchor.set_value(self.anchor(&layout));
        let far = has_newer || layout.is_far_from_end();
        if self.place.far.get_untracked() != far {
            self.place.far.set(far);
        }
        let read = layout.read();
        if self.place.read.get_untracked() != read {
            self.place.read.set(read);
        }
        if layout.is_near_start() {
            self.app.load(self.id, Side::Older);
        }
        if layout.is_near_end() {
            self.app.load(self.id, Side::Newer);
        }
        if self.rows.with(<[Row]>::len) > MANY {
            self.drop_far_rows(&layout);
        }
    }

    /// The first message that begins in view, or the one that fills the view.
    fn anchor(self, layout: &Layout) -> Option<Anchor> {
        let shown = layout.shown();
        let begun = layout.begun().clamp(shown.start, shown.end);
        self.rows.with(|rows| {
            let mut places = (begun..shown.end).chain(shown.start..begun);
            places.find_map(|row| {
                let key @ RowKey::Message(_) = rows.get(row)?.key() else { return None };
                Some(Anchor { key, offset: layout.offset(row)? })
            })
        })
    }

    /// Drops rows far out of view, once the person has stopped scrolling.
    pub(super) fn trim(self) {
        if let Some(layout) = self.scroller.layout()
            && !page::has_selection()
        {
            self.drop_far_rows(&layout);
        }
    }

    fn drop_far_rows(self, layout: &Layout) {
        let shown = layout.shown();
        let messages = |rows: &[Row]| rows.iter().filter(|row| matches!(row, Row::Message(_))).count();
        let (start, len) = self.rows.with(|rows| {
            let (before, within) = (rows.get(..shown.start), rows.get(shown.clone()));
            (before.map_or(0, messages), within.map_or(0, messages))
        });
        let count = self.app.open.with_untracked(|open| open.window.messages().len());
        if let Some(kept) = anchor::kept(count, start..start.saturating_add(len)) {
            self.app.update_open(self.id, |open| open.window.keep(kept));
        }
    }
}
