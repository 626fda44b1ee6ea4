//! Attacks, named after the promises that they try to break (docs/threat-model.md).
#![cfg(test)]

#[path = "attacks/relay.rs"]
mod relay;
