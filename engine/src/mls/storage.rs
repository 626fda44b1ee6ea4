//! OpenMLS's storage on top of the device's state, so that MLS changes are in the same change set as all others.

use std::rc::Rc;

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::settings::GroupSettings;
use crate::records::keys::MLS;
use crate::records::state::{DamagedValue, StateStore};

const V: u16 = CURRENT_VERSION;

/// What a record holds; the number is part of its name and never changes its meaning.
#[derive(Clone, Copy)]
enum Kind {
    JoinConfig = 1,
    OwnLeafNodes = 2,
    ProposalRefs = 3,
    Proposal = 4,
    Tree = 5,
    TranscriptHash = 6,
    Context = 7,
    ConfirmationTag = 8,
    GroupState = 9,
    MessageSecrets = 10,
    ResumptionPsks = 11,
    OwnLeafIndex = 12,
    EpochSecrets = 13,
    SignatureKeys = 14,
    EncryptionKeys = 15,
    EpochKeyPairs = 16,
    KeyPackage = 17,
    Psk = 18,
}

/// The storage that OpenMLS sees.
#[derive(Clone)]
pub(crate) struct MlsStorage(pub(crate) Rc<StateStore>);

impl MlsStorage {
    fn name(kind: Kind, key: &impl Serialize) -> Result<Vec<u8>, DamagedValue> {
        #[expect(clippy::as_conversions, reason = "the enum's own discriminant, which fits")]
        let name = vec![MLS, kind as u8];
        postcard::to_extend(key, name).map_err(|_| DamagedValue)
    }

    fn write(&self, kind: Kind, key: &impl Serialize, value: &impl Serialize) -> Result<(), DamagedValue> {
        self.0.put(&Self::name(kind, key)?, value)
    }

    fn read<T: DeserializeOwned>(&self, kind: Kind, key: &impl Serialize) -> Result<Option<T>, DamagedValue> {
        self.0.get(&Self::name(kind, key)?)
    }

    fn read_list<T: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &impl Serialize,
    ) -> Result<Vec<T>, DamagedValue> {
        Ok(self.read(kind, key)?.unwrap_or_default())
    }

    fn remove(&self, kind: Kind, key: &impl Serialize) -> Result<(), DamagedValue> {
        self.0.delete(&Self::name(kind, key)?);
        Ok(())
    }
}

macro_rules! write {
    ($($name:ident: $kind:ident <$($generic:ident),*> ($key:ident, $value:ident);)*) => {$(
        fn $name<$($generic: traits::$generic<V>),*>(&self, key: &$key, value: &$value) -> Result<(), Self::Error> {
            Self::write(self, Kind::$kind, key, value)
        }
    )*};
}

macro_rules! read {
    ($($name:ident: $kind:ident <$($generic:ident),*> ($key:ident, $value:ident);)*) => {$(
        fn $name<$($generic: traits::$generic<V>),*>(&self, key: &$key) -> Result<Option<$value>, Self::Error> {
            Self::read(self, Kind::$kind, key)
        }
    )*};
}

macro_rules! delete {
    ($($name:ident: $kind:ident <$key:ident>;)*) => {$(
        fn $name<$key: traits::$key<V>>(&self, key: &$key) -> Result<(), Self::Error> {
            self.remove(Kind::$kind, key)
        }
    )*};
}

impl StorageProvider<V> for MlsStorage {
    type Error = DamagedValue;

