//! Engines over a virtual relay, in virtual time.
#![cfg(test)]

#[path = "sim/chat.rs"]
mod chat;
#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/invariants.rs"]
mod invariants;
#[path = "sim/repair.rs"]
mod repair;
#[path = "sim/stored.rs"]
mod stored;
