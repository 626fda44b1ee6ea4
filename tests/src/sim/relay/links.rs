//! The virtual relay's link slots, joins by invite link, and the GroupInfo for them.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::frame::{
    Answer, AskToJoin, EntryKind, JoinByLink, LinkOffer, LinkSlot, LinkSlots, RelayError, Request, Stored,
};
use parley_protocol::ids::{AppendId, Epoch, Era, LogId, UnixMillis};
use parley_protocol::limits::MAX_LINK_OFFERS;

use super::{Log, VirtualRelay, stored_one};

impl VirtualRelay {
    pub(super) fn answer_link(&mut self, request: Request) -> Result<Answer, RelayError> {
        match request {
            Request::CreateLinkedLog(request) => self.create(request.creation, request.links),
            Request::AppendLinkedCommit(request) if request.commit.next_read.is_none() => {
                Err(RelayError::BadRequest)
            }
            Request::AppendLinkedCommit(request) => self.commit(request.commit, request.links),
            Request::OpenLink(link) => self.open_link(&link),
            Request::JoinByLink(join) => self.join(join),
            Request::AskToJoin(ask) => self.ask(ask),
            Request::FetchGroupInfo { log, capability } => {
                let log = self.logs.get(&log).ok_or(RelayError::UnknownLog)?;
                log.sealed_group_info(&capability)
            }
            other => self.answer_blob(other),
        }
    }

    fn open_link(&self, link: &Capability) -> Result<Answer, RelayError> {
        let (link, now) = (link.hash(), self.now);
        let mut led: Vec<(&LogId, &Log)> = self.logs.iter().collect();
        led.sort_by_key(|(_, log)| std::cmp::Reverse(log.made));
        let offers = led.into_iter().filter_map(|(id, log)| {
            log.slot(now, &link).map(|slot| LinkOffer { log: *id, wrap: slot.wrap.clone() })
        });
        let offers: Vec<LinkOffer> = offers.take(MAX_LINK_OFFERS).collect();
        if offers.is_empty() {
            Err(RelayError::UnknownLink)
        } else {
            Ok(Answer::Links(List::new(offers).unwrap()))
        }
    }

    fn join(&mut self, join: JoinByLink) -> Result<Answer, RelayError> {
        let place = self.by_link(&join.log, &join.link, (join.epoch, join.append));
        let (now, place) = match place? {
            Ok(place) => (self.now, place),
            Err(stored) => return Ok(stored_one(stored)),
        };
        let log = self.logs.get_mut(&join.log).ok_or(RelayError::UnknownLink)?;
        let stored = log.push(now, place, EntryKind::Commit, join.commit.into_vec());
        log.epoch = join.epoch.next();
        log.capabilities.insert(log.epoch, join.next_append);
        Ok(stored_one(stored))
    }

    fn ask(&mut self, ask: AskToJoin) -> Result<Answer, RelayError> {
        let place = self.by_link(&ask.log, &ask.link, (ask.epoch, ask.append));
        let (now, place) = match place? {
            Ok(place) => (self.now, place),
            Err(stored) => return Ok(stored_one(stored)),
        };
        let log = self.logs.get_mut(&ask.log).ok_or(RelayError::UnknownLink)?;
        Ok(stored_one(log.push(now, place, EntryKind::Message, ask.ask.into_vec())))
    }

    /// Where an entry that comes by a link stands, or where it stands already.
    fn by_link(
        &self,
        log: &LogId,
        link: &Capability,
        (epoch, append): (Epoch, AppendId),
    ) -> Result<Result<(Epoch, Era, AppendId), Stored>, RelayError> {
        let link = link.hash();
        let log = self.logs.get(log).ok_or(RelayError::UnknownLink)?;
        if let Some(stored) = log.stored(&append) {
            return Ok(Err(stored));
        }
        if log.slot(self.now, &link).is_none() {
            return Err(RelayError::UnknownLink);
        }
        if append.0[..8] != link.0[..8] {
            return Err(RelayError::BadRequest);
        }
        if epoch != log.epoch {
            return Err(RelayError::StaleEpoch { current: log.epoch });
        }
        Ok(Ok((epoch, self.era, append)))
    }

    /// The wraps that lead into a log, by the hashes of their links' capabilities.
    #[must_use]
    pub fn links_of(&self, log: &LogId) -> Vec<LinkSlot> {
        self.logs.get(log).map(|log| log.links.to_vec()).unwrap_or_default()
    }

    /// Gives a test access to the GroupInfo of every log.
    pub fn group_infos_mut(&mut self) -> impl Iterator<Item = (&LogId, &mut Vec<u8>)> {
        self.logs.iter_mut().filter_map(|(id, log)| Some((id, log.group_info.as_mut()?)))
    }
}

impl Log {
    /// The slot by which a link leads into this log now.
    fn slot(&self, now: UnixMillis, link: &CapabilityHash) -> Option<&LinkSlot> {
        self.links.iter().find(|slot| slot.link == *link && slot.expires.is_none_or(|expires| now <= expires))
    }

    fn sealed_group_info(&self, capability: &Capability) -> Result<Answer, RelayError> {
        if self.era_of(capability)? != self.era_at(self.epoch) {
            return Err(RelayError::StaleEpoch { current: self.epoch });
        }
        let sealed = self.group_info.clone().map(|info| Bytes::new(info).unwrap());
        Ok(Answer::GroupInfo { epoch: self.epoch, sealed })
    }
}

/// Checks that each link occurs once.
pub(super) fn distinct(links: &LinkSlots) -> Result<(), RelayError> {
    let first = |index: usize| links[..index].iter().all(|other| other.link != links[index].link);
    if (0..links.len()).all(first) { Ok(()) } else { Err(RelayError::BadRequest) }
}
