//! A part, in the sense of draft-ietf-mimi-content section 4: what somebody said, as it is sent, stored and passed on.
//!
//! A version that does not know a kind, or a field without which the rest would be misread, stores the part unchanged and
//! shows that a newer version wrote it. A version that knows the kind shows the content.

use parley_protocol::limits::MAX_TEXT;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ContentError;
use super::files::{FILES, Files};
use crate::domain::expiry::LONGEST;
use crate::domain::relation::{MAX_SIGN, MessageRef, Relation, What};
use crate::domain::visible::{is_blank, is_sign};

/// The kind of a text (`text/markdown;variant=GFM-MIMI`, of which this version shows the characters).
pub(super) const TEXT: u16 = 1;
/// The kind of a reaction (the disposition `reaction`): its body is one sign.
const REACTION: u16 = 16;
/// Field with the [`MessageRef`] of the message that a text answers, or to which a person reacts (`inReplyTo`).
const IN_REPLY_TO: u16 = 16;
/// The kind of a timer: how long messages last from then on, in seconds. The chat shows it as a line.
const TIMER: u16 = 30;
/// Field that says how long the message lasts, in seconds counted from reading (`expires`, relative).
const EXPIRES: u16 = 17;
/// Field of a forwarded text. It is empty.
const FORWARDED: u16 = 19;
/// Field of a reaction: its revision, and whether it is on.
const REVISION: u16 = 20;
/// Fields from this tag on change what the rest means (such as `replaces`): a version that does not know one does not know
/// the part.
const FIRST_CRITICAL: u16 = 0x8000;
/// Field with a [`Target`]: the part replaces that message; a part without a body deletes the message (`replaces`).
const REPLACES: u16 = 0x8000;

/// Fields of one part: as many as MIMI names, and room for more.
const MAX_FIELDS: usize = 64;
/// Characters of a text in the list of chats.
const PREVIEW: usize = 120;

/// Optional fields by tag.
pub(crate) type Fields = Vec<(u16, Vec<u8>)>;

/// The message to which a part relates, and the revision.
type Target = (MessageRef, u32);

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    kind: u16,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    /// Unchanged, including fields of later versions.
    fields: Fields,
}

impl Part {
    /// A text of this version; the caller has checked it.
    pub(crate) fn of_text(text: String) -> Self {
        Self { kind: TEXT, body: text.into_bytes(), fields: Fields::new() }
    }

    /// A text that answers a message.
    #[must_use]
    pub(crate) fn in_reply_to(self, message: &MessageRef) -> Self {
        self.with(IN_REPLY_TO, message)
    }

    /// A forwarded text.
    #[must_use]
    pub(crate) fn forwarded(mut self) -> Self {
        self.fields.push((FORWARDED, Vec::new()));
        self
    }

    /// An edit, with the new text of a message; the caller has checked the text.
    pub(crate) fn edit(message: &MessageRef, revision: u32, text: String) -> Self {
        Self::of_text(text).with(REPLACES, &(*message, revision))
    }

    /// A deletion of a message for everyone.
    pub(crate) fn deletion(message: &MessageRef) -> Self {
        Self::of_text(String::new()).with(REPLACES, &(*message, 0_u32))
    }

    /// A reaction to a message, or its withdrawal; the caller has checked the sign.
    pub(crate) fn reaction(message: &MessageRef, revision: u32, sign: String, on: bool) -> Self {
        let part = Self { kind: REACTION, ..Self::of_text(sign) };
        part.with(IN_REPLY_TO, message).with(REVISION, &(revision, on))
    }

    /// How long messages last from now on.
    pub(crate) fn timer_of(seconds: u32) -> Self {
        Self { kind: TIMER, body: postcard::to_allocvec(&seconds).unwrap_or_default(), fields: Fields::new() }
    }

    /// The same, lasting so long; for good if that is nothing.
    #[must_use]
    pub(crate) fn expiring(self, seconds: u32) -> Self {
        if seconds == 0 { self } else { self.with(EXPIRES, &seconds) }
    }

    /// How long it lasts once it is read, in seconds.
    pub(crate) fn expires(&self) -> Option<u32> {
        self.field(EXPIRES).filter(|seconds| *seconds > 0)
    }

    /// How long messages last from now on, if it says that.
    pub(crate) fn timer(&self) -> Option<u32> {
        let known = self.kind == TIMER && !self.is_newer() && !self.relates();
        postcard::from_bytes(&self.body).ok().filter(|seconds| known && *seconds <= LONGEST)
    }

