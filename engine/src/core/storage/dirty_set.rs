//! The dirty set: records that changed in memory. The engine serialises each once for a change set, however often it changed
//! until then: records that change with every message (the device, its logs and transcripts) would otherwise cost more than
//! the message.

use parley_protocol::ids::{AccountId, GroupId, LogId};

use crate::core::Engine;
use crate::records::keys;
use crate::view::ConversationId;

/// A record whose value in memory is newer than the last serialised one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) enum Dirty {
    Device,
    ResentMessages,
    Contact(AccountId),
    Stance(AccountId),
    Conversation(ConversationId),
    Standing(ConversationId),
    Waiting,
    Log(LogId),
    /// The part of a log that is on its way to the relay.
    Pending(LogId),
    Transcript(LogId),
    Outbox(u64),
    GroupChat(GroupId),
}

impl Engine {
    /// Serialises the changed records, for the next change set.
    pub(in crate::core) fn write_unsaved(&mut self) {
        for record in std::mem::take(&mut self.dirty) {
            self.write_record(record);
        }
    }

    fn write_record(&self, record: Dirty) {
        match record {
            Dirty::Device => self.save(keys::DEVICE, &self.device),
            Dirty::GroupChat(group) => {
                if let Some(chat) = self.group_chats.all.get(&group) {
                    self.save(&keys::group_chat(&group), chat);
                }
            }
            Dirty::ResentMessages => self.save(keys::RESENT_MESSAGES, &self.resent_messages),
            Dirty::Contact(account) => {
                if let Some(contact) = self.contacts.get(&account) {
                    self.state.put_bytes(&keys::contact(&account), contact.encode());
                }
            }
            Dirty::Stance(peer) => {
                if let Some(stance) = self.stances.get(&peer) {
                    self.save(&keys::stance(&peer), stance);
                }
            }
            Dirty::Conversation(id) => {
                if let Some(conversation) = self.conversations.get(&id) {
                    self.save(&keys::conversation(&id), conversation);
                }
            }
            Dirty::Standing(id) => {
                if let Some(standing) =
                    self.standing.get(&id).filter(|_| self.conversations.contains_key(&id))
                {
                    self.save(&keys::standing(&id), standing);
                }
            }
            Dirty::Waiting => self.save(keys::WAITING, &self.waiting),
            Dirty::Log(id) => {
                if let Some(log) = self.logs.get(&id) {
                    self.save(&keys::log(&id), log);
                }
            }
            Dirty::Pending(id) => match self.logs.get(&id) {
                Some(log) if log.commit.is_some() || log.creation.is_some() => {
                    self.save(&keys::pending(&id), &(&log.commit, &log.creation));
                }
                _ => self.state.delete(&keys::pending(&id)),
            },
            Dirty::Transcript(id) => {
                if let Some(transcript) = self.transcripts.get(&id) {
                    self.save(&keys::transcript(&id), transcript);
                }
            }
            Dirty::Outbox(number) => match self.outbox.get(&number) {
                Some(entry) => self.save(&keys::outbox(number), entry.as_ref()),
                None => self.state.delete(&keys::outbox(number)),
            },
        }
    }
}
