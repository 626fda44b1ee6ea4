//! Messages that disappear.

use parley_engine::view::Who;

/// The choice.
pub const DISAPPEARING: &str = "Disappearing messages";

/// What it does, and what it cannot promise.
pub const ABOUT_DISAPPEARING: &str = "New messages disappear for everyone this long after they're read, and yours this long after you send them. Others can take a photo or a copy before.";

/// In short, where a chat's last message would stand.
pub const TIMER_SHORT: &str = "Disappearing messages changed";

const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;
const WEEK: u32 = 7 * DAY;

/// How long messages last, as a choice.
#[must_use]
pub fn lasting(seconds: u32) -> String {
    if seconds == 0 { "Off".to_owned() } else { length(seconds) }
}

/// A length of time, in the largest unit that fits.
fn length(seconds: u32) -> String {
    let units = [(WEEK, "week"), (DAY, "day"), (HOUR, "hour"), (60, "minute"), (1, "second")];
    let fits = |(unit, _): &(u32, &str)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, name) = units.into_iter().find(fits).unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

/// Somebody set the timer: a line in the chat.
#[must_use]
pub fn timer_line(by: Option<&Who>, seconds: u32) -> String {
    let who = by.map_or_else(|| "You".to_owned(), |by| format!("\u{2068}{}\u{2069}", by.name));
    match seconds {
        0 => format!("{who} turned off disappearing messages"),
        seconds => format!("{who} set new messages to disappear after {}", length(seconds)),
    }
}

/// The mark on a message.
#[must_use]
pub fn disappears(seconds: u32) -> String {
    format!("Disappears {} after it's read", length(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_the_largest_unit_that_fits() {
        let said = [0, 1, 90, 3_600, 8 * HOUR, DAY, WEEK, 4 * WEEK].map(lasting);
        let wanted = ["Off", "1 second", "90 seconds", "1 hour", "8 hours", "1 day", "1 week", "4 weeks"];
        assert_eq!(said, wanted);
        assert_eq!(timer_line(None, 0), "You turned off disappearing messages");
    }
}
