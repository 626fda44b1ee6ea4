//! Inboxes and KeyPackage pools.

use std::time::Duration;

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::Change;
use parley_protocol::frame::{
    Answer, ClaimedKeyPackage, InboxAddress, InboxPost, PublishKeyPackages, Push, RelayError, Request,
    SubscribeInbox, Subscribed, SwapStamp,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, Stamp};
use parley_tests::accounts::{TestAccount, TestDevice, claim_key_packages};
use parley_tests::relay_client::{RelayClient, bytes, capability, commit, new_log, only, welcomes};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

async fn registered(relay: &RelayProcess) -> (RelayClient, TestAccount) {
    let mut client = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    client.call(account.registration("ada")).await.unwrap();
    (client, account)
}

fn post(to: InboxAddress, payload: &[u8]) -> InboxPost {
    InboxPost { to, append: AppendId(unique()), payload: bytes(payload) }
}

fn subscribe(address: InboxAddress, capability: &Capability, after: u64) -> Request {
    Request::SubscribeInbox(SubscribeInbox { address, capability: capability.clone(), after: Seq(after) })
}

fn ack(address: InboxAddress, capability: &Capability, upto: u64) -> Request {
    Request::AckInbox { address, capability: capability.clone(), upto: Seq(upto) }
}

fn publish(account: &TestAccount, device: &TestDevice, one_time: &[u8], last_resort: Option<u8>) -> Request {
    let key_package = |number: u8| bytes(&[number; 64]);
    Request::PublishKeyPackages(PublishKeyPackages {
        address: account.address(device),
        capability: device.inbox.clone(),
        one_time: List::new(one_time.iter().copied().map(key_package).collect()).unwrap(),
        last_resort: last_resort.map(key_package),
    })
}

#[tokio::test]
async fn an_inbox_brings_what_comes_until_it_is_acknowledged() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let (address, inbox) = (account.address(&account.first), &account.first.inbox);
    let mut sender = RelayClient::connect(relay.address()).await;
    let first = post(address, b"first");
    let stored = only(sender.call(Request::PostInbox(first.clone())).await).unwrap();
    assert_eq!(stored.seq, Seq(1));
    let state = owner.call(subscribe(address, inbox, 0)).await;
    assert_eq!(state, Ok(Answer::Subscribed(Subscribed { head: Seq(1), epoch: Epoch(0) })));
    assert_eq!(&*owner.inbox_entries(1).await[0].payload, b"first");
    only(sender.call(Request::PostInbox(post(address, b"second"))).await).unwrap();
    assert_eq!(owner.inbox_entries(1).await[0].seq, Seq(2));

    assert_eq!(owner.call(ack(address, inbox, 1)).await, Ok(Answer::Done));
    // The relay recognises a retry of the sender also after the acknowledgement.
    assert_eq!(only(sender.call(Request::PostInbox(first)).await).unwrap(), stored);
    let mut again = RelayClient::connect(relay.address()).await;
    again.call(subscribe(address, inbox, 0)).await.unwrap();
    let left = again.inbox_entries(1).await;
    assert_eq!((left[0].seq, &*left[0].payload), (Seq(2), &b"second"[..]));
    // Acknowledging future entries does not delete them.
    assert_eq!(owner.call(ack(address, inbox, 1000)).await, Ok(Answer::Done));
    only(sender.call(Request::PostInbox(post(address, b"third"))).await).unwrap();
    assert_eq!(&*again.inbox_entries(1).await[0].payload, b"third");
}

