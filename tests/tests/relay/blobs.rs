//! Blobs and the heads of backups.

use std::time::Duration;

use parley_protocol::device_log::Change;
use parley_protocol::frame::{
    Answer, BackupHead, ClientFrame, ClosingReason, FetchBackupHead, FetchBlob, RelayError, Request,
    RequestId, ServerFrame, WriteBackupHead,
};
use parley_protocol::ids::{Epoch, LogId};
use parley_protocol::limits::{MAX_BACKUP_HEAD, MAX_BLOB, MAX_BLOB_PART};
use parley_tests::accounts::{TestAccount, TestDevice};
use parley_tests::blobs::{TestBlob, stored};
use parley_tests::relay_client::{Incoming, RelayClient, bytes, capability};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

/// The longest part.
const PART: u64 = 256 * 1024;
/// Rates that do not limit a test that puts much.
const FAST: [&str; 4] = ["--rate-requests", "1000000/1000000", "--rate-upload", "10000000/10000000"];

/// An account in the relay's directory and a connection of its device.
async fn registered(relay: &RelayProcess, name: &str) -> (TestAccount, RelayClient) {
    let account = TestAccount::new();
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(account.registration(name)).await.unwrap();
    (account, client)
}

fn head(account: &TestAccount, device: &TestDevice, after: u32, value: &[u8]) -> Request {
    Request::WriteBackupHead(WriteBackupHead {
        address: account.address(device),
        capability: device.inbox.clone(),
        after,
        value: bytes(value),
    })
}

fn fetch_head(account: &TestAccount, device: &TestDevice) -> Request {
    let (address, capability) = (account.address(device), device.inbox.clone());
    Request::FetchBackupHead(FetchBackupHead { address, capability })
}

fn written(version: u32, value: &[u8]) -> Answer {
    Answer::BackupHead(BackupHead { version, value: bytes(value) })
}

#[tokio::test]
async fn an_upload_goes_on_after_a_cut_and_so_does_a_download() {
    let relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(1_500_000);
    // Several parts are on their way when the line is cut. They are in order, so the stored bytes are a beginning.
    let parts = (0..4).map(|part| part * PART);
    let mut asked = Vec::new();
    for offset in parts {
        asked.push(client.send(Request::PutBlob(blob.part(&ada, &ada.first, offset, MAX_BLOB_PART))).await);
    }
    assert_eq!(stored(client.answer(asked[1]).await), Ok(2 * PART));
    drop(client);

    let mut client = RelayClient::connect(relay.address()).await;
    blob.upload(&mut client, &ada, &ada.first).await;
    // Putting everything again changes nothing.
    let again = Request::PutBlob(blob.part(&ada, &ada.first, 0, MAX_BLOB_PART));
    assert_eq!(stored(client.call(again).await), Ok(blob.size()));

    // Any connection can read it.
    let mut reader = RelayClient::connect(relay.address()).await;
    let Ok(Answer::BlobPart { bytes: begun, .. }) =
        reader.call(Request::FetchBlob(blob.fetch(&ada, 0, 100_001))).await
    else {
        panic!("no part");
    };
    assert_eq!(begun.len(), 100_001);
    drop(reader);
    let mut reader = RelayClient::connect(relay.address()).await;
    assert!(blob.download(&mut reader, &ada, begun.to_vec()).await == blob.bytes);
}

#[tokio::test]
async fn a_killed_relay_has_every_acknowledged_part() {
    let mut relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(24 * 1024 * 1024);
    for kill in 0_u64..4 {
        // As many parts on their way as a client has, until the relay is gone.
        let mut at = stored(client.call(Request::PutBlob(blob.part(&ada, &ada.first, 0, 0))).await).unwrap();
        let mut acknowledged = at;
        let end = at + 4 * 1024 * 1024 + kill * 50_000;
        while at < end {
            client.send(Request::PutBlob(blob.part(&ada, &ada.first, at, 100_000))).await;
            at += 100_000;
        }
        for _ in 0..10 + kill {
            let Incoming::Frame(ServerFrame::Answer { result, .. }) = client.incoming().await else {
                panic!("no answer");
            };
            acknowledged = acknowledged.max(stored(result).unwrap());
        }
        relay.kill();
        // The answers from before the end.
        while let Incoming::Frame(ServerFrame::Answer { result, .. }) = client.incoming().await {
            acknowledged = acknowledged.max(stored(result).unwrap());
        }
        relay = RelayProcess::start_in(relay.folder(), &FAST);
        client = RelayClient::connect(relay.address()).await;
        let kept = stored(client.call(Request::PutBlob(blob.part(&ada, &ada.first, 0, 0))).await).unwrap();
        assert!(kept >= acknowledged, "of {acknowledged} bytes {kept} are left after kill {kill}");
        let read = blob.download(&mut client, &ada, Vec::new()).await;
        assert!(read == blob.bytes[..usize::try_from(kept).unwrap()], "kill {kill}");
    }
    blob.upload(&mut client, &ada, &ada.first).await;
    assert!(blob.download(&mut client, &ada, Vec::new()).await == blob.bytes);
}

