//! Dispatches the commands that people give in the views.

use ed25519_dalek::SigningKey;
use parley_protocol::frame::Request as RelayRequest;
use parley_protocol::ids::AccountId;
use parley_protocol::username::Username;

use super::Engine;
use crate::account::Account;
use crate::core::conversation::paging::PageFrom;
use crate::core::relay_session::requests::Pending;
use crate::domain::consent::Consent;
use crate::domain::content::{Body, Part, display_name};
use crate::domain::conversation::{Conversation, ConversationKey};
use crate::domain::invite::Invite;
use crate::domain::standing::Standing;
use crate::group::link::GroupLink;
use crate::link::code::LinkCode;
use crate::link::typed::TypedCode;
use crate::view::{Command, CommandError, ConversationId, Reply, Request, UsernameStatus, ViewRequestId};

/// A view repeats its requests at once when its owner dies, and lets this many texts wait for the disk: no more can be in
/// doubt.
const REMEMBERED_REQUESTS: usize = 2 * crate::view::UNSAVED_TEXTS;

impl Engine {
    pub(super) fn command(&mut self, request: Request) {
        let id = request.id;
        let result = match request.command {
            Command::Subscribe => Ok(Some(Reply::Snapshot(self.snapshot()))),
            Command::CheckUsername(text) => Ok(self.check_username(id, &text)),
            Command::CreateAccount { name, username } => self.create_account(id, &name, &username),
            Command::FindPerson(text) => self.find_person(id, &text),
            Command::StartConversation(account) => self.start_conversation(account),
            Command::OpenConversation(conversation) => self.page(id, conversation, PageFrom::Newest),
            Command::UnreadMessages(conversation) => {
                let first = self.standing.get(&conversation).and_then(Standing::first_unread_place);
                let from = first.map_or(PageFrom::Newest, |first| PageFrom::After(first.previous()));
                self.page(id, conversation, from)
            }
            Command::OlderMessages { conversation, before } => {
                self.page(id, conversation, PageFrom::Before(before))
            }
            Command::NewerMessages { conversation, after } => {
                self.page(id, conversation, PageFrom::After(after))
            }
            Command::MessagesFrom { conversation, from } => {
                self.page(id, conversation, PageFrom::After(from.previous()))
            }
            Command::SendText { .. } if self.device.sent_requests.contains(&id) => Ok(Some(Reply::Done)),
            Command::SendText { conversation, text, over } => self.send_text(id, conversation, &text, &over),
            Command::MarkRead { conversation, upto } => self.known(conversation).map(|()| {
                self.mark_read(conversation, &upto);
                if let Some(key) = self.conversations.get(&conversation).map(|it| it.key) {
                    self.unmark_unread(&key);
                }
                Some(Reply::Done)
            }),
            Command::ShowContact(conversation) => self
                .contact_view(conversation)
                .map(|contact| Some(Reply::Contact(contact)))
                .ok_or(CommandError::UnknownConversation),
            Command::SetVerified { conversation, verified } => self.set_verified(conversation, verified),
            Command::SetName(name) => self.set_name(&name),
            Command::SetReadReceipts(on) => self.set_read_receipts(on),
            Command::RenameDevice { device, name } => self.rename_device(device, &name),
            Command::RemoveDevice(device) => self.remove_device(id, device),
            Command::AcceptDevice(device) => Ok(Some(self.accept_device(&device))),
            Command::SetBackup(on) => self.set_backup(on),
            Command::BackUpNow => self.back_up_now(),
            Command::AcceptKeyChanges => Ok(Some(self.accept_key_changes())),
            Command::AcceptLoss => Ok(Some(self.accept_loss())),
            Command::DeleteMessage { conversation, message, order } => {
                self.delete_message(id, conversation, message, &order)
            }
            Command::DeleteChat(conversation) => self.delete_chat(id, conversation),
            Command::SetDraft { conversation, text, over } => self.set_draft(conversation, text, &over),
            Command::SetDraftsInStep(on) => Ok(Some(self.set_drafts_in_step(on))),
            Command::Accept(conversation) if self.is_group_chat(conversation) => {
                self.seldom_command(id, Command::JoinGroup(conversation))
            }
            Command::Accept(conversation) => self.accept_request(conversation),
            Command::Block(conversation) => self.block(id, conversation),
            Command::Unblock(conversation) => self.unblock(conversation),
            Command::NewInvite => self.new_invite(),
            // This command erases only what a removed device keeps.
            Command::EraseKept => Err(CommandError::UnknownDevice),
            other => self.message_command(id, other),
        };
        match result {
            Ok(Some(reply)) => self.reply(id, reply),
            Ok(None) => {}
            Err(error) => self.reply(id, Reply::Failed(error)),
        }
    }

