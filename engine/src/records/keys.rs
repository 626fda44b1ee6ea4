//! The names of the records. The first byte of a name is the kind; a kind never changes its meaning.

use parley_protocol::ids::{AccountId, GroupId, LogId};

use crate::domain::order::Order;
use crate::view::{ConversationId, FileId};

/// Own account ([`crate::account::Account`]).
pub(crate) const ACCOUNT: &[u8] = &[1];
/// First byte of everything that OpenMLS stores.
pub(crate) const MLS: u8 = 2;
const CONTACT: u8 = 3;
const CONVERSATION: u8 = 4;
const LOG: u8 = 5;
const OUTBOX: u8 = 6;
/// Cursor of the inbox and other small values of the device.
pub(crate) const DEVICE: &[u8] = &[7];
const TRANSCRIPT: u8 = 8;
const ELSEWHERE: u8 = 41;
const GROUP_ERA: u8 = 50;
const GROUP_CHAT: u8 = 51;
const INVITATION: u8 = 52;
const EARLY_WELCOMES: u8 = 53;
/// What other devices of the account said about invitations, for when the half for groups is here ([`crate::core::parts`]).
pub(crate) const GROUP_ANSWERS: &[u8] = &[72];
const RELATIONS: u8 = 54;
const MARKS: u8 = 55;
const FILE: u8 = 60;
const TIMER: u8 = 80;
const EXPIRING: u8 = 81;
const EARLY: u8 = 9;
const GROUP_LINKS: u8 = 66;
const GROUP_PACKAGE: u8 = 67;
const ENTERING: u8 = 68;
const PAST_ERAS: u8 = 69;
const CATCHING_UP: u8 = 70;
const UNPROVEN: u8 = 71;
const ASK_KEY: u8 = 90;
const GROUP_ASKS: u8 = 91;
const ASKING: u8 = 92;
const EPOCHS: u8 = 93;
const CAME: u8 = 94;
/// What this device left at the relay ([`crate::stamp::Stamps`]).
pub(crate) const STAMPS: &[u8] = &[10];

/// Names and days of the account's devices ([`crate::domain::device_note::Notes`]).
pub(crate) const NOTES: &[u8] = &[11];
/// Key changes by other devices of the account that the person has not seen ([`crate::view::OwnKeyChange`]).
pub(crate) const KEY_CHANGES: &[u8] = &[45];
const WELCOMES: u8 = 12;
const ARCHIVE: u8 = 26;
/// What other devices told of contacts that this device does not know yet.
pub(crate) const CARDS: &[u8] = &[13];

/// What this device must still send to a device that it linked.
pub(crate) const SHARING: &[u8] = &[16];
/// A recovery phrase that the device log does not name yet.
pub(crate) const NEXT_PHRASE: &[u8] = &[21];
/// The progress of an account that comes back by its recovery phrase ([`crate::core`]'s `Returning`).
pub(crate) const RETURNING: &[u8] = &[22];
/// What this device knows of the backup ([`crate::core`]'s `Backup`), what is in it, and what is being written.
pub(crate) const BACKUP: &[u8] = &[23];
pub(crate) const MANIFEST: &[u8] = &[24];
pub(crate) const BACKUP_ROUND: &[u8] = &[25];
/// The account came back by its phrase, and no backup said what to ask the others for: a backup file may.
pub(crate) const UNASKED: &[u8] = &[27];
/// Receipts that another device told, in logs that this device is not in.
pub(crate) const TOLD_RECEIPTS: &[u8] = &[20];
/// Own texts that the backup lacked when the account came back ([`crate::core`]'s `OwnTexts`).
pub(crate) const OWN_TEXTS: &[u8] = &[37];
/// Logs for which an account that came back wants to know how many texts of its own stand there.
pub(crate) const COUNTS: &[u8] = &[38];
/// Logs to which this device was added late ([`crate::channel::late::Holes`]), and what other devices of the account lack.
pub(crate) const HOLES: &[u8] = &[39];
pub(crate) const LACKING: &[u8] = &[40];
/// What a removed device keeps ([`crate::view::RemovedView`]): then there is no other record.
pub(crate) const KEPT: &[u8] = &[36];
const ACCOUNT_DATA: u8 = 30;
/// Whether drafts go to the other devices ([`crate::domain::draft::DraftSetting`]).
pub(crate) const DRAFT_SETTING: &[u8] = &[31];
/// What follows from devices that were rolled back ([`crate::core`]'s `Rollback`).
pub(crate) const ROLLBACK: &[u8] = &[32];
/// Which messages were sent again to this device ([`crate::domain::resent_messages::ResentMessages`]).
pub(crate) const RESENT_MESSAGES: &[u8] = &[33];
const STANDING: u8 = 34;
/// Texts that wait to be sent, by number, and to whom: a record of one may get lost.
pub(crate) const WAITING: &[u8] = &[35];
const STANCE: u8 = 46;
const PENDING: u8 = 49;
/// The token of the own invite link ([`crate::domain::consent::OwnToken`]).
pub(crate) const OWN_TOKEN: &[u8] = &[48];
/// Logs to which a device added this one that was removed then or since.
pub(crate) const TAINTED: &[u8] = &[15];
/// What this device has given its word to become ([`crate::core`]'s `Joining`).
pub(crate) const JOINING: &[u8] = &[14];

