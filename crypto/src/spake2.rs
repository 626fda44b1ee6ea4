//! SPAKE2 (the protocol of RFC 9382, over Ed25519's group as the crate has it): derives a secret from a password that two
//! parties know.

use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

use crate::MlsRandom;

/// The received bytes are not a message of the protocol. The exchange must start again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of a SPAKE2 exchange")]
pub struct ExchangeError;

/// One of the two sides. Both give the names in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The side that is named first.
    A,
    /// The side that is named second.
    B,
}

/// One side of the exchange, between its own message and the other's.
pub struct Exchange(Spake2<Ed25519Group>);

impl Exchange {
    /// Begins an exchange. The returned message is for the other side.
    #[must_use]
    pub fn begin(side: Side, password: &[u8], names: (&[u8], &[u8]), random: &MlsRandom) -> (Self, Vec<u8>) {
        let password = Password::new(password);
        let (a, b) = (Identity::new(names.0), Identity::new(names.1));
        let rng = &mut *random.lock();
        let (state, message) = match side {
            Side::A => Spake2::start_a_with_rng(&password, &a, &b, rng),
            Side::B => Spake2::start_b_with_rng(&password, &a, &b, rng),
        };
        (Self(state), message)
    }

    /// Takes the other side's message. The secrets are equal if both sides know the same password; this function cannot tell
    /// whether they do.
    ///
    /// # Errors
    /// When the bytes are not a message of the other side.
    pub fn finish(self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
        self.0.finish(message).map(Zeroizing::new).map_err(|_| ExchangeError)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn secrets(of_a: &[u8], of_b: &[u8]) -> [Vec<u8>; 2] {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let names: (&[u8], &[u8]) = (b"one", b"other");
        let (a, from_a) = Exchange::begin(Side::A, of_a, names, &random);
        let (b, from_b) = Exchange::begin(Side::B, of_b, names, &random);
        [a.finish(&from_b).unwrap().to_vec(), b.finish(&from_a).unwrap().to_vec()]
    }

    #[test]
    fn both_have_the_same_secret_if_they_know_the_same_password() {
        let [a, b] = secrets(b"password", b"password");
        assert_eq!(a, b);
        let [a, b] = secrets(b"password", b"passwort");
        assert_ne!(a, b);
    }

    #[test]
    fn what_is_no_message_of_the_other_is_refused() {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let begin = || Exchange::begin(Side::A, b"password", (b"one", b"other"), &random);
        for message in [&[][..], &[0; 32], &begin().1] {
            assert_eq!(begin().0.finish(message).err(), Some(ExchangeError));
        }
    }
}
