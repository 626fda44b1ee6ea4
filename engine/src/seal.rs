//! Seals everything that leaves the engine for a disk.
//!
//! A sealed value is `0x80 + format (1, now 0x82) || nonce (24, random) || XChaCha20-Poly1305 ciphertext and tag`, with
//! `"parley record v1\0" || first byte || purpose || place` as associated data, so that a record moved to another place, or
//! taken for something else or of another format, does not open (`docs/storage-format.md`).

use core::fmt;

use parley_crypto::{aead, hkdf, hmac};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Format of what is sealed; greater whenever an older app could not read it (`records/migrations.rs` leads on).
pub const FORMAT: u8 = 2;
/// First byte of a sealed value, less its format. Builds from before the first release wrote lower bytes.
pub const RELEASED: u8 = 0x80;
const NONCE_LENGTH: usize = 24;
const LABEL: &[u8] = b"parley record v1\0";
const DEFERRED: &[u8] = b"parley deferred v1\0";

/// Seals everything on this device. The host keeps it wrapped by a non-extractable key.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Takes 32 bytes from a CSPRNG.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed or wrapped and nothing else.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Seals what a page keeps in localStorage until the device has it on its disk. It opens nothing else of the device.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct PageKey([u8; 32]);

impl PageKey {
    /// The key of all pages of this device.
    #[must_use]
    pub fn of(master: &MasterKey) -> Self {
        Self(*derive(master, b"parley page v1"))
    }

    /// Seals `plaintext` for a place. `nonce` comes from a CSPRNG.
    #[must_use]
    pub fn seal(&self, place: &[u8], nonce: [u8; NONCE_LENGTH], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.0, FORMAT, Purpose::Page, place, nonce, plaintext)
    }

    /// Opens what [`PageKey::seal`] made for the same place; none if it is another device's, or damaged.
    #[must_use]
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.0, FORMAT, Purpose::Page, place, sealed).ok().map(|opened| opened.plaintext)
    }
}

impl fmt::Debug for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageKey(..)")
    }
}

/// What a sealed value is for; part of its associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The device key, in localStorage.
    Vault,
    /// A record of [`crate::io::Store::State`].
    State,
    /// A record of [`crate::io::Store::Messages`].
    Message,
    /// What a page has typed in it, in localStorage.
    Page,
}

impl Purpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Vault => 1,
            Self::State => 2,
            Self::Message => 3,
            Self::Page => 4,
        }
    }
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenSealError {
    /// Another key, another place, or damage.
    #[error("the sealed value does not open")]
    Sealed,
    /// Written by a newer version.
    #[error("the sealed value has a newer version")]
    Newer,
    /// Written by a build from before the first release.
    #[error("the sealed value is from before the first release")]
    BeforeRelease,
}

/// What was sealed.
pub(crate) struct Opened {
    /// That of the version which wrote it.
    pub(crate) format: u8,
    pub(crate) plaintext: Zeroizing<Vec<u8>>,
}

/// The keys derived from the master key.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Sealer {
    seal: Zeroizing<[u8; 32]>,
    index: Zeroizing<[u8; 32]>,
    format: u8,
}

impl Sealer {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self::of_format(master, FORMAT)
    }

    /// Of what it seals.
    pub(crate) const fn format(&self) -> u8 {
        self.format
    }

    /// As a version seals and opens whose format is this.
    pub(crate) fn of_format(master: &MasterKey, format: u8) -> Self {
        Self { seal: derive(master, b"parley seal v1"), index: derive(master, b"parley index v1"), format }
    }

    /// Seals `plaintext` for one purpose and place.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        place: &[u8],
        nonce: [u8; NONCE_LENGTH],
        plaintext: &[u8],
    ) -> Vec<u8> {
        seal(&self.seal, self.format, purpose, place, nonce, plaintext)
    }

    /// Opens what [`Sealer::seal`] made for the same purpose and place, also in an older version.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<Opened, OpenSealError> {
        open(&self.seal, self.format, purpose, place, sealed)
    }

    /// A name for `key` that says nothing about it: the first half of an HMAC-SHA256.
    pub(crate) fn hidden_name(&self, purpose: Purpose, key: &[u8]) -> [u8; 16] {
        let mut name = [0; 16];
        let code = hmac::hmac(self.index.as_ref(), &[&[purpose.byte()], key]);
        name.iter_mut().zip(code).for_each(|(to, from)| *to = from);
        name
    }

    /// The name of a value of [`crate::io::Store::State`]. Its last byte tells whoever has the key whether the value is
    /// deferred: opened when it is first needed. To everybody else that byte is as random as the others.
    pub(crate) fn state_name(&self, key: &[u8], deferred: bool) -> [u8; 16] {
        let mut name = self.hidden_name(Purpose::State, key);
        let [hidden @ .., last] = &mut name;
        *last = self.mask(hidden) ^ u8::from(deferred);
        name
    }

    /// Whether a value of this name ([`Sealer::state_name`]) is deferred.
    pub(crate) fn is_deferred(&self, name: &[u8]) -> bool {
        let [hidden @ .., last] = name else { return false };
        self.mask(hidden) ^ last == 1
    }

    fn mask(&self, hidden: &[u8]) -> u8 {
        let [first, ..] = hmac::hmac(self.index.as_ref(), &[DEFERRED, hidden]);
        first
    }

    /// The format of a sealed value, as its first byte says, which nothing has verified yet.
    pub(crate) fn claimed_format(sealed: &[u8]) -> Option<u8> {
        sealed.first()?.checked_sub(RELEASED)
    }
}

