//! Who asks to be let into a group, as its members see it: kept by all, and shown to those who govern the group. Letting somebody in is
//! an add as every other.

use std::collections::VecDeque;

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{AccountId, GroupId, LogId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::ASK_LASTS;
use crate::core::Engine;
use crate::directory_entry::Found;
use crate::domain::content::Body;
use crate::domain::conversation::ConversationKey;
use crate::domain::safety_number::safety_number;
use crate::group::chat::{Change, GroupChat};
use crate::group::link::ask::{Ask, AskEntry, AskId, AskKey, AskNews};
use crate::group::link::{Link, LinkId};
use crate::group::policy::Role;
use crate::mls::credential::Leaf;
use crate::records::keys;
use crate::view::{AskView, CommandError, ConversationId};

/// Requests that wait in one group: what comes then is passed over.
const MOST_ASKS: usize = 64;
/// Requests that are over are remembered, so that none comes again.
const MOST_OVER: usize = 256;
/// Requests that are handed on to who comes, each in a message of its own.
const MOST_HANDED_ON: usize = 16;

/// As they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GroupAsks {
    group: GroupId,
    waiting: Vec<WaitingAsk>,
    /// Those that were declined, withdrawn or replaced.
    over: VecDeque<AskId>,
    /// Who was declined, by which link: they ask in vain by the same one.
    declined: VecDeque<(LinkId, AccountId)>,
}

/// As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WaitingAsk {
    ask: Ask,
    account: AccountId,
    /// When it came, by the relay's clock.
    came: UnixMillis,
}

impl GroupAsks {
    fn end(&mut self, id: AskId) {
        self.waiting.retain(|waiting| waiting.ask.id != id);
        if !self.over.contains(&id) {
            self.over.push_back(id);
        }
        let more = self.over.len().saturating_sub(MOST_OVER);
        self.over.drain(..more);
    }

    fn decline(&mut self, id: AskId) {
        if let Some(waiting) = self.waiting.iter().find(|waiting| waiting.ask.id == id) {
            self.declined.push_back((waiting.ask.link, waiting.account));
            let more = self.declined.len().saturating_sub(MOST_OVER);
            self.declined.drain(..more);
        }
        self.end(id);
    }
}

impl Engine {
    /// A group era of a group begins: requests to be let in are sealed to what follows from its first epoch.
    pub(in crate::core) fn keep_ask_key(&mut self, id: &LogId) {
        if self.group_of(id).is_none() {
            return;
        }
        if let Ok(key) = self.with_group(id, |mls, provider, _| mls.ask_key(provider)) {
            self.save(&keys::ask_key(id), &key);
        }
    }

    /// The group goes on in another log, in the same era.
    pub(in crate::core::group) fn move_ask_key(&mut self, from: &LogId, to: &LogId) {
        if let Some(key) = self.ask_key(from) {
            self.save(&keys::ask_key(to), &key);
        }
    }

    pub(super) fn ask_key(&self, id: &LogId) -> Option<AskKey> {
        self.state.get(&keys::ask_key(id)).ok().flatten()
    }

    fn asks_of(&self, group: &GroupId) -> GroupAsks {
        let none = || GroupAsks {
            group: *group,
            waiting: Vec::new(),
            over: VecDeque::new(),
            declined: VecDeque::new(),
        };
        self.state.get(&keys::group_asks(group)).ok().flatten().unwrap_or_else(none)
    }

    fn save_asks(&mut self, asks: &GroupAsks) {
        self.save(&keys::group_asks(&asks.group), asks);
        self.changed.conversations.insert(ConversationKey::Group(asks.group).id());
    }

    /// An entry that is no message of a member came. What does not open, or is not right, is passed over: who has a link can write
    /// anything.
    pub(in crate::core) fn ask_came(&mut self, id: &LogId, entry: &LogEntry) {
        let opened = self.ask_key(id).and_then(|key| key.open(*id, &entry.payload).ok());
        let Some((group, opened)) = self.group_of(id).zip(opened) else { return };
        match opened {
            AskEntry::Asks(ask) => self.take_ask(&group, *ask, entry.time),
            AskEntry::Withdraws(ask, signature) => {
                let mut asks = self.asks_of(&group);
                let here = asks.waiting.iter().find(|waiting| waiting.ask.id == ask);
                if here.is_some_and(|waiting| waiting.ask.is_withdrawn(group, &signature)) {
                    asks.end(ask);
                    self.save_asks(&asks);
                }
            }
        }
    }

