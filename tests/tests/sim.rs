//! Engines over a virtual relay, in virtual time.

#[path = "sim/chat.rs"]
mod chat;