    fn check_username(&mut self, id: ViewRequestId, text: &str) -> Option<Reply> {
        let username = match Username::parse(text) {
            Ok(username) => username,
            Err(error) => return Some(Reply::Username(UsernameStatus::Invalid(error))),
        };
        if !self.online() {
            return Some(Reply::Username(UsernameStatus::Unknown));
        }
        self.ask(RelayRequest::ResolveUsername(username), Pending::CheckUsername(id));
        None
    }

    fn create_account(
        &mut self,
        id: ViewRequestId,
        name: &str,
        username: &str,
    ) -> Result<Option<Reply>, CommandError> {
        match &self.account {
            Some(account) if account.registered => return Err(CommandError::AccountExists),
            Some(_) => {
                self.registering = Some(id);
                return Ok(None);
            }
            None if self.joining.is_some() => return Err(CommandError::AccountExists),
            None => {}
        }
        let name = display_name(name).ok_or(CommandError::Name)?;
        let username = Username::parse(username).map_err(CommandError::Username)?;
        if !self.online() {
            return Err(CommandError::Offline);
        }
        let key = SigningKey::from_bytes(&self.random.array());
        let account = Account::create(self.now, &self.random, &key, name, username)
            .map_err(|_| CommandError::Storage)?;
        self.own_log = Some(account.log().map_err(|_| CommandError::Storage)?);
        self.key = Some(key);
        self.account = Some(account);
        self.save_vault();
        self.save_account();
        self.make_token_if_none();
        self.register(Some(id));
        Ok(None)
    }

    fn find_person(&mut self, id: ViewRequestId, text: &str) -> Result<Option<Reply>, CommandError> {
        // A link code is a secret: the engine does not ask the relay whether a user has that name.
        if LinkCode::parse(text).is_some() || TypedCode::is_as_shown(text) {
            return Err(CommandError::LinkCodeInstead);
        }
        let (invite, username) = (Invite::parse(text), Username::parse(text));
        if invite.is_none() && GroupLink::parse(text).is_some() {
            return Err(CommandError::GroupLinkInstead);
        }
        if !self.online() && (invite.is_some() || username.is_ok()) {
            return Err(CommandError::Offline);
        }
        match (invite, username) {
            (Some(invite), _) => {
                if let Some(token) = invite.token {
                    self.links.insert(invite.account, token);
                }
                self.look_up(invite.account, Pending::Find(id, Some(invite.account)));
            }
            (None, Ok(name)) => self.ask(RelayRequest::ResolveUsername(name), Pending::Find(id, None)),
            (None, Err(_)) => return Err(CommandError::NotAnInvite),
        }
        Ok(None)
    }

    fn start_conversation(&mut self, account: AccountId) -> Result<Option<Reply>, CommandError> {
        let own = self.account.as_ref().ok_or(CommandError::NoAccount)?;
        if own.id == account {
            return Err(CommandError::Yourself);
        }
        if !self.pin(&account) {
            return Err(CommandError::NotFound);
        }
        let id = self.conversation_with(&account);
        self.seek(&account);
        if !self.is_blocked(&account) {
            self.unhide(&ConversationKey::Peer(account));
        }
        self.save_conversation(id);
        Ok(Some(Reply::Conversation(id)))
    }

    /// The conversation with a contact; makes it if there is none (the caller saves it).
    pub(super) fn conversation_with(&mut self, peer: &AccountId) -> ConversationId {
        self.conversation_of_key(ConversationKey::Peer(*peer))
    }

    pub(super) fn conversation_of_key(&mut self, key: ConversationKey) -> ConversationId {
        let (id, now) = (key.id(), self.now);
        self.conversations.or_insert_with(id, || Conversation::new(key, now));
        id
    }

    pub(super) fn known(&self, conversation: ConversationId) -> Result<(), CommandError> {
        let known =
            self.conversations.contains_key(&conversation) || self.archives.contains_key(&conversation);
        if known { Ok(()) } else { Err(CommandError::UnknownConversation) }
    }

