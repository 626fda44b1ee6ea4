//! Which notice a screen shows: one at a time, the most important one.

/// What there may be to say, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Nothing works, or not before somebody has done something.
    Grave,
    /// Another device came into the account.
    NewDevice,
    /// Another device removed one, or changed the recovery phrase.
    KeyChange,
    /// Part of a backup did not come back.
    Loss,
    /// What came of a backup file.
    FileDone,
    /// How the connection is.
    Connection,
    /// How far a backup has come back.
    Restoring,
    /// How far a backup file is.
    File,
    /// The recovery phrase is not written down.
    Reminder,
}

/// Which one is shown of those that there are.
#[must_use]
pub fn first(wanted: impl IntoIterator<Item = Notice>) -> Option<Notice> {
    wanted.into_iter().min()
}

/// How long the reminder rests after "Later", in milliseconds.
const REST: u64 = 7 * 24 * 3_600 * 1_000;

/// What is kept of when the reminder was put off.
#[must_use]
pub const fn put_off(now: u64) -> [u8; 8] {
    now.to_le_bytes()
}

/// Whether it rests. What was kept may be from a clock that was wrong.
#[must_use]
pub fn rests(kept: &[u8], now: u64) -> bool {
    <[u8; 8]>::try_from(kept).is_ok_and(|time| now.abs_diff(u64::from_le_bytes(time)) < REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_important_notice_is_the_one_that_is_shown() {
        use Notice::{Connection, File, Grave, Loss, NewDevice, Reminder};
        assert_eq!(first([]), None);
        assert_eq!(first([Reminder, Connection]), Some(Connection));
        assert_eq!(first([Reminder, NewDevice, Connection]), Some(NewDevice));
        assert_eq!(first([NewDevice, Grave, Loss]), Some(Grave));
        assert_eq!(first([File, Reminder]), Some(File));
    }

    #[test]
    fn the_reminder_rests_for_a_week() {
        let kept = put_off(1_000);
        assert!(rests(&kept, 1_000));
        assert!(rests(&kept, 1_000 + REST - 1));
        assert!(!rests(&kept, 1_000 + REST));
        assert!(!rests(&put_off(1_000 + REST), 1_000), "the clock was set back");
        assert!(!rests(b"", 1_000));
    }
}
