//! The domain: people, conversations, messages and account data, with their stored formats, which tests pin beside each type.
//! The domain does not know how views show it, and knows no MLS.

pub(crate) mod account_data;
pub(crate) mod archive;
pub(crate) mod consent;
pub(crate) mod contact;
pub(crate) mod content;
pub(crate) mod conversation;
pub(crate) mod deletion;
pub(crate) mod device_note;
pub(crate) mod draft;
pub(crate) mod expiry;
pub(crate) mod file_name;
pub(crate) mod invite;
pub(crate) mod marks;
pub(crate) mod message;
pub(crate) mod order;
pub(crate) mod outbox;
pub(crate) mod passage;
pub(crate) mod relation;
pub(crate) mod resent_messages;
pub(crate) mod safety_number;
pub(crate) mod standing;
pub(crate) mod visible;
