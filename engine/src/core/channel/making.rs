//! Makes the group of a conversation: fetches a fresh device log and KeyPackages, makes the group, and creates the log at the
//! relay.

use parley_protocol::bounded::List;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{
    Answer, ClaimKeyPackages, ClaimedKeyPackage, CreateLog, InboxAddress, RelayError, Request, Retry,
};
use parley_protocol::ids::{AccountId, DeviceId, GroupId, LogId, Seq};

use crate::channel::group_era::GroupEra;
use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::core::relay_session::connecting::REFUSED;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::conversation::ConversationKey;
use crate::mls::credential::Leaf;
use crate::mls::group::{Group, GroupError};
use crate::mls::{DeviceSigner, Provider, key_package, welcome};
use crate::view::{WaitReason, Warning};

/// First bytes of an inbox entry that is a Welcome: format version and kind.
pub(in crate::core) const WELCOME: [u8; 2] = [1, 1];
/// First bytes of a Welcome into a group; the id of the group's log follows.
pub(in crate::core) const GROUP_WELCOME: [u8; 2] = [1, 3];

/// Why the engine could not make a group now.
enum CreateError {
    /// A KeyPackage does not belong to its device: the relay swapped it.
    Forged,
    /// No device can be added.
    Unreachable,
    /// This device's state does not allow it.
    State,
}

impl Engine {
    /// Runs `work` on a group; if `work` fails, the group and the state are as before.
    pub(in crate::core) fn with_group<T>(
        &mut self,
        id: &LogId,
        work: impl FnOnce(&mut Group, &Provider, &DeviceSigner<'_>) -> Result<T, GroupError>,
    ) -> Result<T, GroupError> {
        let mark = self.state.mark();
        let key = self.key.as_ref().ok_or(GroupError::State)?;
        let mut group = if let Some(group) = self.groups.remove(id) {
            group
        } else {
            let group = self.logs.get(id).map(|log| log.group).ok_or(GroupError::State)?;
            Box::new(Group::load(&self.mls, group)?)
        };
        let result = work(&mut group, &self.mls, &DeviceSigner(key));
        match result {
            Ok(_) => drop(self.groups.insert(*id, group)),
            Err(_) => self.state.roll_back(mark),
        }
        result
    }

    /// An epoch of a log begins after a place, and its history hash begins there too.
    pub(in crate::core) fn begin_history(&mut self, id: &LogId, after: Seq) {
        // Without its keys this device gives up the log at the next entry.
        if let Ok(seed) = self.with_group(id, |group, provider, _| group.history_seed(provider)) {
            self.transcripts.or_default(*id).begin_epoch(&seed, after);
        }
    }

    /// Begins to make a group with `peer`, or continues.
    pub(in crate::core) fn ensure_group(&mut self, peer: AccountId) {
        let under_way = |pending: &Pending| matches!(pending, Pending::Freshen(account) | Pending::Claim(account) if *account == peer);
        if !self.online() || self.is_pending(under_way) || !self.is_registered() {
            return;
        }
        let known = self.contacts.contains_key(&peer) || self.is_own_account(&peer);
        if self.link.forged.contains(&peer) || !known || !self.consents_to(&peer) {
            return;
        }
        let pause = self.resyncs.pause(&ConversationKey::Peer(peer), self.steady);
        if pause > 0 {
            return self.retry_later(u32::try_from(pause).unwrap_or(u32::MAX));
        }
        self.look_up(peer, Pending::Freshen(peer));
    }

    pub(in crate::core) fn is_registered(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.registered)
    }

    pub(in crate::core) fn freshened(&mut self, peer: AccountId, result: Result<Found, LookUpError>) {
        match result {
            Ok(found) => {
                if self.is_own_account(&peer) {
                    self.take_own_log(found.log);
                } else {
                    self.update_contact(&peer, found);
                }
                self.claim_all(peer);
            }
            Err(LookUpError::Forged) => self.warn(&peer, Warning::ForgedKeys),
            Err(LookUpError::Relay(error)) => self.retry_after(peer, error),
        }
    }

    /// Claims a KeyPackage of each device of an account except this device.
    fn claim_all(&mut self, peer: AccountId) {
        let own = self.account.as_ref().map(|account| account.device);
        let devices = self.known_log(&peer).into_iter().flat_map(DeviceLog::devices).map(|device| device.id);
        let devices = devices.filter(|device| Some(*device) != own).collect();
        self.claim(peer, devices, Pending::Claim(peer));
    }

    /// Claims a KeyPackage of each of these devices; an account has no more devices than a request may name.
    pub(in crate::core) fn claim(&mut self, account: AccountId, devices: Vec<DeviceId>, pending: Pending) {
        let devices = List::new(devices).unwrap_or_default();
        self.ask(Request::ClaimKeyPackages(ClaimKeyPackages { account, devices }), pending);
    }

