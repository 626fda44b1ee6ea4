//! What stands in the composer of one conversation in this page, beside the draft that the device has.
//!
//! Several pages write at once. Two rules keep what was typed: the device lets a draft be replaced only by who knows it, or
//! when it is gone (`CommandError::OtherDraft`); and here nothing replaces what somebody is typing. What the device does not have
//! is in [`Draft::unsaved`], which the page keeps under seal until it does ([`super::unsaved`]).

use parley_engine::view::UNSAVED_TEXTS;
use parley_protocol::limits::MAX_TEXT;
use serde::{Deserialize, Serialize};

/// Somebody who typed so many milliseconds ago may go on.
pub const RECENT: u64 = 4_000;

/// Who has not typed for so many milliseconds pauses: then the draft is saved. Not before, so that other pages do not show half
/// words in which somebody goes on.
pub const REST: u64 = 1_000;

/// A text that somebody has sent and that is not on the device's disk, as far as this page knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Of the request: under it the text is taken once, however often it is asked for.
    pub id: u64,
    /// What stood in the composer.
    pub text: String,
    /// The draft that it was.
    pub over: String,
}

/// What the device is to save as the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Save {
    /// The draft.
    pub text: String,
    /// The one that it takes the place of.
    pub over: String,
}

/// What would be lost if the page went now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaved {
    /// The composer's text.
    pub draft: Option<Save>,
    /// What was sent, oldest first.
    pub sending: Vec<Sending>,
    /// What stood in composers of pages that are gone.
    pub found: Vec<Save>,
}

impl Unsaved {
    /// Whether there is nothing to lose.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.draft.is_none() && self.sending.is_empty() && self.found.is_empty()
    }
}

/// One conversation's composer in this page. It is there also while another chat is open.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub struct Draft {
    text: String,
    /// What stood here when this page and the device agreed last.
    agreed: String,
    /// What the device has, as far as it has said so.
    saved: String,
    /// The device had what stood here, and it was sent as it stood.
    gone: bool,
    /// It differs from what the device has because somebody is writing here, though nothing was changed here.
    behind: bool,
    /// It was typed here, not taken from the device.
    typed_here: bool,
    focused: bool,
    composing: bool,
    typed: Option<u64>,
    /// What the device was asked to save and has not answered.
    asked: Option<String>,
    sending: Vec<Sending>,
    found: Vec<Save>,
}

impl Draft {
    /// The composer's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was sent and is not on the disk yet, oldest first.
    #[must_use]
    pub fn sending(&self) -> &[Sending] {
        &self.sending
    }

    /// Somebody types, or a paste or an input method does it for them.
    pub fn type_text(&mut self, text: &str, now: u64) {
        text.clone_into(&mut self.text);
        self.typed_here = true;
        self.gone = false;
        self.behind = false;
        self.typed = Some(now);
    }

    /// Whether the composer has the keyboard.
    pub const fn focus(&mut self, focused: bool) {
        self.focused = focused;
        if !focused {
            self.composing = false;
        }
    }

    /// An input method begins or ends to compose.
    pub const fn compose(&mut self, composing: bool) {
        self.composing = composing;
    }

    /// The device says what its draft is, and of an empty one whether the last was sent as it stood.
    pub fn hear(&mut self, saved: &str, sent: bool) {
        if saved != self.saved {
            self.gone |= sent && saved.is_empty() && self.saved == self.text && !self.text.is_empty();
            saved.clone_into(&mut self.saved);
        }
    }

    /// Puts here what may stand here now; whether that is something else than before. Called after everything that
    /// happens, and now and then.
    pub fn settle(&mut self, now: u64) -> bool {
        if self.composing || self.asked.is_some() || !self.sending.is_empty() {
            return false;
        }
        let followed = self.follow(now);
        self.take_found(now) || followed
    }

    fn follow(&mut self, now: u64) -> bool {
        if core::mem::take(&mut self.gone) {
            self.agreed.clone_from(&self.text);
            self.behind = false;
            self.typed_here = false;
        }
        if self.text == self.saved {
            self.agreed.clone_from(&self.saved);
            self.behind = false;
            return false;
        }
        if self.text != self.agreed {
            // Something was typed that the device does not have.
            return false;
        }
        if self.keeps(now) {
            if self.saved.is_empty() {
                // What took its place is gone: this is what is left to save.
                self.agreed.clear();
            }
            self.behind = true;
            return false;
        }
        self.text.clone_from(&self.saved);
        self.agreed.clone_from(&self.saved);
        self.typed_here = false;
        self.behind = false;
        true
    }

