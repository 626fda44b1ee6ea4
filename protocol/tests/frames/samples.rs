//! One of each frame, in the order of the variants.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::device_log::{LogHead, Signature, SignedEntry, VerifyingKeyBytes};
use parley_protocol::frame::{
    Answer, AppendCommit, AppendDeviceLog, AppendLinkedCommit, AppendMessages, AskToJoin, BackupHead,
    ClaimKeyPackages, ClaimedKeyPackage, ClientFrame, ClosingReason, CreateLinkedLog, CreateLog, DeleteBlobs,
    DeviceLogNews, DirectoryRecord, EntryKind, FetchBackupHead, FetchBlob, FetchLogBlob, InboxAddress,
    InboxEntry, InboxPost, JoinByLink, KnownDeviceLog, KnownPlace, LinkOffer, LinkSlot, LogEntry, NewMessage,
    OpenSlot, PublishKeyPackages, Push, PutBlob, PutLogBlob, ReadLog, RegisterAccount, RelayError, Request,
    RequestId, ServerFrame, SlotState, Stored, SubscribeInbox, SubscribeLog, Subscribed, SwapStamp,
    UsernameClaim, Welcomes, WriteBackupHead, WriteSlot,
};
use parley_protocol::ids::{
    AccountId, AppendId, BlobHash, BlobId, DeviceId, EntryHash, Epoch, Era, LogId, Seq, SlotId, Stamp,
    UnixMillis,
};
use parley_protocol::username::Username;

fn bytes<const MAX: usize>(bytes: &[u8]) -> Bytes<MAX> {
    Bytes::new(bytes.to_vec()).unwrap()
}

fn list<T, const MAX: usize>(values: Vec<T>) -> List<T, MAX> {
    List::new(values).unwrap()
}

const LOG: LogId = LogId([0x11; 16]);
const APPEND: AppendId = AppendId([0x22; 16]);
const ACCOUNT: AccountId = AccountId([0x33; 32]);
const DEVICE: DeviceId = DeviceId([0x44; 16]);
const ADDRESS: InboxAddress = InboxAddress { account: ACCOUNT, device: DEVICE };
const STAMP: Stamp = Stamp([0xAA; 16]);
const SLOT: SlotId = SlotId([0xBB; 16]);
const BLOB: BlobId = BlobId([0xCC; 16]);
const ERA: Era = Era([0xDD; 8]);
const TIME: UnixMillis = UnixMillis(1_800_000_000_000);

fn secret() -> Capability {
    Capability::new([0x55; 32])
}

fn signed_entry() -> SignedEntry {
    SignedEntry {
        body: bytes(&[1, 2, 3]),
        signature: Signature([0x66; 64]),
        counter_signature: Some(Signature([0x77; 64])),
    }
}

fn claim() -> UsernameClaim {
    UsernameClaim {
        username: Username::parse("ada").unwrap(),
        account: ACCOUNT,
        device: DEVICE,
        signature: Signature([0x88; 64]),
    }
}

fn welcome() -> InboxPost {
    InboxPost { to: ADDRESS, append: APPEND, payload: bytes(b"welcome") }
}

fn record(after: u32) -> DirectoryRecord {
    let username = Some(Username::parse("ada").unwrap());
    DirectoryRecord { account: ACCOUNT, after, log: list(vec![signed_entry()]), username }
}

fn slot_state() -> SlotState {
    SlotState { version: 300, value: bytes(b"value") }
}

fn log_requests() -> Vec<Request> {
    vec![
        Request::Hello,
        Request::Ping,
        Request::CreateLog(CreateLog {
            log: LOG,
            epoch: Epoch(1),
            append: CapabilityHash([0x99; 32]),
            read: CapabilityHash([0x9A; 32]),
            welcomes: Welcomes { posts: list(vec![welcome()]), end: bytes(b"end") },
            group_info: Some(bytes(b"info")),
        }),
        Request::AppendMessages(AppendMessages {
            log: LOG,
            capability: secret(),
            epoch: Epoch(300),
            messages: list(vec![NewMessage { append: APPEND, payload: bytes(b"message") }]),
        }),
        Request::AppendCommit(AppendCommit {
            log: LOG,
            capability: secret(),
            epoch: Epoch(1),
            append: APPEND,
            commit: bytes(b"commit"),
            next_append: CapabilityHash([0x99; 32]),
            next_read: None,
            welcomes: Welcomes::default(),
            group_info: None,
        }),
        Request::AppendCommit(AppendCommit {
            log: LOG,
            capability: secret(),
            epoch: Epoch(2),
            append: APPEND,
            commit: bytes(b"removal"),
            next_append: CapabilityHash([0x99; 32]),
            next_read: Some(CapabilityHash([0x9A; 32])),
            welcomes: Welcomes::default(),
            group_info: Some(bytes(b"info")),
        }),
        Request::SubscribeLog(SubscribeLog {
            log: LOG,
            capability: secret(),
            since: Some(Epoch(300)),
            after: Seq(70_000),
            known: Some(KnownPlace { seq: Seq(70_001), era: ERA }),
        }),
        Request::UnsubscribeLog(LOG),
        Request::FetchGroupInfo { log: LOG, capability: secret() },
    ]
}

