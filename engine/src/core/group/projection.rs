//! Computes the view models of groups.

use parley_protocol::ids::{AccountId, GroupId};

use crate::core::Engine;
use crate::domain::consent::Consent;
use crate::domain::conversation::{Conversation, ConversationKey, Last, State, id_of};
use crate::domain::message::Message;
use crate::group::chat::{Change, GroupChat, Standing};
use crate::group::policy::Role;
use crate::view::{
    AuthorView, ConversationView, GroupStanding, GroupSummary, GroupView, MemberView, Preview, Warning,
};

impl Engine {
    /// A group in the list; `last` is its newest message.
    pub(in crate::core) fn group_conversation_view(
        &self,
        conversation: &Conversation,
        last: Option<Preview>,
    ) -> Option<ConversationView> {
        let ConversationKey::Group(group) = conversation.key else { return None };
        let chat = self.group_chats.all.get(&group)?;
        let key = &conversation.key;
        let author = conversation.last.as_ref().and_then(|last| self.author_of_last(last));
        let last = last.map(|last| Preview { author, ..last });
        let draft = self.draft_of(key);
        let invited = matches!(chat.standing, Standing::Invited(_));
        let listed = invited
            || chat.standing == Standing::Asked
            || !self.is_hidden(key) && (last.is_some() || !draft.trim().is_empty() || chat.is_active());
        Some(ConversationView {
            id: key.id(),
            name: chat.policy.name.clone(),
            account: None,
            username: None,
            verified: false,
            last: last.filter(|_| !invited),
            consent: if invited { Consent::Requested } else { Consent::Granted },
            unread: if invited { 0 } else { conversation.unread },
            changed: conversation.changed,
            warning: match (self.is_forked(&chat.group), chat.differs) {
                (true, _) => Some(Warning::AnotherCopy),
                (false, differs) => differs.then_some(Warning::DifferentMessages),
            },
            draft: draft.to_owned(),
            draft_sent: self.sent_as_it_stood(key),
            listed,
            preparing: false,
            waiting: None,
            restored: None,
            group: Some(self.group_summary(chat)),
            marks: self.marks_view(key, conversation.changed),
            timer: self.timer_of(key),
        })
    }

    fn group_summary(&self, chat: &GroupChat) -> GroupSummary {
        let role = self.own_account_id().map_or(Role::Member, |own| chat.policy.role(&own));
        GroupSummary {
            members: chat.people(),
            standing: match chat.standing {
                Standing::Invited(by) => GroupStanding::Invited {
                    by: self.name_of(&by),
                    username: self
                        .contacts
                        .get(&by)
                        .and_then(|contact| contact.username.as_ref())
                        .map(ToString::to_string),
                },
                Standing::Member => GroupStanding::Member,
                Standing::Left => GroupStanding::Left,
                Standing::Removed => GroupStanding::Removed,
                Standing::Paused => GroupStanding::Paused,
                Standing::Lost => GroupStanding::Lost,
                Standing::Asked => GroupStanding::Asked(self.ask_stage(&chat.group)),
            },
            role,
            may_write: self.may_write_in_group(&chat.group),
            changing: !chat.changes.is_empty(),
            picture: picture(chat).and(chat.policy.picture),
            unconfirmed: self.group_chats.by_link.is_unconfirmed(&chat.group),
            asks: self.asks_count(chat),
        }
    }

    pub(super) fn group_view(&self, group: &GroupId) -> Option<GroupView> {
        let chat = self.group_chats.all.get(group)?;
        let own = self.account.as_ref()?.id;
        let mut members: Vec<MemberView> =
            chat.members.iter().map(|(account, devices)| self.member_view(chat, account, *devices)).collect();
        members.sort_by_key(|member| std::cmp::Reverse(member.role));
        let added = chat.changes.iter().filter_map(|change| match change {
            Change::Add(people) => Some(people),
            _ => None,
        });
        let adding = added.flatten().filter(|account| !chat.is_member(account));
        Some(GroupView {
            conversation: ConversationKey::Group(*group).id(),
            name: chat.policy.name.clone(),
            picture: picture(chat),
            role: chat.policy.role(&own),
            permissions: chat.policy.permissions,
            members,
            adding: adding.map(|account| self.member_view(chat, account, 0)).collect(),
            links: self.group_links_view(group),
            asks: self.asks_view(chat),
            history: chat.policy.history(),
        })
    }

    fn member_view(&self, chat: &GroupChat, account: &AccountId, devices: u32) -> MemberView {
        let contact = self.contacts.get(account);
        let own = self.account.as_ref().filter(|own| own.id == *account);
        let username = own
            .map(|own| own.username.to_string())
            .or_else(|| contact.and_then(|contact| contact.username.as_ref()).map(ToString::to_string));
        MemberView {
            account: *account,
            name: self.name_of(account),
            username,
            role: chat.policy.role(account),
            verified: contact.is_some_and(|contact| contact.verified),
            devices,
            colour: colour(account),
            leaving: Self::being_removed(chat, account),
            chat: Some(id_of(account))
                .filter(|id| self.conversations.contains_key(id) && !self.is_own_account(account)),
        }
    }

    pub(in crate::core) fn author_view(&self, account: &AccountId) -> AuthorView {
        AuthorView { account: *account, name: self.name_of(account), colour: colour(account) }
    }

    /// The author of another member's message in a group.
    pub(in crate::core) fn author_in_group(&self, message: &Message) -> Option<AuthorView> {
        let author = message.author.as_ref().filter(|author| author.proof.is_some())?;
        (!self.is_own_account(&author.account)).then(|| self.author_view(&author.account))
    }

    fn author_of_last(&self, last: &Last) -> Option<String> {
        match last.state {
            State::By(account) => Some(self.name_of(&account)),
            _ => None,
        }
    }
}

/// The group's picture, if this device has it.
fn picture(chat: &GroupChat) -> Option<Vec<u8>> {
    let known = chat.policy.picture == Some(super::hash_of(&chat.picture));
    known.then(|| chat.picture.clone())
}

/// The same on all devices, in all groups and in the chat of two.
fn colour(account: &AccountId) -> u8 {
    id_of(account).colour()
}
