//! Formats times for people. The offset from UTC is an argument: the browser knows it, and it changes with the date.

use parley_protocol::ids::UnixMillis;

const MINUTE: u64 = 60_000;
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time by the clock and calendar of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since 1970-01-01.
    pub day_number: u64,
    /// Year.
    pub year: u64,
    /// Month, 1 to 12.
    pub month: u64,
    /// Day of the month, from 1.
    pub day: u64,
    /// Minutes since midnight.
    pub minutes: u64,
}

impl LocalTime {
    /// `east` is how many minutes local time is ahead of UTC at that moment.
    #[must_use]
    pub fn new(time: UnixMillis, east: i32) -> Self {
        let minutes = (time.0 / MINUTE).saturating_add_signed(i64::from(east));
        let day_number = minutes / 1440;
        let (year, month, day) = civil(day_number);
        Self { day_number, year, month, day, minutes: minutes % 1440 }
    }

    /// `14:05`
    #[must_use]
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }

    /// `Monday`
    #[must_use]
    pub fn weekday(&self) -> &'static str {
        pick(&WEEKDAYS, self.day_number % 7)
    }

    /// `May`
    #[must_use]
    pub fn month_name(&self) -> &'static str {
        pick(&MONTHS, self.month.saturating_sub(1))
    }

    /// `Today`, `Yesterday`, `Monday`, `Monday, 4 May` or `4 May 2025`, for the line between two days.
    #[must_use]
    pub fn day_label(&self, now: &Self) -> String {
        match now.day_number.checked_sub(self.day_number) {
            Some(0) => "Today".to_owned(),
            Some(1) => "Yesterday".to_owned(),
            Some(2..=6) => self.weekday().to_owned(),
            _ if self.year == now.year => format!("{}, {} {}", self.weekday(), self.day, self.month_name()),
            _ => self.date(),
        }
    }

    /// `4 May 2025`
    #[must_use]
    pub fn date(&self) -> String {
        format!("{} {} {}", self.day, self.month_name(), self.year)
    }

    /// `14:05`, `Yesterday`, `Mon`, `4 May` or `4 May 2025`, for a list.
    #[must_use]
    pub fn short(&self, now: &Self) -> String {
        match now.day_number.checked_sub(self.day_number) {
            Some(0) | None => self.clock(),
            Some(1) => "Yesterday".to_owned(),
            Some(2..=6) => self.weekday().chars().take(3).collect(),
            _ if self.year == now.year => format!("{} {}", self.day, self.month_name()),
            _ => self.date(),
        }
    }
}

/// `now`, `5 min`, or what [`LocalTime::short`] says.
#[must_use]
pub fn ago(time: UnixMillis, now: UnixMillis, local: &LocalTime, local_now: &LocalTime) -> String {
    match now.0.saturating_sub(time.0) / MINUTE {
        0 => "now".to_owned(),
        minutes @ 1..=59 => format!("{minutes} min"),
        _ => local.short(local_now),
    }
}

/// `just now`, `today, 14:05`, `yesterday, 14:05` or `4 May 2025, 14:05`, within a sentence.
#[must_use]
pub fn moment(time: UnixMillis, now: UnixMillis, local: &LocalTime, local_now: &LocalTime) -> String {
    let day = match local_now.day_number.checked_sub(local.day_number) {
        _ if now.0.abs_diff(time.0) < MINUTE => return "just now".to_owned(),
        Some(0) => "today".to_owned(),
        Some(1) => "yesterday".to_owned(),
        _ => local.date(),
    };
    format!("{day}, {}", local.clock())
}

/// The seconds until `then`, rounded up, of a wait of at most `longest` milliseconds. A longer result would come from a clock
/// that was set back since.
#[must_use]
pub fn seconds_until(then: UnixMillis, now: UnixMillis, longest: u64) -> u64 {
    then.0.saturating_sub(now.0).min(longest).div_ceil(1000)
}

