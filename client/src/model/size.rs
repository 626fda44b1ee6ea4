//! Formats sizes and durations for people.

/// Formats bytes as kB, MB or GB.
#[must_use]
pub fn shown(bytes: u64) -> String {
    let tenth = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        if tenths >= 100 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenth(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenth(1_000_000)),
        _ => format!("{} GB", tenth(1_000_000_000)),
    }
}

/// Formats milliseconds as minutes and seconds.
#[must_use]
pub fn time(ms: u64) -> String {
    let seconds = ms.saturating_add(500) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits() {
        let all = [0, 999, 1_000, 12_345, 999_999, 1_500_000, 104_857_600, 2_000_000_000];
        assert_eq!(
            all.map(shown),
            ["0 B", "999 B", "1.0 kB", "12 kB", "999 kB", "1.5 MB", "104 MB", "2.0 GB"]
        );
        assert_eq!([0, 1_499, 61_000, 3_600_000].map(time), ["0:00", "0:01", "1:01", "60:00"]);
    }
}
