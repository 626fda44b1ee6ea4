//! What stands above a screen: one thing at a time.

/// What there may be to say, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Nothing works, or not before somebody has done something.
    Grave,
    /// Another device came into the account.
    NewDevice,
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

/// The reminder was put off by an account, at a time.
#[must_use]
pub fn put_off(account: &[u8], now: u64) -> Vec<u8> {
    [now.to_le_bytes().as_slice(), account].concat()
}

/// Whether it rests for this account. What was kept may be from another account, or from a clock that was wrong.
#[must_use]
pub fn rests(kept: &[u8], account: &[u8], now: u64) -> bool {
    let Some((time, of)) = kept.split_first_chunk::<8>() else { return false };
    of == account && now.abs_diff(u64::from_le_bytes(*time)) < REST
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
    fn the_reminder_rests_for_a_week_and_only_for_the_account_that_put_it_off() {
        let kept = put_off(b"ada", 1_000);
        assert!(rests(&kept, b"ada", 1_000));
        assert!(rests(&kept, b"ada", 1_000 + REST - 1));
        assert!(!rests(&kept, b"ada", 1_000 + REST));
        assert!(!rests(&kept, b"bob", 1_000));
        assert!(!rests(b"", b"", 1_000));
    }
}
