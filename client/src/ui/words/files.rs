//! Words about files in chats.

use parley_engine::view::{FileKind, FileState, FilesView};

use crate::model::scanned::Refusal;
use crate::model::size;

/// Below the box "Original".
pub const ORIGINAL: &str = "Full size, with everything the camera saved, such as where it was taken.";
/// The hint in the caption field.
pub const CAPTION: &str = "Add a caption";
/// While the page shrinks pictures.
pub const PREPARING_FILES: &str = "Preparing…";
/// The name of a pasted file without a name.
pub const PASTED: &str = "Pasted";
/// The name of a voice message when a person saves it.
pub const VOICE_NAME: &str = "Voice message.webm";
/// The files do not fit into the browser's storage.
pub const NO_ROOM_FOR_FILES: &str =
    "There isn't enough space in this browser. Free up files in Settings, Storage, or choose smaller ones.";
/// A file whose name may make a system run it.
pub const FILE_MAY_RUN: &str = "Opening this file may run a program. Open it only if you trust who sent it.";
/// In the viewer, for a picture that is not here.
pub const PICTURE_NOT_HERE: &str = "This picture isn't on this device. Download it in the chat first.";
/// While the browser asks for the microphone.
pub const MICROPHONE_ASKED: &str = "Allow the microphone to record.";
/// A recording without sound.
pub const NOTHING_RECORDED: &str = "Nothing was recorded. Check your microphone and try again.";
/// In the settings, above the stored files.
pub const FILES_HERE: &str = "Pictures, voice messages and files that are saved in this browser.";
/// In the settings, without stored files.
pub const NO_FILES_HERE: &str = "No files are saved in this browser.";
/// The question before files are deleted from this browser.
pub const FREE_FILES: &str = "These files are deleted from this browser; messages stay. Files can be downloaded again for about 30 days after they were sent.";
/// The choice of all files.
pub const ALL_FILES: &str = "All files";
/// The choice of old files.
pub const OLD_FILES: &str = "Older than 30 days";
/// A chat that does not exist any more.
pub const UNKNOWN_CHAT: &str = "Another chat";

/// Why a file is not here.
#[must_use]
pub const fn file_state(state: FileState) -> Option<&'static str> {
    match state {
        FileState::Gone => Some("This file is no longer on the server. Ask for another copy."),
        FileState::Damaged => {
            Some("This file was damaged on its way and was rejected. Ask for another copy.")
        }
        FileState::NoRoomHere => {
            Some("There's no space for this file in this browser. Free up files in Settings, Storage.")
        }
        FileState::NoRoomThere => {
            Some("Not sent: this chat has no more space for files on the server right now.")
        }
        FileState::Lost => Some(
            "Not sent: the page closed before this file was saved. Delete this message and choose the file again.",
        ),
        FileState::Newer => Some("Sent by a newer version of Parley. Reload the page to update."),
        FileState::There
        | FileState::Here
        | FileState::Preparing { .. }
        | FileState::Sending { .. }
        | FileState::Receiving { .. } => None,
    }
}

/// The accessible name of a file.
#[must_use]
pub fn file_named(name: &str, bytes: u64) -> String {
    format!("{name}, {}", size::shown(bytes))
}

/// The accessible name of an audio player.
#[must_use]
pub fn sound_named(voice: bool, name: &str, duration: Option<u32>) -> String {
    let what = if voice { "Voice message" } else { name };
    duration.map_or_else(|| what.to_owned(), |ms| format!("{what}, {}", size::time(u64::from(ms))))
}

/// The accessible name of the progress bar of a transfer.
#[must_use]
pub fn file_progress(name: &str) -> String {
    format!("Progress of {name}")
}

/// The accessible name of the button for the playing speed.
#[must_use]
pub fn playing_speed(tenths: u32) -> String {
    format!("Speed: {}", speed(tenths))
}

/// A speed such as 1.5×.
#[must_use]
pub fn speed(tenths: u32) -> String {
    if tenths.is_multiple_of(10) {
        format!("{}×", tenths / 10)
    } else {
        format!("{}.{}×", tenths / 10, tenths % 10)
    }
}

/// While the page records.
#[must_use]
pub fn recording(time: &str) -> String {
    format!("Recording {time}")
}

/// Why the page cannot record.
#[must_use]
pub const fn microphone(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Denied => {
            "The microphone isn't allowed. Allow it in your browser's settings for this site, then try again."
        }
        Refusal::Missing => "No microphone was found. Connect one and try again.",
    }
}

/// The position of a picture among all pictures.
#[must_use]
pub fn picture_of(number: usize, of: usize, name: &str) -> String {
    format!("Picture {number} of {of}: {name}")
}

/// Too many files were chosen.
#[must_use]
pub fn too_many_files(most: usize) -> String {
    format!("You can send up to {most} files at once. Remove some.")
}

/// A chosen file is too large.
#[must_use]
pub fn file_too_large(name: &str) -> String {
    format!("{name} is larger than 100 MB, the most a file can be. Remove it.")
}

/// The number of files, and their size.
#[must_use]
pub fn files_and_size(count: usize, size: &str) -> String {
    if count == 1 { format!("1 file, {size}") } else { format!("{count} files, {size}") }
}

/// A message with files, in the list of chats.
#[must_use]
pub fn files_short(view: &FilesView) -> String {
    let text = view.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = |kind| view.files.iter().all(|file| file.kind == kind);
    let count = view.files.len();
    let what = match view.files.as_slice() {
        [file] => match file.kind {
            FileKind::Picture => "Photo".to_owned(),
            FileKind::Video => "Video".to_owned(),
            FileKind::Voice => "Voice message".to_owned(),
            FileKind::Audio | FileKind::Other => file.name.clone(),
        },
        _ if all(FileKind::Picture) => format!("{count} photos"),
        _ => format!("{count} files"),
    };
    if text.is_empty() { what } else { format!("{what}: {text}") }
}
