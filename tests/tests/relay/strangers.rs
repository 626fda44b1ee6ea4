//! What an unrelated attacker can take from a person at the relay. The attackers know the limits, have a clock, and try again
//! at the first moment at which that can help.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::Change;
use parley_protocol::frame::{
    Answer, CreateLog, InboxAddress, InboxPost, PublishKeyPackages, RelayError, Request, SubscribeInbox,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq};
use parley_protocol::limits::MAX_WELCOME;
use parley_tests::accounts::{TestAccount, TestDevice};
use parley_tests::relay_client::{RelayClient, bytes, capability, commit, new_log, only, welcomes};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::task::JoinHandle;

/// An address of this machine that no other client uses.
fn elsewhere(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 7, number).into()
}

async fn registered(relay: &RelayProcess) -> (RelayClient, TestAccount) {
    let mut client = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    (client, account)
}

fn publish(account: &TestAccount, one_time: u8) -> Request {
    let key_package = |number: u8| bytes(&[number; 64]);
    Request::PublishKeyPackages(PublishKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
        one_time: List::new((0..one_time).map(key_package).collect()).unwrap(),
        last_resort: Some(key_package(LAST_RESORT)),
    })
}

const LAST_RESORT: u8 = 255;

fn post(to: InboxAddress, length: usize) -> InboxPost {
    InboxPost { to, append: AppendId(unique()), payload: bytes(&vec![7; length]) }
}

fn invitation(to: &[InboxAddress], length: usize) -> CreateLog {
    let mut create = new_log(LogId(unique()), Epoch(1), &capability());
    create.welcomes = welcomes(to.iter().map(|to| post(*to, length)).collect());
    create
}

/// Repeats a request for ever, as soon as the relay permits.
fn ask_for_ever(mut client: RelayClient, request: impl Fn() -> Request + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if let Err(RelayError::RateLimited { retry_after_ms }) = client.call(request()).await {
                tokio::time::sleep(Duration::from_millis(retry_after_ms.into())).await;
            }
        }
    })
}

