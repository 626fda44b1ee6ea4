//! Wakes the readers of a log or an inbox when it has grown. The hub passes on only how far a topic reaches, never an entry;
//! readers read from the store. So an append costs the same for 2 and for 1,000 readers, and another process can ring just as
//! well.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use parley_protocol::frame::InboxAddress;
use parley_protocol::ids::{LogId, Seq};
use tokio::sync::Notify;

/// The number of maps, each with its own lock, so that connections rarely wait for one another.
const SHARDS: usize = 64;

/// The topics that a client can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// A conversation log.
    Log(LogId),
    /// A device's inbox.
    Inbox(InboxAddress),
}

/// One connection's bell. It remembers which topics rang, and how far they have grown, until the connection looks.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<Rung>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct Rung {
    order: VecDeque<Topic>,
    heads: HashMap<Topic, Seq>,
}

impl Bell {
    /// Notes that `topic` reaches to `head`.
    pub(crate) fn ring(&self, topic: Topic, head: Seq) {
        {
            let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            let rung = &mut *rung;
            rung.heads.entry(topic).and_modify(|known| *known = head.max(*known)).or_insert_with(|| {
                rung.order.push_back(topic);
                head
            });
        }
        self.notify.notify_one();
    }

    /// Waits for the topic that has rung longest ago.
    pub(crate) async fn next(&self) -> (Topic, Seq) {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.notify.notified().await;
        }
    }

    fn take(&self) -> Option<(Topic, Seq)> {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = rung.order.pop_front()?;
        rung.heads.remove(&topic).map(|head| (topic, head))
    }
}

type Shard = Mutex<HashMap<Topic, Vec<Arc<Bell>>>>;

/// All bells, by topic.
pub(crate) struct Hub {
    hasher: RandomState,
    shards: Vec<Shard>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    fn with_shard<T>(
        &self,
        topic: &Topic,
        change: impl FnOnce(&mut HashMap<Topic, Vec<Arc<Bell>>>) -> T,
    ) -> Option<T> {
        let shards = u64::try_from(self.shards.len()).ok()?;
        let index = usize::try_from(self.hasher.hash_one(topic).checked_rem(shards)?).ok()?;
        let shard = self.shards.get(index)?;
        // A map that a panicking thread left behind is still a valid map.
        Some(change(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Rings `bell` from now on whenever `topic` grows.
    pub(crate) fn subscribe(&self, topic: Topic, bell: &Arc<Bell>) {
        self.with_shard(&topic, |shard| shard.entry(topic).or_default().push(Arc::clone(bell)));
    }

    /// Ends one subscription of `bell`.
    pub(crate) fn unsubscribe(&self, topic: &Topic, bell: &Arc<Bell>) {
        self.with_shard(topic, |shard| {
            if let Some(bells) = shard.get_mut(topic) {
                if let Some(index) = bells.iter().position(|other| Arc::ptr_eq(other, bell)) {
                    bells.swap_remove(index);
                }
                if bells.is_empty() {
                    shard.remove(topic);
                }
            }
        });
    }

    /// Tells every subscriber that `topic` reaches to `head`.
    pub(crate) fn grown(&self, topic: Topic, head: Seq) {
        self.with_shard(&topic, |shard| {
            for bell in shard.get(&topic).into_iter().flatten() {
                bell.ring(topic, head);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: Topic = Topic::Log(LogId([1; 16]));
    const OTHER: Topic = Topic::Log(LogId([2; 16]));

    #[tokio::test]
    async fn a_bell_remembers_the_farthest_head_of_each_topic_in_order() {
        let hub = Hub::new();
        let bell = Arc::new(Bell::default());
        hub.subscribe(LOG, &bell);
        hub.subscribe(OTHER, &bell);
        hub.grown(LOG, Seq(2));
        hub.grown(OTHER, Seq(1));
        hub.grown(LOG, Seq(5));
        hub.grown(LOG, Seq(4));
        assert_eq!(bell.next().await, (LOG, Seq(5)));
        assert_eq!(bell.next().await, (OTHER, Seq(1)));
        assert_eq!(bell.take(), None);
    }

    #[test]
    fn nothing_is_left_of_a_subscription_that_ended() {
        let hub = Hub::new();
        let bell = Arc::new(Bell::default());
        hub.subscribe(LOG, &bell);
        hub.unsubscribe(&LOG, &bell);
        hub.grown(LOG, Seq(1));
        assert_eq!(bell.take(), None);
        assert!(hub.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }
}