fn other_requests() -> Vec<Request> {
    vec![
        Request::PostInbox(welcome()),
        Request::SubscribeInbox(SubscribeInbox { address: ADDRESS, capability: secret(), after: Seq(0) }),
        Request::AckInbox { address: ADDRESS, capability: secret(), upto: Seq(5) },
        Request::PublishKeyPackages(PublishKeyPackages {
            address: ADDRESS,
            capability: secret(),
            one_time: list(vec![bytes(b"one"), bytes(b"two")]),
            last_resort: Some(bytes(b"last")),
        }),
        Request::CountKeyPackages { address: ADDRESS, capability: secret() },
        Request::ClaimKeyPackages(ClaimKeyPackages { account: ACCOUNT, devices: list(vec![DEVICE]) }),
        Request::RegisterAccount(RegisterAccount { log: list(vec![signed_entry()]), claim: claim() }),
        Request::AppendDeviceLog(AppendDeviceLog { account: ACCOUNT, entry: signed_entry() }),
        Request::FetchDeviceLogs(list(vec![
            KnownDeviceLog { account: ACCOUNT, known: None },
            KnownDeviceLog {
                account: ACCOUNT,
                known: Some(LogHead { length: 300, hash: EntryHash([0x66; 32]) }),
            },
        ])),
        Request::ClaimUsername(claim()),
        Request::ResolveUsername(Username::parse("ada").unwrap()),
        Request::SwapStamp(SwapStamp { address: ADDRESS, capability: secret(), stamp: STAMP }),
        Request::ForgetKeyPackages { address: ADDRESS, capability: secret() },
    ]
}

fn slot_requests() -> Vec<Request> {
    vec![
        Request::OpenSlot(OpenSlot { slot: SLOT, value: bytes(b"first") }),
        Request::WriteSlot(WriteSlot { slot: SLOT, after: 299, value: bytes(b"value") }),
        Request::WatchSlot(SLOT),
        Request::CloseSlot(SLOT),
    ]
}

fn blob_requests() -> Vec<Request> {
    vec![
        Request::PutBlob(PutBlob {
            address: ADDRESS,
            capability: secret(),
            blob: BLOB,
            size: 70_000,
            offset: 300,
            bytes: bytes(b"sealed"),
        }),
        Request::FetchBlob(FetchBlob {
            address: ADDRESS,
            capability: secret(),
            blob: BLOB,
            offset: 300,
            most: 65_536,
        }),
        Request::DeleteBlobs(DeleteBlobs { address: ADDRESS, capability: secret(), blobs: list(vec![BLOB]) }),
        Request::WriteBackupHead(WriteBackupHead {
            address: ADDRESS,
            capability: secret(),
            after: 299,
            value: bytes(b"head"),
        }),
        Request::FetchBackupHead(FetchBackupHead { address: ADDRESS, capability: secret() }),
        Request::FindRecoveryKey(VerifyingKeyBytes([0xDD; 32])),
        Request::PutLogBlob(PutLogBlob {
            log: LOG,
            capability: secret(),
            epoch: Epoch(300),
            blob: BLOB,
            size: 70_000,
            hash: BlobHash([0xCC; 32]),
            reader: CapabilityHash([0x9A; 32]),
            offset: 300,
            bytes: bytes(b"sealed"),
        }),
        Request::FetchLogBlob(FetchLogBlob { blob: BLOB, capability: secret(), offset: 300, most: 65_536 }),
    ]
}

fn link_requests() -> Vec<Request> {
    let link = CapabilityHash([0x9B; 32]);
    vec![
        Request::CreateLinkedLog(CreateLinkedLog {
            creation: CreateLog {
                log: LOG,
                epoch: Epoch(1),
                append: CapabilityHash([0x99; 32]),
                read: CapabilityHash([0x9A; 32]),
                welcomes: Welcomes::default(),
                group_info: Some(bytes(b"info")),
            },
            links: list(vec![LinkSlot { link, wrap: bytes(b"wrap"), expires: None }]),
        }),
        Request::AppendLinkedCommit(AppendLinkedCommit {
            commit: AppendCommit {
                log: LOG,
                capability: secret(),
                epoch: Epoch(1),
                append: APPEND,
                commit: bytes(b"commit"),
                next_append: CapabilityHash([0x99; 32]),
                next_read: Some(CapabilityHash([0x9A; 32])),
                welcomes: Welcomes::default(),
                group_info: Some(bytes(b"info")),
            },
            links: list(vec![
                LinkSlot { link, wrap: bytes(b"wrap"), expires: Some(TIME) },
                LinkSlot { link: CapabilityHash([0x9C; 32]), wrap: bytes(b"wrap"), expires: None },
            ]),
        }),
        Request::OpenLink(secret()),
        Request::JoinByLink(JoinByLink {
            log: LOG,
            link: secret(),
            epoch: Epoch(300),
            append: APPEND,
            commit: bytes(b"external"),
            next_append: CapabilityHash([0x99; 32]),
        }),
        Request::ReadLog(ReadLog { log: LOG, capability: secret(), after: Seq(300) }),
        Request::AskToJoin(AskToJoin {
            log: LOG,
            link: secret(),
            epoch: Epoch(300),
            append: APPEND,
            ask: bytes(b"sealed"),
        }),
    ]
}

