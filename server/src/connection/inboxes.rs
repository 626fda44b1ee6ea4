//! Handles writes to other people's devices: Welcomes, posts, and fetching the KeyPackages that devices publish for strangers.
//! The relay counts each by the device that it concerns and by the client that asks, so that nobody can use up what others
//! need.

use std::sync::Arc;
use std::time::Instant;

use parley_protocol::bounded::List;
use parley_protocol::frame::{
    Answer, AppendLinkedCommit, ClaimKeyPackages, CreateLinkedLog, InboxAddress, InboxPost, RelayError,
    RequestId, Welcomes,
};

use super::dispatch::SOMEWHERE;
use super::{Connection, Permits, answers};
use crate::clock::now;
use crate::hub::Topic;
use crate::relay::Relay;
use crate::store::{Claim, Committed, Poster};

impl Connection {
    pub(super) fn create_log(&self, id: RequestId, permits: Permits, mut request: CreateLinkedLog) {
        let (posters, inboxes) = match self.posters(&mut request.creation.welcomes) {
            Ok(posters) => posters,
            Err(refusal) => return self.later(id, permits, async move { Err(refusal) }),
        };
        let pending = self.relay.store.create_linked_log(now(), request, posters);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let full = pending.await?;
            if !full.is_empty() {
                return answers::undelivered(full);
            }
            ring(&relay, inboxes);
            Ok(Answer::Done)
        });
    }

    pub(super) fn append_commit(&self, id: RequestId, permits: Permits, mut request: AppendLinkedCommit) {
        let (log, epoch) = (request.commit.log, request.commit.epoch);
        let who = self.committer();
        if let Err(refusal) = self.relay.turns.check(&log, epoch, who, Instant::now()) {
            return self.later(id, permits, async move { Err(refusal) });
        }
        let (posters, inboxes) = match self.posters(&mut request.commit.welcomes) {
            Ok(posters) => posters,
            Err(refusal) => return self.later(id, permits, async move { Err(refusal) }),
        };
        let pending = self.relay.store.append_linked_commit(now(), request, posters);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let committed = pending.await;
            if let Err(RelayError::StaleEpoch { current }) = committed {
                relay.turns.lost(log, current, who, Instant::now());
            }
            match committed? {
                Committed::Stored(place) => {
                    relay.turns.stored(&log, epoch, who, Instant::now());
                    relay.hub.grown(Topic::Log(log), place.seq);
                    ring(&relay, inboxes);
                    answers::stored(vec![place])
                }
                Committed::Undelivered(full) => answers::undelivered(full),
            }
        });
    }

    pub(super) fn post_inbox(&self, id: RequestId, permits: Permits, post: InboxPost) {
        let topic = Topic::Inbox(post.to);
        let poster = match self.poster(&post.to) {
            Ok(poster) => poster,
            Err(refusal) => return self.later(id, permits, async move { Err(refusal) }),
        };
        let pending = self.relay.store.post_inbox(now(), post, poster);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let place = pending.await?;
            relay.hub.grown(topic, place.seq);
            answers::stored(vec![place])
        });
    }

    /// Gives KeyPackages of last resort to an address that has got many one-time KeyPackages of a person, or for a person of
    /// whom many were taken. A refusal would make the person unreachable.
    pub(super) fn claim_key_packages(&self, id: RequestId, permits: Permits, request: ClaimKeyPackages) {
        let ClaimKeyPackages { account, devices } = request;
        let mut allowed = Ok(());
        let mut claims = Vec::with_capacity(devices.len());
        for device in devices.into_vec() {
            let turn = self.may_take_one_time(InboxAddress { account, device });
            claims.push((device, if turn.is_ok() { Claim::OneTime } else { Claim::LastResort }));
            allowed = allowed.and(turn);
        }
        let pending = self.relay.store.claim_key_packages(account, claims);
        self.later(id, permits, async move {
            let claimed = pending.await?;
            if claimed.is_empty() {
                allowed?;
            }
            List::new(claimed).map(Answer::KeyPackages).map_err(|_| RelayError::Internal)
        });
    }

    fn may_take_one_time(&self, device: InboxAddress) -> Result<(), RelayError> {
        let (limits, now) = (&self.relay.limits, Instant::now());
        if !self.subscriptions.reads_inbox_of(&device.account) {
            limits.claims_pair.take([(self.peer, device)], now)?;
        }
        limits.claims.take([device], now)
    }

    /// Classifies this client as the poster of each Welcome, lists the inboxes, and then completes each Welcome.
    fn posters(&self, welcomes: &mut Welcomes) -> Result<(Vec<Poster>, Vec<InboxAddress>), RelayError> {
        let inboxes: Vec<InboxAddress> = welcomes.posts.iter().map(|welcome| welcome.to).collect();
        let posters = inboxes.iter().map(|inbox| self.poster(inbox)).collect::<Result<_, _>>()?;
        *welcomes = std::mem::take(welcomes).whole().map_err(|_| RelayError::TooLarge)?;
        Ok((posters, inboxes))
    }

    /// Classifies this client as the poster into an inbox. A client that is too quick has to wait. If other addresses have used
    /// up the limit, the inbox takes nothing from strangers now.
    fn poster(&self, inbox: &InboxAddress) -> Result<Poster, RelayError> {
        let (limits, now) = (&self.relay.limits, Instant::now());
        if self.subscriptions.reads_inbox_of(&inbox.account) {
            limits.posts_own.take([*inbox], now)?;
            return Ok(Poster::Own);
        }
        limits.posts_from.take([(self.peer, *inbox)], now)?;
        let has_turn = limits.posts.take([*inbox], now).is_ok();
        Ok(if has_turn { Poster::Other(limits.mark(self.peer, inbox)) } else { Poster::Refused })
    }
}

/// Wakes the readers of these inboxes.
fn ring(relay: &Relay, inboxes: Vec<InboxAddress>) {
    for inbox in inboxes {
        relay.hub.grown(Topic::Inbox(inbox), SOMEWHERE);
    }
}
