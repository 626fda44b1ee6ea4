//! Sends requests to the relay and matches the answers, on one connection.

use parley_protocol::codec::{FrameError, Remedy};
use parley_protocol::device_log::SignedEntry;
use parley_protocol::frame::{
    Answer, ClientFrame, ClosingReason, Push, RelayError, Request, RequestId, ServerFrame,
};
use parley_protocol::ids::{AccountId, AppendId, GroupId, LogId, SlotId, Stamp, UnixMillis};

use crate::core::Engine;
use crate::core::relay_session::steady::Moment;
use crate::core::rollback::device::Telling;
use crate::core::rollback::directory::BroughtBack;
use crate::domain::content::HeadHint;
use crate::domain::content::files::FileId;
use crate::io::Output;
use crate::link::message::Offer;
use crate::set::Set;
use crate::table::Table;
use crate::view::{Connection, Outage, StorageState, ViewRequestId};

/// The connection, and the requests on it.
#[derive(Default)]
pub(in crate::core) struct Link {
    pub(in crate::core) state: LinkState,
    next: u32,
    pending: Table<RequestId, Waiting>,
    /// When this device last heard from the relay.
    heard: Moment,
    /// The relay's clock when it greeted this device.
    pub(in crate::core) relay: Option<(Moment, UnixMillis)>,
    /// Accounts whose keys were forged on this connection: the engine does not ask for them again on it.
    pub(in crate::core) forged: Set<AccountId>,
    /// Contacts whose device logs the engine asked for on this connection, and when last.
    pub(in crate::core) checked: Table<AccountId, Moment>,
    /// The relay has shown a device log of the own account that contradicts the known one: to this device, or to another
    /// device of the account that said so.
    pub(in crate::core) forked: bool,
    /// The engine has asked for the own device log on this connection.
    pub(in crate::core) asked_own_log: bool,
    /// What this device brought back to the directory on this connection, and how often for each contact's device log.
    pub(in crate::core) brought_back: BroughtBack,
    pub(in crate::core) whole: Table<AccountId, u32>,
    /// What this device has done on this connection to tell that it was rolled back.
    pub(in crate::core) telling: Telling,
    /// The connection state that the views were last told.
    pub(in crate::core) told: Option<Connection>,
    /// Why the connection ends, if the relay has said so.
    pub(in crate::core) outage: Outage,
}

/// A client connects again after this time at the latest, whatever the relay says, in milliseconds.
const LONGEST_ABSENCE: u32 = 300_000;

/// The engine gives up a connection with an open request on which nothing comes for this time, in milliseconds: the browser
/// reports a lost network only when the operating system does, which takes minutes, or never does.
const QUIET: u64 = 60_000;
/// The wait grows by the time that the bytes under way take at this many bytes in a millisecond.
const SLOWEST: u64 = 4;
/// However much else comes, no answer takes longer than this many times the wait.
const LONGEST: u64 = 5;

/// A request without an answer.
struct Waiting {
    pending: Pending,
    sent: Moment,
    bytes: u64,
}

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::core) enum LinkState {
    /// Not tried yet, or being made.
    #[default]
    Connecting,
    /// Open; the relay has not answered the hello.
    Greeting,
    /// Requests can be sent.
    Open,
    /// Gone.
    Closed { retry: Moment, why: Outage },
    /// Given up for this version of the app.
    Halted(Remedy),
}

