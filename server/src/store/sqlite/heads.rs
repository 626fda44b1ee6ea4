//! Caches the heads of the logs that were appended to last, in the writing thread: for an append to a cached log, it asks the
//! database nothing before it writes.
//!
//! The cache equals what the database says inside of the current transaction. So code that changes a row of `logs` in another
//! way first removes its head from the cache, and a failed transaction empties the cache.

use std::collections::HashMap;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::ids::LogId;

use super::logs::Log;

/// The most cached heads: together a few mebibytes.
const MAX_HEADS: usize = 32_768;

/// A log's row, and the capability of its current epoch.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) log: Log,
    pub(super) capability: CapabilityHash,
}

/// The cached heads.
#[derive(Default)]
pub(super) struct Heads(HashMap<LogId, Head>);

impl Heads {
    /// The cached head of a log.
    pub(super) fn get(&self, log: &LogId) -> Option<Head> {
        self.0.get(log).copied()
    }

    /// Caches a head.
    pub(super) fn keep(&mut self, log: LogId, head: Head) {
        // This is rare enough that starting over costs less than keeping an order of use.
        if self.0.len() >= MAX_HEADS && !self.0.contains_key(&log) {
            self.0.clear();
        }
        self.0.insert(log, head);
    }

    /// Removes one log from the cache.
    pub(super) fn forget(&mut self, log: &LogId) {
        self.0.remove(log);
    }

    /// Empties the cache.
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}
