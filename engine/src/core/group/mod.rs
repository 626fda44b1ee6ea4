//! Group chats: what people do with them.

use super::Engine;
use crate::view::{Command, CommandError, Reply, ViewRequestId};

impl Engine {
    pub(super) fn group_command(
        &mut self,
        view: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        self.file_command(view, command)
    }
}
