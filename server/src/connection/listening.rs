//! Limits how long a client may be silent, and how long it may take for one message.
//!
//! The WebSocket library delivers whole messages and does not report parts that it holds. So the connection compares the bytes
//! that came out of the socket (`http::counted`) with the bytes of delivered messages: if more bytes have come and none are
//! delivered, a message is unfinished. A ping or pong between the fragments of a message subtracts only its own bytes, which
//! are known because its frame has one form.

use std::time::Duration;

use axum::extract::ws::Message;
use tokio::time::Instant;

use crate::http::Received;
use crate::rate::{Bucket, Rate};

/// The length of the header of a client's control frame: two bytes and the mask.
const CONTROL_HEAD: u64 = 6;

/// The permitted rate of pings and pongs of one client.
const CONTROLS: Rate = Rate::new(120, 60);

/// The time limits of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The silence after which the relay pings the client. After the same time again it gives the client up.
    pub(crate) idle: Duration,
    /// The time from the first bytes of a message to its last.
    pub(crate) message: Duration,
}

/// What the connection has to do about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing before this time.
    At(Instant),
    /// The client is silent: ping it.
    Ping,
    /// The client has not answered the ping.
    Silent,
    /// The client has not finished a message.
    Unfinished,
}

/// What a connection has received from its client.
pub(super) struct Listening {
    received: Received,
    /// The bytes up to which all have been delivered.
    brought: u64,
    heard: Instant,
    pinged: bool,
    unfinished: Option<Instant>,
    controls: Bucket,
}

impl Listening {
    pub(super) fn new(received: Received, now: Instant) -> Self {
        let brought = received.bytes();
        Self {
            received,
            brought,
            heard: now,
            pinged: false,
            unfinished: None,
            controls: Bucket::full(now.into_std()),
        }
    }

    /// Begins to listen to the client. Nobody has listened until now.
    pub(super) fn begin(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Notes a delivered message. The bytes after it may be the beginning of the next one, which counts once more of it comes.
    pub(super) fn brought(&mut self, message: &Message, now: Instant) {
        self.heard = now;
        self.pinged = false;
        let received = self.received.bytes();
        if let Message::Ping(content) | Message::Pong(content) = message {
            let length = u64::try_from(content.len()).unwrap_or(u64::MAX).saturating_add(CONTROL_HEAD);
            self.brought = self.brought.saturating_add(length).min(received);
        } else {
            self.brought = received;
            self.unfinished = None;
        }
    }

    /// Notes a delivered ping or pong. Returns whether the client may send so many. One pong answers each ping of the relay,
    /// and browsers send no others.
    pub(super) fn may_control(&mut self, now: Instant) -> bool {
        let after = self.controls.after(CONTROLS, 1, now.into_std());
        after.map(|after| self.controls = after).is_ok()
    }

    /// Notes that no message is ready for delivery.
    pub(super) fn waits(&mut self, now: Instant) {
        if self.unfinished.is_none() && self.received.bytes() > self.brought {
            self.unfinished = Some(now);
        }
    }

    /// Notes that the client was pinged. It has the same time again to send something.
    pub(super) fn pings(&mut self, now: Instant) {
        self.pinged = true;
        self.heard = now;
    }

    /// What the connection has to do now.
    pub(super) fn due(&self, patience: Patience, now: Instant) -> Due {
        let silent = self.heard + patience.idle;
        let unfinished = self.unfinished.map(|since| since + patience.message);
        if unfinished.is_some_and(|at| at <= now) {
            Due::Unfinished
        } else if silent <= now {
            if self.pinged { Due::Silent } else { Due::Ping }
        } else {
            Due::At(unfinished.map_or(silent, |at| at.min(silent)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { idle: Duration::from_mins(1), message: Duration::from_secs(20) };

    fn ping(length: usize) -> Message {
        Message::Ping(vec![0; length].into())
    }

    #[test]
    fn a_silent_client_is_pinged_and_given_up() {
        let start = Instant::now();
        let mut listening = Listening::new(Received::default(), start);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(listening.due(PATIENCE, after(59)), Due::At(after(60)));
        assert_eq!(listening.due(PATIENCE, after(60)), Due::Ping);
        listening.pings(after(60));
        assert_eq!(listening.due(PATIENCE, after(61)), Due::At(after(120)));
        assert_eq!(listening.due(PATIENCE, after(120)), Due::Silent);
        listening.brought(&Message::Pong(Vec::new().into()), after(119));
        assert_eq!(listening.due(PATIENCE, after(179)), Due::Ping);
    }

    #[test]
    fn pings_between_fragments_win_no_time() {
        let start = Instant::now();
        let received = Received::default();
        let mut listening = Listening::new(received.clone(), start);
        // A fragment of 10 bytes and a ping of 3 arrive in one piece, which delivers only the ping.
        for round in 0..10 {
            received.add(10 + 6 + 3);
            listening.brought(&ping(3), start + Duration::from_secs(round));
            listening.waits(start + Duration::from_secs(round));
        }
        assert_eq!(listening.due(PATIENCE, start + Duration::from_secs(20)), Due::Unfinished);
    }

    #[test]
    fn whole_messages_and_pings_leave_nothing_unfinished() {
        let start = Instant::now();
        let received = Received::default();
        let mut listening = Listening::new(received.clone(), start);
        received.add(6 + 125);
        listening.brought(&ping(125), start);
        // A message and a ping arrive in one piece: the ping's bytes are subtracted once.
        received.add(1000 + 6);
        listening.brought(&Message::Binary(vec![0; 990].into()), start);
        listening.brought(&ping(0), start);
        listening.waits(start);
        assert_eq!(listening.unfinished, None);
        received.add(1);
        listening.waits(start);
        assert_eq!(listening.unfinished, Some(start), "no bytes were left over from the ping");
        received.add(10);
        listening.brought(&Message::Binary(vec![0; 5].into()), start);
        assert_eq!(listening.unfinished, None);
    }
}
