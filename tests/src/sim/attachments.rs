//! The actions of a world's people on files in messages.

use parley_engine::view::{
    BodyView, Command, ConversationId, FileId, FileKind, FileState, FileView, MessageView, NewFile, Reply,
};

use super::{DeviceIndex, World};

/// Bytes that do not compress and that no other file has.
#[must_use]
pub fn file_bytes(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u32::from(seed) * 2 + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

impl World {
    /// A file that the device's page has chosen.
    pub fn choose(&mut self, index: DeviceIndex, name: &str, kind: FileKind, bytes: &[u8]) -> NewFile {
        let source = self.random(u64::MAX);
        self.devices[index].sources.insert(source, bytes.to_vec());
        NewFile {
            source,
            name: name.to_owned(),
            content_type: if kind == FileKind::Picture { "image/png" } else { "" }.to_owned(),
            size: u64::try_from(bytes.len()).unwrap(),
            kind,
            dimensions: None,
            duration: None,
            waveform: Vec::new(),
            preview: Vec::new(),
        }
    }

    /// Sends a file.
    pub fn send_file(&mut self, index: DeviceIndex, conversation: ConversationId, name: &str, bytes: &[u8]) {
        let files = vec![self.choose(index, name, FileKind::Other, bytes)];
        let reply = self.ask(index, Command::SendFiles { conversation, caption: String::new(), files });
        assert_eq!(reply, Reply::Done, "the message is on this device");
    }

    /// The files of a conversation, with their messages.
    pub fn files_in(
        &mut self,
        index: DeviceIndex,
        conversation: ConversationId,
    ) -> Vec<(MessageView, FileView)> {
        let mut found = Vec::new();
        for message in self.history(index, conversation) {
            if let BodyView::Files(view) = &message.body {
                found.extend(view.files.iter().map(|file| (message.clone(), file.clone())));
            }
        }
        found
    }

    /// Fetches the last file of a conversation, and waits for it. Returns its state then.
    pub fn fetch_last(&mut self, index: DeviceIndex, conversation: ConversationId) -> (FileId, FileState) {
        let (message, file) = self.files_in(index, conversation).pop().expect("there is a file");
        let fetch = Command::FetchFile { conversation, order: message.order, file: file.id };
        let id = self.command(index, fetch.clone());
        self.settle();
        // The view asks the next owner again if nobody has answered.
        if !self.devices[index].replies.contains_key(&id) {
            self.repeat(index, id, fetch);
        }
        for _ in 0..40 {
            self.settle();
            if self.devices[index]
                .files
                .get(&file.id)
                .is_some_and(|it| !matches!(it, FileState::Receiving { .. }))
            {
                break;
            }
        }
        let (_, file) = self.files_in(index, conversation).pop().expect("there is a file");
        (file.id, file.state)
    }

    /// The content of a file that is on the device; `None` if it is not.
    pub fn open_file(&mut self, index: DeviceIndex, file: FileId) -> Option<Vec<u8>> {
        let id = self.command(index, Command::OpenFile(file));
        self.run();
        match self.devices[index].replies.get(&id)? {
            Reply::Done => {
                self.devices[index].given.remove(&id).filter(|(_, whole)| *whole).map(|(bytes, _)| bytes)
            }
            _ => None,
        }
    }
}
