//! Restores the backup file of another account: its chats become archives, which are read-only. This account was in none of
//! these conversations, and takes no contact from the file: the other account knew who these people are, this account does
//! not.

use parley_protocol::ids::AccountId;

use super::Engine;
use super::restoring::is_sound;
use crate::backup::{FileHead, Item};
use crate::domain::archive::{Archive, Newest, id_of};
use crate::domain::content::display_name;
use crate::domain::message::Message;
use crate::io::{LoadId, Output, Record};
use crate::records::keys;
use crate::view::{
    BodyView, ConversationId, ConversationView, Delivery, Event, MarksView, MessageView, Preview, Reply,
    ViewRequestId,
};

/// Most chats of other accounts that this device keeps.
const MAX_ARCHIVES: usize = 10_000;
/// Messages of a chat that are read and deleted at a time.
const PAGE: u32 = 500;

/// A chat of another account that is being deleted.
pub(super) struct Leaving {
    load: LoadId,
    view: ViewRequestId,
    id: ConversationId,
}

impl Engine {
    pub(super) fn archive_item(&mut self, head: &FileHead, item: Item) {
        match item {
            Item::Known(known) => {
                let Some(id) = self.archive_with(head, &known.card.account) else { return };
                if let Some(archive) = self.archives.get_mut(&id) {
                    let name = known.card.name.as_deref().and_then(display_name);
                    archive.name = archive.name.take().or(name);
                    archive.username = archive.username.take().or(known.username);
                }
                self.save_archive(id);
            }
            Item::History(history) => {
                let Some(peer) = history.conversation.peer() else { return };
                let Some(id) = self.archive_with(head, peer) else { return };
                for message in
                    history.messages.into_iter().filter(|message| is_sound(message, &head.account, peer))
                {
                    self.archive_message(id, &message);
                }
                self.save_archive(id);
            }
            // The history lacks what the other account deleted.
            Item::Settings(_)
            | Item::Deleted(_)
            | Item::Stance(_)
            | Item::Token(_)
            | Item::Group(_)
            | Item::Newer => {}
        }
    }

    /// The archive of a chat; makes it if there is none (the caller saves it).
    fn archive_with(&mut self, head: &FileHead, peer: &AccountId) -> Option<ConversationId> {
        let id = id_of(&head.account, peer);
        if self.archives.contains_key(&id) {
            return Some(id);
        }
        if self.archives.len() >= MAX_ARCHIVES || *peer == head.account {
            return None;
        }
        let owner = display_name(&head.name).unwrap_or_else(|| head.username.to_string());
        self.archives.insert(id, Archive::new(head.account, owner, *peer));
        Some(id)
    }

    fn archive_message(&mut self, id: ConversationId, message: &Message) {
        let Some(taking) = &mut self.files.taking else { return };
        if !taking.seen.add(id, message) {
            return;
        }
        taking.added = taking.added.saturating_add(1);
        let Some(message) = self.settle(id, message, false) else { return };
        self.store_message(id, &message);
        if let Some(archive) = self.archives.get_mut(&id) {
            archive.show(&message);
        }
        let view = self.archived_view(&id, &message);
        self.changed.messages.or_default(id).push(view);
    }

    fn save_archive(&mut self, id: ConversationId) {
        if let Some(archive) = self.archives.get(&id) {
            self.save(&keys::archive(&id), archive);
            self.changed.conversations.insert(id);
        }
    }

    /// Deletes the messages first, and the archive with the last of them: a restart in between leaves fewer, to be deleted
    /// again.
    pub(in crate::core) fn delete_archive(&mut self, view: ViewRequestId, id: ConversationId) {
        let load = self.read_messages(&id, None, PAGE);
        self.files.leaving.push(Leaving { load, view, id });
    }

    /// A page of history came; returns whether it was of a chat that is being deleted.
    pub(in crate::core) fn read_archive_to_delete(&mut self, load: LoadId, records: &[Record]) -> bool {
        let place = self.files.leaving.iter().position(|leaving| leaving.load == load);
        let Some(place) = place else { return false };
        let Leaving { view, id, .. } = self.files.leaving.remove(place);
        for record in records {
            if let Some(part) = self.opened(record).as_ref().and_then(Message::part) {
                self.drop_files_of(part);
            }
            self.out.erase(&record.key);
        }
        if u32::try_from(records.len()).is_ok_and(|count| count >= PAGE) {
            // The engine reads the next page when these messages are gone.
            self.delete_archive(view, id);
            return true;
        }
        if let Some(gone) = self.archive_view(id) {
            let gone = ConversationView { listed: false, last: None, ..gone };
            self.out.push(Output::Event(Event::Conversation(Box::new(gone))));
        }
        self.archives.remove(&id);
        self.state.delete(&keys::archive(&id));
        for name in self.state.keys_with_prefix(&keys::relations_in(&id)) {
            self.state.delete(&name);
        }
        self.reply(view, Reply::Done);
        true
    }

    pub(in crate::core) fn archive_view(&self, id: ConversationId) -> Option<ConversationView> {
        let archive = self.archives.get(&id)?;
        let preview = |last: &Newest| Preview {
            body: BodyView::from(&last.body),
            time: last.time,
            outgoing: last.own.then_some(Delivery::Sent),
            author: None,
        };
        Some(ConversationView {
            id,
            name: archive.display_name(),
            account: None,
            username: archive.username.as_ref().map(ToString::to_string),
            verified: false,
            last: archive.last.as_ref().map(preview),
            consent: crate::domain::consent::Consent::Granted,
            unread: 0,
            changed: archive.changed,
            warning: None,
            draft: String::new(),
            draft_sent: false,
            listed: true,
            preparing: false,
            waiting: None,
            restored: Some(archive.owner.clone()),
            group: None,
            marks: MarksView::default(),
            timer: 0,
        })
    }

    /// Nothing is known of how far the other account's message came, except that it was sent.
    pub(in crate::core) fn archived_view(&self, id: &ConversationId, message: &Message) -> MessageView {
        let mut body = BodyView::from(&message.body);
        self.find_files(&mut body);
        let own = self.archives.get(id).is_some_and(|archive| message.is_by(&archive.account));
        let (body, about) = self.seen_as(*id, message);
        MessageView {
            id: message.shown_id(own),
            order: message.order(),
            time: message.time,
            body,
            outgoing: own.then_some(Delivery::Sent),
            author: None,
            told: None,
            about,
            shared: false,
        }
    }
}
