//! The envelope of a frame: one version byte, then the body in postcard's format
//! (little-endian varints, positional fields), at most [`MAX_FRAME`] bytes in all.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::{ClientFrame, ServerFrame};
use crate::limits::MAX_FRAME;

/// The version that this build speaks. 0 is never a version: it marks a [`VersionNotice`].
pub const VERSION: u8 = 1;
/// The oldest version that this build still understands.
pub const OLDEST_VERSION: u8 = 1;
const NOTICE: u8 = 0;

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No bytes at all.
    #[error("the frame is empty")]
    Empty,
    /// More than [`MAX_FRAME`] bytes.
    #[error("the frame is too long")]
    TooLong,
    /// The peer speaks a version that this build does not.
    #[error("the frame has version {0}")]
    Version(u8),
    /// The other side says which versions it speaks, and this build's is not among them.
    #[error("the peer speaks versions {} to {}", .0.oldest, .0.newest)]
    Notice(VersionNotice),
    /// The body does not match the version, or other bytes follow it.
    #[error("the frame is malformed")]
    Malformed,
}

/// The relay's answer to a frame of a version that it does not speak. Its three bytes (`0, oldest, newest`) are the same in
/// every version of the protocol, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionNotice {
    /// Oldest version spoken.
    pub oldest: u8,
    /// Newest version spoken.
    pub newest: u8,
}

/// What a side must do whose peer speaks other versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// This app is older than the relay: reload the page.
    Reload,
    /// The relay is older than this app: its operator has to update it.
    UpdateRelay,
}

impl VersionNotice {
    /// The notice that this build sends.
    pub const OURS: Self = Self { oldest: OLDEST_VERSION, newest: VERSION };

    /// The notice as a frame.
    #[must_use]
    pub const fn encode(self) -> [u8; 3] {
        [NOTICE, self.oldest, self.newest]
    }

    /// What the receiver of this notice has to do.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        if self.oldest > VERSION { Remedy::Reload } else { Remedy::UpdateRelay }
    }
}

fn encode<T: Serialize>(frame: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(VERSION);
    let bytes = postcard::to_extend(frame, bytes).map_err(|_| FrameError::Malformed)?;
    if bytes.len() > MAX_FRAME { Err(FrameError::TooLong) } else { Ok(bytes) }
}

fn body(bytes: &[u8]) -> Result<&[u8], FrameError> {
    if bytes.len() > MAX_FRAME {
        return Err(FrameError::TooLong);
    }
    match bytes {
        [] => Err(FrameError::Empty),
        [NOTICE, oldest, newest] => {
            Err(FrameError::Notice(VersionNotice { oldest: *oldest, newest: *newest }))
        }
        [VERSION, body @ ..] => Ok(body),
        [version, ..] => Err(FrameError::Version(*version)),
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(body(bytes)?) {
        Ok((frame, [])) => Ok(frame),
        _ => Err(FrameError::Malformed),
    }
}

impl ClientFrame {
    /// The frame as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        encode(self)
    }

    /// Decodes a frame. Never panics, allocates at most in proportion to `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        decode(bytes)
    }
}

impl ServerFrame {
    /// The frame as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        encode(self)
    }

    /// Decodes a frame. Never panics, allocates at most in proportion to `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        decode(bytes)
    }
}