#[tokio::test]
async fn p10_one_who_times_its_claims_takes_nobody_elses() {
    let relay = RelayProcess::start(&["--rate-claims", "5/60"]);
    let (mut owner, account) = registered(&relay).await;
    let claim = account.claim_key_packages();
    owner.call(publish(&account, 20)).await.unwrap();
    let thief = RelayClient::connect_from(elsewhere(1), relay.address()).await;
    let theirs = claim.clone();
    let stealing = ask_for_ever(thief, move || theirs.clone());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut honest = RelayClient::connect_from(elsewhere(2), relay.address()).await;
    for number in 0..20 {
        match honest.call(claim.clone()).await {
            Ok(Answer::KeyPackages(list)) => assert_eq!(list.len(), 1, "after {number}"),
            other => panic!("after {number} came {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stealing.abort();
}

/// One attacker cannot take everything that is left, however long it tries.
#[tokio::test]
async fn p10_one_takes_few_of_a_persons_one_time_key_packages() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    owner.call(publish(&account, 20)).await.unwrap();
    let mut thief = RelayClient::connect_from(elsewhere(1), relay.address()).await;
    for _ in 0..100 {
        assert!(thief.call(account.claim_key_packages()).await.is_ok());
    }
    let mut honest = RelayClient::connect_from(elsewhere(2), relay.address()).await;
    let Ok(Answer::KeyPackages(list)) = honest.call(account.claim_key_packages()).await else {
        panic!("nothing came")
    };
    assert_ne!(list[0].key_package[0], LAST_RESORT);
}

#[tokio::test]
async fn p10_one_who_times_its_posts_keeps_nobody_else_out() {
    let relay = RelayProcess::start(&["--rate-posts", "60/60"]);
    let (mut owner, account) = registered(&relay).await;
    let to = account.address(&account.first);
    let inbox = account.first.inbox.clone();
    let subscribe = SubscribeInbox { address: to, capability: inbox.clone(), after: Seq(0) };
    owner.call(Request::SubscribeInbox(subscribe)).await.unwrap();
    let pest = RelayClient::connect_from(elsewhere(1), relay.address()).await;
    let knocking = ask_for_ever(pest, move || Request::PostInbox(post(to, 1)));
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The owner is online, and reads what comes.
    let reading = tokio::spawn(async move {
        loop {
            let last = owner.inbox_entries(1).await[0].seq;
            let ack = Request::AckInbox { address: to, capability: inbox.clone(), upto: last };
            owner.call(ack).await.unwrap();
        }
    });
    let mut honest = RelayClient::connect_from(elsewhere(2), relay.address()).await;
    for number in 0..4 {
        let invited = honest.call(Request::CreateLog(invitation(&[to], 5_000))).await;
        assert_eq!(invited, Ok(Answer::Done), "after {number}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    knocking.abort();
    reading.abort();
}

/// Posts until the relay has taken nothing for a while. Returns how much it took.
async fn fill(client: &mut RelayClient, to: InboxAddress, length: usize) -> usize {
    let (mut taken, start) = (0, Instant::now());
    while start.elapsed() < Duration::from_secs(3) {
        match client.call(Request::PostInbox(post(to, length))).await {
            Ok(_) => taken += 1,
            Err(RelayError::QuotaExceeded) => return taken,
            Err(RelayError::RateLimited { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(other) => panic!("{other:?}"),
        }
    }
    taken
}

#[tokio::test]
async fn p10_one_stranger_does_not_fill_an_offline_inbox() {
    for length in [1, MAX_WELCOME] {
        let relay = RelayProcess::start(&["--rate-upload", "1048576/1048576"]);
        let (_, account) = registered(&relay).await;
        let to = account.address(&account.first);
        let mut pest = RelayClient::connect_from(elsewhere(1), relay.address()).await;
        let taken = fill(&mut pest, to, length).await;
        assert!(taken <= 40, "{taken} of {length} bytes were taken");
        let mut honest = RelayClient::connect_from(elsewhere(2), relay.address()).await;
        assert_eq!(honest.call(Request::CreateLog(invitation(&[to], 5_000))).await, Ok(Answer::Done));
    }
}

/// Many addresses fill the strangers' part of the inbox. The account's own devices are not strangers.
#[tokio::test]
async fn p10_many_strangers_leave_room_in_an_inbox_for_own_devices_and_small_welcomes() {
    let relay = RelayProcess::start(&["--inbox-mib", "16", "--rate-upload", "1048576/1048576"]);
    let (mut owner, mut account) = registered(&relay).await;
    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    owner.call(account.append(added)).await.unwrap();
    let to = account.address(&second);
    for number in 1..=20 {
        let mut pest = RelayClient::connect_from(elsewhere(number), relay.address()).await;
        fill(&mut pest, to, MAX_WELCOME).await;
    }
    let mut honest = RelayClient::connect_from(elsewhere(100), relay.address()).await;
    assert_eq!(honest.call(Request::CreateLog(invitation(&[to], 20_000))).await, Ok(Answer::Done));
    // Without end, even the small entries are too many ...
    let relay = RelayProcess::start(&["--inbox-entries", "40"]);
    let mut owner = RelayClient::connect(relay.address()).await;
    owner.call(account.registration("ada")).await.unwrap();
    for number in 1..=40 {
        let mut pest = RelayClient::connect_from(elsewhere(number), relay.address()).await;
        while pest.call(Request::PostInbox(post(to, 1))).await.is_ok() {}
    }
    let full = honest_call(&relay, Request::PostInbox(post(to, 1))).await;
    assert_eq!(full, Err(RelayError::QuotaExceeded));
    // ... and a device of the account, which has shown the capability of its inbox, still gets in.
    let subscribe = SubscribeInbox {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
        after: Seq(0),
    };
    owner.call(Request::SubscribeInbox(subscribe)).await.unwrap();
    only(owner.call(Request::PostInbox(post(to, 1))).await).unwrap();
}

async fn honest_call(relay: &RelayProcess, request: Request) -> Result<Answer, RelayError> {
    RelayClient::connect_from(elsewhere(100), relay.address()).await.call(request).await
}

/// One full inbox prevents no conversation with the account's other devices, and no commit.
#[tokio::test]
async fn p10_a_full_inbox_is_named_and_keeps_nothing_from_the_others() {
    let relay = RelayProcess::start(&["--inbox-entries", "4"]);
    let (mut owner, mut account) = registered(&relay).await;
    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    owner.call(account.append(added)).await.unwrap();
    let (full, open) = (account.address(&account.first), account.address(&second));
    for number in 1..=5 {
        let mut pest = RelayClient::connect_from(elsewhere(number), relay.address()).await;
        while pest.call(Request::PostInbox(post(full, 1))).await.is_ok() {}
    }
    let named = Ok(Answer::Undelivered(List::new(vec![full]).unwrap()));
    let mut honest = RelayClient::connect_from(elsewhere(100), relay.address()).await;
    let (log, first, second) = (LogId(unique()), capability(), capability());
    let mut create = new_log(log, Epoch(1), &first);
    create.welcomes = welcomes(vec![post(full, 10), post(open, 10)]);
    assert_eq!(honest.call(Request::CreateLog(create.clone())).await, named);
    assert_eq!(honest.append(log, Epoch(1), &first, b"x").await, Err(RelayError::UnknownLog));
    create.welcomes = welcomes(vec![post(open, 10)]);
    assert_eq!(honest.call(Request::CreateLog(create)).await, Ok(Answer::Done));
    // A commit may remove somebody, so the relay never refuses it because of those that it adds.
    let mut adds = commit(log, Epoch(1), &first, &second);
    adds.welcomes = welcomes(vec![post(full, 10)]);
    assert_eq!(honest.call(Request::AppendCommit(adds)).await, named);
    assert!(honest.append(log, Epoch(1), &first, b"x").await.is_ok(), "the epoch goes on");
    // Nobody else can be reached: the log can be made later.
    let refused = honest.call(Request::CreateLog(invitation(&[full], 10))).await;
    assert_eq!(refused, Err(RelayError::QuotaExceeded));
}

/// Appends until the relay takes no more. Returns the refusal.
async fn fill_the_disk(client: &mut RelayClient, log: LogId, secret: &Capability) -> RelayError {
    for _ in 0..2000 {
        if let Err(refusal) = client.append(log, Epoch(0), secret, &vec![7; 90_000]).await {
            return refusal;
        }
    }
    panic!("the disk does not get full")
}

#[tokio::test]
async fn p10_strangers_do_not_take_the_last_of_the_disk() {
    // 32 MiB, of which the last 4 are reserved for existing accounts.
    let relay = RelayProcess::start(&["--max-pages", "8192"]);
    let (mut owner, mut account) = registered(&relay).await;
    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    owner.call(account.append(added)).await.unwrap();
    let (log, secret) = (LogId(unique()), capability());
    owner.create_log(log, Epoch(0), &secret).await;
    let mut pests = Vec::new();
    for number in 1..=20 {
        let mut pest = RelayClient::connect_from(elsewhere(number), relay.address()).await;
        let (log, secret) = (LogId(unique()), capability());
        pest.create_log(log, Epoch(0), &secret).await;
        pests.push((pest, log, secret));
    }
    // One attacker fills it up to the floor, and then progresses only slowly ...
    let (first, rest) = pests.split_first_mut().unwrap();
    let refused = fill_the_disk(&mut first.0, first.1, &first.2).await;
    assert!(matches!(refused, RelayError::RateLimited { .. }), "{refused:?}");
    // ... while existing clients go on. Nobody and nothing new can begin.
    owner.append(log, Epoch(0), &secret, b"we go on").await.unwrap();
    let newcomer = honest_call(&relay, TestAccount::new().registration("newcomer")).await;
    assert_eq!(newcomer, Err(RelayError::StorageFull));
    let another = new_log(LogId(unique()), Epoch(0), &capability());
    let another = honest_call(&relay, Request::CreateLog(another)).await;
    assert_eq!(another, Err(RelayError::StorageFull));
    // Many attackers fill the rest, except the part for removing a stolen device.
    for (pest, log, secret) in rest {
        fill_the_disk(pest, *log, secret).await;
    }
    let refused = owner.append(log, Epoch(0), &secret, b"no more").await;
    assert_eq!(refused, Err(RelayError::StorageFull));
    let removal = account.entry(&account.first, Change::RemoveDevice(second.record.id), None);
    assert_eq!(owner.call(account.append(removal)).await, Ok(Answer::Done));
}

/// Each costs reading a log and checking a signature.
#[tokio::test]
async fn p10_wrong_entries_for_somebodys_device_log_are_few() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let change = Change::AddDevice(TestDevice::new().record);
    let mut entry = account.entry(&account.first, change, Some(&account.first));
    entry.signature.0[0] ^= 1;
    let mut pest = RelayClient::connect_from(elsewhere(1), relay.address()).await;
    let mut looked_at = 0;
    for _ in 0..1000 {
        match pest.call(account.append(entry.clone())).await {
            Err(RelayError::Invalid) => looked_at += 1,
            Err(RelayError::RateLimited { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(looked_at < 350, "{looked_at} were looked at");
    let second = TestDevice::new();
    let honest = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    assert_eq!(owner.call(account.append(honest)).await, Ok(Answer::Done));
}
