//! Reads history page by page: messages are not in memory; the engine reads them when a view asks for them.

use parley_protocol::ids::MessageId;

use crate::core::Engine;
use crate::core::conversation::projection::put_in_order;
use crate::domain::content::{History, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{self, Message, lost_id, order_of_key};
use crate::domain::passage::Passage;
use crate::domain::standing::Standing;
use crate::io::{Load, LoadId, Output, ReadFrom, Record};
use crate::seal::Purpose;
use crate::set::Set;
use crate::view::{About, BodyView, ConversationId, Gap, MessageView, Order, Page, Reply, ViewRequestId};

/// Messages in a page.
const PAGE: u32 = 50;
/// Messages in a page of older ones. A view loads them while a person scrolls, and puts this many into the page within half a
/// frame.
const OLDER: u32 = 20;

/// Messages that the engine looks for at a time because another device has lost them.
pub(in crate::core) const MOST_LOST: usize = 64;

/// Messages that the engine reads of each conversation before it continues with any other, when it reads all; and the number
/// after that.
const FIRST: u32 = 30;
const NEXT: u32 = 200;

/// A part of a conversation that the engine reads on its way through all conversations.
#[derive(Debug, Clone, Copy)]
pub(in crate::core) struct Stretch {
    pub(in crate::core) load: LoadId,
    pub(in crate::core) key: ConversationKey,
    limit: u32,
}

impl Stretch {
    /// Whether there may be more messages behind these records.
    pub(in crate::core) fn is_full(&self, records: &[Record]) -> bool {
        u32::try_from(records.len()).is_ok_and(|count| count >= self.limit)
    }
}

/// Where a page begins, and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) enum PageFrom {
    /// At the newest message, backwards in time.
    Newest,
    /// Right before this place, backwards in time.
    Before(Order),
    /// Right after this place, forwards in time.
    After(Order),
}

impl PageFrom {
    /// Messages in a page that begins here.
    const fn length(self) -> u32 {
        match self {
            Self::Newest | Self::After(_) => PAGE,
            Self::Before(_) => OLDER,
        }
    }

    /// Whether a place is on the requested side.
    fn is_beyond(self, order: &Order) -> bool {
        match self {
            Self::Newest => true,
            Self::Before(before) => *order < before,
            Self::After(after) => *order > after,
        }
    }

    const fn is_forward(self) -> bool {
        matches!(self, Self::After(_))
    }

    /// The same direction, from further on.
    const fn beyond(self, reached: Order) -> Self {
        match self {
            Self::Newest | Self::Before(_) => Self::Before(reached),
            Self::After(_) => Self::After(reached),
        }
    }

    /// Whether a page that reaches as far as `edge` takes a message that the views were told while the page was read.
    fn takes_new(self, order: &Order, edge: Option<Order>) -> bool {
        match self {
            Self::Newest => edge.is_none_or(|oldest| *order >= oldest),
            Self::Before(_) => false,
            Self::After(after) => *order > after && edge.is_none_or(|newest| *order <= newest),
        }
    }
}

/// A page that a view asked for.
pub(in crate::core) struct PageRequest {
    view: ViewRequestId,
    conversation: ConversationId,
    from: PageFrom,
    /// The engine has read what stands after it, and none of that is a row.
    newest: bool,
    /// The newest message that was stored at the time of the request, if the page may reach it.
    last: Option<Order>,
    /// What the views were told of the conversation while the page was read: the disk may not have had it yet, and the view,
    /// which had no page, ignored it.
    since: Vec<MessageView>,
}

impl PageRequest {
    /// Adds to the page what the views were told meanwhile.
    fn bring_up_to_date(&mut self, messages: &mut Vec<MessageView>, more: bool) {
        let places = || messages.iter().map(|message| message.order);
        // How far the page reaches, if there is more behind it.
        let from = if self.newest { PageFrom::Newest } else { self.from };
        let edge = if self.from.is_forward() { places().max() } else { places().min() }.filter(|_| more);
        for view in self.since.drain(..) {
            let known = messages.iter().position(|message| message.id == view.id);
            match known.and_then(|known| messages.get_mut(known)) {
                Some(known) => *known = view,
                None if from.takes_new(&view.order, edge) => messages.push(view),
                None => {}
            }
        }
    }
}

impl Engine {
    pub(in crate::core) fn load_page(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        from: PageFrom,
    ) {
        let id = self.read_from(&conversation, from, from.length() + 1);
        let last = self.conversations.get(&conversation).and_then(|it| it.last.as_ref());
        let last = last.map(|last| last.order).filter(|_| !matches!(from, PageFrom::Before(_)));
        let newest = from == PageFrom::Newest;
        self.loads.insert(id, PageRequest { view, conversation, from, newest, last, since: Vec::new() });
    }

