//! A small client of the relay: typed, asynchronous, over a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what fails here fails the test that uses it"
)]

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::Capability;
use parley_protocol::codec::{FrameError, VersionNotice};
use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, AppendMessages, ClientFrame, ClosingReason, CreateLinkedLog,
    CreateLog, InboxEntry, InboxPost, JoinByLink, LinkOffer, LinkSlot, LinkSlots, LogEntry, NewMessage, Push,
    RelayError, Request, RequestId, ServerFrame, Stored, SubscribeLog, Subscribed, Welcomes,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// The longest wait: longer than any event that happens at all takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a relay can send.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A frame.
    Frame(ServerFrame),
    /// The relay supports only other protocol versions.
    Notice(VersionNotice),
    /// The connection has ended.
    End,
}

/// A connection to a relay.
pub struct RelayClient {
    socket: WebSocketStream<TcpStream>,
    next_id: u32,
    answers: HashMap<RequestId, Result<Answer, RelayError>>,
    pushes: VecDeque<Push>,
}

impl RelayClient {
    /// Connects and says hello.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::connect_silently(address).await;
        assert!(matches!(client.call(Request::Hello).await, Ok(Answer::Hello { .. })));
        client
    }

    /// Like [`Self::connect`], but returns `None` when the relay refuses the connection in any way.
    pub async fn try_connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) =
            tokio_tungstenite::client_async(format!("ws://{address}/v1/ws"), stream).await.ok()?;
        let mut client = Self::of(socket);
        client.send(Request::Hello).await;
        match client.incoming().await {
            Incoming::Frame(ServerFrame::Answer { .. }) => Some(client),
            Incoming::Frame(ServerFrame::Closing(ClosingReason::Full { .. })) => None,
            other => panic!("instead of an answer to the hello came {other:?}"),
        }
    }

    /// Like [`Self::connect`], from another address of this machine.
    pub async fn connect_from(from: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let mut client = Self::over(socket.connect(address).await.unwrap(), address).await;
        assert!(matches!(client.call(Request::Hello).await, Ok(Answer::Hello { .. })));
        client
    }

    /// Connects without a hello.
    pub async fn connect_silently(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    async fn over(stream: TcpStream, address: SocketAddr) -> Self {
        // Browsers do this too.
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{address}/v1/ws");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        Self::of(socket)
    }

    fn of(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, next_id: 0, answers: HashMap::new(), pushes: VecDeque::new() }
    }

    /// Sends a request without waiting for the answer.
    pub async fn send(&mut self, request: Request) -> RequestId {
        self.next_id += 1;
        let id = RequestId(self.next_id);
        self.send_raw(ClientFrame { id, request }.encode().unwrap()).await;
        id
    }

    /// Sends bytes as a binary message. Ignores that the relay may have closed the connection.
    pub async fn send_raw(&mut self, bytes: Vec<u8>) {
        let _ = self.socket.send(Message::Binary(bytes.into())).await;
    }

    /// Sends a text message.
    pub async fn send_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::Text(text.into())).await;
    }

    /// Sends a request and waits for its answer.
    pub async fn call(&mut self, request: Request) -> Result<Answer, RelayError> {
        let id = self.send(request).await;
        self.answer(id).await
    }

    /// Waits for the answer to a request. Keeps the pushes that come before it.
    pub async fn answer(&mut self, id: RequestId) -> Result<Answer, RelayError> {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            match self.incoming().await {
                Incoming::Frame(ServerFrame::Answer { id, result }) => {
                    self.answers.insert(id, result);
                }
                Incoming::Frame(ServerFrame::Push(push)) => self.pushes.push_back(push),
                other => panic!("instead of an answer came {other:?}"),
            }
        }
    }

    /// The next push.
    pub async fn push(&mut self) -> Push {
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return push;
            }
            match self.incoming().await {
                Incoming::Frame(ServerFrame::Answer { id, result }) => {
                    self.answers.insert(id, result);
                }
                Incoming::Frame(ServerFrame::Push(push)) => self.pushes.push_back(push),
                other => panic!("instead of a push came {other:?}"),
            }
        }
    }

    /// Waits for pushes until there are `count` entries of `log`.
    pub async fn log_entries(&mut self, log: LogId, count: usize) -> Vec<LogEntry> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.push().await {
                Push::Log { log: of, entries } if of == log => all.extend(entries.into_vec()),
                other => panic!("instead of log entries came {other:?}"),
            }
        }
        assert_eq!(all.len(), count, "more entries than expected");
        all
    }

    /// Waits for pushes until there are `count` entries of an inbox.
    pub async fn inbox_entries(&mut self, count: usize) -> Vec<InboxEntry> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.push().await {
                Push::Inbox { entries, .. } => all.extend(entries.into_vec()),
                other => panic!("instead of inbox entries came {other:?}"),
            }
        }
        assert_eq!(all.len(), count, "more entries than expected");
        all
    }

    /// Asserts that no unexpected push comes. Sends a ping after `wait`; no push may come before its answer.
    pub async fn assert_no_push(&mut self, wait: Duration) {
        tokio::time::sleep(wait).await;
        assert_eq!(self.call(Request::Ping).await, Ok(Answer::Done));
        assert!(self.pushes.is_empty(), "came nevertheless: {:?}", self.pushes);
    }

    /// The next thing that comes.
    pub async fn incoming(&mut self) -> Incoming {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => {
                        return match ServerFrame::decode(&bytes) {
                            Ok(frame) => Incoming::Frame(frame),
                            Err(FrameError::Notice(notice)) => Incoming::Notice(notice),
                            Err(error) => panic!("the relay sent what is no frame: {error}"),
                        };
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return Incoming::End,
                }
            }
        };
        let Ok(incoming) = timeout(PATIENCE, next).await else { panic!("the relay is silent") };
        incoming
    }

    /// Reads until the relay closes the connection. Returns the reason.
    pub async fn closing(&mut self) -> Option<ClosingReason> {
        let mut reason = None;
        loop {
            match self.incoming().await {
                Incoming::Frame(ServerFrame::Closing(why)) => reason = Some(why),
                Incoming::End => return reason,
                _ => {}
            }
        }
    }

    /// Makes a log without Welcomes.
    pub async fn create_log(&mut self, log: LogId, epoch: Epoch, capability: &Capability) {
        assert_eq!(self.call(Request::CreateLog(new_log(log, epoch, capability))).await, Ok(Answer::Done));
    }

    /// Appends one message.
    pub async fn append(
        &mut self,
        log: LogId,
        epoch: Epoch,
        capability: &Capability,
        payload: &[u8],
    ) -> Result<Stored, RelayError> {
        let request = messages(log, epoch, capability, vec![message(payload)]);
        only(self.call(Request::AppendMessages(request)).await)
    }

    /// Appends a commit that begins a group era.
    pub async fn commit(
        &mut self,
        log: LogId,
        epoch: Epoch,
        capability: &Capability,
        next: &Capability,
    ) -> Result<Stored, RelayError> {
        only(self.call(Request::AppendCommit(commit(log, epoch, capability, next))).await)
    }

    /// Makes a log with link slots.
    pub async fn create_linked_log(&mut self, log: LogId, capability: &Capability, links: LinkSlots) {
        let request = CreateLinkedLog { creation: new_log(log, Epoch(0), capability), links };
        assert_eq!(self.call(Request::CreateLinkedLog(request)).await, Ok(Answer::Done));
    }

    /// The logs into which a link leads, the newest first.
    pub async fn open_link(&mut self, link: &Capability) -> Result<Vec<LinkOffer>, RelayError> {
        match self.call(Request::OpenLink(link.clone())).await? {
            Answer::Links(offers) => Ok(offers.into_vec()),
            other => panic!("instead of Links came {other:?}"),
        }
    }

    /// Joins by a link in an epoch.
    pub async fn join(
        &mut self,
        log: LogId,
        epoch: Epoch,
        link: &Capability,
        next: &Capability,
    ) -> Result<Stored, RelayError> {
        only(self.call(Request::JoinByLink(join(log, epoch, link, next))).await)
    }

    /// Subscribes to a group era that has reached a place, with the reading capability that belongs to the append capability of
    /// its first epoch.
    pub async fn subscribe(
        &mut self,
        log: LogId,
        capability: &Capability,
        after: Seq,
    ) -> Result<Subscribed, RelayError> {
        match self.call(Request::SubscribeLog(subscription(log, capability, after))).await? {
            Answer::Subscribed(state) => Ok(state),
            other => panic!("instead of Subscribed came {other:?}"),
        }
    }

    /// Subscribes to a log from a place before the group era. Also returns the entry after which the era begins.
    pub async fn subscribe_late(
        &mut self,
        log: LogId,
        capability: &Capability,
        after: Seq,
    ) -> Result<(Subscribed, Seq), RelayError> {
        match self.call(Request::SubscribeLog(subscription(log, capability, after))).await? {
            Answer::SubscribedFrom { state, start } => Ok((state, start)),
            other => panic!("instead of SubscribedFrom came {other:?}"),
        }
    }
}

