//! Loads halves of the engine later than the rest ([`crate::parts`]): which halves are here, and what waits for the others.
//!
//! **How to put something behind the seam.** Whatever belongs to a half is an ordinary method of [`Engine`], in the half's
//! own folder. Code within the half calls the method directly. Code outside calls it only by way of a table of functions:
//! whatever the rest of the engine names directly stays in the rest. For group chats:
//!
//! 1. the method gets a line in the table in [`groups`], with its signature and what the engine does in its place while the
//!    half is not here;
//! 2. callers outside of `core/group/` say `self.of_groups().method(..)` in place of `self.method(..)`.
//!
//! A command needs neither: [`Engine::command`] passes a command that it does not know to the half
//! ([`Engine::seldom_command`]), and the command waits for the half.
//!
//! **Nothing is lost while a half is not here**, because the engine does not begin what needs it. The engine neither
//! subscribes to logs of groups, nor makes them, nor writes into them ([`Engine::sleeps`]). It keeps Welcomes into groups in
//! memory and does not acknowledge them, so that the relay has them for the next connection. It answers commands once the
//! half is here, or replies that there is no connection. It writes down what another device of the account says of an
//! invitation. When the half comes, all of this goes on ([`Engine::go_on_with_parts`]).

pub(crate) mod account;
pub(crate) mod groups;
mod table;

use parley_protocol::ids::{GroupId, LogId};

use self::account::{AccountCode, OfAccount};
use self::groups::{GroupCode, OfGroups};
use super::Engine;
use crate::channel::log::Stage;
use crate::core::relay_session::steady::Moment;
use crate::domain::conversation::ConversationKey;
use crate::group::chat::{GroupChat, Standing};
use crate::io::Output;
use crate::parts::{Code, Part};
use crate::records::keys;
use crate::view::{Command, CommandError, Reply, Request, ViewRequestId};

/// The engine asks again for a half that could not be loaded after this time, in milliseconds.
const AGAIN: u64 = 10_000;
/// Most commands that wait for a half, so that a person who tries again and again fills no memory.
const MAX_REQUESTS: usize = 64;

