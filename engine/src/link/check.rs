//! Two digits by which a person checks that both devices are in the same channel.
//!
//! The digits depend on a value of each device. The device that shows the code *commits* to its nonce in the code, before the
//! other device has chosen a key, and *opens* the commitment in the channel, after that key is fixed. So neither device can
//! try values until the digits suit it: an attacker who answers in a device's place, or stands between the two, has one
//! chance in a hundred.

use parley_crypto::MlsRandom;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const COMMITMENT: &[u8] = b"parley link commitment v1\0";
const DIGITS: &[u8] = b"parley link digits v1\0";

/// Length of a commitment, in bytes.
pub(crate) const COMMITMENT_LENGTH: usize = 16;

/// The nonce of the device that shows the code, part of the digits: secret until the other's key is fixed.
pub(crate) struct Nonce(Zeroizing<[u8; 32]>);

/// Fixes a [`Nonce`] without revealing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commitment(pub(crate) [u8; COMMITMENT_LENGTH]);

impl Nonce {
    pub(crate) fn draw(random: &MlsRandom) -> Self {
        Self(Zeroizing::new(random.array()))
    }

    pub(crate) fn commitment(&self) -> Commitment {
        let digest = Sha256::new().chain_update(COMMITMENT).chain_update(self.0.as_slice()).finalize();
        let mut commitment = [0; COMMITMENT_LENGTH];
        commitment.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Commitment(commitment)
    }

    /// As it is told in the channel.
    pub(crate) fn opening(&self) -> [u8; 32] {
        *self.0
    }
}

impl Commitment {
    /// The nonce, if it is the committed one.
    pub(crate) fn open(self, opening: [u8; 32]) -> Option<Nonce> {
        let nonce = Nonce(Zeroizing::new(opening));
        (nonce.commitment() == self).then_some(nonce)
    }
}

/// The digits (0 to 99) of a channel's own secret and the nonce.
pub(super) fn digits(secret: &[u8; 32], nonce: &Nonce) -> u8 {
    let digest =
        Sha256::new().chain_update(DIGITS).chain_update(secret).chain_update(nonce.0.as_slice()).finalize();
    let number = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    u8::try_from(number % 100).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitments_and_digits_are_pinned() {
        let nonce = Nonce(Zeroizing::new([7; 32]));
        assert_eq!(crate::hex(&nonce.commitment().0), "16015d3bbd00572bc01af27e4c328512");
        assert_eq!(digits(&[8; 32], &nonce), 81);
    }

    #[test]
    fn p4_a_commitment_opens_to_its_nonce_only() {
        let nonce = Nonce(Zeroizing::new([7; 32]));
        assert!(nonce.commitment().open([7; 32]).is_some());
        assert!(nonce.commitment().open([8; 32]).is_none());
    }
}