/// The only place in a `Stored` answer.
pub fn only(answer: Result<Answer, RelayError>) -> Result<Stored, RelayError> {
    match answer? {
        Answer::Stored(places) if places.len() == 1 => Ok(*places.first().unwrap()),
        other => panic!("instead of one place came {other:?}"),
    }
}

/// A new secret.
#[must_use]
pub fn capability() -> Capability {
    Capability::new(crate::unique())
}

/// Welcomes without a common part.
#[must_use]
pub fn welcomes(posts: Vec<InboxPost>) -> Welcomes {
    Welcomes { posts: List::new(posts).unwrap(), end: Bytes::default() }
}

/// The reading capability of the group era that begins with an epoch. Tests derive it from the append capability of that epoch.
#[must_use]
pub fn reading(append: &Capability) -> Capability {
    Capability::new(append.expose().map(|byte| !byte))
}

/// A subscription to the group era that begins with an epoch, after a place.
#[must_use]
pub fn subscription(log: LogId, append: &Capability, after: Seq) -> SubscribeLog {
    SubscribeLog { log, capability: reading(append), since: None, after, known: None }
}

/// The request for a log without Welcomes.
#[must_use]
pub fn new_log(log: LogId, epoch: Epoch, capability: &Capability) -> CreateLog {
    let (append, read) = (capability.hash(), reading(capability).hash());
    CreateLog { log, epoch, append, read, welcomes: Welcomes::default(), group_info: None }
}

