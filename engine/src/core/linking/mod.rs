//! Links a new device: two devices, each with its own engine, talk in turn through a rendezvous slot.
//!
//! One device shows a code, the other reads the code; either may be the new one. `showing.rs` is the side that shows,
//! `reading.rs` the side that reads, `comparing.rs` has the person compare the digits, `joining.rs` is what the new device
//! does then, `approving.rs` what the device of the account does. Only the new device's word that it joins (`joining.rs`)
//! survives a restart; otherwise the person begins linking again.

mod approving;
mod comparing;
mod joining;
mod reading;
mod showing;

use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::SignedEntry;
use parley_protocol::frame::{Answer, RelayError, Request, SlotState, WriteSlot};
use parley_protocol::ids::{DeviceId, SlotId};
use parley_protocol::limits::SLOT_LIFETIME;

use self::approving::Offering;
pub(super) use self::joining::Joining;
use self::joining::NewDevice;
pub(super) use self::reading::TypedHere;
use self::reading::{Reached, Reading};
use self::showing::Showing;
use super::Engine;
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::display_name;
use crate::io::Output;
use crate::link::channel::Channel;
use crate::link::code::Side;
use crate::link::message::{Hello, LinkMessage};
use crate::view::{Command, CommandError, Event, LinkFailure, LinkView, Reply, Share};

/// The name of a new device that sends no usable name.
const NAMELESS: &str = "A new device";

/// An open channel in a slot.
pub(super) struct Session {
    slot: SlotId,
    /// The version of the last value that this device wrote or read.
    version: u32,
    channel: Channel,
}

/// The state of linking.
#[derive(Default)]
enum State {
    #[default]
    Idle,
    Showing(Box<Showing>),
    Reading(Box<Reading>),
    /// This side has introduced itself, and waits for the value on which the digits depend.
    Reached(Box<Reached>),
    /// This side shows two digits and waits for the other side's next message.
    ShowingDigits(Box<Session>, u8),
    /// This side waits for its person to type the other side's digits; the other side's first message may wait too.
    AskingDigits(Box<Session>, u8, Option<Box<LinkMessage>>),
    /// This side waits for the other side's next message.
    Waiting(Box<Session>),
    /// The engine asks the person whether to link this device.
    Approving(Box<Session>, Box<Hello>),
    /// The new device must counter-sign.
    Offering(Box<Offering>),
    /// The entry is on its way to the relay.
    Appending(Box<Session>, Box<(SignedEntry, Hello)>),
    /// The new device is being added to the conversations.
    Adding,
    Done,
    Failed(LinkFailure),
}

impl State {
    /// The open slots.
    fn slots(&self) -> Vec<SlotId> {
        match self {
            Self::Showing(showing) => showing.slots().to_vec(),
            Self::Reading(reading) => vec![reading.slot()],
            Self::Reached(reached) => vec![reached.session.slot],
            Self::ShowingDigits(session, _)
            | Self::AskingDigits(session, ..)
            | Self::Waiting(session)
            | Self::Approving(session, _)
            | Self::Appending(session, _) => vec![session.slot],
            Self::Offering(offering) => vec![offering.session.slot],
            Self::Idle | Self::Adding | Self::Done | Self::Failed(_) => Vec::new(),
        }
    }
}

/// Linking on this device.
#[derive(Default)]
pub(super) struct Linking {
    state: State,
    /// The keys that this device makes for itself, if it is the new one.
    new: Option<Box<NewDevice>>,
    /// This device belongs to the account now.
    joined: bool,
    /// How often this device has asked the directory whether it belongs to the account.
    asked: u32,
    /// Codes that this device showed in place of one that ended.
    renewed: u32,
    /// When the code ends that this device shows or has read.
    until: Option<Moment>,
    /// The device that is being added.
    device: Option<DeviceId>,
    /// What the person chose to share.
    share: Share,
    /// The number of conversations with the device that is being added, and of all.
    added: (u32, u32),
}

impl Linking {
    /// When the engine next checks the code.
    pub(super) const fn timer(&self) -> Option<Moment> {
        self.until
    }
}

