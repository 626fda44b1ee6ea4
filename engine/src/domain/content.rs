//! The content of an MLS application message, with names and meaning after draft-ietf-mimi-content.
//!
//! `version (1) || postcard(Envelope) || padding`. An envelope carries its kind as a number, its body as bytes, and optional
//! fields by tag. So a newer version can add kinds and fields, and an older version still knows that a message came, from
//! whom, and whether to show "sent by a newer version". What the views show is a [`Part`], which every version stores and
//! passes on unchanged.

pub(crate) mod files;
mod part;

use parley_protocol::device_log::{LogHead, Signature};
use parley_protocol::ids::{AccountId, DeviceId, Epoch, Era, GroupId, LogId, MessageId, Seq, UnixMillis};
use parley_protocol::padding::{pad_message, unpad};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use self::part::{Fields, Part};
use crate::backup::DataKey;
use crate::channel::late::{AllMadeUp, Lacking, MadeUp};
use crate::channel::reach::Reach;
use crate::channel::transcript::Claim;
use crate::domain::consent::{OwnToken, Token, Told};
use crate::domain::conversation::ConversationKey;
use crate::domain::deletion::Deleted;
use crate::domain::device_note::Note;
use crate::domain::draft::{Draft, DraftSetting};
use crate::domain::expiry::Timer;
use crate::domain::marks::Marks;
use crate::domain::message::Message;
use crate::domain::order::Order;
use crate::domain::visible::is_blank;
use crate::group::evidence::LeaveStatement;
use crate::group::link::LinkSecret;
use crate::group::link::ask::AskNews;
use crate::group::names::SignedName;
use crate::group::past::Past;
use crate::recovery::BackupAddress;
use crate::table::Table;

const VERSION: u8 = 1;
const RECEIPT: u16 = 2;
const PROFILE: u16 = 3;
const RESYNC: u16 = 4;
const SYNC: u16 = 5;
const RECEIPTS: u16 = 6;
const STAND: u16 = 7;
const LEAVE: u16 = 8;
const PICTURE: u16 = 9;
const NAMES: u16 = 10;
const PAST: u16 = 20;
const KEPT: u16 = 21;
const ASKS: u16 = 40;
const GROUP_AT: u16 = 41;
/// Tag of the field with the sender's [`Claim`].
const CLAIM: u16 = 1;
/// Tag of the field with the claim since the log's first entry.
const WHOLE_CLAIM: u16 = 4;
/// Tag of the field with the first [`Place`] of a message that is sent again.
const PLACE: u16 = 2;
/// Tag of the field with the [`Token`] of the reader's invite link.
const TOKEN: u16 = 3;
/// Tag of the field with the author's signature, in groups.
const SIGNATURE: u16 = 18;
/// Largest picture of a group, in bytes.
pub(crate) const MAX_PICTURE: usize = 48 * 1024;
/// Longest display name, in characters.
pub(crate) const MAX_NAME: usize = 64;

/// The bytes are not content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message's content is malformed")]
pub(crate) struct ContentError;

/// The first half of a [`LogHead`]'s hash is enough to tell forks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadHint {
    pub(crate) length: u32,
    /// The beginning of the hash: long enough that the signer of the entries finds no two that begin alike.
    pub(crate) hash: [u8; 16],
}

impl HeadHint {
    pub(crate) fn of(head: &LogHead) -> Self {
        let hash = head.hash.0.first_chunk::<16>().copied().unwrap_or_default();
        Self { length: head.length, hash }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    id: MessageId,
    time: UnixMillis,
    head: HeadHint,
    /// A client that does not know the kind shows nothing.
    silent: bool,
    kind: u16,
    body: Vec<u8>,
    /// Optional fields by tag (in-reply-to, expires and so on, in versions to come).
    fields: Fields,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) id: MessageId,
    /// By the sender's clock.
    pub(crate) time: UnixMillis,
    /// The sender's own device log, as the sender knows it.
    pub(crate) head: HeadHint,
    /// The sender's history hash of the log.
    pub(crate) claim: Option<Claim>,
    /// From the reader's invite link, by which the sender found the reader.
    pub(crate) token: Option<Token>,
    /// By the author's device, in groups ([`crate::group::proof`]).
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Body,
}