/// A message with a new id.
#[must_use]
pub fn message(payload: &[u8]) -> NewMessage {
    NewMessage { append: AppendId(crate::unique()), payload: bytes(payload) }
}

/// An append of messages.
#[must_use]
pub fn messages(log: LogId, epoch: Epoch, capability: &Capability, all: Vec<NewMessage>) -> AppendMessages {
    AppendMessages { log, capability: capability.clone(), epoch, messages: List::new(all).unwrap() }
}

/// A commit without Welcomes that begins a group era.
#[must_use]
pub fn commit(log: LogId, epoch: Epoch, capability: &Capability, next: &Capability) -> AppendCommit {
    AppendCommit {
        log,
        capability: capability.clone(),
        epoch,
        append: AppendId(crate::unique()),
        commit: bytes(b"commit"),
        next_append: next.hash(),
        next_read: Some(reading(next).hash()),
        welcomes: Welcomes::default(),
        group_info: None,
    }
}

/// A commit without Welcomes that continues the group era.
#[must_use]
pub fn commit_within(log: LogId, epoch: Epoch, capability: &Capability, next: &Capability) -> AppendCommit {
    AppendCommit { next_read: None, ..commit(log, epoch, capability, next) }
}

/// A commit without Welcomes that begins a group era, with link slots.
#[must_use]
pub fn linked_commit(
    (log, epoch): (LogId, Epoch),
    capability: &Capability,
    next: &Capability,
    links: LinkSlots,
) -> AppendLinkedCommit {
    AppendLinkedCommit { commit: commit(log, epoch, capability, next), links }
}

/// Link slots for these links, each with its own wrap.
#[must_use]
pub fn link_slots(links: &[(&Capability, Option<UnixMillis>)]) -> LinkSlots {
    let slot = |(link, expires): &(&Capability, _)| LinkSlot {
        link: link.hash(),
        wrap: wrap(link),
        expires: *expires,
    };
    List::new(links.iter().map(slot).collect()).unwrap()
}

/// The wrap that tests leave for a client that joins by a link.
#[must_use]
pub fn wrap<const MAX: usize>(link: &Capability) -> Bytes<MAX> {
    bytes(&[b"wrap for ", &link.hash().0[..]].concat())
}

/// A join by a link, with a new id.
#[must_use]
pub fn join(log: LogId, epoch: Epoch, link: &Capability, next: &Capability) -> JoinByLink {
    let mut append: [u8; 16] = crate::unique();
    append[..8].copy_from_slice(&link.hash().0[..8]);
    let (append, next_append) = (AppendId(append), next.hash());
    JoinByLink { log, link: link.clone(), epoch, append, commit: bytes(b"external"), next_append }
}

/// Bytes within the limit of the type.
#[must_use]
pub fn bytes<const MAX: usize>(bytes: &[u8]) -> Bytes<MAX> {
    Bytes::new(bytes.to_vec()).unwrap()
}
