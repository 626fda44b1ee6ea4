//! Counts the operations in each of a writer's groups, which share one sync. Counts only, nothing of their contents.

use std::time::{Duration, Instant};

/// The interval between two log lines, while there is work.
const INTERVAL: Duration = Duration::from_mins(1);

/// The number of size classes: 1, 2 to 3, 4 to 7 and so on.
const CLASSES: usize = 16;

/// The groups since the last log line.
#[derive(Debug)]
pub(super) struct Sizes {
    writer: &'static str,
    since: Instant,
    groups: u64,
    operations: u64,
    largest: usize,
    classes: [u64; CLASSES],
}

impl Sizes {
    /// Begins with no counts, for the writer with this name.
    pub(super) fn of(writer: &'static str) -> Self {
        Self { writer, since: Instant::now(), groups: 0, operations: 0, largest: 0, classes: [0; CLASSES] }
    }

    /// Counts a group of this many operations.
    pub(super) fn count(&mut self, operations: usize) {
        self.groups = self.groups.saturating_add(1);
        self.operations = self.operations.saturating_add(u64::try_from(operations).unwrap_or(u64::MAX));
        self.largest = self.largest.max(operations);
        let class = operations.checked_ilog2().and_then(|class| usize::try_from(class).ok()).unwrap_or(0);
        if let Some(count) = self.classes.get_mut(class.min(CLASSES.saturating_sub(1))) {
            *count = count.saturating_add(1);
        }
        if self.since.elapsed() >= INTERVAL {
            self.report();
        }
    }

    /// Writes a log line, and begins again.
    pub(super) fn report(&mut self) {
        if self.groups > 0 {
            tracing::debug!(
                writer = self.writer,
                groups = self.groups,
                operations = self.operations,
                mean = self.operations.checked_div(self.groups).unwrap_or(0),
                median_at_least = self.median_class(),
                largest = self.largest,
                "sizes of group commits"
            );
        }
        *self = Self::of(self.writer);
    }

    /// The smallest size in the class of the median.
    fn median_class(&self) -> u64 {
        let mut below = 0_u64;
        let half = self.groups.div_ceil(2);
        let class = self.classes.iter().position(|count| {
            below = below.saturating_add(*count);
            below >= half
        });
        class
            .and_then(|class| u32::try_from(class).ok())
            .and_then(|class| 1_u64.checked_shl(class))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_by_their_size() {
        let mut sizes = Sizes::of("test");
        for size in [1, 1, 6, 7, 5, 300] {
            sizes.count(size);
        }
        assert_eq!((sizes.groups, sizes.operations, sizes.largest), (6, 320, 300));
        assert_eq!(sizes.median_class(), 4);
        sizes.report();
        assert_eq!(sizes.groups, 0);
    }
}
