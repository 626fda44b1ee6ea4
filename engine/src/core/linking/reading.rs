//! The device that reads a code which the other one shows: by scanning, opening a link, pasting, or typing.

use parley_protocol::frame::{Request, SlotState};
use parley_protocol::ids::SlotId;

use super::{Session, State};
use crate::core::Engine;
use crate::core::requests::Pending;
use crate::invite::Invite;
use crate::link::channel::{End, scan};
use crate::link::code::{LinkCode, Side};
use crate::link::message::LinkMessage;
use crate::link::typed::{Exchange, TypedCode};
use crate::view::{CommandError, LinkFailure};

/// A code was typed: the first value of its slot is being fetched.
pub(super) struct Reading {
    code: TypedCode,
}

impl Reading {
    pub(super) fn slot(&self) -> SlotId {
        self.code.slot()
    }
}

impl Engine {
    pub(super) fn use_link_code(&mut self, text: &str, name: &str) -> Result<(), CommandError> {
        if Invite::parse(text).is_some() {
            return Err(CommandError::InviteInstead);
        }
        match (LinkCode::parse(text), TypedCode::parse(text)) {
            (Some(code), _) => self.use_scanned(&code, name),
            (None, Some(code)) => self.use_typed(code, name),
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
        let session = Session { slot: code.slot, version: 1, channel };
        self.say_first(session, first, true);
        Ok(())
    }

    fn use_typed(&mut self, code: TypedCode, name: &str) -> Result<(), CommandError> {
        self.begin_linking(name)?;
        let slot = code.slot();
        self.ask(Request::WatchSlot(slot), Pending::WatchSlot(slot));
        self.set_link(State::Reading(Box::new(Reading { code })));
        Ok(())
    }

    /// The shower's half of the exchange came.
    pub(super) fn typed_slot_came(&mut self, reading: &Reading, value: &SlotState) {
        let (exchange, message) = Exchange::begin(&reading.code, End::Reads, &self.random);
        let slot = reading.slot();
        if let Ok(channel) = exchange.finish(&value.value) {
            return self.say_first(Session { slot, version: value.version, channel }, message, false);
        }
        self.ask(Request::CloseSlot(slot), Pending::CloseSlot);
        self.fail_link(LinkFailure::Forged);
    }

    /// Says who this is, after what the channel's first value begins with.
    fn say_first(&mut self, mut session: Session, mut value: Vec<u8>, digits: bool) {
        let message = match (self.link_side(), self.linking.new.as_ref()) {
            (Side::New, Some(new)) => LinkMessage::Hello(new.hello()),
            _ => LinkMessage::Knock,
        };
        let sealed = message.encode().ok().and_then(|bytes| session.channel.seal(&bytes).ok());
        let Some(sealed) = sealed else { return self.fail_link(LinkFailure::Forged) };
        value.extend_from_slice(&sealed);
        self.write_slot(&mut session, value);
        let session = Box::new(session);
        self.set_link(if digits { State::ShowingDigits(session) } else { State::Waiting(session) });
    }
}
