//! Plain logic of the app and the worker, without a browser.

pub mod agent;
pub mod anchor;
pub mod backoff;
pub mod chats;
pub mod code;
pub mod dedupe;
pub mod draft;
pub mod fold;
pub mod hex;
pub mod journal;
pub mod kept;
pub mod links;
pub mod lock;
pub mod path;
pub mod pulse;
pub mod route;
pub mod rows;
pub mod sight;
pub mod signal;
pub mod slot;
pub mod text;
pub mod time;
pub mod unsaved;
pub mod window;