/// Compiles only while it names every variant: a new one has to be added to the lists here.
fn request_name(request: &Request) -> &'static str {
    match request {
        Request::Hello => "Hello",
        Request::Ping => "Ping",
        Request::CreateLog(_) => "CreateLog",
        Request::AppendMessages(_) => "AppendMessages",
        Request::AppendCommit(_) => "AppendCommit",
        Request::SubscribeLog(_) => "SubscribeLog",
        Request::UnsubscribeLog(_) => "UnsubscribeLog",
        Request::FetchGroupInfo { .. } => "FetchGroupInfo",
        Request::PostInbox(_) => "PostInbox",
        Request::SubscribeInbox(_) => "SubscribeInbox",
        Request::AckInbox { .. } => "AckInbox",
        Request::PublishKeyPackages(_) => "PublishKeyPackages",
        Request::CountKeyPackages { .. } => "CountKeyPackages",
        Request::ClaimKeyPackages(_) => "ClaimKeyPackages",
        Request::RegisterAccount(_) => "RegisterAccount",
        Request::AppendDeviceLog(_) => "AppendDeviceLog",
        Request::FetchDeviceLogs(_) => "FetchDeviceLogs",
        Request::ClaimUsername(_) => "ClaimUsername",
        Request::ResolveUsername(_) => "ResolveUsername",
        Request::SwapStamp(_) => "SwapStamp",
        Request::ForgetKeyPackages { .. } => "ForgetKeyPackages",
        Request::OpenSlot(_) => "OpenSlot",
        Request::WriteSlot(_) => "WriteSlot",
        Request::WatchSlot(_) => "WatchSlot",
        Request::CloseSlot(_) => "CloseSlot",
        Request::PutBlob(_) => "PutBlob",
        Request::FetchBlob(_) => "FetchBlob",
        Request::DeleteBlobs(_) => "DeleteBlobs",
        Request::WriteBackupHead(_) => "WriteBackupHead",
        Request::FetchBackupHead(_) => "FetchBackupHead",
        Request::FindRecoveryKey(_) => "FindRecoveryKey",
        Request::PutLogBlob(_) => "PutLogBlob",
        Request::FetchLogBlob(_) => "FetchLogBlob",
        Request::CreateLinkedLog(_) => "CreateLinkedLog",
        Request::AppendLinkedCommit(_) => "AppendLinkedCommit",
        Request::OpenLink(_) => "OpenLink",
        Request::JoinByLink(_) => "JoinByLink",
        Request::ReadLog(_) => "ReadLog",
        Request::AskToJoin(_) => "AskToJoin",
    }
}

fn answers() -> Vec<Answer> {
    vec![
        Answer::Hello { now: TIME },
        Answer::Done,
        Answer::Stored(list(vec![Stored { seq: Seq(1), time: TIME, era: ERA }])),
        Answer::Subscribed(Subscribed { head: Seq(2), epoch: Epoch(3) }),
        Answer::GroupInfo { epoch: Epoch(3), sealed: Some(bytes(b"info")) },
        Answer::KeyPackageCount { one_time: 100, last_resort: true },
        Answer::KeyPackages(list(vec![ClaimedKeyPackage { device: DEVICE, key_package: bytes(b"one") }])),
        Answer::Directory(record(0)),
        Answer::DeviceLogs(list(vec![
            DeviceLogNews::Record(record(300)),
            DeviceLogNews::Unknown(ACCOUNT),
            DeviceLogNews::Later(ACCOUNT),
        ])),
        Answer::StampSwapped { before: None },
        Answer::StampSwapped { before: Some(STAMP) },
        Answer::Slot(slot_state()),
        Answer::SubscribedFrom { state: Subscribed { head: Seq(2), epoch: Epoch(3) }, start: Seq(300) },
        Answer::Blob { stored: 70_000 },
        Answer::BlobPart { size: 70_000, bytes: bytes(b"sealed") },
        Answer::BackupHead(BackupHead { version: 300, value: bytes(b"head") }),
        Answer::Undelivered(list(vec![ADDRESS])),
        Answer::Links(list(vec![LinkOffer { log: LOG, wrap: bytes(b"wrap") }])),
        Answer::Entries { entries: list(vec![]), more: true },
    ]
}

