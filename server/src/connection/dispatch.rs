//! From a request to the store and back. What is done before the first `await` is done in the order in which
//! the requests came; that is where appends are submitted, so they keep their order though nobody waits for
//! one before reading the next.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, AppendMessages, ClientFrame, CreateLinkedLog, CreateLog,
    LinkSlot, LinkSlots, ReadLog, RelayError, Request, RequestId, ServerFrame, SubscribeInbox, SubscribeLog,
    Subscribed, Welcomes,
};
use parley_protocol::ids::{Epoch, Seq};

use super::{Connection, Permits, answers, verify};
use crate::clock::now;
use crate::hub::Topic;
use crate::store::{ReadFrom, Room};

/// As far as an inbox may have grown: who rings does not know.
pub(super) const SOMEWHERE: Seq = Seq(u64::MAX);

impl Connection {
    /// Starts working on a request; the answer comes when it comes.
    pub(super) fn dispatch(&mut self, frame: ClientFrame, bytes: u32, permits: Permits) {
        let ClientFrame { id, request } = frame;
        if let Err(refusal) = self.admit(&request, bytes) {
            self.outbox.push_frame(&ServerFrame::Answer { id, result: Err(refusal) });
            return;
        }
        let store = Arc::clone(&self.relay.store);
        match request {
            Request::Hello => {
                self.greeted = true;
                self.received.allow_all();
                self.later(id, permits, async { Ok(Answer::Hello { now: now() }) });
            }
            Request::Ping => self.later(id, permits, async { Ok(Answer::Done) }),
            Request::CreateLog(creation) => {
                let links = LinkSlots::default();
                self.create_log(id, permits, CreateLinkedLog { creation, links });
            }
            Request::CreateLinkedLog(request) => self.create_log(id, permits, request),
            Request::AppendMessages(request) => self.append_messages(id, permits, request),
            Request::AppendCommit(commit) => {
                let links = LinkSlots::default();
                self.append_commit(id, permits, AppendLinkedCommit { commit, links });
            }
            Request::AppendLinkedCommit(request) => self.append_commit(id, permits, request),
            Request::OpenLink(link) => {
                let pending = store.open_link(now(), link.hash());
                self.later(id, permits, async { answers::links(pending.await?) });
            }
            Request::JoinByLink(request) => self.join_by_link(id, permits, request),
            Request::AskToJoin(request) => self.ask_to_join(id, permits, request),
            Request::ReadLog(request) => self.read_log(id, permits, request),
            Request::SubscribeLog(request) => self.subscribe_log(id, permits, request),
            Request::UnsubscribeLog(log) => {
                self.subscriptions.end(&Topic::Log(log), None);
                self.later(id, permits, async { Ok(Answer::Done) });
            }
            Request::FetchGroupInfo { log, capability } => {
                let pending = store.group_info(log, capability.hash());
                self.later(id, permits, async { answers::group_info(pending.await?) });
            }
            Request::PostInbox(post) => self.post_inbox(id, permits, post),
            Request::SubscribeInbox(request) => self.subscribe_inbox(id, permits, request),
            Request::AckInbox { address, capability, upto } => {
                let pending = store.ack_inbox(address, capability.hash(), upto);
                self.later(id, permits, async { pending.await.map(|()| Answer::Done) });
            }
            Request::SwapStamp(request) => {
                let pending = store.swap_stamp(request);
                self.later(id, permits, async {
                    pending.await.map(|before| Answer::StampSwapped { before })
                });
            }
            Request::PublishKeyPackages(request) => {
                let pending = store.publish_key_packages(now(), request);
                self.later(id, permits, async { pending.await.map(answers::count) });
            }
            Request::CountKeyPackages { address, capability } => {
                let pending = store.count_key_packages(address, capability.hash());
                self.later(id, permits, async { pending.await.map(answers::count) });
            }
            Request::ForgetKeyPackages { address, capability } => {
                let pending = store.forget_key_packages(address, capability.hash());
                self.later(id, permits, async { pending.await.map(answers::count) });
            }
            Request::OpenSlot(_) | Request::WriteSlot(_) | Request::WatchSlot(_) | Request::CloseSlot(_) => {
                self.rendezvous.answer(id, request);
            }
            Request::PutBlob(_)
            | Request::FetchBlob(_)
            | Request::DeleteBlobs(_)
            | Request::WriteBackupHead(_)
            | Request::FetchBackupHead(_)
            | Request::PutLogBlob(_)
            | Request::FetchLogBlob(_) => self.dispatch_blobs(id, permits, request),
            other => self.dispatch_directory(id, permits, other),
        }
    }

