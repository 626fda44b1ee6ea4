//! Invite links of groups, with every member offline: making and revoking links ([`making`]), the data that members leave at
//! the relay for a joiner ([`package`]), viewing a group from outside ([`visiting`]) and joining it ([`entering`]).

mod entering;
mod making;
mod package;
mod visiting;

use std::collections::VecDeque;

use parley_protocol::ids::{AccountId, GroupId, LogId};
use serde::{Deserialize, Serialize};

pub(in crate::core) use self::entering::Entering;
pub(super) use self::visiting::Visit;
use crate::core::Engine;
use crate::group::link::{LinkId, LinkKeys, LinkSecret};
use crate::group::policy::Policy;
use crate::group::state::State;
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;

/// Those who may confirm a group, kept for each.
const MOST_CONFIRMERS: usize = 64;

/// What this device knows of the links of a group beside its policy. As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::core) struct GroupLinks {
    group: GroupId,
    /// Their public keys.
    keys: Vec<LinkKeys>,
    /// Secrets of those that this account made.
    secrets: Vec<LinkSecret>,
    /// How many are in the group who came by each.
    here: Table<LinkId, u16>,
    /// Those by which an entry came that nobody can read: they lead into no successor.
    spoiled: VecDeque<LinkId>,
    /// This account came by a link: as long as none of these was heard, nobody has confirmed that this is the group that the link is
    /// of. Who made the link, and whom this person knew before.
    confirmers: Vec<AccountId>,
}

/// What is known of links.
#[derive(Default)]
pub(in crate::core) struct ByLink {
    of: Table<GroupId, GroupLinks>,
    /// The link that the person looks at, or comes by.
    visit: Option<Visit>,
    /// Where this device comes in.
    entering: Table<GroupId, Entering>,
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

    /// Takes what holds in an epoch: forgets those of links that are gone, and counts who came.
    fn follow(&mut self, state: &State) {
        // Those of own links may still be on their way.
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

    /// Whether this device is on its way into a group.
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

    /// Somebody was heard in a group: it may be who can say that it is the one that the link is of.
    pub(in crate::core) fn confirm_group(&mut self, group: &GroupId, by: &AccountId) {
        let Some(links) = self.group_chats.by_link.of.get_mut(group) else { return };
        if links.confirmers.contains(by) {
            links.confirmers.clear();
            self.save_links(group);
            self.save_group_chat(group);
        }
    }
}
