//! The encrypted channel between two devices during linking. Its keys come from HPKE in base mode (RFC 9180: X25519,
//! HKDF-SHA256, ChaCha20-Poly1305) after a scanned code, and from SPAKE2 after a typed code. HPKE authenticates the device
//! that showed the code; two digits ([`super::check`]) authenticate the device that scanned it.

use parley_crypto::aead::{Key, Nonce, open, seal};
use parley_crypto::hpke::x25519::{self, ENCAPPED};
use parley_crypto::{MlsRandom, hkdf};
use parley_protocol::ids::SlotId;
use zeroize::Zeroizing;

use super::check::{self, Commitment};
use super::code::{LinkCode, Side};

const INFO: &[u8] = b"parley link v2\0";
/// What both secrets are exported for.
const CONTEXT: &[u8] = b"channel";

/// The channel cannot be made, or a message does not open: another key, another order, or damage. The person begins linking
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came does not belong to this channel")]
pub(crate) struct ChannelError;

/// The two ends of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Of the device that shows the code.
    Shows,
    /// Of the device that scans, opens, pastes or types it.
    Reads,
}

/// The secret behind a code that is shown. Used once.
pub(crate) struct ShownKey {
    secret: Zeroizing<[u8; 32]>,
    code: LinkCode,
}

impl ShownKey {
    /// Makes a code with a fresh key.
    pub(crate) fn draw(random: &MlsRandom, shown_by: Side, commitment: Commitment) -> Self {
        let secret = Zeroizing::new(random.array());
        let key = x25519::public_key(&secret);
        Self { secret, code: LinkCode { shown_by, key, commitment } }
    }

    pub(crate) const fn code(&self) -> &LinkCode {
        &self.code
    }

    /// Takes the scanning device's first value: its ephemeral key, and what it sealed.
    pub(crate) fn accept<'a>(&self, value: &'a [u8]) -> Result<(Channel, &'a [u8]), ChannelError> {
        let (encapped, sealed) = value.split_first_chunk::<ENCAPPED>().ok_or(ChannelError)?;
        let secret = x25519::receive(&self.secret, encapped, &info(&self.code), CONTEXT);
        let secret = secret.map_err(|_| ChannelError)?;
        Ok((Channel::of_secret(secret.as_slice(), End::Shows, self.code.slot())?, sealed))
    }
}

/// The scanning device's end, and its ephemeral key, which stands before what the device seals first.
pub(crate) fn scan(code: &LinkCode, random: &MlsRandom) -> Result<(Channel, Vec<u8>), ChannelError> {
    let sent = x25519::send(random, &code.key, &info(code), CONTEXT);
    let (encapped, secret) = sent.map_err(|_| ChannelError)?;
    Ok((Channel::of_secret(secret.as_slice(), End::Reads, code.slot())?, encapped))
}

/// Binds the keys to the whole code: who shows it, its key and its commitment.
fn info(code: &LinkCode) -> Vec<u8> {
    [INFO, code.fragment().as_bytes()].concat()
}

/// One direction's key and how often it was used.
struct Direction {
    key: Zeroizing<Key>,
    count: u64,
}

impl Direction {
    fn nonce(&mut self) -> Result<Nonce, ChannelError> {
        let mut nonce = [0; 12];
        nonce.iter_mut().skip(4).zip(self.count.to_be_bytes()).for_each(|(to, from)| *to = from);
        self.count = self.count.checked_add(1).ok_or(ChannelError)?;
        Ok(nonce)
    }
}

/// An end of the channel. The other end opens messages in the order in which they were sealed, each once.
pub(crate) struct Channel {
    out: Direction,
    back: Direction,
    slot: SlotId,
    /// The secret on which the digits depend, beside the nonce.
    digits: Zeroizing<[u8; 32]>,
}

