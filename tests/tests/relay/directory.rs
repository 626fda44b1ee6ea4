//! Accounts and usernames.

use ed25519_dalek::SigningKey;
use parley_protocol::bounded::List;
use parley_protocol::device_log::{Change, LogHead};
use parley_protocol::frame::{Answer, DeviceLogNews, DirectoryRecord, KnownDeviceLog, RelayError, Request};
use parley_protocol::limits::MAX_BY_AUTHOR;
use parley_protocol::username::Username;
use parley_tests::accounts::{self, TestAccount, TestDevice, look_up, verifying};
use parley_tests::relay_client::RelayClient;
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

fn resolve(name: &str) -> Request {
    Request::ResolveUsername(Username::parse(name).unwrap())
}

fn recover(key: &SigningKey) -> Request {
    Request::FindRecoveryKey(verifying(key))
}

fn found(answer: Result<Answer, RelayError>) -> DirectoryRecord {
    accounts::found(answer).expect("a record")
}

#[tokio::test]
async fn an_account_is_found_by_name_and_by_id() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    assert_eq!(client.call(resolve("ada")).await, Err(RelayError::UnknownAccount));
    let unknown = accounts::found(client.call(look_up(account.id())).await);
    assert_eq!(unknown, Err(RelayError::UnknownAccount));
    for _ in 0..2 {
        // The second time is a retry after a lost answer.
        assert_eq!(client.call(account.registration("ada")).await, Ok(Answer::Done));
    }
    let record = found(client.call(resolve("ada")).await);
    assert_eq!(record.account, account.id());
    assert_eq!(&*record.log, account.log.entries());
    assert_eq!(record.username.as_ref().map(Username::as_str), Some("ada"));
    assert_eq!(found(client.call(look_up(account.id())).await), record);
    // Under another name it is a different registration.
    assert_eq!(client.call(account.registration("eve")).await, Err(RelayError::BadRequest));
}

#[tokio::test]
async fn only_what_is_new_of_device_logs_is_sent_and_of_many_at_once() {
    let relay = RelayProcess::start(&["--rate-registrations", "100/100"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (mut ada, bob, nobody) = (TestAccount::new(), TestAccount::new(), TestAccount::new());
    client.call(ada.registration("ada")).await.unwrap();
    client.call(bob.registration("bob")).await.unwrap();
    let before = ada.log.head();
    let second = TestDevice::new();
    let entry = ada.entry(&ada.first, Change::AddDevice(second.record), Some(&second));
    client.call(ada.append(entry.clone())).await.unwrap();
    ada.log.append(&entry).unwrap();
    let known = |account: &TestAccount, known| KnownDeviceLog { account: account.id(), known };
    let other = LogHead { hash: bob.log.head().hash, ..before };
    let ahead = LogHead { length: 9, ..before };
    let asked = vec![
        known(&ada, Some(before)),
        known(&ada, Some(ada.log.head())),
        known(&ada, Some(other)),
        known(&ada, Some(ahead)),
        known(&ada, Some(LogHead { length: 0, ..before })),
        known(&nobody, Some(before)),
        known(&bob, None),
    ];
    let answer = client.call(Request::FetchDeviceLogs(List::new(asked).unwrap())).await;
    let Ok(Answer::DeviceLogs(news)) = answer else { panic!("instead of news came {answer:?}") };
    let told: Vec<_> = news
        .iter()
        .map(|news| match news {
            DeviceLogNews::Record(record) => Some((record.account, record.after, record.log.len())),
            DeviceLogNews::Unknown(_) | DeviceLogNews::Later(_) => None,
        })
        .collect();
    let whole = Some((ada.id(), 0, 2));
    let news = [Some((ada.id(), 1, 1)), Some((ada.id(), 2, 0)), whole, whole, whole, None];
    assert_eq!(told[..6], news);
    assert_eq!(told[6], Some((bob.id(), 0, 1)));
}

#[tokio::test]
async fn a_name_that_looks_like_another_is_taken() {
    let relay = RelayProcess::start(&["--rate-registrations", "1000/1000"]);
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(TestAccount::new().registration("paul")).await.unwrap();
    for confusable in ["paul", "pau1", "pau.l", "paui", "p-a-u-l"] {
        let answer = client.call(TestAccount::new().registration(confusable)).await;
        assert_eq!(answer, Err(RelayError::UsernameTaken), "{confusable}");
    }
    let other = TestAccount::new();
    client.call(other.registration("paula")).await.unwrap();
    let claim = Request::ClaimUsername(other.claim(&other.first, "pau1"));
    assert_eq!(client.call(claim).await, Err(RelayError::UsernameTaken));
}

#[tokio::test]
async fn a_new_name_takes_the_place_of_the_old_one() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    for _ in 0..2 {
        let claim = Request::ClaimUsername(account.claim(&account.first, "countess"));
        assert_eq!(client.call(claim).await, Ok(Answer::Done));
    }
    assert_eq!(client.call(resolve("ada")).await, Err(RelayError::UnknownAccount));
    assert_eq!(found(client.call(resolve("countess")).await).account, account.id());
    assert_eq!(client.call(TestAccount::new().registration("ada")).await, Ok(Answer::Done));
}

#[tokio::test]
async fn of_two_entries_for_one_place_the_first_wins() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    let (second, third) = (TestDevice::new(), TestDevice::new());
    let one = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    let other = account.entry(&account.first, Change::AddDevice(third.record), Some(&third));
    let first = client.send(account.append(one.clone())).await;
    let raced = client.send(account.append(other.clone())).await;
    let results = [client.answer(first).await, client.answer(raced).await];
    assert_eq!(results.iter().filter(|result| **result == Ok(Answer::Done)).count(), 1, "{results:?}");
    assert!(results.contains(&Err(RelayError::DeviceLogConflict)), "{results:?}");
    let (winner, loser) = if results[0].is_ok() { (one, other) } else { (other, one) };
    // The winner's retry is no conflict; the loser's still is one.
    assert_eq!(client.call(account.append(winner.clone())).await, Ok(Answer::Done));
    assert_eq!(client.call(account.append(loser)).await, Err(RelayError::DeviceLogConflict));
    account.log.append(&winner).unwrap();
    let record = found(client.call(look_up(account.id())).await);
    assert_eq!(&*record.log, account.log.entries());
    let unknown = TestAccount::new();
    assert_eq!(client.call(unknown.append(winner)).await, Err(RelayError::UnknownAccount));
}

