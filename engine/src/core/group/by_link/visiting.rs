//! Shows a group to a person outside who has its link: which log it is in, its name, its members. The engine stores none of
//! this.

use parley_protocol::frame::{
    Answer, EntryKind, LinkOffer, LogEntry, RelayError, Request, Retry, SubscribeLog,
};
use parley_protocol::ids::{LogId, Seq};

use crate::channel::group_era::GroupEra;
use crate::channel::log::Stage;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::conversation::ConversationKey;
use crate::group::entry::CommitEntry;
use crate::group::link::{GroupLink, Package};
use crate::mls::chat::outside::Outside;
use crate::view::{CommandError, GroupPreview, Reply, ViewRequestId};

/// Most commits of one group era that a visitor follows, and their bytes.
const MOST_COMMITS: usize = 2_048;
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Most times in a row that somebody else may commit first.
const MOST_ATTEMPTS: u32 = 30;

/// What is wanted of a group to which a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core::group) enum Wants {
    /// To see what it is like.
    Look,
    /// To come in.
    Join,
    /// To ask to be let in, with this greeting.
    Ask(String),
    /// To ask no more.
    Withdraw,
}

/// A link that is being followed.
pub(in crate::core::group) struct Visit {
    pub(super) link: GroupLink,
    /// The view that waits for an answer.
    pub(super) view: Option<ViewRequestId>,
    pub(super) wants: Wants,
    /// Logs that were not looked at yet.
    offers: Vec<LinkOffer>,
    /// The era of the log that this device looks at, until the log's package has come.
    opening: Option<GroupEra>,
    pub(super) open: Option<OpenLog>,
    pub(super) attempts: u32,
}

/// The log that this device looks at.
pub(super) struct OpenLog {
    pub(super) log: LogId,
    pub(super) era: GroupEra,
    pub(super) package: Package,
    /// What requests to be let in are sealed to.
    pub(super) asks: Option<Vec<u8>>,
    /// The commits since the package.
    pub(super) commits: Vec<LogEntry>,
    bytes: usize,
    /// How far this device has read the log, and the log's end when it began.
    pub(super) cursor: Seq,
    pub(super) head: Seq,
    subscribed: bool,
}

impl OpenLog {
    /// Whether every entry up to the log's end has come.
    pub(super) fn is_read(&self) -> bool {
        self.subscribed && self.cursor >= self.head
    }
}

impl Engine {
    /// Follows a link.
    pub(in crate::core::group) fn follow_group_link(
        &mut self,
        view: Option<ViewRequestId>,
        text: &str,
        wants: Wants,
    ) -> Result<Option<Reply>, CommandError> {
        let link = GroupLink::parse(text).ok_or(CommandError::NotAGroupLink)?;
        self.account.as_ref().ok_or(CommandError::NoAccount)?;
        let known = self.group_chats.all.get(&link.group);
        if known.is_some_and(|chat| {
            chat.is_active() || self.group_chats.by_link.entering.contains_key(&link.group)
        }) {
            return Ok(Some(Reply::Conversation(ConversationKey::Group(link.group).id())));
        }
        if !self.online() {
            return Err(CommandError::Offline);
        }
        self.end_visit(CommandError::Offline);
        // A person who viewed the group and joins now has seen where it is.
        let capability = link.secret.capability();
        let visit = Visit { link, view, wants, offers: Vec::new(), opening: None, open: None, attempts: 0 };
        self.group_chats.by_link.visit = Some(visit);
        self.ask(Request::OpenLink(capability), Pending::OpenLink);
        Ok(None)
    }

    /// Ends the visit; the view that waits gets the reason.
    pub(in crate::core) fn end_visit(&mut self, why: CommandError) {
        let Some(visit) = self.group_chats.by_link.visit.take() else { return };
        if let Some(open) = visit.open {
            self.stop_looking(open.log);
        }
        if let Some(view) = visit.view {
            self.reply(view, Reply::Failed(why));
        }
        if why == CommandError::LinkOver && matches!(visit.wants, Wants::Ask(_) | Wants::Withdraw) {
            self.ask_leads_nowhere(&visit.link.group, why);
        }
    }

    pub(super) fn stop_looking(&mut self, log: LogId) {
        let is_in = self.logs.get(&log).is_some_and(|log| log.stage != Stage::Dead);
        if self.online() && !is_in {
            self.ask(Request::UnsubscribeLog(log), Pending::Unsubscribe);
        }
    }

