//! Injects faults into a world, beyond a cut connection and a crash.

use parley_engine::io::FileWork;
use parley_protocol::ids::UnixMillis;

use super::device::Work;
use super::world::Link;
use super::{DeviceIndex, World};

/// How a process dies at a disk write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torn {
    /// Before the write.
    Before,
    /// After the write, but before the engine knows.
    After,
    /// Between writing the vault, if the change set has one, and the records.
    Between,
}

/// What a relay or a network can do with a frame to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// The frame never comes.
    Drop,
    /// The frame comes twice.
    Double,
    /// The frame comes before its predecessor.
    Swap,
}

impl Link {
    /// Puts a frame on its way to the device, unless a lie is due.
    pub(super) fn send_down(&mut self, bytes: Vec<u8>) {
        let due = self.lie.take_if(|(_, after)| *after == 0);
        if let Some((_, after)) = &mut self.lie {
            *after -= 1;
        }
        let Some((lie, _)) = due else { return self.to_device.push_back(bytes) };
        self.lied_to = true;
        match lie {
            Lie::Drop => {}
            Lie::Double => self.to_device.extend([bytes.clone(), bytes]),
            Lie::Swap => {
                let last = self.to_device.pop_back();
                self.to_device.extend([bytes].into_iter().chain(last));
            }
        }
    }
}

impl World {
    /// Cuts a device off. The first `arrive` frames on their way to the relay still arrive later; all others are lost. The host
    /// tries again after a second.
    pub fn cut(&mut self, index: DeviceIndex, arrive: usize) {
        if let Some(mut link) = self.links[index].take() {
            link.to_relay.truncate(arrive);
            self.late.push_back((link.connection, link.to_relay));
            self.tell_disconnected(index);
            self.retries[index] = Some(UnixMillis(self.now.0 + 1_000));
        }
    }

    /// Kills a device's process and restarts it. Frames on their way still reach the relay later.
    pub fn kill(&mut self, index: DeviceIndex) {
        if let Some(link) = self.links[index].take() {
            self.late.push_back((link.connection, link.to_relay));
        }
        self.crash(index);
        self.retries[index] = Some(UnixMillis(self.now.0 + 1_000));
    }

    /// Delivers up to `count` frames of connections that have ended for their devices.
    pub fn late_step(&mut self, count: u32) {
        for _ in 0..count {
            let Some((connection, frames)) = self.late.front_mut() else { return };
            let connection = *connection;
            if let Some(bytes) = frames.pop_front() {
                self.deliver(connection, &bytes);
            } else {
                self.relay.disconnect(connection);
                self.late.pop_front();
            }
        }
    }

    /// Restarts the relay: every connection ends, and unanswered requests may have reached it or not.
    pub fn restart_relay(&mut self) {
        self.late.clear();
        for index in 0..self.devices.len() {
            self.cut(index, 0);
        }
        for (connection, _) in std::mem::take(&mut self.late) {
            self.relay.disconnect(connection);
        }
    }

    /// Puts a device's clock forward or back.
    pub fn set_clock(&mut self, index: DeviceIndex, by_ms: i64) {
        let skew = &mut self.devices[index].skew;
        *skew = skew.saturating_add(by_ms);
    }

    /// Makes the device die at its disk write after `writes` others.
    pub fn light_fuse(&mut self, index: DeviceIndex, writes: u32, torn: Torn) {
        self.fuses[index] = Some((writes, torn));
    }

    /// Makes the device's next requests fail inside of the relay.
    pub fn refuse(&mut self, index: DeviceIndex, requests: u32) {
        if let Some(link) = &self.links[index] {
            self.relay.refusing.insert(link.connection, requests);
        }
    }

    /// Makes the relay lie: after this many other frames it drops, doubles or swaps a frame on this connection.
    pub fn lie(&mut self, index: DeviceIndex, lie: Lie, after: u32) {
        if let Some(link) = &mut self.links[index] {
            link.lie = Some((lie, after));
        }
    }

    /// Ends every fault: disks write, the relay answers truthfully, and everybody gets a connection.
    pub fn heal(&mut self) {
        self.relay.refusing.clear();
        for link in self.links.iter_mut().flatten() {
            link.lie = None;
        }
        self.late_step(u32::MAX);
        for index in 0..self.devices.len() {
            self.fuses[index] = None;
            self.devices[index].disk.failure = None;
            if self.links[index].as_ref().is_none_or(|link| link.lied_to) {
                self.connect(index);
            }
        }
    }

    /// Whether the device dies instead of its next disk work, or with it.
    pub(super) fn fuse_blows(&mut self, index: DeviceIndex) -> bool {
        let device = &mut self.devices[index];
        let Some(work) = device.work.front() else { return false };
        if !matches!(work, Work::Persist(_) | Work::File(FileWork::Write { .. } | FileWork::Delete(_))) {
            return false;
        }
        let Some((writes, torn)) = &mut self.fuses[index] else { return false };
        if *writes > 0 {
            *writes -= 1;
            return false;
        }
        let set = match work {
            Work::Persist(set) => set,
            Work::File(work) => {
                if *torn == Torn::After {
                    drop(device.disk.file(work.clone()));
                }
                self.fuses[index] = None;
                self.kill(index);
                return true;
            }
            Work::Load(_) | Work::Part(_) => return false,
        };
        match torn {
            Torn::After => drop(device.disk.write(set.clone())),
            Torn::Between if device.disk.failure.is_none() => {
                if let Some(vault) = &set.vault {
                    device.disk.vault = Some(vault.clone());
                }
            }
            Torn::Before | Torn::Between => {}
        }
        self.fuses[index] = None;
        self.kill(index);
        true
    }
}