#[tokio::test]
async fn welcomes_arrive_with_the_commit_or_not_at_all() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let (address, inbox) = (account.address(&account.first), &account.first.inbox);
    owner.call(subscribe(address, inbox, 0)).await.unwrap();
    let mut sender = RelayClient::connect(relay.address()).await;
    let (log, first, second) = (LogId(unique()), capability(), capability());
    let mut create = new_log(log, Epoch(0), &first);
    create.welcomes = welcomes(vec![post(address, b"welcome 1")]);
    assert_eq!(sender.call(Request::CreateLog(create)).await, Ok(Answer::Done));
    assert_eq!(&*owner.inbox_entries(1).await[0].payload, b"welcome 1");

    let nobody = InboxAddress { account: account.id(), device: TestDevice::new().record.id };
    let mut lost = commit(log, Epoch(0), &first, &second);
    lost.welcomes = welcomes(vec![post(address, b"lost"), post(nobody, b"lost")]);
    assert_eq!(sender.call(Request::AppendCommit(lost)).await, Err(RelayError::UnknownDevice));
    let mut won = commit(log, Epoch(0), &first, &second);
    won.welcomes = welcomes(vec![post(address, b"welcome 2")]);
    assert_eq!(only(sender.call(Request::AppendCommit(won)).await).unwrap().seq, Seq(1));
    assert_eq!(&*owner.inbox_entries(1).await[0].payload, b"welcome 2");
}

#[tokio::test]
async fn a_one_time_key_package_is_given_out_once_and_the_last_resort_after_them() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let device = account.first.record.id;
    let given = |number: u8| {
        let key_package = bytes(&[number; 64]);
        Ok(Answer::KeyPackages(List::new(vec![ClaimedKeyPackage { device, key_package }]).unwrap()))
    };
    let claim = || account.claim_key_packages();
    assert_eq!(owner.call(claim()).await, Ok(Answer::KeyPackages(List::default())));
    let count = owner.call(publish(&account, &account.first, &[1, 2], Some(99))).await;
    assert_eq!(count, Ok(Answer::KeyPackageCount { one_time: 2, last_resort: true }));
    assert_eq!(owner.call(claim()).await, given(1));
    // A retry of the upload does not bring back KeyPackages that were given out.
    let count = owner.call(publish(&account, &account.first, &[1, 2], None)).await;
    assert_eq!(count, Ok(Answer::KeyPackageCount { one_time: 1, last_resort: true }));
    assert_eq!(owner.call(claim()).await, given(2));
    assert_eq!(owner.call(claim()).await, given(99));
    assert_eq!(owner.call(claim()).await, given(99));
    owner.call(publish(&account, &account.first, &[], Some(100))).await.unwrap();
    assert_eq!(owner.call(claim()).await, given(100));
    let unknown = TestAccount::new().claim_key_packages();
    assert_eq!(owner.call(unknown).await, Err(RelayError::UnknownAccount));
}

#[tokio::test]
async fn concurrent_claims_never_get_the_same_key_package() {
    let relay = RelayProcess::start(&["--rate-claims", "1000/1000", "--rate-claims-pair", "1000/1000"]);
    let (mut owner, account) = registered(&relay).await;
    let all: Vec<u8> = (0..60).collect();
    owner.call(publish(&account, &account.first, &all, None)).await.unwrap();
    let mut claimers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (address, claim) = (relay.address(), account.claim_key_packages());
        claimers.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            let mut got = Vec::new();
            for _ in 0..10 {
                let Ok(Answer::KeyPackages(list)) = client.call(claim.clone()).await else {
                    panic!("no KeyPackages");
                };
                got.push(list[0].key_package[0]);
            }
            got
        });
    }
    let mut got: Vec<u8> = claimers.join_all().await.concat();
    got.sort_unstable();
    assert_eq!(got, all);
}

#[tokio::test]
async fn a_pool_holds_a_hundred() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let hundred: Vec<u8> = (0..100).collect();
    let full = Ok(Answer::KeyPackageCount { one_time: 100, last_resort: false });
    assert_eq!(owner.call(publish(&account, &account.first, &hundred, None)).await, full);
    let more = publish(&account, &account.first, &[200], None);
    assert_eq!(owner.call(more).await, Err(RelayError::QuotaExceeded));
    let count = Request::CountKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
    };
    assert_eq!(owner.call(count).await, full);
}