    fn take_ask(&mut self, group: &GroupId, ask: Ask, came: UnixMillis) {
        let Some(chat) = self.group_chats.all.get(group).filter(|chat| chat.is_active()) else { return };
        let Some(link) = self.link_to_ask_by(chat, &ask.link, came) else { return };
        let Some(asker) = ask.asker(*group, link) else { return };
        let account = asker.account;
        if chat.is_member(&account) || self.is_own_account(&account) || self.is_blocked(&account) {
            return;
        }
        let mut asks = self.asks_of(group);
        if asks.over.contains(&ask.id) || asks.declined.contains(&(ask.link, account)) {
            return;
        }
        // Of one person the last one counts.
        let before: Vec<AskId> = asks
            .waiting
            .iter()
            .filter(|waiting| waiting.account == account && waiting.ask.id != ask.id)
            .map(|waiting| waiting.ask.id)
            .collect();
        for id in before {
            asks.end(id);
        }
        if asks.waiting.len() >= MOST_ASKS || asks.waiting.iter().any(|waiting| waiting.ask.id == ask.id) {
            return;
        }
        asks.waiting.push(WaitingAsk { ask, account, came });
        self.save_asks(&asks);
    }

    /// The link by which somebody may ask at this time: it stands in the policy, needs approval, is not over and not used up.
    fn link_to_ask_by<'a>(&self, chat: &'a GroupChat, id: &LinkId, at: UnixMillis) -> Option<&'a Link> {
        let link = chat.policy.link(id).filter(|link| link.approval)?;
        let over = link.expires.is_some_and(|expires| expires < at);
        let full = link.most > 0 && self.came_by(&chat.group, link) >= link.most;
        (!over && !full).then_some(link)
    }

    /// A group is in another epoch: who is in it asks no more, and who asked by a link that is gone asks in vain.
    pub(in crate::core::group) fn asks_follow(&mut self, group: &GroupId) {
        if self.state.get_bytes(&keys::group_asks(group)).is_none() {
            return;
        }
        let Some(chat) = self.group_chats.all.get(group) else { return };
        let mut asks = self.asks_of(group);
        let came: Vec<WaitingAsk> =
            asks.waiting.iter().filter(|it| chat.is_member(&it.account)).cloned().collect();
        let ends: Vec<AskId> = asks
            .waiting
            .iter()
            .filter(|it| chat.is_member(&it.account) || chat.policy.link(&it.ask.link).is_none())
            .map(|it| it.ask.id)
            .collect();
        if !ends.is_empty() {
            for id in ends {
                asks.end(id);
            }
            self.save_asks(&asks);
        }
        // Who was let in may be offline for long: everybody knows already what they are called.
        for WaitingAsk { ask, account, .. } in came {
            self.know_asker(group, &account, &ask);
        }
    }

    /// Somebody who asked is learnt of by their request, as far as it holds; whether they are known then.
    fn know_asker(&mut self, group: &GroupId, account: &AccountId, ask: &Ask) -> bool {
        let link = self.group_chats.all.get(group).and_then(|chat| chat.policy.link(&ask.link));
        let asker = link.and_then(|link| ask.asker(*group, link)).filter(|asker| asker.account == *account);
        let Some(asker) = asker else { return self.contacts.contains_key(account) };
        if !self.contacts.contains_key(account) {
            // The relay is asked for the newest device log before anything is committed.
            self.found.insert(*account, Found { log: asker.log, username: None });
        }
        let known = self.pin(account);
        if let Some(contact) = self.contacts.get_mut(account)
            && contact.name.is_none()
        {
            contact.name = Some(ask.name.clone());
            self.save_contact(account);
            self.show_member(account);
        }
        known
    }

    /// Those who ask now, for who may let them in.
    fn waiting_asks(&self, chat: &GroupChat) -> Vec<WaitingAsk> {
        let governs = self.own_account_id().is_some_and(|own| chat.policy.role(&own) >= Role::Admin);
        if !governs || !chat.is_active() || !chat.policy.links.iter().any(|link| link.approval) {
            return Vec::new();
        }
        let now = self.relay_time();
        let waits = |it: &WaitingAsk| {
            it.came.0.saturating_add(ASK_LASTS) > now.0
                && !self.is_blocked(&it.account)
                && self.link_to_ask_by(chat, &it.ask.link, now).is_some()
        };
        self.asks_of(&chat.group).waiting.into_iter().filter(waits).collect()
    }

    pub(in crate::core::group) fn asks_count(&self, chat: &GroupChat) -> u32 {
        let waits = self.waiting_asks(chat);
        let asked = waits.iter().filter(|it| !is_being_added(chat, &it.account)).count();
        u32::try_from(asked).unwrap_or(u32::MAX)
    }

    pub(in crate::core::group) fn asks_view(&self, chat: &GroupChat) -> Vec<AskView> {
        let Some(own) = self.own_account_id() else { return Vec::new() };
        let by =
            |link: &LinkId| chat.policy.link(link).map(|link| self.name_of(&link.by)).unwrap_or_default();
        let view = |WaitingAsk { ask, account, came }: WaitingAsk| AskView {
            account,
            by: by(&ask.link),
            name: ask.name,
            greeting: ask.greeting,
            safety_number: safety_number(&own, &account),
            came,
            adding: is_being_added(chat, &account),
        };
        self.waiting_asks(chat).into_iter().map(view).collect()
    }

    /// The person lets somebody in who asks, or does not.
    pub(in crate::core::group) fn answer_ask(
        &mut self,
        id: ConversationId,
        account: &AccountId,
        lets_in: bool,
    ) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let chat = self.group_chats.all.get(&group).ok_or(CommandError::UnknownConversation)?;
        let waiting = self.waiting_asks(chat).into_iter().find(|it| it.account == *account);
        let WaitingAsk { ask, .. } = waiting.ok_or(CommandError::LinkOver)?;
        if !lets_in {
            let mut asks = self.asks_of(&group);
            asks.decline(ask.id);
            self.save_asks(&asks);
            let news = AskNews { asks: Vec::new(), declined: vec![ask.id] };
            self.enqueue(ConversationKey::Group(group), Body::Asks(Box::new(news)), None);
            self.pump(id);
            return Ok(());
        }
        if !self.know_asker(&group, account, &ask) {
            return Err(CommandError::NotFound);
        }
        self.add_to_group(id, &[*account])
    }

    /// A member says who asks, or who was declined.
    pub(in crate::core) fn asks_came(&mut self, id: &LogId, from: &Leaf, news: AskNews) {
        let Some(group) = self.group_of(id) else { return };
        let now = self.relay_time();
        for ask in news.asks.into_iter().take(MOST_HANDED_ON) {
            self.take_ask(&group, ask, now);
        }
        let Some(chat) = self.group_chats.all.get(&group) else { return };
        if news.declined.is_empty() || chat.policy.role(&from.account) < Role::Admin {
            return;
        }
        let mut asks = self.asks_of(&group);
        for id in news.declined.into_iter().take(MOST_ASKS) {
            asks.decline(id);
        }
        self.save_asks(&asks);
    }

    /// Tells those who come who asks: they see nothing of what came before them.
    pub(in crate::core::group) fn hand_on_asks(&mut self, group: &GroupId) {
        if self.state.get_bytes(&keys::group_asks(group)).is_none() {
            return;
        }
        for WaitingAsk { ask, .. } in self.asks_of(group).waiting.into_iter().take(MOST_HANDED_ON) {
            let news = AskNews { asks: vec![ask], declined: Vec::new() };
            self.enqueue(ConversationKey::Group(*group), Body::Asks(Box::new(news)), None);
        }
    }
}

fn is_being_added(chat: &GroupChat, account: &AccountId) -> bool {
    chat.changes.iter().any(|change| matches!(change, Change::Add(people) if people.contains(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_pinned_and_none_is_asked_twice() {
        let mut asks = GroupAsks {
            group: GroupId([7; 16]),
            waiting: vec![WaitingAsk {
                ask: Ask::of_test(),
                account: AccountId([3; 32]),
                came: UnixMillis(300),
            }],
            over: VecDeque::new(),
            declined: VecDeque::new(),
        };
        let id = asks.waiting[0].ask.id;
        insta::assert_snapshot!(crate::hex(&postcard::to_allocvec(&asks).unwrap()));
        asks.decline(id);
        assert_eq!((asks.waiting.len(), asks.over.len(), asks.declined.len()), (0, 1, 1));
        for number in 0..300_u16 {
            let mut id = [0; 16];
            id[..2].copy_from_slice(&number.to_be_bytes());
            asks.end(id);
        }
        assert_eq!(asks.over.len(), MOST_OVER);
        asks.over.drain(2..);
        let bytes = postcard::to_allocvec(&asks).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<GroupAsks>(&bytes).unwrap(), asks);
    }
}