#[tokio::test]
async fn every_device_of_an_account_puts_reads_and_deletes_and_a_removed_one_does_not() {
    let relay = RelayProcess::start(&FAST);
    let (mut ada, mut client) = registered(&relay, "ada").await;
    let second = TestDevice::new();
    let added = ada.entry(&ada.first, Change::AddDevice(second.record), Some(&second));
    ada.log.append(&added).unwrap();
    client.call(ada.append(added)).await.unwrap();
    let (blob, other) = (TestBlob::new(20), TestBlob::new(20));
    let call = Request::PutBlob(blob.part(&ada, &ada.first, 0, 10));
    assert_eq!(stored(client.call(call).await), Ok(10));
    let call = Request::PutBlob(blob.part(&ada, &second, 10, 10));
    assert_eq!(stored(client.call(call).await), Ok(20), "one device goes on with what another began");
    other.upload(&mut client, &ada, &second).await;
    assert_eq!(client.call(other.delete(&ada, &ada.first)).await, Ok(Answer::Done));
    let gone = client.call(Request::FetchBlob(other.fetch(&ada, 0, 1))).await;
    assert_eq!(gone, Err(RelayError::UnknownBlob));
    client.call(head(&ada, &ada.first, 0, b"head")).await.unwrap();
    let (address, capability) = (ada.address(&second), second.inbox.clone());
    let reads = Request::FetchBlob(FetchBlob { address, capability, ..blob.fetch(&ada, 0, 20) });
    let part = Answer::BlobPart { size: 20, bytes: bytes(&blob.bytes) };
    assert_eq!(client.call(reads.clone()).await, Ok(part));
    assert_eq!(client.call(fetch_head(&ada, &second)).await, Ok(written(1, b"head")));

    let removed = ada.entry(&ada.first, Change::RemoveDevice(second.record.id), None);
    client.call(ada.append(removed)).await.unwrap();
    for request in [
        Request::PutBlob(other.part(&ada, &second, 0, 10)),
        blob.delete(&ada, &second),
        head(&ada, &second, 1, b"mine"),
        reads,
        fetch_head(&ada, &second),
    ] {
        assert_eq!(client.call(request).await, Err(RelayError::UnknownDevice));
    }
    assert!(blob.download(&mut client, &ada, Vec::new()).await == blob.bytes);
}

#[tokio::test]
async fn another_accounts_blob_is_neither_changed_nor_deleted() {
    let relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let (eve, mut other) = registered(&relay, "eve").await;
    let blob = TestBlob::new(100);
    client.call(Request::PutBlob(blob.part(&ada, &ada.first, 0, 50))).await.unwrap();
    let wrong = Err(RelayError::WrongCapability);
    // Under Eve's account with the id of Ada's blob; under Ada's account without her device's capability.
    let own = blob.part(&eve, &eve.first, 50, 50);
    assert_eq!(other.call(Request::PutBlob(own)).await, wrong);
    let mut forged = blob.part(&ada, &ada.first, 50, 50);
    forged.capability = eve.first.inbox.clone();
    assert_eq!(other.call(Request::PutBlob(forged)).await, wrong);
    assert_eq!(other.call(blob.delete(&eve, &eve.first)).await, Ok(Answer::Done), "it has no such blob");
    // An account that is not in the directory cannot either.
    let nobody = TestAccount::new();
    let put = Request::PutBlob(TestBlob::new(10).part(&nobody, &nobody.first, 0, 10));
    assert_eq!(other.call(put).await, Err(RelayError::UnknownDevice));
    blob.upload(&mut client, &ada, &ada.first).await;
    assert!(blob.download(&mut client, &ada, Vec::new()).await == blob.bytes);
}

