//! Attacks on the relay by a client that speaks the protocol but has no right to what it asks.

use std::time::Duration;

use ed25519_dalek::Signer as _;
use parley_protocol::bounded::List;
use parley_protocol::device_log::{Author, Body, Change, Signature, SignedEntry};
use parley_protocol::frame::{
    Answer, InboxPost, PublishKeyPackages, RegisterAccount, RelayError, Request, SubscribeInbox,
    UsernameClaim,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use parley_protocol::username::Username;
use parley_tests::accounts::{TestAccount, TestDevice, found, look_up};
use parley_tests::relay_client::{RelayClient, bytes, capability};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

#[tokio::test]
async fn p1_a_stranger_cannot_read_a_log() {
    let relay = RelayProcess::start(&[]);
    let mut member = RelayClient::connect(relay.address()).await;
    let mut stranger = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    member.create_log(log, Epoch(0), &secret).await;
    member.append(log, Epoch(0), &secret, b"sealed").await.unwrap();
    // The log's id, and even the hash that the relay stores, are not enough.
    let hash = parley_protocol::capability::Capability::new(secret.hash().0);
    for guess in [capability(), hash] {
        assert_eq!(stranger.subscribe(log, &guess, Seq(0)).await, Err(RelayError::WrongCapability));
    }
    member.append(log, Epoch(0), &secret, b"sealed").await.unwrap();
    stranger.assert_no_push(Duration::from_millis(200)).await;
}

#[tokio::test]
async fn p3_a_removed_member_cannot_read_or_append_after_the_removal() {
    let relay = RelayProcess::start(&[]);
    let mut member = RelayClient::connect(relay.address()).await;
    let mut removed = RelayClient::connect(relay.address()).await;
    let (log, before, after) = (LogId(unique()), capability(), capability());
    member.create_log(log, Epoch(0), &before).await;
    removed.subscribe(log, &before, Seq(0)).await.unwrap();
    member.commit(log, Epoch(0), &before, &after).await.unwrap();
    removed.log_entries(log, 1).await;
    member.append(log, Epoch(1), &after, b"without you").await.unwrap();
    removed.assert_no_push(Duration::from_millis(200)).await;
    // A new subscription also ends at the removal, from any start.
    for (seq, count) in [(0, 1), (1, 0), (2, 0)] {
        removed.subscribe(log, &before, Seq(seq)).await.unwrap();
        removed.log_entries(log, count).await;
        removed.assert_no_push(Duration::from_millis(100)).await;
    }
    let stale = Err(RelayError::StaleEpoch { current: Epoch(1) });
    assert_eq!(removed.append(log, Epoch(0), &before, b"still here").await, stale);
    assert_eq!(removed.append(log, Epoch(1), &before, b"still here").await, stale);
    assert_eq!(removed.commit(log, Epoch(1), &before, &capability()).await, stale);
}

#[tokio::test]
async fn p2_a_stranger_cannot_append_to_a_log() {
    let relay = RelayProcess::start(&[]);
    let mut member = RelayClient::connect(relay.address()).await;
    let mut stranger = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    member.create_log(log, Epoch(0), &secret).await;
    let refused = Err(RelayError::WrongCapability);
    assert_eq!(stranger.append(log, Epoch(0), &capability(), b"spam").await, refused);
    assert_eq!(stranger.commit(log, Epoch(0), &capability(), &capability()).await, refused);
    let other = parley_tests::relay_client::new_log(log, Epoch(0), &capability());
    assert_eq!(stranger.call(Request::CreateLog(other)).await, Err(RelayError::LogExists));
    assert_eq!(member.append(log, Epoch(0), &secret, b"mine").await.unwrap().seq, Seq(1));
}

#[tokio::test]
async fn p1_a_stranger_cannot_read_empty_or_refill_an_inbox() {
    let relay = RelayProcess::start(&[]);
    let mut owner = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    owner.call(account.registration("ada")).await.unwrap();
    let address = account.address(&account.first);
    let post = InboxPost { to: address, append: AppendId(unique()), payload: bytes(b"welcome") };
    owner.call(Request::PostInbox(post)).await.unwrap();

    let mut stranger = RelayClient::connect(relay.address()).await;
    let guess = capability();
    let refused = Err(RelayError::WrongCapability);
    let subscribe = SubscribeInbox { address, capability: guess.clone(), after: Seq(0) };
    assert_eq!(stranger.call(Request::SubscribeInbox(subscribe)).await, refused);
    let ack = Request::AckInbox { address, capability: guess.clone(), upto: Seq(1) };
    assert_eq!(stranger.call(ack).await, refused);
    let publish = PublishKeyPackages {
        address,
        capability: guess.clone(),
        one_time: List::new(vec![bytes(b"my own")]).unwrap(),
        last_resort: Some(bytes(b"my own")),
    };
    assert_eq!(stranger.call(Request::PublishKeyPackages(publish)).await, refused);
    assert_eq!(stranger.call(Request::CountKeyPackages { address, capability: guess }).await, refused);

    let subscribe = SubscribeInbox { address, capability: account.first.inbox.clone(), after: Seq(0) };
    owner.call(Request::SubscribeInbox(subscribe)).await.unwrap();
    assert_eq!(&*owner.inbox_entries(1).await[0].payload, b"welcome");
    let claimed = owner.call(account.claim_key_packages()).await;
    assert_eq!(claimed, Ok(Answer::KeyPackages(List::default())));
}

#[tokio::test]
async fn p4_a_stranger_cannot_append_to_a_device_log() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    let evil = TestDevice::new();
    let forged = |author: Author, change: Change| {
        let body = Body { previous: Some(account.log.head().hash), created: UnixMillis(3), author, change };
        SignedEntry::sign(&body, &evil.key, Some(&evil.key)).unwrap()
    };
    let add = Change::AddDevice(evil.record);
    let mut attempts = vec![
        forged(Author::Device(account.first.record.id), add),
        forged(Author::Device(evil.record.id), add),
        forged(Author::Recovery, add),
        forged(Author::Device(account.first.record.id), Change::RemoveDevice(account.first.record.id)),
        // Signed by the right device, but without the new device's signature.
        account.entry(&account.first, add, None),
        account.entry(&account.first, add, Some(&account.first)),
    ];
    // Signed by the right device, and then changed.
    let mut altered = account.entry(&account.first, add, Some(&evil));
    altered.body = bytes(&altered.body.iter().rev().copied().collect::<Vec<_>>());
    attempts.push(altered);
    for (number, entry) in attempts.into_iter().enumerate() {
        let answer = client.call(account.append(entry)).await;
        assert_eq!(answer, Err(RelayError::Invalid), "attempt {number}");
    }
    let record = found(client.call(look_up(account.id())).await).expect("a record");
    assert_eq!(&*record.log, account.log.entries());
}

