//! Tests the colours of people in groups in the style sheets: each is readable on a bubble, light and dark.

/// The least contrast of text (WCAG 2.2, AA).
const LEAST: f64 = 4.5;
const TOKENS: &str = include_str!("../../style/tokens.css");
const COMPONENTS: &str = include_str!("../../style/components.css");

/// The values of `name` in a style sheet.
fn values<'a>(style: &'a str, name: &str) -> Vec<&'a str> {
    let after = |line: &'a str| line.split_once(name).and_then(|(_, value)| value.split(';').next());
    style.lines().filter_map(after).map(str::trim).collect()
}

/// Lightness, chroma and hue: `50% 0.12 15`.
fn numbers(text: &str) -> Vec<f64> {
    let number = |part: &str| match part.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().unwrap() / 100.0,
        None => part.parse().unwrap(),
    };
    text.split_whitespace().map(number).collect()
}

/// The relative luminance, from 0 to 1. Clips colours outside of the screen's gamut, about as browsers do.
fn luminance(colour: &str) -> f64 {
    let [light, chroma, hue] = numbers(colour)[..] else { panic!("{colour} is no colour") };
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (light + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (light - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (light - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s;
    let shown = |part: f64| part.clamp(0.0, 1.0);
    0.2126 * shown(red) + 0.7152 * shown(green) + 0.0722 * shown(blue)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_author_can_be_read_in_light_and_dark() {
    let inks = values(TOKENS, "--author-ink:");
    let papers = values(TOKENS, "--paper-raised:");
    let hues: Vec<&str> =
        values(COMPONENTS, "--hue:").into_iter().filter(|hue| hue.parse::<f64>().is_ok()).collect();
    assert_eq!((inks.len(), papers.len(), hues.len()), (3, 3, 12), "light, dark, dark by choice; people");
    for (ink, paper) in inks.iter().zip(&papers) {
        let paper = paper.trim_start_matches("oklch(").trim_end_matches(')');
        for hue in &hues {
            let found = contrast(&format!("{ink} {hue}"), paper);
            assert!(found >= LEAST, "{ink} {hue} on {paper}: {found:.1}");
        }
    }
}
