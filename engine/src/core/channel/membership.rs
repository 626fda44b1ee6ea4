//! Keeps groups in step with device logs. A member adds each device that is in a device log and not in the group, and removes
//! each device that was removed from its device log. Any member may do so, so that no conversation waits for one particular
//! device; the account's own devices do so first (design: identity).

mod device_logs;
mod left_out;

use std::collections::VecDeque;

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{
    Answer, ClaimedKeyPackage, InboxAddress, InboxPost, RelayError, Retry, Welcomes,
};
use parley_protocol::ids::{AccountId, AppendId, DeviceId, LogId, Seq};

use crate::channel::group_era::EraStep;
use crate::channel::log::{Log, PendingCommit, Stage};
use crate::core::Engine;
use crate::core::channel::making::{GROUP_WELCOME, WELCOME};
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::conversation::ConversationKey;
use crate::mls::credential::Leaf;
use crate::mls::{key_package, welcome};
use crate::records::keys;
use crate::roster::Roster;
use crate::set::Set;
use crate::table::Table;
use crate::view::Warning;

/// How long a device leaves a change to each of the account's devices that are older than it, in milliseconds.
const TURN: u64 = 2_000;
/// How long the other account leaves a change to them.
const OTHERS_TURN: u64 = 15_000;
/// How long a device waits for a device that it linked.
const SETTING_UP: u64 = 5_000;
/// This many logs at a time get KeyPackage claims and commits: the logs used last are finished before the rest begins, and
/// their history is sent meanwhile.
const AT_ONCE: usize = 8;
/// How long others wait with a device that lost its keys and has uploaded no KeyPackages since, in milliseconds.
const TOO_OLD: u64 = 5_000;
/// How long others wait with a device that has no KeyPackages.
const UNREACHABLE: u64 = 60_000;

/// Groups that may differ from the device logs, and entries that wait for a device log.
#[derive(Default)]
pub(in crate::core) struct Membership {
    /// Logs whose members this device has not compared since a change, or that differ; with the time to act.
    unsettled: Table<LogId, Option<Moment>>,
    /// A log's next entry needs a newer device log of this account.
    waiting: Table<LogId, AccountId>,
    /// Entries for which this device asked for the device log of an account on this connection.
    asked: Set<(LogId, Seq, AccountId)>,
    /// Logs that begin, in this order, as soon as one before them is finished.
    queue: VecDeque<LogId>,
    /// Devices that had no KeyPackage; they wait until this moment.
    unreachable: Table<(LogId, DeviceId), Moment>,
    /// Devices whose inbox took nothing; they wait until this moment. And logs from which members left such devices out.
    full: Table<DeviceId, Moment>,
    left_out: Set<LogId>,
    /// Removed devices that still wrote: this device warns of each once.
    void: Set<(LogId, DeviceId)>,
}

impl Membership {
    /// The log's members must be compared with the device logs.
    pub(in crate::core) fn unsettle(&mut self, log: &LogId) {
        self.unsettled.or_default(*log);
    }

    /// Whether the log's next entry waits for a device log.
    pub(in crate::core) fn is_waiting(&self, log: &LogId) -> bool {
        self.waiting.contains_key(log)
    }

    /// Whether asking for an account's device log may help with this entry: this device has not asked for it yet.
    pub(in crate::core) fn may_wait(&self, log: &LogId, seq: Seq, account: AccountId) -> bool {
        !self.asked.contains(&(*log, seq, account))
    }

    /// A removed device wrote; returns whether that is news.
    pub(in crate::core) fn hear_void(&mut self, log: &LogId, device: DeviceId) -> bool {
        self.void.insert((*log, device))
    }

    /// The connection is gone, and with it the requests.
    pub(in crate::core) fn forget_connection(&mut self) {
        self.waiting.clear();
        self.asked.clear();
        self.queue.clear();
        self.unreachable.clear();
        self.full.clear();
        self.left_out.clear();
        self.void.clear();
    }
}

/// The difference between a group and the device logs.
struct Difference {
    missing: Vec<Leaf>,
    extra: Vec<Leaf>,
    /// Devices in a group that have lost their keys: a commit must remove and add them.
    lost: Vec<Leaf>,
}

