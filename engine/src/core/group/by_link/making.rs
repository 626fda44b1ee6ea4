//! Makes and revokes invite links. The policy of a group lists its links; only the account that made a link has its secret.

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{GroupId, LogId, UnixMillis};

use crate::core::Engine;
use crate::core::group::may;
use crate::domain::content::Sync;
use crate::domain::conversation::ConversationKey;
use crate::group::chat::Change;
use crate::group::link::{GroupLink, LONGEST, Link, LinkId, LinkSecret, Terms, is_append_of};
use crate::group::policy::{MAX_LINKS, Role};
use crate::view::{CommandError, ConversationId, InviteLinkView, LinkTerms};

impl Engine {
    pub(in crate::core::group) fn make_group_link(
        &mut self,
        id: ConversationId,
        terms: &LinkTerms,
    ) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let own = self.own_account_id().ok_or(CommandError::NoAccount)?;
        let chat = self.group_chats.all.get(&group).ok_or(CommandError::UnknownConversation)?;
        let coming = chat.changes.iter().filter(|change| matches!(change, Change::Link(_))).count();
        if chat.policy.links.len().saturating_add(coming) >= MAX_LINKS {
            return Err(CommandError::TooManyLinks);
        }
        let now = self.relay_time();
        let until = |lasts: u64| UnixMillis(now.0.saturating_add(lasts.min(LONGEST)));
        // Whoever lets people in counts them.
        let most = if terms.approval { 0 } else { terms.most };
        let terms = Terms { approval: terms.approval, most, expires: terms.lasts.map(until) };
        let secret = LinkSecret::new(self.random.array());
        let link = secret.link(own, terms);
        let change = Change::Link(Box::new(link));
        if !chat.is_active() || !may(chat, &own, &change) {
            return Err(CommandError::NotAllowed);
        }
        // The commit leaves the package for joiners at the relay, as soon as the commit is made.
        self.keep_link_secret(&group, secret.clone());
        self.sync(Sync::GroupLink(group, secret));
        self.ask_group(id, change)
    }

    /// Keeps the secret of a link that this account made, on this device or another one.
    pub(in crate::core) fn keep_link_secret(&mut self, group: &GroupId, secret: LinkSecret) {
        let links = self.links_of(group);
        if links.secrets.contains(&secret) {
            return;
        }
        let over = links.secrets.len().saturating_sub(2 * MAX_LINKS);
        links.secrets.drain(..over);
        links.keys.push(secret.keys());
        links.secrets.push(secret);
        self.save_links(group);
        self.changed.conversations.insert(ConversationKey::Group(*group).id());
    }

    pub(in crate::core::group) fn revoke_group_link(
        &mut self,
        id: ConversationId,
        link: LinkId,
    ) -> Result<(), CommandError> {
        self.ask_group(id, Change::Revoke(link))
    }

    /// A member who governs the group removes expired links from the policy: the relay serves them no more.
    pub(in crate::core) fn revoke_expired_links(&mut self, group: &GroupId) {
        let now = self.relay_time();
        let over = |link: &&Link| link.expires.is_some_and(|expires| expires < now);
        self.revoke_where(group, over);
    }

    /// Asks to revoke links, if this person may, and nobody has asked for that here.
    fn revoke_where(&mut self, group: &GroupId, which: impl Fn(&&Link) -> bool) {
        let Some(own) = self.own_account_id() else { return };
        let Some(chat) = self.group_chats.all.get_mut(group).filter(|chat| chat.is_active()) else { return };
        if chat.policy.role(&own) < Role::Admin {
            return;
        }
        let over: Vec<LinkId> = chat.policy.links.iter().filter(which).map(|link| link.id).collect();
        let mut asked = false;
        for id in over {
            let change = Change::Revoke(id);
            if !chat.changes.contains(&change) {
                chat.changes.push_back(change);
                asked = true;
            }
        }
        if asked {
            self.save_group_chat(group);
        }
    }

    /// An entry that nobody can read ends a log. If the entry came by a link, that link leads into no successor.
    pub(in crate::core) fn note_spoiled_link(&mut self, id: &LogId, entry: &LogEntry) {
        let Some(chat) = self.group_chat_of(id) else { return };
        let (group, append) = (chat.group, entry.append);
        let Some(link) = chat.policy.links.iter().find(|link| is_append_of(&link.id, &append)) else {
            return;
        };
        let spoiled = link.id;
        let links = self.links_of(&group);
        if !links.spoiled.contains(&spoiled) {
            links.spoiled.push_back(spoiled);
        }
        self.save_links(&group);
        self.revoke_where(&group, |link| link.id == spoiled);
    }

    /// The links of a group as the person sees them.
    pub(in crate::core::group) fn group_links_view(&self, group: &GroupId) -> Vec<InviteLinkView> {
        let Some(chat) = self.group_chats.all.get(group) else { return Vec::new() };
        let revoked = |link: &Link| chat.changes.contains(&Change::Revoke(link.id));
        let made = chat.policy.links.iter().filter(|link| !revoked(link)).map(|link| (link, false));
        let asked = chat.changes.iter().filter_map(|change| match change {
            Change::Link(link) if chat.policy.link(&link.id).is_none() => Some((&**link, true)),
            _ => None,
        });
        made.chain(asked).map(|(link, making)| self.group_link_view(group, link, making)).collect()
    }

    fn group_link_view(&self, group: &GroupId, link: &Link, making: bool) -> InviteLinkView {
        let secrets = self.group_chats.by_link.of.get(group).map(|links| links.secrets.as_slice());
        let secret = secrets.unwrap_or_default().iter().find(|secret| secret.id() == link.id);
        let fragment =
            secret.map(|secret| GroupLink { group: *group, secret: secret.clone(), by: link.by }.fragment());
        InviteLinkView {
            id: link.id,
            by: self.name_of(&link.by),
            own: self.is_own_account(&link.by),
            fragment,
            approval: link.approval,
            most: link.most,
            came: self.came_by(group, link),
            expires: link.expires,
            making,
        }
    }

    /// How many came by a link: those who are here, and those who are gone.
    pub(super) fn came_by(&self, group: &GroupId, link: &Link) -> u16 {
        let links = self.group_chats.by_link.of.get(group);
        let here = links.and_then(|links| links.here.get(&link.id)).copied().unwrap_or(0);
        link.used.saturating_add(here)
    }
}