    fn page(
        &mut self,
        id: ViewRequestId,
        conversation: ConversationId,
        from: PageFrom,
    ) -> Result<Option<Reply>, CommandError> {
        self.known(conversation)?;
        self.load_page(id, conversation, from);
        Ok(None)
    }

    fn send_text(
        &mut self,
        request: ViewRequestId,
        id: ConversationId,
        text: &str,
        over: &str,
    ) -> Result<Option<Reply>, CommandError> {
        self.send_part(request, id, Part::of_text(text.to_owned()), Some((text, over)))
    }

    /// Sends a part; `draft` is what it was until then, and over which other draft.
    pub(super) fn send_part(
        &mut self,
        request: ViewRequestId,
        id: ConversationId,
        part: Part,
        draft: Option<(&str, &str)>,
    ) -> Result<Option<Reply>, CommandError> {
        let key = self.conversations.get(&id).map(|c| c.key).ok_or(CommandError::UnknownConversation)?;
        if !part.is_sound() {
            return Err(CommandError::TextLength);
        }
        self.may_send(id)?;
        self.remember_sent(request);
        if let Some((text, over)) = draft {
            self.draft_was_sent(&key, text, over);
        }
        let (number, _) = self.enqueue(key, Body::Part(part), None);
        if let Some(peer) = key.peer() {
            self.of_groups().compare_groups_with(peer);
        }
        self.text_waits(id, &key, number);
        Ok(Some(Reply::Done))
    }

    /// The conversation, if the person may write there; writing to somebody is consent.
    pub(super) fn may_send(&mut self, id: ConversationId) -> Result<ConversationKey, CommandError> {
        let key = self.conversations.get(&id).map(|c| c.key).ok_or(CommandError::UnknownConversation)?;
        if let Some(peer) = key.peer() {
            if self.is_blocked(peer) {
                return Err(CommandError::Blocked);
            }
            self.decide(peer, Consent::Granted);
        }
        if let ConversationKey::Group(group) = key
            && !self.may_write_in_group(&group)
        {
            return Err(CommandError::NotAllowed);
        }
        Ok(key)
    }

    /// Remembers a request, so that a view that repeats it, because its owner died, sends nothing twice.
    pub(super) fn remember_sent(&mut self, request: ViewRequestId) {
        self.device.sent_requests.push_back(request);
        while self.device.sent_requests.len() > REMEMBERED_REQUESTS {
            self.device.sent_requests.pop_front();
        }
    }

    /// A new text of this person waits in a conversation: the engine shows it, and sends it as soon as it can.
    pub(super) fn text_waits(&mut self, id: ConversationId, key: &ConversationKey, number: u64) {
        self.unhide(key);
        let now = self.now;
        if let Some(view) = self.waiting_view(number) {
            let last = self.waiting_last(number);
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.changed = now;
                conversation.last = last;
            }
            self.changed.messages.or_default(id).push(view);
        }
        self.save_conversation(id);
        self.pump(id);
    }

    fn set_verified(&mut self, id: ConversationId, verified: bool) -> Result<Option<Reply>, CommandError> {
        let key = self.conversations.get(&id).map(|c| c.key).ok_or(CommandError::UnknownConversation)?;
        let peer = *key.peer().ok_or(CommandError::UnknownConversation)?;
        let contact = self.contacts.get_mut(&peer).ok_or(CommandError::UnknownConversation)?;
        contact.verified = verified;
        self.save_contact(&peer);
        self.sync_card(&peer);
        Ok(Some(Reply::Done))
    }

    fn set_name(&mut self, name: &str) -> Result<Option<Reply>, CommandError> {
        let name = display_name(name).ok_or(CommandError::Name)?;
        let account = self.account.as_mut().ok_or(CommandError::NoAccount)?;
        account.name = name;
        account.profile = account.profile.saturating_add(1);
        self.save_account();
        self.sync_settings();
        let conversations: Vec<ConversationId> = self.conversations.keys().copied().collect();
        for conversation in conversations {
            self.pump(conversation);
        }
        Ok(Some(Reply::Done))
    }

    fn set_read_receipts(&mut self, on: bool) -> Result<Option<Reply>, CommandError> {
        let account = self.account.as_mut().ok_or(CommandError::NoAccount)?;
        account.read_receipts = on;
        self.save_account();
        self.sync_settings();
        self.changed.conversations.extend(self.conversations.keys().copied());
        Ok(Some(Reply::Done))
    }
}