    /// The same with these files in the place of those that it has.
    pub(crate) fn with_files(&self, files: &Files) -> Self {
        Self { body: files.encode(), ..self.clone() }
    }

    fn with(mut self, tag: u16, value: &impl Serialize) -> Self {
        // Into a Vec, postcard fails on nothing that these types contain.
        self.fields.push((tag, postcard::to_allocvec(value).unwrap_or_default()));
        self
    }

    /// A text with files; the caller has checked them.
    pub(crate) fn of_files(files: &Files) -> Self {
        Self { kind: FILES, body: files.encode(), fields: Fields::new() }
    }

    /// A text with a field that a later version may write, and that changes what the text means.
    #[cfg(any(test, feature = "hostile"))]
    pub(crate) fn newer(text: &str) -> Self {
        Self { kind: TEXT, body: text.as_bytes().to_vec(), fields: vec![(0xFFFF, vec![7; 16])] }
    }

    /// A received part, checked as far as this version knows it.
    pub(super) fn read(kind: u16, body: Vec<u8>, fields: Fields) -> Result<Self, ContentError> {
        let part = Self { kind, body, fields };
        if part.is_sound() { Ok(part) } else { Err(ContentError) }
    }

    /// Whether the part may stand in a chat: it is not too long, a text has a visible character, and a relation that this
    /// version knows is well formed.
    pub(crate) fn is_sound(&self) -> bool {
        let text = || core::str::from_utf8(&self.body).is_ok_and(|text| !is_blank(text));
        let known = || match (self.kind, self.relates()) {
            (TEXT, true) | (REACTION, _) => self.relation().is_some(),
            (TEXT, false) => text(),
            (TIMER, _) => self.timer().is_some(),
            (FILES, _) => Files::decode(&self.body).is_ok(),
            _ => true,
        };
        let fits = self.length() <= MAX_TEXT && self.fields.len() <= MAX_FIELDS;
        fits && (self.is_newer() || known())
    }

    /// Whether the part has a field without which it would be misread, and which only a newer version knows.
    fn is_newer(&self) -> bool {
        self.fields.iter().any(|(tag, _)| *tag >= FIRST_CRITICAL && *tag != REPLACES)
    }

    /// Whether the part relates to another message.
    fn relates(&self) -> bool {
        self.fields.iter().any(|(tag, _)| *tag == REPLACES)
    }

    /// The text; none for a relation, or for what only a newer version knows.
    pub(crate) fn text(&self) -> Option<&str> {
        let known = self.kind == TEXT && !self.is_newer() && !self.relates();
        core::str::from_utf8(&self.body).ok().filter(|_| known)
    }