fn pick(names: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Year, month and day of a day number, by the proleptic Gregorian calendar (Hinnant's algorithm).
const fn civil(day_number: u64) -> (u64, u64, u64) {
    let days = day_number + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// When the day `2026-12-01` begins, as a field for dates writes it; `east` says by how many minutes local time is ahead of UTC then.
#[must_use]
pub fn begins(date: &str, east: impl Fn(UnixMillis) -> i32) -> Option<UnixMillis> {
    let mut parts = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9999).contains(&year) {
        return None;
    }
    // Every date has one day number, and they grow with the dates.
    let (mut low, mut high) = (0, 4_000_000);
    while low < high {
        let middle = u64::midpoint(low, high);
        if civil(middle) < (year, month, day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let utc = UnixMillis(low.checked_mul(1440)?.checked_mul(MINUTE)?);
    let ahead = i64::from(east(utc)).checked_mul(i64::try_from(MINUTE).ok()?)?;
    (civil(low) == (year, month, day))
        .then(|| UnixMillis(utc.0.saturating_add_signed(ahead.saturating_neg())))
}

/// Minutes and seconds, as a clock that counts down shows them.
#[must_use]
pub fn countdown(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_its_local_midnight() {
        let at = |date: &str, east: i32| begins(date, |_| east).map(|time| time.0);
        let day = 1440 * MINUTE;
        assert_eq!(at("1970-01-02", 0), Some(day));
        assert_eq!(at("1970-01-02", 60), Some(day - 60 * MINUTE));
        assert_eq!(at("1970-01-02", -60), Some(day + 60 * MINUTE));
        assert_eq!(at("2026-12-01", 0), Some(20_788 * day));
        assert_eq!(at("2024-02-29", 0), Some(19_782 * day));
        for none in ["", "2026", "2026-12", "2026-02-30", "2026-13-01", "1969-12-31", "soon", "2026-12-01-1"]
        {
            assert_eq!(at(none, 0), None, "{none}");
        }
    }

    #[test]
    fn a_moment_is_said_by_its_day_and_its_time() {
        let at = |time: u64| LocalTime::new(UnixMillis(time), 0);
        let said = |time: u64, now: u64| moment(UnixMillis(time), UnixMillis(now), &at(time), &at(now));
        let (day, noon) = (1440 * MINUTE, 1440 * MINUTE * 20_000 + 720 * MINUTE);
        assert_eq!(said(noon, noon + MINUTE - 1), "just now");
        assert_eq!(said(noon, noon + MINUTE), "today, 12:00");
        assert_eq!(said(noon, noon + day), "yesterday, 12:00");
        assert_eq!(said(noon, noon + 2 * day), "4 October 2024, 12:00");
    }

    const DAY: u64 = 86_400_000;
    // 2026-11-23 23:42 UTC, a Monday.
    const NOW: UnixMillis = UnixMillis(1_795_477_320_000);

    fn at(time: u64, east: i32) -> LocalTime {
        LocalTime::new(UnixMillis(time), east)
    }

    #[test]
    fn the_calendar_is_right() {
        let now = LocalTime::new(NOW, 0);
        assert_eq!((now.year, now.month, now.day, now.weekday()), (2026, 11, 23, "Monday"));
        assert_eq!(now.clock(), "23:42");
        let leap = at(951_782_400_000, 0);
        assert_eq!((leap.year, leap.month, leap.day, leap.weekday()), (2000, 2, 29, "Tuesday"));
        let first = at(0, 0);
        assert_eq!((first.year, first.month, first.day, first.weekday()), (1970, 1, 1, "Thursday"));
    }

    #[test]
    fn the_offset_moves_the_day() {
        let there = LocalTime::new(NOW, 60);
        assert_eq!((there.day, there.clock().as_str()), (24, "00:42"));
        assert_eq!(LocalTime::new(NOW, -300).clock(), "18:42");
        assert_eq!(at(0, -60).clock(), "00:00");
    }

    #[test]
    fn labels_say_less_the_nearer_the_day() {
        let now = LocalTime::new(NOW, 0);
        for (days, label, short) in [
            (0, "Today", "23:42"),
            (1, "Yesterday", "Yesterday"),
            (2, "Saturday", "Sat"),
            (6, "Tuesday", "Tue"),
            (7, "Monday, 16 November", "16 November"),
            (400, "19 October 2025", "19 October 2025"),
        ] {
            let then = at(NOW.0 - days * DAY, 0);
            assert_eq!(then.day_label(&now), label);
            assert_eq!(then.short(&now), short);
        }
    }

    #[test]
    fn the_last_hour_is_told_in_minutes() {
        let now = LocalTime::new(NOW, 0);
        for (seconds, text) in [(0, "now"), (59, "now"), (60, "1 min"), (3599, "59 min"), (3600, "22:42")] {
            let then = UnixMillis(NOW.0 - seconds * 1000);
            assert_eq!(ago(then, NOW, &LocalTime::new(then, 0), &now), text);
        }
    }

    #[test]
    fn p9_no_wait_is_longer_than_it_can_be() {
        assert_eq!(seconds_until(UnixMillis(NOW.0 + 1), NOW, 30_000), 1);
        assert_eq!(seconds_until(NOW, UnixMillis(NOW.0 + 1), 30_000), 0);
        assert_eq!(
            seconds_until(NOW, UnixMillis(NOW.0 - 365 * DAY), 30_000),
            30,
            "the clock was set back by a year"
        );
    }
}
