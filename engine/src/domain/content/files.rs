//! Files in a message: a multipart (draft-ietf-mimi-content sections 4 and 6) of a text and external parts that are processed
//! together.
//!
//! The relay keeps the bytes of an external part as a blob, sealed under the part's own key ([`crate::attachment`]). An
//! external part says which blob it is, which key opens the blob, and what to show until somebody opens the file.

use parley_protocol::capability::Capability;
use parley_protocol::ids::{BlobHash, BlobId};
use parley_protocol::limits::MAX_FILE;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::part::Fields;

/// The kind of a text with files (`multipart`, semantics `processAll`).
pub(crate) const FILES: u16 = 17;
const VERSION: u8 = 1;
/// Most files in one message: with the longest preview each, they leave room for the longest caption.
pub(crate) const MAX_FILES: usize = 10;
/// Longest text beside files, in bytes.
pub(crate) const MAX_CAPTION: usize = 16 * 1024;
/// Longest preview of a picture, in bytes.
pub(crate) const MAX_PREVIEW: usize = 4 * 1024;
/// Longest name and longest media type as they travel, in bytes.
const MAX_NAME: usize = 512;
const MAX_TYPE: usize = 128;
/// Most heights in a waveform.
pub(crate) const MAX_WAVEFORM: usize = 100;

/// Tags of the optional fields of an external part.
const PREVIEW: u16 = 1;
const DIMENSIONS: u16 = 2;
const DURATION: u16 = 3;
const WAVEFORM: u16 = 4;

/// `encAlg` of [`crate::attachment::stream`]; others are of versions to come.
pub(crate) const STREAM: u16 = 1;

/// The key that seals one file, and nothing else.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub(crate) struct FileKey([u8; 32]);

impl FileKey {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FileKey(..)")
    }
}

/// The id of a file on this device and for its views; the same wherever somebody forwards the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub [u8; 16]);

/// What a file is meant to be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// A picture.
    Picture,
    /// A film.
    Video,
    /// Music, or anything else that is heard.
    Audio,
    /// Recorded for this message.
    Voice,
    /// Anything else.
    Other,
}

impl FileKind {
    /// The kind that the sender names.
    pub(crate) fn of(part: &ExternalPart) -> Self {
        match part.disposition {
            Disposition::Voice => Self::Voice,
            Disposition::Attachment => Self::Other,
            Disposition::Render => match part.content_type.split('/').next() {
                Some("image") => Self::Picture,
                Some("video") => Self::Video,
                Some("audio") => Self::Audio,
                _ => Self::Other,
            },
        }
    }

    pub(crate) const fn disposition(self) -> Disposition {
        match self {
            Self::Picture | Self::Video | Self::Audio => Disposition::Render,
            Self::Voice => Disposition::Voice,
            Self::Other => Disposition::Attachment,
        }
    }
}

/// How a part is meant to be shown (MIMI's names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Disposition {
    /// In the chat: a picture, a film, music.
    Render,
    /// As a file.
    Attachment,
    /// A voice message.
    Voice,
}

/// A file outside of the message. Its sender chose all values in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExternalPart {
    pub(crate) disposition: Disposition,
    /// Not trusted: only the bytes show what a file is.
    pub(crate) content_type: String,
    pub(crate) filename: String,
    /// Length of the sealed plaintext, in bytes.
    pub(crate) size: u64,
    /// The blob at the relay, and the capability that reads it there.
    pub(crate) blob: BlobId,
    pub(crate) reader: Capability,
    pub(crate) enc_alg: u16,
    pub(crate) key: FileKey,
    /// SHA-256 of all sealed bytes: with the key beside it, no other file fits this message.
    pub(crate) content_hash: BlobHash,
    fields: Fields,
}

/// What views show of a file before the file is on this device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// A very small picture.
    pub(crate) preview: Vec<u8>,
    pub(crate) dimensions: Option<(u32, u32)>,
    /// In milliseconds.
    pub(crate) duration: Option<u32>,
    /// Loudness from 0 to 255, at equal distances.
    pub(crate) waveform: Vec<u8>,
}

impl ExternalPart {
    /// A part whose bytes are still to be sealed.
    pub(crate) fn begun(
        (disposition, content_type, filename): (Disposition, String, String),
        size: u64,
        key: FileKey,
        (blob, reader): (BlobId, Capability),
        hints: Hints,
    ) -> Self {
        let content_hash = BlobHash([0; 32]);
        let fields = hints.into_fields();
        Self {
            disposition,
            content_type,
            filename,
            size,
            blob,
            reader,
            enc_alg: STREAM,
            key,
            content_hash,
            fields,
        }
    }

    pub(crate) fn hints(&self) -> Hints {
        let field = |tag| self.fields.iter().find(|(known, _)| *known == tag).map(|(_, bytes)| bytes.clone());
        Hints {
            preview: field(PREVIEW).unwrap_or_default(),
            dimensions: field(DIMENSIONS).and_then(|bytes| postcard::from_bytes(&bytes).ok()),
            duration: field(DURATION).and_then(|bytes| postcard::from_bytes(&bytes).ok()),
            waveform: field(WAVEFORM).unwrap_or_default(),
        }
    }

