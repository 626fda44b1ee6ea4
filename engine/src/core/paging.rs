//! History by the page: messages are not in memory, they are read when a view wants them.

use super::Engine;
use crate::io::{Load, LoadId, Output, Record};
use crate::message::{self, Message};
use crate::seal::Purpose;
use crate::view::{ConversationId, MessageView, Order, Reply, ViewRequestId};

/// Messages in a page.
const PAGE: u32 = 50;

/// A page that a view asked for.
pub(super) struct PageRequest {
    view: ViewRequestId,
    conversation: ConversationId,
    newest: bool,
}

impl Engine {
    pub(super) fn load_page(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        before: Option<&Order>,
    ) {
        self.next_load = self.next_load.saturating_add(1);
        let id = LoadId(self.next_load);
        let prefix = message::key_prefix(&self.sealer, &conversation).to_vec();
        let newest = before.is_none();
        let before = before.map(|order| message::key(&self.sealer, &conversation, order));
        self.loads.insert(id, PageRequest { view, conversation, newest });
        self.out.push(Output::Load(Load { id, prefix, before, limit: PAGE + 1 }));
    }

    pub(super) fn loaded(&mut self, id: LoadId, records: &[Record]) {
        if self.collected(id, records) || self.shared(id, records) || self.read_page_for_backup(id, records) {
            return;
        }
        let Some(request) = self.loads.remove(&id) else {
            return;
        };
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = records.len() > page;
        let mut messages: Vec<MessageView> = Vec::with_capacity(records.len());
        for record in records.iter().take(page) {
            // A damaged record costs one message, not the page.
            let opened = self.sealer.open(Purpose::Message, &record.key, &record.value).ok();
            if let Some(message) = opened.and_then(|bytes| Message::decode(&bytes)) {
                let view = self.message_view(&message);
                self.remember_unread(&message, &view);
                messages.push(view);
            }
        }
        if request.newest {
            messages.extend(self.waiting_views(request.conversation));
        }
        messages.sort_by_key(|message| message.order);
        let conversation = request.conversation;
        self.reply(request.view, Reply::Page { conversation, messages, more });
    }
}
