//! What leaves the engine, and when: invariant 1, nothing that depends on a change leaves before the change is
//! persisted. Outputs of an input wait for the change set of that input and for all before it.

use std::collections::VecDeque;

use crate::io::{ChangeSet, ChangeSetId, Output, Record, Store};
use crate::mutations::{Mutation, on};

/// The mistake of invariant 1, when a test chose it.
fn is_early(output: &Output) -> bool {
    match output {
        Output::Send(_) => on(Mutation::SendBeforePersist),
        Output::Event(_) => on(Mutation::ReplyBeforePersist),
        _ => false,
    }
}

struct Held {
    set: ChangeSet,
    outputs: Vec<Output>,
}

/// The queue of outputs.
#[derive(Default)]
pub(super) struct Outputs {
    ready: VecDeque<Output>,
    held: VecDeque<Held>,
    current: Vec<Output>,
    last_id: u64,
    /// A change set failed: none is offered until all are offered again, in order.
    failed: bool,
    /// Messages and the vault of the input that is being handled.
    pub(super) messages: Vec<(Store, Record)>,
    /// Messages that a mistake of [`Mutation::CursorBeforeMessages`] keeps for the next change set.
    pub(super) late_messages: Vec<(Store, Record)>,
    pub(super) vault: Option<Vec<u8>>,
    /// Damaged records, to be deleted with the next change set.
    pub(super) deletes: Vec<(Store, Vec<u8>)>,
}

impl Outputs {
    /// Adds an output that waits for this input's changes.
    pub(super) fn push(&mut self, output: Output) {
        if is_early(&output) {
            return self.at_once(output);
        }
        self.current.push(output);
    }

    /// Adds an output that depends on no change.
    pub(super) fn at_once(&mut self, output: Output) {
        self.ready.push_back(output);
    }

    /// Lets the last output go at once: the mistake of invariant 2, when a test chose it.
    pub(super) fn let_last_go(&mut self) {
        self.ready.extend(self.current.pop());
    }

    /// Ends an input that changed something.
    pub(super) fn seal(&mut self, make: impl FnOnce(ChangeSetId) -> ChangeSet) {
        self.last_id = self.last_id.saturating_add(1);
        let set = make(ChangeSetId(self.last_id));
        if !self.failed {
            self.ready.push_back(Output::Persist(set.clone()));
        }
        self.held.push_back(Held { set, outputs: std::mem::take(&mut self.current) });
    }

    /// Ends an input that changed nothing.
    pub(super) fn release_current(&mut self) {
        let outputs = std::mem::take(&mut self.current);
        match self.held.back_mut() {
            Some(held) => held.outputs.extend(outputs),
            None => self.ready.extend(outputs),
        }
    }

    /// The change set is on disk. They are written in order, so that it is the first of those that are not; an
    /// answer about any other is one that came before, and says nothing new.
    pub(super) fn persisted(&mut self, id: ChangeSetId) -> bool {
        if self.held.front().is_none_or(|held| held.set.id != id) {
            return false;
        }
        if let Some(held) = self.held.pop_front() {
            self.ready.extend(held.outputs);
        }
        true
    }

    /// The change set is not on disk; whether that is news.
    pub(super) fn persist_failed(&mut self, id: ChangeSetId) -> bool {
        let held = self.held.iter().any(|held| held.set.id == id);
        self.failed |= held;
        held
    }

    /// Offers every change set that is not on disk again, in order.
    pub(super) fn offer_again(&mut self) {
        self.failed = false;
        for held in &self.held {
            self.ready.push_back(Output::Persist(held.set.clone()));
        }
    }

    /// Another engine owns the device: nothing that is held may leave.
    pub(super) fn abandon(&mut self) {
        self.held.clear();
        self.current.clear();
        self.ready.clear();
    }

    /// The connection is gone: frames that are ready or held were for it.
    pub(super) fn drop_frames(&mut self) {
        let keep = |output: &Output| !matches!(output, Output::Send(_));
        self.ready.retain(keep);
        self.current.retain(keep);
        for held in &mut self.held {
            held.outputs.retain(keep);
        }
    }

    pub(super) fn next(&mut self) -> Option<Output> {
        self.ready.pop_front()
    }
}