pub(crate) fn contact(account: &AccountId) -> Vec<u8> {
    [&[CONTACT], account.as_bytes().as_slice()].concat()
}

pub(crate) fn conversation(id: &ConversationId) -> Vec<u8> {
    [&[CONVERSATION], id.0.as_slice()].concat()
}

pub(crate) fn log(log: &LogId) -> Vec<u8> {
    [&[LOG], log.as_bytes().as_slice()].concat()
}

/// The part of a log that is on its way to the relay: its creation, or a commit.
pub(crate) fn pending(log: &LogId) -> Vec<u8> {
    [&[PENDING], log.as_bytes().as_slice()].concat()
}

pub(crate) fn outbox(number: u64) -> Vec<u8> {
    [&[OUTBOX], number.to_be_bytes().as_slice()].concat()
}

pub(crate) fn transcript(log: &LogId) -> Vec<u8> {
    [&[TRANSCRIPT], log.as_bytes().as_slice()].concat()
}

/// What this device knows of a log other than by reading it ([`crate::channel::late::Elsewhere`]).
pub(crate) fn elsewhere(log: &LogId) -> Vec<u8> {
    [&[ELSEWHERE], log.as_bytes().as_slice()].concat()
}

/// The group era that opens a log for reading ([`crate::channel::group_era::GroupEra`]).
pub(crate) fn group_era(log: &LogId) -> Vec<u8> {
    [&[GROUP_ERA], log.as_bytes().as_slice()].concat()
}

/// A group ([`crate::group::chat::GroupChat`]).
pub(crate) fn group_chat(group: &GroupId) -> Vec<u8> {
    [&[GROUP_CHAT], group.as_bytes().as_slice()].concat()
}

/// Welcomes into a group that came before this device knew that it was removed from it.
pub(crate) fn early_welcomes(group: &GroupId) -> Vec<u8> {
    [&[EARLY_WELCOMES], group.as_bytes().as_slice()].concat()
}

/// A Welcome into a group that waits for the person.
pub(crate) fn invitation(group: &GroupId) -> Vec<u8> {
    [&[INVITATION], group.as_bytes().as_slice()].concat()
}

/// What is known of a group's invite links beside its policy ([`crate::core`]'s `GroupLinks`).
pub(crate) fn group_links(group: &GroupId) -> Vec<u8> {
    [&[GROUP_LINKS], group.as_bytes().as_slice()].concat()
}

/// The package for joiners by a link that goes with a commit on its way ([`crate::core`]'s `Left`).
pub(crate) fn group_package(log: &LogId) -> Vec<u8> {
    [&[GROUP_PACKAGE], log.as_bytes().as_slice()].concat()
}

/// A commit by which this device joins a group ([`crate::core`]'s `Entering`).
pub(crate) fn entering(group: &GroupId) -> Vec<u8> {
    [&[ENTERING], group.as_bytes().as_slice()].concat()
}

/// Earlier eras of a group that keeps its messages ([`crate::core`]'s `PastEras`).
pub(crate) fn past_eras(group: &GroupId) -> Vec<u8> {
    [&[PAST_ERAS], group.as_bytes().as_slice()].concat()
}

