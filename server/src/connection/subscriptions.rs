//! Holds the subscriptions of one connection, and the pump that delivers their entries.
//!
//! A subscription is *opening* while the store looks the capability up, then *reading*: it has a cursor and knows how far its
//! topic reaches. The pump reads page after page, one topic after the other, and waits for room in the outbox before each page.
//! So the relay reads slowly for a client that reads slowly, and queues nothing for it beyond the outbox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::Message;
use parley_protocol::bounded::List;
use parley_protocol::frame::{InboxAddress, Push, RelayError, ServerFrame};
use parley_protocol::ids::{AccountId, Epoch, LogId, Seq};

use super::outbox::Outbox;
use crate::hub::{Bell, Topic};
use crate::relay::Relay;

/// How long the pump skips a topic that the store failed to read.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum State {
    Opening,
    /// An inbox has no `era`, the first epoch of a group era.
    Reading {
        era: Epoch,
        cursor: Seq,
    },
}

#[derive(Clone, Copy)]
struct Subscription {
    /// Tells a subscription from the one before it.
    generation: u64,
    /// How far the topic is known to reach.
    head: Seq,
    state: State,
}

#[derive(Default)]
struct Table {
    generation: u64,
    by_topic: HashMap<Topic, Subscription>,
    /// The inboxes whose capability the client has shown.
    inboxes: Vec<InboxAddress>,
}

/// The subscriptions of one connection.
pub(crate) struct Subscriptions {
    relay: Arc<Relay>,
    outbox: Arc<Outbox>,
    bell: Arc<Bell>,
    table: Mutex<Table>,
}

/// The result of reading a page.
struct Brought {
    frame: Option<Bytes>,
    last: Seq,
    finished: bool,
}

