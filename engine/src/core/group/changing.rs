//! Turns the changes that a person asked for into commits, once this device has read the log to its end. If another commit
//! wins, the engine judges the change again.

use parley_crypto::aead::XNonce;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{Answer, ClaimedKeyPackage, InboxAddress, RelayError, Retry, Welcomes};
use parley_protocol::ids::{AccountId, AppendId, DeviceId, GroupId, LogId, UnixMillis};

use super::newcomers::MOST_SHARED;
use super::{MAX_DEVICES, may};
use crate::channel::group_era::EraStep;
use crate::channel::log::PendingCommit;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::message::{Dropped, GroupLine, Why};
use crate::group::chat::{Change, GroupChat};
use crate::group::evidence::Evidence;
use crate::group::judge::context_of;
use crate::group::policy::{FOR_NEWCOMERS, Policy, Role};
use crate::group::state::State;
use crate::mls::chat::ChatCommit;
use crate::mls::credential::Leaf;
use crate::mls::extensions::member_of;
use crate::mls::group::GroupError;
use crate::mls::key_package;
use crate::records::keys;
use crate::table::Table;

/// Devices that one commit adds, and so Welcomes that one request posts.
const SLICE: usize = 64;
/// Accounts whose KeyPackages this device claims for one commit.
const PEOPLE: usize = 32;
/// A change that could not become a commit is tried again after this time, in milliseconds.
const RETRY: u32 = 60_000;

/// KeyPackages of accounts that will be added.
#[derive(Default)]
pub(super) struct Gathering {
    /// The accounts whose KeyPackages were claimed, and what came.
    claimed: Table<AccountId, Option<Vec<ClaimedKeyPackage>>>,
}

/// The next step for a change.
enum Step {
    /// Nothing to commit: the group is as the person wants it, or the change makes no sense any more.
    Drop(Option<Dropped>),
    /// Add these accounts.
    Add(Vec<AccountId>),
    /// Remove these leaves, and write this policy.
    Commit(Vec<Leaf>, Option<Policy>),
    Leave,
    /// What was written before is read, to be shared with somebody.
    Share(AccountId, u16, UnixMillis),
}

impl Engine {
    /// Continues with the changes that this person asked for; returns whether a commit is on its way for one.
    pub(in crate::core) fn go_on_changing(&mut self, id: &LogId) -> bool {
        if let Some(group) = self.group_of(id) {
            self.revoke_expired_links(&group);
        }
        loop {
            let Some(chat) = self.group_chat_of(id).filter(|chat| chat.is_active()) else { return false };
            let (group, Some(change)) = (chat.group, chat.changes.front().cloned()) else { return false };
            let Ok(state) = self.with_group(id, |mls, _, _| mls.state()) else { return false };
            let Some(step) = self.next_step(&group, &change, &state) else { return false };
            match step {
                Step::Drop(dropped) => self.drop_change(id, &group, dropped),
                Step::Leave => return self.say_leave(id),
                Step::Share(with, last, since) => {
                    self.share_past(&group, with, (last, since));
                    return false;
                }
                Step::Commit(remove, policy) => return self.commit_change(id, remove, policy.as_ref()),
                Step::Add(people) => match self.gathered(id, &people) {
                    Some(packages) => {
                        if self.commit_adds(id, &group, packages) {
                            return true;
                        }
                    }
                    None => return false,
                },
            }
        }
    }

