//! Attacks on another account's blobs, backup and recovery key at the relay.

use ed25519_dalek::SigningKey;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::Change;
use parley_protocol::frame::{
    Answer, DirectoryRecord, FetchBackupHead, FetchBlob, RelayError, Request, WriteBackupHead,
};
use parley_tests::accounts::{self, TestAccount, TestDevice, verifying};
use parley_tests::blobs::TestBlob;
use parley_tests::relay_client::{RelayClient, bytes, capability};
use parley_tests::relay_process::RelayProcess;

/// Ada, who has a blob and a backup, and Eve.
struct Scene {
    relay: RelayProcess,
    ada: TestAccount,
    eve: TestAccount,
    owner: RelayClient,
    stranger: RelayClient,
    blob: TestBlob,
}

impl Scene {
    async fn new() -> Self {
        let relay = RelayProcess::start(&[]);
        let (ada, eve) = (TestAccount::new(), TestAccount::new());
        let mut owner = RelayClient::connect(relay.address()).await;
        let mut stranger = RelayClient::connect(relay.address()).await;
        owner.call(ada.registration("ada")).await.unwrap();
        stranger.call(eve.registration("eve")).await.unwrap();
        let blob = TestBlob::new(1000);
        blob.upload(&mut owner, &ada, &ada.first).await;
        let mut scene = Self { relay, ada, eve, owner, stranger, blob };
        let written = scene.owner.call(scene.write_head(&scene.ada.first.inbox, 0, b"head")).await;
        assert!(matches!(written, Ok(Answer::BackupHead(_))), "{written:?}");
        scene
    }

    /// A new head for Ada's backup, by a client that knows `inbox`.
    fn write_head(&self, inbox: &Capability, after: u32, value: &[u8]) -> Request {
        Request::WriteBackupHead(WriteBackupHead {
            address: self.ada.address(&self.ada.first),
            capability: inbox.clone(),
            after,
            value: bytes(value),
        })
    }

    /// A request for Ada's head, as one of her devices.
    fn fetch_head(&self, inbox: Capability) -> Request {
        let address = self.ada.address(&self.ada.first);
        Request::FetchBackupHead(FetchBackupHead { address, capability: inbox })
    }

    /// Checks that everything is as Ada left it.
    async fn check(mut self) {
        assert!(self.blob.download(&mut self.owner, &self.ada, Vec::new()).await == self.blob.bytes);
        let head = self.owner.call(self.fetch_head(self.ada.first.inbox.clone())).await;
        let Ok(Answer::BackupHead(head)) = head else { panic!("instead of a head came {head:?}") };
        assert_eq!((head.version, &*head.value), (1, &b"head"[..]));
        drop(self.relay);
    }
}

#[tokio::test]
async fn p1_a_stranger_reads_no_blob_and_no_backup() {
    let mut scene = Scene::new().await;
    let wrong = Err(RelayError::WrongCapability);
    // The ids, the stored data, or another device's secret are not enough.
    let inbox = &scene.ada.first.inbox;
    let guesses = [capability(), scene.eve.first.inbox.clone(), Capability::new(inbox.hash().0)];
    for capability in guesses {
        let fetch = FetchBlob { capability: capability.clone(), ..scene.blob.fetch(&scene.ada, 0, 1000) };
        assert_eq!(scene.stranger.call(Request::FetchBlob(fetch)).await, wrong);
        assert_eq!(scene.stranger.call(scene.fetch_head(capability)).await, wrong);
    }
    // Eve's own device has no such blob, and does not learn that it exists.
    let own = Request::FetchBlob(scene.blob.fetch(&scene.eve, 0, 1000));
    assert_eq!(scene.stranger.call(own).await, Err(RelayError::UnknownBlob));
    // A stranger cannot take the blob over by putting it again.
    let own = Request::PutBlob(scene.blob.part(&scene.eve, &scene.eve.first, 0, 0));
    assert_eq!(scene.stranger.call(own).await, wrong);
    scene.check().await;
}

