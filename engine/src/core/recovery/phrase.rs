//! Shows, confirms and replaces the recovery phrase.

use parley_protocol::device_log::{Change, DeviceLog};
use rand_core::Rng as _;

use crate::core::Engine;
use crate::records::keys;
use crate::recovery::RecoverySeed;
use crate::view::{CommandError, PhraseView, Reply, Typed, ViewRequestId};

/// Words that the person must type back.
const ASKED: usize = 3;

/// Phrases that were shown and that the person may not have written down.
#[derive(Default)]
pub(in crate::core) struct Phrases {
    shown: Option<Shown>,
}

struct Shown {
    seed: RecoverySeed,
    /// The phrase replaces the one that the device log names.
    new: bool,
    ask: [u8; ASKED],
}

impl Engine {
    /// Whether this device has the phrase that the device log names.
    pub(in crate::core) fn has_phrase(&self) -> bool {
        let named = self.own_log.as_ref().map(DeviceLog::recovery_key);
        self.account.as_ref().is_some_and(|account| Some(account.recovery.verifying_key()) == named)
    }

    pub(in crate::core) fn show_phrase(&mut self) -> Result<Option<Reply>, CommandError> {
        let account = self.account.as_ref().ok_or(CommandError::NoAccount)?;
        let seed = account.recovery.clone();
        if !self.has_phrase() {
            return Err(CommandError::PhraseElsewhere);
        }
        Ok(Some(self.show(seed, false)))
    }

    pub(in crate::core) fn new_phrase(&mut self) -> Result<Option<Reply>, CommandError> {
        self.account.as_ref().ok_or(CommandError::NoAccount)?;
        let seed = RecoverySeed::new(self.random.array());
        Ok(Some(self.show(seed, true)))
    }

    fn show(&mut self, seed: RecoverySeed, new: bool) -> Reply {
        let words = seed.words();
        let ask = self.choose_places(words.len());
        self.phrases.shown = Some(Shown { seed, new, ask });
        Reply::Phrase(PhraseView { words, ask })
    }

    /// Three places, one in each third, counted from 1.
    fn choose_places(&self, words: usize) -> [u8; ASKED] {
        let third = u32::try_from(words / ASKED).unwrap_or(1).max(1);
        let mut places = [0; ASKED];
        for (begin, place) in (0_u32..).zip(&mut places) {
            let at = begin.saturating_mul(third).saturating_add(self.random.lock().next_u32() % third);
            *place = u8::try_from(at.saturating_add(1)).unwrap_or(1);
        }
        places
    }

    pub(in crate::core) fn confirm_phrase(
        &mut self,
        view: ViewRequestId,
        typed: &[Typed; ASKED],
    ) -> Result<Option<Reply>, CommandError> {
        let shown = self.phrases.shown.as_ref().ok_or(CommandError::WrongWords)?;
        let words = shown.seed.words();
        let right = typed.iter().zip(shown.ask).all(|(typed, place)| {
            let word = usize::from(place).checked_sub(1).and_then(|at| words.get(at));
            word.is_some_and(|word| typed.0.trim().eq_ignore_ascii_case(word))
        });
        if !right {
            return Err(CommandError::WrongWords);
        }
        let (seed, new) = (shown.seed.clone(), shown.new);
        if !new {
            self.phrases.shown = None;
            self.phrase_is_written_down(&seed);
            return Ok(Some(Reply::Done));
        }
        if !self.online() {
            return Err(CommandError::Offline);
        }
        let change = Change::ReplaceRecoveryKey(seed.verifying_key());
        let entry = self.sign_change(change, None).ok_or(CommandError::Storage)?;
        // Saved before the log names it: a crash in between must not leave an account whose phrase nobody has.
        self.save(keys::NEXT_PHRASE, &seed);
        self.append_own_log(entry, Some(view));
        Ok(None)
    }

    /// The own device log has changed: it may now name the phrase that waits for that.
    pub(in crate::core) fn take_next_phrase(&mut self) {
        let Ok(Some(seed)) = self.state.get::<RecoverySeed>(keys::NEXT_PHRASE) else { return };
        let named = self.own_log.as_ref().map(DeviceLog::recovery_key);
        if named != Some(seed.verifying_key()) {
            return;
        }
        self.state.delete(keys::NEXT_PHRASE);
        self.phrases.shown = None;
        if let Some(account) = &mut self.account {
            account.recovery = seed.clone();
        }
        self.save_account();
        self.phrase_is_written_down(&seed);
    }
}
