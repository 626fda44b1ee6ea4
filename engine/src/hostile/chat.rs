//! A member of a group who obeys none of the group's rules.

use std::collections::BTreeMap;
use std::rc::Rc;

use openmls::prelude::{LeafNodeIndex, OpenMlsProvider as _};
use parley_crypto::aead::XNonce;
use parley_protocol::bounded::Bytes;
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{AppendCommit, InboxAddress, InboxPost, Request, Welcomes};
use parley_protocol::ids::{AccountId, AppendId, GroupId, LogId, MessageId, Seq, UnixMillis};
use tls_codec::Serialize as _;

use super::Peer;

use crate::channel::group_era::{EraStep, GroupEra};
use crate::channel::log::payload_hash;
use crate::domain::content::{Body, Content, HeadHint, Part};
use crate::group::entry::CommitEntry;
use crate::group::evidence::Evidence;
use crate::group::floors::Floors;
use crate::group::leaf_state::LeafState;
use crate::group::policy::{Policy, Role};
use crate::group::proof::Signed;
use crate::group::state::Member;
use crate::mls::DeviceSigner;
use crate::mls::Provider;
use crate::mls::chat::authenticated_data;
use crate::mls::extensions;
use crate::mls::group::Group;
use crate::records::keys;
use crate::records::state::StateStore;

/// What the entry of an inbox begins with that is a Welcome into a group.
const GROUP_WELCOME: [u8; 2] = [1, 3];

/// What a commit does that no member may make.
#[derive(Debug, Clone)]
pub enum ChatDeed {
    /// It is no commit.
    Garbage,
    /// It removes all devices of an account.
    Remove(AccountId),
    /// It makes the committer's account an owner.
    Govern,
    /// It gives the group another name.
    Rename(String),
}

impl Peer {
    /// A commit into a group's log, which the relay takes: the epoch ends there, and the next one's capability is known to nobody.
    pub fn chat_commit(&mut self, log: LogId, deed: &ChatDeed) -> Request {
        let (epoch, capability) = (self.epoch(log), self.capability(log));
        let commit = if matches!(deed, ChatDeed::Garbage) {
            [self.random.array::<32>(), self.random.array()].concat()
        } else {
            self.forged(log, deed)
        };
        Request::AppendCommit(AppendCommit {
            log,
            capability,
            epoch,
            append: AppendId(self.random.array()),
            commit: Bytes::new(commit).unwrap(),
            next_append: Capability::new(self.random.array()).hash(),
            next_read: None,
            welcomes: Welcomes::default(),
            group_info: None,
        })
    }

    /// Whether a log is of a group that it is in.
    #[must_use]
    pub fn is_chat(&self, log: LogId) -> bool {
        self.groups.get(&log).is_some_and(|group| group.is_chat() && group.is_active())
    }

    /// The id of a group that it is in.
    #[must_use]
    pub fn chat_of(&self, log: LogId) -> GroupId {
        self.groups.get(&log).unwrap().id().unwrap()
    }

    /// Makes another group under this id with somebody, says that its messages are in this log, and posts the Welcome.
    #[must_use]
    pub fn invitation(
        &self,
        group: GroupId,
        named: LogId,
        (to, log): (InboxAddress, &DeviceLog),
        key_package: &[u8],
    ) -> Request {
        let provider = Provider::new(self.random.clone(), Rc::new(StateStore::new(BTreeMap::new())));
        let state = LeafState::new(self.log.head(), self.random.array());
        let own = Member { leaf: self.identity().leaf(), state, by_key_package: true };
        let evidence = Evidence { logs: vec![log.entries().to_vec()], leaves: Vec::new(), link: None };
        let policy = Policy::new("Copy", self.account.id);
        let (others, signer) = ([self.unchecked(key_package)], DeviceSigner(&self.key));
        let made = Group::create_chat(&provider, &signer, &own, group, &policy, (&others, evidence));
        let welcome = made.unwrap().1;
        let parts =
            [GROUP_WELCOME.as_slice(), named.as_bytes(), welcome.beginnings.first().unwrap(), &welcome.end];
        let payload = Bytes::new(parts.concat()).unwrap();
        Request::PostInbox(InboxPost { to, append: AppendId(self.random.array()), payload })
    }