#[tokio::test]
async fn p5_a_stranger_changes_no_blob_and_ends_no_backup() {
    let mut scene = Scene::new().await;
    let wrong = Err(RelayError::WrongCapability);
    let guesses = [capability(), scene.eve.first.inbox.clone()];
    for inbox in guesses {
        for value in [&b""[..], b"head of somebody else"] {
            assert_eq!(scene.stranger.call(scene.write_head(&inbox, 1, value)).await, wrong);
        }
        let mut put = scene.blob.part(&scene.ada, &scene.ada.first, 0, 1000);
        put.capability = inbox.clone();
        assert_eq!(scene.stranger.call(Request::PutBlob(put)).await, wrong);
        let Request::DeleteBlobs(mut delete) = scene.blob.delete(&scene.ada, &scene.ada.first) else {
            panic!("no deletion");
        };
        delete.capability = inbox;
        assert_eq!(scene.stranger.call(Request::DeleteBlobs(delete)).await, wrong);
    }
    let own = scene.blob.delete(&scene.eve, &scene.eve.first);
    assert_eq!(scene.stranger.call(own).await, Ok(Answer::Done));
    scene.check().await;
}

fn found(answer: Result<Answer, RelayError>) -> DirectoryRecord {
    accounts::found(answer).expect("a record")
}

#[tokio::test]
async fn p4_somebody_elses_recovery_key_in_the_own_log_leads_nobody_astray() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let ada = TestAccount::new();
    let find = Request::FindRecoveryKey(verifying(&ada.recovery));
    client.call(ada.registration("ada")).await.unwrap();
    // In a genesis, and by a later entry of an existing account.
    let copy = TestAccount::recovered_by(SigningKey::from_bytes(ada.recovery.as_bytes()));
    client.call(copy.registration("copy")).await.unwrap();
    let eve = TestAccount::new();
    client.call(eve.registration("eve")).await.unwrap();
    let replaced = eve.entry(&eve.first, Change::ReplaceRecoveryKey(verifying(&ada.recovery)), None);
    client.call(eve.append(replaced)).await.unwrap();
    let record = found(client.call(find.clone()).await);
    assert_eq!((record.account, &*record.log), (ada.id(), ada.log.entries()));
    // The key that Eve's log named before leads nowhere now, and when Ada replaces hers, nobody takes her place.
    let old = Request::FindRecoveryKey(verifying(&eve.recovery));
    assert_eq!(client.call(old).await, Err(RelayError::UnknownAccount));
    let newer = SigningKey::from_bytes(&parley_tests::unique());
    let replaced = ada.entry(&ada.first, Change::ReplaceRecoveryKey(verifying(&newer)), None);
    client.call(ada.append(replaced)).await.unwrap();
    assert_eq!(client.call(find).await, Err(RelayError::UnknownAccount));
    let record = found(client.call(Request::FindRecoveryKey(verifying(&newer))).await);
    assert_eq!(record.account, ada.id());
}

/// It knows the ids of the blobs, and what read them while it was the account's.
#[tokio::test]
async fn p10_a_removed_device_reads_no_blob_and_no_backup() {
    let mut scene = Scene::new().await;
    let second = TestDevice::new();
    let added = scene.ada.entry(&scene.ada.first, Change::AddDevice(second.record), Some(&second));
    scene.ada.log.append(&added).unwrap();
    scene.owner.call(scene.ada.append(added)).await.unwrap();
    let (address, capability) = (scene.ada.address(&second), second.inbox.clone());
    let requests = [
        Request::FetchBlob(FetchBlob {
            address,
            capability: capability.clone(),
            ..scene.blob.fetch(&scene.ada, 0, 1000)
        }),
        Request::FetchBackupHead(FetchBackupHead { address, capability }),
    ];
    for request in &requests {
        assert!(scene.stranger.call(request.clone()).await.is_ok(), "while it is the account's");
    }
    let removed = scene.ada.entry(&scene.ada.first, Change::RemoveDevice(second.record.id), None);
    scene.owner.call(scene.ada.append(removed)).await.unwrap();
    // On the connection from when the device was in the account, and on a new one.
    let mut again = RelayClient::connect(scene.relay.address()).await;
    for request in requests {
        assert_eq!(scene.stranger.call(request.clone()).await, Err(RelayError::UnknownDevice));
        assert_eq!(again.call(request).await, Err(RelayError::UnknownDevice));
    }
    scene.check().await;
}