    /// The requests about accounts. Several steps each: their order is not kept.
    fn dispatch_directory(&self, id: RequestId, permits: Permits, request: Request) {
        let (relay, store) = (Arc::clone(&self.relay), Arc::clone(&self.relay.store));
        match request {
            Request::ClaimKeyPackages(request) => self.claim_key_packages(id, permits, request),
            Request::RegisterAccount(request) => self.later(id, permits, async move {
                verify::looks_like_a_registration(&request)?;
                let account = verify::off_thread(&relay, || verify::registration(request)).await?;
                store.register_account(account).await.map(|()| Answer::Done)
            }),
            Request::AppendDeviceLog(request) => {
                self.later(id, permits, async move {
                    let record = store.account(request.account).await?;
                    let step =
                        verify::off_thread(&relay, move || verify::step(&record, request.entry)).await?;
                    let removed = step.removed();
                    store.append_device_log(step).await?;
                    // Who reads the inbox that is gone finds that out.
                    if let Some(inbox) = removed {
                        relay.hub.grown(Topic::Inbox(inbox), SOMEWHERE);
                    }
                    Ok(Answer::Done)
                });
            }
            Request::FetchDeviceLogs(known) => {
                let pending = store.device_logs(known.into_vec());
                self.later(id, permits, async { answers::device_logs(pending.await?) });
            }
            Request::ClaimUsername(claim) => self.later(id, permits, async move {
                let record = store.account(claim.account).await?;
                let (account, device, username) = (claim.account, claim.device, claim.username.clone());
                verify::off_thread(&relay, move || verify::claim(&record, &claim)).await?;
                store.claim_username(account, device, username).await.map(|()| Answer::Done)
            }),
            Request::ResolveUsername(username) => {
                let pending = store.resolve(username);
                self.later(id, permits, async { pending.await.map(Answer::Directory) });
            }
            Request::FindRecoveryKey(key) => {
                let pending = store.recover(key);
                self.later(id, permits, async { pending.await.map(Answer::Directory) });
            }
            // All others are dispatched before they get here.
            _ => self.later(id, permits, async { Err(RelayError::Internal) }),
        }
    }

    /// Answers when `work` is done. The task is not the connection's: what was submitted is seen through,
    /// wake-ups of others included, also when the client is gone.
    pub(super) fn later(
        &self,
        id: RequestId,
        permits: Permits,
        work: impl Future<Output = Result<Answer, RelayError>> + Send + 'static,
    ) {
        let outbox = Arc::clone(&self.outbox);
        tokio::spawn(async move {
            let result = work.await;
            outbox.push_frame(&ServerFrame::Answer { id, result });
            drop(permits);
        });
    }

    /// Whether the connection has said hello, and the limits allow the request.
    fn admit(&mut self, request: &Request, bytes: u32) -> Result<(), RelayError> {
        if !self.greeted && !matches!(request, Request::Hello) {
            return Err(RelayError::BadRequest);
        }
        let now = Instant::now();
        let options = &self.relay.options;
        let limits = &self.relay.limits;
        self.bucket = self.bucket.after(options.requests, cost(request), now)?;
        let kibibytes = bytes.max(stored_bytes(request)).div_ceil(1024);
        limits.upload.spend(self.peer, kibibytes, now)?;
        if self.relay.store.room() != Room::Enough && grows(request) {
            limits.upload_low.spend(self.peer, kibibytes, now)?;
        }
        match request {
            Request::RegisterAccount(_) => limits.registrations.take([self.peer], now),
            Request::ClaimUsername(_) => limits.usernames.take([self.peer], now),
            Request::AppendDeviceLog(_) => limits.device_logs.take([self.peer], now),
            Request::ResolveUsername(_) | Request::FindRecoveryKey(_) | Request::OpenLink(_) => {
                limits.resolves.take([self.peer], now)
            }
            Request::ClaimKeyPackages(request) => {
                limits.claims_from.spend(self.peer, count(request.devices.len()), now)
            }
            Request::OpenSlot(_) => limits.slots.take([self.peer], now),
            Request::CreateLog(creation) => self.admit_log(creation, &[], now),
            Request::CreateLinkedLog(request) => self.admit_log(&request.creation, &request.links, now),
            Request::AppendCommit(commit) => self.admit_commit(commit, &[], now),
            Request::AppendLinkedCommit(request) if request.commit.next_read.is_none() => {
                Err(RelayError::BadRequest)
            }
            Request::AppendLinkedCommit(request) => self.admit_commit(&request.commit, &request.links, now),
            Request::JoinByLink(request) => {
                limits.commits.spend(self.peer, kept_kib(&request.commit, None, &[]).max(1), now)
            }
            Request::AskToJoin(request) => {
                limits.commits.spend(self.peer, kept_kib(&request.ask, None, &[]).max(1), now)
            }
            _ => Ok(()),
        }
    }

