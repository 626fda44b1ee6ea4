//! Has the person compare two digits: one device shows them, the other asks for them. After a scanned code, the device that
//! showed the code asks, because it does not know yet which device read it. After a typed code, the device of the account
//! asks: an attacker who guessed the code at the account's end has no new device that shows digits.

use super::State;
use crate::core::Engine;
use crate::link::message::LinkMessage;
use crate::view::{CommandError, LinkFailure};

impl Engine {
    /// The person typed the digits that the other device shows.
    pub(super) fn confirm_digits(&mut self, typed: u8) -> Result<(), CommandError> {
        match std::mem::take(&mut self.linking.state) {
            State::AskingDigits(session, digits, _) if digits != typed => {
                self.fail_link_in(&session, LinkFailure::WrongDigits);
                Ok(())
            }
            State::AskingDigits(session, _, Some(message)) => {
                self.link_message(session, *message);
                Ok(())
            }
            State::AskingDigits(mut session, _, None) => {
                // The new device introduces itself when it gets this message.
                self.say_in_slot(&mut session, &LinkMessage::Knock);
                self.set_link(State::Waiting(session));
                Ok(())
            }
            other => {
                self.linking.state = other;
                Err(CommandError::NotLinking)
            }
        }
    }
}
