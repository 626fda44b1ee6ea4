//! Chooses the one notice that a screen shows: the most important one.

/// The notices, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The app does not work, at all or until the person acts.
    Grave,
    /// Another device came into the account.
    NewDevice,
    /// Another device removed one, or changed the recovery phrase.
    KeyChange,
    /// Part of a backup did not come back.
    Loss,
    /// The result of the work on a backup file.
    FileDone,
    /// The state of the connection.
    Connection,
    /// The progress of restoring a backup.
    Restoring,
    /// The progress of the work on a backup file.
    File,
    /// The person has not written the recovery phrase down.
    Reminder,
}

/// The notice that is shown of all that apply.
#[must_use]
pub fn first(wanted: impl IntoIterator<Item = Notice>) -> Option<Notice> {
    wanted.into_iter().min()
}

/// How long the reminder rests after "Later", in milliseconds.
const REST: u64 = 7 * 24 * 3_600 * 1_000;

/// The stored form of the time at which the person put the reminder off.
#[must_use]
pub const fn put_off(now: u64) -> [u8; 8] {
    now.to_le_bytes()
}

/// Whether the reminder rests. The stored time may be from a wrong clock.
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
