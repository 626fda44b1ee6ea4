//! Limits the number of connections from one address. The relay holds addresses in memory while they matter, and never writes
//! them anywhere.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// An address as limits count it. An IPv6 customer counts as their whole /64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PeerKey(IpAddr);

/// Prints no address.
impl fmt::Debug for PeerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PeerKey")
    }
}

impl From<IpAddr> for PeerKey {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
            four @ IpAddr::V4(_) => four,
        })
    }
}

/// The open connections of each address.
#[derive(Default)]
pub(crate) struct Peers(Mutex<HashMap<PeerKey, u32>>);

/// Counts as a connection as long as it lives.
pub(crate) struct PeerGuard {
    peers: Arc<Peers>,
    key: PeerKey,
}

impl Peers {
    /// Counts one more connection of `key`, unless it has `max` already.
    pub(crate) fn enter(self: &Arc<Self>, key: PeerKey, max: u32) -> Option<PeerGuard> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        if *count >= max {
            return None;
        }
        *count = count.saturating_add(1);
        Some(PeerGuard { peers: Arc::clone(self), key })
    }

    /// Whether no connection is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for PeerGuard {
    fn drop(&mut self) {
        let mut counts = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_ends_makes_room() {
        let peers = Arc::new(Peers::default());
        let key = PeerKey::from(IpAddr::from([192, 0, 2, 1]));
        let first = peers.enter(key, 1).unwrap();
        assert!(peers.enter(key, 1).is_none());
        drop(first);
        assert!(peers.enter(key, 1).is_some());
        assert!(peers.0.lock().unwrap().is_empty());
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let key = |text: &str| PeerKey::from(text.parse::<IpAddr>().unwrap());
        assert!(key("2001:db8::1") == key("2001:db8::ffff:1"));
        assert!(key("2001:db8::1") != key("2001:db8:0:1::1"));
        assert!(key("::ffff:192.0.2.1") == key("192.0.2.1"));
    }
}