    write! {
        write_tree: Tree<GroupId, TreeSync>(GroupId, TreeSync);
        write_interim_transcript_hash: TranscriptHash<GroupId, InterimTranscriptHash>(GroupId, InterimTranscriptHash);
        write_context: Context<GroupId, GroupContext>(GroupId, GroupContext);
        write_confirmation_tag: ConfirmationTag<GroupId, ConfirmationTag>(GroupId, ConfirmationTag);
        write_group_state: GroupState<GroupState, GroupId>(GroupId, GroupState);
        write_message_secrets: MessageSecrets<GroupId, MessageSecrets>(GroupId, MessageSecrets);
        write_resumption_psk_store: ResumptionPsks<GroupId, ResumptionPskStore>(GroupId, ResumptionPskStore);
        write_own_leaf_index: OwnLeafIndex<GroupId, LeafNodeIndex>(GroupId, LeafNodeIndex);
        write_group_epoch_secrets: EpochSecrets<GroupId, GroupEpochSecrets>(GroupId, GroupEpochSecrets);
        write_signature_key_pair: SignatureKeys<SignaturePublicKey, SignatureKeyPair>(SignaturePublicKey, SignatureKeyPair);
        write_encryption_key_pair: EncryptionKeys<EncryptionKey, HpkeKeyPair>(EncryptionKey, HpkeKeyPair);
        write_key_package: KeyPackage<HashReference, KeyPackage>(HashReference, KeyPackage);
        write_psk: Psk<PskId, PskBundle>(PskId, PskBundle);
    }

    read! {
        tree: Tree<GroupId, TreeSync>(GroupId, TreeSync);
        group_context: Context<GroupId, GroupContext>(GroupId, GroupContext);
        interim_transcript_hash: TranscriptHash<GroupId, InterimTranscriptHash>(GroupId, InterimTranscriptHash);
        confirmation_tag: ConfirmationTag<GroupId, ConfirmationTag>(GroupId, ConfirmationTag);
        group_state: GroupState<GroupState, GroupId>(GroupId, GroupState);
        message_secrets: MessageSecrets<GroupId, MessageSecrets>(GroupId, MessageSecrets);
        resumption_psk_store: ResumptionPsks<GroupId, ResumptionPskStore>(GroupId, ResumptionPskStore);
        own_leaf_index: OwnLeafIndex<GroupId, LeafNodeIndex>(GroupId, LeafNodeIndex);
        group_epoch_secrets: EpochSecrets<GroupId, GroupEpochSecrets>(GroupId, GroupEpochSecrets);
        signature_key_pair: SignatureKeys<SignaturePublicKey, SignatureKeyPair>(SignaturePublicKey, SignatureKeyPair);
        encryption_key_pair: EncryptionKeys<HpkeKeyPair, EncryptionKey>(EncryptionKey, HpkeKeyPair);
        psk: Psk<PskBundle, PskId>(PskId, PskBundle);
    }

    delete! {
        delete_own_leaf_nodes: OwnLeafNodes<GroupId>;
        delete_group_config: JoinConfig<GroupId>;
        delete_tree: Tree<GroupId>;
        delete_confirmation_tag: ConfirmationTag<GroupId>;
        delete_group_state: GroupState<GroupId>;
        delete_context: Context<GroupId>;
        delete_interim_transcript_hash: TranscriptHash<GroupId>;
        delete_message_secrets: MessageSecrets<GroupId>;
        delete_all_resumption_psk_secrets: ResumptionPsks<GroupId>;
        delete_own_leaf_index: OwnLeafIndex<GroupId>;
        delete_group_epoch_secrets: EpochSecrets<GroupId>;
        delete_signature_key_pair: SignatureKeys<SignaturePublicKey>;
        delete_encryption_key_pair: EncryptionKeys<EncryptionKey>;
    }