/// How far this device has read what was written before it came into a group ([`crate::core`]'s `CatchingUp`).
pub(crate) fn catching_up(group: &GroupId) -> Vec<u8> {
    [&[CATCHING_UP], group.as_bytes().as_slice()].concat()
}

/// Messages of before whose authors' device logs are not known yet ([`crate::core`]'s `Unproven`).
pub(crate) fn unproven(group: &GroupId) -> Vec<u8> {
    [&[UNPROVEN], group.as_bytes().as_slice()].concat()
}

/// What opens requests to be let in that come in a log ([`crate::group::link::ask::AskKey`]).
pub(crate) fn ask_key(log: &LogId) -> Vec<u8> {
    [&[ASK_KEY], log.as_bytes().as_slice()].concat()
}

/// Who asks to be let into a group ([`crate::core`]'s `GroupAsks`).
pub(crate) fn group_asks(group: &GroupId) -> Vec<u8> {
    [&[GROUP_ASKS], group.as_bytes().as_slice()].concat()
}

/// This account asks to be let into a group ([`crate::core`]'s `Asking`).
pub(crate) fn asking(group: &GroupId) -> Vec<u8> {
    [&[ASKING], group.as_bytes().as_slice()].concat()
}

/// By which epochs of a group this device knows its copy ([`crate::core`]'s `Epochs`).
pub(crate) fn epochs(group: &GroupId) -> Vec<u8> {
    [&[EPOCHS], group.as_bytes().as_slice()].concat()
}

/// When this account came into a group, by the relay's clock: what stands before was shared with it.
pub(crate) fn came(group: &GroupId) -> Vec<u8> {
    [&[CAME], group.as_bytes().as_slice()].concat()
}

pub(crate) fn reorder_buffer(log: &LogId) -> Vec<u8> {
    [&[EARLY], log.as_bytes().as_slice()].concat()
}

/// The account data of a conversation.
pub(crate) fn account_data(id: &ConversationId) -> Vec<u8> {
    [&[ACCOUNT_DATA], id.0.as_slice()].concat()
}

/// The relations of one message of a conversation ([`crate::domain::relation::Relations`]).
pub(crate) fn relations(id: &ConversationId, message: &[u8; 16]) -> Vec<u8> {
    [&relations_in(id), message.as_slice()].concat()
}

/// The prefix of all relations of a conversation.
pub(crate) fn relations_in(id: &ConversationId) -> Vec<u8> {
    [&[RELATIONS], id.0.as_slice()].concat()
}

/// How the person keeps a conversation in the list ([`crate::domain::marks::Marks`]).
pub(crate) fn marks(id: &ConversationId) -> Vec<u8> {
    [&[MARKS], id.0.as_slice()].concat()
}

/// The standing of a conversation ([`crate::domain::standing::Standing`]).
pub(crate) fn standing(id: &ConversationId) -> Vec<u8> {
    [&[STANDING], id.0.as_slice()].concat()
}

/// What this device stores of another account ([`crate::domain::consent::Stance`]).
pub(crate) fn stance(peer: &AccountId) -> Vec<u8> {
    [&[STANCE], peer.as_bytes().as_slice()].concat()
}

/// Welcomes of the commit of a log that is on its way.
pub(crate) fn welcomes(log: &LogId) -> Vec<u8> {
    [&[WELCOMES], log.as_bytes().as_slice()].concat()
}

/// A chat that came from a backup file of another account ([`crate::domain::archive::Archive`]).
pub(crate) fn archive(id: &ConversationId) -> Vec<u8> {
    [&[ARCHIVE], id.0.as_slice()].concat()
}

/// What this device has of a file ([`crate::attachment::local::LocalFile`]).
pub(crate) fn file(id: &FileId) -> Vec<u8> {
    [&[FILE], id.0.as_slice()].concat()
}

/// How long messages last in a conversation ([`crate::domain::expiry::Timer`]).
pub(crate) fn timer(id: &ConversationId) -> Vec<u8> {
    [&[TIMER], id.0.as_slice()].concat()
}

