//! Runs in the worker: owns the device, carries out what the engine asks for, and answers the views of all tabs.
//! A worker of its own, with nothing of that, reads the camera's pictures (`reader.rs`).

mod auto_lock;
mod backlog;
mod boot;
mod channel;
mod code;
mod connection;
mod device;
mod files;
mod halves;
pub(crate) mod journal;
mod lock_setting;
mod owner;
mod ownership;
mod parts;
mod qr;
mod reader;
mod service;
mod slow;
mod storage;
mod stretching;

use crate::platform::{self, worker};

/// Starts the worker.
pub fn start() {
    platform::report_panics(boot::say_died);
    if worker::is_reader() {
        platform::spawn_local(reader::run());
    } else {
        platform::spawn_local(service::run());
    }
}
