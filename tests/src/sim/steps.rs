//! Runs the events of a world one by one: disk writes, both directions of each connection, timers.

use parley_engine::io::Input;
use parley_protocol::frame::{ClientFrame, Request, ServerFrame};

use super::{ConnectionId, DeviceIndex, World};

impl World {
    /// Does one read or write of the device's disk. Returns whether there was any.
    pub fn disk_step(&mut self, index: DeviceIndex) -> bool {
        if self.fuse_blows(index) {
            return true;
        }
        let worked = self.devices[index].disk_step(self.now);
        self.collect(index);
        worked
    }

    /// Delivers the device's next frame to the relay.
    pub fn uplink_step(&mut self, index: DeviceIndex) -> bool {
        let Some(link) = &mut self.links[index] else { return false };
        let Some(bytes) = link.to_relay.pop_front() else { return false };
        let connection = link.connection;
        self.deliver(connection, &bytes);
        true
    }

    /// Delivers a frame to the relay, and puts the resulting frames on their way.
    pub(super) fn deliver(&mut self, connection: ConnectionId, bytes: &[u8]) {
        if self.traced {
            eprintln!("{connection:?} asks {:.300}", format!("{:?}", ClientFrame::decode(bytes)));
        }
        // Some of the answers about stamps too, so that they overtake each other.
        let slow =
            self.appends_take_long && (is_append(bytes) || is_stamp_swap(bytes) && self.random(2) == 0);
        for (to, bytes) in self.relay.receive(self.now, connection, bytes) {
            if self.traced {
                eprintln!("  to {to:?}: {:.300}", format!("{:?}", ServerFrame::decode(&bytes)));
            }
            let link = self.links.iter_mut().flatten().find(|link| link.connection == to);
            match link {
                Some(link) if slow && is_answer(&bytes) => link.overtaken.push_back(bytes),
                Some(link) => link.send_down(bytes),
                None => {}
            }
        }
    }

    /// Delivers the relay's next frame to the device.
    pub fn downlink_step(&mut self, index: DeviceIndex) -> bool {
        let sometimes = self.appends_take_long && self.random(16) == 0;
        let Some(link) = &mut self.links[index] else { return false };
        let overtaken = link.overtaken.pop_front_if(|_| sometimes);
        let Some(bytes) = overtaken.or_else(|| link.to_device.pop_front()) else { return false };
        self.handle(index, Input::Received(bytes));
        true
    }

    /// Does one piece of work: of the disk, to the relay, or from it. Returns whether there was any.
    pub fn step(&mut self, index: DeviceIndex) -> bool {
        self.disk_step(index) || self.uplink_step(index) || self.downlink_step(index)
    }

    /// Gives the device bytes as if the relay had sent them.
    pub fn inject(&mut self, index: DeviceIndex, bytes: Vec<u8>) {
        self.handle(index, Input::Received(bytes));
    }

    /// Rings the device's timer if it is due.
    pub fn timer_step(&mut self, index: DeviceIndex) -> bool {
        let due = self.devices[index].wake.take_if(|at| *at <= self.now).is_some();
        if due {
            self.handle(index, Input::Timer);
        }
        due
    }

    /// Does all work that is possible now, without letting time pass.
    pub fn run(&mut self) {
        loop {
            let mut worked = false;
            for index in 0..self.devices.len() {
                worked |= self.disk_step(index);
                worked |= self.uplink_step(index);
                worked |= self.downlink_step(index);
                worked |= self.timer_step(index);
            }
            let waiting = self.links.iter().flatten().any(|link| !link.overtaken.is_empty());
            if !worked && !waiting {
                return;
            }
        }
    }

    /// The same in random order.
    pub fn run_in_any_order(&mut self) {
        for _ in 0..3_000 {
            let Ok(devices) = u64::try_from(self.devices.len()) else { return };
            let Ok(index) = usize::try_from(self.random(devices)) else { return };
            match self.random(4) {
                0 => self.disk_step(index),
                1 => self.uplink_step(index),
                2 => self.downlink_step(index),
                _ => self.timer_step(index),
            };
        }
        self.run();
    }
}

fn is_append(bytes: &[u8]) -> bool {
    let request = ClientFrame::decode(bytes).map(|frame| frame.request);
    matches!(
        request,
        Ok(Request::AppendMessages(_)
            | Request::AppendCommit(_)
            | Request::AppendLinkedCommit(_)
            | Request::JoinByLink(_)
            | Request::AskToJoin(_))
    )
}

fn is_stamp_swap(bytes: &[u8]) -> bool {
    matches!(ClientFrame::decode(bytes).map(|frame| frame.request), Ok(Request::SwapStamp(_)))
}

fn is_answer(bytes: &[u8]) -> bool {
    matches!(ServerFrame::decode(bytes), Ok(ServerFrame::Answer { .. }))
}
