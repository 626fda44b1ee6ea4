//! The list of chats, and the dialog that begins a new one.

pub(crate) mod chat_item;
pub(crate) mod chat_menu;
pub(crate) mod new_chat;
pub(crate) mod sidebar;
