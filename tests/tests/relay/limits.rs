//! Rates and quotas.

use parley_protocol::bounded::List;
use parley_protocol::frame::{
    Answer, ClosingReason, InboxPost, PublishKeyPackages, RelayError, Request, Retry, SubscribeInbox,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq};
use parley_tests::accounts::TestAccount;
use parley_tests::relay_client::{RelayClient, bytes, capability, new_log, only, welcomes};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

fn is_rate_limited<T: std::fmt::Debug>(result: &Result<T, RelayError>) -> bool {
    matches!(result, Err(error) if matches!(error.retry(), Retry::After(wait) if wait > 0))
        && matches!(result, Err(RelayError::RateLimited { .. }))
}

#[tokio::test]
async fn too_many_requests_are_refused_with_the_time_to_wait_and_then_pass() {
    let relay = RelayProcess::start(&["--rate-requests", "5/600"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mut refused = None;
    for _ in 0..20 {
        if let Err(error) = client.call(Request::Ping).await {
            refused = Some(error);
            break;
        }
    }
    let Some(RelayError::RateLimited { retry_after_ms }) = refused else { panic!("{refused:?}") };
    assert!(retry_after_ms <= 101, "{retry_after_ms}");
    tokio::time::sleep(std::time::Duration::from_millis(u64::from(retry_after_ms) + 5)).await;
    assert_eq!(client.call(Request::Ping).await, Ok(Answer::Done));
}

#[tokio::test]
async fn accounts_from_one_address_are_limited() {
    let relay = RelayProcess::start(&["--rate-registrations", "2/1"]);
    for name in ["first.one", "second.two"] {
        let mut client = RelayClient::connect(relay.address()).await;
        assert_eq!(client.call(TestAccount::new().registration(name)).await, Ok(Answer::Done));
    }
    let mut client = RelayClient::connect(relay.address()).await;
    assert!(is_rate_limited(&client.call(TestAccount::new().registration("third")).await));
}

#[tokio::test]
async fn bytes_from_one_address_are_limited_over_all_its_connections() {
    let relay = RelayProcess::start(&["--rate-upload", "300/1"]);
    let (log, secret) = (LogId(unique()), capability());
    let mut one = RelayClient::connect(relay.address()).await;
    one.create_log(log, Epoch(0), &secret).await;
    one.append(log, Epoch(0), &secret, &vec![0; 90_000]).await.unwrap();
    let mut other = RelayClient::connect(relay.address()).await;
    other.append(log, Epoch(0), &secret, &vec![0; 90_000]).await.unwrap();
    one.append(log, Epoch(0), &secret, &vec![0; 90_000]).await.unwrap();
    assert!(is_rate_limited(&other.append(log, Epoch(0), &secret, &vec![0; 90_000]).await));
    assert_eq!(other.call(Request::Ping).await, Ok(Answer::Done), "a small one still passes");
}

#[tokio::test]
async fn connections_from_one_address_are_limited_and_a_closed_one_makes_room() {
    let relay = RelayProcess::start(&["--connections-per-address", "2"]);
    let one = RelayClient::connect(relay.address()).await;
    let _two = RelayClient::connect(relay.address()).await;
    assert!(RelayClient::try_connect(relay.address()).await.is_none());
    drop(one);
    for _ in 0..100 {
        if RelayClient::try_connect(relay.address()).await.is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place of a closed connection stays taken");
}

/// From a refused upgrade a browser learns only that there is no connection. So the relay accepts one, says why, and ends it at
/// once.
#[tokio::test]
async fn a_full_relay_says_so_and_when_to_come_back() {
    let relay = RelayProcess::start(&["--connections-per-address", "1"]);
    let _one = RelayClient::connect(relay.address()).await;
    let mut turned_away = RelayClient::connect_silently(relay.address()).await;
    // The relay hears no request meanwhile.
    turned_away.send(Request::Hello).await;
    assert_eq!(turned_away.closing().await, Some(ClosingReason::Full { retry_after_ms: 20_000 }));
}

/// Telling a client costs the relay a socket: it tells a limited number at a time, and refuses the others as before.
#[tokio::test]
async fn those_who_are_turned_away_cost_no_more_than_a_bounded_number_of_sockets() {
    // These clients do not close, and have plenty of time.
    let relay = RelayProcess::start(&["--connections-per-address", "1", "--slow-reader-ms", "600000"]);
    let _one = RelayClient::connect(relay.address()).await;
    let url = format!("ws://{}/v1/ws", relay.address());
    let knock = || async {
        let stream = tokio::net::TcpStream::connect(relay.address()).await.unwrap();
        tokio_tungstenite::client_async(url.clone(), stream).await
    };
    let mut turned_away = Vec::new();
    for _ in 0..64 {
        turned_away.push(knock().await.unwrap());
    }
    for _ in 0..20 {
        assert!(knock().await.unwrap_err().to_string().contains("429"));
    }
    turned_away.pop();
    while knock().await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn claims_from_one_account_are_limited_whoever_claims() {
    let relay = RelayProcess::start(&["--rate-claims", "3/1"]);
    let account = TestAccount::new();
    let mut owner = RelayClient::connect(relay.address()).await;
    owner.call(account.registration("ada")).await.unwrap();
    let one_time: Vec<_> = (0..10_u8).map(|number| bytes(&[number; 100])).collect();
    let publish = PublishKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
        one_time: List::new(one_time).unwrap(),
        last_resort: None,
    };
    owner.call(Request::PublishKeyPackages(publish)).await.unwrap();
    for _ in 0..3 {
        let mut stranger = RelayClient::connect(relay.address()).await;
        assert!(stranger.call(account.claim_key_packages()).await.is_ok());
    }
    let mut stranger = RelayClient::connect(relay.address()).await;
    assert!(is_rate_limited(&stranger.call(account.claim_key_packages()).await));
    let count = Request::CountKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
    };
    let left = Answer::KeyPackageCount { one_time: 7, last_resort: false };
    assert_eq!(owner.call(count).await, Ok(left));
}

#[tokio::test]
async fn an_inbox_takes_so_much_and_no_more_also_through_welcomes() {
    let relay = RelayProcess::start(&["--inbox-entries", "3", "--rate-posts-own", "6/1"]);
    let account = TestAccount::new();
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(account.registration("ada")).await.unwrap();
    let to = account.address(&account.first);
    // As a device of the account: strangers have less room (`strangers`).
    let inbox = account.first.inbox.clone();
    let read = SubscribeInbox { address: to, capability: inbox, after: Seq(0) };
    client.call(Request::SubscribeInbox(read)).await.unwrap();
    let post = || InboxPost { to, append: AppendId(unique()), payload: bytes(b"post") };
    for _ in 0..3 {
        only(client.call(Request::PostInbox(post())).await).unwrap();
    }
    assert_eq!(client.call(Request::PostInbox(post())).await, Err(RelayError::QuotaExceeded));
    // The relay does not make a log whose Welcome does not fit.
    let (log, secret) = (LogId(unique()), capability());
    let mut create = new_log(log, Epoch(0), &secret);
    create.welcomes = welcomes(vec![post()]);
    assert_eq!(client.call(Request::CreateLog(create)).await, Err(RelayError::QuotaExceeded));
    assert_eq!(client.append(log, Epoch(0), &secret, b"x").await, Err(RelayError::UnknownLog));
    // This takes the sixth token of the inbox's bucket, the last one.
    assert_eq!(client.call(Request::PostInbox(post())).await, Err(RelayError::QuotaExceeded));
    assert!(is_rate_limited(&client.call(Request::PostInbox(post())).await));
}

#[tokio::test]
async fn a_log_takes_so_much_and_no_more() {
    let relay = RelayProcess::start(&["--log-mib", "1"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    for _ in 0..10 {
        client.append(log, Epoch(0), &secret, &vec![0; 95_000]).await.unwrap();
    }
    let full = client.append(log, Epoch(0), &secret, &vec![0; 98_000]).await;
    let full = full.and(client.append(log, Epoch(0), &secret, &vec![0; 98_000]).await);
    assert_eq!(full, Err(RelayError::QuotaExceeded));
}

#[tokio::test]
async fn welcomes_that_are_too_large_together_are_refused() {
    let relay = RelayProcess::start(&[]);
    let account = TestAccount::new();
    let mut client = RelayClient::connect(relay.address()).await;
    client.call(account.registration("ada")).await.unwrap();
    let to = account.address(&account.first);
    let welcome = || InboxPost { to, append: AppendId(unique()), payload: bytes(&vec![0; 800 * 1024]) };
    let mut create = new_log(LogId(unique()), Epoch(0), &capability());
    create.welcomes = welcomes(vec![welcome(), welcome()]);
    assert_eq!(client.call(Request::CreateLog(create)).await, Err(RelayError::TooLarge));
}
