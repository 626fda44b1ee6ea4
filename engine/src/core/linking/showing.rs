//! The device that shows a code: it opens a slot for those who scan and one for those who type.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{OpenSlot, Request, SlotState};
use parley_protocol::ids::{SlotId, UnixMillis};

use super::{Session, State};
use crate::core::Engine;
use crate::core::requests::Pending;
use crate::link::channel::{Channel, End, ShownKey};
use crate::link::code::Side;
use crate::link::message::LinkMessage;
use crate::link::typed::{Exchange, TypedCode};
use crate::view::{CommandError, LinkFailure, LinkView};

/// First byte of SPAKE2's message and its element.
const EXCHANGE: usize = 33;
/// So many codes are shown in place of one that ended, each for two minutes.
const RENEWALS: u32 = 4;

/// A code that is shown, in both its forms.
pub(super) struct Showing {
    scanned: ShownKey,
    typed: TypedCode,
    exchange: Exchange,
    /// Slots that are gone.
    ended: Vec<SlotId>,
}

impl Showing {
    pub(super) fn slots(&self) -> [SlotId; 2] {
        [self.scanned.code().slot, self.typed.slot()]
    }

    /// Whether no slot is left without this one.
    pub(super) fn is_last(&self, slot: SlotId) -> bool {
        self.slots().iter().all(|other| *other == slot || self.ended.contains(other))
    }

    pub(super) fn ended(&mut self, slot: SlotId) {
        self.ended.push(slot);
    }

    pub(super) fn view(&self, until: UnixMillis, new: bool) -> LinkView {
        LinkView::Showing { link: self.scanned.code().fragment(), typed: self.typed.text(), until, new }
    }
}

impl Engine {
    pub(super) fn show_link_code(&mut self, name: &str) -> Result<(), CommandError> {
        self.begin_linking(name)?;
        let scanned = ShownKey::draw(&self.random, self.link_side());
        let typed = TypedCode::draw(&self.random);
        let (exchange, message) = Exchange::begin(&typed, End::Shows, &self.random);
        let showing = Showing { scanned, typed, exchange, ended: Vec::new() };
        let [for_scanner, for_typist] = showing.slots();
        self.open_slot(for_scanner, Vec::new());
        self.open_slot(for_typist, message);
        self.set_link(State::Showing(Box::new(showing)));
        Ok(())
    }

    /// Nobody used the code in time: another is shown, as long as it is likely that somebody looks at it.
    pub(super) fn code_ended(&mut self) {
        let renewed = self.linking.renewed.saturating_add(1);
        let name = self.linking.new.as_ref().map(|new| new.name().to_owned()).unwrap_or_default();
        if renewed > RENEWALS || self.show_link_code(&name).is_err() {
            return self.fail_link(LinkFailure::Expired);
        }
        self.linking.renewed = renewed;
    }

    fn open_slot(&mut self, slot: SlotId, value: Vec<u8>) {
        if let Ok(value) = Bytes::new(value) {
            self.ask(Request::OpenSlot(OpenSlot { slot, value }), Pending::OpenSlot(slot));
        }
    }

    /// Somebody wrote into one of the two slots: the other is closed.
    pub(super) fn shown_code_was_used(&mut self, showing: Showing, slot: SlotId, value: &SlotState) {
        if value.version < 2 {
            self.linking.state = State::Showing(Box::new(showing));
            return;
        }
        for unused in showing.slots().into_iter().filter(|other| *other != slot) {
            self.ask(Request::CloseSlot(unused), Pending::CloseSlot);
        }
        let by_scan = slot == showing.scanned.code().slot;
        let used = if by_scan { scanned(&showing, value) } else { typed(showing, value) };
        let Some((channel, message)) = used else {
            self.ask(Request::CloseSlot(slot), Pending::CloseSlot);
            return self.fail_link(if by_scan { LinkFailure::Forged } else { LinkFailure::WrongCode });
        };
        let session = Box::new(Session { slot, version: value.version, channel });
        match (self.link_side(), &message) {
            (Side::New, LinkMessage::Knock) | (Side::Existing, LinkMessage::Hello(_)) => {}
            (Side::New, LinkMessage::Hello(_)) | (Side::Existing, LinkMessage::Knock) => {
                return self.fail_link_in(&session, LinkFailure::SameSide);
            }
            _ => return self.fail_link_in(&session, LinkFailure::Forged),
        }
        if by_scan {
            self.set_link(State::AskingDigits(session, Box::new(message)));
        } else {
            self.link_message(session, message);
        }
    }

    /// The person typed what the other device shows.
    pub(super) fn confirm_digits(&mut self, digits: u8) -> Result<(), CommandError> {
        match std::mem::take(&mut self.linking.state) {
            State::AskingDigits(session, message) => {
                if digits == session.channel.digits() {
                    self.link_message(session, *message);
                } else {
                    self.fail_link_in(&session, LinkFailure::WrongDigits);
                }
                Ok(())
            }
            other => {
                self.linking.state = other;
                Err(CommandError::NotLinking)
            }
        }
    }
}

fn scanned(showing: &Showing, value: &SlotState) -> Option<(Channel, LinkMessage)> {
    let (mut channel, sealed) = showing.scanned.accept(&value.value).ok()?;
    let message = LinkMessage::decode(&channel.open(sealed).ok()?).ok()?;
    Some((channel, message))
}

fn typed(showing: Showing, value: &SlotState) -> Option<(Channel, LinkMessage)> {
    let (exchange, sealed) = value.value.split_at_checked(EXCHANGE)?;
    let mut channel = showing.exchange.finish(exchange).ok()?;
    let message = LinkMessage::decode(&channel.open(sealed).ok()?).ok()?;
    Some((channel, message))
}
