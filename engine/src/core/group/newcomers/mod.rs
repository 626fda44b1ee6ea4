//! History for new members of a group, as the group has agreed ([`History`]): none, what a member shares with them
//! ([`sharing`]), or what the relay keeps for them ([`keeping`], [`catching_up`]).

mod catching_up;
mod keeping;
mod sharing;

use parley_protocol::ids::{AccountId, GroupId, LogId, UnixMillis};
use serde::{Deserialize, Serialize};

use self::catching_up::CatchingUp;
pub(in crate::core::group) use self::sharing::MOST_SHARED;
use self::sharing::Sharing;
use crate::channel::group_era::PastEra;
use crate::core::Engine;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::domain::relation::What;
use crate::group::past::PastMessage;
use crate::records::keys;
use crate::table::Table;

/// Most messages of one group that wait for their authors' device logs.
const MOST_UNPROVEN: usize = 4_096;

/// What this device knows of messages from before somebody joined.
#[derive(Default)]
pub(in crate::core) struct Newcomers {
    /// Earlier eras of groups that keep their messages.
    past: Table<GroupId, PastEras>,
    /// Kept messages that this device still reads.
    catching_up: Table<GroupId, CatchingUp>,
    /// Messages that wait for device logs.
    unproven: Table<GroupId, Unproven>,
    /// What the engine reads from the disk to share it.
    sharing: Option<Sharing>,
}

/// As stored.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::core) struct PastEras {
    group: GroupId,
    eras: Vec<PastEra>,
}

/// As stored.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::core) struct Unproven {
    group: GroupId,
    messages: Vec<PastMessage>,
}

impl Newcomers {
    pub(in crate::core) fn load(
        &mut self,
        past: Vec<PastEras>,
        catching_up: Vec<CatchingUp>,
        unproven: Vec<Unproven>,
    ) {
        self.past = past.into_iter().map(|it| (it.group, it)).collect();
        self.catching_up = catching_up.into_iter().map(|it| (it.group(), it)).collect();
        self.unproven = unproven.into_iter().map(|it| (it.group, it)).collect();
    }
}

impl Engine {
    /// Takes messages from before this account joined, no matter who passed them on: shows those whose authors are proven,
    /// and keeps those whose authors are not known yet.
    fn take_past(&mut self, group: &GroupId, messages: Vec<PastMessage>) {
        let mut unknown: Vec<AccountId> = Vec::new();
        for message in messages {
            let account = message.account;
            if self.is_blocked(&account) {
                continue;
            }
            let own = self.own_log.as_ref().filter(|log| log.account() == account);
            match own.or_else(|| self.known_log(&account)) {
                Some(log) if message.is_by(*group, log) => self.show_past(group, message),
                Some(_) => {}
                None => {
                    self.wait_for_proof(group, message);
                    if !unknown.contains(&account) {
                        unknown.push(account);
                    }
                }
            }
        }
        self.save_unproven(group);
        self.ask_device_logs(unknown);
    }

    fn wait_for_proof(&mut self, group: &GroupId, message: PastMessage) {
        let none = || Unproven { group: *group, messages: Vec::new() };
        let unproven = self.group_chats.newcomers.unproven.or_insert_with(*group, none);
        let known = unproven.messages.contains(&message);
        if !known && unproven.messages.len() < MOST_UNPROVEN {
            unproven.messages.push(message);
        }
    }

    fn save_unproven(&mut self, group: &GroupId) {
        let key = keys::unproven(group);
        match self.group_chats.newcomers.unproven.get(group).cloned() {
            Some(unproven) if !unproven.messages.is_empty() => self.save(&key, &unproven),
            _ => {
                self.group_chats.newcomers.unproven.remove(group);
                self.state.delete(&key);
            }
        }
    }

    /// The device log of an account came: shows the messages that waited for it, if they verify.
    pub(in crate::core) fn prove_past(&mut self, account: &AccountId) {
        let groups: Vec<GroupId> = self.group_chats.newcomers.unproven.keys().copied().collect();
        for group in groups {
            let Some(unproven) = self.group_chats.newcomers.unproven.get_mut(&group) else { continue };
            let (theirs, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut unproven.messages).into_iter().partition(|it| it.account == *account);
            unproven.messages = others;
            if !theirs.is_empty() {
                self.take_past(&group, theirs);
            }
        }
    }

    fn show_past(&mut self, group: &GroupId, message: PastMessage) {
        let key = ConversationKey::Group(*group);
        let conversation = key.id();
        // Nobody dates what was before to after this account came.
        let came: Option<UnixMillis> = self.state.get(&keys::came(group)).ok().flatten();
        let before = came.map_or_else(|| self.relay_time(), |came| UnixMillis(came.0.saturating_sub(1)));
        // What this device has read itself stands where it was read.
        if self.has_seen_with(&key, &message.id) {
            return;
        }
        let message = message.into_message(before);
        let refused = self.came_too_late(&message) || !self.may_have_set_timer(&key, &message);
        if refused || self.is_deleted(&key, &message) || !self.may_have_related(group, &message) {
            return;
        }
        let Some(message) = self.settle(conversation, &message, true) else { return };
        self.save_message(conversation, &message);
        self.show_in_list(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.changed.messages.or_default(conversation).push(view);
    }

    /// Whether the author of a deletion for everyone may make it now: what they were allowed at the time is not known here.
    fn may_have_related(&self, group: &GroupId, message: &Message) -> bool {
        let by = message.author.as_ref().map(|author| author.account);
        let Some((relation, by)) = message.relation().zip(by) else { return true };
        let others = relation.what == What::Deletion && !relation.target.is_by(&by);
        let chat = self.group_chats.all.get(group);
        !others || chat.is_some_and(|chat| chat.policy.may_delete(&by, &relation.target.author))
    }

    /// The relay's time a moment ago, as the end of an era that ends now.
    fn ended_now(&self) -> UnixMillis {
        self.relay_time()
    }

    /// Whether a log's group keeps its messages for later members.
    pub(in crate::core) fn keeps_history(&self, id: &LogId) -> bool {
        self.group_chat_of(id).is_some_and(|chat| chat.policy.keeps_history())
    }
}
