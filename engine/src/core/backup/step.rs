//! The steps of writing a backup.

use super::blobs::{Fetch, Put};
use super::items::Seen;
use super::reading::Round;
use crate::backup::{ChunkReader, ChunkWriter, DataKey, Head, Item, Segment};
use crate::domain::conversation::ConversationKey;
use crate::view::{BackupFailure, BackupState, Order};

/// The work under way. Only the [`Round`] of it is stored.
#[derive(Default)]
pub(in crate::core) struct Writing {
    pub(super) step: Step,
    pub(super) round: Option<Round>,
    /// Segments of this round that were put and verified: another device may have written a head meanwhile.
    pub(super) mine: Vec<Segment>,
    /// A blob was put that no head at the relay leads to.
    pub(super) unnamed: bool,
    /// The contacts as this round has put them into the backup.
    pub(super) seen: Seen,
    pub(super) failure: Option<BackupFailure>,
}

/// What another device's head says of the manifest that follows.
#[derive(Clone, Copy)]
pub(super) struct Theirs {
    pub(super) version: u32,
    /// Number of removals in the device log that the head's writer knew.
    pub(super) counted: u32,
}

/// The steps, one after the other; the engine repeats the request of a step after a lost connection.
#[derive(Default)]
pub(super) enum Step {
    #[default]
    Idle,
    /// Ask for the head.
    AskHead,
    /// Fetch the manifest.
    FetchManifest(Fetch, Vec<u8>, Theirs, Head, DataKey),
    /// Gather items.
    Gather(Box<ChunkWriter>),
    /// Put a segment, then fetch it back and open it.
    PutSegment(Put, Segment),
    CheckSegment(Fetch, Box<ChunkReader>, Segment),
    /// The same with the manifest.
    PutManifest(Put),
    CheckManifest(Fetch, Head),
    /// Write the head.
    WriteHead(Head),
    /// End the backup.
    End,
}

impl Writing {
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.step, Step::Idle)
    }

    pub(super) fn state(&self) -> BackupState {
        match (&self.step, &self.round, self.failure) {
            (_, _, Some(failure)) => BackupState::Failed(failure),
            (Step::Idle, ..) | (_, None, _) => BackupState::Ready,
            (_, Some(round), _) => {
                let left = u32::try_from(round.left.len()).unwrap_or(u32::MAX);
                BackupState::Writing { done: round.of.saturating_sub(left), of: round.of }
            }
        }
    }

    pub(super) fn next_conversation(&self) -> Option<(ConversationKey, Option<Order>)> {
        self.round.as_ref()?.left.front().copied()
    }

    pub(super) fn round_mut(&mut self) -> Option<&mut Round> {
        self.round.as_mut()
    }

    /// Adds items to the segment being gathered.
    pub(super) fn add(&mut self, items: Vec<Item>) {
        if let Step::Gather(writer) = &mut self.step {
            for item in items {
                writer.push(&item);
            }
        }
    }
}