/// The body of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// A part: what a person wrote.
    Part(Part),
    Receipt(Receipt),
    Profile(Profile),
    /// A kind of a newer version that shows nothing.
    Unknown {
        kind: u16,
    },
    Resync(Resync),
    Again(Again),
    Sync(Sync),
    /// Receipts of other logs of the conversation, which cannot be told there any more.
    Receipts(Vec<ReceiptOf>),
    Stand(Stand),
    /// The sending account leaves the group.
    Leave(LeaveStatement),
    /// The group's picture, for members who lack it.
    Picture(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Names of members of a group.
    Names(Vec<SignedName>),
    /// Messages of a group from before a member joined, for that member.
    Past(Box<Past>),
    /// The part stands beside the MLS message, kept for later members: SHA-256 of the kept message ([`crate::group::past`]).
    Kept([u8; 32]),
    /// Who asks to be let into a group, and who is not.
    Asks(Box<AskNews>),
    /// In which copy of a group the sender is.
    GroupAt(GroupAt),
}

/// What the devices of an account tell each other, in their own conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sync {
    /// Contacts.
    Cards(Vec<Card>),
    /// The account's name and settings.
    Settings(Settings),
    /// The sending device's note about itself.
    Note(Note),
    /// The person's name for a device.
    Named(DeviceId, String),
    /// History for a newly linked device.
    History(History),
    /// The sending device is new in this conversation: it can read what comes from now on.
    Hello,
    /// How the backup is sealed.
    Backup(Box<BackupNews>),
    /// The person deleted something.
    Deleted(Deleted),
    /// Whether devices tell drafts.
    DraftSetting(DraftSetting),
    /// The draft of a conversation.
    Draft(Draft),
    /// How far logs were read, if no read receipt says so.
    Read(Vec<(LogId, Seq)>),
    /// Messages of a conversation whose records the sending device has lost: a device that has them sends them.
    Lost(ConversationKey, Vec<Order>),
    /// The relay has lost entries of a log with somebody, which the sending device has read up to this reach.
    RolledBack(ConversationKey, LogId, Reach),
    /// The sending device came back by the phrase: it lacks the account's own texts after these places or, without a backup,
    /// everything.
    Lacks(Option<Table<LogId, Seq>>),
    /// The sending device has handed over everything that was lacking.
    HandedOver,
    /// The sending device was added to logs late.
    Lacking(Box<Lacking>),
    /// Messages that another device lacks of these logs.
    MadeUp(Box<MadeUp>),
    /// The end of such an answer.
    AllMadeUp(AllMadeUp),
    /// Decisions about whom the person wants to hear from.
    Stances(Vec<Told>),
    /// The token of the account's invite link.
    Token(OwnToken),
    /// Whether the person joins a group to which the account was added.
    Group(GroupId, bool),
    /// The account made an invite link of a group.
    GroupLink(GroupId, LinkSecret),
    /// The person's marks on a conversation in the list.
    Marks(Marks),
    /// How long messages last in a conversation.
    Timer(Timer),
}

/// How the account's backup is sealed. News from after the last removal are valid, and of these the greatest generation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupNews {
    /// How many devices had been removed from the account when the key was drawn. A removed device knows no later key.
    pub(crate) removals: u32,
    /// Counts the changes since that removal.
    pub(crate) generation: u32,
    /// Whether there is to be a backup.
    pub(crate) on: bool,
    pub(crate) address: BackupAddress,
    pub(crate) key: DataKey,
}

impl BackupNews {
    /// Greater for news that replace the other; of two sent at once, all devices choose the same.
    pub(crate) fn order(&self) -> (u32, u32, &DataKey) {
        (self.removals, self.generation, &self.key)
    }
}

impl core::fmt::Debug for BackupNews {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BackupNews(..)")
    }
}

