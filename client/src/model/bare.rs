//! Strips pictures of metadata: where, when and with what they were taken. Used in browsers that add noise to drawn pictures;
//! other browsers redraw the picture.

use super::media::Media;

/// The same picture without metadata. Returns `None` if its kind is not supported here, or if it is damaged.
#[must_use]
pub fn bare(media: Media, bytes: &[u8]) -> Option<Vec<u8>> {
    match media {
        Media::Jpeg => jpeg(bytes),
        Media::Png => png(bytes),
        _ => None,
    }
}

/// Removes application segments and comments from a JPEG. Keeps the segments for decoding and for colours.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..2)?.to_vec();
    let mut at = 2_usize;
    loop {
        let [0xFF, marker] = *bytes.get(at..)?.first_chunk::<2>()? else { return None };
        if marker == 0xDA {
            kept.extend_from_slice(bytes.get(at..)?);
            return Some(kept);
        }
        let length = usize::from(u16::from_be_bytes(*bytes.get(at.checked_add(2)?..)?.first_chunk()?));
        let end = at.checked_add(2)?.checked_add(length)?;
        let segment = bytes.get(at..end)?;
        // JFIF, colour profiles and Adobe's marker stay.
        let needed = !matches!(marker, 0xE1 | 0xE3..=0xED | 0xEF | 0xFE);
        if needed {
            kept.extend_from_slice(segment);
        }
        at = end;
    }
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..8)?.to_vec();
    let mut at = 8_usize;
    while at < bytes.len() {
        let length = usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).ok()?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let chunk = bytes.get(at..end)?;
        if !matches!(chunk.get(4..8)?, b"eXIf" | b"tEXt" | b"iTXt" | b"zTXt" | b"tIME") {
            kept.extend_from_slice(chunk);
        }
        at = end;
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn p1_where_a_picture_was_taken_does_not_go_along() {
        let jpeg = [
            b"\xFF\xD8".as_slice(),
            b"\xFF\xE0\x00\x04JF",
            b"\xFF\xE1\x00\x0DExif\0\0GPS52",
            b"\xFF\xED\x00\x06IPTC",
            b"\xFF\xFE\x00\x05hey",
            b"\xFF\xDB\x00\x03q",
            b"\xFF\xDA\x00\x02picture\xFF\xD9",
        ]
        .concat();
        let bare_jpeg = bare(Media::Jpeg, &jpeg).unwrap();
        assert_eq!(bare_jpeg, b"\xFF\xD8\xFF\xE0\x00\x04JF\xFF\xDB\x00\x03q\xFF\xDA\x00\x02picture\xFF\xD9");
        let chunk = |name: &[u8], data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap().to_be_bytes();
            [length.as_slice(), name, data, b"crc!"].concat()
        };
        let head = b"\x89PNG\r\n\x1A\n".to_vec();
        let png = [
            head.clone(),
            chunk(b"IHDR", b"13"),
            chunk(b"eXIf", b"GPS"),
            chunk(b"tEXt", b"x"),
            chunk(b"IDAT", b"d"),
        ]
        .concat();
        let is = [head, chunk(b"IHDR", b"13"), chunk(b"IDAT", b"d")].concat();
        assert_eq!(bare(Media::Png, &png), Some(is));
        assert_eq!(bare(Media::Jpeg, &jpeg[..20]), None);
        assert_eq!(bare(Media::Gif, b"GIF89a"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_become_fewer_or_nothing(bytes: Vec<u8>) {
            for media in [Media::Jpeg, Media::Png] {
                prop_assert!(bare(media, &bytes).is_none_or(|bare| bare.len() <= bytes.len()));
            }
        }
    }
}