    /// What members encrypt to, in the order of their leaves: what their devices' last commits have put there.
    pub fn leaf_keys(&mut self, log: LogId) -> Vec<Vec<u8>> {
        let mls = self.groups.get_mut(&log).unwrap().raw();
        mls.members().map(|member| member.encryption_key).collect()
    }

    /// How many leaves are still as a KeyPackage brought them.
    #[must_use]
    pub fn leaves_by_key_packages(&self, log: LogId) -> usize {
        self.groups
            .get(&log)
            .unwrap()
            .state()
            .unwrap()
            .members()
            .filter(|member| member.by_key_package)
            .count()
    }

    /// What the relay knows a group era by.
    #[must_use]
    pub fn era_read(&self, log: LogId) -> CapabilityHash {
        self.group_era(log).read_capability().hash()
    }

    /// Goes on in the log in which the others go on after they refuse this entry.
    pub fn go_on_after(&mut self, log: LogId, seq: Seq, payload: &[u8]) -> LogId {
        let era = self.group_era(log);
        let group = self.groups.remove(&log).unwrap();
        let next = LogId(group.successor(&self.provider, &log, seq, &payload_hash(payload)).unwrap());
        self.provider.storage().0.put(&keys::group_era(&next), &era).unwrap();
        self.groups.insert(next, group);
        next
    }

    pub(super) fn group_era(&self, log: LogId) -> GroupEra {
        self.provider.storage().0.get(&keys::group_era(&log)).unwrap().unwrap()
    }

    fn forged(&mut self, log: LogId, deed: &ChatDeed) -> Vec<u8> {
        let era = self.group_era(log);
        let own = self.account.id;
        let group = self.groups.get_mut(&log).unwrap();
        let state = group.state().unwrap();
        let mut policy = state.policy.clone();
        match deed {
            ChatDeed::Govern => policy.set_role(own, Role::Owner),
            ChatDeed::Rename(name) => policy.name.clone_from(name),
            _ => {}
        }
        let going = state.leaves.iter().filter(
            |(_, member)| matches!(deed, ChatDeed::Remove(account) if member.leaf.account == *account),
        );
        let going: Vec<LeafNodeIndex> = going.map(|(index, _)| LeafNodeIndex::new(*index)).collect();
        let evidence = Evidence::default();
        let mls = group.raw();
        mls.set_aad(authenticated_data(EraStep::Begins, &evidence));
        let mut builder = mls.commit_builder().force_self_update(true).propose_removals(going);
        if policy != state.policy {
            let context = extensions::context(&policy, &Floors::default()).unwrap();
            builder = builder.propose_group_context_extensions(context).unwrap();
        }
        let bundle = builder
            .load_psks(self.provider.storage())
            .unwrap()
            .build(self.provider.rand(), self.provider.crypto(), &DeviceSigner(&self.key), |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let message = bundle.into_commit().tls_serialize_detached().unwrap();
        group.drop_pending(&self.provider).unwrap();
        let entry = CommitEntry { message, evidence, group_info: Vec::new() };
        entry.seal(&era, log, &XNonce::from(self.random.array()))
    }

    /// Encrypts a text as a group's member, with this id, signed as it should be.
    pub fn signed(&mut self, log: LogId, id: MessageId, text: &str) -> Vec<u8> {
        let part = Part::of_text(text.to_owned());
        self.signed_part(log, id, part)
    }

    /// The same of anything.
    pub(super) fn signed_part(&mut self, log: LogId, id: MessageId, part: Part) -> Vec<u8> {
        let (epoch, group) = (self.epoch(log), self.groups.get(&log).unwrap().id().unwrap());
        let (account, device, time) = (self.account.id, self.account.device, UnixMillis(3));
        let signed = Signed { group, account, device, id, time, epoch, part: &part };
        let signature = Some(signed.sign(&self.key).signature);
        let head = HeadHint::of(&self.log.head());
        let body = Body::Part(part);
        let content = Content { id, time, head, claim: None, token: None, signature, body };
        self.seal(log, &content.encode().unwrap())
    }

    /// Encrypts a text as a group's member, without a signature or with one over something else.
    pub fn unsigned(&mut self, log: LogId, text: &str) -> Vec<u8> {
        let head = HeadHint::of(&self.log.head());
        let content = Content {
            id: MessageId(self.random.array()),
            time: UnixMillis(3),
            head,
            claim: None,
            token: None,
            signature: None,
            body: Body::Part(Part::of_text(text.to_owned())),
        };
        self.seal(log, &content.encode().unwrap())
    }
}
