//! What somebody said: a part in the sense of draft-ietf-mimi-content section 4, as it travels, is stored and is handed on.
//!
//! A version that does not know a kind, or a field without which the rest would be misread, keeps the part as it came and
//! shows that a newer version wrote it; the version that knows it shows what it says.

use parley_protocol::limits::MAX_TEXT;
use serde::{Deserialize, Serialize};

use super::ContentError;
use super::files::{FILES, Files};
use crate::domain::visible::is_blank;

/// The kind of a text (`text/markdown;variant=GFM-MIMI`, of which this version shows the characters).
pub(super) const TEXT: u16 = 1;
/// Fields from this tag on change what the rest means (such as `replaces`): who does not know one does not know the part.
const FIRST_CRITICAL: u16 = 0x8000;

/// Fields of one part: as many as MIMI names, and room for more.
const MAX_FIELDS: usize = 64;
/// Characters of a text in the list of chats.
const PREVIEW: usize = 120;

/// Optional fields by tag.
pub(crate) type Fields = Vec<(u16, Vec<u8>)>;

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    kind: u16,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    /// As they came, also those of versions to come.
    fields: Fields,
}

impl Part {
    /// A text of this version; the caller has checked it.
    pub(crate) fn of_text(text: String) -> Self {
        Self { kind: TEXT, body: text.into_bytes(), fields: Fields::new() }
    }

    /// A text with files; the caller has checked them.
    pub(crate) fn of_files(files: &Files) -> Self {
        Self { kind: FILES, body: files.encode(), fields: Fields::new() }
    }

    /// A text with a field that a version to come may write, and that changes what the text means.
    #[cfg(any(test, feature = "hostile"))]
    pub(crate) fn newer(text: &str) -> Self {
        Self { kind: TEXT, body: text.as_bytes().to_vec(), fields: vec![(FIRST_CRITICAL, vec![7; 16])] }
    }

    /// A part that somebody else wrote, checked as far as this version knows it.
    pub(super) fn read(kind: u16, body: Vec<u8>, fields: Fields) -> Result<Self, ContentError> {
        let part = Self { kind, body, fields };
        if part.is_sound() { Ok(part) } else { Err(ContentError) }
    }

    /// Whether it may stand in a chat: it is not too long, and a text has something to be seen.
    pub(crate) fn is_sound(&self) -> bool {
        let text = || core::str::from_utf8(&self.body).is_ok_and(|text| !is_blank(text));
        let fits = self.length() <= MAX_TEXT && self.fields.len() <= MAX_FIELDS;
        let files = || self.kind != FILES || Files::decode(&self.body).is_ok();
        fits && (self.is_changed() || (self.kind != TEXT || text()) && files())
    }

    /// Whether it has a field without which it would be misread.
    fn is_changed(&self) -> bool {
        self.fields.iter().any(|(tag, _)| *tag >= FIRST_CRITICAL)
    }

    /// The text; none of what only a newer version knows.
    pub(crate) fn text(&self) -> Option<&str> {
        let known = self.kind == TEXT && !self.is_changed();
        core::str::from_utf8(&self.body).ok().filter(|_| known)
    }

    /// A text with files; none of what only a newer version knows.
    pub(crate) fn files(&self) -> Option<Files> {
        let known = self.kind == FILES && !self.is_changed();
        Files::decode(&self.body).ok().flatten().filter(|_| known)
    }

    /// Its beginning, for the list of chats: the first characters of a text, and of anything else that it is there.
    pub(crate) fn abridged(&self) -> Self {
        let text = || self.text().map(|text| text.chars().take(PREVIEW).collect::<String>().into_bytes());
        let body = self.files().map(|files| files.abridged(PREVIEW).encode()).or_else(text);
        let fields = self.fields.iter().map(|(tag, _)| (*tag, Vec::new())).collect();
        Self { kind: self.kind, body: body.unwrap_or_default(), fields }
    }

    /// Bytes that its writer chose.
    pub(crate) fn length(&self) -> usize {
        self.fields.iter().map(|(_, bytes)| bytes.len()).fold(self.body.len(), usize::saturating_add)
    }

    pub(super) fn into_raw(self) -> (u16, Vec<u8>, Fields) {
        (self.kind, self.body, self.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_neither_empty_nor_longer_than_the_longest() {
        let of = |length: usize| Part::read(TEXT, vec![b'a'; length], Fields::new()).is_ok();
        assert_eq!([0, 1, MAX_TEXT, MAX_TEXT + 1].map(of), [false, true, true, false]);
        assert!(Part::read(TEXT, vec![0xFF], Fields::new()).is_err(), "no UTF-8");
    }

    #[test]
    fn p9_fields_are_few_and_count_as_what_was_said() {
        let with = |count: u16, length: usize| {
            let fields = (0..count).map(|tag| (tag, vec![0; length])).collect();
            Part::read(TEXT, b"hi".to_vec(), fields).is_ok()
        };
        assert!(with(64, 0) && !with(65, 0));
        assert!(with(2, MAX_TEXT / 2 - 1) && !with(2, MAX_TEXT / 2));
    }

    #[test]
    fn what_deletes_a_message_in_a_version_to_come_has_no_text_and_is_kept() {
        let empty = Part::read(TEXT, Vec::new(), vec![(FIRST_CRITICAL, vec![7; 16])]).unwrap();
        assert_eq!(empty.text(), None);
    }

    #[test]
    fn a_field_that_adds_to_a_text_hides_nothing_and_one_that_changes_it_does() {
        let with = |tag| Part::read(TEXT, b"hello".to_vec(), vec![(tag, vec![1])]).unwrap();
        assert_eq!(with(FIRST_CRITICAL - 1).text(), Some("hello"));
        assert_eq!(with(FIRST_CRITICAL).text(), None);
        assert_eq!(Part::read(9, b"hello".to_vec(), Fields::new()).unwrap().text(), None);
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let parts = [Part::of_text("h\u{e9}llo".to_owned()), Part::newer("edited")];
        let bytes = postcard::to_allocvec(&parts).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<[Part; 2]>(&bytes).unwrap(), parts);
    }
}
