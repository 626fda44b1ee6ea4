//! The code that a person types: `ABCD-EFGH`. The first half names the rendezvous slot, the second is the password of a
//! SPAKE2 exchange (RFC 9382's protocol, over Ed25519's group as the crate has it). A relay, or another attacker between the
//! devices, can try one password at each end, and a wrong one ends the exchange at that end. One guess is not enough for an
//! account at either end: the account's device asks for the two digits ([`super::check`]) that the new device shows, and the
//! new device shows none unless its own end of the exchange succeeded.

use core::fmt;

use parley_crypto::MlsRandom;
use parley_crypto::spake2::{self, Side};
use parley_protocol::ids::SlotId;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::channel::{Channel, ChannelError, End};
use crate::domain::visible::{is_dash, is_invisible};

/// Who takes part in the exchange, whoever begins.
const NAMES: (&[u8], &[u8]) = (b"parley link shows", b"parley link types");
/// Without the letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const HALF: usize = 4;
const SLOT: &[u8] = b"parley typed slot v1\0";

/// Eight characters: 20 bits for the slot, 20 bits for the password.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct TypedCode {
    slot: [u8; HALF],
    password: [u8; HALF],
}

impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode(..)")
    }
}

impl TypedCode {
    pub(crate) fn draw(random: &MlsRandom) -> Self {
        let half = || random.array::<HALF>().map(|byte| letter(byte & 31));
        Self { slot: half(), password: half() }
    }

    /// As it is shown.
    pub(crate) fn text(&self) -> String {
        let half = |half: &[u8; HALF]| half.iter().map(|byte| char::from(*byte)).collect::<String>();
        format!("{}-{}", half(&self.slot), half(&self.password))
    }

    /// Whether the text is a code just as it is shown, which no username is: those are not written in capitals.
    pub(crate) fn is_as_shown(text: &str) -> bool {
        Self::parse(text).is_some_and(|code| code.text() == text.trim())
    }

    /// Reads what somebody typed: case, blanks, dashes of any kind and a full stop do not matter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letters: Vec<u8> = text
            .trim()
            .trim_end_matches('.')
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-' && !is_dash(*c) && !is_invisible(*c))
            .map(|c| u8::try_from(c).unwrap_or_default().to_ascii_uppercase())
            .collect();
        let (slot, rest) = letters.split_first_chunk::<HALF>()?;
        let password: &[u8; HALF] = rest.try_into().ok()?;
        let known = |byte: &u8| ALPHABET.contains(byte);
        (slot.iter().all(known) && password.iter().all(known))
            .then_some(Self { slot: *slot, password: *password })
    }

    /// The slot that the first half names.
    pub(crate) fn slot(&self) -> SlotId {
        let digest: [u8; 32] = Sha256::new().chain_update(SLOT).chain_update(self.slot).finalize().into();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        SlotId(id)
    }
}

fn letter(value: u8) -> u8 {
    ALPHABET.get(usize::from(value)).copied().unwrap_or(b'2')
}

/// One side of the exchange, between its first message and the other's.
pub(crate) struct Exchange {
    state: spake2::Exchange,
    end: End,
    slot: SlotId,
}

impl Exchange {
    /// Begins; the message is for the other.
    pub(crate) fn begin(code: &TypedCode, end: End, random: &MlsRandom) -> (Self, Vec<u8>) {
        let side = match end {
            End::Shows => Side::A,
            End::Reads => Side::B,
        };
        let (state, message) = spake2::Exchange::begin(side, &code.password, NAMES, random);
        (Self { state, end, slot: code.slot() }, message)
    }

    /// Takes the other's message. Whether both typed the same shows when something is opened.
    pub(crate) fn finish(self, message: &[u8]) -> Result<Channel, ChannelError> {
        let secret = self.state.finish(message).map_err(|_| ChannelError)?;
        Channel::of_secret(&secret, self.end, self.slot)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn random() -> MlsRandom {
        MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(3))
    }

    fn exchange(shown: &TypedCode, typed: &TypedCode) -> (Channel, Channel) {
        let random = random();
        let (a, from_a) = Exchange::begin(shown, End::Shows, &random);
        let (b, from_b) = Exchange::begin(typed, End::Reads, &random);
        (a.finish(&from_b).unwrap(), b.finish(&from_a).unwrap())
    }

    /// 512 letters: that one of the 32 is missing by chance happens once in 300,000 seeds.
    #[test]
    fn p4_codes_use_all_letters() {
        let random = random();
        let mut letters: Vec<u8> = (0..64)
            .flat_map(|_| {
                let code = TypedCode::draw(&random);
                [code.slot, code.password].concat()
            })
            .collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 32);
    }

    #[test]
    fn what_was_shown_is_read_however_it_is_typed() {
        let code = TypedCode::draw(&random());
        let text = code.text();
        assert_eq!(text.len(), 9);
        for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), format!(" {text}\n")] {
            assert_eq!(TypedCode::parse(&typed), Some(code.clone()));
        }
        for typed in
            [text.replace('-', " \u{2013} "), format!("\u{200E}{text}."), text.replace('-', "\u{2011}")]
        {
            assert_eq!(TypedCode::parse(&typed), Some(code.clone()), "{typed}");
        }
        assert!(TypedCode::is_as_shown(&text));
        assert!(!TypedCode::is_as_shown("mary-ann"));
        for typed in ["", "ABCD", "ABCD-EFG", "ABCD-EFG0", "ABCD-EFGHJ", "ABCD-EFG\u{141}"] {
            assert_eq!(TypedCode::parse(typed), None, "{typed}");
        }
    }

    /// Who has recorded the exchange and what was sealed after it has nothing to try passwords on, the right one included.
    #[test]
    fn p4_passwords_cannot_be_tried_on_a_recording() {
        let (random, code) = (random(), TypedCode::draw(&random()));
        let (a, from_a) = Exchange::begin(&code, End::Shows, &random);
        let (b, from_b) = Exchange::begin(&code, End::Reads, &random);
        let (mut a, mut b) = (a.finish(&from_b).unwrap(), b.finish(&from_a).unwrap());
        let (first, second) = (b.seal(b"hello").unwrap(), a.seal(b"hello to you").unwrap());
        let candidates =
            (0..100).map(|_| TypedCode { password: TypedCode::draw(&random).password, ..code.clone() });
        for candidate in candidates.chain([code.clone()]) {
            let (shows, _) = Exchange::begin(&candidate, End::Shows, &random);
            let (reads, _) = Exchange::begin(&candidate, End::Reads, &random);
            assert!(shows.finish(&from_b).unwrap().open(&first).is_err());
            assert!(reads.finish(&from_a).unwrap().open(&second).is_err());
        }
        assert!(a.open(&first).is_ok() && b.open(&second).is_ok());
    }

    #[test]
    fn p4_a_wrong_password_opens_nothing() {
        let code = TypedCode::draw(&random());
        let (mut a, mut b) = exchange(&code, &code);
        let sealed = a.seal(b"hello").unwrap();
        assert_eq!(b.open(&sealed).unwrap().as_slice(), b"hello");
        let guess = TypedCode { password: *b"2345", ..code.clone() };
        assert_ne!(guess, code);
        let (mut a, mut b) = exchange(&code, &guess);
        let sealed = a.seal(b"hello").unwrap();
        assert!(b.open(&sealed).is_err());
    }
}
