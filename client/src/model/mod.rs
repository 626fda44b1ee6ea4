//! Plain logic of the app and the worker, without a browser.

pub mod agent;
pub mod backoff;
pub mod chats;
pub mod code;
pub mod dedupe;
pub mod draft;
pub mod hex;
pub mod journal;
pub mod kept;
pub mod lock;
pub mod news;
pub mod path;
pub mod pulse;
pub mod route;
pub mod rows;
pub mod sight;
pub mod signal;
pub mod slot;
pub mod text;
pub mod thread;
pub mod time;
pub mod unsaved;
