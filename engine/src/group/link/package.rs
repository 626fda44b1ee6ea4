//! The package that members leave at the relay for joiners from outside, and for members who lack a link's public keys: the
//! group as it is at the beginning of a group era. Whoever has the era's secret opens the package.

use parley_crypto::aead::{self, XNonce};
use parley_protocol::ids::LogId;
use parley_protocol::limits::{MAX_GROUP_INFO, MAX_LINKS};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::LinkKeys;
use crate::channel::group_era::{GroupEra, PastEra};
use crate::domain::content::MAX_PICTURE;
use crate::group::codec::{self, FormatError};
use crate::group::names::SignedName;

/// The first byte, inside and outside.
const FORMAT: u8 = 1;
/// The first byte inside, where who asks to be let in finds what to seal their request to.
const WITH_ASKS: u8 = 2;
/// Longest such key.
const MAX_ASK_KEY: usize = 2_048;
const LABEL: &[u8] = b"parley group package v1\0";
/// Most names: one for each leaf that a group may have.
const MAX_NAMES: usize = 256;
/// Most earlier eras.
const MAX_ERAS: usize = 128;

/// The package of a group era.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    /// The GroupInfo without the ratchet tree (an MLS message), and the ratchet tree.
    #[serde(with = "serde_bytes")]
    pub(crate) group_info: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(crate) tree: Vec<u8>,
    /// The public keys of all links of the policy, as far as members know them.
    pub(crate) keys: Vec<LinkKeys>,
    /// The group's picture, whose hash is in the policy.
    #[serde(with = "serde_bytes")]
    pub(crate) picture: Vec<u8>,
    /// The names of members.
    pub(crate) names: Vec<SignedName>,
    /// Earlier eras, oldest first, if the group keeps its messages.
    pub(crate) past: Vec<PastEra>,
}

impl Package {
    fn is_bounded(&self) -> bool {
        self.keys.len() <= MAX_LINKS
            && self.picture.len() <= MAX_PICTURE
            && self.names.len() <= MAX_NAMES
            && self.past.len() <= MAX_ERAS
    }

    /// Seals it for a log in a group era, with what requests to be let in are sealed to; none if it is too large for the relay. The
    /// nonce comes from a CSPRNG.
    pub(crate) fn seal(
        &self,
        asks: Option<&[u8]>,
        era: &GroupEra,
        log: LogId,
        nonce: &XNonce,
    ) -> Option<Vec<u8>> {
        let plaintext = match asks {
            Some(asks) => codec::encode(WITH_ASKS, &(self, serde_bytes::Bytes::new(asks))),
            None => codec::encode(FORMAT, self),
        };
        let sealed = aead::xseal(&era.package_key(), nonce, &associated_data(log), &plaintext);
        #[cfg(feature = "audit")]
        parley_crypto::audit::sealed(
            parley_crypto::audit::For::Commit,
            era.package_key().as_slice(),
            nonce.as_slice(),
            &sealed,
        );
        let bytes = [&[FORMAT], nonce.as_slice(), &sealed].concat();
        (self.is_bounded() && bytes.len() <= MAX_GROUP_INFO).then_some(bytes)
    }

    /// Opens what [`Self::seal`] made for the same log in the same era.
    pub(crate) fn open(era: &GroupEra, log: LogId, bytes: &[u8]) -> Result<Self, FormatError> {
        Self::open_with_asks(era, log, bytes).map(|(package, _)| package)
    }

