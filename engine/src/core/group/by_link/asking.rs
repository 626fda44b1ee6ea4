//! Asking to be let into a group by a link that needs approval: the request is on disk before it is sent, and waits at the relay in the
//! group's log, so that whoever governs the group finds it whenever they come.

use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{Answer, AskToJoin, RelayError, Request, Retry};
use parley_protocol::ids::{AccountId, AppendId, Epoch, GroupId, LogId, UnixMillis};
use serde::{Deserialize, Serialize};

use super::visiting::{Wants, why};
use super::{ASK_LASTS, MOST_CONFIRMERS};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::content::Sync;
use crate::domain::conversation::ConversationKey;
use crate::group::chat::{GroupChat, Standing};
use crate::group::link::ask::{Ask, AskEntry, AskId, MAX_GREETING};
use crate::group::link::{GroupLink, LinkSecret, append_of};
use crate::records::keys;
use crate::view::{AskStage, CommandError, ConversationId, Reply};

/// This account asks. As it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Asking {
    group: GroupId,
    secret: LinkSecret,
    /// Who made the link.
    by: AccountId,
    id: AskId,
    greeting: String,
    /// When it was asked first.
    since: UnixMillis,
    stage: Stage,
    /// What is on its way to the relay, if something is.
    sending: Option<Sending>,
}

/// As it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The relay does not have it yet.
    Asks,
    /// It has.
    Waits,
    /// It leads to nothing.
    Over,
    /// The person asks no more, and the members are told.
    Withdraws,
}

/// An entry that is the same in every retry. As it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct Sending {
    log: LogId,
    epoch: Epoch,
    append: AppendId,
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
}

impl Asking {
    fn link(&self) -> String {
        GroupLink { group: self.group, secret: self.secret.clone(), by: self.by }.fragment()
    }
}

impl Engine {
    fn asking(&self, group: &GroupId) -> Option<Asking> {
        self.state.get(&keys::asking(group)).ok().flatten()
    }

    fn save_asking(&mut self, asking: &Asking) {
        self.save(&keys::asking(&asking.group), asking);
        self.changed.conversations.insert(ConversationKey::Group(asking.group).id());
    }

    /// How far a request has come, for views.
    pub(in crate::core::group) fn ask_stage(&self, group: &GroupId) -> AskStage {
        match self.asking(group).map(|asking| asking.stage) {
            Some(Stage::Asks) => AskStage::Sending,
            Some(Stage::Waits) => AskStage::Waiting,
            Some(Stage::Over | Stage::Withdraws) | None => AskStage::Over,
        }
    }

    /// Everything that is there has been read: this account asks, or asks no more.
    pub(super) fn leave_ask(&mut self) {
        let Some((entry, asking)) = self.make_ask() else { return self.look_into_next() };
        let (random, visit) = (self.random.clone(), self.group_chats.by_link.visit.as_ref());
        let open = visit.and_then(|visit| visit.open.as_ref());
        let sealed = open.and_then(|open| {
            let sealed = entry.seal(&random, open.asks.as_deref()?, open.log)?;
            Some((open.log, sealed))
        });
        let Some((log, sealed)) = sealed else { return self.look_into_next() };
        let Some(outside) = self.outside_now() else { return self.look_into_next() };
        let (epoch, append) = (outside.0, append_of(&asking.secret.id(), self.random.array()));
        let asking = Asking { sending: Some(Sending { log, epoch, append, sealed }), ..asking };
        if asking.stage == Stage::Asks {
            self.show_asked(&asking.group, outside.1);
        }
        self.save_asking(&asking);
        self.end_looking(&asking.group);
        self.send_ask(&asking);
    }

    /// What is said to the members, and what is known of it here.
    fn make_ask(&mut self) -> Option<(AskEntry, Asking)> {
        let visit = self.group_chats.by_link.visit.as_ref()?;
        let GroupLink { group, secret, by } = visit.link.clone();
        let known = self.asking(&group).filter(|known| known.secret == secret);
        let (signer, account) = self.signer()?;
        if visit.wants == Wants::Withdraw {
            let known = known?;
            return Some((
                AskEntry::withdraw(known.id, group, signer.0),
                Asking { stage: Stage::Withdraws, ..known },
            ));
        }
        let Wants::Ask(greeting) = &visit.wants else { return None };
        let own: &DeviceLog = self.own_log.as_ref()?;
        let now = self.relay_time();
        // One that was on its way stays the same one.
        let again = known.filter(|known| known.stage == Stage::Asks && known.greeting == *greeting);
        let (id, since) = again.map_or_else(|| (self.random.array(), now), |known| (known.id, known.since));
        let said = (account.name.clone(), greeting.clone());
        let ask = Ask::new((id, group, &secret), (own, account.device, signer.0), said, since);
        let greeting = greeting.clone();
        let asking = Asking { group, secret, by, id, greeting, since, stage: Stage::Asks, sending: None };
        Some((AskEntry::Asks(Box::new(ask)), asking))
    }