    // There are two of them: see `settings`.
    fn write_mls_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        group_id: &GroupId,
        config: &MlsGroupJoinConfig,
    ) -> Result<(), Self::Error> {
        let record = GroupSettings::of(config).record().to_vec();
        self.0.put_bytes(&Self::name(Kind::JoinConfig, group_id)?, record);
        Ok(())
    }

    fn mls_group_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<MlsGroupJoinConfig>, Self::Error> {
        let kept = self.0.get_bytes(&Self::name(Kind::JoinConfig, group_id)?);
        kept.map(|record| GroupSettings::of_record(&record).as_asked().ok_or(DamagedValue)).transpose()
    }

    fn key_package<KeyPackageRef: traits::HashReference<V>, KeyPackage: traits::KeyPackage<V>>(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<Option<KeyPackage>, Self::Error> {
        self.read(Kind::KeyPackage, hash_ref)
    }

    fn delete_key_package<KeyPackageRef: traits::HashReference<V>>(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<(), Self::Error> {
        self.remove(Kind::KeyPackage, hash_ref)
    }

    fn delete_psk<PskKey: traits::PskId<V>>(&self, psk_id: &PskKey) -> Result<(), Self::Error> {
        self.remove(Kind::Psk, psk_id)
    }

    fn append_own_leaf_node<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        group_id: &GroupId,
        leaf_node: &LeafNode,
    ) -> Result<(), Self::Error> {
        let mut nodes: Vec<Vec<u8>> = self.read_list(Kind::OwnLeafNodes, group_id)?;
        nodes.push(postcard::to_allocvec(leaf_node).map_err(|_| DamagedValue)?);
        self.write(Kind::OwnLeafNodes, group_id, &nodes)
    }

    fn own_leaf_nodes<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<LeafNode>, Self::Error> {
        let nodes: Vec<Vec<u8>> = self.read_list(Kind::OwnLeafNodes, group_id)?;
        nodes.iter().map(|node| postcard::from_bytes(node).map_err(|_| DamagedValue)).collect()
    }

    fn queue_proposal<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        group_id: &GroupId,
        proposal_ref: &ProposalRef,
        proposal: &QueuedProposal,
    ) -> Result<(), Self::Error> {
        let mut refs: Vec<Vec<u8>> = self.read_list(Kind::ProposalRefs, group_id)?;
        refs.push(postcard::to_allocvec(proposal_ref).map_err(|_| DamagedValue)?);
        self.write(Kind::ProposalRefs, group_id, &refs)?;
        self.write(Kind::Proposal, &(group_id, proposal_ref), proposal)
    }

    fn queued_proposal_refs<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<ProposalRef>, Self::Error> {
        let refs: Vec<Vec<u8>> = self.read_list(Kind::ProposalRefs, group_id)?;
        refs.iter().map(|bytes| postcard::from_bytes(bytes).map_err(|_| DamagedValue)).collect()
    }

    fn queued_proposals<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<(ProposalRef, QueuedProposal)>, Self::Error> {
        let refs: Vec<ProposalRef> = self.queued_proposal_refs(group_id)?;
        let mut proposals = Vec::with_capacity(refs.len());
        for proposal_ref in refs {
            let proposal = self.read(Kind::Proposal, &(group_id, &proposal_ref))?.ok_or(DamagedValue)?;
            proposals.push((proposal_ref, proposal));
        }
        Ok(proposals)
    }

    fn remove_proposal<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
        proposal_ref: &ProposalRef,
    ) -> Result<(), Self::Error> {
        let gone = postcard::to_allocvec(proposal_ref).map_err(|_| DamagedValue)?;
        let mut refs: Vec<Vec<u8>> = self.read_list(Kind::ProposalRefs, group_id)?;
        refs.retain(|bytes| *bytes != gone);
        self.write(Kind::ProposalRefs, group_id, &refs)?;
        self.remove(Kind::Proposal, &(group_id, proposal_ref))
    }

    fn clear_proposal_queue<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), Self::Error> {
        for proposal_ref in self.queued_proposal_refs::<GroupId, ProposalRef>(group_id)? {
            self.remove(Kind::Proposal, &(group_id, proposal_ref))?;
        }
        self.remove(Kind::ProposalRefs, group_id)
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), Self::Error> {
        self.write(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index), &key_pairs)
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, Self::Error> {
        self.read_list(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }

    fn delete_encryption_epoch_key_pairs<GroupId: traits::GroupId<V>, EpochKey: traits::EpochKey<V>>(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), Self::Error> {
        self.remove(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }
}