impl Engine {
    pub(super) fn link_command(&mut self, command: Command) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::ShowLinkCode { name } => self.show_link_code(&name)?,
            Command::UseLinkCode { text, name } => self.use_link_code(&text, &name)?,
            Command::ConfirmDigits(digits) => self.confirm_digits(digits)?,
            Command::ApproveDevice(share) => {
                self.linking.share = share;
                self.approve_device()?;
            }
            Command::CancelLinking => self.cancel_linking(),
            // All other commands are handled before.
            _ => return Err(CommandError::NotLinking),
        }
        Ok(Some(Reply::Done))
    }

    /// The side of this device.
    fn link_side(&self) -> Side {
        if self.account.is_some() { Side::Existing } else { Side::New }
    }

    /// Begins linking: ends whatever was under way.
    fn begin_linking(&mut self, name: &str) -> Result<(), CommandError> {
        if !self.online() {
            return Err(CommandError::Offline);
        }
        if self.account.is_some() && !self.is_registered() {
            return Err(CommandError::NoAccount);
        }
        if self.joining.is_some() {
            return Err(CommandError::AccountExists);
        }
        self.close_slots();
        self.linking = Linking::default();
        if self.link_side() == Side::New {
            let name = display_name(name).unwrap_or_else(|| NAMELESS.to_owned());
            self.linking.new = Some(Box::new(NewDevice::draw(&self.random, name)));
        }
        self.linking.until = Some(self.steady.after(SLOT_LIFETIME));
        Ok(())
    }

    fn cancel_linking(&mut self) {
        self.close_slots();
        self.forget_joining();
        self.linking = Linking::default();
        self.tell_link();
    }

    fn fail_link(&mut self, failure: LinkFailure) {
        self.close_slots();
        self.linking = Linking { state: State::Failed(failure), ..Linking::default() };
        self.tell_link();
    }

    /// Closes the open slots, so that the other device knows at once.
    fn close_slots(&mut self) {
        let slots = self.linking.state.slots();
        if self.online() {
            for slot in slots {
                self.ask(Request::CloseSlot(slot), Pending::CloseSlot);
            }
        }
    }

    /// The connection is gone, and with it the slots.
    pub(super) fn link_disconnected(&mut self) {
        if self.goes_on_alone() {
            return;
        }
        match &self.linking.state {
            State::Idle | State::Adding | State::Done | State::Failed(_) => {}
            _ => {
                self.linking = Linking { state: State::Failed(LinkFailure::Offline), ..Linking::default() };
                self.tell_link();
            }
        }
    }

    /// The channel has ended. Returns whether this device needs it no more: the entry is in the log, or will be if it ever
    /// is.
    fn goes_on_alone(&mut self) -> bool {
        if !matches!(self.linking.state, State::Waiting(_)) {
            return false;
        }
        if self.joining.is_some() || self.linking.joined {
            // The device has given its word: the directory will tell, or has told.
            self.set_link(State::Idle);
        } else if self.linking.device.is_some() {
            self.add_new_device();
            self.tell_added();
        } else {
            return false;
        }
        true
    }

    /// Ends a code whose time is over.
    pub(super) fn link_timer(&mut self) {
        let now = self.steady;
        if self.linking.until.take_if(|until| *until <= now).is_none() {
            return;
        }
        match self.linking.state {
            State::Idle | State::Adding | State::Done | State::Failed(_) | State::Appending(..) => {}
            State::Waiting(_) if self.joining.is_some() => {}
            State::Showing(_) => self.code_ended(),
            _ => self.fail_link(LinkFailure::Expired),
        }
    }

    /// Seals a message and writes it into the slot, over the other side's last value.
    fn say_in_slot(&mut self, session: &mut Session, message: &LinkMessage) {
        let sealed = message.encode().ok().and_then(|bytes| session.channel.seal(&bytes).ok());
        if let Some(sealed) = sealed {
            self.write_slot(session, sealed);
        }
    }

    fn write_slot(&mut self, session: &mut Session, value: Vec<u8>) {
        // The message bounds are far below what a slot holds.
        if let Ok(value) = Bytes::new(value) {
            let request = WriteSlot { slot: session.slot, after: session.version, value };
            session.version = session.version.saturating_add(1);
            self.ask(Request::WriteSlot(request), Pending::WriteSlot(session.slot));
        }
    }

    pub(super) fn slot_answered(&mut self, slot: SlotId, result: Result<Answer, RelayError>) {
        if !self.is_link_slot(slot) {
            return;
        }
        match result {
            Ok(Answer::Slot(state)) => self.slot_came(slot, Some(state)),
            Err(_) if self.goes_on_alone() => self.begin_own_conversation(),
            // Short codes name few slots: another code has another slot.
            Err(RelayError::SlotTaken) if matches!(self.linking.state, State::Showing(_)) => {
                self.code_ended();
            }
            Err(RelayError::UnknownSlot | RelayError::SlotConflict) => self.fail_link(LinkFailure::Expired),
            Ok(_) | Err(_) => self.fail_link(LinkFailure::Refused),
        }
    }

    fn is_link_slot(&self, slot: SlotId) -> bool {
        self.linking.state.slots().contains(&slot)
    }

    /// A slot has a value (the relay may report this device's own value), or the slot is gone.
    pub(super) fn slot_came(&mut self, slot: SlotId, state: Option<SlotState>) {
        if !self.is_link_slot(slot) {
            return;
        }
        let Some(value) = state else { return self.slot_ended(slot) };
        match std::mem::take(&mut self.linking.state) {
            State::Showing(showing) => self.shown_code_was_used(*showing, slot, &value),
            State::Reading(reading) => self.typed_slot_came(&reading, &value),
            State::Reached(reached) => self.opening_came(reached, &value),
            State::ShowingDigits(session, digits) => {
                self.next_message(session, &value, |session| State::ShowingDigits(session, digits));
            }
            State::Waiting(session) => self.next_message(session, &value, State::Waiting),
            State::Offering(offering) => self.counter_came(*offering, &value),
            // It is this side's turn: the relay repeats itself, or lies.
            other => self.linking.state = other,
        }
    }

    fn slot_ended(&mut self, slot: SlotId) {
        if self.goes_on_alone() {
            return self.begin_own_conversation();
        }
        let late = self.linking.until.is_none_or(|until| until <= self.steady);
        match &mut self.linking.state {
            State::Showing(showing) if !showing.is_last(slot) => showing.ended(slot),
            State::Showing(_) if late => self.code_ended(),
            State::Appending(..) => {}
            _ => {
                let failure = if late { LinkFailure::Expired } else { LinkFailure::Cancelled };
                self.linking = Linking { state: State::Failed(failure), ..Linking::default() };
                self.tell_link();
            }
        }
    }

    /// Opens the other side's next message, if the value is newer than the last one.
    fn next_message(
        &mut self,
        mut session: Box<Session>,
        value: &SlotState,
        stay: impl FnOnce(Box<Session>) -> State,
    ) {
        if value.version <= session.version {
            self.linking.state = stay(session);
            return;
        }
        session.version = value.version;
        let opened = session.channel.open(&value.value).ok();
        match opened.and_then(|bytes| LinkMessage::decode(&bytes).ok()) {
            Some(message) => self.link_message(session, message),
            None => self.fail_link_in(&session, LinkFailure::Forged),
        }
    }

    /// Handles the other side's message in its turn.
    fn link_message(&mut self, session: Box<Session>, message: LinkMessage) {
        match (self.link_side(), message) {
            (Side::Existing, LinkMessage::Hello(hello)) => self.ask_person(session, hello),
            (Side::Existing, LinkMessage::Ready) => self.new_device_is_ready(),
            (Side::New, LinkMessage::Knock) => self.introduce_device(session),
            (Side::New, LinkMessage::Offer(offer)) => self.offer_came(session, *offer),
            (Side::New, LinkMessage::Added) => {
                self.linking.state = State::Waiting(session);
                self.ask_joined_log();
            }
            _ => self.fail_link_in(&session, LinkFailure::Forged),
        }
    }

    /// As [`Engine::fail_link`], while only the caller holds the session.
    fn fail_link_in(&mut self, session: &Session, failure: LinkFailure) {
        if self.online() {
            self.ask(Request::CloseSlot(session.slot), Pending::CloseSlot);
        }
        self.fail_link(failure);
    }

    fn set_link(&mut self, state: State) {
        self.linking.state = state;
        self.tell_link();
    }

    pub(super) fn tell_link(&mut self) {
        self.out.push(Output::Event(Event::Link(self.link_view())));
    }

    pub(super) fn link_view(&self) -> Option<LinkView> {
        Some(match &self.linking.state {
            State::Idle if self.joining.is_some() && self.returning.is_none() => LinkView::Waiting,
            State::Idle => return None,
            State::Showing(showing) => {
                let until = self.linking.until.unwrap_or_default();
                showing.view(self.steady.shown_at(self.now, until), self.linking.new.is_some())
            }
            State::Reading(_) | State::Reached(_) => LinkView::Reaching,
            State::ShowingDigits(_, digits) => LinkView::ShowDigits(*digits),
            State::AskingDigits(..) => LinkView::AskDigits,
            State::Approving(_, hello) => {
                LinkView::Approve { name: display_name(&hello.name).unwrap_or_else(|| NAMELESS.to_owned()) }
            }
            State::Waiting(_) | State::Offering(_) | State::Appending(..) => LinkView::Waiting,
            State::Adding => LinkView::Adding { done: self.linking.added.0, of: self.linking.added.1 },
            State::Done => LinkView::Done,
            State::Failed(failure) => LinkView::Failed(*failure),
        })
    }
}