    /// The group among the chats, as one that this account is not in.
    fn show_asked(&mut self, group: &GroupId, chat: GroupChat) {
        self.group_chats.all.insert(*group, chat);
        let key = ConversationKey::Group(*group);
        self.unhide(&key);
        let id = self.conversation_of_key(key);
        let now = self.relay_time();
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.changed = now;
        }
        self.save_conversation(id);
        self.save_group_chat(group);
    }

    /// The epoch in which the group is that is looked at, and the group as it is shown while nobody has let this account in.
    fn outside_now(&mut self) -> Option<(Epoch, GroupChat)> {
        let mark = self.state.mark();
        let seen = self.outside().map(|outside| {
            let count = |account: AccountId| {
                let devices = outside.state.leaves_of(account).count();
                (account, u32::try_from(devices).unwrap_or(u32::MAX))
            };
            let members = outside.state.accounts().into_iter().map(count).collect();
            let policy = outside.state.policy.clone();
            let mut chat = GroupChat::outside(outside.group, Standing::Asked, policy, members);
            let visit = self.group_chats.by_link.visit.as_ref();
            let picture =
                visit.and_then(|visit| visit.open.as_ref()).map(|open| open.package.picture.clone());
            chat.picture = picture.unwrap_or_default();
            (outside.epoch(), chat)
        });
        self.state.roll_back(mark);
        seen
    }

    /// Nothing is looked at any more; who waits for an answer gets it when the relay has answered.
    fn end_looking(&mut self, group: &GroupId) {
        let Some(visit) = self.group_chats.by_link.visit.take() else { return };
        if let Some(open) = visit.open {
            self.stop_looking(open.log);
        }
        if let Some(view) = visit.view {
            self.group_chats.by_link.asking.insert(*group, view);
        }
    }

    fn send_ask(&mut self, asking: &Asking) {
        let Some(Sending { log, epoch, append, sealed }) = asking.sending.clone() else { return };
        let Ok(ask) = Bytes::new(sealed) else { return };
        let link = asking.secret.capability();
        let pending = Pending::Ask(asking.group, append);
        if self.online() && !self.is_pending(|asked| *asked == pending) {
            self.ask(Request::AskToJoin(AskToJoin { log, link, epoch, append, ask }), pending);
        }
    }

    /// Sends what the relay does not have yet, and gives up what waits for too long.
    pub(super) fn go_on_asking(&mut self) {
        for key in self.state.keys_with_prefix(keys::ALL_ASKING) {
            let Some(asking) = self.state.get::<Asking>(&key).ok().flatten() else { continue };
            let over = asking.since.0.saturating_add(ASK_LASTS) < self.relay_time().0;
            match asking.stage {
                Stage::Waits if over => self.save_asking(&Asking { stage: Stage::Over, ..asking }),
                Stage::Withdraws if over => self.state.delete(&key),
                Stage::Asks | Stage::Withdraws if asking.sending.is_some() => self.send_ask(&asking),
                Stage::Asks => self.ask_anew(&asking, Wants::Ask(asking.greeting.clone())),
                Stage::Withdraws => self.ask_anew(&asking, Wants::Withdraw),
                Stage::Waits | Stage::Over => {}
            }
        }
    }

    fn ask_anew(&mut self, asking: &Asking, wants: Wants) {
        if self.group_chats.by_link.visit.is_some() {
            return self.retry_later(60_000);
        }
        let view = self.group_chats.by_link.asking.remove(&asking.group);
        // It is tried again with the next connection.
        let reply = match self.follow_group_link(view, &asking.link(), wants) {
            Ok(None) => return,
            Ok(Some(reply)) => reply,
            Err(error) => Reply::Failed(error),
        };
        if let Some(view) = view {
            self.reply(view, reply);
        }
    }

    /// The relay has taken the request, or has not.
    pub(in crate::core) fn asked(
        &mut self,
        group: &GroupId,
        append: AppendId,
        result: &Result<Answer, RelayError>,
    ) {
        let sends = |asking: &Asking| asking.sending.as_ref().is_some_and(|sending| sending.append == append);
        let Some(asking) = self.asking(group).filter(sends) else { return };
        match result {
            Ok(_) if asking.stage == Stage::Withdraws => self.state.delete(&keys::asking(group)),
            Ok(_) => {
                self.save_asking(&Asking { stage: Stage::Waits, sending: None, ..asking });
                self.answer_asking(group, Reply::Conversation(ConversationKey::Group(*group).id()));
            }
            Err(RelayError::StaleEpoch { .. }) => {
                let asking = Asking { sending: None, ..asking };
                self.save_asking(&asking);
                let wants = match asking.stage {
                    Stage::Withdraws => Wants::Withdraw,
                    _ => Wants::Ask(asking.greeting.clone()),
                };
                self.ask_anew(&asking, wants);
            }
            Err(error) if let Retry::After(pause) = error.retry() => self.retry_later(pause),
            Err(error) => self.ask_leads_nowhere(group, why(*error)),
        }
    }

    fn answer_asking(&mut self, group: &GroupId, reply: Reply) {
        if let Some(view) = self.group_chats.by_link.asking.remove(group) {
            self.reply(view, reply);
        }
    }

    /// The link is over, and the request with it.
    pub(super) fn ask_leads_nowhere(&mut self, group: &GroupId, why: CommandError) {
        let Some(asking) = self.asking(group) else { return };
        if asking.stage == Stage::Withdraws {
            self.state.delete(&keys::asking(group));
        } else if asking.stage == Stage::Asks {
            self.save_asking(&Asking { stage: Stage::Over, sending: None, ..asking });
        }
        self.answer_asking(group, Reply::Failed(why));
    }

    /// Whether this text may go with a request.
    pub(in crate::core::group) fn greeting(text: &str) -> Result<Wants, CommandError> {
        let text = text.trim();
        if text.len() > MAX_GREETING {
            return Err(CommandError::TextLength);
        }
        Ok(Wants::Ask(text.to_owned()))
    }

    /// The person asks no more.
    pub(in crate::core::group) fn withdraw_ask(&mut self, id: ConversationId) -> Result<(), CommandError> {
        let group = self.group_in(id)?;
        let chat = self.group_chats.all.get_mut(&group).ok_or(CommandError::UnknownConversation)?;
        if chat.standing != Standing::Asked {
            return Err(CommandError::NotAllowed);
        }
        chat.standing = Standing::Left;
        self.save_group_chat(&group);
        match self.asking(&group) {
            Some(asking) if asking.stage == Stage::Waits => {
                self.save_asking(&Asking { stage: Stage::Withdraws, ..asking });
            }
            // It may have reached the relay: the members are told all the same.
            Some(asking) if asking.stage == Stage::Asks => {
                self.save_asking(&Asking { stage: Stage::Withdraws, sending: None, ..asking });
            }
            _ => self.state.delete(&keys::asking(&group)),
        }
        self.go_on_asking();
        Ok(())
    }

    /// Somebody has let this account in, as it asked. Who made the link can say that it is this group, or somebody whom the person
    /// knows: `known` says whether it was one of these.
    pub(in crate::core::group) fn was_let_in(&mut self, group: &GroupId, by: &AccountId, known: bool) {
        let Some(asking) = self.asking(group) else { return };
        self.state.delete(&keys::asking(group));
        self.sync(Sync::Group(*group, true));
        if known || *by == asking.by {
            return;
        }
        let members = self.group_chats.all.get(group).map(|chat| chat.members.clone()).unwrap_or_default();
        let confirmers: Vec<AccountId> = members
            .iter()
            .map(|(account, _)| *account)
            .filter(|account| {
                self.contacts.contains_key(account) && account != by && !self.is_own_account(account)
            })
            .take(MOST_CONFIRMERS)
            .chain([asking.by])
            .collect();
        self.links_of(group).confirmers = confirmers;
        self.save_links(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_pinned() {
        let sending =
            Sending { log: LogId([1; 16]), epoch: Epoch(300), append: AppendId([2; 16]), sealed: vec![3; 4] };
        let asking = Asking {
            group: GroupId([4; 16]),
            secret: LinkSecret::new([5; 32]),
            by: AccountId([6; 32]),
            id: [7; 16],
            greeting: "me".to_owned(),
            since: UnixMillis(300),
            stage: Stage::Withdraws,
            sending: Some(sending),
        };
        let bytes = postcard::to_allocvec(&asking).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        let read: Asking = postcard::from_bytes(&bytes).unwrap();
        assert_eq!((read.stage, read.greeting.as_str()), (Stage::Withdraws, "me"));
    }
}