    fn retry_after(&mut self, peer: AccountId, error: RelayError) {
        self.held_up_by(peer, error, WaitReason::TooMany);
        match error.retry() {
            Retry::After(pause) => self.retry_later(pause),
            // The engine tries again at the next connection, or when the person sends something.
            Retry::AfterCatchUp | Retry::Never => self.retry_later(60_000),
        }
    }

    pub(in crate::core) fn warn(&mut self, peer: &AccountId, warning: Warning) {
        self.link.forged.insert(*peer);
        if let Some(contact) = self.contacts.get_mut(peer) {
            contact.warning = Some(warning);
            self.save_contact(peer);
        }
    }

    fn keys_are_genuine(&mut self, peer: &AccountId) {
        if let Some(contact) = self.contacts.get_mut(peer)
            && contact.warning == Some(Warning::ForgedKeys)
        {
            contact.warning = None;
            self.save_contact(peer);
        }
    }

    pub(in crate::core) fn claimed(&mut self, peer: AccountId, result: Result<Answer, RelayError>) {
        let packages = match result {
            Ok(Answer::KeyPackages(packages)) => packages,
            Ok(_) => return self.retry_later(60_000),
            Err(error) => return self.retry_after(peer, error),
        };
        // A Welcome from the contact may have come in the meantime.
        let key = ConversationKey::Peer(peer);
        if self.usable_log(&key).is_some() || !self.consents_to(&peer) {
            return self.pump(key.id());
        }
        let mark = self.state.mark();
        match self.create_group(peer, &packages) {
            Ok(log) => {
                self.keys_are_genuine(&peer);
                self.send_creation(&log);
            }
            Err(error) => {
                self.state.roll_back(mark);
                match error {
                    CreateError::Forged => self.warn(&peer, Warning::ForgedKeys),
                    // A device that is being linked uploads its KeyPackages in a moment.
                    CreateError::Unreachable if self.is_own_account(&peer) => self.retry_later(2_000),
                    CreateError::Unreachable => {
                        self.hold_up(peer, WaitReason::NoDevice);
                        self.retry_later(60_000);
                    }
                    CreateError::State => self.retry_later(60_000),
                }
            }
        }
    }

    fn create_group(
        &mut self,
        peer: AccountId,
        packages: &[ClaimedKeyPackage],
    ) -> Result<LogId, CreateError> {
        let (signer, account) = self.signer().ok_or(CreateError::State)?;
        let own = account.device;
        let contact = self.contacts.get(&peer).map(|contact| &contact.log);
        let log = contact.or(self.own_log.as_ref().filter(|log| log.account() == peer));
        let log = log.ok_or(CreateError::State)?;
        let mut members = Vec::new();
        let mut devices = Vec::new();
        let now = self.steady;
        let takes = |device: &DeviceId| *device != own && !self.membership.is_full(device, now);
        let left_out = log.devices().any(|device| device.id != own && !takes(&device.id));
        for device in log.devices().filter(|device| takes(&device.id)) {
            let Some(claimed) = packages.iter().find(|claimed| claimed.device == device.id) else {
                continue;
            };
            let expected = Leaf { account: peer, device: device.id, key: device.key };
            let checked = key_package::check(&self.mls, &claimed.key_package, &expected);
            members.push(checked.map_err(|_| CreateError::Forged)?);
            devices.push(InboxAddress { account: peer, device: device.id });
        }
        if members.is_empty() {
            return Err(CreateError::Unreachable);
        }
        let (group, key) = (GroupId(self.random.array()), ConversationKey::Peer(peer));
        let id = group.first_log();
        let leaf = account.leaf(signer.0);
        let (made, welcome) =
            Group::create(&self.mls, &signer, &leaf, group, &members).map_err(|_| CreateError::State)?;
        let era = made.era(&self.mls, self.now).map_err(|_| CreateError::State)?;
        let creation = self.creation((id, &made, &era), welcome, &devices).ok_or(CreateError::State)?;
        let mut log = Log::new(id, group, key, Stage::Creating, self.now);
        log.creation = Some(creation);
        self.groups.insert(id, Box::new(made));
        self.logs.insert(id, log);
        self.save_log(&id);
        self.save_pending(&id);
        self.keep_group_era(&id, era);
        self.begin_history(&id, Seq(0));
        self.save_transcript(&id);
        self.add_log_to_conversation(key, id);
        self.membership.unsettle(&id);
        if left_out {
            self.membership.is_left_out_of(&id);
        }
        Ok(id)
    }

    fn creation(
        &self,
        (log, group, era): (LogId, &Group, &GroupEra),
        welcome: welcome::Parts,
        devices: &[InboxAddress],
    ) -> Option<CreateLog> {
        Some(CreateLog {
            log,
            epoch: group.epoch(),
            append: group.capability(&self.mls).ok()?.hash(),
            read: era.read_capability().hash(),
            welcomes: self.posts(None, welcome, devices)?,
            group_info: None,
        })
    }