/// A message that will disappear ([`crate::domain::expiry::Expiring`]).
pub(crate) fn expiring(id: &ConversationId, order: &Order) -> Vec<u8> {
    [&[EXPIRING], id.0.as_slice(), &order.to_bytes()].concat()
}

pub(crate) const ALL_TIMERS: &[u8] = &[TIMER];
pub(crate) const ALL_EXPIRING: &[u8] = &[EXPIRING];
pub(crate) const ALL_MARKS: &[u8] = &[MARKS];
pub(crate) const ARCHIVES: &[u8] = &[ARCHIVE];
pub(crate) const CONTACTS: &[u8] = &[CONTACT];
pub(crate) const CONVERSATIONS: &[u8] = &[CONVERSATION];
pub(crate) const FILES: &[u8] = &[FILE];
pub(crate) const GROUP_CHATS: &[u8] = &[GROUP_CHAT];
pub(crate) const ALL_GROUP_LINKS: &[u8] = &[GROUP_LINKS];
pub(crate) const ALL_ENTERING: &[u8] = &[ENTERING];
pub(crate) const ALL_PAST_ERAS: &[u8] = &[PAST_ERAS];
pub(crate) const ALL_CATCHING_UP: &[u8] = &[CATCHING_UP];
pub(crate) const ALL_ASKING: &[u8] = &[ASKING];
pub(crate) const ALL_UNPROVEN: &[u8] = &[UNPROVEN];
pub(crate) const LOGS: &[u8] = &[LOG];
pub(crate) const OUTBOXES: &[u8] = &[OUTBOX];
pub(crate) const ALL_ACCOUNT_DATA: &[u8] = &[ACCOUNT_DATA];
pub(crate) const STANCES: &[u8] = &[STANCE];

#[cfg(test)]
mod tests {
    use super::*;

    /// A record that had another name would not be found on the disks that there are.
    #[test]
    fn names_are_a_kind_and_what_it_is_about() {
        let (account, about_account) = (AccountId([0xAA; 32]), [0xAA; 32].as_slice());
        let (in_log, about_log) = (LogId([0xBB; 16]), [0xBB; 16].as_slice());
        let (group, about_group) = (GroupId([0xDD; 16]), [0xDD; 16].as_slice());
        let (id, about_id) = (ConversationId([0xCC; 16]), [0xCC; 16].as_slice());
        let about_number = [0, 0, 0, 0, 0, 0, 1, 2].as_slice();
        for (name, kind, about) in [
            (contact(&account), 3, about_account),
            (conversation(&id), 4, about_id),
            (log(&in_log), 5, about_log),
            (pending(&in_log), 49, about_log),
            (outbox(0x0102), 6, about_number),
            (transcript(&in_log), 8, about_log),
            (reorder_buffer(&in_log), 9, about_log),
            (group_era(&in_log), 50, about_log),
            (welcomes(&in_log), 12, about_log),
            (group_chat(&group), 51, about_group),
            (invitation(&group), 52, about_group),
            (early_welcomes(&group), 53, about_group),
            (group_links(&group), 66, about_group),
            (group_package(&in_log), 67, about_log),
            (entering(&group), 68, about_group),
            (past_eras(&group), 69, about_group),
            (catching_up(&group), 70, about_group),
            (unproven(&group), 71, about_group),
            (ask_key(&in_log), 90, about_log),
            (group_asks(&group), 91, about_group),
            (asking(&group), 92, about_group),
            (epochs(&group), 93, about_group),
            (came(&group), 94, about_group),
            (archive(&id), 26, about_id),
            (file(&FileId([0xEE; 16])), 60, [0xEE; 16].as_slice()),
            (account_data(&id), 30, about_id),
            (standing(&id), 34, about_id),
            (relations_in(&id), 54, about_id),
            (marks(&id), 55, about_id),
            (timer(&id), 80, about_id),
            (
                expiring(&id, &Order::from_bytes(&[0xEE; 48])),
                81,
                &[[0xCC; 16].as_slice(), &[0xEE; 48]].concat(),
            ),
            (relations(&id, &[0xEE; 16]), 54, &[[0xCC; 16], [0xEE; 16]].concat()),
            (stance(&account), 46, about_account),
        ] {
            assert_eq!(name, [&[kind], about].concat());
        }
    }
}
