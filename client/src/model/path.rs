//! Decides when to ask the relay for a sign of life, when to give a connection up, and when to try again.
//!
//! A socket can die silently (a changed network, a computer that slept, a router that forgot), and an opening socket can hang
//! for ever. A page sees neither, nor the pings of a socket. So when nothing came for a while, the client asks the relay for a
//! sign of life; when still nothing comes, it gives the connection up. A beat costs about 250 bytes on the wire: at most 90 kB
//! an hour while a person looks at the app, 15 kB otherwise, and nothing while frames come anyway.
//!
//! All times are milliseconds of a monotonic clock. `wall` is the wall clock, which a person can set.

use super::backoff::Backoff;

/// The silence after which the client asks the relay, while a person looks at the app.
const IDLE: u64 = 10_000;
/// The same, while nobody looks: browsers let the timers of hidden pages fire once a minute.
const IDLE_UNSEEN: u64 = 60_000;
/// The time that the relay has for an answer.
const ANSWER: u64 = 5_000;
/// The same, while nobody looks at the app.
const ANSWER_UNSEEN: u64 = 20_000;
/// The time that a connection has to open.
const OPENING: u64 = 10_000;
/// The longest wait for an answer or for opening, however slow the line was before.
const LONGEST: u64 = 60_000;
/// Sent bytes that are on their way extend the wait for the answer: one millisecond for this many bytes.
const SLOWEST: u64 = 4;
/// A connection that still receives after this time works: the next pause is short again.
const LASTING: u64 = 5_000;
/// A connection that works for this time, and answers at once, is no longer on a slow line.
const STEADY: u64 = 120_000;
/// A timer that is later than this was held up, and so was everything else in this worker.
const LATE: u64 = 3_000;
/// A person who comes back does not restart an attempt that is younger than this.
const YOUNG: u64 = 2_000;
/// A visible page reports itself three times in this time.
pub const SIGHT: u64 = 60_000;

/// What the host has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    None,
    /// Ask the relay for a sign of life.
    Ask,
    /// Close the dead connection, and call [`Path::lost`].
    GiveUp,
    /// Open another connection, and call [`Path::opens`].
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
        /// When a request was sent that the relay answers; nothing has come since.
        asked: Option<u64>,
        /// The bytes sent since something came.
        sent: u64,
    },
    Waiting {
        until: u64,
    },
}

/// The state of the connection to the relay.
#[derive(Debug)]
pub struct Path {
    state: State,
    backoff: Backoff,
    /// How often in a row the client gave a connection up because nothing came. Each time doubles the waits of the next
    /// connection: on a slow line an answer may stand behind much else.
    misses: u32,
    /// Until when a person looks at the app, as far as is known.
    seen: u64,
    /// When the last attempt began.
    attempt: u64,
    /// The difference between the wall clock and this clock.
    ahead: Option<u64>,
    /// A late timer excused the silence once. Before the next timer, everything that had come was delivered.
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

    /// Notes that an attempt begins.
    pub const fn opens(&mut self, now: u64) {
        self.state = State::Opening { since: now };
        self.attempt = now;
    }

    /// Notes that the connection is open and the hello was sent.
    pub const fn opened(&mut self, now: u64) {
        self.state = State::Open { since: now, heard: now, asked: Some(now), sent: 0 };
    }

    /// Notes that bytes were sent to the relay.
    pub const fn sent(&mut self, bytes: u64) {
        if let State::Open { sent, .. } = &mut self.state {
            *sent = sent.saturating_add(bytes);
        }
    }

    /// Notes that something came.
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

    /// Notes that the connection is gone or did not open. Returns the milliseconds until the next attempt: at least `at_least`,
    /// spread by `random`.
    pub fn lost(&mut self, now: u64, at_least: u64, random: u32) -> u64 {
        let spread = (at_least / 2).saturating_mul(u64::from(random)) >> 32;
        let pause = self.backoff.next(random).max(at_least.saturating_add(spread));
        self.state = State::Waiting { until: now.saturating_add(pause) };
        pause
    }

    /// Whether only the next attempt is due.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Notes that a person sees the page.
    pub const fn seen(&mut self, now: u64) {
        self.seen = now.saturating_add(SIGHT);
    }

    /// A person comes back to the app, or the network is there again: the connection may be dead.
    pub fn look(&mut self, now: u64) -> Step {
        self.seen(now);
        match self.state {
            // The relay keeps its time to answer, however often a person comes and goes.
            State::Open { asked: Some(_), .. } if self.due(now) > now => Step::None,
            State::Opening { since } if now.saturating_sub(since) < YOUNG => Step::None,
            State::Waiting { .. } if now.saturating_sub(self.attempt) < YOUNG => Step::None,
            State::Opening { .. } | State::Waiting { .. } => Step::Open,
            State::Open { .. } => self.ask(now),
        }
    }

    /// The person does not want to wait any longer.
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
            // The computer slept, the page was frozen, or a person set the clock. The browser may not have delivered yet what
            // came meanwhile, so the silence proves nothing.
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
