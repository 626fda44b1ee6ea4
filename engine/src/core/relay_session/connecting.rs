//! Leads from an open connection to being up to date: hello, registration, KeyPackages, inbox, logs.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{
    Answer, PublishKeyPackages, RegisterAccount, RelayError, Request, Retry, SubscribeInbox,
};
use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::channel::log::{LiveLog, Log, Stage};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::relay_session::requests::{LinkState, Pending};
use crate::core::rollback::device::Telling;
use crate::core::rollback::directory::BroughtBack;
use crate::mls::key_package;
use crate::mutations::{Mutation, on};
use crate::view::{CommandError, Outage, Reply, ViewRequestId, WaitReason};

/// The engine tops up one-time KeyPackages to this number when fewer than half are left.
pub(in crate::core) const POOL: u32 = 20;
/// The engine replaces a KeyPackage of last resort after this time (30 days), in milliseconds.
const LAST_RESORT_AGE: u64 = 30 * 24 * 3600 * 1000;
/// The number of contacts whose device logs the engine asks for at each connection; it asks for the others before it sends
/// something.
const CHECKED: usize = 20;
/// After a failure inside the relay, or for lack of answers, the engine tries again after this time, in milliseconds.
const RETRY: u32 = 2_000;
/// After a refusal that should never happen, the engine tries again after this time.
pub(in crate::core) const REFUSED: u32 = 60_000;
/// The engine waits no longer than this, whatever the relay says.
const LONGEST_RETRY: u32 = 10 * 60 * 1000;

impl Engine {
    pub(in crate::core) fn connected(&mut self) {
        self.forget_connection();
        self.ask_for_parts_anew();
        self.link.outage = Outage::default();
        self.link.state = LinkState::Greeting;
        self.changed.connection = true;
        if on(Mutation::RetryEncryptsAnew) {
            let logs: Vec<LogId> = self.logs.keys().copied().collect();
            for log in logs {
                self.unseal(&log);
            }
        }
        self.ask(Request::Hello, Pending::Hello);
    }

    pub(in crate::core) fn disconnected(&mut self, retry_at: UnixMillis) {
        self.forget_connection();
        if !matches!(self.link.state, LinkState::Halted(_)) {
            let retry = self.steady.when(self.now, retry_at);
            self.link.state = LinkState::Closed { retry, why: self.link.outage };
        }
        self.changed.connection = true;
    }

    fn forget_connection(&mut self) {
        self.out.drop_frames();
        self.wait_anew();
        for pending in self.take_pending() {
            self.unanswered(&pending);
        }
        self.live.clear();
        self.link.relay = None;
        self.link.forged.clear();
        self.link.asked_own_log = false;
        self.link.checked.clear();
        self.link.telling = Telling::default();
        self.link.brought_back = BroughtBack::default();
        self.link.whole.clear();
        self.stamps.forget_connection();
        self.timers.answers = None;
        self.forget_holdups();
        self.rollback.forget_connection();
        self.membership.forget_connection();
        self.of_groups().end_visit(CommandError::Offline);
        self.group_chats.forget_connection();
        self.forget_turns();
        self.late.forget_connection();
        self.link_disconnected();
        self.files_disconnected();
        self.inbox = crate::core::channel::inbox::InboxWork::default();
    }

    /// The connection ended before the answer came. The engine repeats stored requests, and tells a person who waits.
    fn unanswered(&mut self, pending: &Pending) {
        match *pending {
            Pending::CheckUsername(view) => {
                self.reply(view, Reply::Username(crate::view::UsernameStatus::Unknown));
            }
            Pending::Find(view, _) | Pending::FindRecovery(view) => {
                self.wish = None;
                self.reply(view, Reply::Failed(CommandError::Offline));
            }
            // The engine asks again at the next connection; the person waits for that answer.
            Pending::Register(Some(view)) => self.registering = Some(view),
            _ => {}
        }
    }

    pub(in crate::core) fn greeted(&mut self, result: &Result<Answer, RelayError>) {
        match result {
            Ok(Answer::Hello { now }) => {
                self.link.relay = Some((self.steady, *now));
                self.begin_with_stamp();
            }
            Err(error) => self.turned_away(*error),
            Ok(_) => self.out.push(crate::io::Output::Reconnect),
        }
    }

