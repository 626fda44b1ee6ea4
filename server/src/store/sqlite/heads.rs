//! Caches the heads of the logs that were appended to last, in the writing thread: for an append to a cached log, it asks the
//! database nothing before it writes.
//!
//! The cache equals what the database says inside of the current transaction. So code that changes a row of `logs` in another
//! way first removes its head from the cache, and a failed transaction empties the cache.

use std::collections::HashMap;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::ids::LogId;

use super::logs::Log;

/// Most heads that are kept: together a few mebibytes.
const MAX_HEADS: usize = 32_768;

/// A log's row and what opens its current epoch.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) log: Log,
    pub(super) capability: CapabilityHash,
}

/// The known heads.
#[derive(Default)]
pub(super) struct Heads(HashMap<LogId, Head>);

impl Heads {
    /// What is known of a log.
    pub(super) fn get(&self, log: &LogId) -> Option<Head> {
        self.0.get(log).copied()
    }

    /// Knows this from now on.
    pub(super) fn keep(&mut self, log: LogId, head: Head) {
        // Rare enough that starting over costs less than keeping an order of use.
        if self.0.len() >= MAX_HEADS && !self.0.contains_key(&log) {
            self.0.clear();
        }
        self.0.insert(log, head);
    }

    /// Forgets one log.
    pub(super) fn forget(&mut self, log: &LogId) {
        self.0.remove(log);
    }

    /// Forgets every log.
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}