    fn admit_log(&self, creation: &CreateLog, links: &[LinkSlot], now: Instant) -> Result<(), RelayError> {
        let limits = &self.relay.limits;
        bounded(&creation.welcomes)?;
        limits.commits.spend(self.peer, kept_kib(&[], creation.group_info.as_deref(), links), now)?;
        limits.logs.take([self.peer], now)
    }

    fn admit_commit(
        &self,
        commit: &AppendCommit,
        links: &[LinkSlot],
        now: Instant,
    ) -> Result<(), RelayError> {
        bounded(&commit.welcomes)?;
        let kept = kept_kib(&commit.commit, commit.group_info.as_deref(), links);
        self.relay.limits.commits.spend(self.peer, kept.max(1), now)
    }

    fn append_messages(&self, id: RequestId, permits: Permits, request: AppendMessages) {
        let log = request.log;
        let pending = self.relay.store.append_messages(now(), request);
        let relay = Arc::clone(&self.relay);
        self.later(id, permits, async move {
            let places = pending.await?;
            if let Some(head) = places.iter().map(|place| place.seq).max() {
                relay.hub.grown(Topic::Log(log), head);
            }
            answers::stored(places)
        });
    }

    fn read_log(&self, id: RequestId, permits: Permits, request: ReadLog) {
        let store = Arc::clone(&self.relay.store);
        self.later(id, permits, async move {
            let from = ReadFrom { after: request.after, ..ReadFrom::default() };
            let opened = store.open_log(request.log, request.capability.hash(), from).await?;
            let page = store.read_log(request.log, opened.state.epoch, opened.start).await?;
            answers::entries(page, opened.state.head)
        });
    }

    fn subscribe_log(&mut self, id: RequestId, permits: Permits, request: SubscribeLog) {
        let store = Arc::clone(&self.relay.store);
        self.subscribe(id, permits, Topic::Log(request.log), async move {
            let from = ReadFrom { since: request.since, after: request.after, known: request.known };
            let opened = store.open_log(request.log, request.capability.hash(), from).await?;
            Ok((answers::subscribed(opened, request.after), opened.state, opened.start))
        });
    }

    fn subscribe_inbox(&mut self, id: RequestId, permits: Permits, request: SubscribeInbox) {
        let store = Arc::clone(&self.relay.store);
        self.subscribe(id, permits, Topic::Inbox(request.address), async move {
            let head = store.open_inbox(request.address, request.capability.hash()).await?;
            let state = Subscribed { head, epoch: Epoch(0) };
            Ok((Answer::Subscribed(state), state, request.after))
        });
    }

