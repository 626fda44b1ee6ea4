//! Keeps the token of the own invite link: the person expects whoever brings this token.

use super::Engine;
use crate::domain::consent::{OwnToken, Proof, Token};
use crate::domain::content::Sync;
use crate::records::keys;
use crate::view::{CommandError, Reply};

impl Engine {
    /// Makes a token if the account has none. An account has one link at a time; its oldest device makes the link, so that
    /// two devices do not make two.
    pub(in crate::core) fn make_token_if_none(&mut self) {
        let own = self.account.as_ref().map(|account| account.device);
        let oldest = self.own_log.as_ref().and_then(|log| log.devices().next()).map(|device| device.id);
        if self.own_token.is_none() && own.is_some() && oldest == own {
            self.make_token();
        }
    }

    fn make_token(&mut self) {
        let version = self.own_token.map_or(0, |token| token.version).saturating_add(1);
        self.take_token(OwnToken { version, token: Token(self.random.array()) });
    }

    /// Makes a new link that replaces the old one: whoever brings the old token is a stranger.
    pub(in crate::core) fn new_invite(&mut self) -> Result<Option<Reply>, CommandError> {
        self.account.as_ref().ok_or(CommandError::NoAccount)?;
        self.make_token();
        if let Some(token) = self.own_token {
            self.sync(Sync::Token(token));
        }
        self.note_deletion_for_backup();
        Ok(Some(Reply::Done))
    }

    pub(in crate::core) fn take_token(&mut self, token: OwnToken) {
        if self.own_token.is_none_or(|known| known < token) {
            self.own_token = Some(token);
            self.save(keys::OWN_TOKEN, &token);
            self.changed.account = true;
        }
    }

    /// Whether the sender of a Welcome has the link.
    pub(in crate::core) fn proves_token(&self, proof: &Proof, welcome: &[u8]) -> bool {
        self.own_token.is_some_and(|own| own.token.proves(proof, welcome))
    }

    pub(super) fn is_expected(&self, token: &Token) -> bool {
        self.own_token.is_some_and(|own| own.token.is(token))
    }
}
