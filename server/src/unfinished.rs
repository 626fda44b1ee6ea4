//! Limits the memory for messages that are unfinished or wait for their turn. A client may begin a long message on each of many
//! connections and finish none, so the relay counts these bytes by address and in total, and cuts a connection that would go
//! beyond.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::peers::PeerKey;

/// The bytes of each connection that are not counted: most messages are shorter, and so need no lock.
const UNCOUNTED: u64 = 16 * 1024;
/// The bytes that one address may hold even when others hold much.
const SMALL: u64 = 512 * 1024;

/// The most bytes that may be held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) of_peer: u64,
    pub(crate) in_all: u64,
}

/// The bytes that are held.
#[derive(Debug)]
pub(crate) struct Unfinished {
    most: Most,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    in_all: u64,
    by_peer: HashMap<PeerKey, u64>,
}

/// One connection's share. Dropping it returns the bytes.
#[derive(Debug)]
pub(crate) struct Share {
    unfinished: Arc<Unfinished>,
    peer: PeerKey,
    held: AtomicU64,
}

impl Unfinished {
    pub(crate) fn new(most: Most) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// Makes a connection's share.
    pub(crate) const fn share(self: Arc<Self>, peer: PeerKey) -> Share {
        Share { unfinished: self, peer, held: AtomicU64::new(0) }
    }

    fn take(&self, peer: PeerKey, bytes: u64) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = held.by_peer.get(&peer).copied().unwrap_or(0).saturating_add(bytes);
        let in_all = held.in_all.saturating_add(bytes);
        held.by_peer.insert(peer, of_peer);
        held.in_all = in_all;
        of_peer <= SMALL.min(self.most.of_peer) || of_peer <= self.most.of_peer && in_all <= self.most.in_all
    }

    fn give_back(&self, peer: PeerKey, bytes: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.in_all = held.in_all.saturating_sub(bytes);
        if let Some(of_peer) = held.by_peer.get_mut(&peer) {
            *of_peer = of_peer.saturating_sub(bytes);
            if *of_peer == 0 {
                held.by_peer.remove(&peer);
            }
        }
    }
}

impl Share {
    /// Counts more bytes. Returns whether the connection may go on.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let more = counted(before.saturating_add(bytes)).saturating_sub(counted(before));
        more == 0 || self.unfinished.take(self.peer, more)
    }

    /// Releases all bytes of this share.
    pub(crate) fn release(&self) {
        let held = counted(self.held.swap(0, Ordering::Relaxed));
        if held > 0 {
            self.unfinished.give_back(self.peer, held);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

const fn counted(held: u64) -> u64 {
    held.saturating_sub(UNCOUNTED)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn peer(number: u8) -> PeerKey {
        PeerKey::from(IpAddr::from([192, 0, 2, number]))
    }

    fn unfinished() -> Arc<Unfinished> {
        Arc::new(Unfinished::new(Most { of_peer: 4 * MIB, in_all: 6 * MIB }))
    }

    #[test]
    fn one_address_holds_so_much_over_all_its_connections() {
        let all = unfinished();
        let (one, two) = (Arc::clone(&all).share(peer(1)), Arc::clone(&all).share(peer(1)));
        assert!(one.take(3 * MIB));
        assert!(!two.take(2 * MIB));
        drop(two);
        one.release();
        assert!(one.take(4 * MIB));
        drop(one);
        let held = all.held.lock().unwrap();
        assert_eq!((held.in_all, held.by_peer.len()), (0, 0));
    }

    #[test]
    fn who_holds_little_is_served_while_others_hold_all() {
        let all = unfinished();
        let (one, two) = (Arc::clone(&all).share(peer(1)), Arc::clone(&all).share(peer(2)));
        let honest = Arc::clone(&all).share(peer(3));
        assert!(one.take(4 * MIB));
        assert!(!two.take(3 * MIB));
        assert!(honest.take(MIB / 2), "it is no more than a small one");
        assert!(!honest.take(MIB));
    }

    #[test]
    fn short_messages_are_not_counted() {
        let all = unfinished();
        let one = Arc::clone(&all).share(peer(1));
        for _ in 0..10 {
            assert!(one.take(1000));
        }
        assert_eq!(all.held.lock().unwrap().in_all, 0);
    }
}