/// A half as the engine calls it.
#[derive(Clone, Copy)]
pub(crate) enum Codes {
    Groups(&'static GroupCode),
    Account(&'static AccountCode),
}

/// Which halves are here.
#[derive(Default)]
pub(super) struct Parts {
    groups: Option<&'static GroupCode>,
    account: Option<&'static AccountCode>,
    for_groups: Waits,
    for_account: Waits,
    /// What other devices of the account said about invitations.
    answers: Vec<(GroupId, bool)>,
}

/// What waits for a half.
#[derive(Default)]
struct Waits {
    /// Stored state cannot go on without the half.
    stored: bool,
    /// The engine asked for the half and has no answer yet.
    asked: bool,
    /// The half could not be loaded: when the engine asks again.
    again: Option<Moment>,
    /// The half has just come.
    new: bool,
    /// Commands that wait for it.
    requests: Vec<Request>,
}

impl Parts {
    const fn has(&self, part: Part) -> bool {
        match part {
            Part::Groups => self.groups.is_some(),
            Part::Account => self.account.is_some(),
        }
    }

    const fn waits(&mut self, part: Part) -> &mut Waits {
        match part {
            Part::Groups => &mut self.for_groups,
            Part::Account => &mut self.for_account,
        }
    }

    /// When the engine next asks again for a half.
    pub(super) fn timer(&self) -> Option<Moment> {
        [self.for_groups.again, self.for_account.again].into_iter().flatten().min()
    }
}

impl Engine {
    /// With a half that is present from the beginning.
    #[must_use]
    pub fn with(mut self, code: Code) -> Self {
        self.part_came(code);
        self
    }

    /// With all halves.
    #[must_use]
    pub fn whole(self) -> Self {
        crate::parts::all().into_iter().fold(self, Self::with)
    }

    pub(super) fn part_came(&mut self, code: Code) {
        let new = match code.0 {
            Codes::Groups(code) => self.parts.groups.replace(code).is_none(),
            Codes::Account(code) => self.parts.account.replace(code).is_none(),
        };
        let waits = self.parts.waits(code.part());
        (waits.asked, waits.again) = (false, None);
        waits.new |= new;
    }

    /// The half could not be loaded. Waiting commands fail; stored state waits on.
    pub(super) fn part_is_missing(&mut self, part: Part) {
        if self.parts.has(part) {
            return;
        }
        let again = self.steady.after(AGAIN);
        let waits = self.parts.waits(part);
        (waits.asked, waits.again) = (false, Some(again));
        for request in core::mem::take(&mut waits.requests) {
            self.reply(request.id, Reply::Failed(CommandError::Offline));
        }
    }

    /// Finds from the stored state which halves the engine needs from the beginning.
    pub(super) fn look_for_parts(&mut self) {
        let lives = |chat: &GroupChat| !matches!(chat.standing, Standing::Left | Standing::Removed);
        self.parts.for_groups.stored = self.group_chats.all.values().any(lives)
            || self.logs.keys().any(|log| self.is_live_group_log(log))
            || self.lacks_log_of_group()
            || self.group_chats.by_link.is_entering();
        self.parts.answers = self.state.get(keys::GROUP_ANSWERS).ok().flatten().unwrap_or_default();
        self.parts.for_account.stored = self.returning.is_some();
    }

    /// The record of a group's log is gone.
    fn lacks_log_of_group(&self) -> bool {
        let groups = self.conversations.values().filter(|it| matches!(it.key, ConversationKey::Group(_)));
        groups.flat_map(|it| &it.logs).any(|log| !self.logs.contains_key(log))
    }

    /// The half for groups, or what the engine does in its place.
    pub(super) const fn of_groups(&mut self) -> OfGroups<'_> {
        let code = self.parts.groups;
        OfGroups { engine: self, code }
    }

    /// The half for what people do seldom with their account, or what the engine does in its place.
    pub(super) const fn of_account(&mut self) -> OfAccount<'_> {
        let code = self.parts.account;
        OfAccount { engine: self, code }
    }

    /// Whether a log belongs to a group and waits until the half for groups is here.
    pub(super) fn sleeps(&self, id: &LogId) -> bool {
        self.parts.groups.is_none() && self.group_of(id).is_some()
    }

    /// Whether Welcomes into groups wait.
    pub(super) const fn groups_sleep(&self) -> bool {
        self.parts.groups.is_none()
    }

    /// Carries out a seldom command, or keeps it until the half is here.
    pub(super) fn seldom_command(
        &mut self,
        id: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        let part = part_of(&command);
        match part {
            Part::Groups if self.parts.has(part) => self.of_groups().group_command(id, command),
            Part::Account if self.parts.has(part) => self.of_account().account_command(id, command),
            _ => {
                let waits = self.parts.waits(part);
                if waits.requests.len() >= MAX_REQUESTS {
                    return Err(CommandError::Offline);
                }
                waits.requests.push(Request { id, command });
                // A person waits: the engine asks at once.
                waits.again = None;
                Ok(None)
            }
        }
    }

    /// The person has answered on another device of the account whether they join a group.
    pub(super) fn group_answered_elsewhere(&mut self, group: GroupId, joins: bool) {
        if self.parts.groups.is_some() {
            return self.of_groups().answered_elsewhere(&group, joins);
        }
        self.parts.answers.retain(|(other, _)| *other != group);
        // There is nothing to answer about a group that this device does not know.
        if self.group_chats.all.contains_key(&group) {
            self.parts.answers.push((group, joins));
        }
        self.save_group_answers();
    }

    fn save_group_answers(&self) {
        if self.parts.answers.is_empty() {
            self.state.delete(keys::GROUP_ANSWERS);
        } else {
            self.save(keys::GROUP_ANSWERS, &self.parts.answers);
        }
    }

    /// The account is gone.
    pub(super) fn forget_what_waits_for_parts(&mut self) {
        self.parts.for_groups.stored = false;
        self.parts.for_account.stored = false;
        self.parts.answers.clear();
        self.inbox.held.clear();
    }