    /// The relay says into which logs a link leads.
    pub(in crate::core) fn link_opened(&mut self, result: Result<Answer, RelayError>) {
        match result {
            Ok(Answer::Links(offers)) => {
                if let Some(visit) = &mut self.group_chats.by_link.visit {
                    visit.offers = offers.into_vec();
                    visit.offers.reverse();
                }
                self.look_into_next();
            }
            Err(error) => self.end_visit(why(error)),
            Ok(_) => self.end_visit(CommandError::Relay),
        }
    }

    /// Looks into the next log of a link, the newest first.
    pub(super) fn look_into_next(&mut self) {
        loop {
            let Some(visit) = &mut self.group_chats.by_link.visit else { return };
            let before = visit.open.take().map(|open| open.log);
            let Some(offer) = visit.offers.pop() else {
                if let Some(log) = before {
                    self.stop_looking(log);
                }
                return self.end_visit(CommandError::LinkOver);
            };
            let secret = visit.link.secret.open(offer.log, &offer.wrap);
            if let Some(log) = before {
                self.stop_looking(log);
            }
            if let Some(secret) = secret {
                let (log, era) = (offer.log, GroupEra::new(*secret, self.now));
                let capability = era.read_capability();
                if let Some(visit) = &mut self.group_chats.by_link.visit {
                    visit.opening = Some(era);
                }
                return self.ask(Request::FetchGroupInfo { log, capability }, Pending::VisitPackage(log));
            }
        }
    }

    /// The relay's package came, for a visitor.
    pub(in crate::core) fn visit_package_came(&mut self, log: LogId, result: Result<Answer, RelayError>) {
        let sealed = match result {
            Ok(Answer::GroupInfo { sealed: Some(sealed), .. }) => sealed,
            Err(error) if matches!(error.retry(), Retry::After(_)) => return self.end_visit(why(error)),
            _ => return self.look_into_next(),
        };
        let Some(visit) = &mut self.group_chats.by_link.visit else { return };
        let Some(era) = visit.opening.take() else { return };
        let Ok((package, asks)) = Package::open_with_asks(&era, log, &sealed) else {
            return self.look_into_next();
        };
        let capability = era.read_capability();
        let (commits, bytes, subscribed) = (Vec::new(), 0, false);
        visit.open = Some(OpenLog {
            log,
            era,
            package,
            asks,
            commits,
            bytes,
            cursor: Seq(0),
            head: Seq(0),
            subscribed,
        });
        if self.look().is_none() {
            return self.look_into_next();
        }
        let request = SubscribeLog { log, capability, since: None, after: Seq(0), known: None };
        self.ask(Request::SubscribeLog(request), Pending::VisitLog(log));
    }

    pub(in crate::core) fn visit_subscribed(&mut self, log: LogId, result: &Result<Answer, RelayError>) {
        let (start, head) = match result {
            Ok(Answer::Subscribed(state)) => (Seq(0), state.head),
            Ok(Answer::SubscribedFrom { state, start }) => (*start, state.head),
            Err(error) if matches!(error.retry(), Retry::After(_)) => return self.end_visit(why(*error)),
            _ => return self.look_into_next(),
        };
        let open = self.group_chats.by_link.visit.as_mut().and_then(|visit| visit.open.as_mut());
        let Some(open) = open.filter(|open| open.log == log) else { return };
        open.subscribed = true;
        open.cursor = open.cursor.max(start);
        open.head = head;
        self.go_on_visiting();
    }

    /// Entries of a log that this device is not in; returns whether the log is the one that it looks at.
    pub(in crate::core) fn visited_entries(&mut self, log: &LogId, entries: &[LogEntry]) -> bool {
        let open = self.group_chats.by_link.visit.as_mut().and_then(|visit| visit.open.as_mut());
        let Some(open) = open.filter(|open| open.log == *log) else { return false };
        for entry in entries {
            open.cursor = open.cursor.max(entry.seq);
            if entry.kind == EntryKind::Commit {
                open.bytes = open.bytes.saturating_add(entry.payload.len());
                open.commits.push(entry.clone());
            }
        }
        if open.commits.len() > MOST_COMMITS || open.bytes > MOST_BYTES {
            self.look_into_next();
        } else {
            self.go_on_visiting();
        }
        true
    }