    /// Asks for everything that is needed and not under way. Callers may call it at any time.
    pub(in crate::core) fn resume(&mut self) {
        self.ask_joined_log();
        let Some(account) = self.account.as_ref().filter(|_| self.online()) else {
            return;
        };
        if !account.registered {
            if !self.is_pending(|pending| matches!(pending, Pending::Register(_))) {
                let view = self.registering.take();
                self.register(view);
            }
            return;
        }
        let (address, capability) = (account.address(), account.inbox.clone());
        self.make_token_if_none();
        self.tell_rollback();
        if !self.inbox.subscribed && !self.is_pending(|pending| *pending == Pending::SubscribeInbox) {
            self.count_key_packages();
            let after = self.inbox.last;
            self.ask(
                Request::SubscribeInbox(SubscribeInbox { address, capability, after }),
                Pending::SubscribeInbox,
            );
        }
        if !std::mem::replace(&mut self.link.asked_own_log, true) {
            self.ask_own_log();
            self.note_day();
        }
        self.of_groups().go_on_entering();
        self.of_groups().go_on_catching_up();
        self.work_on_inbox();
        self.settle_doubts();
        self.of_account().go_on_returning();
        self.resume_backup();
        self.go_on_sharing();
        self.ask_for_waiting();
        self.ask_for_unknown();
        self.let_in_those_left_out();
        self.take_turns();
        for log in self.logs_by_use() {
            self.resume_log(&log);
        }
        let conversations: Vec<_> = self.conversations.keys().copied().collect();
        for conversation in conversations {
            self.pump(conversation);
        }
    }

    /// Creates the log or subscribes to it, whichever it needs.
    pub(in crate::core) fn resume_log(&mut self, id: &LogId) {
        if self.sleeps(id) {
            return;
        }
        let live = self.live.get(id).copied().unwrap_or_default();
        match self.logs.get(id).map(|log| log.stage) {
            Some(Stage::Creating) if !live.creating => self.send_creation(id),
            Some(Stage::Active) if !live.subscribed && !live.subscribing && !live.waits => {
                self.subscribe_log(id);
            }
            _ => {}
        }
    }

    pub(in crate::core) fn subscribe_log(&mut self, id: &LogId) {
        if self.is_resting(id) || self.sleeps(id) {
            return;
        }
        let Some(mut request) = self.subscription(id) else {
            return self.broken(id);
        };
        if on(Mutation::CursorOffByOne) {
            request.after = request.after.next();
        }
        self.live.or_default(*id).subscribing = true;
        self.ask(Request::SubscribeLog(request), Pending::SubscribeLog(*id));
    }

    pub(in crate::core) fn log_subscribed(&mut self, id: &LogId, result: &Result<Answer, RelayError>) {
        let live = self.live.or_default(*id);
        live.subscribing = false;
        match result {
            Ok(Answer::Subscribed(subscribed)) => self.log_is_open(id, subscribed.head),
            Ok(Answer::SubscribedFrom { state, start }) if self.begins_late(id) => {
                if let Some(log) = self.logs.get_mut(id) {
                    log.cursor = *start;
                }
                self.save_log(id);
                self.begins_after(id, *start);
                self.say_again_how_far(id);
                self.log_is_open(id, state.head);
            }
            Ok(Answer::SubscribedFrom { .. }) => self.out.push(crate::io::Output::Reconnect),
            Ok(_) => self.retry_later(RETRY),
            Err(RelayError::Expired) => {
                self.gap(id, crate::view::Gap::Expired);
                self.give_up(id);
            }
            Err(RelayError::QuotaExceeded) => self.subscription_waits(id),
            // Only these errors say that the log has changed at the relay; the engine may repeat any other request.
            Err(RelayError::UnknownLog | RelayError::WrongCapability | RelayError::RolledBack) => {
                self.log_rolled_back(id);
            }
            Err(error) => {
                if let Some(peer) = self.logs.get(id).and_then(Log::peer) {
                    self.held_up_by(peer, *error, WaitReason::TooMany);
                }
                self.retry_later(match error.retry() {
                    Retry::After(pause) => pause,
                    Retry::AfterCatchUp | Retry::Never => REFUSED,
                });
            }
        }
    }

    fn log_is_open(&mut self, id: &LogId, head: Seq) {
        let live = self.live.or_default(*id);
        *live = LiveLog { subscribed: true, waits: false, head, ..*live };
        self.use_told_receipt(id);
        // Receipts of logs that carry none any more may go into this log.
        self.receipts_due();
        self.changed.connection = true;
        self.membership.unsettle(id);
        self.stop_skipping(id);
        self.own_devices_were_heard(id);
        if self.link.checked.len() < CHECKED {
            self.check_devices_of(id);
        }
        self.pump_log(id);
    }

    /// Whether others had written in the log before this device joined, and this device has read nothing yet.
    pub(in crate::core) fn begins_late(&self, id: &LogId) -> bool {
        let late = self.transcripts.get(id).is_some_and(Transcript::begins_late);
        late && self.logs.get(id).is_some_and(|log| log.cursor == Seq(0))
    }