    fn next_step(&self, group: &GroupId, change: &Change, state: &State) -> Option<Step> {
        let chat = self.group_chats.all.get(group)?;
        let own = self.account.as_ref()?.id;
        if is_done(chat, change) {
            return Some(Step::Drop(None));
        }
        if !may(chat, &own, change) {
            return Some(Step::Drop(Some(self.dropped(change, Why::NotAllowed))));
        }
        let mut policy = chat.policy.clone();
        let step = match change {
            Change::Add(people) => {
                let missing = people.iter().filter(|account| !chat.is_member(account));
                Step::Add(missing.take(PEOPLE).copied().collect())
            }
            Change::Remove(who) => {
                let leaves = state.leaves_of(*who).map(|member| member.leaf).collect();
                // A removed member may have a link.
                let revokes = !policy.links.is_empty() && policy.role(&own) >= Role::Admin;
                policy.links.clear();
                Step::Commit(leaves, revokes.then_some(policy))
            }
            Change::Role(who, role) => {
                policy.set_role(*who, *role);
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::Name(name) => {
                policy.name.clone_from(name);
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::Picture(hash) => {
                policy.picture = *hash;
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::Permissions(permissions) => {
                policy.permissions = *permissions;
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::Leave => Step::Leave,
            Change::Link(_) | Change::History(_)
                if state.members().any(|it| it.state.version < FOR_NEWCOMERS) =>
            {
                Step::Drop(Some(Dropped::Settings(Why::Outdated)))
            }
            Change::Link(link) => {
                policy.floor = policy.floor.max(FOR_NEWCOMERS);
                policy.links.push(**link);
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::History(history) => {
                policy.floor = policy.floor.max(FOR_NEWCOMERS);
                policy.history = history.number();
                Step::Commit(Vec::new(), Some(policy))
            }
            Change::Share(with, last) => Step::Share(*with, *last, UnixMillis(0)),
            Change::ShareSince(with, since) => Step::Share(*with, MOST_SHARED, *since),
            Change::Revoke(link) => {
                policy.links.retain(|known| known.id != *link);
                Step::Commit(Vec::new(), Some(policy))
            }
        };
        Some(step)
    }

    fn dropped(&self, change: &Change, why: Why) -> Dropped {
        match change {
            Change::Add(people) => match people.first() {
                Some(first) => Dropped::Add(self.who(first), why),
                None => Dropped::Settings(why),
            },
            Change::Remove(who) | Change::Role(who, _) => Dropped::Change(self.who(who), why),
            _ => Dropped::Settings(why),
        }
    }

    /// The oldest change is done, or makes no sense any more; in the second case a line says so.
    fn drop_change(&mut self, id: &LogId, group: &GroupId, dropped: Option<Dropped>) {
        if let Some(chat) = self.group_chats.all.get_mut(group) {
            chat.changes.pop_front();
        }
        self.group_chats.gathering.remove(id);
        self.save_group_chat(group);
        if let Some(dropped) = dropped {
            self.say_now_in_group(id, GroupLine::Dropped(dropped));
        }
    }

    /// One account cannot be added: the others are.
    fn drop_person(&mut self, id: &LogId, group: &GroupId, account: &AccountId, why: Why) {
        if let Some(chat) = self.group_chats.all.get_mut(group)
            && let Some(Change::Add(people)) = chat.changes.front_mut()
        {
            people.retain(|known| known != account);
        }
        self.save_group_chat(group);
        let who = self.who(account);
        self.say_now_in_group(id, GroupLine::Dropped(Dropped::Add(who, why)));
    }

    /// KeyPackages of all devices of these accounts, once they have come: this device asks for the device logs first.
    fn gathered(
        &mut self,
        id: &LogId,
        people: &[AccountId],
    ) -> Option<Vec<(AccountId, Vec<ClaimedKeyPackage>)>> {
        if !self.online() {
            return None;
        }
        self.group_chats.gathering.or_default(*id);
        if self.looks_up(people) {
            return None;
        }
        let mut all = Vec::new();
        let mut waits = false;
        for account in people {
            let claimed = self.group_chats.gathering.get(id).and_then(|it| it.claimed.get(account)).cloned();
            match claimed {
                Some(Some(packages)) => all.push((*account, packages)),
                Some(None) => waits = true,
                None => {
                    waits = true;
                    self.claim_for_group(id, *account);
                }
            }
        }
        (!waits).then_some(all)
    }

    fn claim_for_group(&mut self, id: &LogId, account: AccountId) {
        if let Some(gathering) = self.group_chats.gathering.get_mut(id) {
            gathering.claimed.insert(account, None);
        }
        let devices = self.known_log(&account).into_iter().flat_map(DeviceLog::devices);
        let devices: Vec<DeviceId> = devices.map(|device| device.id).collect();
        self.claim(account, devices, Pending::GroupClaim { log: *id, account });
    }

    /// KeyPackages of an account came, or none.
    pub(in crate::core) fn group_claimed(
        &mut self,
        id: &LogId,
        account: &AccountId,
        result: Result<Answer, RelayError>,
    ) {
        let packages = match result {
            Ok(Answer::KeyPackages(packages)) => packages.into_vec(),
            Err(error) if let Retry::After(pause) = error.retry() => {
                if let Some(gathering) = self.group_chats.gathering.get_mut(id) {
                    gathering.claimed.remove(account);
                }
                return self.retry_later(pause);
            }
            Ok(_) | Err(_) => Vec::new(),
        };
        if let Some(gathering) = self.group_chats.gathering.get_mut(id) {
            gathering.claimed.insert(*account, Some(packages));
        }
        self.pump_log(id);
    }

    /// Device logs came that groups may wait for.
    pub(in crate::core) fn go_on_gathering(&mut self) {
        let logs: Vec<LogId> = self.group_chats.gathering.keys().copied().collect();
        for id in logs {
            self.pump_log(&id);
        }
    }

    /// Adds every account that can be added; returns whether a commit is on its way. A line tells of each account that
    /// cannot.
    fn commit_adds(
        &mut self,
        id: &LogId,
        group: &GroupId,
        people: Vec<(AccountId, Vec<ClaimedKeyPackage>)>,
    ) -> bool {
        let (mut add, mut to, mut evidence) = (Vec::new(), Vec::new(), Evidence::default());
        let mut room = self
            .group_chats
            .all
            .get(group)
            .map_or(0, |chat| MAX_DEVICES.saturating_sub(chat.devices()))
            .min(SLICE);
        let mut full = false;
        for (account, packages) in people {
            let (packages, forged) = self.usable_packages(&account, &packages);
            match packages.len() {
                0 => {
                    let why = if forged { Why::Forged } else { Why::Unreachable };
                    self.drop_person(id, group, &account, why);
                }
                count if count > room => full = true,
                count => {
                    room = room.saturating_sub(count);
                    evidence.logs.extend(self.known_log(&account).map(|log| log.entries().to_vec()));
                    for (device, package) in packages {
                        add.push(package);
                        to.push(InboxAddress { account, device });
                    }
                }
            }
        }
        self.group_chats.gathering.remove(id);
        if add.is_empty() {
            if full {
                let why = self.group_chats.all.get(group).and_then(|chat| chat.changes.front().cloned());
                let dropped = why.map(|change| self.dropped(&change, Why::Full));
                self.drop_change(id, group, dropped);
            }
            return false;
        }
        let commit = ChatCommit { add, evidence, ..ChatCommit::update(EraStep::Begins) };
        self.commit_group(id, commit, None, &to)
    }

    /// The valid KeyPackages, and whether one was forged.
    fn usable_packages(
        &self,
        account: &AccountId,
        claimed: &[ClaimedKeyPackage],
    ) -> (Vec<(DeviceId, openmls::prelude::KeyPackage)>, bool) {
        let (mut usable, mut forged) = (Vec::new(), false);
        for device in self.known_log(account).into_iter().flat_map(DeviceLog::devices) {
            let Some(package) = claimed.iter().find(|claimed| claimed.device == device.id) else { continue };
            let leaf = Leaf { account: *account, device: device.id, key: device.key };
            match key_package::check(&self.mls, &package.key_package, &leaf) {
                Ok(package) if member_of(&package).is_ok() => usable.push((device.id, package)),
                // A KeyPackage of a version from before groups.
                Ok(_) => {}
                Err(_) => forged = true,
            }
        }
        (usable, forged)
    }

    fn commit_change(&mut self, id: &LogId, remove: Vec<Leaf>, policy: Option<&Policy>) -> bool {
        let now = self.group_chat_of(id).map(|chat| (&chat.policy.links, chat.policy.history));
        let readers = policy.is_some_and(|policy| Some((&policy.links, policy.history)) != now);
        let roles = self.group_chat_of(id).map(|chat| &chat.policy.roles);
        let asks = |policy: &Policy| policy.links.iter().any(|link| link.approval);
        // Who governs from now on can open what is asked from now on, whenever they came.
        let readers = readers || policy.is_some_and(|policy| asks(policy) && Some(&policy.roles) != roles);
        let era = if remove.is_empty() && !readers { self.next_era_step(id) } else { EraStep::Begins };
        let commit = ChatCommit { remove, ..ChatCommit::update(era) };
        self.commit_group(id, commit, policy, &[])
    }

    /// Makes a commit and sends it; returns whether that worked. `wanted` is the policy that the commit must write; the judge
    /// says what else it must write.
    pub(in crate::core) fn commit_group(
        &mut self,
        id: &LogId,
        mut commit: ChatCommit,
        wanted: Option<&Policy>,
        to: &[InboxAddress],
    ) -> bool {
        let only_adds = !commit.add.is_empty() && commit.remove.is_empty() && wanted.is_none();
        if !only_adds {
            commit.own = self.own_leaf_now(id);
        }
        let era = commit.era;
        if !only_adds {
            let context = self.with_group(id, |group, _, _| {
                let (before, deed) = group.deed(&commit)?;
                let context = context_of(&group.id()?, &before, &deed, wanted, &commit.evidence);
                context.map_err(GroupError::Refused)
            });
            let Ok(context) = context else {
                self.retry_later(RETRY);
                return false;
            };
            commit.context = context;
        }
        let policy = commit.context.as_ref().map(|(policy, _)| policy.clone());
        let policy = policy.or_else(|| self.group_chat_of(id).map(|chat| chat.policy.clone()));
        if era == EraStep::Begins && policy.is_some_and(|policy| self.waits_for_link_keys(id, &policy)) {
            return false;
        }
        let made = self.with_group(id, |group, provider, signer| group.commit_chat(provider, signer, commit));
        let Ok(made) = made else {
            self.retry_later(RETRY);
            return false;
        };
        let left = self.package_after(id, &made, era);
        let nonce = self.random.array();
        let sealed = self.group_eras.get(id).map(|era| made.entry.seal(era, *id, &XNonce::from(nonce)));
        let welcomes =
            if to.is_empty() { Some(Welcomes::default()) } else { self.posts(Some(id), made.welcome, to) };
        let (Some(bytes), Some(welcomes)) = (sealed, welcomes) else {
            if self.with_group(id, |group, provider, _| group.drop_pending(provider)).is_err() {
                self.broken(id);
            }
            self.retry_later(RETRY);
            return false;
        };
        if welcomes.is_empty() {
            self.forget_welcomes(id);
        } else {
            self.save(&keys::welcomes(id), &welcomes);
        }
        self.leave_package(id, left.as_ref());
        if let Some(log) = self.logs.get_mut(id) {
            log.commit = Some(PendingCommit { append: AppendId(self.random.array()), bytes, era });
        }
        self.save_pending(id);
        self.send_commit(id);
        true
    }
}

/// Whether the group is as the change wants it.
fn is_done(chat: &GroupChat, change: &Change) -> bool {
    match change {
        Change::Add(people) => people.iter().all(|account| chat.is_member(account)),
        Change::Remove(who) => !chat.is_member(who),
        Change::Role(who, role) => !chat.is_member(who) || chat.policy.role(who) == *role,
        Change::Name(name) => chat.policy.name == *name,
        Change::Picture(hash) => chat.policy.picture == *hash,
        Change::Permissions(permissions) => chat.policy.permissions == *permissions,
        Change::Leave => false,
        Change::History(history) => chat.policy.history() == *history,
        Change::Share(with, _) | Change::ShareSince(with, _) => !chat.is_member(with),
        Change::Link(link) => chat.policy.link(&link.id).is_some(),
        Change::Revoke(link) => chat.policy.link(link).is_none(),
    }
}