    /// Keeps what the views are told of a conversation, for pages of it that are being read.
    pub(in crate::core) fn remember_for_pages(
        &mut self,
        conversation: &ConversationId,
        messages: &[MessageView],
    ) {
        for request in self.loads.values_mut().filter(|request| request.conversation == *conversation) {
            request.since.extend_from_slice(messages);
        }
    }

    /// A message is gone: what the views were told of it before does not count.
    pub(in crate::core) fn forget_for_pages(&mut self, conversation: &ConversationId, message: &MessageId) {
        for request in self.loads.values_mut().filter(|request| request.conversation == *conversation) {
            request.since.retain(|view| view.id != *message);
        }
    }

    /// Reads messages of a conversation from the disk, newest first. The part of the engine that keeps the id gets the
    /// answer.
    pub(in crate::core) fn read_messages(
        &mut self,
        conversation: &ConversationId,
        before: Option<&Order>,
        limit: u32,
    ) -> LoadId {
        let from = before.map_or(PageFrom::Newest, |before| PageFrom::Before(*before));
        self.read_from(conversation, from, limit)
    }

    /// The id of the next read.
    pub(in crate::core) fn next_load(&mut self) -> LoadId {
        self.next_load = self.next_load.saturating_add(1);
        LoadId(self.next_load)
    }

    pub(in crate::core) fn read_from(
        &mut self,
        conversation: &ConversationId,
        from: PageFrom,
        limit: u32,
    ) -> LoadId {
        let id = self.next_load();
        let prefix = message::key_prefix(&self.sealer, conversation).to_vec();
        let key = |order: &Order| message::key(&self.sealer, conversation, order);
        let from = match from {
            PageFrom::Newest => ReadFrom::Newest,
            PageFrom::Before(order) => ReadFrom::Before(key(&order)),
            PageFrom::After(order) => ReadFrom::After(key(&order)),
        };
        self.out.push(Output::Load(Load { id, prefix, from, limit }));
        id
    }

    /// Opens the record of a message. A damaged record costs one message, not the page.
    pub(in crate::core) fn opened(&self, record: &Record) -> Option<Message> {
        let bytes = self.sealer.open(Purpose::Message, &record.key, &record.value).ok()?;
        Message::decode(&bytes.plaintext)
    }

    /// A message that was read, and how it passed the relay.
    pub(in crate::core) fn opened_with_passage(&self, record: &Record) -> Option<(Message, Option<Passage>)> {
        let bytes = self.sealer.open(Purpose::Message, &record.key, &record.value).ok()?;
        Message::decode_with_passage(&bytes.plaintext)
    }

    /// A message that was read, and which stood before it.
    fn opened_after(&self, record: &Record) -> Option<(Message, Option<Order>)> {
        let bytes = self.sealer.open(Purpose::Message, &record.key, &record.value).ok()?;
        Message::decode_after(&bytes.plaintext)
    }

    /// Opens the record of a message that was not deleted.
    pub(in crate::core) fn kept(&self, conversation: &ConversationId, record: &Record) -> Option<Message> {
        let message = self.opened(record)?;
        let key = &self.conversations.get(conversation)?.key;
        let gone = self.is_deleted(key, &message) || self.is_over(*conversation, &message.order());
        (!gone).then_some(message)
    }

    /// Reads the newest messages of a conversation, or more before one of them.
    pub(in crate::core) fn read_stretch(&mut self, key: ConversationKey, before: Option<&Order>) -> Stretch {
        let limit = if before.is_none() { FIRST } else { NEXT };
        Stretch { load: self.read_messages(&key.id(), before, limit), key, limit }
    }