impl Difference {
    /// The leaves that need a KeyPackage.
    fn coming(&self) -> impl Iterator<Item = &Leaf> {
        self.missing.iter().chain(&self.lost)
    }
}

impl Engine {
    pub(in crate::core) fn is_own_account(&self, account: &AccountId) -> bool {
        self.account.as_ref().is_some_and(|own| own.id == *account)
    }

    /// Whether a conversation is the one of the own account's devices.
    pub(in crate::core) fn is_own_conversation(&self, key: &ConversationKey) -> bool {
        key.peer().is_some_and(|peer| self.is_own_account(peer))
    }

    /// The devices that the device logs of a log's accounts name.
    pub(in crate::core) fn roster(&self, id: &LogId) -> Roster {
        if let Some(chat) = self.group_chat_of(id) {
            return Roster::of(chat.members.iter().filter_map(|(account, _)| self.known_log(account)));
        }
        let peer = self.logs.get(id).and_then(Log::peer);
        let contact = peer.and_then(|peer| self.contacts.get(&peer)).map(|contact| &contact.log);
        Roster::of(self.own_log.iter().chain(contact))
    }

    /// An account's device log has changed: the groups with that account must change too.
    pub(in crate::core) fn devices_changed(&mut self, account: &AccountId) {
        let own = self.is_own_account(account);
        let in_group = |log: &Log| self.group_chat_of(&log.id).is_some_and(|chat| chat.is_member(account));
        let concerns = |log: &&Log| own || log.peer() == Some(*account) || in_group(log);
        let logs: Vec<LogId> = self.logs.values().filter(concerns).map(|log| log.id).collect();
        for id in logs {
            self.membership.unsettle(&id);
            self.membership.unreachable.retain(|(log, _), _| *log != id);
            self.pump_log(&id);
        }
    }

    /// Brings the group nearer to the device logs, if the two differ and it is this device's turn; returns whether messages
    /// must wait for that. The caller has read the log to its end and has nothing else under way on it.
    pub(in crate::core) fn settle_members(&mut self, id: &LogId) -> bool {
        if !self.membership.unsettled.contains_key(id) {
            return false;
        }
        let retired = self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        let Some(difference) = self.difference(id).filter(|_| !retired) else {
            self.membership.unsettled.remove(id);
            self.tell_added();
            self.go_on_sharing();
            return false;
        };
        let urgent = self.is_urgent(id, &difference);
        if !urgent && !self.is_due(id, &difference) {
            return false;
        }
        if difference.coming().next().is_none() {
            self.commit_members(id, &difference, &[]);
            return true;
        }
        // One account after the other: after the commit for the first, the engine comes here again.
        let whose = difference.coming().next().map(|leaf| leaf.account);
        if let Some(account) = whose.filter(|account| !self.link.forged.contains(account)) {
            let pending = Pending::ClaimFor { log: *id, account };
            if self.is_pending(|other| *other == pending) {
                return urgent;
            }
            if urgent || self.logs_being_changed() < AT_ONCE {
                let coming = difference.coming().filter(|leaf| leaf.account == account);
                let devices = coming.map(|leaf| leaf.device).collect();
                self.claim(account, devices, pending);
            } else if !self.membership.queue.contains(id) {
                self.membership.queue.push_back(*id);
            }
        }
        urgent
    }

    /// The number of logs whose members this device is changing.
    fn logs_being_changed(&self) -> usize {
        let claims = self.count_pending(|pending| matches!(pending, Pending::ClaimFor { .. }));
        claims + self.live.values().filter(|live| live.committing).count()
    }

    /// Begins with logs that waited for others to finish.
    pub(in crate::core) fn go_on_with_members(&mut self) {
        while !self.membership.queue.is_empty() && self.logs_being_changed() < AT_ONCE {
            let Some(id) = self.membership.queue.pop_front() else { return };
            self.pump_log(&id);
        }
    }

