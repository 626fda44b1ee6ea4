//! Joins a group by an invite link. The engine writes the commit and the keys that it brings to disk before it sends the
//! commit, so that a device which stops in between finds out whether it is in the group.

use parley_crypto::aead::XNonce;
use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{Answer, JoinByLink, RelayError, Request, Retry, Stored};
use parley_protocol::ids::{AccountId, AppendId, Epoch, GroupId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use super::MOST_CONFIRMERS;
use super::visiting::{Wants, why};
use crate::channel::group_era::{GroupEra, PastEra};
use crate::channel::log::{Log, Stage};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::GroupLine;
use crate::group::chat::{GroupChat, Standing};
use crate::group::evidence::Evidence;
use crate::group::link::{LinkKeys, LinkSecret, append_of};
use crate::group::names::SignedName;
use crate::mls::DeviceSigner;
use crate::mls::group::{Group, GroupError};
use crate::records::keys;
use crate::view::{CommandError, Reply, ViewRequestId};

/// A join by a link, under way. As stored.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::core) struct Entering {
    group: GroupId,
    log: LogId,
    secret: LinkSecret,
    /// The account that made the link.
    by: AccountId,
    era: GroupEra,
    /// The epoch that the commit ends.
    epoch: Epoch,
    append: AppendId,
    #[serde(with = "serde_bytes")]
    commit: Vec<u8>,
    next: CapabilityHash,
    keys: Vec<LinkKeys>,
    #[serde(with = "serde_bytes")]
    picture: Vec<u8>,
    names: Vec<SignedName>,
    past: Vec<PastEra>,
    /// The view that waits for the result.
    #[serde(skip)]
    view: Option<ViewRequestId>,
    /// The commit was sent on this connection.
    #[serde(skip)]
    sent: bool,
}

impl Entering {
    pub(super) const fn group(&self) -> GroupId {
        self.group
    }

    pub(super) const fn forget_connection(&mut self) {
        self.sent = false;
    }
}

impl Engine {
    /// Makes the commit that adds this device, and sends it once it is on disk.
    pub(super) fn enter_group(&mut self) {
        let mark = self.state.mark();
        match self.make_entry() {
            Ok(entering) => {
                let group = entering.group;
                self.save(&keys::entering(&group), &entering);
                self.group_chats.by_link.entering.insert(group, entering);
                self.go_on_entering();
            }
            Err(error) => {
                self.state.roll_back(mark);
                match error {
                    GroupError::Refused(_) => self.end_visit(CommandError::LinkOver),
                    _ => self.look_into_next(),
                }
            }
        }
    }

    fn make_entry(&mut self) -> Result<Entering, GroupError> {
        let outside = self.outside().ok_or(GroupError::Invalid)?;
        let log = self.own_log.as_ref().ok_or(GroupError::State)?;
        let evidence = Evidence { logs: vec![log.entries().to_vec()], ..Evidence::default() };
        let (key, account) = self.key.as_ref().zip(self.account.as_ref()).ok_or(GroupError::State)?;
        let signer = DeviceSigner(key);
        let own = (account.leaf(key), log.head());
        let visit = self.group_chats.by_link.visit.as_mut().ok_or(GroupError::State)?;
        let open = visit.open.as_ref().ok_or(GroupError::State)?;
        let (epoch, secret) = (outside.epoch(), visit.link.secret.clone());
        let (mls, made) = Group::come_in(&self.mls, &signer, own, outside, (evidence, Some(&secret)))?;
        let nonce: XNonce = self.random.array();
        Ok(Entering {
            group: visit.link.group,
            log: open.log,
            by: visit.link.by,
            era: open.era.clone(),
            epoch,
            append: append_of(&secret.id(), self.random.array()),
            commit: made.entry.seal(&open.era, open.log, &nonce),
            next: mls.capability(&self.mls)?.hash(),
            keys: open.package.keys.clone(),
            picture: open.package.picture.clone(),
            names: open.package.names.clone(),
            past: open.package.past.clone(),
            secret,
            view: visit.view.take(),
            sent: false,
        })
    }

    /// Sends commits that were not sent on this connection.
    pub(in crate::core) fn go_on_entering(&mut self) {
        if !self.online() {
            return;
        }
        self.go_on_asking();
        let waiting = self.group_chats.by_link.entering.values_mut().filter(|it| !it.sent);
        let mut requests = Vec::new();
        for entering in waiting {
            let Ok(commit) = Bytes::new(entering.commit.clone()) else { continue };
            entering.sent = true;
            let Entering { log, epoch, append, next, .. } = *entering;
            let link = entering.secret.capability();
            let request = JoinByLink { log, link, epoch, append, commit, next_append: next };
            requests.push((request, Pending::Enter(entering.group, append)));
        }
        for (request, pending) in requests {
            self.ask(Request::JoinByLink(request), pending);
        }
    }

    /// The relay accepted or refused the commit.
    pub(in crate::core) fn entered(
        &mut self,
        group: &GroupId,
        append: AppendId,
        result: Result<Answer, RelayError>,
    ) {
        let entering = self.group_chats.by_link.entering.get(group).filter(|it| it.append == append);
        let Some(entering) = entering.cloned() else { return };
        match result {
            Ok(Answer::Stored(stored)) => match stored.first() {
                Some(stored) => self.is_in_by_link(&entering, *stored),
                None => self.retry_later(60_000),
            },
            Err(RelayError::StaleEpoch { .. }) => self.was_too_late(&entering),
            Err(error) if let Retry::After(pause) = error.retry() => {
                if let Some(entering) = self.group_chats.by_link.entering.get_mut(group) {
                    entering.sent = false;
                }
                self.retry_later(pause);
            }
            Ok(_) => self.retry_later(60_000),
            Err(error) => {
                self.forget_entering(&entering);
                self.end_visit(why(error));
                if let Some(view) = entering.view {
                    self.reply(view, Reply::Failed(why(error)));
                }
            }
        }
    }

