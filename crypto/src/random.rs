//! The random generator for OpenMLS, which wants it behind a shared reference.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openmls_traits::random::OpenMlsRand;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};

/// A `ChaCha20` generator. The engine reseeds it from the host's generator at every input, so that no state of a generator
/// outlives a crash or is ever stored.
#[derive(Clone)]
pub struct MlsRandom(Arc<Mutex<ChaCha20Rng>>);

impl MlsRandom {
    /// Makes a generator that must be [`MlsRandom::reseed`]ed before the first draw.
    #[must_use]
    pub fn unseeded() -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_seed([0; 32]))))
    }

    /// Makes a generator with a seed from another one.
    pub fn new(rng: &mut impl CryptoRng) -> Self {
        Self(Arc::new(Mutex::new(fresh(rng))))
    }

    /// Reseeds from another generator.
    pub fn reseed(&self, rng: &mut impl CryptoRng) {
        *self.lock() = fresh(rng);
    }

    /// The generator itself.
    pub fn lock(&self) -> MutexGuard<'_, ChaCha20Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Random bytes of the requested length.
    #[must_use]
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.lock().fill_bytes(&mut bytes);
        bytes
    }
}

fn fresh(rng: &mut impl CryptoRng) -> ChaCha20Rng {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    ChaCha20Rng::from_seed(seed)
}

impl OpenMlsRand for MlsRandom {
    type Error = core::convert::Infallible;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Self::Error> {
        Ok(self.array())
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Self::Error> {
        let mut bytes = vec![0; len];
        self.lock().fill_bytes(&mut bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use openmls_traits::random::OpenMlsRand as _;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn seeded(seed: u64) -> MlsRandom {
        MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(seed))
    }

    #[test]
    fn nothing_comes_twice() {
        let random = seeded(1);
        let three: [[u8; 32]; 3] = [
            random.array(),
            random.random_array().unwrap(),
            random.random_vec(32).unwrap().try_into().unwrap(),
        ];
        for (place, one) in three.iter().enumerate() {
            assert!(!three[..place].contains(one) && one.iter().any(|byte| *byte != one[0]));
        }
        assert_ne!(seeded(2).array::<32>(), three[0]);
    }

    /// A copy of the memory from before reveals nothing that is drawn after the next input.
    #[test]
    fn new_randomness_changes_what_comes() {
        let (random, copy) = (seeded(1), seeded(1));
        random.reseed(&mut ChaCha20Rng::seed_from_u64(3));
        assert_ne!(random.array::<32>(), copy.array::<32>());
    }
}
