//! Blobs of logs: clients that may append put them, clients with the capability from the message read them.

use parley_protocol::capability::Capability;
use parley_protocol::frame::{Answer, FetchLogBlob, PutLogBlob, RelayError, Request};
use parley_protocol::ids::{BlobHash, BlobId, Epoch, LogId};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};
use parley_tests::blobs::{TestBlob, stored};
use parley_tests::relay_client::{RelayClient, bytes, capability, reading};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use sha2::{Digest as _, Sha256};

const FAST: [&str; 4] = ["--rate-requests", "1000000/1000000", "--rate-upload", "10000000/10000000"];

/// A log, and what a client needs to append in its epoch.
struct TestLog {
    id: LogId,
    epoch: Epoch,
    append: Capability,
}

impl TestLog {
    async fn new(client: &mut RelayClient) -> Self {
        let (id, epoch, append) = (LogId(unique()), Epoch(1), capability());
        client.create_log(id, epoch, &append).await;
        Self { id, epoch, append }
    }

    async fn commit(&mut self, client: &mut RelayClient) {
        let next = capability();
        client.commit(self.id, self.epoch, &self.append, &next).await.unwrap();
        (self.epoch, self.append) = (self.epoch.next(), next);
    }
}

fn reader(blob: &TestBlob) -> Capability {
    let mut secret = [9; 32];
    secret[..16].copy_from_slice(&blob.id.0);
    Capability::new(secret)
}

fn part(blob: &TestBlob, log: &TestLog, offset: u64, length: usize) -> PutLogBlob {
    part_of(blob, BlobHash(Sha256::digest(&blob.bytes).into()), log, (offset, length))
}

/// A part of a blob whose complete hash is known.
fn part_of(blob: &TestBlob, hash: BlobHash, log: &TestLog, (offset, length): (u64, usize)) -> PutLogBlob {
    let begin = usize::try_from(offset).unwrap();
    let end = blob.bytes.len().min(begin + length);
    PutLogBlob {
        log: log.id,
        capability: log.append.clone(),
        epoch: log.epoch,
        blob: blob.id,
        size: blob.size(),
        hash,
        reader: reader(blob).hash(),
        offset,
        bytes: bytes(&blob.bytes[begin..end]),
    }
}

async fn put(client: &mut RelayClient, part: PutLogBlob) -> Result<u64, RelayError> {
    stored(client.call(Request::PutLogBlob(part)).await)
}

/// Puts the bytes that the relay does not have yet.
async fn upload(client: &mut RelayClient, blob: &TestBlob, log: &TestLog) {
    let mut at = put(client, part(blob, log, 0, 0)).await.unwrap();
    while at < blob.size() {
        at = put(client, part(blob, log, at, MAX_BLOB_PART)).await.unwrap();
    }
}

fn fetch(blob: BlobId, capability: &Capability, offset: u64) -> Request {
    let most = u32::try_from(MAX_BLOB_PART).unwrap();
    Request::FetchLogBlob(FetchLogBlob { blob, capability: capability.clone(), offset, most })
}

