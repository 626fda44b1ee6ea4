//! Whether there is a way to the relay: when to ask, when to give a connection up, when to try again.
//!
//! A socket can die without a word (a network that changed, a computer that slept, a router that forgot), and one that is
//! being opened can hang for ever. A page sees neither, and not the pings of a socket either. So when nothing came for a
//! while, the relay is asked for a sign of life, and when still nothing comes the connection is given up. A beat costs about
//! 250 bytes on the wire: at most 90 kB an hour while somebody looks at the app, 15 kB otherwise, and nothing while
//! something comes anyway.
//!
//! All times are milliseconds of a clock that only goes on. `wall` is one that somebody can set.

use super::backoff::Backoff;

/// Silence after which the relay is asked, while somebody looks at the app.
const IDLE: u64 = 10_000;
/// The same, while nobody does: browsers let the timers of hidden pages fire once a minute.
const IDLE_UNSEEN: u64 = 60_000;
/// What was asked has to be answered in this time.
const ANSWER: u64 = 5_000;
/// The same, while nobody looks at the app.
const ANSWER_UNSEEN: u64 = 20_000;
/// A connection has to be open after this time.
const OPENING: u64 = 10_000;
/// What is waited for is not waited for longer than this, however slow the line was before.
const LONGEST: u64 = 60_000;
/// Bytes that are on their way have as much more time as they take at so many in a millisecond.
const SLOWEST: u64 = 4;
/// A connection that still brings something after this time works: the next pause is short again.
const LASTING: u64 = 5_000;
/// One that works for this time, and answers at once, is not on a slow line any more.
const STEADY: u64 = 120_000;
/// A timer that is later than this was held up, and so was everything else here.
const LATE: u64 = 3_000;
/// An attempt younger than this is not begun anew because somebody comes back.
const YOUNG: u64 = 2_000;
/// A page that is seen says so three times in this time.
pub const SIGHT: u64 = 60_000;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    None,
    /// Ask the relay for a sign of life.
    Ask,
    /// The connection is none: close it, and say [`Path::lost`].
    GiveUp,
    /// Open another, and say [`Path::opens`].
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Opening {
        since: u64,
    },
    Open {
        since: u64,
        heard: u64,
        /// Something that is answered was asked then, and nothing has come since.
        asked: Option<u64>,
        /// Bytes that were sent since something came.
        sent: u64,
    },
    Waiting {
        until: u64,
    },
}

/// The way to the relay.
#[derive(Debug)]
pub struct Path {
    state: State,
    backoff: Backoff,
    /// How often in a row a connection was given up because nothing came. Each time the next one has twice the time: on a
    /// slow line an answer may stand behind much else.
    misses: u32,
    /// Somebody looks at the app until then, as far as is known.
    seen: u64,
    /// When the last attempt began.
    attempt: u64,
    /// What the other clock shows beyond this one.
    ahead: Option<u64>,
    /// Silence was forgiven once, because a timer was late: before the next one everything that came is there.
    excused: bool,
}

