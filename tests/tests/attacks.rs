//! Attacks, named after the promises that they try to break.
#![cfg(test)]

#[path = "attacks/engine.rs"]
mod engine;
#[path = "attacks/relay.rs"]
mod relay;
