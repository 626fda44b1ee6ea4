//! Checks that a device appends nothing to a log with an account to which no device of its own account has consented.

use std::collections::{BTreeMap, BTreeSet};

use parley_engine::Engine;
use parley_protocol::frame::{ClientFrame, CreateLog, Request};
use parley_protocol::ids::{AccountId, LogId};

/// The accounts' consents and the members of logs.
#[derive(Default)]
pub(super) struct ConsentOracle {
    /// Pairs of accounts of which the first has ever consented to the second.
    consented: BTreeSet<(AccountId, AccountId)>,
    /// The accounts for whose devices each log was made.
    members: BTreeMap<LogId, BTreeSet<AccountId>>,
    /// Groups' logs that an account has joined: joining is consent to the group.
    joined: BTreeSet<(AccountId, LogId)>,
}

impl ConsentOracle {
    /// Checks frames that leave a device.
    pub(super) fn watch<'a>(&mut self, engine: &Engine, frames: impl Iterator<Item = &'a Vec<u8>>) {
        let Some(own) = engine.own_account() else { return };
        self.consented.extend(engine.granted().into_iter().map(|other| (own, other)));
        self.joined.extend(engine.joined().into_iter().map(|log| (own, log)));
        for frame in frames {
            let frame = ClientFrame::decode(frame).expect("engines send valid frames");
            match frame.request {
                Request::CreateLog(create) => self.made(own, &create),
                Request::CreateLinkedLog(linked) => self.made(own, &linked.creation),
                Request::AppendMessages(append) => self.check(own, &append.log),
                Request::AppendCommit(commit) => self.check(own, &commit.log),
                Request::AppendLinkedCommit(linked) => self.check(own, &linked.commit.log),
                _ => {}
            }
        }
    }

    fn made(&mut self, own: AccountId, create: &CreateLog) {
        let others = create.welcomes.posts.iter().map(|welcome| welcome.to.account);
        self.members.entry(create.log).or_default().extend(others.chain([own]));
        self.check(own, &create.log);
    }

    fn check(&self, own: AccountId, log: &LogId) {
        if self.joined.contains(&(own, *log)) {
            return;
        }
        let members = self.members.get(log).into_iter().flatten();
        for other in members.filter(|member| **member != own) {
            assert!(
                self.consented.contains(&(own, *other)),
                "a device wrote into a log with somebody to whom its account has not consented"
            );
        }
    }
}
