//! Detects the type of a file by its first bytes alone; its name and its sender's claims are not believed. The app shows or
//! plays only the types in this list, each under the detected type. All other files can only be saved.

/// A type that the browser may show or play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// `WebP`.
    Webp,
    /// AVIF.
    Avif,
    /// MP4 and similar.
    Mp4,
    /// `WebM`, with or without video.
    Webm,
    /// MP3.
    Mp3,
    /// MP4 with audio only.
    M4a,
    /// Ogg.
    Ogg,
    /// WAV.
    Wav,
}

/// How the app presents a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As a picture.
    Picture,
    /// As a video; it may have no picture.
    Video,
    /// As audio.
    Audio,
}

/// The type of all other files: no browser runs or shows it.
pub const OTHER: &str = "application/octet-stream";
/// The app does not decode a picture with more pixels than this.
pub const MAX_PIXELS: u64 = 50_000_000;
/// The app does not decode a picture with a longer side than this.
pub const MAX_SIDE: u32 = 16_384;

impl Media {
    /// The type of a file with these first bytes; `None` if the app does not show such files.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => Some(Self::Webm),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [b'I', b'D', b'3', ..] | [0xFF, 0xFB | 0xF3 | 0xF2, ..] => Some(Self::Mp3),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.first_chunk::<4>()? {
                b"avif" | b"avis" => Some(Self::Avif),
                b"M4A " | b"M4B " => Some(Self::M4a),
                b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash"
                | b"M4V " | b"MSNV" | b"f4v " | b"qt  " => Some(Self::Mp4),
                _ => None,
            },
            _ => None,
        }
    }

    /// The media type.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Ogg => "audio/ogg",
            Self::Wav => "audio/wav",
        }
    }

    /// How the app presents the type.
    #[must_use]
    pub const fn shown(self) -> Shown {
        match self {
            Self::Png | Self::Jpeg | Self::Gif | Self::Webp | Self::Avif => Shown::Picture,
            Self::Mp4 | Self::Webm => Shown::Video,
            Self::Mp3 | Self::M4a | Self::Ogg | Self::Wav => Shown::Audio,
        }
    }

    /// The type with this media type, if the app shows it.
    #[must_use]
    pub fn named(mime: &str) -> Option<Self> {
        [
            Self::Png,
            Self::Jpeg,
            Self::Gif,
            Self::Webp,
            Self::Avif,
            Self::Mp4,
            Self::Webm,
            Self::Mp3,
            Self::M4a,
            Self::Ogg,
            Self::Wav,
        ]
        .into_iter()
        .find(|media| media.mime() == mime)
    }
}

/// The media type under which the page gets a file with these first bytes: a shown type, or [`OTHER`]. A picture needs a size
/// that can be read without decoding it, and that is small enough.
#[must_use]
pub fn mime_of(head: &[u8]) -> &'static str {
    match Media::of(head) {
        Some(media) if media.shown() == Shown::Picture => {
            let fits = |(width, height)| {
                let pixels = u64::from(width).saturating_mul(u64::from(height));
                (1..=MAX_PIXELS).contains(&pixels) && width <= MAX_SIDE && height <= MAX_SIDE
            };
            if dimensions(media, head).is_some_and(fits) { media.mime() } else { OTHER }
        }
        Some(media) => media.mime(),
        None => OTHER,
    }
}

/// The width and height of a picture, from its first bytes.
#[must_use]
pub fn dimensions(media: Media, head: &[u8]) -> Option<(u32, u32)> {
    match media {
        Media::Png => Some((be32(head, 16)?, be32(head, 20)?)),
        Media::Gif => Some((le16(head, 6)?, le16(head, 8)?)),
        Media::Jpeg => jpeg(head),
        Media::Webp => webp(head),
        Media::Avif => avif(head),
        _ => None,
    }
}

fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2_usize;
    loop {
        if *head.get(at)? != 0xFF {
            return None;
        }
        let marker = *head.get(at.checked_add(1)?)?;
        match marker {
            // Fill bytes, and markers without content.
            0xFF => at = at.checked_add(1)?,
            0x01 | 0xD0..=0xD8 => at = at.checked_add(2)?,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Some((be16(head, at.checked_add(7)?)?, be16(head, at.checked_add(5)?)?));
            }
            // The picture data begins before any header has stated the size.
            0xD9 | 0xDA => return None,
            _ => {
                let length = usize::try_from(be16(head, at.checked_add(2)?)?).ok()?;
                at = at.checked_add(2)?.checked_add(length)?;
            }
        }
    }
}

