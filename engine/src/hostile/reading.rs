//! Reads a log as one of its members, without an engine.

use parley_protocol::ids::LogId;

use super::Peer;
use crate::domain::content::{Body, Content};
use crate::mls::group::Incoming;

impl Peer {
    /// Reads an entry of the log: a text if it is one. Own entries and forgeries are passed over.
    pub fn read(&mut self, log: LogId, payload: &[u8]) -> Option<String> {
        let group = self.groups.get_mut(&log).unwrap();
        match group.process(&self.provider, payload).ok()? {
            Incoming::Message { padded, .. } => match Content::decode(&padded).ok()?.body {
                Body::Part(part) => part.text().map(str::to_owned),
                _ => None,
            },
            Incoming::Commit { staged, .. } => {
                group.merge(&self.provider, *staged).unwrap();
                None
            }
        }
    }
}
