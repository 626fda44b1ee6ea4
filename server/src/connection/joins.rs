//! Handles joins of a group by invite link, with a commit of the joiner. Joiners take turns like all committers, and each link
//! admits a limited number at a time, so a leaked link cannot fill a log.

use std::sync::Arc;
use std::time::Instant;

use parley_protocol::frame::{AskToJoin, JoinByLink, RelayError, RequestId};

use super::{Connection, Permits, answers};
use crate::clock::now;
use crate::hub::Topic;
use crate::turns::Committer;

impl Connection {
    pub(super) fn join_by_link(&self, id: RequestId, permits: Permits, request: JoinByLink) {
        let (log, epoch, link) = (request.log, request.epoch, request.link.hash());
        let who = self.committer();
        let turn = self.relay.turns.check(&log, epoch, who, Instant::now());
        if let Err(refusal) = turn.and_then(|()| self.relay.limits.joins.take([link], Instant::now())) {
            return self.later(id, permits, async move { Err(refusal) });
        }
        let pending = self.relay.store.join_by_link(now(), request);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let joined = pending.await;
            if joined.is_err() {
                // Only successful joins count. Otherwise a holder of the link could keep all others out with joins that fail.
                relay.limits.joins.give_back(&link);
            }
            if let Err(RelayError::StaleEpoch { current }) = joined {
                relay.turns.lost(log, current, who, Instant::now());
            }
            let place = joined?;
            relay.turns.stored(&log, epoch, who, Instant::now());
            relay.hub.grown(Topic::Log(log), place.seq);
            answers::stored(vec![place])
        });
    }

    /// Who asks to be let in needs no turn: it ends no epoch. A link brings in as many requests as joins.
    pub(super) fn ask_to_join(&self, id: RequestId, permits: Permits, request: AskToJoin) {
        let (log, link) = (request.log, request.link.hash());
        if let Err(refusal) = self.relay.limits.joins.take([link], Instant::now()) {
            return self.later(id, permits, async move { Err(refusal) });
        }
        let pending = self.relay.store.ask_to_join(now(), request);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let asked = pending.await;
            if asked.is_err() {
                relay.limits.joins.give_back(&link);
            }
            let place = asked?;
            relay.hub.grown(Topic::Log(log), place.seq);
            answers::stored(vec![place])
        });
    }

    /// As whom this client commits.
    pub(super) fn committer(&self) -> Committer {
        Committer { peer: self.peer, connection: Arc::as_ptr(&self.outbox).addr() }
    }
}
