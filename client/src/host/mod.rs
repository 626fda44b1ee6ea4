//! Runs in the worker: owns the device, carries out what the engine asks for, and answers the views of all tabs.
//! A worker of its own, with nothing of that, reads the camera's pictures (`reader.rs`).

mod backlog;
mod boot;
mod channel;
mod code;
mod connection;
mod desk;
mod device;
mod halves;
pub(crate) mod journal;
mod locksmith;
mod owner;
mod parts;
mod pulse;
mod qr;
mod reader;
mod sentry;
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
        platform::spawn_local(desk::run());
    }
}