async fn download(client: &mut RelayClient, blob: &TestBlob) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let offset = u64::try_from(read.len()).unwrap();
        match client.call(fetch(blob.id, &reader(blob), offset)).await {
            Ok(Answer::BlobPart { bytes, .. }) if bytes.is_empty() => return read,
            Ok(Answer::BlobPart { size, bytes }) => {
                assert_eq!(size, blob.size());
                read.extend_from_slice(&bytes);
            }
            other => panic!("instead of a part came {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_blob_of_a_log_goes_on_after_a_kill_and_in_a_later_epoch() {
    let mut relay = RelayProcess::start(&FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut log = TestLog::new(&mut client).await;
    let blob = TestBlob::new(1_200_000);
    for offset in [0, 262_144] {
        put(&mut client, part(&blob, &log, offset, MAX_BLOB_PART)).await.unwrap();
    }
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    let old = part(&blob, &log, 524_288, MAX_BLOB_PART);
    log.commit(&mut client).await;
    assert_eq!(put(&mut client, old).await, Err(RelayError::StaleEpoch { current: Epoch(2) }));
    assert_eq!(put(&mut client, part(&blob, &log, 0, 0)).await, Ok(524_288));
    upload(&mut client, &blob, &log).await;
    let mut elsewhere = RelayClient::connect(relay.address()).await;
    assert!(download(&mut elsewhere, &blob).await == blob.bytes);
    // Putting everything again changes nothing.
    assert_eq!(put(&mut client, part(&blob, &log, 0, 10)).await, Ok(blob.size()));
}

#[tokio::test]
async fn a_blob_of_a_log_that_has_another_hash_is_refused_and_gone() {
    let relay = RelayProcess::start(&[&FAST[..], &["--log-blobs", "1"]].concat());
    let mut client = RelayClient::connect(relay.address()).await;
    let log = TestLog::new(&mut client).await;
    let blob = TestBlob::new(300_000);
    let wrong = |offset, length| PutLogBlob { hash: BlobHash([7; 32]), ..part(&blob, &log, offset, length) };
    assert_eq!(put(&mut client, wrong(0, MAX_BLOB_PART)).await, Ok(262_144));
    assert_eq!(put(&mut client, wrong(262_144, MAX_BLOB_PART)).await, Err(RelayError::WrongHash));
    let gone = client.call(fetch(blob.id, &reader(&blob), 0)).await;
    assert_eq!(gone, Err(RelayError::UnknownBlob));
    assert_eq!(put(&mut client, wrong(0, 0)).await, Ok(0), "nothing is left of it");
    // Its room and its id are free.
    upload(&mut client, &blob, &log).await;
    assert!(download(&mut client, &blob).await == blob.bytes);
}

#[tokio::test]
async fn p1_a_blob_of_a_log_opens_to_its_own_capability_only() {
    let relay = RelayProcess::start(&FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    let log = TestLog::new(&mut client).await;
    let blob = TestBlob::new(100);
    let mut stranger = RelayClient::connect(relay.address()).await;
    assert_eq!(put(&mut client, part(&blob, &log, 0, 60)).await, Ok(60));
    let unknown = Err(RelayError::UnknownBlob);
    assert_eq!(client.call(fetch(blob.id, &reader(&blob), 0)).await, unknown, "it is cut off");
    upload(&mut client, &blob, &log).await;
    for guess in [capability(), log.append.clone(), reading(&log.append)] {
        assert_eq!(stranger.call(fetch(blob.id, &guess, 0)).await, unknown);
    }
    assert_eq!(stranger.call(fetch(BlobId(unique()), &reader(&blob), 0)).await, unknown);
    assert!(download(&mut stranger, &blob).await == blob.bytes, "who has it need not be a member");
}

#[tokio::test]
async fn p10_only_who_may_append_puts_a_blob_and_none_is_changed() {
    let relay = RelayProcess::start(&FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut log = TestLog::new(&mut client).await;
    let other = TestLog::new(&mut client).await;
    let blob = TestBlob::new(100);
    let begun = part(&blob, &log, 0, 50);
    let wrong = Err(RelayError::WrongCapability);
    let reads = PutLogBlob { capability: reading(&log.append), ..begun.clone() };
    let guess = PutLogBlob { capability: capability(), ..begun.clone() };
    let of_other = PutLogBlob { capability: other.append.clone(), ..begun.clone() };
    for refused in [reads, guess, of_other] {
        assert_eq!(put(&mut client, refused).await, wrong);
    }
    let nowhere = PutLogBlob { log: LogId(unique()), ..begun.clone() };
    assert_eq!(put(&mut client, nowhere).await, Err(RelayError::UnknownLog));
    for size in [0, MAX_BLOB + 1] {
        let refused = PutLogBlob { size, ..begun.clone() };
        assert_eq!(put(&mut client, refused).await, Err(RelayError::TooLarge));
    }
    assert_eq!(put(&mut client, begun.clone()).await, Ok(50));
    // Under the same id in another log, or with other properties.
    assert_eq!(put(&mut client, part(&blob, &other, 50, 50)).await, wrong);
    let next = part(&blob, &log, 50, 50);
    let size = PutLogBlob { size: 101, ..next.clone() };
    let hash = PutLogBlob { hash: BlobHash([1; 32]), ..next.clone() };
    let reader = PutLogBlob { reader: capability().hash(), ..next.clone() };
    for refused in [size, hash, reader] {
        assert_eq!(put(&mut client, refused).await, wrong);
    }
    // A removed member may not continue a blob that it began.
    log.commit(&mut client).await;
    assert_eq!(put(&mut client, next).await, Err(RelayError::StaleEpoch { current: Epoch(2) }));
    upload(&mut client, &blob, &log).await;
    assert!(download(&mut client, &blob).await == blob.bytes);
}

#[tokio::test]
async fn a_log_has_so_many_blobs_and_bytes_beside_those_of_accounts() {
    let flags = [&FAST[..], &["--log-blob-mib", "1", "--log-blobs", "2"]].concat();
    let relay = RelayProcess::start(&flags);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, other) = (TestLog::new(&mut client).await, TestLog::new(&mut client).await);
    let full = Err(RelayError::QuotaExceeded);
    let (large, small) = (TestBlob::new((1 << 20) - 10), TestBlob::new(10));
    assert_eq!(
        put(&mut client, part(&large, &log, 0, 1)).await,
        Ok(1),
        "counts whole from its first part on"
    );
    let eleven = TestBlob::new(11);
    assert_eq!(put(&mut client, part(&eleven, &log, 0, 11)).await, full);
    assert_eq!(put(&mut client, part(&small, &log, 0, 10)).await, Ok(10));
    assert_eq!(put(&mut client, part(&TestBlob::new(1), &log, 0, 1)).await, full, "one too many");
    assert_eq!(put(&mut client, part(&eleven, &other, 0, 11)).await, Ok(11), "each log for itself");
    upload(&mut client, &large, &log).await;
}

/// Measures the relay's second reading of the largest blob.
#[tokio::test]
async fn a_blob_of_a_log_of_the_greatest_size() {
    let relay = RelayProcess::start(&FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    let log = TestLog::new(&mut client).await;
    let blob = TestBlob::new(usize::try_from(MAX_BLOB).unwrap());
    let hash = BlobHash(Sha256::digest(&blob.bytes).into());
    let last = MAX_BLOB - 1;
    let mut at = 0;
    while at < last {
        let length = usize::try_from(last - at).unwrap().min(MAX_BLOB_PART);
        at = put(&mut client, part_of(&blob, hash, &log, (at, length))).await.unwrap();
    }
    let begun = std::time::Instant::now();
    assert_eq!(put(&mut client, part_of(&blob, hash, &log, (last, 1))).await, Ok(MAX_BLOB));
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(15), "{took:?}");
    assert!(download(&mut client, &blob).await == blob.bytes);
}
