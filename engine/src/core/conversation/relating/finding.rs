//! Finds the message that a relation names. Messages name each other by reference (author and id), and the disk orders them
//! by place; a relation therefore says roughly where its message stands.

use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::conversation::paging::PageFrom;
use crate::domain::message::Message;
use crate::domain::order::Order;
use crate::domain::relation::MessageRef;
use crate::io::{LoadId, Record};
use crate::view::{CommandError, ConversationId, MessageDetails, MessageView, Reply, ViewRequestId};

/// Messages to search from the named place on.
const AFTER: u32 = 64;
/// Messages to search before the place, if the message is not there.
const BEFORE: u32 = 200;

/// The purpose of a search.
#[derive(Debug, Clone, Copy)]
enum Wants {
    /// Show all views the message as it is now.
    Show,
    /// A view wants to show the message.
    View(ViewRequestId),
    /// A view wants the message's details.
    Details(ViewRequestId),
}

/// A search for a message.
pub(in crate::core) struct Finding {
    conversation: ConversationId,
    message: MessageRef,
    wants: Wants,
    /// The message was not at its named place.
    again: bool,
}

impl Engine {
    /// A view wants to show the message that another one names.
    pub(in crate::core) fn find_message(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: MessageRef,
    ) -> Result<Option<Reply>, CommandError> {
        self.must_know(conversation)?;
        if let Some(waiting) = self.waiting_message(&message) {
            return Ok(Some(Reply::Message(Some(Box::new(waiting)))));
        }
        self.look_for(Finding { conversation, message, wants: Wants::View(view), again: false });
        Ok(None)
    }

    /// A view wants the details of a message.
    pub(in crate::core) fn show_details(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: MessageRef,
    ) -> Result<Option<Reply>, CommandError> {
        self.must_know(conversation)?;
        if self.waiting_message(&message).is_some() {
            return Ok(Some(Reply::MessageDetails(MessageDetails::default())));
        }
        self.look_for(Finding { conversation, message, wants: Wants::Details(view), again: false });
        Ok(None)
    }

    fn must_know(&self, id: ConversationId) -> Result<(), CommandError> {
        let known = self.conversations.contains_key(&id) || self.archives.contains_key(&id);
        if known { Ok(()) } else { Err(CommandError::UnknownConversation) }
    }

    /// A message has a new relation: updates the views that show it.
    pub(super) fn show_again(&mut self, conversation: ConversationId, message: MessageRef) {
        match self.waiting_message(&message) {
            Some(waiting) => self.changed.messages.or_default(conversation).push(waiting),
            None => self.look_for(Finding { conversation, message, wants: Wants::Show, again: false }),
        }
    }

    /// An own message that waits to be sent.
    fn waiting_message(&self, message: &MessageRef) -> Option<MessageView> {
        if !self.is_own_account(&message.author) {
            return None;
        }
        let (number, _) = self.outbox.iter().find(|(_, entry)| entry.id == message.id)?;
        self.waiting_view(*number)
    }

    fn look_for(&mut self, finding: Finding) {
        let stored = finding.message.stored.0;
        let (from, count) = if finding.again {
            (PageFrom::Before(edge(stored, 0)), BEFORE)
        } else {
            (PageFrom::After(edge(stored.saturating_sub(1), 0xFF)), AFTER)
        };
        let load = self.read_from(&finding.conversation, from, count);
        self.places.relating.finding.insert(load, finding);
    }

    /// A page came; returns whether it was for a search for a message.
    pub(in crate::core) fn looked_for(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(finding) = self.places.relating.finding.remove(&id) else { return false };
        let archived = self.archives.contains_key(&finding.conversation);
        let opened = |record: &Record| {
            if archived { self.opened(record) } else { self.kept(&finding.conversation, record) }
        };
        let is_it = |message: &Message| {
            message.named().is_some_and(|named| named.is(&finding.message)) && message.relation().is_none()
        };
        let found = records.iter().filter_map(|record| Some((record, opened(record)?)));
        let found = found.into_iter().find(|(_, message)| is_it(message));
        let passage = found.as_ref().and_then(|(record, _)| self.opened_with_passage(record)?.1);
        let found = found.map(|(_, message)| message);
        match (found, finding.wants) {
            (None, _) if !finding.again => self.look_for(Finding { again: true, ..finding }),
            (None, Wants::View(view)) => self.reply(view, Reply::Message(None)),
            (None, Wants::Details(view)) => {
                self.reply(view, Reply::MessageDetails(MessageDetails::default()));
            }
            (None, Wants::Show) => {}
            (Some(message), Wants::Show) => self.show_message(finding.conversation, &message),
            (Some(message), Wants::Details(view)) => {
                let details = self.details_of(finding.conversation, &message, passage);
                self.reply(view, Reply::MessageDetails(details));
            }
            (Some(message), Wants::View(view)) => {
                let shown = if archived {
                    self.archived_view(&finding.conversation, &message)
                } else {
                    self.message_view(finding.conversation, &message)
                };
                self.reply(view, Reply::Message(Some(Box::new(shown))));
            }
        }
        true
    }
}

/// Right before or after everything stored at a time.
const fn edge(stored: u64, rest: u8) -> Order {
    Order::new(UnixMillis(stored), Seq(if rest == 0 { 0 } else { u64::MAX }), LogId([rest; 16]), [rest; 16])
}