#[tokio::test]
async fn p10_the_relay_takes_a_removal_from_whoever_filled_the_log() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    let stolen = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(stolen.record), Some(&stolen));
    account.log.append(&added).unwrap();
    client.call(account.append(added)).await.unwrap();
    let same = Change::ReplaceRecoveryKey(account.log.recovery_key());
    let nothing = account.append(account.entry(&stolen, same, None));
    assert_eq!(client.call(nothing).await, Err(RelayError::Invalid), "it changes nothing");
    for _ in 0..MAX_BY_AUTHOR {
        let entry = account.entry(&stolen, Change::RolledBack(stolen.record.id), None);
        account.log.append(&entry).unwrap();
        assert_eq!(client.call(account.append(entry)).await, Ok(Answer::Done));
    }
    let more = account.append(account.entry(&stolen, Change::RolledBack(stolen.record.id), None));
    assert_eq!(client.call(more).await, Err(RelayError::QuotaExceeded));
    let removal = account.append(account.entry(&account.first, Change::RemoveDevice(stolen.record.id), None));
    assert_eq!(client.call(removal).await, Ok(Answer::Done));
}

#[tokio::test]
async fn an_account_is_found_by_the_recovery_key_that_its_log_names_now() {
    let mut relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut account = TestAccount::new();
    let newer = SigningKey::from_bytes(&unique());
    let unknown = Err(RelayError::UnknownAccount);
    assert_eq!(client.call(recover(&account.recovery)).await, unknown);
    client.call(account.registration("ada")).await.unwrap();
    let record = found(client.call(recover(&account.recovery)).await);
    assert_eq!((record.account, &*record.log), (account.id(), account.log.entries()));
    assert_eq!(record.username.as_ref().map(Username::as_str), Some("ada"));

    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    client.call(account.append(added)).await.unwrap();
    assert_eq!(&*found(client.call(recover(&account.recovery)).await).log, account.log.entries());
    let replaced = account.entry(&second, Change::ReplaceRecoveryKey(verifying(&newer)), None);
    account.log.append(&replaced).unwrap();
    for _ in 0..2 {
        // The second time is a retry after a lost answer.
        client.call(account.append(replaced.clone())).await.unwrap();
        assert_eq!(client.call(recover(&account.recovery)).await, unknown);
        assert_eq!(&*found(client.call(recover(&newer)).await).log, account.log.entries());
    }
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    assert_eq!(client.call(recover(&account.recovery)).await, unknown);
    assert_eq!(found(client.call(recover(&newer)).await).account, account.id());
}

#[tokio::test]
async fn recovery_keys_looked_up_from_one_address_are_limited_as_names_are() {
    let relay = RelayProcess::start(&["--rate-resolves", "3/1"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let unknown = Err(RelayError::UnknownAccount);
    for _ in 0..2 {
        assert_eq!(client.call(recover(&SigningKey::from_bytes(&unique()))).await, unknown);
    }
    assert_eq!(client.call(resolve("ada")).await, unknown);
    let mut other = RelayClient::connect(relay.address()).await;
    let refused = other.call(recover(&SigningKey::from_bytes(&unique()))).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
}
