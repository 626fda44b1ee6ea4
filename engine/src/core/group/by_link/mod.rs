//! Invite links of groups: made and revoked ([`making`]), what members leave at the relay for who comes by one ([`package`]), looking at
//! a group from outside ([`visiting`]) and coming in ([`entering`]), with every member offline; or asking to be let in ([`asking`]), which
//! members see ([`asks`]).

mod asking;
mod asks;
mod entering;
mod making;
mod package;
mod visiting;

use std::collections::VecDeque;

use parley_protocol::ids::{AccountId, GroupId, LogId};
use serde::{Deserialize, Serialize};

pub(in crate::core) use self::entering::Entering;
pub(super) use self::visiting::{Visit, Wants};
use crate::core::Engine;
use crate::group::link::{LinkId, LinkKeys, LinkSecret};
use crate::group::policy::Policy;
use crate::group::state::State;
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;
use crate::view::ViewRequestId;

/// Most accounts that may confirm a group, for each group.
const MOST_CONFIRMERS: usize = 64;
/// A request to be let in waits for so long, in milliseconds (30 days): as long as the relay has messages.
const ASK_LASTS: u64 = 30 * 24 * 3600 * 1000;

/// What this device knows of the links of a group beside the group's policy. As stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::core) struct GroupLinks {
    group: GroupId,
    /// The public keys of the links.
    keys: Vec<LinkKeys>,
    /// Secrets of the links that this account made.
    secrets: Vec<LinkSecret>,
    /// By link, how many accounts that joined by it are in the group.
    here: Table<LinkId, u16>,
    /// Links by which an entry came that nobody can read: they lead into no successor.
    spoiled: VecDeque<LinkId>,
    /// If this account joined by a link: accounts that can confirm that this is the group of the link, until this device has
    /// heard one of them. They are the account that made the link, and accounts that this person knew before.
    confirmers: Vec<AccountId>,
}

/// What this device knows of links.
#[derive(Default)]
pub(in crate::core) struct ByLink {
    of: Table<GroupId, GroupLinks>,
    /// The link by which the person views or joins a group.
    visit: Option<Visit>,
    /// Joins under way.
    entering: Table<GroupId, Entering>,
    /// Who waits until a request to be let in is at the relay.
    asking: Table<GroupId, ViewRequestId>,
    /// Logs whose package was asked for on this connection.
    asked: Set<LogId>,
}

impl GroupLinks {
    fn of(group: GroupId) -> Self {
        let (keys, secrets, confirmers) = (Vec::new(), Vec::new(), Vec::new());
        Self { group, keys, secrets, here: Table::new(), spoiled: VecDeque::new(), confirmers }
    }

    fn learn(&mut self, policy: &Policy, keys: Vec<LinkKeys>) -> bool {
        let before = self.keys.len();
        for keys in keys {
            let named = policy.link(&keys.id()).is_some_and(|link| link.keys == keys.hash());
            if named && !self.keys.contains(&keys) {
                self.keys.push(keys);
            }
        }
        self.keys.len() > before
    }

    /// Applies the policy of an epoch: forgets links that are gone, and counts who joined.
    fn follow(&mut self, state: &State) {
        // The policy may not have own new links yet.
        let own: Vec<LinkId> = self.secrets.iter().map(LinkSecret::id).collect();
        let is_wanted = |id: &LinkId| state.policy.link(id).is_some() || own.contains(id);
        self.keys.retain(|keys| is_wanted(&keys.id()));
        self.spoiled.retain(|id| state.policy.link(id).is_some());
        self.here.clear();
        for link in state.members().filter_map(|member| member.state.came_by) {
            let here = self.here.or_default(link);
            *here = here.saturating_add(1);
        }
    }
}

impl ByLink {
    pub(in crate::core) fn load(&mut self, all: Vec<GroupLinks>, entering: Vec<Entering>) {
        self.of = all.into_iter().map(|links| (links.group, links)).collect();
        self.entering = entering.into_iter().map(|it| (it.group(), it)).collect();
    }

    pub(in crate::core) fn forget_connection(&mut self) {
        self.asked.clear();
        for entering in self.entering.values_mut() {
            entering.forget_connection();
        }
    }

    /// Whether this device is joining a group.
    pub(in crate::core) fn is_entering(&self) -> bool {
        !self.entering.is_empty()
    }

    /// Whether a group waits for somebody to confirm it.
    pub(in crate::core) fn is_unconfirmed(&self, group: &GroupId) -> bool {
        self.of.get(group).is_some_and(|links| !links.confirmers.is_empty())
    }
}

impl Engine {
    fn links_of(&mut self, group: &GroupId) -> &mut GroupLinks {
        self.group_chats.by_link.of.or_insert_with(*group, || GroupLinks::of(*group))
    }

    fn save_links(&mut self, group: &GroupId) {
        if let Some(links) = self.group_chats.by_link.of.get(group).cloned() {
            self.save(&keys::group_links(group), &links);
        }
    }

    /// A group is in another epoch.
    pub(in crate::core::group) fn links_follow(&mut self, group: &GroupId, state: &State) {
        self.asks_follow(group);
        let known = self.group_chats.by_link.of.contains_key(group);
        if !known && state.policy.links.is_empty() {
            return;
        }
        let links = self.links_of(group);
        let before = links.clone();
        links.follow(state);
        if before != *links {
            self.save_links(group);
        }
    }

    /// This device heard somebody in a group: that account may confirm that the group is the one of the link.
    pub(in crate::core) fn confirm_group(&mut self, group: &GroupId, by: &AccountId) {
        let Some(links) = self.group_chats.by_link.of.get_mut(group) else { return };
        if links.confirmers.contains(by) {
            links.confirmers.clear();
            self.save_links(group);
            self.save_group_chat(group);
        }
    }
}
