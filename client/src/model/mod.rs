//! Plain logic of the app and the worker, without a browser.

pub mod agent;
pub mod anchor;
pub mod backoff;
pub mod chats;
pub mod code;
pub mod dedupe;
pub mod draft;
pub mod emoji;
pub mod fold;
pub mod hex;
pub mod history;
pub mod invite;
pub mod journal;
pub mod kept;
pub mod keys;
pub mod links;
pub mod lock;
pub mod lookalikes;
pub mod mention;
pub mod news;
pub mod notice;
#[cfg(test)]
mod palette;
pub mod path;
pub mod picture;
pub mod pulse;
pub mod route;
pub mod rows;
pub mod section;
pub mod sight;
pub mod signal;
pub mod slot;
pub mod text;
pub mod time;
pub mod unicode;
pub mod unsaved;
pub mod window;