/// A contact as the account knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) account: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) verified: bool,
}

/// Messages of one conversation, from before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) conversation: ConversationKey,
    pub(crate) messages: Vec<Message>,
    /// What the contact has received and read.
    pub(crate) receipts: Vec<ReceiptOf>,
}

/// The last receipt of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptOf {
    pub(crate) log: LogId,
    pub(crate) receipt: Receipt,
}

/// The newest version of the settings is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) read_receipts: bool,
}

/// "I cannot use this log any more. Send again what you wrote in it after this place."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resync {
    pub(crate) log: LogId,
    pub(crate) after: Seq,
    /// The relay has lost entries of the log: the sending device has read it up to this reach.
    pub(crate) reach: Option<Reach>,
    /// "And tell me how many texts of mine stand there."
    pub(crate) count: bool,
}

/// "This many texts of yours stand in this log after the place that you named." The reader asked for that, and was sent the
/// sender's texts before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stand {
    pub(crate) log: LogId,
    pub(crate) yours: u32,
}

/// A message that is sent again, and its first place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Again {
    pub(crate) place: Place,
    pub(crate) part: Part,
}

/// The first place of a message, and when the relay stored it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) log: LogId,
    pub(crate) seq: Seq,
    pub(crate) stored: UnixMillis,
    /// The era in which the relay gave out the place, if that is known.
    pub(crate) era: Option<Era>,
}

/// "Everything of others in this log up to here", said by the sending device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) delivered: Seq,
    pub(crate) read: Seq,
}

impl Receipt {
    /// The maximum of both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { delivered: self.delivered.max(other.delivered), read: self.read.max(other.read) }
    }
}

/// "In this epoch of a group its authenticator is this for me." Between two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupAt {
    /// Names the group to who knows it.
    pub(crate) group: [u8; 16],
    pub(crate) epoch: Epoch,
    /// The beginning of the epoch's authenticator.
    pub(crate) authenticator: [u8; 16],
    /// The other is asked for theirs.
    pub(crate) asks: bool,
}

/// What a person wants to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
}

