//! Recovery of an account whose devices are all lost: the recovery phrase on this device, and coming back by it.

mod handing_over;
mod phrase;
mod restoring;
mod returning;

pub(super) use self::handing_over::OwnTexts;
pub(super) use self::phrase::Phrases;
pub(super) use self::returning::{Returning, Wish};

use super::Engine;
use crate::recovery::stands;
use crate::view::{PhraseState, RecoveryView};

impl Engine {
    pub(super) fn recovery_view(&self) -> RecoveryView {
        let written = self.backup_address().is_some();
        let stands = self.own_log.as_ref().is_none_or(stands);
        let phrase = match (self.has_phrase(), written) {
            _ if !stands => PhraseState::Fallen,
            (true, true) => PhraseState::Saved,
            (true, false) => PhraseState::Unsaved,
            (false, true) => PhraseState::Elsewhere,
            (false, false) => PhraseState::UnsavedElsewhere,
        };
        RecoveryView {
            phrase,
            backup: self.backup_state(),
            backed_up: self.backup.done,
            restoring: self.returning.as_ref().map(|returning| returning.progress(&self.manifest)),
            lost: self.backup.lost,
        }
    }
}