    /// The relation, if the part is one: then it is no row of the chat.
    pub(crate) fn relation(&self) -> Option<Relation<'_>> {
        if self.is_newer() {
            return None;
        }
        let text = core::str::from_utf8(&self.body).ok()?;
        match self.kind {
            TEXT => {
                let (target, revision) = self.field::<Target>(REPLACES)?;
                let what = if text.is_empty() { What::Deletion } else { What::Edit { revision, text } };
                (text.is_empty() || !is_blank(text)).then_some(Relation { target, what })
            }
            REACTION => {
                let (target, (revision, on)) = (self.field(IN_REPLY_TO)?, self.field(REVISION)?);
                let is_sign = text.len() <= MAX_SIGN && is_sign(text);
                is_sign.then_some(Relation { target, what: What::Reaction { revision, sign: text, on } })
            }
            _ => None,
        }
    }

    /// The message that the part answers.
    pub(crate) fn replies_to(&self) -> Option<MessageRef> {
        self.field(IN_REPLY_TO)
    }

    /// Whether the part is forwarded.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.fields.iter().any(|(tag, _)| *tag == FORWARDED)
    }

    fn field<T: DeserializeOwned>(&self, tag: u16) -> Option<T> {
        let (_, bytes) = self.fields.iter().find(|(known, _)| *known == tag)?;
        postcard::from_bytes(bytes).ok()
    }

    /// The text with files; none for what only a newer version knows.
    pub(crate) fn files(&self) -> Option<Files> {
        let known = self.kind == FILES && !self.is_newer() && !self.relates();
        Files::decode(&self.body).ok().flatten().filter(|_| known)
    }

    /// The beginning of the part, for the list of chats: the first characters of a text, or only the kind of anything else.
    pub(crate) fn abridged(&self) -> Self {
        let text = || self.text().map(|text| text.chars().take(PREVIEW).collect::<String>().into_bytes());
        let timer = || self.timer().map(|_| self.body.clone());
        let files = self.files().map(|files| files.abridged(PREVIEW).encode());
        let body = files.or_else(text).or_else(timer);
        let fields = self.fields.iter().map(|(tag, _)| (*tag, Vec::new())).collect();
        Self { kind: self.kind, body: body.unwrap_or_default(), fields }
    }

    /// The number of bytes that its author chose.
    pub(crate) fn length(&self) -> usize {
        self.fields.iter().map(|(_, bytes)| bytes.len()).fold(self.body.len(), usize::saturating_add)
    }

    pub(super) fn into_raw(self) -> (u16, Vec<u8>, Fields) {
        (self.kind, self.body, self.fields)
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::{AccountId, MessageId, UnixMillis};

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
    fn what_a_version_to_come_leaves_out_is_kept() {
        let empty = Part::read(TEXT, Vec::new(), vec![(0x8FFF, vec![7; 16])]).unwrap();
        assert_eq!((empty.text(), empty.relation()), (None, None));
    }

    #[test]
    fn a_field_that_adds_to_a_text_hides_nothing_and_one_that_changes_it_does() {
        let with = |tag| Part::read(TEXT, b"hello".to_vec(), vec![(tag, vec![1])]).unwrap();
        assert_eq!(with(FIRST_CRITICAL - 1).text(), Some("hello"));
        assert_eq!(with(0x8FFF).text(), None);
        assert_eq!(Part::read(9, b"hello".to_vec(), Fields::new()).unwrap().text(), None);
    }

    fn target() -> MessageRef {
        let (author, id) = (AccountId([1; 32]), MessageId([2; 16]));
        MessageRef { author, id, stored: UnixMillis(300) }
    }

    fn read(part: &Part) -> Result<Part, ContentError> {
        let (kind, body, fields) = part.clone().into_raw();
        Part::read(kind, body, fields)
    }

    #[test]
    fn what_is_said_of_another_message_comes_back_and_is_no_text() {
        let edit = Part::edit(&target(), 3, "better".to_owned());
        let deletion = Part::deletion(&target());
        let reaction = Part::reaction(&target(), 4, "\u{1F44D}".to_owned(), true);
        let said = [
            What::Edit { revision: 3, text: "better" },
            What::Deletion,
            What::Reaction { revision: 4, sign: "\u{1F44D}", on: true },
        ];
        for (part, what) in [edit, deletion, reaction].iter().zip(said) {
            assert_eq!(read(part).as_ref(), Ok(part));
            assert_eq!(part.relation(), Some(Relation { target: target(), what }));
            assert_eq!(part.text(), None);
        }
        let reply = Part::of_text("yes".to_owned()).in_reply_to(&target()).forwarded();
        assert_eq!((reply.text(), reply.relation()), (Some("yes"), None));
        assert_eq!((reply.replies_to(), reply.is_forwarded()), (Some(target()), true));
    }

    #[test]
    fn p9_a_relation_that_is_malformed_is_no_content() {
        let reaction = |sign: &str| Part::reaction(&target(), 1, sign.to_owned(), true);
        for sign in ["", "text", "\u{1F44D} hi", &"\u{1F44D}".repeat(17)] {
            assert!(read(&reaction(sign)).is_err(), "{sign}");
        }
        assert!(read(&reaction(&"\u{1F44D}".repeat(16))).is_ok());
        assert!(read(&Part::edit(&target(), 1, " \n".to_owned())).is_err());
        let short = Part { fields: vec![(REPLACES, vec![1; 8])], ..Part::of_text("hi".to_owned()) };
        assert!(read(&short).is_err());
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let parts = [Part::of_text("h\u{e9}llo".to_owned()), Part::newer("edited")];
        let bytes = postcard::to_allocvec(&parts).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<[Part; 2]>(&bytes).unwrap(), parts);
        let parts = [
            Part::of_text("yes".to_owned()).in_reply_to(&target()).forwarded(),
            Part::edit(&target(), 1, "better".to_owned()),
            Part::deletion(&target()),
            Part::reaction(&target(), 2, "\u{1F44D}".to_owned(), true),
        ];
        let bytes = postcard::to_allocvec(&parts).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<[Part; 4]>(&bytes).unwrap(), parts);
    }
}
