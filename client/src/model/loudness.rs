//! Turns the loudness of a voice message into the bars of its waveform.

/// The number of bars in a sent waveform.
const BARS: usize = 64;

/// The heights of bars at equal distances. A bar is the loudest moment of its stretch, and the loudest bar has the full height.
#[must_use]
pub fn waveform(levels: &[u8]) -> Vec<u8> {
    let bars = BARS.min(levels.len());
    let loudest = levels.iter().copied().max().unwrap_or_default().max(16);
    let height = |bar: usize| {
        let place = |bar: usize| bar.saturating_mul(levels.len()).checked_div(bars).unwrap_or_default();
        let stretch = levels.get(place(bar)..place(bar.saturating_add(1)).max(place(bar).saturating_add(1)));
        let most = stretch.and_then(|stretch| stretch.iter().max()).copied().unwrap_or_default();
        u8::try_from(u32::from(most).saturating_mul(255) / u32::from(loudest)).unwrap_or(u8::MAX)
    };
    (0..bars).map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_is_short_and_as_high_as_it_can_be() {
        assert_eq!(waveform(&[]), Vec::<u8>::new());
        assert_eq!(waveform(&[10, 50, 100]), [25, 127, 255]);
        let long: Vec<u8> = (0..1_000_u32).map(|at| u8::try_from(at / 10).unwrap()).collect();
        let bars = waveform(&long);
        assert_eq!((bars.len(), bars.last()), (BARS, Some(&255)));
        assert!(bars.is_sorted());
        assert_eq!(waveform(&[0; 10]), [0; 10]);
    }
}