    /// The connection is open: a half that could not be loaded before may come now.
    pub(super) const fn ask_for_parts_anew(&mut self) {
        self.parts.for_groups.again = None;
        self.parts.for_account.again = None;
    }

    /// Asks again for the halves whose time has come.
    pub(super) fn ask_again_for_parts(&mut self) {
        let now = self.steady;
        self.parts.for_groups.again.take_if(|at| *at <= now);
        self.parts.for_account.again.take_if(|at| *at <= now);
    }

    /// Asks for the halves that are needed, and continues what waited for a half that has come.
    pub(super) fn go_on_with_parts(&mut self) {
        let waits = !self.parts.answers.is_empty() || !self.inbox.held.is_empty();
        for part in [Part::Groups, Part::Account] {
            if core::mem::take(&mut self.parts.waits(part).new) {
                self.wake(part);
            }
            let has = self.parts.has(part);
            let of = self.parts.waits(part);
            let wanted = of.stored || !of.requests.is_empty() || part == Part::Groups && waits;
            if !has && wanted && !of.asked && of.again.is_none() {
                of.asked = true;
                self.out.at_once(Output::Need(part));
            }
        }
    }

    fn wake(&mut self, part: Part) {
        if part == Part::Groups {
            self.wake_groups();
        }
        for request in core::mem::take(&mut self.parts.waits(part).requests) {
            self.command(request);
        }
        self.resume();
    }

    fn wake_groups(&mut self) {
        self.find_logs_of_conversations();
        self.find_lost_groups();
        for (group, joins) in core::mem::take(&mut self.parts.answers) {
            self.of_groups().answered_elsewhere(&group, joins);
        }
        self.save_group_answers();
        for entry in core::mem::take(&mut self.inbox.held).into_iter().rev() {
            self.inbox.entries.push_front(entry);
        }
    }

    /// The record of a group is gone and the group's log is not: rebuilds the record from the MLS group.
    fn find_lost_groups(&mut self) {
        let of = |id: &LogId, stage: Stage| (stage != Stage::Dead).then(|| self.group_of(id)).flatten();
        let unknown = |group: GroupId| !self.group_chats.all.contains_key(&group);
        let lost = self.logs.values().filter_map(|log| of(&log.id, log.stage)).any(unknown);
        if lost {
            self.of_groups().find_groups_of_logs();
        }
    }
}

/// The half of a command that the rest of the engine does not know: groups, unless named here.
const fn part_of(command: &Command) -> Part {
    match command {
        Command::ShowPhrase
        | Command::NewPhrase
        | Command::ConfirmPhrase(_)
        | Command::Recover { .. }
        | Command::SaveFile
        | Command::NextFilePart(_)
        | Command::CheckFile
        | Command::RestoreFile { .. }
        | Command::TakeFilePart { .. }
        | Command::ShowLinkCode { .. }
        | Command::UseLinkCode { .. }
        | Command::ConfirmDigits(_)
        | Command::ApproveDevice(_)
        | Command::CancelLinking => Part::Account,
        _ => Part::Groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_answered_is_stored_in_a_pinned_form() {
        let answers = vec![(GroupId([0xA1; 16]), true), (GroupId([0xB2; 16]), false)];
        let bytes = postcard::to_allocvec(&answers).unwrap();
        let [a, b] = ["a1".repeat(16), "b2".repeat(16)];
        assert_eq!(crate::hex(&bytes), format!("02{a}01{b}00"));
        assert_eq!(postcard::from_bytes::<Vec<(GroupId, bool)>>(&bytes).unwrap(), answers);
    }

    #[test]
    fn a_command_of_no_other_half_is_one_of_groups() {
        let group = crate::view::ConversationId([1; 16]);
        assert_eq!(part_of(&Command::ShowGroup(group)), Part::Groups);
        assert_eq!(part_of(&Command::ShowPhrase), Part::Account);
        assert_eq!(part_of(&Command::CancelLinking), Part::Account);
    }
}