fn webp(head: &[u8]) -> Option<(u32, u32)> {
    match head.get(12..16)? {
        b"VP8 " => Some((le16(head, 26)? & 0x3FFF, le16(head, 28)? & 0x3FFF)),
        b"VP8L" => {
            let bits = u32::from_le_bytes(*head.get(21..)?.first_chunk()?);
            Some(((bits & 0x3FFF).checked_add(1)?, ((bits >> 14) & 0x3FFF).checked_add(1)?))
        }
        b"VP8X" => {
            let of = |at: usize| Some(le16(head, at)? | u32::from(*head.get(at.checked_add(2)?)?) << 16);
            Some((of(24)?.checked_add(1)?, of(27)?.checked_add(1)?))
        }
        _ => None,
    }
}

/// The largest of the sizes that the file states.
fn avif(head: &[u8]) -> Option<(u32, u32)> {
    let head = head.get(..head.len().min(64 * 1024))?;
    let places = head.windows(4).enumerate().filter(|(_, window)| *window == b"ispe");
    let sizes = places
        .filter_map(|(at, _)| Some((be32(head, at.checked_add(8)?)?, be32(head, at.checked_add(12)?)?)));
    sizes.max_by_key(|(width, height)| u64::from(*width).saturating_mul(u64::from(*height)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|found| u32::from_be_bytes(*found))
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|found| u32::from(u16::from_be_bytes(*found)))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|found| u32::from(u16::from_le_bytes(*found)))
}

/// Name extensions of files that a system runs when a person opens them.
const RUNS: [&str; 24] = [
    "exe", "msi", "bat", "cmd", "com", "scr", "ps1", "vbs", "js", "jar", "hta", "lnk", "reg", "app", "dmg",
    "pkg", "command", "sh", "apk", "deb", "rpm", "appimage", "html", "svg",
];

/// Whether opening a file of this name may run code.
#[must_use]
pub fn may_run(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| RUNS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let head: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR";
        [head, &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    }

    #[test]
    fn a_picture_says_how_large_it_is_before_it_is_decoded() {
        assert_eq!(dimensions(Media::Png, &png(640, 480)), Some((640, 480)));
        let gif = b"GIF89a\x40\x01\xF0\x00rest";
        assert_eq!(dimensions(Media::Gif, gif), Some((320, 240)));
        let jpeg = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xC2\x00\x11\x08\x01\xE0\x02\x80\x03rest";
        assert_eq!(dimensions(Media::Jpeg, jpeg), Some((640, 480)));
        let webp = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\x7F\x02\0\xDF\x01\0";
        assert_eq!(dimensions(Media::Webp, webp), Some((640, 480)));
        let avif = b"\0\0\0\x1Cftypavif\0\0\0\0....ispe\0\0\0\0\0\0\x02\x80\0\0\x01\xE0";
        assert_eq!(dimensions(Media::Avif, avif), Some((640, 480)));
    }

    #[test]
    fn p9_a_picture_that_is_a_bomb_is_only_a_file() {
        assert_eq!(mime_of(&png(8_000, 6_000)), "image/png");
        assert_eq!(mime_of(&png(50_000, 50_000)), OTHER);
        assert_eq!(mime_of(&png(u32::MAX, u32::MAX)), OTHER);
        assert_eq!(mime_of(&png(100_000, 1)), OTHER);
        assert_eq!(mime_of(&png(0, 100)), OTHER);
        assert_eq!(mime_of(&png(1, 1)[..18]), OTHER, "it does not say how large it is");
    }

    #[test]
    fn p2_what_could_run_is_never_shown() {
        for text in [
            "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "<?xml version='1.0'?><svg/>",
            "<!doctype html><script>alert(1)</script>",
            "%PDF-1.7",
            "PK\u{3}\u{4}",
            "MZ",
            "#!/bin/sh",
            "",
            "\0\0\0\u{18}ftypheic",
        ] {
            assert_eq!(mime_of(text.as_bytes()), OTHER, "{text}");
        }
        // A polyglot file is shown as the type that it begins as, under that type.
        let polyglot = [b"GIF89a\x01\0\x01\0".as_slice(), b"/*<script>alert(1)</script>*/"].concat();
        assert_eq!(mime_of(&polyglot), "image/gif");
    }

    #[test]
    fn sounds_and_films_are_known_by_their_beginning() {
        for (head, mime) in [
            (b"\x1A\x45\xDF\xA3rest".as_slice(), "video/webm"),
            (b"OggS", "audio/ogg"),
            (b"ID3\x04", "audio/mpeg"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
            (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ] {
            assert_eq!(mime_of(head), mime);
            assert!(Media::named(mime).is_some_and(|media| media.shown() != Shown::Picture));
        }
    }

    #[test]
    fn names_that_run_are_known() {
        assert!(may_run("setup.EXE") && may_run("photo.jpg.lnk") && may_run("page.html"));
        assert!(!may_run("photo.jpg") && !may_run("exe") && !may_run("notes.txt"));
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_type_that_is_listed(head: Vec<u8>) {
            let mime = mime_of(&head);
            prop_assert!(mime == OTHER || Media::named(mime).is_some());
        }
    }
}
