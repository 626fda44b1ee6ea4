//! The half for group chats, as the rest of the engine calls it. [`super`] says how to put something behind it.

use openmls::prelude::KeyPackage;
use parley_protocol::device_log::Signature;
use parley_protocol::frame::{Answer, AppendCommit, CreateLog, InboxAddress, LogEntry, RelayError, Request};
use parley_protocol::ids::{AccountId, AppendId, GroupId, LogId, MessageId, Seq, UnixMillis};

use super::table::half;
use crate::channel::group_era::{EraStep, GroupEra};
use crate::channel::log::Log;
use crate::core::channel::inbox::Verdict;
use crate::core::channel::reading::{At, Read};
use crate::core::group::NotTheirs;
use crate::domain::content::{Body, Content, GroupAt, Part, Receipt};
use crate::domain::conversation::ConversationKey;
use crate::domain::outbox::Sealed;
use crate::group::evidence::LeaveStatement;
use crate::group::link::ask::AskNews;
use crate::group::names::SignedName;
use crate::group::past::Past;
use crate::group::proof::Proof;
use crate::group::state::State;
use crate::io::{LoadId, Record};
use crate::mls::credential::Leaf;
use crate::mls::group::GroupError;
use crate::view::{Command, CommandError, Reply, ViewRequestId};

half! {
    GroupCode, OfGroups;

    // Commands.
    group_command(view: ViewRequestId, command: Command) -> Result<Option<Reply>, CommandError>,
        else Err(CommandError::Offline);

    // Reading: nothing is brought of a log that sleeps.
    open_group_commit(id: &LogId, entry: &LogEntry) -> Result<Read, GroupError>, else Err(GroupError::State);
    group_moved_on(id: &LogId, by: Option<AccountId>, at: (Seq, UnixMillis), was: &State) -> (), else ();
    own_group_commit_came(id: &LogId, at: (Seq, UnixMillis)) -> (), else ();
    was_removed_from_group(id: &LogId, by: AccountId, returns: bool, at: At) -> (), else ();
    group_entry_rejected(id: &LogId, entry: &LogEntry, error: GroupError) -> (), else ();
    swap_stamp_in_group(id: &LogId, from: &Leaf, content: &Content) -> Result<Option<Proof>, NotTheirs>, else Ok(None);
    message_refused(id: &LogId, from: &Leaf, at: At) -> (), else ();
    group_receipt_came(id: &LogId, from: &AccountId, receipt: Receipt) -> (), else ();
    leave_came(id: &LogId, from: &Leaf, statement: LeaveStatement) -> (), else ();
    picture_came(id: &LogId, picture: Vec<u8>) -> (), else ();
    names_came(id: &LogId, names: Vec<SignedName>) -> (), else ();

    past_came(id: &LogId, from: &Leaf, past: Past) -> (), else ();
    with_kept(id: &LogId, entry: &LogEntry, read: Read) -> Read, else read;
    note_past_era(id: &LogId) -> (), else ();
    confirm_group(group: &GroupId, by: &AccountId) -> (), else ();

    // Invite links, and messages from before a member joined.
    visited_entries(log: &LogId, entries: &[LogEntry]) -> bool, else false;
    link_opened(result: Result<Answer, RelayError>) -> (), else ();
    visit_package_came(log: LogId, result: Result<Answer, RelayError>) -> (), else ();
    visit_subscribed(log: LogId, result: &Result<Answer, RelayError>) -> (), else ();
    end_visit(why: CommandError) -> (), else ();
    go_on_entering() -> (), else ();
    asked(group: &GroupId, append: AppendId, result: &Result<Answer, RelayError>) -> (), else ();
    ask_came(id: &LogId, entry: &LogEntry) -> (), else ();
    asks_came(id: &LogId, from: &Leaf, news: AskNews) -> (), else ();
    keep_ask_key(id: &LogId) -> (), else ();
    compare_groups_with(peer: &AccountId) -> (), else ();
    group_at_came(from: &AccountId, at: &GroupAt) -> (), else ();
    entered(group: &GroupId, append: AppendId, result: Result<Answer, RelayError>) -> (), else ();
    group_package_came(id: &LogId, result: Result<Answer, RelayError>) -> (), else ();
    go_on_catching_up() -> (), else ();
    page_to_catch_up(group: &GroupId, result: Result<Answer, RelayError>) -> (), else ();
    prove_past(account: &AccountId) -> (), else ();
    shares_past(id: LoadId, records: &[Record]) -> bool, else false;
    with_package(commit: AppendCommit, next: Option<&GroupEra>) -> Request, else Request::AppendCommit(commit);
    with_links(creation: CreateLog) -> Request, else Request::CreateLog(creation);

    // Writing: nothing goes into a log that sleeps.
    renew_after_rollback(id: &LogId) -> bool, else false;
    remove_who_left(id: &LogId) -> bool, else false;
    go_on_changing(id: &LogId) -> bool, else false;
    introduce_in_group(id: &LogId) -> (), else ();
    sign_in_group(id: &LogId, message: MessageId, time: UnixMillis, body: &Body) -> Result<Option<Signature>, GroupError>,
        else Ok(None);
    seal_kept(id: &LogId, content: &mut Content) -> Result<Option<Vec<u8>>, GroupError>, else Ok(None);
    own_proof(sealed: &Sealed, id: MessageId, time: UnixMillis, part: &Part) -> Option<Proof>, else None;
    has_left(key: &ConversationKey) -> (), else ();
    update_group(id: &LogId, era: EraStep) -> (), else ();

    // Members and their devices.
    check_members_of(id: &LogId) -> bool, else false;
    go_on_gathering() -> (), else ();
    group_claimed(id: &LogId, account: &AccountId, result: Result<Answer, RelayError>) -> (), else ();
    lost_in_group(id: &LogId) -> Vec<Leaf>, else Vec::new();
    is_since_loss(key_package: &KeyPackage, leaf: &Leaf) -> bool, else false;
    follow_device_logs(id: &LogId, add: Vec<KeyPackage>, to: &[InboxAddress], extra: &[Leaf]) -> (), else ();

    // Joining.
    group_welcome_came(welcome: &[u8], posted: UnixMillis) -> Verdict, else Verdict::Finished;
    answered_elsewhere(group: &GroupId, joins: bool) -> (), else ();

    // What goes wrong with a log.
    lose_place(id: &LogId) -> (), else ();
    group_log_refused(id: &LogId, error: RelayError) -> (), else ();
    group_log_rolled_back(id: &LogId) -> (), else ();
    find_log_of_group(group: &GroupId, log: Log) -> (), else ();
    find_groups_of_logs() -> (), else ();
}
