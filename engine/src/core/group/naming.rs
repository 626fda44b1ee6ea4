//! Names of group members: each member tells its name after it has joined and when the name changes, and a member that adds
//! somebody passes on the names that it has heard.

use parley_protocol::ids::{AccountId, GroupId, LogId};

use crate::core::Engine;
use crate::domain::content::Body;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::GroupLine;
use crate::group::names::{MAX_NAMES, SignedName};
use crate::group::state::{Member, State};

impl Engine {
    pub(super) fn own_name(&self) -> Option<SignedName> {
        let (signer, account) = self.signer()?;
        let whose = (account.id, account.device);
        Some(SignedName::sign(whose, account.profile, account.name.clone(), signer.0))
    }

    /// Tells a group this person's name, once the account has joined and when the name changes.
    pub(in crate::core) fn introduce_in_group(&mut self, id: &LogId) {
        let (Some(group), Some(own)) = (self.group_of(id), self.own_name()) else { return };
        let Some(chat) = self.group_chats.all.get_mut(&group).filter(|chat| chat.is_active()) else { return };
        // With no other member there is nobody to tell.
        if chat.introduced.is_some_and(|told| told >= own.version) || chat.members.len() < 2 {
            return;
        }
        chat.introduced = Some(own.version);
        self.save_group_chat(&group);
        self.enqueue(ConversationKey::Group(group), Body::Names(vec![own]), None);
    }

    /// Somebody joined by a link, and nobody has told them the names of members who joined by a link since the group era
    /// began: if this account is such a member, it tells its name again.
    pub(super) fn introduce_again(&mut self, group: &GroupId, state: &State) {
        let own = self.own_account_id();
        let came = |it: &Member| Some(it.leaf.account) == own && it.state.came_by.is_some();
        if !state.members().any(came) {
            return;
        }
        if let Some(chat) = self.group_chats.all.get_mut(group) {
            chat.introduced = None;
        }
    }

    /// Tells new members the names of the others, as far as these have told their names.
    pub(super) fn hand_on_names(&mut self, group: &GroupId) {
        let Some(own) = self.own_name() else { return };
        let Some(chat) = self.group_chats.all.get_mut(group) else { return };
        chat.introduced = Some(own.version);
        let known = chat.names.values().filter(|name| name.account != own.account);
        let names: Vec<SignedName> = known.cloned().chain([own.clone()]).collect();
        self.save_group_chat(group);
        for names in names.chunks(MAX_NAMES) {
            self.enqueue(ConversationKey::Group(*group), Body::Names(names.to_vec()), None);
        }
    }

    /// Names of members came in a group, also of members other than the sender.
    pub(in crate::core) fn names_came(&mut self, id: &LogId, names: Vec<SignedName>) {
        let Some(group) = self.group_of(id) else { return };
        for name in names.into_iter().take(MAX_NAMES) {
            self.name_in_group_came(&group, name);
        }
        self.save_group_chat(&group);
    }

    /// Names came with a group that this device joined by a link.
    pub(super) fn take_names(&mut self, group: &GroupId, names: Vec<SignedName>) {
        for name in names {
            self.name_in_group_came(group, name);
        }
        self.save_group_chat(group);
    }

    fn name_in_group_came(&mut self, group: &GroupId, name: SignedName) {
        let account = name.account;
        let said = self.known_log(&account).is_some_and(|log| name.is_said_by(log));
        let unknown = self.known_log(&account).is_none();
        let Some(chat) = self.group_chats.all.get_mut(group).filter(|chat| chat.is_member(&account)) else {
            return;
        };
        let older = chat.names.get(&account).is_some_and(|known| known.version >= name.version);
        // This device uses the name once the account's device log is there.
        if older || !(said || unknown) {
            return;
        }
        chat.names.insert(account, name.clone());
        if said {
            self.use_name(&account, name.name);
        }
    }

    fn use_name(&mut self, account: &AccountId, name: String) {
        if let Some(contact) = self.contacts.get_mut(account)
            && contact.name.as_ref() != Some(&name)
        {
            contact.name = Some(name);
            self.save_contact(account);
            self.show_member(account);
        }
    }

    /// The device log of a member came: names that came before it hold now, if they verify.
    pub(in crate::core) fn name_member(&mut self, account: &AccountId) {
        let Some(log) = self.known_log(account).cloned() else { return };
        let groups: Vec<GroupId> = self.group_chats.all.keys().copied().collect();
        for group in groups {
            let Some(chat) = self.group_chats.all.get_mut(&group) else { continue };
            let Some(name) = chat.names.get(account).cloned() else { continue };
            if name.is_said_by(&log) {
                self.use_name(account, name.name);
            } else {
                chat.names.remove(account);
                self.save_group_chat(&group);
            }
        }
    }

    /// A line with the current names, where this device knows them.
    pub(in crate::core) fn line_as_named_now(&self, line: &GroupLine) -> GroupLine {
        line.clone().renamed(|account| {
            let named = self.is_own_account(account)
                || self.contacts.get(account).is_some_and(|contact| contact.name.is_some());
            named.then(|| self.name_of(account))
        })
    }
}
