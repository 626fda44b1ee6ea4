//! A stolen device, with which its holder does what no app does.

use parley_engine::hostile::{BackupLie, Thief};
use parley_engine::io::Input;
use parley_protocol::frame::{Answer, ClientFrame, RelayError, Request, RequestId, ServerFrame};

use super::{ConnectionId, DeviceIndex, World};

impl World {
    /// What the holder of a device knows of the account's backup.
    #[must_use]
    pub fn thief(&self, index: DeviceIndex) -> Thief {
        self.devices[index].engine.thief().expect("an account with a backup")
    }

    /// The device sends the account's other devices a lie about the backup.
    pub fn lie_about_backup(&mut self, index: DeviceIndex, lie: &BackupLie) {
        self.devices[index].engine.lie_about_backup(lie);
        self.handle(index, Input::Timer);
    }

    /// The device writes a backup that claims to have everything.
    pub fn overstate_backup(&mut self, index: DeviceIndex) {
        self.devices[index].engine.overstate_backup();
        self.handle(index, Input::Timer);
        self.settle();
    }

    /// Sends the relay a request on a connection that belongs to no device.
    pub fn ask_relay(&mut self, request: Request) -> Result<Answer, RelayError> {
        let stranger = ConnectionId(u64::MAX);
        let asked = ClientFrame { id: RequestId(1), request }.encode().unwrap();
        let told = self.relay.receive(self.now, stranger, &asked);
        let mut own = told.into_iter().filter(|(to, _)| *to == stranger);
        let answer = own.find_map(|(_, bytes)| match ServerFrame::decode(&bytes) {
            Ok(ServerFrame::Answer { result, .. }) => Some(result),
            _ => None,
        });
        answer.expect("an answer")
    }
}
