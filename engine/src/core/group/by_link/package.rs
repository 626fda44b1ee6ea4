//! Makes the data that members leave at the relay for those who join by a link: the group at the beginning of a group era,
//! and the era's secret for each link. A member sends the data with the commit that begins the era, or with the log that
//! succeeds another.

use parley_crypto::aead::XNonce;
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, CreateLinkedLog, CreateLog, LinkSlot, LinkSlots, RelayError,
    Request, Retry,
};
use parley_protocol::ids::{GroupId, LogId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::channel::group_era::{EraStep, GroupEra, PastEra};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::group::link::ask::AskKey;
use crate::group::link::{LinkId, LinkKeys, Package};
use crate::group::policy::Policy;
use crate::mls::chat::MadeCommit;
use crate::records::keys;

/// The package that goes with a commit that is on its way. As stored.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::core) struct Left {
    package: Package,
    /// The time at which each link expires.
    expiries: Vec<(LinkId, Option<UnixMillis>)>,
}

impl Engine {
    /// Whether a commit that begins a group era must wait: this device lacks the public keys of a link and asks the relay for
    /// them.
    pub(in crate::core::group) fn waits_for_link_keys(&mut self, id: &LogId, policy: &Policy) -> bool {
        let Some(group) = self.group_of(id) else { return false };
        let links = self.links_of(&group);
        let lacks = policy.links.iter().any(|link| !links.keys.iter().any(|keys| keys.id() == link.id));
        if !lacks || self.group_chats.by_link.asked.contains(id) {
            return false;
        }
        let Some(capability) = self.group_eras.get(id).map(GroupEra::read_capability) else { return false };
        if self.online() && !self.is_pending(|pending| *pending == Pending::GroupPackage(*id)) {
            self.ask(Request::FetchGroupInfo { log: *id, capability }, Pending::GroupPackage(*id));
        }
        true
    }

    /// The relay's package came, for a member.
    pub(in crate::core) fn group_package_came(&mut self, id: &LogId, result: Result<Answer, RelayError>) {
        if let Err(error) = &result
            && let Retry::After(pause) = error.retry()
        {
            return self.retry_later(pause);
        }
        // This device asks only once for keys that are not there: links without known keys lead nowhere from then on.
        self.group_chats.by_link.asked.insert(*id);
        let era = self.group_eras.get(id).cloned();
        let opened = match (result, era) {
            (Ok(Answer::GroupInfo { sealed: Some(sealed), .. }), Some(era)) => {
                Package::open(&era, *id, &sealed).ok()
            }
            _ => None,
        };
        self.catch_up_with(id, opened.as_ref().map(|package| package.past.clone()));
        if let Some((group, package)) = self.group_of(id).zip(opened)
            && let Some(policy) = self.group_chats.all.get(&group).map(|chat| chat.policy.clone())
            && self.links_of(&group).learn(&policy, package.keys)
        {
            self.save_links(&group);
        }
        self.pump_log(id);
    }

    /// The package for a commit, if the commit begins a group era and links lead into the group after it.
    pub(in crate::core::group) fn package_after(
        &self,
        id: &LogId,
        made: &MadeCommit,
        era: EraStep,
    ) -> Option<Left> {
        if era == EraStep::GoesOn {
            return None;
        }
        let seen = (made.entry.group_info.clone(), made.tree.clone());
        let policy = &made.judged.after.policy;
        let past = self.past_to_hand_on(id, policy, self.group_eras.get(id));
        self.package(id, policy, seen, past)
    }

    /// Keeps the package until the commit is done.
    pub(in crate::core::group) fn leave_package(&self, id: &LogId, left: Option<&Left>) {
        match left {
            Some(left) => self.save(&keys::group_package(id), left),
            None => self.state.delete(&keys::group_package(id)),
        }
    }