    /// Whether something that the relay had at the time of a subscription has not come yet.
    pub(in crate::core) fn is_behind(&self) -> bool {
        let Some(account) = &self.account else {
            return false;
        };
        // Acknowledged entries are gone: the inbox's last number says nothing of what is still to come.
        let inbox = account.registered && (!self.inbox.subscribed || !self.inbox.entries.is_empty());
        let log_behind = |id: &LogId| {
            let live = self.live.get(id).copied().unwrap_or_default();
            let log = self.logs.get(id);
            let reads = live.subscribed || live.waits;
            let unread = |log: &&Log| !reads || log.cursor < live.head;
            log.filter(unread).is_some_and(|log| log.stage == Stage::Active && !self.rests(log))
        };
        inbox || self.logs.keys().any(log_behind)
    }

    pub(in crate::core) fn retry_later(&mut self, pause_ms: u32) {
        let at = self.steady.after(u64::from(pause_ms.clamp(100, LONGEST_RETRY)));
        self.timers.retry = Some(self.timers.retry.map_or(at, |earlier| earlier.min(at)));
    }

    pub(in crate::core) fn register(&mut self, view: Option<ViewRequestId>) {
        let (Some(account), Some(key)) = (&self.account, &self.key) else {
            return;
        };
        let Ok(log) = List::new(account.entries.clone()) else {
            return;
        };
        let request = RegisterAccount { log, claim: account.claim(key) };
        self.ask(Request::RegisterAccount(request), Pending::Register(view));
    }

    pub(in crate::core) fn registered(
        &mut self,
        view: Option<ViewRequestId>,
        result: Result<(), RelayError>,
    ) {
        let view = view.or(self.registering.take());
        let reply = match result {
            // The relay has this very account under another name: this state is a copy from before the change.
            Ok(()) | Err(RelayError::BadRequest) => {
                if let Some(account) = &mut self.account {
                    account.registered = true;
                }
                self.save_account();
                self.resume();
                Reply::Done
            }
            Err(RelayError::UsernameTaken) => {
                self.forget_account();
                Reply::Failed(CommandError::UsernameTaken)
            }
            Err(error) => {
                if let Retry::After(pause) = error.retry() {
                    self.registering = view;
                    return self.retry_later(pause);
                }
                self.forget_account();
                Reply::Failed(CommandError::Relay)
            }
        };
        if let Some(view) = view {
            self.reply(view, reply);
        }
    }

    /// Asks how many KeyPackages are left, and makes new ones if few are.
    pub(in crate::core) fn count_key_packages(&mut self) {
        let Some(account) = self.account.as_ref().filter(|_| self.online()) else { return };
        let (address, capability) = (account.address(), account.inbox.clone());
        if !self.is_pending(|pending| *pending == Pending::CountKeyPackages) {
            self.ask(Request::CountKeyPackages { address, capability }, Pending::CountKeyPackages);
        }
    }

    pub(in crate::core) fn key_packages_counted(&mut self, result: &Result<Answer, RelayError>) {
        let Ok(Answer::KeyPackageCount { one_time, last_resort }) = *result else {
            return;
        };
        let age = self.device.last_resort.map_or(u64::MAX, |made| self.now.0.abs_diff(made.0));
        let missing = if one_time < POOL / 2 { POOL.saturating_sub(one_time) } else { 0 };
        let replace = !last_resort || age > LAST_RESORT_AGE;
        if missing > 0 || replace {
            self.publish_key_packages(missing, replace);
        } else {
            self.tell_ready();
        }
    }

    /// Withdraws the KeyPackages in the pool: this device may lack their private keys.
    pub(in crate::core) fn forget_key_packages(&mut self) {
        let Some(account) = &self.account else {
            return;
        };
        let (address, capability) = (account.address(), account.inbox.clone());
        self.device.last_resort = None;
        self.save_device();
        self.ask(Request::ForgetKeyPackages { address, capability }, Pending::ForgetKeyPackages);
    }

    fn publish_key_packages(&mut self, count: u32, last_resort: bool) {
        let Some((signer, account)) = self.signer() else {
            return;
        };
        let Some(head) = self.own_log.as_ref().map(DeviceLog::head) else {
            return;
        };
        let leaf = account.leaf(signer.0);
        let make = |last_resort| {
            let bytes = key_package::make(&self.mls, &signer, &leaf, head, last_resort).ok()?;
            Bytes::new(bytes).ok()
        };
        let one_time = (0..count).filter_map(|_| make(false)).collect();
        let last = if last_resort { make(true) } else { None };
        let (address, capability) = (account.address(), account.inbox.clone());
        let Ok(one_time) = List::new(one_time) else {
            return;
        };
        let last_resort = last.is_some();
        self.leave_stamp();
        let request = PublishKeyPackages { address, capability, one_time, last_resort: last };
        self.ask(Request::PublishKeyPackages(request), Pending::PublishKeyPackages { last_resort });
    }

    pub(in crate::core) fn key_packages_published(
        &mut self,
        last_resort: bool,
        result: &Result<Answer, RelayError>,
    ) {
        if result.is_ok() && last_resort {
            self.device.last_resort = Some(self.now);
            self.save_device();
        }
        if result.is_ok() {
            self.tell_ready();
        }
    }
}
