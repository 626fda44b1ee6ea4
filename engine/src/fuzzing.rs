//! Entry points into private decoders, for `fuzz/`. Not part of the engine's interface.
//!
//! Each panics when the decoder breaks one of its promises.

use parley_crypto::MlsRandom;
use parley_protocol::ids::{LogId, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use zeroize::Zeroizing;

use crate::backup::{ChunkReader, DataKey, FileHead, FileReader, Head, Item, Manifest, Opener};
use crate::channel::group_era::GroupEra;
use crate::core::{Engine, OpenError};
use crate::domain::content::{Content, display_name};
use crate::domain::invite::Invite;
use crate::group::entry::CommitEntry;
use crate::group::evidence::Evidence;
use crate::group::floors::Floors;
use crate::group::leaf_state::LeafState;
use crate::group::policy::Policy;
use crate::link::channel::{End, ShownKey};
use crate::link::check::Nonce;
use crate::link::code::{LinkCode, Side};
use crate::link::message::LinkMessage;
use crate::link::typed::{Exchange, TypedCode};
use crate::records::sealed::Writes;
use crate::records::state::Change;
use crate::recovery::RecoverySeed;
use crate::seal::{MasterKey, Purpose, Sealer};

/// Decrypted bytes: content or an error; content comes back from its own encoding.
pub fn content(bytes: &[u8]) {
    if let Ok(content) = Content::decode(bytes) {
        let again = content.encode().ok().and_then(|bytes| Content::decode(&bytes).ok());
        assert_eq!(again.as_ref(), Some(&content), "content comes back");
    }
}

/// What members of a group hash and sign: a value has one form only. And an entry that nobody sealed does not open.
pub fn group(bytes: &[u8]) {
    let forms = [
        Policy::decode(bytes).ok().map(|it| it.encode()),
        Floors::decode(bytes).ok().map(|it| it.encode()),
        LeafState::decode(bytes).ok().map(|it| it.encode()),
        Evidence::decode(bytes).ok().map(|it| it.encode()),
    ];
    for form in forms.into_iter().flatten() {
        assert_eq!(form, bytes, "a value comes back as the same bytes");
    }
    let era = GroupEra::new([7; 32], UnixMillis(0));
    assert!(CommitEntry::open(&era, LogId([7; 16]), bytes).is_err(), "a forged entry opened");
}

/// A display name is clean after one cleaning.
pub fn name(text: &str) {
    if let Some(name) = display_name(text) {
        assert_eq!(display_name(&name).as_ref(), Some(&name), "a clean name stays as it is");
    }
}

/// A link or its fragment.
pub fn invite(text: &str) {
    if let Some(invite) = Invite::parse(text) {
        assert_eq!(Invite::parse(&invite.fragment()).as_ref(), Some(&invite), "an invite comes back");
    }
}

/// A link code, or what somebody typed.
pub fn link_code(text: &str) {
    if let Some(code) = LinkCode::parse(text) {
        assert_eq!(LinkCode::parse(&code.fragment()), Some(code), "a link code comes back");
    }
    if let Some(code) = TypedCode::parse(text) {
        assert_eq!(TypedCode::parse(&code.text()), Some(code), "a typed code comes back");
    }
}

/// What stands in a slot: a scanner's first value, a typist's, and a message behind the seal.
pub fn slot(bytes: &[u8]) {
    let random = MlsRandom::unseeded();
    random.reseed(&mut ChaCha20Rng::from_seed([7; 32]));
    let offered = ShownKey::draw(&random, Side::New, Nonce::draw(&random).commitment());
    if let Ok((mut channel, sealed)) = offered.accept(bytes) {
        assert!(channel.open(sealed).is_err(), "a forged value opened");
    }
    let (exchange, _) = Exchange::begin(&TypedCode::draw(&random), End::Shows, &random);
    if let Ok(mut channel) = exchange.finish(bytes) {
        assert!(channel.open(bytes).is_err(), "a forged value opened");
    }
    if let Ok(message) = LinkMessage::decode(bytes) {
        let again = message.encode().ok().and_then(|bytes| LinkMessage::decode(&bytes).ok());
        assert_eq!(again, Some(message), "a message comes back");
    }
}

/// Parts of a backup: none that nobody sealed opens, and what stands behind the seal is decoded or refused.
pub fn backup(bytes: &[u8]) {
    let mut reader = ChunkReader::new(DataKey::new([7; 32]));
    assert!(reader.push(bytes).is_empty() && reader.finish().0.is_empty(), "a forged chunk opened");
    assert!(Head::open(bytes, &DataKey::new([7; 32])).is_err(), "a forged head opened");
    for opener in [Opener::Phrase(RecoverySeed::new([7; 32])), Opener::Key(DataKey::new([7; 32]))] {
        let mut reader = FileReader::new(opener);
        let opened = bytes.chunks(100).try_for_each(|part| reader.push(part).map(drop));
        assert!(opened.is_err() || reader.finish().is_err(), "a forged file opened");
    }
    if let Ok(head) = postcard::from_bytes::<FileHead>(bytes) {
        let again = postcard::to_allocvec(&head).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok());
        assert!(again == Some(head), "the head of a file comes back");
    }
    if let Ok(manifest) = Manifest::decode(bytes) {
        assert!(Manifest::decode(&manifest.encode()) == Ok(manifest), "a manifest comes back");
    }
    if let Some(items) = Item::decode_all(bytes) {
        let known = items.into_iter().filter(|item| *item != Item::Newer).collect::<Vec<_>>();
        let again = Item::decode_all(&known.iter().flat_map(Item::encode).collect::<Vec<_>>());
        assert_eq!(again, Some(known), "items come back");
    }
}

/// A recovery phrase.
pub fn phrase(text: &str) {
    if let Ok(seed) = RecoverySeed::parse(text) {
        let again = RecoverySeed::parse(&seed.words().join(" "));
        assert!(
            again.is_ok_and(|again| again.verifying_key() == seed.verifying_key()),
            "a phrase comes back"
        );
    }
}

/// A sealed value that nobody sealed does not open.
pub fn seal(place: &[u8], value: &[u8]) {
    let sealer = Sealer::new(&MasterKey::new([7; 32]));
    for purpose in [Purpose::Vault, Purpose::State, Purpose::Message] {
        assert!(sealer.open(purpose, place, value).is_err(), "a forged seal opened");
    }
}

/// A disk with these names and values under a good seal: what is behind the seal is decoded, or refused. The names
/// are those of `records/keys.rs`.
pub fn open(values: &[(Vec<u8>, Vec<u8>)]) -> Result<Engine, OpenError> {
    let master = MasterKey::new([7; 32]);
    let sealer = Sealer::new(&master);
    let random = MlsRandom::unseeded();
    random.reseed(&mut ChaCha20Rng::from_seed([7; 32]));
    let mut writes = Writes::default();
    for (key, value) in values {
        let after = Zeroizing::new(value.clone());
        writes.add(&sealer, &random, &Change { key, before: None, after: Some(&after) });
    }
    let vault = sealer.seal(Purpose::Vault, b"device key", [7; 24], &[7; 32]);
    let records = writes.puts.into_iter().map(|(_, record)| record).collect();
    Engine::open(UnixMillis(1_790_000_000_000), &master, Some(&vault), records)
}