    fn package(
        &self,
        id: &LogId,
        policy: &Policy,
        seen: (Vec<u8>, Vec<u8>),
        past: Vec<PastEra>,
    ) -> Option<Left> {
        let group = self.group_of(id)?;
        if policy.links.is_empty() && !policy.keeps_history() {
            return None;
        }
        let (chat, links) = (self.group_chats.all.get(&group)?, self.group_chats.by_link.of.get(&group));
        let leads = |keys: &&LinkKeys| policy.link(&keys.id()).is_some_and(|link| link.keys == keys.hash());
        let known = links.map(|links| links.keys.as_slice()).unwrap_or_default();
        let keys: Vec<LinkKeys> = known.iter().filter(leads).cloned().collect();
        let spoiled = |id: &LinkId| links.is_some_and(|links| links.spoiled.contains(id));
        let expiries: Vec<_> = policy
            .links
            .iter()
            .filter(|link| !spoiled(&link.id))
            .map(|link| (link.id, link.expires))
            .collect();
        let (group_info, tree) = seen;
        let shown = policy.picture == Some(crate::core::group::hash_of(&chat.picture));
        let picture = if shown { chat.picture.clone() } else { Vec::new() };
        let own = self.own_name();
        let others =
            chat.names.values().filter(|name| own.as_ref().is_none_or(|own| own.account != name.account));
        let names = others.cloned().chain(own.clone()).collect();
        Some(Left { package: Package { group_info, tree, keys, picture, names, past }, expiries })
    }

    /// The request for a commit: with a package for joiners by a link, if the commit begins a group era.
    pub(in crate::core) fn with_package(&mut self, commit: AppendCommit, next: Option<&GroupEra>) -> Request {
        let left: Option<Left> = self.state.get(&keys::group_package(&commit.log)).ok().flatten();
        let asks = self.with_group(&commit.log, |mls, provider, _| mls.next_ask_key(provider)).ok();
        let sealed = left
            .zip(next)
            .and_then(|(left, era)| self.seal_package(&commit.log, &left, (era, asks.as_ref())));
        match sealed {
            Some((package, links)) => {
                let commit = AppendCommit { group_info: Some(package), ..commit };
                Request::AppendLinkedCommit(AppendLinkedCommit { commit, links })
            }
            None => Request::AppendCommit(commit),
        }
    }

    /// A log as it is made: links that led into the one before lead into it. None do that somebody makes whom nobody has confirmed yet:
    /// in a relay's copy of the group, of which they know nothing, they would lead everybody there who has the link.
    pub(in crate::core) fn with_links(&mut self, creation: CreateLog) -> Request {
        let id = creation.log;
        let sealed = self.package_now(&id).and_then(|left| {
            let era = self.group_eras.get(&id).cloned()?;
            self.seal_package(&id, &left, (&era, self.ask_key(&id).as_ref()))
        });
        match sealed {
            Some((package, links)) => {
                let creation = CreateLog { group_info: Some(package), ..creation };
                Request::CreateLinkedLog(CreateLinkedLog { creation, links })
            }
            None => Request::CreateLog(creation),
        }
    }

    fn package_now(&mut self, id: &LogId) -> Option<Left> {
        let group: GroupId = self.group_of(id)?;
        let policy = self.group_chats.all.get(&group)?.policy.clone();
        let unconfirmed = self.group_chats.by_link.is_unconfirmed(&group);
        if unconfirmed || policy.links.is_empty() && !policy.keeps_history() {
            return None;
        }
        let seen = self.with_group(id, |mls, provider, signer| mls.package(provider, signer)).ok()?;
        let past = self.past_to_hand_on(id, &policy, None);
        self.package(id, &policy, seen, past)
    }

    /// None if the package is too large, or no link leads into the group.
    fn seal_package(
        &self,
        id: &LogId,
        left: &Left,
        (era, asks): (&GroupEra, Option<&AskKey>),
    ) -> Option<(Bytes<{ parley_protocol::limits::MAX_GROUP_INFO }>, LinkSlots)> {
        let nonce: XNonce = self.random.array();
        let asks = asks.filter(|_| !left.expiries.is_empty()).map(AskKey::public);
        let package = Bytes::new(left.package.seal(asks.as_deref(), era, *id, &nonce)?).ok()?;
        let slots = left.expiries.iter().filter_map(|(link, expires)| {
            let keys = left.package.keys.iter().find(|keys| keys.id() == *link)?;
            let wrap = Bytes::new(keys.wrap(&self.random, *id, era.expose())?).ok()?;
            Some(LinkSlot { link: keys.capability, wrap, expires: *expires })
        });
        let slots: Vec<LinkSlot> = slots.collect();
        Some((package, List::new(slots).ok()?))
    }
}
