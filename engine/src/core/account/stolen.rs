//! A thief with a copy of everything that a device knows, for attack tests.

use parley_protocol::ids::{GroupId, LogId};

use crate::channel::log::Stage;
use crate::core::Engine;
use crate::hostile::Peer;
use crate::records::state::StateStore;

impl Engine {
    /// What a thief has who copied the device while it was open: its keys and all of its groups.
    ///
    /// # Panics
    ///
    /// Without an account there is nothing to steal.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "an attack that cannot even be made fails the test that makes it")]
    pub fn steal(&self, seed: u64) -> Peer {
        let keys = self.state.keys_with_prefix(&[]);
        let values = keys.into_iter().map(|key| {
            let value = self.state.get_bytes(&key).unwrap_or_default();
            (key, value)
        });
        let state = StateStore::new(values.collect());
        let account = self.account.clone().unwrap();
        Peer::with(seed, state, self.key.clone().unwrap(), account, self.logs_in_use())
    }

    fn logs_in_use(&self) -> impl Iterator<Item = (LogId, GroupId)> + '_ {
        self.logs.values().filter(|log| log.stage != Stage::Dead).map(|log| (log.id, log.group))
    }
}
