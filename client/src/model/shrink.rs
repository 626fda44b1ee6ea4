//! Sizes of the pictures that a person sends.

/// The longest side of a sent picture, in pixels, unless the person chose to send the original.
pub const LONGEST: u32 = 2048;
/// The longest side of the small preview inside the message.
pub const PREVIEW: u32 = 40;

/// The size of a picture shrunk so that no side is longer than `longest`. Enlarges nothing.
#[must_use]
pub fn to((width, height): (u32, u32), longest: u32) -> (u32, u32) {
    let side = width.max(height).max(1);
    if side <= longest {
        return (width.max(1), height.max(1));
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length).saturating_mul(u64::from(longest)) / u64::from(side);
        u32::try_from(scaled).unwrap_or(longest).max(1)
    };
    (scaled(width), scaled(height))
}

/// The name of a picture that was redrawn as a JPEG.
#[must_use]
pub fn jpeg_name(name: &str) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    if matches!(ending.as_deref(), Some("jpg" | "jpeg")) {
        return name.to_owned();
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape_and_nothing_is_made_larger() {
        assert_eq!(to((4096, 3072), LONGEST), (2048, 1536));
        assert_eq!(to((100, 40_000), LONGEST), (5, 2048));
        assert_eq!(to((640, 480), LONGEST), (640, 480));
        assert_eq!(to((10_000, 1), PREVIEW), (40, 1));
        assert_eq!(to((0, 0), PREVIEW), (1, 1));
    }

    #[test]
    fn the_ending_says_what_it_is_now() {
        assert_eq!(
            ["a.png", "b.JPG", "c", "d.e.webp"].map(jpeg_name),
            ["a.jpg", "b.JPG", "c.jpg", "d.e.jpg"]
        );
    }
}
