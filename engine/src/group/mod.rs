//! Group chats: what a group's members have agreed on, and who may change what of it.

pub(crate) mod policy;