    /// Drops the keys of a refused commit: they are of no use.
    fn forget_entering(&mut self, entering: &Entering) {
        if let Ok(mls) = Group::load(&self.mls, entering.group) {
            // The next attempt overwrites what stays of the group.
            let _ = mls.delete(&self.mls);
        }
        self.state.delete(&keys::entering(&entering.group));
        self.group_chats.by_link.entering.remove(&entering.group);
    }

    /// Somebody else committed first: tries again on top of that commit.
    fn was_too_late(&mut self, entering: &Entering) {
        self.forget_entering(entering);
        let fragment = crate::group::link::GroupLink {
            group: entering.group,
            secret: entering.secret.clone(),
            by: entering.by,
        }
        .fragment();
        let visited =
            self.group_chats.by_link.visit.as_mut().filter(|visit| visit.link.group == entering.group);
        let Some(visit) = visited else {
            // After a restart nobody waits for it.
            let _ = self.follow_group_link(entering.view, &fragment, Wants::Join);
            return;
        };
        visit.view = entering.view;
        let Some(open) = visit.open.as_mut() else { return };
        let ended = |entry: &parley_protocol::frame::LogEntry| entry.epoch == entering.epoch;
        if open.commits.iter().any(ended) {
            return self.go_on_visiting();
        }
        // The commit comes through the subscription.
        open.head = open.head.max(open.cursor.next());
    }

    /// This device is in the group, from the commit on.
    fn is_in_by_link(&mut self, entering: &Entering, stored: Stored) {
        let Entering { group, log: id, .. } = *entering;
        if let Some(visit) = self.group_chats.by_link.visit.take()
            && let Some(open) = visit.open
        {
            self.stop_looking(open.log);
        }
        let loaded = Group::load(&self.mls, group).and_then(|mls| Ok((mls.state()?, mls)));
        self.state.delete(&keys::entering(&group));
        self.group_chats.by_link.entering.remove(&group);
        let Ok((state, mls)) = loaded else {
            if let Some(view) = entering.view {
                self.reply(view, Reply::Failed(CommandError::Storage));
            }
            return;
        };
        self.groups.insert(id, Box::new(mls));
        let key = ConversationKey::Group(group);
        let mut log = Log::new(id, group, key, Stage::Active, self.now);
        // The device's keys are from just now.
        log.fresh = false;
        self.logs.insert(id, log);
        self.save_log(&id);
        self.keep_group_era(&id, entering.era.clone());
        self.transcripts.insert(id, Transcript::late());
        self.save_transcript(&id);
        self.unhide(&key);
        self.add_log_to_conversation(key, id);
        self.membership.unsettle(&id);
        let mut chat = GroupChat::new(group, Standing::Member, &state);
        let shown = chat.policy.picture == Some(crate::core::group::hash_of(&entering.picture));
        if shown && crate::core::group::is_picture(&entering.picture) {
            chat.picture.clone_from(&entering.picture);
        }
        self.group_chats.all.insert(group, chat);
        self.forget_epochs(&group);
        self.note_epoch(&id);
        self.save(&keys::came(&group), &stored.time.min(self.relay_time()));
        self.begin_links(&group, entering, &state.accounts());
        self.save_group_chat(&group);
        let strangers =
            |account: &AccountId| !self.is_own_account(account) && !self.contacts.contains_key(account);
        let unknown: Vec<AccountId> = state.accounts().into_iter().filter(strangers).collect();
        self.ask_device_logs(unknown);
        self.take_names(&group, entering.names.clone());
        self.say_joined(&id, entering, stored.time);
        if self.keeps_history(&id) {
            self.begin_catching_up(&group, id, entering.past.clone(), &entering.era);
        }
        if let Some(view) = entering.view {
            self.reply(view, Reply::Conversation(key.id()));
        }
        if self.online() {
            self.resume_log(&id);
        }
    }

    fn say_joined(&mut self, id: &LogId, entering: &Entering, stored: UnixMillis) {
        let Some(own) = self.own_account_id() else { return };
        let line = GroupLine::Joined { who: self.who(&own), by: self.who(&entering.by) };
        let time = stored.min(self.relay_time());
        self.say_in_group(id, Seq(0), time, vec![line]);
    }

    /// Remembers who may confirm that this is the right group: accounts that the person knew before, and the account that
    /// made the link.
    fn begin_links(&mut self, group: &GroupId, entering: &Entering, accounts: &[AccountId]) {
        let known: Vec<AccountId> = accounts
            .iter()
            .filter(|account| self.contacts.contains_key(account) && !self.is_own_account(account))
            .take(MOST_CONFIRMERS)
            .copied()
            .chain([entering.by])
            .collect();
        let policy = self.group_chats.all.get(group).map(|chat| chat.policy.clone());
        let links = self.links_of(group);
        links.confirmers = known;
        if let Some(policy) = policy {
            links.learn(&policy, entering.keys.clone());
        }
        self.save_links(group);
    }
}
