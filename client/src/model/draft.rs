//! Holds the composer of one conversation in this page, beside the draft on the device.
//!
//! Several pages write at once. Two rules protect typed text: the device lets only a page that knows a draft replace it, or any
//! page when the draft is gone (`CommandError::OtherDraft`); and this module never replaces text while a person types it.
//! [`Draft::unsaved`] has the text that the device does not have; the page keeps it sealed until the device has it
//! ([`super::unsaved`]).

use parley_engine::view::UNSAVED_TEXTS;
use parley_protocol::limits::MAX_TEXT;
use serde::{Deserialize, Serialize};

/// A person who typed less than this many milliseconds ago may go on typing.
pub const RECENT: u64 = 4_000;

/// After this many milliseconds without typing a person pauses, and the page saves the draft. It saves no earlier, so that
/// other pages do not show half words.
pub const REST: u64 = 1_000;

/// A sent text that is not on the device's disk, as far as this page knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// The id of the request. The device takes the text once, however often a page repeats the request.
    pub id: u64,
    /// The text that stood in the composer.
    pub text: String,
    /// The draft that the text replaces.
    pub over: String,
}

/// A draft that the device is to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Save {
    /// The new draft.
    pub text: String,
    /// The draft that it replaces.
    pub over: String,
}

/// The text that would be lost if the page ended now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaved {
    /// The text in the composer.
    pub draft: Option<Save>,
    /// The sent texts, oldest first.
    pub sending: Vec<Sending>,
    /// Texts from the composers of pages that are gone.
    pub found: Vec<Save>,
}

impl Unsaved {
    /// Whether there is nothing to lose.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.draft.is_none() && self.sending.is_empty() && self.found.is_empty()
    }
}

/// One conversation's composer in this page. It exists also while another chat is open.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub struct Draft {
    text: String,
    /// The text when this page and the device agreed last.
    agreed: String,
    /// The draft that the device has, as far as it has said so.
    saved: String,
    /// The device had this text as its draft, and the draft was sent as it stood.
    gone: bool,
    /// The text differs from the device's draft because the person is writing here, although they have not changed it yet.
    behind: bool,
    /// A person typed the text here; the page did not take it from the device.
    typed_here: bool,
    focused: bool,
    composing: bool,
    typed: Option<u64>,
    /// The draft that the device was asked to save and has not confirmed yet.
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

    /// The sent texts that are not on the disk yet, oldest first.
    #[must_use]
    pub fn sending(&self) -> &[Sending] {
        &self.sending
    }

    /// Takes typed text, also from a paste or an input method.
    pub fn type_text(&mut self, text: &str, now: u64) {
        text.clone_into(&mut self.text);
        self.typed_here = true;
        self.gone = false;
        self.behind = false;
        self.typed = Some(now);
    }

    /// Notes whether the composer has the focus.
    pub const fn focus(&mut self, focused: bool) {
        self.focused = focused;
        if !focused {
            self.composing = false;
        }
    }

    /// Notes that an input method begins or ends to compose.
    pub const fn compose(&mut self, composing: bool) {
        self.composing = composing;
    }

    /// Takes the device's draft, and, if the draft is empty, whether the last one was sent as it stood.
    pub fn hear(&mut self, saved: &str, sent: bool) {
        if saved != self.saved {
            self.gone |= sent && saved.is_empty() && self.saved == self.text && !self.text.is_empty();
            saved.clone_into(&mut self.saved);
        }
    }

    /// Replaces the text if it may change now. Returns whether the text changed. The page calls this after every event, and now
    /// and then.
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
            // The person has typed text that the device does not have.
            return false;
        }
        if self.keeps(now) {
            if self.saved.is_empty() {
                // The draft that replaced this text is gone, so this text is left to save.
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

    /// Whether unchanged text stays although the device has another draft.
    fn keeps(&self, now: u64) -> bool {
        let recent = self.is_recent(now);
        match (self.text.is_empty(), self.saved.is_empty()) {
            (true, _) => recent,
            (false, true) => self.behind || (self.typed_here && self.focused),
            (false, false) => self.typed_here && (self.focused || recent),
        }
    }

    /// Whether the person pauses.
    #[must_use]
    pub fn rests(&self, now: u64) -> bool {
        !self.composing && self.typed.is_none_or(|typed| now.abs_diff(typed) >= REST)
    }

    fn is_recent(&self, now: u64) -> bool {
        self.typed.is_some_and(|typed| now.abs_diff(typed) < RECENT)
    }

    /// Adds texts of other pages that are gone, unless the person is typing.
    fn take_found(&mut self, now: u64) -> bool {
        if self.is_recent(now) || (self.typed_here && self.focused && !self.text.is_empty()) {
            return false;
        }
        let before = self.text.clone();
        for Save { text, over } in core::mem::take(&mut self.found) {
            if self.text.contains(text.as_str()) || self.saved.contains(text.as_str()) {
                continue;
            }
            // The found text continues the text that stands here, or has nothing to do with it.
            self.text = match self.text.as_str() {
                "" => text,
                here if here == over => text,
                here => format!("{here}\n{text}"),
            };
        }
        self.text != before
    }

    /// The draft that the page has to ask the device to save now, if any.
    pub fn save(&mut self) -> Option<Save> {
        let free = self.saved.is_empty() || self.saved == self.agreed;
        let wanted = self.text != self.agreed && self.text != self.saved && self.text.len() <= MAX_TEXT;
        if !wanted || !free || self.asked.is_some() || !self.sending.is_empty() {
            return None;
        }
        self.asked = Some(self.text.clone());
        Some(Save { text: self.text.clone(), over: self.agreed.clone() })
    }

    /// Takes the device's answer to [`Draft::save`]; `done` if the device has saved the draft.
    pub fn answered(&mut self, text: &str, done: bool) {
        if self.asked.take_if(|asked| asked == text).is_some() && done {
            text.clone_into(&mut self.saved);
            text.clone_into(&mut self.agreed);
        }
    }

    /// Sends the text, under an id that is used for nothing else. Returns `None` while too many texts wait for the disk.
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

    /// Takes the device's answer to [`Draft::send`]: the text is on the disk, or the device refuses it. A refused text returns
    /// to the composer, before the text that is there.
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

    /// Takes the unsaved texts of a page that is gone, or of this page before the device was locked. The caller repeats the
    /// requests to send.
    pub fn find(&mut self, left: Unsaved) {
        for sending in left.sending {
            if !self.sending.iter().any(|known| known.id == sending.id) {
                self.sending.push(sending);
            }
        }
        self.found.extend(left.draft);
        self.found.extend(left.found);
    }

    /// The text that would be lost if the page ended now.
    #[must_use]
    pub fn unsaved(&self) -> Unsaved {
        let differs = !self.text.is_empty() && self.text != self.saved;
        let draft = differs.then(|| Save { text: self.text.clone(), over: self.agreed.clone() });
        Unsaved { draft, sending: self.sending.clone(), found: self.found.clone() }
    }
}

#[cfg(test)]
mod tests;