    /// Acts now on every difference that is due.
    pub(in crate::core) fn membership_is_due(&mut self) {
        let now = self.steady;
        self.membership.unreachable.clear();
        for at in self.membership.unsettled.values_mut() {
            *at = Some(now);
        }
        let mut logs: Vec<LogId> = self.membership.unsettled.keys().copied().collect();
        // A person misses first what they used last; but without the account's own conversation a new device gets no history.
        logs.sort_by_key(|id| {
            let key = self.logs.get(id).map(|log| log.conversation);
            let conversation = key.and_then(|key| self.conversations.get(&key.id()));
            let own = key.is_some_and(|key| self.is_own_conversation(&key));
            std::cmp::Reverse((own, conversation.map(|conversation| conversation.changed)))
        });
        for id in logs {
            self.pump_log(&id);
        }
    }

    /// The number of logs whose members differ from the device logs, as far as this device knows.
    pub(in crate::core) fn unsettled_logs(&self) -> u32 {
        let count = self.membership.unsettled.keys().filter(|id| self.is_unsettled(id)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Whether the members of a log in use differ from the device logs, as far as this device knows.
    pub(in crate::core) fn is_unsettled(&self, id: &LogId) -> bool {
        let retired = || self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        let active = || {
            self.logs
                .get(id)
                .is_some_and(|log| log.stage == Stage::Active && self.consents_in(&log.conversation))
        };
        self.membership.unsettled.contains_key(id) && active() && !retired()
    }

    /// Whether this device has yet to find that out.
    pub(in crate::core) fn may_be_unsettled(&self, id: &LogId) -> bool {
        let reads = || self.live.get(id).is_some_and(|live| live.subscribed);
        // Nobody changes the members of a log into which nobody writes: such a log keeps nobody waiting.
        let active = || {
            self.logs
                .get(id)
                .is_some_and(|log| log.stage == Stage::Active && self.consents_in(&log.conversation))
        };
        self.is_unsettled(id) || active() && !reads()
    }

    /// Whether a device of the own account that could be added is not in the group.
    pub(in crate::core) fn lacks_own_device(&mut self, id: &LogId) -> bool {
        let missing = self.difference(id).map(|difference| difference.missing).unwrap_or_default();
        missing.iter().any(|leaf| self.is_own_account(&leaf.account))
    }

    /// Whether a recent attempt to add a device failed.
    fn is_away(&self, id: &LogId, leaf: &Leaf) -> bool {
        self.membership.unreachable.contains_key(&(*id, leaf.device))
            || self.membership.is_full(&leaf.device, self.steady)
    }

    fn difference(&mut self, id: &LogId) -> Option<Difference> {
        let wanted: Vec<Leaf> = self.roster(id).leaves().collect();
        let now = self.steady;
        self.membership.unreachable.retain(|_, until| *until > now);
        let reachable: Vec<Leaf> = wanted.iter().filter(|leaf| !self.is_away(id, leaf)).copied().collect();
        let members = self.with_group(id, |group, _, _| Ok(group.leaves())).ok()?;
        let own = self.signer().map(|(signer, account)| account.leaf(signer.0))?;
        let missing: Vec<Leaf> = reachable.into_iter().filter(|leaf| !members.contains(leaf)).collect();
        let in_group = self.group_of(id).is_some();
        let roster = self.roster(id);
        // In a group, a leaf that no device log names yet may only be unknown to this device.
        let is_extra = |leaf: &Leaf| {
            if in_group { roster.removed(leaf).is_some() } else { !wanted.contains(leaf) }
        };
        let extra: Vec<Leaf> = members.into_iter().filter(|leaf| *leaf != own && is_extra(leaf)).collect();
        let mut lost = if in_group { self.of_groups().lost_in_group(id) } else { Vec::new() };
        lost.retain(|leaf| *leaf != own && !self.is_away(id, leaf));
        let differs = !(missing.is_empty() && extra.is_empty() && lost.is_empty());
        differs.then_some(Difference { missing, extra, lost })
    }

    /// Whether messages must wait for the change. This device writes nothing that a removed device could read, and writes
    /// into a new log, or to the account's own devices, only when all of these are in the group.
    fn is_urgent(&self, id: &LogId, difference: &Difference) -> bool {
        let Some(log) = self.logs.get(id) else {
            return false;
        };
        let own_missing = difference.missing.iter().any(|leaf| self.is_own_account(&leaf.account));
        let writes = self.writes_into(id);
        let of_own = self.is_own_conversation(&log.conversation);
        let new = log.cursor == Seq(0);
        let late = new && writes && !difference.missing.is_empty();
        late || own_missing && (new || of_own && writes) || writes && !difference.extra.is_empty()
    }

    /// Whether something waits that would go into the log.
    pub(in crate::core) fn writes_into(&self, id: &LogId) -> bool {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else {
            return false;
        };
        self.outbox
            .values()
            .any(|entry| !entry.failed && entry.only.map_or(entry.conversation == key, |only| only == *id))
    }

    /// Whether it is this device's turn; if not, the engine checks again when it is.
    fn is_due(&mut self, id: &LogId, difference: &Difference) -> bool {
        let now = self.steady;
        let latest = now.after(self.turn(id, difference));
        let Some(at) = self.membership.unsettled.get_mut(id) else { return false };
        let at = at.get_or_insert(latest);
        *at = latest.min(*at);
        let left = at.since(now);
        if left > 0 {
            self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
        }
        left == 0
    }

    /// How long this device leaves the change to others, in milliseconds.
    fn turn(&self, id: &LogId, difference: &Difference) -> u64 {
        let (Some(log), Some(account)) = (&self.own_log, &self.account) else { return OTHERS_TURN };
        let concerned = |leaf: &Leaf| leaf.account == account.id;
        if !difference.coming().chain(&difference.extra).any(concerned) {
            return OTHERS_TURN.saturating_add(self.turn_in_group(id));
        }
        if log.last_author() == Some(account.device) {
            // A new device needs a moment to upload KeyPackages; it tells the others when it has.
            return if difference.coming().next().is_none() { 0 } else { SETTING_UP };
        }
        let rank = log.devices().take_while(|device| device.id != account.device).count();
        TURN.saturating_mul(u64::try_from(rank).unwrap_or(u64::MAX).saturating_add(1))
    }

    /// KeyPackages of an account's devices came.
    pub(in crate::core) fn claimed_for(
        &mut self,
        id: &LogId,
        account: &AccountId,
        result: Result<Answer, RelayError>,
    ) {
        let packages = match result {
            Ok(Answer::KeyPackages(packages)) => packages.into_vec(),
            Ok(_) => return self.retry_later(60_000),
            // The device may have KeyPackages all the same.
            Err(error) if let Retry::After(pause) = error.retry() => return self.retry_later(pause),
            Err(_) => Vec::new(),
        };
        let Some(difference) = self.difference(id) else { return self.pump_log(id) };
        let until = self.steady.after(UNREACHABLE);
        for leaf in difference.coming().filter(|leaf| leaf.account == *account) {
            if packages.iter().any(|claimed| claimed.device == leaf.device) {
                continue;
            }
            self.membership.unreachable.insert((*id, leaf.device), until);
            if difference.lost.contains(leaf) {
                self.let_in_later(id, &leaf.device, UNREACHABLE);
            }
        }
        let live = self.live.get(id).copied().unwrap_or_default();
        let free = self.logs.get(id).is_some_and(|log| log.stage == Stage::Active && log.commit.is_none());
        if free && live.subscribed && !live.appending && !live.committing {
            self.commit_members(id, &difference, &packages);
        }
        self.pump_log(id);
    }

    fn commit_members(&mut self, id: &LogId, difference: &Difference, packages: &[ClaimedKeyPackage]) {
        let (mut add, mut to) = (Vec::new(), Vec::new());
        let mut going = difference.extra.clone();
        for leaf in difference.coming() {
            let Some(claimed) = packages.iter().find(|claimed| claimed.device == leaf.device) else {
                continue;
            };
            match key_package::check(&self.mls, &claimed.key_package, leaf) {
                // The KeyPackage is from before the device said that it lost its keys: it uploads others in a moment.
                Ok(key_package)
                    if difference.lost.contains(leaf)
                        && !self.of_groups().is_since_loss(&key_package, leaf) =>
                {
                    self.let_in_later(id, &leaf.device, TOO_OLD);
                }
                Ok(key_package) => {
                    going.extend(difference.lost.contains(leaf).then_some(*leaf));
                    add.push(key_package);
                    to.push(InboxAddress { account: leaf.account, device: leaf.device });
                }
                // The commit still removes whoever must go.
                Err(_) => self.warn(&leaf.account, Warning::ForgedKeys),
            }
        }
        if add.is_empty() && going.is_empty() {
            return;
        }
        if self.group_of(id).is_some() {
            return self.of_groups().follow_device_logs(id, add, &to, &going);
        }
        let made = self.with_group(id, |group, provider, signer| {
            group.change_members(provider, signer, add, &difference.extra)
        });
        match made {
            Ok((commit, welcome)) => match self.posts(None, welcome, &to) {
                Some(welcomes) => self.keep_commit(id, commit, &welcomes),
                None => self.take_commit_back(id, &to),
            },
            Err(_) => self.retry_later(60_000),
        }
    }

    /// The Welcomes for the devices that a commit adds; none if the relay would refuse them. Welcomes into a group name the
    /// log that carries the group's messages.
    pub(in crate::core) fn posts(
        &self,
        group_log: Option<&LogId>,
        welcome: welcome::Parts,
        to: &[InboxAddress],
    ) -> Option<Welcomes> {
        let post = |(to, beginning): (&InboxAddress, Vec<u8>)| {
            let payload = if let Some(log) = group_log {
                [GROUP_WELCOME.as_slice(), log.as_bytes(), &beginning].concat()
            } else {
                let token = self.token_for(&to.account);
                let proof =
                    token.map_or_else(|| self.random.array(), |token| token.proof(&beginning, &welcome.end));
                [WELCOME.as_slice(), &proof, &beginning].concat()
            };
            let payload = Bytes::new(payload).ok()?;
            Some(InboxPost { to: *to, append: AppendId(self.random.array()), payload })
        };
        let posts = to.iter().zip(welcome.beginnings).map(post).collect::<Option<Vec<_>>>()?;
        let posts = List::new(posts).ok().filter(|posts| posts.len() == to.len())?;
        let welcomes = Welcomes { posts, end: Bytes::new(welcome.end).ok()? };
        welcomes.fit().then_some(welcomes)
    }

    /// Drops a commit: nobody must be added who does not get a Welcome.
    fn take_commit_back(&mut self, id: &LogId, to: &[InboxAddress]) {
        if self.with_group(id, |group, provider, _| group.drop_pending(provider)).is_err() {
            return self.broken(id);
        }
        self.let_alone(id, to);
    }

    /// These devices could not be added: this device does not try again for a while.
    pub(in crate::core) fn let_alone(&mut self, id: &LogId, devices: &[InboxAddress]) {
        let until = self.steady.after(UNREACHABLE);
        for device in devices {
            self.membership.unreachable.insert((*id, device.device), until);
        }
    }

    fn keep_commit(&mut self, id: &LogId, commit: Vec<u8>, welcomes: &Welcomes) {
        let append = AppendId(self.random.array());
        if welcomes.is_empty() {
            self.forget_welcomes(id);
        } else {
            self.save(&keys::welcomes(id), welcomes);
        }
        if let Some(log) = self.logs.get_mut(id) {
            log.commit = Some(PendingCommit { append, bytes: commit, era: EraStep::Begins });
            self.save_pending(id);
            self.send_commit(id);
        }
    }

    /// The Welcomes of the commit that is on its way.
    pub(in crate::core) fn welcomes(&self, id: &LogId) -> Welcomes {
        self.state.get(&keys::welcomes(id)).ok().flatten().unwrap_or_default()
    }

    pub(in crate::core) fn forget_welcomes(&mut self, id: &LogId) {
        self.state.delete(&keys::welcomes(id));
        self.state.delete(&keys::group_package(id));
    }

    /// The relay refused a commit: a device that it adds may have been removed meanwhile. Drops the commit if it changes
    /// members, so that the engine makes it again; returns whether it did.
    pub(in crate::core) fn drop_members_commit(&mut self, id: &LogId) -> bool {
        if self.welcomes(id).is_empty() || !self.drop_commit(id) {
            return false;
        }
        if let Some(peer) = self.logs.get(id).and_then(Log::peer) {
            self.ask_device_log(peer);
        }
        self.ask_own_log();
        self.membership.unsettled.insert(*id, Some(self.steady.after(OTHERS_TURN)));
        true
    }
}
