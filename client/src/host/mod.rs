//! Runs in the worker: owns the device, carries out what the engine asks for, and answers the views of all tabs.

mod boot;
mod channel;
mod code;
mod connection;
mod desk;
mod device;
mod owner;
mod pulse;
mod slow;
mod storage;

use crate::platform;

/// Starts the worker.
pub fn start() {
    platform::report_panics(boot::say_died);
    platform::spawn_local(desk::run());
}
