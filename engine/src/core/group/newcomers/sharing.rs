//! Shares history with a new member: a member sends messages with their authors' signatures into the group.

use parley_protocol::ids::{AccountId, GroupId, LogId, UnixMillis};

use crate::core::Engine;
use crate::domain::content::Body;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{GroupLine, Message, MessageBody};
use crate::group::chat::Change;
use crate::group::past::{Past, PastMessage};
use crate::io::{LoadId, Record};
use crate::mls::credential::Leaf;

/// Most messages that a member shares at once.
pub(in crate::core::group) const MOST_SHARED: u16 = 1_000;
/// Most lines between them.
const LINES: u32 = 100;
/// Bytes of messages in one entry of the log, roughly.
const ENTRY_BYTES: usize = 48 * 1024;

/// What the engine reads from the disk to share it.
pub(in crate::core) struct Sharing {
    load: LoadId,
    group: GroupId,
    with: AccountId,
    last: u16,
    since: UnixMillis,
}

impl Engine {
    /// Reads what is to be shared, unless something is being read for somebody.
    pub(in crate::core::group) fn share_past(
        &mut self,
        group: &GroupId,
        with: AccountId,
        (last, since): (u16, UnixMillis),
    ) {
        if self.group_chats.newcomers.sharing.is_some() {
            return;
        }
        let conversation = ConversationKey::Group(*group).id();
        let last = last.min(MOST_SHARED);
        let load = self.read_messages(&conversation, None, u32::from(last).saturating_add(LINES));
        self.group_chats.newcomers.sharing = Some(Sharing { load, group: *group, with, last, since });
    }

    /// Messages came from the disk; returns whether they are to be shared.
    pub(in crate::core) fn shares_past(&mut self, id: LoadId, records: &[Record]) -> bool {
        let sharing = &mut self.group_chats.newcomers.sharing;
        let Some(Sharing { group, with, last, since, .. }) = sharing.take_if(|sharing| sharing.load == id)
        else {
            return false;
        };
        let key = ConversationKey::Group(group);
        let newest_first: Vec<Message> =
            records.iter().filter_map(|record| self.kept(&key.id(), record)).collect();
        // What was written since they came they have read themselves.
        let came = newest_first.iter().position(|message| lets_in(message, &with)).unwrap_or_default();
        let proven = newest_first
            .iter()
            .skip(came)
            .filter_map(PastMessage::of)
            .filter(|message| message.stored >= since && self.is_proven(&group, message));
        let mut past: Vec<PastMessage> = proven.take(usize::from(last)).collect();
        past.reverse();
        for body in in_parts(with, past) {
            self.enqueue(key, Body::Past(Box::new(body)), None);
        }
        let done = |change: &Change| matches!(change, Change::Share(to, _) | Change::ShareSince(to, _) if *to == with);
        if let Some(chat) = self.group_chats.all.get_mut(&group)
            && chat.changes.front().is_some_and(done)
        {
            chat.changes.pop_front();
        }
        self.save_group_chat(&group);
        self.pump(key.id());
        true
    }

    /// Whether others can verify who wrote a message.
    fn is_proven(&self, group: &GroupId, message: &PastMessage) -> bool {
        let own = self.own_log.as_ref().filter(|log| log.account() == message.account);
        own.or_else(|| self.known_log(&message.account)).is_some_and(|log| message.is_by(*group, log))
    }

    /// A member shares history with this account: this device takes it if that member may add people, and the group has
    /// agreed that members share history.
    pub(in crate::core) fn past_came(&mut self, id: &LogId, from: &Leaf, past: Past) {
        let (Some(chat), Some(own)) = (self.group_chat_of(id), self.own_account_id()) else { return };
        let shows = chat.policy.shows_history() && chat.policy.may_add(&from.account);
        let most = usize::from(MOST_SHARED);
        if past.to != own || from.account == own || !shows || past.messages.len() > most {
            return;
        }
        let group = chat.group;
        self.take_past(&group, past.messages);
        if let Some(count) = past.all.filter(|count| *count > 0) {
            let by = Some(self.who(&from.account));
            self.say_now_in_group(id, GroupLine::Earlier { by, count: count.min(u32::from(MOST_SHARED)) });
        }
    }
}

/// Whether this is the line that says how somebody came into the group.
fn lets_in(message: &Message, who: &AccountId) -> bool {
    match &message.body {
        MessageBody::Group(GroupLine::Added { people, .. }) => people.iter().any(|it| it.account == *who),
        MessageBody::Group(GroupLine::Joined { who: joined, .. }) => joined.account == *who,
        _ => false,
    }
}

fn in_parts(to: AccountId, messages: Vec<PastMessage>) -> Vec<Past> {
    let all = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let mut parts: Vec<Past> = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0_usize);
    for message in messages {
        let length = message.part.length().saturating_add(256);
        if bytes.saturating_add(length) > ENTRY_BYTES && !part.is_empty() {
            parts.push(Past { to, messages: std::mem::take(&mut part), all: None });
            bytes = 0;
        }
        bytes = bytes.saturating_add(length);
        part.push(message);
    }
    parts.push(Past { to, messages: part, all: Some(all) });
    parts
}