    pub(in crate::core) fn loaded(&mut self, id: LoadId, records: &[Record]) {
        let theirs = self.collected(id, records)
            || self.is_known(id, records)
            || self.read_for_others(id, records)
            || self.own_texts_counted(id, records)
            || self.shared(id, records)
            || self.of_groups().shares_past(id, records)
            || self.read_page_for_backup(id, records)
            || self.of_account().read_page_for_file(id, records)
            || self.looked_at(id, records)
            || self.message_of_file_came(id, records)
            || self.read_archive_to_delete(id, records)
            || self.read_page_to_delete(id, records)
            || self.read_page_to_purge(id, records)
            || self.found(id, records)
            || self.relisted(id, records)
            || self.looked_for(id, records);
        if theirs {
            return;
        }
        let Some(mut request) = self.loads.remove(&id) else {
            return;
        };
        let page = usize::try_from(request.from.length()).unwrap_or(usize::MAX);
        let archived = self.archives.contains_key(&request.conversation);
        let more = records.len() > page;
        let mut messages: Vec<MessageView> = Vec::with_capacity(records.len());
        for record in records.iter().take(page) {
            let row = |message: &Message| message.relation().is_none();
            if archived {
                let message = self.opened(record).filter(row);
                messages.extend(message.map(|message| self.archived_view(&request.conversation, &message)));
            } else if let Some(message) = self.kept(&request.conversation, record).filter(row) {
                let view = self.message_view(request.conversation, &message);
                self.remember_unread(&message, &view);
                messages.push(view);
            }
        }
        if !archived {
            let range = records.get(..page.min(records.len())).unwrap_or_default();
            messages.extend(self.lost_on_page(&request, range, more));
        }
        // All of it was deleted, or is relations: the requested messages stand further on.
        let read = records.get(..page.min(records.len())).unwrap_or_default();
        if let Some(reached) = oldest(read).filter(|_| more && messages.is_empty()) {
            let from = request.from.beyond(reached);
            let id = self.read_from(&request.conversation, from, from.length() + 1);
            self.loads.insert(id, PageRequest { from, ..request });
            return;
        }
        let reaches_newest = match request.from {
            PageFrom::Newest | PageFrom::Before(_) => request.newest,
            PageFrom::After(_) => !more,
        };
        if reaches_newest {
            messages.extend(self.waiting_views(request.conversation));
        }
        request.bring_up_to_date(&mut messages, more);
        put_in_order(&mut messages);
        let conversation = request.conversation;
        let unread = self.standing.get(&conversation).and_then(Standing::first_unread_place);
        let older = more || request.from.is_forward();
        let page = Page { conversation, messages, older, newer: !reaches_newest, unread };
        self.reply(request.view, Reply::Page(page));
    }

    /// Markers for messages of a page that do not open, or that another message names and that are missing.
    fn lost_on_page(&mut self, request: &PageRequest, records: &[Record], more: bool) -> Vec<MessageView> {
        let id = request.conversation;
        let mut places = Set::default();
        places.extend(records.iter().filter_map(|record| order_of_key(&record.key)));
        let opened: Vec<_> = records.iter().map(|record| (record, self.opened_after(record))).collect();
        let damaged = opened.iter().filter(|(_, opened)| opened.is_none());
        let mut lost: Vec<Order> = damaged.filter_map(|(record, _)| order_of_key(&record.key)).collect();
        let said = opened.iter().filter_map(|(_, opened)| opened.as_ref()?.1);
        let edge = records.last().and_then(|record| order_of_key(&record.key)).filter(|_| more);
        let within = |order: &Order| match request.from {
            PageFrom::After(_) => edge.is_none_or(|newest| *order < newest),
            _ => edge.is_none_or(|oldest| *order > oldest),
        };
        for order in said.chain(request.last) {
            let on_page = within(&order) && request.from.is_beyond(&order) && !order.is_waiting();
            if on_page && !places.contains(&order) && !lost.contains(&order) && !self.is_gone(id, &order) {
                lost.push(order);
            }
        }
        self.ask_for_lost(id, &lost);
        lost.iter().map(|order| lost_view(&id, order)).collect()
    }

    /// Whether the message at a place was deleted, or has not been written yet.
    fn is_gone(&self, id: ConversationId, order: &Order) -> bool {
        let erased = self.standing.get(&id).is_some_and(|standing| standing.is_erased(order));
        erased
            || self.is_deleted_order(id, order)
            || self.out.is_being_written(&message::key(&self.sealer, &id, order))
    }

    /// A page came; returns whether it was for a message that another device has lost.
    pub(in crate::core) fn found(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some((key, order)) = self.places.finding.remove(&id) else {
            return false;
        };
        let conversation = key.id();
        let messages: Vec<Message> =
            records.iter().filter_map(|record| self.kept(&conversation, record)).collect();
        if messages.iter().any(|message| message.order() == order && message.part().is_some()) {
            self.sync(Sync::History(History { conversation: key, messages, receipts: Vec::new() }));
        }
        true
    }
}

/// The place of the oldest record, whether deleted, damaged or not: reading continues from there.
pub(in crate::core) fn oldest(records: &[Record]) -> Option<Order> {
    records.iter().rev().find_map(|record| order_of_key(&record.key))
}

/// What views show in the place of a message whose record does not open or is gone.
fn lost_view(id: &ConversationId, order: &Order) -> MessageView {
    let body = BodyView::Gap(Gap::Lost);
    let (id, order, time) = (lost_id(id, order), *order, order.stored());
    let about = About::default();
    MessageView { id, order, time, body, outgoing: None, author: None, told: None, about, shared: false }
}
