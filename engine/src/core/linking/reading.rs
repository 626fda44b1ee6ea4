//! Reads a code that the other device shows: by scanning, opening a link, pasting, or typing.

use std::collections::VecDeque;

use parley_protocol::frame::{Request, SlotState};
use parley_protocol::ids::SlotId;

use super::showing::EXCHANGE;
use super::{Session, State};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::invite::Invite;
use crate::group::link::GroupLink;
use crate::link::channel::{End, scan};
use crate::link::check::Commitment;
use crate::link::code::{LinkCode, Side};
use crate::link::message::LinkMessage;
use crate::link::typed::{Exchange, TypedCode};
use crate::view::{CommandError, LinkFailure};

/// The person typed a code: the engine fetches the first value of its slot.
pub(super) struct Reading {
    code: TypedCode,
}

impl Reading {
    pub(super) fn slot(&self) -> SlotId {
        self.code.slot()
    }
}

/// Most typed codes that this device remembers.
const REMEMBERED: usize = 16;

/// Slots of codes for which this device took part in an exchange: that was the one guess of an attacker at the other end, and
/// a person who types the same code again must not give the attacker another.
#[derive(Default)]
pub(in crate::core) struct TypedHere(VecDeque<SlotId>);

impl TypedHere {
    fn has(&self, slot: SlotId) -> bool {
        self.0.contains(&slot)
    }

    fn note(&mut self, slot: SlotId) {
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front(slot);
    }
}

/// The first value has left, and the other device has not opened its nonce: there are no digits yet.
pub(super) struct Reached {
    pub(super) session: Session,
    commitment: Commitment,
    by_scan: bool,
}

impl Engine {
    pub(super) fn use_link_code(&mut self, text: &str, name: &str) -> Result<(), CommandError> {
        if Invite::parse(text).is_some() {
            return Err(CommandError::InviteInstead);
        }
        match (LinkCode::parse(text), TypedCode::parse(text)) {
            (Some(code), _) => self.use_scanned(&code, name),
            (None, Some(code)) => self.use_typed(code, name),
            (None, None) if GroupLink::parse(text).is_some() => Err(CommandError::GroupLinkInstead),
            (None, None) => Err(CommandError::NotALinkCode),
        }
    }

    fn use_scanned(&mut self, code: &LinkCode, name: &str) -> Result<(), CommandError> {
        self.begin_linking(name)?;
        if code.shown_by == self.link_side() {
            self.fail_link(LinkFailure::SameSide);
            return Ok(());
        }
        let (channel, first) = scan(code, &self.random).map_err(|_| CommandError::NotALinkCode)?;
        let session = Session { slot: code.slot(), version: 1, channel };
        self.say_first(Reached { session, commitment: code.commitment, by_scan: true }, first);
        Ok(())
    }

    fn use_typed(&mut self, code: TypedCode, name: &str) -> Result<(), CommandError> {
        self.begin_linking(name)?;
        let slot = code.slot();
        if self.typed.has(slot) {
            self.fail_link(LinkFailure::Expired);
            return Ok(());
        }
        self.ask(Request::WatchSlot(slot), Pending::WatchSlot(slot));
        self.set_link(State::Reading(Box::new(Reading { code })));
        Ok(())
    }

    /// The showing device's half of the exchange came, with its commitment.
    pub(super) fn typed_slot_came(&mut self, reading: &Reading, value: &SlotState) {
        let slot = reading.slot();
        self.typed.note(slot);
        let (exchange, message) = Exchange::begin(&reading.code, End::Reads, &self.random);
        let (theirs, commitment) = value.value.split_at_checked(EXCHANGE).unwrap_or_default();
        let channel = exchange.finish(theirs).ok();
        if let (Some(channel), Ok(commitment)) = (channel, commitment.try_into()) {
            let session = Session { slot, version: value.version, channel };
            let commitment = Commitment(commitment);
            return self.say_first(Reached { session, commitment, by_scan: false }, message);
        }
        self.ask(Request::CloseSlot(slot), Pending::CloseSlot);
        self.fail_link(LinkFailure::Forged);
    }

    /// Introduces this device, after the bytes with which the channel's first value begins.
    fn say_first(&mut self, mut reached: Reached, mut value: Vec<u8>) {
        let message = match (self.link_side(), self.linking.new.as_ref()) {
            (Side::New, Some(new)) => LinkMessage::Hello(new.hello()),
            _ => LinkMessage::Knock,
        };
        let sealed = message.encode().ok().and_then(|bytes| reached.session.channel.seal(&bytes).ok());
        let Some(sealed) = sealed else { return self.fail_link(LinkFailure::Forged) };
        value.extend_from_slice(&sealed);
        self.write_slot(&mut reached.session, value);
        self.set_link(State::Reached(Box::new(reached)));
    }

    /// The other device has this device's first value, and opens the commitment in its code.
    pub(super) fn opening_came(&mut self, mut reached: Box<Reached>, value: &SlotState) {
        if value.version <= reached.session.version {
            self.linking.state = State::Reached(reached);
            return;
        }
        reached.session.version = value.version;
        let Reached { mut session, commitment, by_scan } = *reached;
        let opened = session.channel.open(&value.value).ok();
        let nonce = match opened.and_then(|bytes| LinkMessage::decode(&bytes).ok()) {
            Some(LinkMessage::Opening(opening)) => commitment.open(opening),
            _ => None,
        };
        let Some(nonce) = nonce else { return self.fail_link_in(&session, LinkFailure::Forged) };
        let digits = session.channel.digits(&nonce);
        let session = Box::new(session);
        if by_scan || self.link_side() == Side::New {
            self.set_link(State::ShowingDigits(session, digits));
        } else {
            self.set_link(State::AskingDigits(session, digits, None));
        }
    }
}
