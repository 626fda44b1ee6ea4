//! Shows relations to the views.

use parley_protocol::ids::UnixMillis;

use crate::core::Engine;
use crate::domain::content::Part;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{Message, MessageBody, Who};
use crate::domain::passage::Passage;
use crate::domain::relation::{MessageRef, Relations};
use crate::view::{About, BodyView, ConversationId, MessageDetails, ReactionView};

impl Engine {
    /// The current content of a message for the views.
    pub(in crate::core) fn body_of(&self, message: &Message, relations: Option<&Relations>) -> BodyView {
        match &message.body {
            MessageBody::Group(line) => BodyView::Group(self.line_as_named_now(line)),
            MessageBody::Part(part) if part.timer().is_some() => {
                let by = message.author.as_ref().map(|author| author.account);
                let by = by.filter(|by| !self.is_own_account(by));
                let by = by.map(|by| Who { account: by, name: self.name_of(&by) });
                BodyView::Timer { by, seconds: part.timer().unwrap_or_default() }
            }
            MessageBody::Part(part) => Self::body_of_part(part, message.stored, relations),
            MessageBody::Deleted(_) => {
                let by = relations.and_then(Relations::deleted_by).filter(|by| !message.is_by(by));
                BodyView::Deleted { by: by.map(|by| Who { account: *by, name: self.name_of(by) }) }
            }
            body => BodyView::from(body),
        }
    }

    pub(in crate::core) fn body_of_part(
        part: &Part,
        stored: UnixMillis,
        relations: Option<&Relations>,
    ) -> BodyView {
        let edited = relations.and_then(|relations| relations.edits(stored).next_back());
        match (part.text(), edited) {
            (Some(_), Some(edit)) => BodyView::Text(edit.text.clone()),
            _ => BodyView::of_part(part),
        }
    }

    /// A message for the views: its content, and what views show beside it.
    pub(in crate::core) fn seen_as(&self, id: ConversationId, message: &Message) -> (BodyView, About) {
        let relations = self.relations_of(id, message);
        let body = self.with_files(self.body_of(message, relations.as_ref()));
        let ends = self.ends(id, &message.order());
        let about = match message.part() {
            Some(part) => {
                About { ends, ..self.about(message.named(), part, message.stored, relations.as_ref()) }
            }
            None => About { named: message.named().filter(|_| !body.is_notice()), ..About::default() },
        };
        (body, about)
    }

    /// What views show of a message beside its content.
    pub(in crate::core) fn about(
        &self,
        named: Option<MessageRef>,
        part: &Part,
        stored: UnixMillis,
        relations: Option<&Relations>,
    ) -> About {
        let known = part.text().is_some();
        let edited = relations.is_some_and(|relations| relations.edits(stored).next().is_some());
        About {
            named,
            reply: part.replies_to().filter(|_| known),
            forwarded: known && part.is_forwarded(),
            edited: known && edited,
            reactions: relations.map(|relations| self.reactions(relations)).unwrap_or_default(),
            expires: part.expires(),
            ends: None,
        }
    }

    /// What became of a message.
    pub(super) fn details_of(
        &self,
        id: ConversationId,
        message: &Message,
        passage: Option<Passage>,
    ) -> MessageDetails {
        let relations = self.relations_of(id, message).unwrap_or_default();
        let key = self.conversations.get(&id).map(|conversation| conversation.key);
        let members = match key.filter(|_| self.is_mine(message)) {
            Some(ConversationKey::Group(group)) => self.members_told(&group, &message.log, message.seq),
            Some(ConversationKey::Peer(peer)) => {
                vec![(self.author_view(&peer), self.delivery(&message.log, message.seq))]
            }
            None => Vec::new(),
        };
        let original = message.part().and_then(Part::text).map(|text| (message.time, text.to_owned()));
        let edits = relations.edits(message.stored).map(|edit| (edit.time, edit.text.clone()));
        let mut versions: Vec<_> = original.into_iter().chain(edits).collect();
        // The last version is the current content.
        versions.pop();
        let reactions = relations
            .reactions()
            .map(|(account, sign)| (self.author_view(account), sign.to_owned()))
            .collect();
        // One that was deleted may still be on the disk for a moment.
        let passage = passage.filter(|_| relations.deleted_by().is_none());
        let relay_saw = passage.and_then(|passage| self.relay_saw(id, message, passage)).map(Box::new);
        MessageDetails { members, stored: Some(message.stored), versions, reactions, relay_saw }
    }

    /// Each sign once, ordered by how many people use it.
    fn reactions(&self, relations: &Relations) -> Vec<ReactionView> {
        let mut views: Vec<ReactionView> = Vec::new();
        for (account, sign) in relations.reactions() {
            let own = self.is_own_account(account);
            match views.iter_mut().find(|view| view.sign == sign) {
                Some(view) => {
                    view.count = view.count.saturating_add(1);
                    view.own |= own;
                }
                None => views.push(ReactionView { sign: sign.to_owned(), count: 1, own }),
            }
        }
        views.sort_by_key(|view| std::cmp::Reverse(view.count));
        views
    }
}