/// Why the engine sent a request, which decides what its answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) enum Pending {
    Hello,
    Probe,
    SwapStamp(Stamp),
    LeaveStamp(Stamp),
    ForgetKeyPackages,
    /// A contact whose record was damaged.
    Relearn(AccountId),
    Register(Option<ViewRequestId>),
    /// The relay was rolled back, and does not know the account.
    RegisterAgain,
    /// The own log, before this device sends anything else to a relay that was rolled back.
    OwnLogFirst,
    /// An entry of a device log that the relay lacks.
    BringBack {
        account: AccountId,
        next: usize,
    },
    CheckUsername(ViewRequestId),
    /// A search; with the account that an invite names.
    Find(ViewRequestId, Option<AccountId>),
    CountKeyPackages,
    PublishKeyPackages {
        last_resort: bool,
    },
    SubscribeInbox,
    AckInbox,
    PostReady,
    /// The directory's answer is needed to judge an inbox entry.
    JudgeInbox(AccountId),
    /// The contact's log, before this device claims their KeyPackages.
    Freshen(AccountId),
    /// A contact said that their device log has new entries.
    Gossip {
        account: AccountId,
        head: HeadHint,
    },
    Claim(AccountId),
    /// KeyPackages for devices that a log lacks.
    ClaimFor {
        log: LogId,
        account: AccountId,
    },
    /// KeyPackages of a person who will be added to a group.
    GroupClaim {
        log: LogId,
        account: AccountId,
    },
    /// Contacts' device logs, for logs that wait for them.
    DeviceLogs(Vec<AccountId>),
    OwnLog,
    OpenSlot(SlotId),
    WriteSlot(SlotId),
    WatchSlot(SlotId),
    CloseSlot,
    /// The log of the account that a new device is offered.
    LinkLog(Box<Offer>),
    /// The same log, when it should have the new device's entry.
    JoinedLog,
    AppendOwnLog {
        entry: SignedEntry,
        view: Option<ViewRequestId>,
    },
    /// A search for an account by its recovery phrase.
    FindRecovery(ViewRequestId),
    /// This device enters the device log with the recovery key.
    AppendReturn,
    /// The backup, to write or to restore it.
    FetchHead,
    FetchBlob,
    PutBlob,
    WriteHead,
    DeleteBlobs,
    /// What members left for joiners by a link, fetched by a member.
    GroupPackage(LogId),
    /// A link into a group, and a group viewed from outside.
    OpenLink,
    VisitPackage(LogId),
    VisitLog(LogId),
    /// This device joins a group by a link.
    Enter(GroupId, AppendId),
    /// This account asks to be let into a group, or asks no more.
    Ask(GroupId, AppendId),
    /// What was written before this device came.
    CatchUp(GroupId),
    Create(LogId),
    SubscribeLog(LogId),
    Unsubscribe,
    Append {
        log: LogId,
        numbers: Vec<u64>,
    },
    Commit {
        log: LogId,
        append: AppendId,
    },
    /// A part of a file, which ends at this byte, and when it was sent.
    PutFile {
        file: FileId,
        end: u64,
        sent: Moment,
    },
    /// A chunk of a file, and when the engine asked for it.
    FetchFile {
        file: FileId,
        index: u32,
        sent: Moment,
    },
}

impl Engine {
    pub(in crate::core) const fn online(&self) -> bool {
        matches!(self.link.state, LinkState::Open)
    }

    /// Sends a request; its answer comes to [`Engine::received`], or never (if the connection ends).
    pub(in crate::core) fn ask(&mut self, request: Request, pending: Pending) {
        if let Some(bytes) = self.asks(request, pending) {
            self.out.push(Output::Send(bytes));
        }
    }

    /// Registers a request; returns its frame.
    fn asks(&mut self, request: Request, pending: Pending) -> Option<Vec<u8>> {
        let id = RequestId(self.link.next);
        self.link.next = self.link.next.wrapping_add(1);
        // The engine asks only what was bounded before, so encoding does not fail; it does not send a frame that is too long.
        let bytes = (ClientFrame { id, request }).encode().ok()?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.link.pending.insert(id, Waiting { pending, sent: self.steady, bytes: length });
        self.timers.answers.get_or_insert(self.steady.after(QUIET));
        Some(bytes)
    }

    /// Sends a ping. A ping depends on nothing that is not on disk yet, and so does not wait for the disk.
    pub(in crate::core) fn probe(&mut self) {
        if self.online()
            && !self.is_pending(|pending| *pending == Pending::Probe)
            && let Some(bytes) = self.asks(Request::Ping, Pending::Probe)
        {
            self.out.at_once(Output::Send(bytes));
        }
    }

    /// Ends the connection and begins another one, not before this time is over.
    pub(in crate::core) fn come_back_after(&mut self, pause: u32) {
        self.out.push(Output::ComeBackAfter(pause.min(LONGEST_ABSENCE)));
    }

