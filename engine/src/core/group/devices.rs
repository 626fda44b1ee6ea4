//! The devices of a group's members: this device's leaf, and how the group follows the device logs of all members.

use openmls::prelude::KeyPackage;
use parley_protocol::device_log::{DeviceLog, LogHead, Signature};
use parley_protocol::frame::InboxAddress;
use parley_protocol::ids::{AccountId, DeviceId, LogId, MessageId, UnixMillis};
use sha2::{Digest as _, Sha256};

use crate::channel::group_era::EraStep;
use crate::core::Engine;
use crate::domain::content::{Body, Part};
use crate::domain::conversation::{ConversationKey, id_of};
use crate::domain::outbox::Sealed;
use crate::group::evidence::Evidence;
use crate::group::leaf_state::LeafState;
use crate::group::proof::{Proof, Signed};
use crate::group::state::Member;
use crate::mls::chat::ChatCommit;
use crate::mls::credential::Leaf;
use crate::mls::extensions::member_of;
use crate::mls::group::GroupError;

/// Each device waits this much longer than the one before it, in milliseconds, and there are this many places.
const STEP: u64 = 700;
const PLACES: u64 = 16;
/// For this long after a request, in milliseconds (10 minutes), the engine does not ask for a member's device log again.
const MEMBERS_CHECKED_FOR: u64 = 600_000;

impl Engine {
    /// This device's leaf, as a new one would be now.
    pub(super) fn own_member(&self) -> Option<Member> {
        let (signer, account) = self.signer()?;
        let head = self.own_log.as_ref()?.head();
        let leaf = account.leaf(signer.0);
        let state = LeafState::new(head, self.random.array());
        Some(Member { leaf, state, by_key_package: true })
    }

    /// The state of this device's leaf in a group from its next commit on: the current head of the own device log.
    pub(super) fn own_leaf_now(&mut self, id: &LogId) -> Option<LeafState> {
        let own = self.own_member()?;
        let state = self.with_group(id, |mls, _, _| mls.state()).ok()?;
        let before = state.member(&own.leaf)?.state;
        let head = if own.state.head.length > before.head.length { own.state.head } else { before.head };
        Some(LeafState { version: own.state.version, head, ..before })
    }

    /// How long this device leaves tasks of any member to others, in milliseconds; zero outside groups.
    pub(in crate::core) fn turn_in_group(&self, id: &LogId) -> u64 {
        let (Some(group), Some(account)) = (self.group_of(id), self.account.as_ref()) else { return 0 };
        let text = [group.as_bytes().as_slice(), account.device.as_bytes()].concat();
        let digest: [u8; 32] = Sha256::digest(text).into();
        let place = digest.first().map_or(0, |byte| u64::from(*byte)) % PLACES;
        place.saturating_mul(STEP)
    }

    /// Whether it is this device's turn to do a task of any member; if not, sets a timer.
    pub(super) fn is_turn_in_group(&mut self, id: &LogId) -> bool {
        let (now, wait) = (self.steady, self.turn_in_group(id));
        let at = *self.group_chats.turns.or_insert_with(*id, || now.after(wait));
        let left = at.since(now);
        if left > 0 {
            self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
            return false;
        }
        self.group_chats.turns.remove(id);
        true
    }

    /// Asks for the device logs of all members before this device writes anything, once on each connection and again after
    /// some minutes; returns whether a request is under way. An account's own devices follow its log at once, in all groups:
    /// this is for when none of them is online.
    pub(in crate::core) fn check_members_of(&mut self, id: &LogId) -> bool {
        let Some(chat) = self.group_chat_of(id) else { return false };
        let members: Vec<AccountId> = chat.members.iter().map(|(account, _)| *account).collect();
        let unchecked: Vec<AccountId> = members
            .iter()
            .filter(|account| !self.checked_within(account, MEMBERS_CHECKED_FOR))
            .copied()
            .collect();
        for account in &unchecked {
            self.link.checked.insert(*account, self.steady);
        }
        self.ask_device_logs(unchecked);
        members.iter().any(|account| self.asks_device_log(account))
    }

    /// Asks for the device logs of accounts that will be added; returns whether a request is under way.
    pub(super) fn looks_up(&mut self, people: &[AccountId]) -> bool {
        let stale: Vec<AccountId> =
            people.iter().filter(|account| !self.checked_lately(account)).copied().collect();
        for account in &stale {
            self.link.checked.insert(*account, self.steady);
        }
        self.ask_device_logs(stale);
        people.iter().any(|account| self.asks_device_log(account))
    }