#[tokio::test]
async fn a_removed_device_loses_its_inbox_and_its_pool() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, mut account) = registered(&relay).await;
    let second = TestDevice::new();
    let added = account.entry(&account.first, Change::AddDevice(second.record), Some(&second));
    account.log.append(&added).unwrap();
    assert_eq!(owner.call(account.append(added)).await, Ok(Answer::Done));
    owner.call(publish(&account, &second, &[1], Some(2))).await.unwrap();
    let address = account.address(&second);
    let mut reader = RelayClient::connect(relay.address()).await;
    reader.call(subscribe(address, &second.inbox, 0)).await.unwrap();
    owner.call(Request::PostInbox(post(address, b"before"))).await.unwrap();
    reader.inbox_entries(1).await;

    let removed = account.entry(&account.first, Change::RemoveDevice(second.record.id), None);
    assert_eq!(owner.call(account.append(removed)).await, Ok(Answer::Done));
    let told = Push::Inbox { device: second.record.id, entries: List::default() };
    assert_eq!(reader.push().await, told, "who reads it is told at once");
    let gone = Err(RelayError::UnknownDevice);
    assert_eq!(reader.call(subscribe(address, &second.inbox, 0)).await, gone);
    assert_eq!(reader.call(ack(address, &second.inbox, 1)).await, gone);
    assert_eq!(owner.call(Request::PostInbox(post(address, b"after"))).await, gone);
    assert_eq!(owner.call(publish(&account, &second, &[3], None)).await, gone);
    let claimed = owner.call(claim_key_packages(account.id(), vec![second.record.id])).await;
    assert_eq!(claimed, Ok(Answer::KeyPackages(List::default())));
    reader.assert_no_push(Duration::from_millis(100)).await;
}

fn swap_stamp(address: InboxAddress, capability: &Capability, stamp: Stamp) -> Request {
    Request::SwapStamp(SwapStamp { address, capability: capability.clone(), stamp })
}

const fn stamp_swapped(before: Option<Stamp>) -> Answer {
    Answer::StampSwapped { before }
}

#[tokio::test]
async fn a_device_swaps_the_stamp() {
    let relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let (address, inbox) = (account.address(&account.first), &account.first.inbox);
    let [first, second, third] = [1, 2, 3].map(|byte| Stamp([byte; 16]));
    assert_eq!(owner.call(swap_stamp(address, inbox, first)).await, Ok(stamp_swapped(None)));
    // A client without the capability can neither see nor change the stamp.
    let stranger = owner.call(swap_stamp(address, &capability(), third)).await;
    assert_eq!(stranger, Err(RelayError::WrongCapability));
    let nobody = InboxAddress { account: account.id(), device: TestDevice::new().record.id };
    assert_eq!(owner.call(swap_stamp(nobody, inbox, third)).await, Err(RelayError::UnknownDevice));
    // Two requests sent without waiting take effect in order, on whichever connection the next one comes.
    let second_id = owner.send(swap_stamp(address, inbox, second)).await;
    let third_id = owner.send(swap_stamp(address, inbox, third)).await;
    assert_eq!(owner.answer(second_id).await, Ok(stamp_swapped(Some(first))));
    assert_eq!(owner.answer(third_id).await, Ok(stamp_swapped(Some(second))));
    let mut copy = RelayClient::connect(relay.address()).await;
    assert_eq!(copy.call(swap_stamp(address, inbox, first)).await, Ok(stamp_swapped(Some(third))));
}

#[tokio::test]
async fn a_stamp_survives_a_kill() {
    let mut relay = RelayProcess::start(&[]);
    let (mut owner, account) = registered(&relay).await;
    let (address, inbox) = (account.address(&account.first), &account.first.inbox);
    let stamp = Stamp(unique());
    assert_eq!(owner.call(swap_stamp(address, inbox, stamp)).await, Ok(stamp_swapped(None)));
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut again = RelayClient::connect(relay.address()).await;
    assert_eq!(again.call(swap_stamp(address, inbox, Stamp(unique()))).await, Ok(stamp_swapped(Some(stamp))));
}