    pub(in crate::core) fn count_pending(&self, what: impl Fn(&Pending) -> bool) -> usize {
        self.link.pending.values().filter(|waiting| what(&waiting.pending)).count()
    }

    pub(in crate::core) fn is_pending(&self, what: impl Fn(&Pending) -> bool) -> bool {
        self.link.pending.values().any(|waiting| what(&waiting.pending))
    }

    /// When the engine gives up the connection if nothing comes.
    fn answers_due(&self) -> Option<Moment> {
        let oldest = self.link.pending.values().map(|waiting| waiting.sent).min()?;
        let bytes: u64 = self.link.pending.values().map(|waiting| waiting.bytes).sum();
        let patience = QUIET.saturating_add(bytes / SLOWEST);
        let quiet = self.link.heard.max(oldest).after(patience);
        Some(quiet.min(oldest.after(patience.saturating_mul(LONGEST))))
    }

    /// Gives up a connection that seems dead.
    pub(in crate::core) fn answers_timer(&mut self) {
        let Some(at) = self.answers_due() else { return };
        let later = self.steady.after(QUIET);
        if at > self.steady {
            self.timers.answers = Some(at.min(later));
            return;
        }
        self.timers.answers = Some(later);
        // A request that waits for the disk has not left.
        if self.storage == StorageState::Good {
            self.out.push(Output::Reconnect);
        }
    }