fn answer_name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Hello { .. } => "Hello",
        Answer::Done => "Done",
        Answer::Stored(_) => "Stored",
        Answer::Subscribed(_) => "Subscribed",
        Answer::GroupInfo { .. } => "GroupInfo",
        Answer::KeyPackageCount { .. } => "KeyPackageCount",
        Answer::KeyPackages(_) => "KeyPackages",
        Answer::Directory(_) => "Directory",
        Answer::DeviceLogs(_) => "DeviceLogs",
        Answer::StampSwapped { .. } => "StampSwapped",
        Answer::Slot(_) => "Slot",
        Answer::SubscribedFrom { .. } => "SubscribedFrom",
        Answer::Blob { .. } => "Blob",
        Answer::BlobPart { .. } => "BlobPart",
        Answer::BackupHead(_) => "BackupHead",
        Answer::Undelivered(_) => "Undelivered",
        Answer::Links(_) => "Links",
        Answer::Entries { .. } => "Entries",
    }
}

const ERRORS: [RelayError; 24] = [
    RelayError::UnknownLog,
    RelayError::LogExists,
    RelayError::WrongCapability,
    RelayError::StaleEpoch { current: Epoch(7) },
    RelayError::UnknownAccount,
    RelayError::UnknownDevice,
    RelayError::UsernameTaken,
    RelayError::DeviceLogConflict,
    RelayError::Invalid,
    RelayError::TooLarge,
    RelayError::QuotaExceeded,
    RelayError::RateLimited { retry_after_ms: 1500 },
    RelayError::Expired,
    RelayError::StorageFull,
    RelayError::Internal,
    RelayError::BadRequest,
    RelayError::SlotTaken,
    RelayError::UnknownSlot,
    RelayError::SlotConflict,
    RelayError::UnknownBlob,
    RelayError::BackupConflict,
    RelayError::RolledBack,
    RelayError::WrongHash,
    RelayError::UnknownLink,
];

fn unasked() -> Vec<(String, ServerFrame)> {
    let entry = |kind| LogEntry {
        seq: Seq(1),
        epoch: Epoch(2),
        era: ERA,
        append: APPEND,
        kind,
        time: TIME,
        payload: bytes(b"sealed"),
    };
    let kind = EntryKind::Expired { first: Seq(3) };
    let expired = LogEntry {
        seq: Seq(300),
        era: Era([0; 8]),
        append: AppendId([0; 16]),
        payload: Bytes::default(),
        ..entry(kind)
    };
    let entries = list(vec![entry(EntryKind::Message), entry(EntryKind::Commit), expired]);
    let inbox = list(vec![InboxEntry { seq: Seq(1), time: TIME, payload: bytes(b"sealed") }]);
    let closing = [
        ClosingReason::ShuttingDown,
        ClosingReason::SlowReader,
        ClosingReason::ProtocolViolation,
        ClosingReason::Full { retry_after_ms: 20_000 },
    ];
    let mut frames = vec![
        ("Push Log".to_owned(), ServerFrame::Push(Push::Log { log: LOG, entries })),
        ("Push Inbox".to_owned(), ServerFrame::Push(Push::Inbox { device: DEVICE, entries: inbox })),
    ];
    let slot = [Some(slot_state()), None].map(|state| Push::Slot { slot: SLOT, state });
    frames.extend(slot.map(|push| ("Push Slot".to_owned(), ServerFrame::Push(push))));
    frames.extend(closing.map(|reason| (format!("Closing {reason:?}"), ServerFrame::Closing(reason))));
    frames
}

/// A client's frames by name.
pub(crate) fn client_frames() -> Vec<(String, ClientFrame)> {
    let requests =
        [log_requests(), other_requests(), slot_requests(), blob_requests(), link_requests()].concat();
    requests
        .into_iter()
        .zip(1..)
        .map(|(request, id)| (request_name(&request).to_owned(), ClientFrame { id: RequestId(id), request }))
        .collect()
}

/// The relay's frames by name.
pub(crate) fn server_frames() -> Vec<(String, ServerFrame)> {
    let id = RequestId(300);
    let good = answers().into_iter().map(|answer| {
        (format!("Answer {}", answer_name(&answer)), ServerFrame::Answer { id, result: Ok(answer) })
    });
    let bad = ERRORS
        .into_iter()
        .map(|error| (format!("Error {error:?}"), ServerFrame::Answer { id, result: Err(error) }));
    good.chain(bad).chain(unasked()).collect()
}
