//! Records the use of each key and nonce: invariants 1, 4 and 12 say that none is used twice.

use std::collections::{HashMap, HashSet};

use parley_engine::audit::{For, Seal};
use parley_protocol::frame::{ClientFrame, Request, Welcomes};
use parley_protocol::ids::AppendId;

/// Used keys and nonces, and violations of the rules.
#[derive(Default)]
pub struct KeyLedger {
    /// MLS seals by the tag of their ciphertext.
    mls: HashMap<[u8; 16], Seal>,
    /// The tags of sealed commits of groups.
    commits: HashSet<[u8; 16]>,
    /// Nonces by key, at rest and of commits.
    at_rest: HashMap<([u8; 32], Vec<u8>), [u8; 16]>,
    /// The tag that each MLS key sealed and that left its device.
    keys: HashMap<[u8; 32], [u8; 16]>,
    /// The content sent under each append id.
    appends: HashMap<AppendId, Vec<u8>>,
    /// The violations.
    pub violations: Vec<String>,
}

impl KeyLedger {
    /// Takes the seals of a device. At rest no nonce may come twice, whether the record reached the disk or not.
    pub(super) fn record(&mut self, seals: Vec<Seal>) {
        for seal in seals {
            match seal.purpose {
                For::Mls => drop(self.mls.insert(seal.tag, seal)),
                For::Disk | For::Commit => {
                    if seal.purpose == For::Commit {
                        self.commits.insert(seal.tag);
                    }
                    let known = self.at_rest.insert((seal.key, seal.nonce), seal.tag);
                    if known.is_some_and(|tag| tag != seal.tag) {
                        self.violations.push("a nonce sealed two records".into());
                    }
                }
            }
        }
    }

    /// The number of seals whose ciphertext left a device, each with its own key.
    #[must_use]
    pub fn keys_used(&self) -> usize {
        self.keys.len()
    }

    /// Takes a frame that leaves a device: every key that sealed something in it must have sealed nothing else that left.
    pub(super) fn left(&mut self, device: &Self, frame: &[u8]) {
        let Ok(frame) = ClientFrame::decode(frame) else {
            return self.violations.push("a frame that is not one left a device".into());
        };
        match frame.request {
            Request::AppendMessages(append) => {
                for message in append.messages.iter() {
                    self.appended(device, message.append, &message.payload);
                }
            }
            Request::AppendCommit(commit) => self.appended(device, commit.append, &commit.commit),
            Request::AppendLinkedCommit(linked) => {
                self.appended(device, linked.commit.append, &linked.commit.commit);
            }
            Request::JoinByLink(join) => self.appended(device, join.append, &join.commit),
            Request::AskToJoin(ask) => self.same(ask.append, &ask.ask),
            Request::CreateLog(create) => self.welcomed(device, create.welcomes),
            Request::CreateLinkedLog(linked) => self.welcomed(device, linked.creation.welcomes),
            _ => {}
        }
    }

    fn welcomed(&mut self, device: &Self, welcomes: Welcomes) {
        let Ok(welcomes) = welcomes.whole() else {
            return self.violations.push("a Welcome that is too long left a device".into());
        };
        for welcome in welcomes.posts.iter() {
            self.appended(device, welcome.append, &welcome.payload);
        }
    }

    fn same(&mut self, append: AppendId, payload: &[u8]) {
        let known = self.appends.entry(append).or_insert_with(|| payload.to_vec());
        if known != payload {
            self.violations.push("two ciphertexts were sent under one append id".into());
        }
    }

    fn appended(&mut self, device: &Self, append: AppendId, payload: &[u8]) {
        self.same(append, payload);
        if payload.last_chunk::<16>().is_some_and(|tag| device.commits.contains(tag)) {
            return;
        }
        // A PrivateMessage (RFC 9420 section 6.3) ends with the encrypted sender data and the ciphertext; a
        // Welcome (section 12.4.3.1) with the encrypted group info.
        let Some(content) = payload.last_chunk::<16>().and_then(|tag| device.mls.get(tag)) else {
            return self.violations.push("a ciphertext left that the device did not seal".into());
        };
        self.used(content);
        let prefix = if content.length < 64 { 1 } else { 2 };
        let before = payload.len().checked_sub(content.length + prefix).and_then(|end| payload.get(..end));
        if let Some(sender) =
            before.and_then(|rest| rest.last_chunk::<16>()).and_then(|tag| device.mls.get(tag))
        {
            self.used(sender);
        }
    }

    fn used(&mut self, seal: &Seal) {
        let known = self.keys.insert(seal.key, seal.tag);
        if known.is_some_and(|tag| tag != seal.tag) {
            self.violations.push("a message key sealed two messages that left the device".into());
        }
    }
}