    /// Whether what stands here unchanged stays, although the device has something else.
    fn keeps(&self, now: u64) -> bool {
        let recent = self.is_recent(now);
        match (self.text.is_empty(), self.saved.is_empty()) {
            (true, _) => recent,
            (false, true) => self.behind || (self.typed_here && self.focused),
            (false, false) => self.typed_here && (self.focused || recent),
        }
    }

    /// Whether nobody is typing just now.
    #[must_use]
    pub fn rests(&self, now: u64) -> bool {
        !self.composing && self.typed.is_none_or(|typed| now.abs_diff(typed) >= REST)
    }

    fn is_recent(&self, now: u64) -> bool {
        self.typed.is_some_and(|typed| now.abs_diff(typed) < RECENT)
    }

    /// What other pages left comes to what stands here, unless somebody is typing.
    fn take_found(&mut self, now: u64) -> bool {
        if self.is_recent(now) || (self.typed_here && self.focused && !self.text.is_empty()) {
            return false;
        }
        let before = self.text.clone();
        for Save { text, over } in core::mem::take(&mut self.found) {
            if self.text.contains(text.as_str()) || self.saved.contains(text.as_str()) {
                continue;
            }
            // It is what came of the draft that stands here, or has nothing to do with it.
            self.text = match self.text.as_str() {
                "" => text,
                here if here == over => text,
                here => format!("{here}\n{text}"),
            };
        }
        self.text != before
    }

    /// What the device is to be asked to save now, if anything.
    pub fn save(&mut self) -> Option<Save> {
        let free = self.saved.is_empty() || self.saved == self.agreed;
        let wanted = self.text != self.agreed && self.text != self.saved && self.text.len() <= MAX_TEXT;
        if !wanted || !free || self.asked.is_some() || !self.sending.is_empty() {
            return None;
        }
        self.asked = Some(self.text.clone());
        Some(Save { text: self.text.clone(), over: self.agreed.clone() })
    }

    /// The device has answered that; `done` if it has it.
    pub fn answered(&mut self, text: &str, done: bool) {
        if self.asked.take_if(|asked| asked == text).is_some() && done {
            text.clone_into(&mut self.saved);
            text.clone_into(&mut self.agreed);
        }
    }

    /// Sends what stands here, under an id that nothing else has. None while too much waits for the disk.
    pub fn send(&mut self, id: u64, now: u64) -> Option<Sending> {
        if self.sending.len() >= UNSAVED_TEXTS {
            return None;
        }
        let text = core::mem::take(&mut self.text);
        let agreed = core::mem::take(&mut self.agreed);
        let sending = Sending { id, text, over: self.asked.take().unwrap_or(agreed) };
        self.sending.push(sending.clone());
        self.typed_here = false;
        self.gone = false;
        self.behind = false;
        self.typed = Some(now);
        Some(sending)
    }

    /// The device has answered that: it has it on its disk, or it refuses it; then it is back where it was written, before what
    /// is there.
    pub fn sent(&mut self, id: u64, done: bool) {
        let Some(place) = self.sending.iter().position(|sending| sending.id == id) else { return };
        let Sending { text, over, .. } = self.sending.remove(place);
        if done {
            if self.saved == over || self.saved.trim() == text.trim() {
                self.saved.clear();
            }
            return;
        }
        self.text = if self.text.is_empty() { text } else { format!("{text}\n{}", self.text) };
        self.agreed = over;
        self.typed_here = true;
    }

    /// What another page left that is gone, or this one before the device was locked. What it was sending is asked for again
    /// by the caller.
    pub fn find(&mut self, left: Unsaved) {
        for sending in left.sending {
            if !self.sending.iter().any(|known| known.id == sending.id) {
                self.sending.push(sending);
            }
        }
        self.found.extend(left.draft);
        self.found.extend(left.found);
    }

    /// What would be lost if the page went now.
    #[must_use]
    pub fn unsaved(&self) -> Unsaved {
        let differs = !self.text.is_empty() && self.text != self.saved;
        let draft = differs.then(|| Save { text: self.text.clone(), over: self.agreed.clone() });
        Unsaved { draft, sending: self.sending.clone(), found: self.found.clone() }
    }
}

#[cfg(test)]
mod tests;