#[tokio::test]
async fn p4_a_removed_device_cannot_sign_anything() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    client.call(account.append(added)).await.unwrap();
    let removed = account.entry(&account.first, Change::RemoveDevice(second.record.id), None);
    account.log.append(&removed).unwrap();
    client.call(account.append(removed)).await.unwrap();

    let third = TestDevice::new();
    let entry = account.entry(&second, Change::AddDevice(third.record), Some(&third));
    assert_eq!(client.call(account.append(entry)).await, Err(RelayError::Invalid));
    let claim = Request::ClaimUsername(account.claim(&second, "stolen"));
    assert_eq!(client.call(claim).await, Err(RelayError::UnknownDevice));
}

#[tokio::test]
async fn p4_a_username_cannot_be_claimed_for_or_by_somebody_else() {
    let relay = RelayProcess::start(&["--rate-registrations", "1000/1000"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (ada, eve) = (TestAccount::new(), TestAccount::new());
    client.call(ada.registration("ada")).await.unwrap();
    client.call(eve.registration("eve")).await.unwrap();
    let forged = |account: &TestAccount, signed_name: &str, name: &str| UsernameClaim {
        username: Username::parse(name).unwrap(),
        account: account.id(),
        device: account.first.record.id,
        signature: Signature(
            eve.first
                .key
                .sign(&UsernameClaim::signed_bytes(&Username::parse(signed_name).unwrap(), &account.id()))
                .to_bytes(),
        ),
    };
    for claim in [forged(&ada, "fool", "fool"), forged(&eve, "evelyn", "queen")] {
        assert_eq!(client.call(Request::ClaimUsername(claim)).await, Err(RelayError::Invalid));
    }
    // The genesis of one account with the claim of another.
    let newcomer = TestAccount::new();
    let mixed = Request::RegisterAccount(RegisterAccount {
        log: List::new(newcomer.log.entries().to_vec()).unwrap(),
        claim: eve.claim(&eve.first, "mixed"),
    });
    let answer = client.call(mixed).await;
    assert!(matches!(answer, Err(RelayError::Invalid | RelayError::UnknownDevice)), "{answer:?}");
}

#[tokio::test]
async fn p5_a_full_log_of_another_conversation_does_not_stop_mine() {
    let relay = RelayProcess::start(&["--log-mib", "1"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (full, mine, secret) = (LogId(unique()), LogId(unique()), capability());
    client.create_log(full, Epoch(0), &secret).await;
    client.create_log(mine, Epoch(0), &secret).await;
    while client.append(full, Epoch(0), &secret, &vec![0; 98_000]).await.is_ok() {}
    assert_eq!(client.append(mine, Epoch(0), &secret, b"mine").await.unwrap().seq, Seq(1));
}