    fn is_sound(&self) -> bool {
        let hints = self.hints();
        self.filename.len() <= MAX_NAME
            && self.content_type.len() <= MAX_TYPE
            && hints.preview.len() <= MAX_PREVIEW
            && hints.waveform.len() <= MAX_WAVEFORM
            && self.fields.len() <= 16
    }

    /// Whether this version can fetch and open the file.
    pub(crate) const fn is_known(&self) -> bool {
        self.enc_alg == STREAM && self.size <= MAX_FILE
    }

    /// The same part without hints.
    pub(crate) fn without_hints(&self) -> Self {
        Self { fields: Fields::new(), ..self.clone() }
    }

    /// From now on the file is sealed as `other` says.
    pub(crate) fn take_place(&mut self, other: &Self) {
        (self.blob, self.reader) = (other.blob, other.reader.clone());
        (self.key, self.content_hash) = (other.key.clone(), other.content_hash);
    }

    /// The part as the list of chats shows it.
    fn abridged(&self) -> Self {
        Self {
            content_type: String::new(),
            reader: Capability::new([0; 32]),
            key: FileKey::new([0; 32]),
            fields: Fields::new(),
            ..self.clone()
        }
    }
}

impl Hints {
    fn into_fields(self) -> Fields {
        let mut fields = Fields::new();
        if !self.preview.is_empty() {
            fields.push((PREVIEW, self.preview));
        }
        if let Some(dimensions) = self.dimensions {
            fields.push((DIMENSIONS, postcard::to_allocvec(&dimensions).unwrap_or_default()));
        }
        if let Some(duration) = self.duration {
            fields.push((DURATION, postcard::to_allocvec(&duration).unwrap_or_default()));
        }
        if !self.waveform.is_empty() {
            fields.push((WAVEFORM, self.waveform));
        }
        fields
    }
}

/// A text with files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Files {
    /// The caption; may be empty.
    pub(crate) text: String,
    pub(crate) parts: Vec<ExternalPart>,
}

impl Files {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Into a Vec, postcard fails on nothing that this type contains.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// Decodes a sent message; none for a later version, and `Err` if it is malformed.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Self>, super::ContentError> {
        match bytes {
            [VERSION, rest @ ..] => match postcard::take_from_bytes::<Self>(rest) {
                Ok((files, [])) if files.is_sound() => Ok(Some(files)),
                _ => Err(super::ContentError),
            },
            [] => Err(super::ContentError),
            _ => Ok(None),
        }
    }

    fn is_sound(&self) -> bool {
        let count = self.parts.len();
        self.text.len() <= MAX_CAPTION
            && (1..=MAX_FILES).contains(&count)
            && self.parts.iter().all(ExternalPart::is_sound)
    }

    /// For the list of chats.
    pub(crate) fn abridged(&self, characters: usize) -> Self {
        Self {
            text: self.text.chars().take(characters).collect(),
            parts: self.parts.iter().map(ExternalPart::abridged).collect(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn external() -> ExternalPart {
        let hints = Hints {
            preview: vec![0xFF, 0xD8, 0xFF],
            dimensions: Some((640, 480)),
            duration: Some(1500),
            waveform: vec![0, 128, 255],
        };
        let key = FileKey::new([1; 32]);
        let named = (Disposition::Render, "image/jpeg".to_owned(), "boat.jpg".to_owned());
        let at = (BlobId([2; 16]), Capability::new([3; 32]));
        ExternalPart::begun(named, 300_000, key, at, hints)
    }

    #[test]
    fn the_format_is_pinned_and_comes_back() {
        let files = Files { text: "h\u{e9}llo".to_owned(), parts: vec![external()] };
        let bytes = files.encode();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Files::decode(&bytes), Ok(Some(files)));
    }

    #[test]
    fn a_version_to_come_is_kept_and_what_is_malformed_is_not() {
        let bytes = Files { text: String::new(), parts: vec![external()] }.encode();
        let newer = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(Files::decode(&newer), Ok(None));
        assert!(Files::decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(Files::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(Files::decode(&[]).is_err());
    }

    #[test]
    fn p9_what_somebody_sends_is_bounded() {
        let sound = |change: fn(&mut Files)| {
            let mut files = Files { text: String::new(), parts: vec![external()] };
            change(&mut files);
            Files::decode(&files.encode()).is_ok()
        };
        assert!(sound(|_| ()));
        assert!(!sound(|files| files.parts.clear()));
        assert!(!sound(|files| files.parts = vec![external(); MAX_FILES + 1]));
        assert!(!sound(|files| files.text = "x".repeat(MAX_CAPTION + 1)));
        assert!(!sound(|files| files.parts[0].filename = "x".repeat(MAX_NAME + 1)));
        assert!(!sound(|files| files.parts[0].content_type = "x".repeat(MAX_TYPE + 1)));
        assert!(!sound(|files| files.parts[0].fields = vec![(PREVIEW, vec![0; MAX_PREVIEW + 1])]));
        assert!(!sound(|files| files.parts[0].fields = vec![(WAVEFORM, vec![0; MAX_WAVEFORM + 1])]));
    }

    #[test]
    fn a_huge_size_and_another_cipher_are_not_fetched() {
        assert!(external().is_known());
        assert!(!ExternalPart { size: MAX_FILE + 1, ..external() }.is_known());
        assert!(!ExternalPart { size: u64::MAX, ..external() }.is_known());
        assert!(!ExternalPart { enc_alg: STREAM + 1, ..external() }.is_known());
    }
}