    /// `open` says what the client is told, how far the topic reaches and after which place reading begins.
    fn subscribe(
        &mut self,
        id: RequestId,
        permits: Permits,
        topic: Topic,
        open: impl Future<Output = Result<(Answer, Subscribed, Seq), RelayError>> + Send + 'static,
    ) {
        let generation = match self.subscriptions.open(topic) {
            Ok(generation) => generation,
            Err(refusal) => return self.later(id, permits, async move { Err(refusal) }),
        };
        let subscriptions = Arc::clone(&self.subscriptions);
        if self.pump.is_none() {
            let pumped = Arc::clone(&subscriptions);
            self.pump = Some(tokio::spawn(async move { pumped.pump().await }));
        }
        let outbox = Arc::clone(&self.outbox);
        tokio::spawn(async move {
            match open.await {
                Ok((answer, state, start)) => {
                    let answer = ServerFrame::Answer { id, result: Ok(answer) };
                    subscriptions.start(topic, generation, (state.epoch, start, state.head), &answer);
                }
                Err(refusal) => {
                    subscriptions.end(&topic, Some(generation));
                    outbox.push_frame(&ServerFrame::Answer { id, result: Err(refusal) });
                }
            }
            drop(permits);
        });
    }
}

/// Bytes that a request puts into inboxes: what Welcomes have in common travels once, and is stored with each.
fn stored_bytes(request: &Request) -> u32 {
    let bytes = match request {
        Request::CreateLog(request) => request.welcomes.whole_bytes(),
        Request::CreateLinkedLog(request) => request.creation.welcomes.whole_bytes(),
        Request::AppendCommit(request) => request.welcomes.whole_bytes(),
        Request::AppendLinkedCommit(request) => request.commit.welcomes.whole_bytes(),
        _ => 0,
    };
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Kibibytes of a commit, its GroupInfo and its links, which stay longer than anything else that needs no account.
fn kept_kib(commit: &[u8], group_info: Option<&[u8]>, links: &[LinkSlot]) -> u32 {
    let lengths = [commit.len(), group_info.map_or(0, <[u8]>::len)].into_iter();
    let bytes = lengths.chain(links.iter().map(|slot| slot.wrap.len())).fold(0, usize::saturating_add);
    count(bytes.div_ceil(1024))
}

/// Whether these are not too large together.
fn bounded(welcomes: &Welcomes) -> Result<(), RelayError> {
    if welcomes.fit() { Ok(()) } else { Err(RelayError::TooLarge) }
}

/// Whether a request lets something grow on the disk that is there already.
const fn grows(request: &Request) -> bool {
    matches!(
        request,
        Request::AppendMessages(_)
            | Request::AppendCommit(_)
            | Request::AppendLinkedCommit(_)
            | Request::JoinByLink(_)
            | Request::AskToJoin(_)
            | Request::PostInbox(_)
            | Request::PublishKeyPackages(_)
    )
}

/// What a request takes from the connection's bucket: about the work that it makes.
fn cost(request: &Request) -> u32 {
    match request {
        Request::AppendMessages(request) => 1_u32.saturating_add(eighth(request.messages.len())),
        Request::CreateLog(request) => writing(&request.welcomes),
        Request::CreateLinkedLog(request) => writing(&request.creation.welcomes),
        Request::AppendCommit(request) => writing(&request.welcomes),
        Request::AppendLinkedCommit(request) => writing(&request.commit.welcomes),
        Request::FetchGroupInfo { .. }
        | Request::PostInbox(_)
        | Request::JoinByLink(_)
        | Request::AskToJoin(_)
        | Request::PutBlob(_)
        | Request::FetchBlob(_)
        | Request::PutLogBlob(_)
        | Request::FetchLogBlob(_)
        | Request::FetchBackupHead(_) => 5,
        Request::PublishKeyPackages(_) | Request::ForgetKeyPackages { .. } | Request::WriteBackupHead(_) => {
            10
        }
        Request::FetchDeviceLogs(known) => 5_u32.saturating_add(count(known.len())),
        Request::DeleteBlobs(request) => 10_u32.saturating_add(eighth(request.blobs.len())),
        Request::ClaimKeyPackages(request) => 10_u32.saturating_add(count(request.devices.len())),
        Request::AppendDeviceLog(_)
        | Request::ClaimUsername(_)
        | Request::ResolveUsername(_)
        | Request::FindRecoveryKey(_)
        | Request::OpenLink(_) => 20,
        Request::RegisterAccount(_) => 50,
        _ => 1,
    }
}

fn writing(welcomes: &Welcomes) -> u32 {
    5_u32.saturating_add(eighth(welcomes.posts.len()))
}

fn eighth(number: usize) -> u32 {
    count(number / 8)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
