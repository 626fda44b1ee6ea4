//! Releases the engine's outputs by invariant 1: nothing that depends on a change leaves before the change is persisted. The
//! engine writes one change set at a time; changes made meanwhile gather in the next one (group commit), and the outputs of
//! an input wait for the change set with that input's changes.

use std::collections::VecDeque;

use crate::io::{ChangeSet, ChangeSetId, Output, Record, Store};
use crate::mutations::{Mutation, on};
use crate::view::Event;

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
    /// The change set that is being written, and the outputs that leave when it is on disk.
    held: Option<Held>,
    /// Outputs that leave after the next change set.
    current: Vec<Output>,
    last_id: u64,
    /// The host failed to write the held change set.
    failed: bool,
    /// Messages and the vault of the next change set.
    pub(super) messages: Vec<(Store, Record)>,
    /// Messages that the mistake [`Mutation::CursorBeforeMessages`] holds back for the next change set.
    pub(super) late_messages: Vec<(Store, Record)>,
    pub(super) vault: Option<Vec<u8>>,
    /// Messages that the next change set removes from the disk.
    pub(super) erased: Vec<(Store, Vec<u8>)>,
    /// The next change set replaces everything on the disk.
    wipes: bool,
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

    /// Releases the last output at once: the mistake against invariant 2, if a test chose it.
    pub(super) fn let_last_go(&mut self) {
        self.ready.extend(self.current.pop());
    }

    /// Whether a change set is being written: the next one waits.
    pub(super) fn is_writing(&self) -> bool {
        self.held.is_some()
    }

    /// Whether there are messages or a vault for the next change set.
    pub(super) fn has_changes(&self) -> bool {
        !self.messages.is_empty() || !self.erased.is_empty() || self.vault.is_some() || self.wipes
    }

    /// Writes a message with the next change set.
    pub(super) fn put_message(&mut self, record: Record) {
        self.erased.retain(|(_, key)| *key != record.key);
        self.messages.push((Store::Messages, record));
    }

    /// Removes a message from the disk with the next change set, and drops a pending write of it.
    pub(super) fn erase(&mut self, key: &[u8]) {
        self.messages.retain(|(_, record)| record.key != key);
        self.erased.retain(|(_, erased)| erased != key);
        self.erased.push((Store::Messages, key.to_vec()));
    }

    /// Whether a change set that may not be on the disk yet writes or removes a message.
    pub(super) fn is_being_written(&self, key: &[u8]) -> bool {
        let held = self.held.as_ref();
        let put = |(_, record): &(Store, Record)| record.key == key;
        let gone = |(_, erased): &(Store, Vec<u8>)| erased == key;
        self.messages.iter().any(put)
            || self.late_messages.iter().any(put)
            || self.erased.iter().any(gone)
            || held.is_some_and(|held| held.set.puts.iter().any(put) || held.set.deletes.iter().any(gone))
    }

    /// Offers a change set to the host; the pushed outputs wait for it.
    pub(super) fn seal(&mut self, make: impl FnOnce(ChangeSetId) -> ChangeSet) {
        self.last_id = self.last_id.saturating_add(1);
        let set = make(ChangeSetId(self.last_id));
        self.ready.push_back(Output::Persist(set.clone()));
        self.failed = false;
        self.held = Some(Held { set, outputs: std::mem::take(&mut self.current) });
    }

    /// Nothing waits to be written except the change set being written: the pushed outputs wait for that one.
    pub(super) fn release_current(&mut self) {
        let outputs = std::mem::take(&mut self.current);
        match &mut self.held {
            Some(held) => held.outputs.extend(outputs),
            None => self.ready.extend(outputs),
        }
    }

    /// The change set is on disk; the engine ignores an answer about any other than the one being written.
    pub(super) fn persisted(&mut self, id: ChangeSetId) -> bool {
        match self.held.take_if(|held| held.set.id == id) {
            Some(held) => {
                self.ready.extend(held.outputs);
                true
            }
            None => false,
        }
    }

    /// The host failed to write the change set; returns whether that is news.
    pub(super) fn persist_failed(&mut self, id: ChangeSetId) -> bool {
        let held = self.held.as_ref().is_some_and(|held| held.set.id == id);
        self.failed |= held;
        held
    }

    /// Offers the failed change set again.
    pub(super) fn offer_again(&mut self) {
        if let Some(held) = self.held.as_ref().filter(|_| self.failed) {
            self.ready.push_back(Output::Persist(held.set.clone()));
            self.failed = false;
        }
    }

    /// Another engine owns the device: drops all held outputs.
    pub(super) fn abandon(&mut self) {
        self.held = None;
        self.current.clear();
        self.ready.clear();
    }

    /// Drops all pending writes and outputs; the next change set replaces everything on the disk. Only answers to views leave
    /// with it.
    pub(super) fn wipe(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        let held = self.held.take().map(|held| held.outputs).unwrap_or_default();
        let all = ready.into_iter().chain(held).chain(std::mem::take(&mut self.current));
        self.current = all.filter(|it| matches!(it, Output::Event(Event::Reply { .. }))).collect();
        self.messages.clear();
        self.late_messages.clear();
        self.erased.clear();
        self.deletes.clear();
        self.wipes = true;
    }

    /// Whether the change set that is being made replaces everything.
    pub(super) fn take_wipe(&mut self) -> bool {
        std::mem::take(&mut self.wipes)
    }

    /// The connection is gone: drops its frames, ready or held.
    pub(super) fn drop_frames(&mut self) {
        let keep = |output: &Output| !matches!(output, Output::Send(_));
        self.ready.retain(keep);
        self.current.retain(keep);
        if let Some(held) = &mut self.held {
            held.outputs.retain(keep);
        }
    }

    pub(super) fn next(&mut self) -> Option<Output> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: u8) -> Record {
        Record { key: vec![key], value: vec![1] }
    }

    #[test]
    fn what_is_erased_before_it_is_written_is_not_written_and_all_else_is() {
        let mut out = Outputs::default();
        for key in [1, 2, 3] {
            out.put_message(record(key));
        }
        out.erase(&[2]);
        out.erase(&[2]);
        assert_eq!(out.messages, [(Store::Messages, record(1)), (Store::Messages, record(3))]);
        assert_eq!(out.erased, [(Store::Messages, vec![2])], "it may be on the disk from before");
        out.put_message(record(2));
        assert_eq!((out.messages.len(), out.erased.len()), (3, 0), "it has come again");
    }

    #[test]
    fn nothing_leaves_when_another_engine_owns_the_device() {
        let mut out = Outputs::default();
        out.push(Output::Send(vec![1]));
        out.seal(|id| ChangeSet { id, vault: None, puts: Vec::new(), deletes: Vec::new(), wipes: false });
        out.push(Output::Send(vec![2]));
        out.at_once(Output::Send(vec![3]));
        out.abandon();
        assert!(!out.persisted(ChangeSetId(1)), "nobody waits for it");
        out.release_current();
        assert!(out.next().is_none());
    }

    #[test]
    fn messages_erasures_and_the_vault_are_changes_each_by_itself() {
        assert!(!Outputs::default().has_changes());
        let made: [fn(&mut Outputs); 3] =
            [|out| out.put_message(record(1)), |out| out.erase(&[1]), |out| out.vault = Some(Vec::new())];
        for make in made {
            let mut out = Outputs::default();
            make(&mut out);
            assert!(out.has_changes());
        }
    }

    #[test]
    fn frames_of_a_connection_that_is_gone_leave_wherever_they_wait() {
        let mut out = Outputs::default();
        let push = |out: &mut Outputs| {
            out.push(Output::Send(vec![1]));
            out.push(Output::Reconnect);
        };
        push(&mut out);
        out.release_current();
        push(&mut out);
        out.seal(|id| ChangeSet { id, vault: None, puts: Vec::new(), deletes: Vec::new(), wipes: false });
        push(&mut out);
        out.drop_frames();
        assert!(out.persisted(ChangeSetId(1)));
        out.release_current();
        let left: Vec<Output> = std::iter::from_fn(|| out.next()).collect();
        assert!(matches!(
            &left[..],
            [Output::Reconnect, Output::Persist(_), Output::Reconnect, Output::Reconnect]
        ));
    }
}
