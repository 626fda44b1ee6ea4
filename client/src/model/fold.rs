//! Cuts long texts, so that the page shows only their beginning first.

/// Lines shown before the first step.
const LINES: usize = 24;
/// Characters shown before the first step.
const CHARACTERS: usize = 1_600;
/// Each step multiplies both limits by this.
const FACTOR: usize = 16;
/// Divisor: a text that exceeds a limit by at most `limit / SLACK` is shown in full, because a button for two lines helps nobody.
const SLACK: usize = 4;

/// Byte index at which to cut the text after `steps` clicks on "Show more"; none if the whole text is shown.
#[must_use]
pub fn cut(text: &str, steps: u32) -> Option<usize> {
    let factor = FACTOR.saturating_pow(steps);
    let (lines, characters) = (LINES.saturating_mul(factor), CHARACTERS.saturating_mul(factor));
    let with_slack = |count: usize| count.saturating_add(count / SLACK);
    let is_long =
        nth_line(text, with_slack(lines)).is_some() || nth_character(text, with_slack(characters)).is_some();
    if !is_long {
        return None;
    }
    let by_lines = nth_line(text, lines).unwrap_or(text.len());
    let by_characters = nth_character(text, characters).unwrap_or(text.len());
    Some(by_lines.min(by_characters))
}

/// The position of the line break that ends the line with this number, counted from 1.
fn nth_line(text: &str, number: usize) -> Option<usize> {
    text.match_indices('\n').nth(number.saturating_sub(1)).map(|(at, _)| at)
}

fn nth_character(text: &str, number: usize) -> Option<usize> {
    // Most texts are short: they have no more bytes than the limit, so no more characters either.
    if text.len() <= number {
        return None;
    }
    text.char_indices().nth(number).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_shown_in_full() {
        assert_eq!(cut("hello", 0), None);
        assert_eq!(cut(&"line\n".repeat(29), 0), None, "a few lines more are no reason");
    }

    #[test]
    fn many_lines_are_folded_and_unfold_in_steps() {
        let text = "\n".repeat(32_768);
        assert_eq!(cut(&text, 0), Some(23));
        assert_eq!(cut(&text, 1), Some(24 * 16 - 1));
        assert_eq!(cut(&text, 2), Some(24 * 256 - 1));
        assert_eq!(cut(&text, 3), None);
    }

    #[test]
    fn a_long_line_is_folded_between_characters() {
        let text = "é".repeat(4_000);
        assert_eq!(cut(&text, 0), Some(3_200));
        assert!(text.is_char_boundary(3_200));
        assert_eq!(cut(&text, 1), None);
    }
}
