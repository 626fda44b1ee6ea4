//! The half for what people do seldom with their account, as the rest of the engine calls it: linking devices, the recovery
//! phrase, coming back by the phrase, backup files. [`super`] says how to put something behind it.

use parley_protocol::device_log::SignedEntry;
use parley_protocol::frame::{Answer, RelayError, SlotState};
use parley_protocol::ids::SlotId;

use super::table::half;
use crate::directory_entry::{Found, LookUpError};
use crate::io::{LoadId, Record};
use crate::link::message::Offer;
use crate::view::{Command, CommandError, Reply, ViewRequestId};

half! {
    AccountCode, OfAccount;

    // Commands.
    account_command(view: ViewRequestId, command: Command) -> Result<Option<Reply>, CommandError>,
        else Err(CommandError::Offline);

    // Linking: it lives as long as this process, in which somebody began it by a command.
    slot_came(slot: SlotId, state: Option<SlotState>) -> (), else ();
    slot_answered(slot: SlotId, result: Result<Answer, RelayError>) -> (), else ();
    link_log_came(offer: &Offer, found: Result<Found, LookUpError>) -> (), else ();
    link_entry_appended(entry: &SignedEntry, done: bool) -> (), else ();
    link_timer() -> (), else ();

    // Coming back: it goes on after a restart, once the half is here.
    recovery_found(view: ViewRequestId, found: Result<Found, LookUpError>) -> (), else ();
    return_appended(result: Result<(), RelayError>) -> (), else ();
    head_to_restore(result: Result<Answer, RelayError>) -> (), else ();
    part_to_restore(result: Result<Answer, RelayError>) -> (), else ();
    go_on_returning() -> (), else ();

    // Backup files: as linking.
    read_page_for_file(id: LoadId, records: &[Record]) -> bool, else false;
}