    /// Devices in a group that have said, since they last committed there, that they were rolled back.
    pub(in crate::core) fn lost_in_group(&mut self, id: &LogId) -> Vec<Leaf> {
        let Ok(state) = self.with_group(id, |mls, _, _| mls.state()) else { return Vec::new() };
        let is_lost = |member: &&Member| {
            let log = self.known_log(&member.leaf.account);
            let known = log.filter(|log| log.contains(&member.state.head));
            let here = known.filter(|log| log.device(&member.leaf.device).is_some());
            here.is_some_and(|log| said_after(log, &member.state.head, &member.leaf.device))
        };
        state.members().filter(is_lost).map(|member| member.leaf).collect()
    }

    /// Whether a KeyPackage is newer than what the device log says of its device's loss.
    pub(in crate::core) fn is_since_loss(&self, key_package: &KeyPackage, leaf: &Leaf) -> bool {
        let member = member_of(key_package).ok();
        let log = self.known_log(&leaf.account);
        let knows = member.zip(log).filter(|(member, log)| log.contains(&member.state.head));
        knows.is_some_and(|(member, log)| !said_after(log, &member.state.head, &leaf.device))
    }

    /// Commits what device logs say: adds and removes these devices.
    pub(in crate::core) fn follow_device_logs(
        &mut self,
        id: &LogId,
        add: Vec<KeyPackage>,
        to: &[InboxAddress],
        extra: &[Leaf],
    ) {
        let returns =
            |leaf: &&Leaf| to.iter().any(|to| to.account == leaf.account && to.device == leaf.device);
        let leaving = extra.iter().filter(|leaf| !returns(leaf)).map(|leaf| leaf.account);
        let mut accounts: Vec<AccountId> = to.iter().map(|to| to.account).chain(leaving).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let logs = accounts.iter().filter_map(|account| self.known_log(account));
        let evidence = Evidence {
            logs: logs.map(|log| log.entries().to_vec()).collect(),
            leaves: Vec::new(),
            link: None,
        };
        let remove = extra.to_vec();
        let commit = ChatCommit { add, remove, evidence, ..ChatCommit::update(EraStep::Begins) };
        if !self.commit_group(id, commit, None, to) {
            // The engine does not try again at once: nothing will have changed.
            self.let_alone(id, to);
        }
    }

    /// Signs a part for a group; other bodies, and conversations that are no groups, have no signature.
    pub(in crate::core) fn sign_in_group(
        &mut self,
        id: &LogId,
        message: MessageId,
        time: UnixMillis,
        body: &Body,
    ) -> Result<Option<Signature>, GroupError> {
        let (Some(group), Body::Part(part)) = (self.group_of(id), body) else { return Ok(None) };
        let epoch = self.with_group(id, |mls, _, _| Ok(mls.epoch()))?;
        let (signer, account) = self.signer().ok_or(GroupError::State)?;
        let (account, device) = (account.id, account.device);
        let said = Signed { group, account, device, id: message, time, epoch, part };
        Ok(Some(said.sign(signer.0).signature))
    }

    /// The proof of an own message of a group, as it was sealed.
    pub(in crate::core) fn own_proof(
        &self,
        sealed: &Sealed,
        id: MessageId,
        time: UnixMillis,
        part: &Part,
    ) -> Option<Proof> {
        let group = self.group_of(&sealed.log)?;
        let (signer, account) = self.signer()?;
        let (account, device, epoch) = (account.id, account.device, sealed.epoch);
        Some(Signed { group, account, device, id, time, epoch, part }.sign(signer.0))
    }

    /// What this device knows of an account has changed: updates its groups in the views.
    pub(in crate::core) fn show_member(&mut self, account: &AccountId) {
        let groups: Vec<_> = self
            .group_chats
            .all
            .values()
            .filter(|chat| chat.is_member(account))
            .map(|chat| ConversationKey::Group(chat.group).id())
            .collect();
        self.changed.conversations.extend(groups);
        self.changed.conversations.insert(id_of(account));
    }
}

/// Whether a device says in its account's log, after this place, that it was rolled back.
fn said_after(log: &DeviceLog, head: &LogHead, device: &DeviceId) -> bool {
    let before = usize::try_from(head.length).unwrap_or(usize::MAX);
    log.rolled_back_since(before).any(|said| said == *device)
}