    /// The group went on during the visit, to an era whose secret this device lacks: the visit begins again.
    pub(super) fn look_again(&mut self) {
        let Some(visit) = &mut self.group_chats.by_link.visit else { return };
        visit.attempts = visit.attempts.saturating_add(1);
        if visit.attempts > MOST_ATTEMPTS {
            return self.end_visit(CommandError::Relay);
        }
        let (capability, before) = (visit.link.secret.capability(), visit.open.take());
        if let Some(open) = before {
            self.stop_looking(open.log);
        }
        self.ask(Request::OpenLink(capability), Pending::OpenLink);
    }

    /// The device has read everything: shows the person the group, or joins.
    pub(super) fn go_on_visiting(&mut self) {
        let Some(visit) = &mut self.group_chats.by_link.visit else { return };
        // The join that is on its way comes first.
        let enters = self.group_chats.by_link.entering.contains_key(&visit.link.group);
        if enters || !visit.open.as_ref().is_some_and(OpenLog::is_read) {
            return;
        }
        let mark = self.state.mark();
        let is_over = self.outside().is_some_and(|outside| outside.is_over);
        self.state.roll_back(mark);
        if is_over {
            return self.look_again();
        }
        let Some(visit) = &mut self.group_chats.by_link.visit else { return };
        if visit.wants != Wants::Look {
            visit.attempts = visit.attempts.saturating_add(1);
            if visit.attempts > MOST_ATTEMPTS {
                return self.end_visit(CommandError::Relay);
            }
            return match visit.wants {
                Wants::Look | Wants::Join => self.enter_group(),
                Wants::Ask(_) | Wants::Withdraw => self.leave_ask(),
            };
        }
        let Some(seen) = self.look() else { return self.look_into_next() };
        let Some(visit) = &mut self.group_chats.by_link.visit else { return };
        if let Some(view) = visit.view.take() {
            self.reply(view, Reply::GroupPreview(Box::new(seen)));
        }
    }

    /// The group as it is now, by the commits that have come. None if the group is not what the link says, or if its members
    /// did not follow a commit: then they went on in another log.
    fn look(&mut self) -> Option<GroupPreview> {
        let mark = self.state.mark();
        let seen = self.outside().map(|outside| {
            let visit = self.group_chats.by_link.visit.as_ref();
            let (link, open) = (visit.map(|visit| &visit.link), visit.and_then(|visit| visit.open.as_ref()));
            let rule = link.and_then(|link| outside.state.policy.link(&link.secret.id()));
            let picture = open.map(|open| open.package.picture.clone()).unwrap_or_default();
            let shown = outside.state.policy.picture == Some(crate::core::group::hash_of(&picture))
                && crate::core::group::is_picture(&picture);
            let by = link.map(|link| link.by).filter(|by| self.contacts.contains_key(by));
            GroupPreview {
                conversation: ConversationKey::Group(outside.group).id(),
                name: outside.state.policy.name.clone(),
                picture: shown.then_some(picture),
                people: u32::try_from(outside.state.accounts().len()).unwrap_or(u32::MAX),
                by: by.map(|by| self.name_of(&by)),
                approval: rule.is_some_and(|rule| rule.approval),
            }
        });
        self.state.roll_back(mark);
        seen
    }

    /// The group of the visit as MLS sees it from outside. The caller rolls the state back.
    pub(super) fn outside(&self) -> Option<Outside> {
        let visit = self.group_chats.by_link.visit.as_ref()?;
        let open = visit.open.as_ref()?;
        let mut outside = Outside::read(&self.mls, &open.package.group_info, &open.package.tree).ok()?;
        if outside.group != visit.link.group {
            return None;
        }
        for entry in open.commits.iter().filter(|entry| entry.epoch >= outside.epoch()).collect::<Vec<_>>() {
            let commit = CommitEntry::open(&open.era, open.log, &entry.payload).ok()?;
            outside.follow(&self.mls, &commit).ok()?;
        }
        let rule = outside.state.policy.link(&visit.link.secret.id())?;
        let same = rule.by == visit.link.by && rule.keys == visit.link.secret.keys().hash();
        same.then_some(outside)
    }
}

/// The error that a person sees for a refusal.
pub(super) const fn why(error: RelayError) -> CommandError {
    match error {
        RelayError::UnknownLink => CommandError::LinkOver,
        RelayError::RateLimited { .. } => CommandError::RateLimited,
        _ => CommandError::Relay,
    }
}