    pub(in crate::core) fn take_pending(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.link.pending).into_iter().map(|(_, waiting)| waiting.pending).collect()
    }

    pub(in crate::core) fn received(&mut self, bytes: &[u8]) {
        self.link.heard = self.steady;
        match ServerFrame::decode(bytes) {
            Ok(ServerFrame::Answer { id, result }) => match self.link.pending.remove(&id) {
                Some(waiting) => self.answered(waiting.pending, result),
                None => self.out.push(Output::Reconnect),
            },
            Ok(ServerFrame::Push(Push::Log { log, entries })) => self.log_entries(&log, entries.into_vec()),
            Ok(ServerFrame::Push(Push::Inbox { device, entries })) => {
                self.inbox_entries(&device, entries.into_vec());
            }
            Ok(ServerFrame::Push(Push::Slot { slot, state })) => self.of_account().slot_came(slot, state),
            Ok(ServerFrame::Closing(ClosingReason::Full { retry_after_ms })) => {
                self.link.outage = Outage::Busy;
                self.come_back_after(retry_after_ms);
            }
            Ok(ServerFrame::Closing(_)) => {}
            Err(FrameError::Notice(notice)) => self.halt(notice.remedy()),
            Err(FrameError::Version(_)) => self.halt(Remedy::Reload),
            Err(_) => self.out.push(Output::Reconnect),
        }
    }

    fn halt(&mut self, remedy: Remedy) {
        self.link.state = LinkState::Halted(remedy);
        self.changed.connection = true;
        self.out.push(Output::Halt(remedy));
    }

    fn answered(&mut self, pending: Pending, result: Result<Answer, RelayError>) {
        match pending {
            Pending::Hello => self.greeted(&result),
            Pending::SwapStamp(stamp) => self.stamp_swapped(stamp, &result),
            Pending::LeaveStamp(stamp) => self.stamp_left(stamp, &result),
            Pending::Relearn(account) => {
                let found = self.looked_up(result);
                self.relearnt(account, found);
            }
            Pending::Register(view) => self.registered(view, done(result)),
            Pending::RegisterAgain => self.registered_again(done(result)),
            Pending::OwnLogFirst => {
                let found = self.looked_up(result);
                self.own_log_came_first(found);
            }
            Pending::BringBack { account, next } => self.brought_back(account, next, done(result)),
            Pending::CheckUsername(view) => self.username_checked(view, &result),
            Pending::Find(view, account) => {
                let found = self.looked_up(result);
                self.person_found(view, account, found);
            }
            Pending::CountKeyPackages => self.key_packages_counted(&result),
            Pending::ForgetKeyPackages => self.key_packages_forgotten(&result),
            Pending::PublishKeyPackages { last_resort } => self.key_packages_published(last_resort, &result),
            Pending::SubscribeInbox => self.inbox_subscribed(&result),
            Pending::FindRecovery(view) => {
                let found = self.looked_up(result);
                self.of_account().recovery_found(view, found);
            }
            Pending::AppendReturn => self.of_account().return_appended(done(result)),
            Pending::FetchHead if self.returning.is_some() => self.of_account().head_to_restore(result),
            Pending::FetchHead => self.backup_head_came(result),
            Pending::FetchBlob if self.returning.is_some() => self.of_account().part_to_restore(result),
            Pending::FetchBlob => self.blob_part_came(result),
            Pending::PutBlob => self.blob_put(result),
            Pending::WriteHead => self.head_written(result),
            Pending::Probe
            | Pending::DeleteBlobs
            | Pending::Unsubscribe
            | Pending::AckInbox
            | Pending::CloseSlot
            | Pending::PostReady => {}
            Pending::JudgeInbox(account) => {
                let found = self.looked_up(result);
                self.inbox_judged(account, found);
            }
            Pending::Freshen(account) => {
                let found = self.looked_up(result);
                self.freshened(account, found);
            }
            Pending::Gossip { account, head } => {
                let found = self.looked_up(result);
                self.gossip_answered(account, &head, found);
            }
            Pending::Claim(account) => self.claimed(account, result),
            Pending::ClaimFor { log, account } => self.claimed_for(&log, &account, result),
            Pending::GroupClaim { log, account } => self.of_groups().group_claimed(&log, &account, result),
            Pending::DeviceLogs(accounts) => self.device_logs_came(&accounts, result),
            Pending::OpenSlot(slot) | Pending::WriteSlot(slot) | Pending::WatchSlot(slot) => {
                self.of_account().slot_answered(slot, result);
            }
            Pending::LinkLog(offer) => {
                let found = self.looked_up(result);
                self.of_account().link_log_came(&offer, found);
            }
            Pending::JoinedLog => {
                let found = self.looked_up(result);
                self.joined_log_came(found);
            }
            Pending::OwnLog => {
                let found = self.looked_up(result);
                self.own_log_came(found);
            }
            Pending::AppendOwnLog { entry, view } => self.own_log_appended(&entry, view, done(result)),
            Pending::GroupPackage(log) => self.of_groups().group_package_came(&log, result),
            Pending::OpenLink => self.of_groups().link_opened(result),
            Pending::VisitPackage(log) => self.of_groups().visit_package_came(log, result),
            Pending::VisitLog(log) => self.of_groups().visit_subscribed(log, &result),
            Pending::Enter(group, append) => self.of_groups().entered(&group, append, result),
            Pending::Ask(group, append) => self.of_groups().asked(&group, append, &result),
            Pending::CatchUp(group) => self.of_groups().page_to_catch_up(&group, result),
            Pending::Create(log) => self.created(&log, result),
            Pending::SubscribeLog(log) => self.log_subscribed(&log, &result),
            Pending::Append { log, numbers } => self.appended(&log, &numbers, result),
            Pending::Commit { log, append } => self.committed(&log, append, &result),
            Pending::PutFile { file, end, sent } => self.file_part_put(&file, (end, sent), &result),
            Pending::FetchFile { file, index, sent } => self.file_part_came(&file, (index, sent), result),
        }
    }

    pub(in crate::core) fn connection(&self) -> Connection {
        match self.link.state {
            LinkState::Connecting | LinkState::Greeting => Connection::Connecting,
            LinkState::Open if self.is_behind() => Connection::CatchingUp,
            LinkState::Open => Connection::Online,
            LinkState::Closed { retry, why } => {
                Connection::Offline { retry_at: self.steady.shown_at(self.now, retry), why }
            }
            LinkState::Halted(Remedy::Reload) => Connection::ReloadNeeded,
            LinkState::Halted(Remedy::UpdateRelay) => Connection::RelayTooOld,
        }
    }
}

/// An answer that says nothing but that it is done.
fn done(result: Result<Answer, RelayError>) -> Result<(), RelayError> {
    match result? {
        Answer::Done => Ok(()),
        _ => Err(RelayError::Internal),
    }
}
