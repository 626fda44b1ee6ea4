//! Attack tests with update paths that open for some members and not for others.

use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair,
    KemOutput,
};
use tls_codec::SecretVLBytes;

use super::super::tests::chat;
use super::*;

/// What is wrong with what somebody is sent.
#[derive(Clone, Copy)]
enum Wrong {
    /// It does not open.
    Sealed,
    /// It opens, and is another path secret than that of the others.
    Another,
}

/// The true cryptography, but for what is sealed to one key.
struct Breaking<'a> {
    crypto: &'a MlsCrypto,
    key: Vec<u8>,
    wrong: Wrong,
}

impl OpenMlsCrypto for Breaking<'_> {
    fn hpke_seal(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        secret: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let other = vec![7; secret.len()];
        let mut sealed = match self.wrong {
            Wrong::Another if key == self.key => self.crypto.hpke_seal(config, key, info, aad, &other)?,
            _ => self.crypto.hpke_seal(config, key, info, aad, secret)?,
        };
        if let (true, Wrong::Sealed) = (key == self.key, self.wrong) {
            sealed.ciphertext = vec![0; sealed.ciphertext.as_slice().len()].into();
        }
        Ok(sealed)
    }

    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        self.crypto.supports(suite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.crypto.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.crypto.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.crypto.hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        key: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        self.crypto.hkdf_expand(hash, key, info, length)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.crypto.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.crypto.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        sealed: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.crypto.aead_decrypt(alg, key, sealed, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.crypto.signature_key_gen(alg)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.crypto.verify_signature(alg, data, key, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.crypto.sign(alg, data, key)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        sealed: &HpkeCiphertext,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.crypto.hpke_open(config, sealed, key, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        self.crypto.hpke_setup_sender_and_export(config, key, info, context, length)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        key: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.crypto.hpke_setup_receiver_and_export(config, enc, key, info, context, length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        self.crypto.derive_hpke_keypair(config, ikm)
    }
}

/// An update by the first device, of which the device at this leaf opens nothing.
fn broken(
    by: &mut Device,
    leaf: usize,
    wrong: Wrong,
    context: Option<Extensions<GroupContext>>,
) -> CommitEntry {
    let state = by.group().state().unwrap().member(&by.member.leaf).unwrap().state;
    let state = extensions::of_leaf(&LeafState { nonce: [55; 16], ..state }).unwrap();
    let parameters = LeafNodeParameters::builder().with_extensions(state).build();
    let Device { provider, group, key, .. } = by;
    let mls = group.as_mut().unwrap().raw();
    let index = LeafNodeIndex::new(u32::try_from(leaf).unwrap());
    let crypto =
        Breaking { crypto: provider.crypto(), key: mls.member_at(index).unwrap().encryption_key, wrong };
    mls.set_aad(said(EraStep::GoesOn, &none()));
    let mut builder = mls.commit_builder().force_self_update(true).leaf_node_parameters(parameters);
    if let Some(context) = context {
        builder = builder.propose_group_context_extensions(context).unwrap();
    }
    let bundle = builder
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), &crypto, &DeviceSigner(key), |_| true)
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    let message = bundle.into_commit().tls_serialize_detached().unwrap();
    CommitEntry { message, ..CommitEntry::default() }
}

/// Who cannot open a path judges nobody, keeps the keys of the epoch, and comes after the others by a resync. Whoever can open it
/// follows.
#[test]
fn c1_who_cannot_open_a_path_does_as_the_others_do() {
    for wrong in [Wrong::Sealed, Wrong::Another] {
        for out in 1..4 {
            let mut all = chat(4);
            let entry = broken(&mut all[0], out, wrong, None);
            for (place, it) in all.iter_mut().enumerate().skip(1) {
                let read = it.follow(&entry).map(drop);
                assert_eq!(read, if place == out { Err(ChatError::NotOpened) } else { Ok(()) }, "{place}");
            }
            let Device { provider, group, .. } = &mut all[0];
            group.as_mut().unwrap().merge_pending(provider).unwrap();
            let mut lost = all.remove(out);
            agree(&all);
            let (info, tree) = all[1].group().package(&all[1].provider, &all[1].signer()).unwrap();
            let outside = Outside::read(&lost.provider, &info, &tree).unwrap();
            let own = (lost.member.leaf, lost.account.head());
            let (group, made) =
                Group::come_in(&lost.provider, &DeviceSigner(&lost.key), own, outside, (none(), None))
                    .unwrap();
            lost.group = Some(group);
            all.push(lost);
            all_follow(&mut all, 3, &made);
        }
    }
}

/// Whoever can open it refuses what is wrong beside the path; nobody follows it.
#[test]
fn c1_a_wrong_commit_is_not_followed_by_who_cannot_open_it() {
    let mut all = chat(3);
    let bob = all[1].account.id();
    let policy = all[1].group().policy().unwrap();
    let context = write(|it| it.set_role(bob, Role::Owner), &policy);
    let entry = broken(&mut all[1], 2, Wrong::Sealed, Some(context));
    let Device { provider, group, .. } = &mut all[1];
    group.as_mut().unwrap().drop_pending(provider).unwrap();
    assert_eq!(all[0].follow(&entry), Err(ChatError::Refused(Refusal::Roles)));
    assert_eq!(all[2].follow(&entry), Err(ChatError::NotOpened));
    goes_on(all);
}

/// Whether a path opens is the one thing in which members differ.
#[test]
fn c1_what_does_not_open_here_blames_nobody() {
    type E = ProcessMessageError<DamagedValue>;
    let path = |error| E::InvalidCommit(StageCommitError::UpdatePathError(error));
    for error in [
        ApplyUpdatePathError::UnableToDecrypt,
        ApplyUpdatePathError::PathMismatch,
        ApplyUpdatePathError::MissingCiphertext,
    ] {
        assert_eq!(why(&path(error)), ChatError::NotOpened);
    }
    for error in [
        path(ApplyUpdatePathError::PathLengthMismatch),
        path(ApplyUpdatePathError::ParentHashMismatch),
        E::InvalidCommit(StageCommitError::ConfirmationTagMismatch),
        E::InvalidCommit(StageCommitError::RequiredPathNotFound),
        E::IncompatibleWireFormat,
    ] {
        assert_eq!(why(&error), ChatError::Refused(Refusal::Mls));
    }
    assert_eq!(why(&E::StorageError(DamagedValue)), ChatError::State);
}