impl Channel {
    /// The channel that a shared secret makes.
    pub(crate) fn of_secret(secret: &[u8], end: End, slot: SlotId) -> Result<Self, ChannelError> {
        let extracted = hkdf::extract(INFO, secret);
        let fill = |label: &[u8], bytes: &mut [u8]| {
            hkdf::expand(extracted.as_slice(), label, bytes).map_err(|_| ChannelError)
        };
        let direction = |label: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            fill(label, key.as_mut())?;
            Ok(Direction { key, count: 0 })
        };
        let (to_reader, to_shower) = (direction(b"from who shows")?, direction(b"from who reads")?);
        let mut digits = Zeroizing::new([0; 32]);
        fill(b"digits", digits.as_mut())?;
        let (out, back) = match end {
            End::Shows => (to_reader, to_shower),
            End::Reads => (to_shower, to_reader),
        };
        Ok(Self { out, back, slot, digits })
    }

    /// The check code, 0 to 99: the same at both ends if no attacker stands between.
    pub(crate) fn digits(&self, nonce: &check::Nonce) -> u8 {
        check::digits(&self.digits, nonce)
    }

    pub(crate) fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let nonce = self.out.nonce()?;
        Ok(seal(&self.out.key, &nonce, self.slot.as_bytes(), plaintext))
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let nonce = self.back.nonce()?;
        open(&self.back.key, &nonce, self.slot.as_bytes(), sealed).map_err(|_| ChannelError)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::link::check::Nonce;

    fn random(seed: u64) -> MlsRandom {
        MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(seed))
    }

    /// A code, with the nonce that it commits to.
    fn shown(seed: u64, side: Side) -> (ShownKey, Nonce) {
        let random = random(seed);
        let nonce = Nonce::draw(&random);
        (ShownKey::draw(&random, side, nonce.commitment()), nonce)
    }

    #[test]
    fn both_ends_have_the_same_digits_and_read_each_other_in_order() {
        let (offered, nonce) = shown(1, Side::New);
        let (mut reads, encapped) = scan(offered.code(), &random(2)).unwrap();
        let value = [encapped, reads.seal(b"one").unwrap()].concat();
        let (mut shows, sealed) = offered.accept(&value).unwrap();
        assert_eq!(shows.digits(&nonce), reads.digits(&nonce));
        assert_eq!(shows.open(sealed).unwrap().as_slice(), b"one");
        let two = shows.seal(b"two").unwrap();
        assert_eq!(reads.open(&two).unwrap().as_slice(), b"two");
        assert!(reads.open(&two).is_err(), "nothing is taken twice");
    }

    #[test]
    fn p4_somebody_between_two_devices_shows_them_other_digits() {
        let mut same = 0;
        for seed in 0..50 {
            let (offered, nonce) = shown(seed, Side::Existing);
            // The relay cannot change what was scanned, only answer in the scanner's place.
            let (reads, _) = scan(offered.code(), &random(seed + 100)).unwrap();
            let (mut enemy, encapped) = scan(offered.code(), &random(seed + 200)).unwrap();
            let value = [encapped, enemy.seal(b"hello").unwrap()].concat();
            let (shows, _) = offered.accept(&value).unwrap();
            same += u32::from(shows.digits(&nonce) == reads.digits(&nonce));
        }
        assert!(same <= 3, "one in a hundred by chance: {same} of 50");
    }

    /// Somebody has put their own code in the place of the one that was shown, and knows which digits the reader has. They
    /// try keys until the digits of the device that shows would be the same, with all that they know of it: the commitment.
    #[test]
    fn p4_keys_that_are_tried_until_the_digits_fit_do_not_fit() {
        let mut same = 0;
        for seed in 0..50 {
            let (offered, nonce) = shown(seed, Side::Existing);
            let wanted = u8::try_from(seed).unwrap();
            let supposed = Nonce::draw(&random(seed + 1_000));
            let (mut enemy, encapped) = (0..1_000)
                .map(|number| scan(offered.code(), &random(seed * 1_000 + number)).unwrap())
                .find(|(channel, _)| channel.digits(&supposed) == wanted)
                .unwrap();
            let value = [encapped, enemy.seal(b"hello").unwrap()].concat();
            let (shows, _) = offered.accept(&value).unwrap();
            same += u32::from(shows.digits(&nonce) == wanted);
        }
        assert!(same <= 3, "one in a hundred by chance: {same} of 50");
    }

    /// The same, the other way round: they know the digits of the device that shows, and have the reader's key. Nonces that
    /// fit are found at once, but none is what their code says.
    #[test]
    fn p4_nonces_that_are_tried_until_the_digits_fit_are_not_taken() {
        let (theirs, nonce) = shown(1, Side::Existing);
        let (mut reads, encapped) = scan(theirs.code(), &random(2)).unwrap();
        let value = [encapped, reads.seal(b"hello").unwrap()].concat();
        let (enemy, _) = theirs.accept(&value).unwrap();
        let fitting: Vec<Nonce> = (0..2_000)
            .map(|seed| Nonce::draw(&random(seed + 10)))
            .filter(|nonce| enemy.digits(nonce) == 42)
            .collect();
        assert!(fitting.len() > 5, "{}", fitting.len());
        let commitment = theirs.code().commitment;
        assert!(fitting.iter().all(|nonce| commitment.open(nonce.opening()).is_none()));
        assert!(commitment.open(nonce.opening()).is_some());
    }

    #[test]
    fn p4_a_code_that_says_something_else_makes_another_channel() {
        let (offered, _) = shown(1, Side::New);
        let turned = LinkCode { shown_by: Side::Existing, ..*offered.code() };
        let other = LinkCode { commitment: Nonce::draw(&random(9)).commitment(), ..*offered.code() };
        for code in [turned, other] {
            let (mut reads, encapped) = scan(&code, &random(2)).unwrap();
            let value = [encapped, reads.seal(b"one").unwrap()].concat();
            let (mut shows, sealed) = offered.accept(&value).unwrap();
            assert!(shows.open(sealed).is_err());
        }
    }

    #[test]
    fn what_is_no_first_value_is_refused() {
        let (offered, _) = shown(1, Side::New);
        assert!(offered.accept(&[1; 31]).is_err());
        assert!(offered.accept(&[0; 64]).is_err(), "a key of small order gives no secret");
    }
}