#[tokio::test]
async fn a_blob_of_the_greatest_size_and_one_byte_more() {
    let relay = RelayProcess::start(&[&FAST[..], &["--blob-mib", "112"]].concat());
    let (ada, mut client) = registered(&relay, "ada").await;
    let mut part = TestBlob::new(10).part(&ada, &ada.first, 0, 10);
    for size in [0, MAX_BLOB + 1] {
        part.size = size;
        assert_eq!(client.call(Request::PutBlob(part.clone())).await, Err(RelayError::TooLarge));
    }
    let blob = TestBlob::new(usize::try_from(MAX_BLOB).unwrap());
    blob.upload(&mut client, &ada, &ada.first).await;
    assert!(blob.download(&mut client, &ada, Vec::new()).await == blob.bytes);
    // The relay gives no more than a part, whatever the client requests.
    let Ok(Answer::BlobPart { bytes, .. }) =
        client.call(Request::FetchBlob(blob.fetch(&ada, 7, 1 << 30))).await
    else {
        panic!("no part");
    };
    assert!(*bytes == blob.bytes[7..7 + MAX_BLOB_PART]);
    // That was all the room. Deleting frees it at once.
    part.size = 1;
    part.bytes = parley_tests::relay_client::bytes(b"x");
    assert_eq!(client.call(Request::PutBlob(part.clone())).await, Err(RelayError::QuotaExceeded));
    client.call(blob.delete(&ada, &ada.first)).await.unwrap();
    assert_eq!(stored(client.call(Request::PutBlob(part)).await), Ok(1));
}

#[tokio::test]
async fn an_account_has_so_many_blobs_and_no_other_pays_for_it() {
    let relay = RelayProcess::start(&[&FAST[..], &["--blobs", "3"]].concat());
    let (ada, mut client) = registered(&relay, "ada").await;
    let (bob, mut other) = registered(&relay, "bob").await;
    for _ in 0..3 {
        TestBlob::new(5).upload(&mut client, &ada, &ada.first).await;
    }
    let put = |account: &TestAccount| Request::PutBlob(TestBlob::new(5).part(account, &account.first, 0, 5));
    assert_eq!(client.call(put(&ada)).await, Err(RelayError::QuotaExceeded));
    assert_eq!(stored(other.call(put(&bob)).await), Ok(5));
}

#[tokio::test]
async fn a_full_disk_refuses_parts_and_still_serves_what_it_has() {
    let relay = RelayProcess::start(&[&FAST[..], &["--max-pages", "200"]].concat());
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(10 * 1024 * 1024);
    let mut at = 0;
    let refusal = loop {
        match stored(client.call(Request::PutBlob(blob.part(&ada, &ada.first, at, MAX_BLOB_PART))).await) {
            Ok(next) => at = next,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal, RelayError::StorageFull);
    assert!(at > 1024 * 1024, "{at}");
    let read = blob.download(&mut client, &ada, Vec::new()).await;
    assert!(read == blob.bytes[..usize::try_from(at).unwrap()]);
    // Messages have another database.
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    client.append(log, Epoch(0), &secret, b"message").await.unwrap();
}

#[tokio::test]
async fn of_two_heads_after_the_same_one_the_first_wins() {
    let relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    assert_eq!(client.call(fetch_head(&ada, &ada.first)).await, Err(RelayError::UnknownBlob));
    let longest = vec![7; MAX_BACKUP_HEAD];
    assert_eq!(client.call(head(&ada, &ada.first, 0, &longest)).await, Ok(written(1, &longest)));
    let one = client.send(head(&ada, &ada.first, 1, b"one")).await;
    let two = client.send(head(&ada, &ada.first, 1, b"two")).await;
    assert_eq!(client.answer(one).await, Ok(written(2, b"one")));
    assert_eq!(client.answer(two).await, Err(RelayError::BackupConflict));
    let mut reader = RelayClient::connect(relay.address()).await;
    assert_eq!(reader.call(fetch_head(&ada, &ada.first)).await, Ok(written(2, b"one")));
}

#[tokio::test]
async fn an_ended_backup_is_gone_and_an_old_writer_does_not_bring_it_back() {
    let mut relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let (eve, mut other) = registered(&relay, "eve").await;
    let (blob, kept) = (TestBlob::new(1_000_000), TestBlob::new(10));
    blob.upload(&mut client, &ada, &ada.first).await;
    kept.upload(&mut other, &eve, &eve.first).await;
    client.call(head(&ada, &ada.first, 0, b"head")).await.unwrap();
    assert_eq!(client.call(head(&ada, &ada.first, 1, b"")).await, Ok(written(2, b"")));
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &FAST);
    let mut client = RelayClient::connect(relay.address()).await;
    assert_eq!(client.call(Request::FetchBlob(blob.fetch(&ada, 0, 1))).await, Err(RelayError::UnknownBlob));
    assert_eq!(client.call(fetch_head(&ada, &ada.first)).await, Ok(written(2, b"")));
    let old_writer = client.call(head(&ada, &ada.first, 1, b"head")).await;
    assert_eq!(old_writer, Err(RelayError::BackupConflict));
    assert!(kept.download(&mut client, &eve, Vec::new()).await == kept.bytes);
    blob.upload(&mut client, &ada, &ada.first).await;
    assert_eq!(client.call(head(&ada, &ada.first, 2, b"anew")).await, Ok(written(3, b"anew")));
}

