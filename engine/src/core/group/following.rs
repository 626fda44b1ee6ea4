//! Writes what a commit changed as lines into the conversation: who did what. A line stands at the place of its commit, the
//! same place on every device of the account.

use parley_protocol::ids::{AccountId, GroupId, LogId, MessageId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::domain::content::Body;
use crate::domain::conversation::{ConversationKey, marked};
use crate::domain::message::{GroupLine, Message, MessageBody, Who};
use crate::group::chat::{Change, GroupChat, Standing};
use crate::group::policy::Role;
use crate::group::state::State;

impl Engine {
    /// An account with its current name, for a line.
    pub(super) fn who(&self, account: &AccountId) -> Who {
        Who { account: *account, name: self.name_of(account) }
    }

    /// The name that an account gives itself.
    pub(in crate::core) fn name_of(&self, account: &AccountId) -> String {
        let own = self.account.as_ref().filter(|own| own.id == *account).map(|own| own.name.clone());
        let contact = || self.contacts.get(account).map(crate::domain::contact::Contact::display_name);
        own.or_else(contact).unwrap_or_else(|| "Somebody".to_owned())
    }

    /// A commit has moved a group to another epoch: applies the new state, and writes lines that say what changed.
    pub(in crate::core) fn group_moved_on(
        &mut self,
        id: &LogId,
        by: Option<AccountId>,
        at: (Seq, UnixMillis),
        was: &State,
    ) {
        let (own, (seq, time)) = (by.is_none(), at);
        let Some(by) = by.or(self.own_account_id()) else { return };
        let Some(before) = self.group_chat_of(id).cloned() else { return };
        let Ok(state) = self.with_group(id, |group, _, _| group.state()) else { return };
        self.learn_of_members(&before, &state);
        let mut lines = self.lines(&before, &state, by);
        for (account, change) in was.device_changes(&state) {
            lines.push(GroupLine::Device { who: self.who(&account), change });
        }
        if let Some(chat) = self.group_chats.all.get_mut(&before.group) {
            chat.follow(&state);
            if chat.policy.picture != before.policy.picture && chat.policy.picture.is_none() {
                chat.picture.clear();
            }
        }
        self.note_epoch(id);
        self.links_follow(&before.group, &state);
        self.history_follows(&before.group, &state.policy);
        if !own && !before.is_member(&by) {
            self.introduce_again(&before.group, &state);
        }
        self.confirm_group(&before.group, &by);
        self.save_group_chat(&before.group);
        self.say_in_group(id, seq, time, lines);
        if own {
            let brought = state.members().any(|it| it.leaf.account == by && was.member(&it.leaf).is_none());
            if brought || state.accounts().iter().any(|account| !before.is_member(account)) {
                self.hand_on_names(&before.group);
                self.hand_on_asks(&before.group);
            }
            self.bring_picture(&before, &state);
        }
    }

    /// Asks for the device logs of new members that this device does not know.
    fn learn_of_members(&mut self, before: &GroupChat, state: &State) {
        let is_new = |account: &AccountId| {
            !before.is_member(account)
                && !self.is_own_account(account)
                && !self.contacts.contains_key(account)
        };
        let new: Vec<AccountId> = state.accounts().into_iter().filter(is_new).collect();
        self.ask_device_logs(new);
    }

    fn lines(&self, before: &GroupChat, state: &State, by: AccountId) -> Vec<GroupLine> {
        let mut lines = Vec::new();
        let accounts = state.accounts();
        let by_whom = || self.who(&by);
        let link = |account: &AccountId| {
            let came_by = state.leaves_of(*account).find_map(|member| member.state.came_by)?;
            state.policy.link(&came_by)
        };
        let by_link = link(&by).filter(|_| !before.is_member(&by));
        if let Some(link) = by_link {
            lines.push(GroupLine::Joined { who: by_whom(), by: self.who(&link.by) });
        }
        let joined: Vec<Who> = accounts
            .iter()
            .filter(|account| !before.is_member(account) && (by_link.is_none() || **account != by))
            .map(|account| self.who(account))
            .collect();
        if !joined.is_empty() {
            lines.push(GroupLine::Added { by: by_whom(), people: joined });
        }
        let mut left = false;
        for (account, _) in before.members.iter().filter(|(account, _)| !accounts.contains(account)) {
            let who = self.who(account);
            if before.leaving.iter().any(|said| said.account == *account) {
                left = true;
                lines.push(GroupLine::Left { who });
            } else {
                lines.push(GroupLine::Removed { by: by_whom(), who });
            }
        }
        let (old, new) = (&before.policy, &state.policy);
        if old.name != new.name {
            lines.push(GroupLine::Renamed { by: by_whom(), name: new.name.clone() });
        }
        if old.picture != new.picture {
            lines.push(GroupLine::Picture { by: by_whom(), set: new.picture.is_some() });
        }
        let made = new.links.iter().any(|link| old.link(&link.id).is_none());
        let gone = old.links.iter().any(|link| new.link(&link.id).is_none());
        if made || gone {
            lines.push(GroupLine::Links { by: by_whom(), made });
        }
        if old.history() != new.history() {
            lines.push(GroupLine::History { by: by_whom(), history: new.history() });
        }
        if old.permissions != new.permissions {
            lines.push(GroupLine::Permissions { by: by_whom() });
        }
        let governs = old.role(&by) == Role::Owner;
        for account in accounts.iter().filter(|account| old.role(account) != new.role(account)) {
            let forced = left || !governs;
            let by = (!forced).then(by_whom);
            lines.push(GroupLine::Role { by, who: self.who(account), role: new.role(account) });
        }
        lines
    }

    /// Puts lines into the history of a log's group, at a place; they do not count as unread.
    pub(super) fn say_in_group(&mut self, id: &LogId, seq: Seq, time: UnixMillis, lines: Vec<GroupLine>) {
        for (later, line) in (time.0..).zip(lines) {
            let stored = UnixMillis(later);
            let message = Message {
                id: MessageId(self.random.array()),
                time: stored,
                stored,
                log: marked(id),
                seq,
                author: None,
                body: MessageBody::Group(line),
            };
            self.store_incoming(id, &message, None);
        }
    }

    /// Puts a line after everything that this device has read.
    pub(super) fn say_now_in_group(&mut self, id: &LogId, line: GroupLine) {
        let Some(seq) = self.logs.get(id).map(|log| log.cursor.next()) else { return };
        let time = self.reached(id).max(self.relay_time());
        self.say_in_group(id, seq, time, vec![line]);
    }

    /// Sends the picture: the member who changed it does so, and for new members the one who added them.
    fn bring_picture(&mut self, before: &GroupChat, state: &State) {
        let came = state.accounts().iter().any(|account| !before.is_member(account));
        let changed = before.policy.picture != state.policy.picture;
        let Some(hash) = state.policy.picture.filter(|_| came || changed) else { return };
        let Some(chat) = self.group_chats.all.get(&before.group) else { return };
        if super::hash_of(&chat.picture) == hash {
            let (key, picture) = (ConversationKey::Group(chat.group), chat.picture.clone());
            self.enqueue(key, Body::Picture(picture), None);
        }
    }

    /// A member sends the picture: it is the group's if its hash is the one in the policy.
    pub(in crate::core) fn picture_came(&mut self, id: &LogId, picture: Vec<u8>) {
        let Some(group) = self.group_of(id) else { return };
        let Some(chat) = self.group_chats.all.get_mut(&group) else { return };
        if super::is_picture(&picture) && chat.policy.picture == Some(super::hash_of(&picture)) {
            chat.picture = picture;
            self.save_group_chat(&group);
        }
    }

    /// This account was removed from a group, or this device alone, which joins again by a Welcome.
    pub(in crate::core) fn was_removed_from_group(
        &mut self,
        id: &LogId,
        by: AccountId,
        returns: bool,
        at: At,
    ) {
        let Some(chat) = self.group_chat_of(id) else { return };
        if returns {
            let group = chat.group;
            return self.end_group(&group, Standing::Lost);
        }
        let (group, own) = (chat.group, self.own_account_id());
        let left = own.is_some_and(|own| chat.leaving.iter().any(|said| said.account == own));
        if let Some(own) = own.filter(|_| !left) {
            let line = GroupLine::Removed { by: self.who(&by), who: self.who(&own) };
            self.say_in_group(id, at.seq, at.stored, vec![line]);
        }
        self.end_group(&group, if left { Standing::Left } else { Standing::Removed });
        // The removal may mean that this device was removed from the account.
        self.ask_own_log();
    }

    /// This device is not in a group any more. Waiting texts and changes stay if the account is still in the group.
    pub(super) fn end_group(&mut self, group: &GroupId, standing: Standing) {
        let comes_back = standing == Standing::Lost;
        if let Some(chat) = self.group_chats.all.get_mut(group) {
            chat.standing = standing;
            if !comes_back {
                chat.changes.clear();
                chat.leaving.clear();
            }
        }
        self.save_group_chat(group);
        let key = ConversationKey::Group(*group);
        let waiting: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, entry)| entry.conversation == key && !entry.failed)
            .filter(|(_, entry)| !comes_back || entry.only.is_some())
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            self.fail(number);
        }
        let logs = self.conversations.get(&key.id()).map(|it| it.logs.clone()).unwrap_or_default();
        for log in logs.iter().filter(|log| self.is_live_group_log(log)).copied().collect::<Vec<LogId>>() {
            self.end_log(&log);
        }
        self.judge_early_welcomes(group);
    }

    /// Whether an account will be removed: the person asked for that, or the account has sent a leave statement.
    pub(super) fn being_removed(chat: &GroupChat, account: &AccountId) -> bool {
        let asked = |change: &Change| matches!(change, Change::Remove(who) if who == account);
        chat.changes.iter().any(asked) || chat.leaving.iter().any(|said| said.account == *account)
    }
}