impl Content {
    /// The padded bytes to encrypt.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, ContentError> {
        let (kind, silent, body, mut fields) = match &self.body {
            Body::Part(part) | Body::Again(Again { part, .. }) => {
                let (kind, body, fields) = part.clone().into_raw();
                (kind, false, body, fields)
            }
            Body::Receipt(receipt) => silent(RECEIPT, receipt)?,
            Body::Profile(profile) => silent(PROFILE, profile)?,
            Body::Resync(resync) => silent(RESYNC, resync)?,
            Body::Stand(stand) => silent(STAND, stand)?,
            Body::Sync(sync) => silent(SYNC, sync)?,
            Body::Receipts(receipts) => silent(RECEIPTS, receipts)?,
            Body::Leave(statement) => silent(LEAVE, statement)?,
            Body::Names(names) => silent(NAMES, names)?,
            Body::Past(past) => silent(PAST, past)?,
            Body::Asks(news) => silent(ASKS, news)?,
            Body::GroupAt(at) => silent(GROUP_AT, at)?,
            // It is shown by a version that can read it.
            Body::Kept(hash) => (KEPT, false, hash.to_vec(), Fields::new()),
            Body::Picture(picture) => (PICTURE, true, picture.clone(), Fields::new()),
            Body::Unknown { kind } => (*kind, true, Vec::new(), Fields::new()),
        };
        if let Some(claim) = &self.claim {
            fields.push((if claim.whole { WHOLE_CLAIM } else { CLAIM }, to_bytes(claim)?));
        }
        if let Some(token) = &self.token {
            fields.push((TOKEN, to_bytes(token)?));
        }
        if let Some(signature) = &self.signature {
            fields.push((SIGNATURE, to_bytes(signature)?));
        }
        if let Body::Again(again) = &self.body {
            fields.push((PLACE, to_bytes(&again.place)?));
        }
        let (id, time, head) = (self.id, self.time, self.head);
        let envelope = Envelope { id, time, head, silent, kind, body, fields };
        let mut bytes = postcard::to_extend(&envelope, vec![VERSION]).map_err(|_| ContentError)?;
        pad_message(&mut bytes);
        Ok(bytes)
    }

    /// Reads decrypted bytes.
    pub(crate) fn decode(padded: &[u8]) -> Result<Self, ContentError> {
        let [VERSION, bytes @ ..] = unpad(padded).map_err(|_| ContentError)? else {
            return Err(ContentError);
        };
        let envelope: Envelope = match postcard::take_from_bytes(bytes) {
            Ok((envelope, [])) => envelope,
            _ => return Err(ContentError),
        };
        let Envelope { id, time, head, silent, kind, body, mut fields } = envelope;
        let token = take(&mut fields, TOKEN)?;
        let whole = take(&mut fields, WHOLE_CLAIM)?.map(|claim| Claim { whole: true, ..claim });
        let claim = whole.or(take(&mut fields, CLAIM)?);
        let place = take(&mut fields, PLACE)?;
        let signature = take(&mut fields, SIGNATURE)?;
        let body = match kind {
            RESYNC => Body::Resync(from_bytes(&body)?),
            STAND => Body::Stand(from_bytes(&body)?),
            RECEIPT => Body::Receipt(from_bytes(&body)?),
            RECEIPTS => Body::Receipts(from_bytes(&body)?),
            LEAVE => Body::Leave(from_bytes(&body)?),
            NAMES => Body::Names(from_bytes(&body)?),
            PAST => Body::Past(from_bytes(&body)?),
            ASKS => Body::Asks(from_bytes(&body)?),
            GROUP_AT => Body::GroupAt(from_bytes(&body)?),
            KEPT => Body::Kept(body.try_into().map_err(|_| ContentError)?),
            PICTURE if body.len() <= MAX_PICTURE => Body::Picture(body),
            PROFILE => profile(&body)?,
            // A newer version on another device may send more.
            SYNC => from_bytes(&body).map_or(Body::Unknown { kind: SYNC }, Body::Sync),
            kind if silent => Body::Unknown { kind },
            kind => {
                let part = Part::read(kind, body, fields)?;
                match place {
                    Some(place) => Body::Again(Again { place, part }),
                    None => Body::Part(part),
                }
            }
        };
        Ok(Self { id, time, head, claim, token, signature, body })
    }
}

/// The parts of a body that views do not show: kind, whether it is silent, body and fields.
fn silent(kind: u16, body: &impl Serialize) -> Result<(u16, bool, Vec<u8>, Fields), ContentError> {
    Ok((kind, true, to_bytes(body)?, Fields::new()))
}

fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, ContentError> {
    postcard::to_allocvec(value).map_err(|_| ContentError)
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ContentError> {
    postcard::from_bytes(bytes).map_err(|_| ContentError)
}

/// Removes and decodes an optional field. A malformed field makes the whole content malformed.
fn take<T: DeserializeOwned>(fields: &mut Fields, tag: u16) -> Result<Option<T>, ContentError> {
    let place = fields.iter().position(|(known, _)| *known == tag);
    place.map(|place| from_bytes(&fields.remove(place).1)).transpose()
}

fn profile(bytes: &[u8]) -> Result<Body, ContentError> {
    let profile: Profile = from_bytes(bytes)?;
    let name = display_name(&profile.name).ok_or(ContentError)?;
    Ok(Body::Profile(Profile { name }))
}

/// A display name without control and direction characters and surrounding white space, of 1 to 64 characters of which at
/// least one is visible.
pub(crate) fn display_name(text: &str) -> Option<String> {
    let cleaned: String = text.chars().filter(|c| !c.is_control() && !is_format(*c)).collect();
    let trimmed = cleaned.trim();
    let fits = !is_blank(trimmed) && trimmed.chars().count() <= MAX_NAME;
    fits.then(|| trimmed.to_owned())
}

/// Direction overrides and invisible characters, with which a name could imitate another.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests;