    /// The same, with what requests to be let in are sealed to.
    pub(crate) fn open_with_asks(
        era: &GroupEra,
        log: LogId,
        bytes: &[u8],
    ) -> Result<(Self, Option<Vec<u8>>), FormatError> {
        let rest = match bytes.split_first() {
            Some((&FORMAT, rest)) => rest,
            Some((format, _)) if *format > FORMAT => return Err(FormatError::Newer),
            _ => return Err(FormatError::Malformed),
        };
        let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(FormatError::Malformed)?;
        let opened = aead::xopen(&era.package_key(), nonce, &associated_data(log), sealed);
        let plaintext = opened.map_err(|_| FormatError::Malformed)?;
        let (package, asks): (Self, Option<Vec<u8>>) = if plaintext.first() == Some(&WITH_ASKS) {
            let (package, asks): (Self, ByteBuf) = codec::decode(WITH_ASKS, MAX_GROUP_INFO, &plaintext)?;
            (package, Some(asks.into_vec()))
        } else {
            (codec::decode(FORMAT, MAX_GROUP_INFO, &plaintext)?, None)
        };
        let fits = asks.as_ref().is_none_or(|asks| asks.len() <= MAX_ASK_KEY);
        if package.is_bounded() && fits { Ok((package, asks)) } else { Err(FormatError::Malformed) }
    }
}

fn associated_data(log: LogId) -> Vec<u8> {
    [LABEL, log.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::UnixMillis;

    use super::*;
    use crate::group::link::LinkSecret;

    const LOG: LogId = LogId([3; 16]);

    fn era(number: u8) -> GroupEra {
        GroupEra::new([number; 32], UnixMillis(0))
    }

    fn package() -> Package {
        let keys = vec![LinkSecret::new([4; 32]).keys()];
        Package {
            group_info: vec![1; 40],
            tree: vec![3; 60],
            keys,
            picture: vec![2; 8],
            names: Vec::new(),
            past: Vec::new(),
        }
    }

    #[test]
    fn the_format_is_pinned() {
        let sealed = Package { keys: Vec::new(), ..package() }.seal(None, &era(1), LOG, &[5; 24]).unwrap();
        insta::assert_snapshot!(crate::hex(&sealed));
        let sealed = package().seal(None, &era(1), LOG, &[5; 24]).unwrap();
        assert_eq!(Package::open(&era(1), LOG, &sealed), Ok(package()));
        assert_eq!(Package::open(&era(1), LOG, &[2; 80]), Err(FormatError::Newer));
    }

    #[test]
    fn the_format_with_a_key_for_requests_is_pinned() {
        let sealed =
            Package { keys: Vec::new(), ..package() }.seal(Some(&[6; 8]), &era(1), LOG, &[5; 24]).unwrap();
        insta::assert_snapshot!(crate::hex(&sealed));
        let sealed = package().seal(Some(&[6; 8]), &era(1), LOG, &[5; 24]).unwrap();
        assert_eq!(Package::open_with_asks(&era(1), LOG, &sealed), Ok((package(), Some(vec![6; 8]))));
        assert_eq!(Package::open(&era(1), LOG, &sealed), Ok(package()));
        let sealed = package().seal(Some(&[6; MAX_ASK_KEY + 1]), &era(1), LOG, &[5; 24]).unwrap();
        assert_eq!(Package::open(&era(1), LOG, &sealed), Err(FormatError::Malformed));
    }

    #[test]
    fn p1_it_opens_only_in_its_era_and_its_log() {
        let sealed = package().seal(None, &era(1), LOG, &[5; 24]).unwrap();
        assert!(Package::open(&era(2), LOG, &sealed).is_err());
        assert!(Package::open(&era(1), LogId([4; 16]), &sealed).is_err());
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert!(Package::open(&era(1), LOG, &flipped).is_err(), "byte {index}");
            assert!(Package::open(&era(1), LOG, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn what_is_too_large_is_neither_left_nor_read() {
        let large = Package { tree: vec![1; MAX_GROUP_INFO], ..package() };
        assert_eq!(large.seal(None, &era(1), LOG, &[5; 24]), None);
        let picture = Package { picture: vec![1; MAX_PICTURE + 1], ..package() };
        assert_eq!(picture.seal(None, &era(1), LOG, &[5; 24]), None);
    }
}
