//! Leaves a group by a signed leave statement, sent as a message. Whichever other member commits next removes the leaves of
//! the account that leaves, with the statement as evidence; the account that leaves waits for nobody.

use parley_protocol::ids::{AccountId, GroupId, LogId};

use crate::channel::group_era::EraStep;
use crate::core::Engine;
use crate::domain::content::Body;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::GroupLine;
use crate::group::chat::{Change, Standing};
use crate::group::evidence::{Evidence, LeaveStatement};
use crate::group::policy::Role;
use crate::group::state::State;
use crate::mls::chat::ChatCommit;
use crate::mls::credential::Leaf;
use crate::view::{CommandError, ConversationId};

impl Engine {
    pub(super) fn leave_group(
        &mut self,
        id: ConversationId,
        owner: Option<AccountId>,
    ) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let own = self.own_account_id().ok_or(CommandError::NoAccount)?;
        let chat = self.group_chats.all.get(&group).ok_or(CommandError::UnknownConversation)?;
        // In a copy in which nobody else is there is nobody to tell.
        if chat.members.len() <= 1 || !chat.is_active() || self.is_forked(&group) {
            self.has_left(&ConversationKey::Group(group));
            return Ok(());
        }
        let heir = owner
            .filter(|heir| *heir != own && chat.is_member(heir) && chat.policy.role(&own) == Role::Owner);
        if let Some(chat) = self.group_chats.all.get_mut(&group) {
            chat.changes.clear();
            chat.changes.extend(heir.map(|heir| Change::Role(heir, Role::Owner)));
            chat.changes.push_back(Change::Leave);
        }
        self.save_group_chat(&group);
        self.pump(id);
        Ok(())
    }

    /// Sends this account's leave statement. Own texts written before go first; leaving needs no commit.
    pub(super) fn say_leave(&mut self, id: &LogId) -> bool {
        let Some(group) = self.group_of(id) else { return false };
        let key = ConversationKey::Group(group);
        let said = |body: &Body| matches!(body, Body::Leave(_));
        if self.outbox.values().any(|entry| entry.conversation == key && said(&entry.body)) {
            return false;
        }
        let Some(own) = self.own_member() else { return false };
        let now = self.with_group(id, |mls, _, _| Ok((mls.state()?, mls.epoch())));
        let Ok((state, epoch)) = now else { return false };
        let Some(member) = state.member(&own.leaf).copied() else { return false };
        if member.by_key_package {
            // An account signs statements about a stay under a nonce of that stay alone.
            let era = self.next_era_step(id);
            return self.commit_group(id, ChatCommit::update(era), None, &[]);
        }
        let Some(signing) = &self.key else { return false };
        let whose = (own.leaf.account, own.leaf.device);
        let statement = LeaveStatement::sign(group, whose, member.state.nonce, epoch, signing);
        self.enqueue(key, Body::Leave(statement), Some(*id));
        false
    }

    /// This person has left: the relay has the statement, or the group has no other member.
    pub(in crate::core) fn has_left(&mut self, key: &ConversationKey) {
        let ConversationKey::Group(group) = *key else { return };
        let log = self.log_of_group(&group);
        if let Some((log, own)) = log.zip(self.own_account_id()) {
            let line = GroupLine::Left { who: self.who(&own) };
            self.say_now_in_group(&log, line);
        }
        self.end_group(&group, Standing::Left);
    }

    /// A member sends a leave statement.
    pub(in crate::core) fn leave_came(&mut self, id: &LogId, from: &Leaf, statement: LeaveStatement) {
        let Some(group) = self.group_of(id) else { return };
        if self.is_own_account(&from.account) && statement.account == from.account {
            return self.has_left(&ConversationKey::Group(group));
        }
        let Ok(state) = self.with_group(id, |mls, _, _| mls.state()) else { return };
        let sound = statement.account == from.account
            && statement.device == from.device
            && is_of_now(&statement, &group, &state);
        if let Some(chat) = self.group_chats.all.get_mut(&group).filter(|_| sound)
            && chat.leaving.iter().all(|said| said.account != statement.account)
        {
            chat.leaving.push(statement);
            self.save_group_chat(&group);
            self.membership.unsettle(id);
        }
    }

    /// Removes members who have left, if there are any and it is this device's turn; returns whether a commit is on its way.
    pub(in crate::core) fn remove_who_left(&mut self, id: &LogId) -> bool {
        let Some(chat) = self.group_chat_of(id).filter(|chat| chat.is_active()) else { return false };
        let said = chat.leaving.clone();
        if said.is_empty() {
            return false;
        }
        let Ok(state) = self.with_group(id, |mls, _, _| mls.state()) else { return false };
        let Some(group) = self.group_of(id) else { return false };
        let said: Vec<LeaveStatement> =
            said.into_iter().filter(|statement| is_of_now(statement, &group, &state)).collect();
        if said.is_empty() || !self.is_turn_in_group(id) {
            return false;
        }
        let gone: Vec<AccountId> = said.iter().map(|statement| statement.account).collect();
        let remove =
            gone.iter().flat_map(|account| state.leaves_of(*account)).map(|member| member.leaf).collect();
        let evidence = Evidence { leaves: said, ..Evidence::default() };
        let commit = ChatCommit { remove, evidence, ..ChatCommit::update(EraStep::Begins) };
        self.commit_group(id, commit, None, &[])
    }
}

/// Whether a statement is by a leaf that is in the group now.
fn is_of_now(statement: &LeaveStatement, group: &GroupId, state: &State) -> bool {
    let by = state.leaves_of(statement.account).find(|member| member.leaf.device == statement.device);
    let by = by.filter(|member| member.state.nonce == statement.nonce && statement.group == *group);
    by.is_some_and(|member| statement.is_by(&member.leaf.key))
}
