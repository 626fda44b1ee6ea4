//! The protocol of Parley's clients and relay: [`frame`]s and their codec, [`ids`], [`limits`], [`padding`], [`username`]s,
//! [`capability`]s and the [`device_log`] format.
//!
//! This crate has no clock, no randomness, no IO and no MLS. Everything that arrives from outside goes through a decoder of
//! this crate, whose result is a type that cannot be out of bounds afterwards.
#![cfg_attr(not(test), no_std)]
extern crate alloc;

pub mod bounded;
pub mod capability;
pub mod codec;
pub mod device_log;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod padding;
pub mod username;
