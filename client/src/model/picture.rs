//! Sizes and qualities for a group's picture, which the browser shrinks.

/// Longest side, in pixels.
pub const LONGEST_SIDE: u32 = 256;
/// Longest picture that a group can have, in bytes.
pub const LONGEST: usize = 48 * 1024;
/// The qualities that are tried until a picture is short enough, best first.
pub const QUALITIES: [f64; 4] = [0.85, 0.7, 0.5, 0.3];

/// The square in the middle of a picture: its left and upper edge, its side, and the side with which to draw it.
#[must_use]
pub fn square(width: u32, height: u32) -> (u32, u32, u32, u32) {
    let side = width.min(height);
    ((width - side) / 2, (height - side) / 2, side, side.min(LONGEST_SIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_cut_out_and_nothing_is_made_larger() {
        assert_eq!(square(4_000, 3_000), (500, 0, 3_000, 256));
        assert_eq!(square(100, 301), (0, 100, 100, 100));
        assert_eq!(square(256, 256), (0, 0, 256, 256));
        assert_eq!(square(0, 9), (0, 4, 0, 0));
    }
}