#[tokio::test]
async fn a_backup_that_nobody_writes_expires() {
    let mut relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(1_000_000);
    blob.upload(&mut client, &ada, &ada.first).await;
    client.call(head(&ada, &ada.first, 0, b"head")).await.unwrap();
    relay.terminate();
    relay.wait();
    // With a day of grace.
    let mut relay = RelayProcess::start_in(relay.folder(), &[&FAST[..], &["--backup-days", "1"]].concat());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut client = RelayClient::connect(relay.address()).await;
    assert!(blob.download(&mut client, &ada, Vec::new()).await == blob.bytes);
    relay.terminate();
    relay.wait();
    // With none.
    let relay = RelayProcess::start_in(relay.folder(), &[&FAST[..], &["--backup-days", "0"]].concat());
    let mut client = RelayClient::connect(relay.address()).await;
    for _ in 0..100 {
        if client.call(fetch_head(&ada, &ada.first)).await == Ok(written(2, b"")) {
            let gone = client.call(Request::FetchBlob(blob.fetch(&ada, 0, 1))).await;
            assert_eq!(gone, Err(RelayError::UnknownBlob));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the backup is still there");
}

#[tokio::test]
async fn a_first_backup_goes_up_at_the_rates_that_are_set_by_default() {
    let relay = RelayProcess::start(&[]);
    let (ada, mut client) = registered(&relay, "ada").await;
    // 200 MB, of which the relay has to write only the first 60: the rate counts the incoming bytes.
    let blob = TestBlob::new(60_000_000);
    blob.upload(&mut client, &ada, &ada.first).await;
    let part = blob.part(&ada, &ada.first, 0, MAX_BLOB_PART);
    for _ in 0..140_000_000 / MAX_BLOB_PART {
        assert_eq!(stored(client.call(Request::PutBlob(part.clone())).await), Ok(blob.size()));
    }
    // Beyond that the rate is about a mebibyte each second. The relay tells a part that has to wait for how long.
    let mut refused = None;
    for _ in 0..400 {
        if let Err(refusal) = client.call(Request::PutBlob(part.clone())).await {
            refused = Some(refusal);
            break;
        }
    }
    let Some(RelayError::RateLimited { retry_after_ms }) = refused else { panic!("{refused:?}") };
    assert!(retry_after_ms <= 300, "{retry_after_ms}");
    tokio::time::sleep(Duration::from_millis(u64::from(retry_after_ms) + 20)).await;
    assert_eq!(stored(client.call(Request::PutBlob(part)).await), Ok(blob.size()));
}

#[tokio::test]
async fn who_asks_for_a_thousand_parts_and_reads_none_has_few_of_them_in_the_relays_memory() {
    const CLIENTS: usize = 20;
    const ASKED: usize = 200;
    let relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(4 * MAX_BLOB_PART);
    blob.upload(&mut client, &ada, &ada.first).await;
    let before = relay.resident();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = RelayClient::connect(relay.address()).await;
        let mut asked = Vec::new();
        for part in 0..ASKED {
            let offset = u64::try_from(part % 4 * MAX_BLOB_PART).unwrap();
            asked.push(client.send(Request::FetchBlob(blob.fetch(&ada, offset, MAX_BLOB_PART))).await);
        }
        clients.push((client, asked));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = relay.resident().saturating_sub(before);
    // 32 parts in flight for each client would be 160 MiB, in addition to the outboxes.
    assert!(grown < 90 << 20, "{} MiB", grown >> 20);
    // A client that then reads gets all of them.
    let (mut client, asked) = clients.pop().unwrap();
    for (part, id) in asked.into_iter().enumerate() {
        let Ok(Answer::BlobPart { bytes, .. }) = client.answer(id).await else { panic!("no part") };
        let begin = part % 4 * MAX_BLOB_PART;
        assert!(*bytes == blob.bytes[begin..begin + MAX_BLOB_PART]);
    }
    assert_eq!(client.call(Request::Ping).await, Ok(Answer::Done));
}

#[tokio::test]
async fn a_part_that_is_too_long_ends_the_connection() {
    let relay = RelayProcess::start(&FAST);
    let (ada, mut client) = registered(&relay, "ada").await;
    let blob = TestBlob::new(MAX_BLOB_PART);
    let frame = ClientFrame {
        id: RequestId(900),
        request: Request::PutBlob(blob.part(&ada, &ada.first, 0, MAX_BLOB_PART)),
    };
    let bytes = frame.encode().unwrap();
    // The length of the bytes is the last varint before them. The test makes it one greater, and adds a byte.
    let at = bytes.len() - MAX_BLOB_PART;
    let mut longer = bytes.clone();
    longer[at - 3] |= 1;
    longer.push(0);
    client.send_raw(longer).await;
    assert_eq!(client.closing().await, Some(ClosingReason::ProtocolViolation));
}
