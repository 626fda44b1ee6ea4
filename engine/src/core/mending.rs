//! What is done about records that do not open: everything else goes on, and what is missing is asked for.

use parley_protocol::frame::{DirectoryRecord, RelayError, Request};
use parley_protocol::ids::{AccountId, LogId};

use super::Engine;
use super::requests::Pending;
use crate::contact::Contact;
use crate::conversation::{Conversation, id_of};
use crate::directory_entry::Found;
use crate::io::Store;
use crate::log::{Log, Stage};
use crate::records::keys;
use crate::set::Set;
use crate::trail::Trail;

impl Engine {
    /// Puts together what belongs together. `damaged` are the names of records that are deleted with the next
    /// change.
    pub(super) fn mend(&mut self, damaged: Vec<Vec<u8>>) {
        self.out.deletes.extend(damaged.into_iter().map(|name| (Store::State, name)));
        let highest = self.outbox.last().map_or(0, |(number, _)| number.saturating_add(1));
        self.device.next_outbox = self.device.next_outbox.max(highest);
        self.find_conversations_of_logs();
        self.find_logs_of_conversations();
        let known = |peer: &AccountId| self.contacts.contains_key(peer) || self.is_own_account(peer);
        let told = self.cards.keys().copied();
        let all = self.conversations.values().map(|c| c.peer).chain(told);
        // Not collected: that would sort first, with code of its own.
        let mut unknown = Set::default();
        unknown.extend(all.filter(|peer| !known(peer)));
        self.unknown = unknown;
    }

    fn find_conversations_of_logs(&mut self) {
        let now = self.now;
        for log in self.logs.values() {
            let new = || Conversation::new(log.peer, now);
            self.conversations.or_insert_with(id_of(&log.peer), new).add_log(log.id);
        }
    }

    /// A log whose record is gone cannot be read on: the other is asked for what came after the last entry.
    fn find_logs_of_conversations(&mut self) {
        let of = |c: &Conversation| c.logs.iter().map(|log| (*log, c.peer)).collect::<Vec<_>>();
        let all: Vec<(LogId, AccountId)> = self.conversations.values().flat_map(of).collect();
        for (id, peer) in all {
            if !self.logs.contains_key(&id) {
                let trail: Trail = self.state.get(&keys::trail(&id)).ok().flatten().unwrap_or_default();
                let last = trail.at();
                self.trails.insert(id, trail);
                self.logs.insert(id, Log { cursor: last, ..Log::new(id, peer, Stage::Active, self.now) });
                self.forsake(&id, last);
            }
        }
    }

    /// Asks for the device logs of contacts whose records were damaged. An account's id is the hash of its log's
    /// first entry, so that nobody else can take its place.
    pub(super) fn ask_for_unknown(&mut self) {
        for account in self.unknown.clone() {
            let asked = |pending: &Pending| *pending == Pending::Relearn(account);
            if !self.is_pending(asked) {
                self.ask(Request::FetchDeviceLog(account), Pending::Relearn(account));
            }
        }
    }

    pub(super) fn relearnt(&mut self, account: AccountId, result: Result<DirectoryRecord, RelayError>) {
        match result.map(|record| Found::verify(&record)) {
            Ok(Ok(found)) if found.log.account() == account => {
                self.unknown.remove(&account);
                // A Welcome may have been quicker: what is pinned and known since then stays.
                if self.contacts.contains_key(&account) {
                    return;
                }
                self.contacts.insert(account, Contact::new(found.log, found.username, self.now));
                self.save_contact(&account);
                self.use_card(&account);
                self.resume();
            }
            _ => self.retry_later(60_000),
        }
    }
}