fn derive(master: &MasterKey, label: &[u8]) -> Zeroizing<[u8; 32]> {
    hkdf::derive(&master.0, label)
}

fn seal(
    key: &[u8; 32],
    format: u8,
    purpose: Purpose,
    place: &[u8],
    nonce: [u8; NONCE_LENGTH],
    plaintext: &[u8],
) -> Vec<u8> {
    let first = RELEASED.saturating_add(format);
    let ciphertext = aead::xseal(key, &nonce, &associated_data(first, purpose, place), plaintext);
    #[cfg(feature = "audit")]
    parley_crypto::audit::sealed(parley_crypto::audit::For::Disk, key, &nonce, &ciphertext);
    let mut sealed = Vec::with_capacity(1 + NONCE_LENGTH + ciphertext.len());
    sealed.push(first);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    sealed
}

fn open(
    key: &[u8; 32],
    newest: u8,
    purpose: Purpose,
    place: &[u8],
    sealed: &[u8],
) -> Result<Opened, OpenSealError> {
    let (first, rest) = sealed.split_first().ok_or(OpenSealError::Sealed)?;
    let format = first.checked_sub(RELEASED).ok_or(OpenSealError::BeforeRelease)?;
    if format > newest {
        return Err(OpenSealError::Newer);
    }
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(OpenSealError::Sealed)?;
    let aad = associated_data(*first, purpose, place);
    let plaintext = aead::xopen(key, nonce, &aad, ciphertext).map_err(|_| OpenSealError::Sealed)?;
    Ok(Opened { format, plaintext })
}

fn associated_data(first: u8, purpose: Purpose, place: &[u8]) -> Vec<u8> {
    [LABEL, &[first, purpose.byte()], place].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&MasterKey::new([9; 32]))
    }

    #[test]
    fn opens_only_as_what_and_where_it_was_sealed() {
        let sealed = sealer().seal(Purpose::State, b"here", [3; 24], b"secret");
        assert_eq!(&**sealer().open(Purpose::State, b"here", &sealed).unwrap().plaintext, b"secret");
        assert_eq!(sealer().open(Purpose::State, b"there", &sealed).err().unwrap(), OpenSealError::Sealed);
        assert_eq!(sealer().open(Purpose::Message, b"here", &sealed).err().unwrap(), OpenSealError::Sealed);
        let other = Sealer::new(&MasterKey::new([8; 32]));
        assert_eq!(other.open(Purpose::State, b"here", &sealed).err().unwrap(), OpenSealError::Sealed);
    }

    #[test]
    fn what_a_page_seals_opens_with_its_own_key_and_nothing_else_does() {
        let master = MasterKey::new([9; 32]);
        let page = PageKey::of(&master);
        let sealed = page.seal(b"tab", [3; 24], b"typed");
        assert_eq!(page.open(b"tab", &sealed).as_deref().map(Vec::as_slice), Some(&b"typed"[..]));
        assert_eq!(page.open(b"other tab", &sealed), None);
        assert_eq!(PageKey::of(&MasterKey::new([8; 32])).open(b"tab", &sealed), None);
        assert!(
            sealer().open(Purpose::Page, b"tab", &sealed).is_err(),
            "another key than that of the records"
        );
        let record = sealer().seal(Purpose::State, b"here", [3; 24], b"secret");
        assert_eq!(page.open(b"here", &record), None, "a page's key opens no record");
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_refused() {
        let sealed = sealer().seal(Purpose::Vault, b"", [3; 24], b"secret");
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert!(sealer().open(Purpose::Vault, b"", &flipped).is_err(), "byte {index}");
            assert!(sealer().open(Purpose::Vault, b"", &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn a_newer_format_and_what_was_before_the_first_release_are_told_apart() {
        let error = |first: u8| sealer().open(Purpose::State, b"", &[first, 0, 0]).err().unwrap();
        assert_eq!(error(RELEASED + FORMAT), OpenSealError::Sealed);
        assert_eq!(error(RELEASED + FORMAT + 1), OpenSealError::Newer);
        for version in 0..RELEASED {
            assert_eq!(error(version), OpenSealError::BeforeRelease, "{version}");
        }
    }

    #[test]
    fn a_later_version_opens_what_this_one_sealed_and_knows_its_format() {
        let sealed = sealer().seal(Purpose::State, b"here", [3; 24], b"secret");
        let later = Sealer::of_format(&MasterKey::new([9; 32]), FORMAT + 1);
        let opened = later.open(Purpose::State, b"here", &sealed).unwrap();
        assert_eq!((opened.format, opened.plaintext.as_slice()), (FORMAT, &b"secret"[..]));
        let sealed = later.seal(Purpose::State, b"here", [3; 24], b"secret");
        assert_eq!(sealer().open(Purpose::State, b"here", &sealed).err(), Some(OpenSealError::Newer));
    }

    #[test]
    fn the_format_is_pinned() {
        let sealed = sealer().seal(Purpose::State, b"place", [5; 24], b"golden");
        let hex = crate::hex(&sealed);
        insta::assert_snapshot!(hex);
        assert_eq!(&**sealer().open(Purpose::State, b"place", &sealed).unwrap().plaintext, b"golden");
    }
}