impl Subscriptions {
    pub(crate) fn new(relay: Arc<Relay>, outbox: Arc<Outbox>) -> Self {
        Self { relay, outbox, bell: Arc::new(Bell::default()), table: Mutex::default() }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a subscription in place of an earlier one of the same topic, which delivers nothing from here on. Wake-ups count
    /// from now on, so nothing that is committed while the store looks is missed.
    pub(crate) fn open(&self, topic: Topic) -> Result<u64, RelayError> {
        let mut table = self.table();
        let known = table.by_topic.contains_key(&topic);
        if !known && table.by_topic.len() >= self.relay.options.subscriptions {
            return Err(RelayError::QuotaExceeded);
        }
        table.generation = table.generation.wrapping_add(1);
        let generation = table.generation;
        let fresh = Subscription { generation, head: Seq(0), state: State::Opening };
        table.by_topic.insert(topic, fresh);
        drop(table);
        if !known {
            self.relay.hub.subscribe(topic, &self.bell);
        }
        Ok(generation)
    }

    /// Sends the answer to the request and then begins to read, with nothing in between.
    pub(crate) fn start(
        &self,
        topic: Topic,
        generation: u64,
        (era, cursor, head): (Epoch, Seq, Seq),
        answer: &ServerFrame,
    ) {
        let mut table = self.table();
        self.outbox.push_frame(answer);
        let Some(found) = table.by_topic.get_mut(&topic) else { return };
        if found.generation == generation {
            found.state = State::Reading { era, cursor };
            found.head = found.head.max(head);
            self.bell.ring(topic, found.head);
            if let Topic::Inbox(address) = topic
                && !table.inboxes.contains(&address)
            {
                table.inboxes.push(address);
            }
        }
    }

    /// Whether the client is a device of the account: it reads one of the account's inboxes.
    pub(crate) fn reads_inbox_of(&self, account: &AccountId) -> bool {
        self.table().inboxes.iter().any(|inbox| inbox.account == *account)
    }

    /// Ends a subscription, if it is still the one with this `generation`; with `None`, any.
    pub(crate) fn end(&self, topic: &Topic, generation: Option<u64>) {
        let mut table = self.table();
        let ends = table
            .by_topic
            .get(topic)
            .is_some_and(|found| generation.is_none_or(|generation| found.generation == generation));
        if ends {
            table.by_topic.remove(topic);
            if let Topic::Inbox(address) = topic {
                table.inboxes.retain(|inbox| inbox != address);
            }
            drop(table);
            self.relay.hub.unsubscribe(topic, &self.bell);
        }
    }

    /// Delivers new entries until the connection is over.
    pub(crate) async fn pump(&self) {
        loop {
            let (topic, head) = self.bell.next().await;
            let Some(subscription) = self.grown(&topic, head) else { continue };
            let State::Reading { era, cursor } = subscription.state else { continue };
            if cursor >= subscription.head {
                continue;
            }
            if !self.outbox.room().await {
                return;
            }
            match self.read(&topic, era, cursor).await {
                Ok(brought) => self.bring(topic, subscription.generation, brought),
                Err(RelayError::Internal) => {
                    tokio::time::sleep(PAUSE).await;
                    self.bell.ring(topic, subscription.head);
                }
                // The log expired while it was read, or the device was removed: nothing more comes.
                Err(_) => {
                    self.say_gone(&topic);
                    self.end(&topic, Some(subscription.generation));
                }
            }
        }
    }

    /// Tells a device that it was removed, by an empty push from its inbox.
    fn say_gone(&self, topic: &Topic) {
        if let Topic::Inbox(address) = topic {
            let push = Push::Inbox { device: address.device, entries: List::default() };
            self.outbox.push_frame(&ServerFrame::Push(push));
        }
    }

    fn grown(&self, topic: &Topic, head: Seq) -> Option<Subscription> {
        let mut table = self.table();
        let found = table.by_topic.get_mut(topic)?;
        found.head = found.head.max(head);
        Some(*found)
    }

    async fn read(&self, topic: &Topic, era: Epoch, cursor: Seq) -> Result<Brought, RelayError> {
        match topic {
            Topic::Log(log) => self.read_log(*log, era, cursor).await,
            Topic::Inbox(address) => self.read_inbox(*address, cursor).await,
        }
    }

    async fn read_log(&self, log: LogId, era: Epoch, cursor: Seq) -> Result<Brought, RelayError> {
        let page = self.relay.pages.read(&*self.relay.store, log, era, cursor).await?;
        Ok(Brought { frame: page.frame.clone(), last: page.last, finished: page.finished })
    }

    async fn read_inbox(&self, address: InboxAddress, cursor: Seq) -> Result<Brought, RelayError> {
        let entries = self.relay.store.read_inbox(address, cursor).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            return Ok(Brought { frame: None, last: cursor, finished: false });
        };
        let entries = List::new(entries).map_err(|_| RelayError::Internal)?;
        let frame = ServerFrame::Push(Push::Inbox { device: address.device, entries });
        let frame = frame.encode().map_err(|_| RelayError::Internal)?;
        Ok(Brought { frame: Some(Bytes::from(frame)), last, finished: false })
    }

    /// Queues a page and moves the cursor, unless the subscription has been replaced meanwhile.
    fn bring(&self, topic: Topic, generation: u64, brought: Brought) {
        let mut table = self.table();
        let Some(found) = table.by_topic.get_mut(&topic) else { return };
        if found.generation != generation {
            return;
        }
        if let State::Reading { cursor, .. } = &mut found.state {
            *cursor = brought.last;
        }
        match brought.frame {
            Some(frame) => self.outbox.push(Message::Binary(frame)),
            // The entry that the head promised is not there (an acknowledged inbox entry): wait for the next.
            None => found.head = brought.last,
        }
        let behind = found.head > brought.last;
        let head = found.head;
        drop(table);
        if brought.finished {
            self.end(&topic, Some(generation));
        } else if behind {
            self.bell.ring(topic, head);
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        let topics: Vec<Topic> = self.table().by_topic.drain().map(|(topic, _)| topic).collect();
        for topic in topics {
            self.relay.hub.unsubscribe(&topic, &self.bell);
        }
    }
}
