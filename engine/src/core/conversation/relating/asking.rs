//! Carries out what people do with existing messages: edits, deletions for everyone, reactions.

use parley_protocol::ids::MessageId;
use parley_protocol::limits::MAX_TEXT;

use crate::core::Engine;
use crate::domain::consent::Consent;
use crate::domain::content::{Body, Part};
use crate::domain::conversation::ConversationKey;
use crate::domain::order::Order;
use crate::domain::relation::{Change, MessageRef, Said, What};
use crate::domain::visible::is_blank;
use crate::group::policy::Role;
use crate::view::{Command, CommandError, ConversationId, Reply, ViewRequestId};

/// How long a person may edit an own message, in milliseconds.
const EDIT_WITHIN: u64 = 24 * 3_600 * 1_000;
/// Most chats to which a person forwards at a time, and most messages.
const MOST: usize = 64;

impl Engine {
    pub(in crate::core) fn message_command(
        &mut self,
        view: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::Reply { .. } | Command::Forward { .. } if self.device.sent_requests.contains(&view) => {}
            Command::Reply { conversation, text, over, to } => {
                let part = Part::of_text(text.clone()).in_reply_to(&to);
                return self.send_part(view, conversation, part, Some((&text, &over)));
            }
            Command::Forward { texts, to } => self.forward(view, &texts, &to)?,
            Command::Edit { conversation, message, text } => {
                self.edit_message(conversation, &message, text)?;
            }
            Command::React { conversation, message, sign, on } => {
                self.react(conversation, &message, sign, on)?;
            }
            Command::DeleteForEveryone { conversation, message } => {
                self.delete_for_everyone(conversation, &message)?;
            }
            Command::FindMessage { conversation, message } => {
                return self.find_message(view, conversation, message);
            }
            Command::ShowMessage { conversation, message } => {
                return self.show_details(view, conversation, message);
            }
            Command::MarkChat { conversation, mark } => return self.mark_chat(conversation, mark),
            Command::SetTimer { conversation, seconds } => return self.set_timer(conversation, seconds),
            other => return self.attachment_command(view, other),
        }
        Ok(Some(Reply::Done))
    }

    fn edit_message(
        &mut self,
        id: ConversationId,
        message: &MessageRef,
        text: String,
    ) -> Result<(), CommandError> {
        if is_blank(&text) || text.len() > MAX_TEXT {
            return Err(CommandError::TextLength);
        }
        if !self.is_own_account(&message.author) {
            return Err(CommandError::NotAllowed);
        }
        if self.now.0.saturating_sub(message.stored.0) > EDIT_WITHIN {
            return Err(CommandError::TooLate);
        }
        let revision = self.next_revision(id, message);
        self.say_of(id, Part::edit(message, revision, text))
    }

    fn react(
        &mut self,
        id: ConversationId,
        message: &MessageRef,
        sign: String,
        on: bool,
    ) -> Result<(), CommandError> {
        let revision = self.next_revision(id, message);
        self.say_of(id, Part::reaction(message, revision, sign, on))
    }

    fn delete_for_everyone(&mut self, id: ConversationId, message: &MessageRef) -> Result<(), CommandError> {
        let own = self.account.as_ref().ok_or(CommandError::NoAccount)?.id;
        let key = self.conversations.get(&id).map(|it| it.key).ok_or(CommandError::UnknownConversation)?;
        let chat = match key {
            ConversationKey::Group(group) => self.group_chats.all.get(&group),
            ConversationKey::Peer(_) => None,
        };
        let may = message.is_by(&own)
            || chat.is_some_and(|chat| {
                chat.policy.role(&own) >= Role::Admin && chat.policy.may_delete(&own, &message.author)
            });
        if !may {
            return Err(CommandError::NotAllowed);
        }
        self.say_of(id, Part::deletion(message))
    }

    fn next_revision(&self, id: ConversationId, message: &MessageRef) -> u32 {
        self.relations(id, message).unwrap_or_default().next_revision()
    }

    /// Sends a relation to a message, and shows it at once.
    fn say_of(&mut self, id: ConversationId, part: Part) -> Result<(), CommandError> {
        let key = self.may_say(id)?;
        let own = self.account.as_ref().ok_or(CommandError::NoAccount)?.id;
        let relation = part.relation().filter(|_| part.is_sound()).ok_or(CommandError::TextLength)?;
        let deletes = relation.what == What::Deletion;
        if deletes && self.withdraw_unsent(&key, &relation.target) {
            return Ok(());
        }
        let number = self.device.next_outbox;
        let (time, said_id) = (self.now, MessageId(self.random.array()));
        let said = Said { by: own, id: said_id, order: Order::of_waiting(number), time };
        let change = self.take_relation(id, &said, &relation);
        if change == Change::Void {
            return Err(CommandError::NotAllowed);
        }
        if change == Change::News || deletes {
            self.enqueue_as(key, said_id, time, Body::Part(part), None);
            self.pump(id);
        }
        Ok(())
    }

    /// Withdraws what was not encrypted yet; returns whether there was such a thing.
    fn withdraw_unsent(&mut self, key: &ConversationKey, message: &MessageRef) -> bool {
        let unsent = |number: &u64| {
            self.outbox
                .get(number)
                .is_some_and(|it| it.id == message.id && (it.sealed.is_none() || it.failed))
        };
        let number = self.waiting_texts(key).into_iter().find(unsent);
        if let Some(number) = number {
            self.take_back(key, number);
        }
        number.is_some()
    }

    /// The conversation, if this person may say something there now.
    fn may_say(&self, id: ConversationId) -> Result<ConversationKey, CommandError> {
        let key = self.conversations.get(&id).map(|it| it.key).ok_or(CommandError::UnknownConversation)?;
        match &key {
            ConversationKey::Peer(peer) if self.is_blocked(peer) => Err(CommandError::Blocked),
            ConversationKey::Peer(peer) if self.consent(peer) != Consent::Granted => {
                Err(CommandError::NotAllowed)
            }
            ConversationKey::Group(group) if !self.may_write_in_group(group) => Err(CommandError::NotAllowed),
            _ => Ok(key),
        }
    }

    fn forward(
        &mut self,
        view: ViewRequestId,
        texts: &[String],
        to: &[ConversationId],
    ) -> Result<(), CommandError> {
        if texts.len() > MOST || to.len() > MOST {
            return Err(CommandError::TextLength);
        }
        for id in to {
            self.may_say(*id)?;
        }
        for text in texts {
            if is_blank(text) || !Part::of_text(text.clone()).forwarded().is_sound() {
                return Err(CommandError::TextLength);
            }
        }
        for id in to {
            for text in texts {
                self.send_part(view, *id, Part::of_text(text.clone()).forwarded(), None)?;
            }
        }
        Ok(())
    }
}