    pub(in crate::core) fn send_creation(&mut self, id: &LogId) {
        if !self.may_write_into(id) {
            return;
        }
        let Some(creation) = self.logs.get(id).and_then(|log| log.creation.clone()) else {
            return;
        };
        self.live.or_default(*id).creating = true;
        self.leave_stamp();
        let request = self.of_groups().with_links(creation);
        self.ask(request, Pending::Create(*id));
    }

    pub(in crate::core) fn created(&mut self, id: &LogId, result: Result<Answer, RelayError>) {
        self.live.or_default(*id).creating = false;
        match result {
            Ok(Answer::Done) => self.is_created(id),
            Ok(Answer::Undelivered(full)) => self.create_without(id, &full),
            Ok(_) => self.retry_later(REFUSED),
            Err(error) => match error.retry() {
                Retry::After(pause) => {
                    if let Some(peer) = self.logs.get(id).and_then(Log::peer) {
                        self.held_up_by(peer, error, WaitReason::InboxFull);
                    }
                    self.retry_later(pause);
                }
                // A device was removed in between, or the id is taken: the engine makes another group, more slowly each time.
                // Nothing was written in this one.
                Retry::AfterCatchUp | Retry::Never if self.group_of(id).is_some() => {
                    self.of_groups().group_log_refused(id, error);
                }
                Retry::AfterCatchUp | Retry::Never => {
                    if let Some(key) = self.logs.get(id).map(|log| log.conversation) {
                        self.resyncs.count(key, self.steady);
                    }
                    self.end_log(id);
                    self.retry_later(1_000);
                }
            },
        }
    }

    fn is_created(&mut self, id: &LogId) {
        if let Some(log) = self.logs.get_mut(id) {
            log.stage = Stage::Active;
            log.creation = None;
            let (key, peer) = (log.conversation, log.peer());
            if let Some(peer) = peer {
                self.let_go(&peer);
            }
            self.changed.conversations.insert(key.id());
        }
        self.save_log(id);
        self.save_pending(id);
        self.resume_log(id);
        self.pump_log(id);
        self.own_conversation_made(id);
    }

    /// Some inboxes take nothing: makes another group without their devices.
    fn create_without(&mut self, id: &LogId, full: &[InboxAddress]) {
        let creation = self.logs.get(id).and_then(|log| log.creation.as_ref());
        let to: Vec<InboxAddress> = creation
            .iter()
            .flat_map(|creation| creation.welcomes.posts.iter())
            .map(|welcome| welcome.to)
            .collect();
        if self.are_full(full, &to) {
            self.end_log(id);
        } else {
            self.retry_later(REFUSED);
        }
    }

    pub(in crate::core) fn add_log_to_conversation(&mut self, key: ConversationKey, log: LogId) {
        let conversation = self.conversation_of_key(key);
        if let Some(conversation) = self.conversations.get_mut(&conversation) {
            conversation.add_log(log);
        }
        self.save_conversation(conversation);
    }

    /// The log for messages of a conversation: the first that is not dead, the same on both sides.
    pub(in crate::core) fn usable_log(&self, key: &ConversationKey) -> Option<LogId> {
        let conversation = self.conversations.get(&key.id())?;
        let retired = |id: &LogId| self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        let alive =
            |id: &&LogId| self.logs.get(id).is_some_and(|log| log.stage != Stage::Dead) && !retired(id);
        let mut alive = conversation.logs.iter().filter(alive);
        // A removed device may have chosen the id of its log so that it comes first.
        let tainted = |id: &&LogId| self.tainted.contains(id);
        alive.clone().find(|id| !tainted(id)).or_else(|| alive.next()).copied()
    }

    /// This device can read no more of a log.
    pub(in crate::core) fn give_up(&mut self, id: &LogId) {
        if let Some(cursor) = self.logs.get(id).map(|log| log.cursor) {
            self.abandon(id, cursor);
        }
    }

    /// Ends a log that cannot be used any more. The engine encrypts what waits for it again for another log.
    pub(in crate::core) fn end_log(&mut self, id: &LogId) {
        let Some(log) = self.logs.get_mut(id) else {
            return;
        };
        log.stage = Stage::Dead;
        log.creation = None;
        log.commit = None;
        let (key, group) = (log.conversation, log.group);
        self.save_log(id);
        self.save_pending(id);
        self.unsubscribe(id);
        self.live.remove(id);
        self.reorder_buffer.forget(id);
        self.save_early(id);
        self.forget_group_era(id);
        let group = self.groups.remove(id).or_else(|| Group::load(&self.mls, group).ok().map(Box::new));
        let mark = self.state.mark();
        if group.is_some_and(|group| group.delete(&self.mls).is_err()) {
            self.state.roll_back(mark);
        }
        self.unseal(id);
        self.tell_receipts_again(&key);
        self.changed.connection = true;
        self.pump(key.id());
    }
}
