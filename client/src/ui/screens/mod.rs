//! The screens: a folder or a file for each.

pub(crate) mod banner;
pub(crate) mod chats;
pub(crate) mod conversation;
pub(crate) mod files;
pub(crate) mod groups;
pub(crate) mod linking;
pub(crate) mod locked;
pub(crate) mod notices;
pub(crate) mod recovery;
pub(crate) mod removed;
pub(crate) mod requests;
pub(crate) mod seldom;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod welcome;
