//! Chooses the key that seals the backup: a key drawn after the last removal from the device log. A removed device may have
//! told the others any key before its removal; no key that it told holds afterwards.

use parley_protocol::ids::DeviceId;

use crate::backup::{DataKey, removals};
use crate::core::Engine;
use crate::domain::content::BackupNews;
use crate::recovery::stands;

/// Another device may be ahead by this many changes since a removal.
const MAX_STEP: u32 = 1_000;

/// What to do with news from another device.
enum Verdict {
    Now,
    /// The device log has grown, as far as that device knows.
    Later,
    Never,
}

impl Engine {
    /// How the backup is sealed, if the key is from after the last removal.
    pub(super) fn current_news(&self) -> Option<&BackupNews> {
        self.backup.news.as_ref().filter(|news| news.removals == self.removals())
    }

    fn removals(&self) -> u32 {
        self.own_log.as_ref().map_or(0, removals)
    }

    /// The generation of the next change.
    pub(super) fn next_generation(&self) -> (u32, u32) {
        let last = self.current_news().map_or(0, |news| news.generation);
        (self.removals(), last.saturating_add(1))
    }

    /// Draws another key if the current one is from before a removal, and tells the others.
    pub(in crate::core) fn renew_key_if_due(&mut self) {
        if self.current_news().is_none() && self.backup_address().is_some() {
            self.draw_key();
        }
    }

    /// Draws another key, after this many changes since the last removal that this device does not know.
    pub(super) fn draw_key_after(&mut self, generation: u32) {
        if let Some(news) = &mut self.backup.news {
            news.generation = generation;
        }
        self.draw_key();
    }

    /// From now on the backup is under a key that nobody has heard.
    fn draw_key(&mut self) {
        if let Some(mut news) = self.backup.news.clone() {
            (news.removals, news.generation) = self.next_generation();
            news.key = DataKey::draw(&self.random);
            self.change_backup(news);
        }
    }

    /// The own device log has grown. The device that removed another one draws a new key at once, and the others wait for
    /// that key.
    pub(in crate::core) fn backup_follows_log(&mut self, removed_here: bool) {
        self.take_what_came_ahead();
        if self.returning.is_some() || self.backup.news.is_none() {
            return;
        }
        if self.backup_address().is_none() {
            // The engine seals nothing any more to the recipient used so far.
            self.forget_writing();
        } else if removed_here {
            self.renew_key_if_due();
        } else if self.current_news().is_none() {
            self.forget_writing();
            self.backup.renew = true;
            self.save_backup();
            self.back_up_in(self.patience());
        }
        self.changed.account = true;
    }

    /// Another device says how the backup is sealed.
    pub(in crate::core) fn backup_came(&mut self, from: &DeviceId, news: BackupNews) {
        match self.judge_news(&news) {
            Verdict::Now => self.hear_news(news),
            Verdict::Later => {
                self.backup.ahead.insert(*from, news);
                self.save_backup();
                self.ask_own_log();
            }
            Verdict::Never => {}
        }
    }

    /// Takes news that were ahead of the device log and are not any more, if their sender is still in the account.
    fn take_what_came_ahead(&mut self) {
        if self.backup.ahead.is_empty() {
            return;
        }
        for (from, news) in std::mem::take(&mut self.backup.ahead) {
            if self.own_log.as_ref().is_some_and(|log| log.device(&from).is_some()) {
                match self.judge_news(&news) {
                    Verdict::Now => self.hear_news(news),
                    Verdict::Later => drop(self.backup.ahead.insert(from, news)),
                    Verdict::Never => {}
                }
            }
        }
        self.save_backup();
    }

    fn judge_news(&self, news: &BackupNews) -> Verdict {
        let Some(log) = &self.own_log else { return Verdict::Never };
        let known = self.current_news().map(|own| own.generation);
        let jumps = known.is_some_and(|known| news.generation.saturating_sub(known) > MAX_STEP);
        if !news.address.is_signed() || news.removals < removals(log) {
            Verdict::Never
        } else if news.removals > removals(log) || news.address.recovery_key != log.recovery_key() {
            Verdict::Later
        } else if jumps || !stands(log) {
            Verdict::Never
        } else {
            Verdict::Now
        }
    }

    /// The greater of two holds, so that all devices come to the same.
    fn hear_news(&mut self, news: BackupNews) {
        if self.backup.news.as_ref().is_none_or(|own| own.order() < news.order()) {
            self.take_news(news);
            self.back_up_in(self.patience());
        }
    }
}