impl Path {
    /// The first attempt begins now.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self {
            state: State::Opening { since: now },
            backoff: Backoff::default(),
            misses: 0,
            seen: now.saturating_add(SIGHT),
            attempt: now,
            ahead: None,
            excused: false,
        }
    }

    /// An attempt begins.
    pub const fn opens(&mut self, now: u64) {
        self.state = State::Opening { since: now };
        self.attempt = now;
    }

    /// The connection is open, and the hello is sent on it.
    pub const fn opened(&mut self, now: u64) {
        self.state = State::Open { since: now, heard: now, asked: Some(now), sent: 0 };
    }

    /// The relay was asked for a sign of life, or for something else.
    pub const fn sent(&mut self, bytes: u64) {
        if let State::Open { sent, .. } = &mut self.state {
            *sent = sent.saturating_add(bytes);
        }
    }

    /// Something came.
    pub fn heard(&mut self, now: u64) {
        let State::Open { since, heard, asked, sent } = &mut self.state else { return };
        let age = now.saturating_sub(*since);
        if age >= LASTING {
            self.backoff.reset();
        }
        if age >= STEADY && asked.is_some_and(|at| now.saturating_sub(at) <= ANSWER) {
            self.misses = 0;
        }
        (*heard, *asked, *sent) = (now, None, 0);
        self.excused = false;
    }

    /// There is no connection any more, or none came about. Milliseconds until the next attempt: no fewer than
    /// `at_least`; `random` spreads them.
    pub fn lost(&mut self, now: u64, at_least: u64, random: u32) -> u64 {
        let spread = (at_least / 2).saturating_mul(u64::from(random)) >> 32;
        let pause = self.backoff.next(random).max(at_least.saturating_add(spread));
        self.state = State::Waiting { until: now.saturating_add(pause) };
        pause
    }

    /// Whether there is nothing to wait for but the next attempt.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// A page is seen.
    pub const fn seen(&mut self, now: u64) {
        self.seen = now.saturating_add(SIGHT);
    }

    /// Somebody comes back to the app, or there is a network again: what was true before need not be any more.
    pub fn look(&mut self, now: u64) -> Step {
        self.seen(now);
        match self.state {
            // It has its time, however often somebody comes and goes.
            State::Open { asked: Some(_), .. } if self.due(now) > now => Step::None,
            State::Opening { since } if now.saturating_sub(since) < YOUNG => Step::None,
            State::Waiting { .. } if now.saturating_sub(self.attempt) < YOUNG => Step::None,
            State::Opening { .. } | State::Waiting { .. } => Step::Open,
            State::Open { .. } => self.ask(now),
        }
    }

    /// Somebody does not want to wait any longer.
    pub fn retry(&mut self, now: u64) -> Step {
        if matches!(self.state, State::Open { asked: None, .. }) {
            return self.look(now);
        }
        self.backoff.reset();
        self.seen(now);
        Step::Open
    }

    /// The timer that was set for `planned` has fired.
    pub fn tick(&mut self, now: u64, planned: u64, wall: u64) -> Step {
        let ahead = wall.saturating_sub(now);
        let jumped = self.ahead.replace(ahead).is_some_and(|before| before.abs_diff(ahead) > LATE);
        let late = now.saturating_sub(planned) > LATE;
        if jumped || late {
            // This computer slept, or the page was frozen, or somebody set the clock. What came meanwhile may not have
            // been given to this page yet: nothing is to be made of the silence.
            return match self.state {
                State::Open { asked: Some(_), .. } if self.excused => self.give_up(),
                State::Open { asked, .. } => {
                    self.excused = asked.is_some();
                    self.ask(now)
                }
                State::Opening { .. } | State::Waiting { .. } => Step::Open,
            };
        }
        let due = self.due(now);
        match self.state {
            _ if due > now => Step::None,
            State::Waiting { .. } => Step::Open,
            State::Open { asked: None, .. } => self.ask(now),
            State::Opening { .. } | State::Open { .. } => self.give_up(),
        }
    }

    const fn give_up(&mut self) -> Step {
        self.misses = self.misses.saturating_add(1);
        self.excused = false;
        Step::GiveUp
    }

    /// When the next tick is due.
    #[must_use]
    pub fn due(&self, now: u64) -> u64 {
        let is_seen = now < self.seen;
        match self.state {
            State::Opening { since } => since.saturating_add(self.patience(OPENING)),
            State::Open { asked: Some(at), sent, .. } => {
                let answer = self.patience(if is_seen { ANSWER } else { ANSWER_UNSEEN });
                at.saturating_add(answer).saturating_add(sent / SLOWEST)
            }
            State::Open { heard, .. } => heard.saturating_add(if is_seen { IDLE } else { IDLE_UNSEEN }),
            State::Waiting { until } => until,
        }
    }

    fn patience(&self, first: u64) -> u64 {
        first.saturating_mul(1 << self.misses.min(6)).min(LONGEST)
    }

    const fn ask(&mut self, now: u64) -> Step {
        if let State::Open { asked, .. } = &mut self.state {
            *asked = Some(now);
        }
        Step::Ask
    }
}

#[cfg(test)]
#[path = "path/tests.rs"]
mod tests;
