//! Shows a code: opens one slot for devices that scan and one for devices where the person types.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{OpenSlot, Request, SlotState};
use parley_protocol::ids::{SlotId, UnixMillis};

use super::{Session, State};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::link::channel::{Channel, End, ShownKey};
use crate::link::check::Nonce;
use crate::link::code::Side;
use crate::link::message::LinkMessage;
use crate::link::typed::{Exchange, TypedCode};
use crate::view::{CommandError, LinkFailure, LinkView};

/// Length of SPAKE2's message: one byte and the element.
pub(super) const EXCHANGE: usize = 33;
/// Codes that this device shows in place of one that ended, each for two minutes.
const RENEWALS: u32 = 4;

/// A code that this device shows, in both its forms.
pub(super) struct Showing {
    scanned: ShownKey,
    typed: TypedCode,
    exchange: Exchange,
    /// The nonce to which both forms commit. This device opens it once, for the first device that answers.
    nonce: Nonce,
    /// Slots that are gone.
    ended: Vec<SlotId>,
}

impl Showing {
    pub(super) fn slots(&self) -> [SlotId; 2] {
        [self.scanned.code().slot(), self.typed.slot()]
    }

    /// Whether no other slot is left.
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
        let nonce = Nonce::draw(&self.random);
        let commitment = nonce.commitment();
        let scanned = ShownKey::draw(&self.random, self.link_side(), commitment);
        let typed = TypedCode::draw(&self.random);
        let (exchange, mut message) = Exchange::begin(&typed, End::Shows, &self.random);
        message.extend_from_slice(&commitment.0);
        let showing = Showing { scanned, typed, exchange, nonce, ended: Vec::new() };
        let [for_scanner, for_typist] = showing.slots();
        self.open_slot(for_scanner, Vec::new());
        self.open_slot(for_typist, message);
        self.set_link(State::Showing(Box::new(showing)));
        Ok(())
    }

    /// Nobody used the code in time: shows another, as long as somebody probably looks at it.
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

    /// Somebody wrote into one of the two slots: closes the other.
    pub(super) fn shown_code_was_used(&mut self, showing: Showing, slot: SlotId, value: &SlotState) {
        if value.version < 2 {
            self.linking.state = State::Showing(Box::new(showing));
            return;
        }
        for unused in showing.slots().into_iter().filter(|other| *other != slot) {
            self.ask(Request::CloseSlot(unused), Pending::CloseSlot);
        }
        let by_scan = slot == showing.scanned.code().slot();
        let Showing { scanned, exchange, nonce, .. } = showing;
        let used = if by_scan { by_scanning(&scanned, value) } else { by_typing(exchange, value) };
        let Some((channel, message)) = used else {
            self.ask(Request::CloseSlot(slot), Pending::CloseSlot);
            return self.fail_link(if by_scan { LinkFailure::Forged } else { LinkFailure::WrongCode });
        };
        let mut session = Box::new(Session { slot, version: value.version, channel });
        match (self.link_side(), &message) {
            (Side::New, LinkMessage::Knock) | (Side::Existing, LinkMessage::Hello(_)) => {}
            (Side::New, LinkMessage::Hello(_)) | (Side::Existing, LinkMessage::Knock) => {
                return self.fail_link_in(&session, LinkFailure::SameSide);
            }
            _ => return self.fail_link_in(&session, LinkFailure::Forged),
        }
        // The other device's key is fixed: now it may know the nonce.
        self.say_in_slot(&mut session, &LinkMessage::Opening(nonce.opening()));
        let digits = session.channel.digits(&nonce);
        if by_scan || self.link_side() == Side::Existing {
            self.set_link(State::AskingDigits(session, digits, Some(Box::new(message))));
        } else {
            self.set_link(State::ShowingDigits(session, digits));
        }
    }
}

fn by_scanning(shown: &ShownKey, value: &SlotState) -> Option<(Channel, LinkMessage)> {
    let (mut channel, sealed) = shown.accept(&value.value).ok()?;
    let message = LinkMessage::decode(&channel.open(sealed).ok()?).ok()?;
    Some((channel, message))
}

fn by_typing(exchange: Exchange, value: &SlotState) -> Option<(Channel, LinkMessage)> {
    let (theirs, sealed) = value.value.split_at_checked(EXCHANGE)?;
    let mut channel = exchange.finish(theirs).ok()?;
    let message = LinkMessage::decode(&channel.open(sealed).ok()?).ok()?;
    Some((channel, message))
}
