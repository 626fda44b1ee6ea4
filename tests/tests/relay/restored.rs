//! A relay whose operator rolled the data folder back to a copy, for want of anything newer.

use std::fs;
use std::path::Path;

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::Change;
use parley_protocol::frame::{
    Answer, KnownPlace, LogEntry, RegisterAccount, RelayError, Request, SubscribeLog, SwapStamp,
};
use parley_protocol::ids::{Epoch, LogId, Seq, Stamp};
use parley_tests::accounts::{TestAccount, TestDevice, found, look_up};
use parley_tests::relay_client::{RelayClient, capability, message, messages, subscription};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

/// Copies every file of a folder into another.
fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Kills the relay, replaces its data by the copy, and restarts it.
fn roll_back(mut relay: RelayProcess, from: &Path) -> RelayProcess {
    relay.kill();
    let folder = relay.folder();
    for file in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    copy(from, folder.path());
    RelayProcess::start_in(folder, &[])
}

async fn append(client: &mut RelayClient, log: LogId, secret: &Capability, count: usize) -> Vec<KnownPlace> {
    let new = (0..count).map(|_| message(&unique::<64>())).collect();
    let request = Request::AppendMessages(messages(log, Epoch(0), secret, new));
    let Ok(Answer::Stored(places)) = client.call(request).await else { panic!("not stored") };
    places.iter().map(|place| KnownPlace { seq: place.seq, era: place.era }).collect()
}

async fn subscribe(
    client: &mut RelayClient,
    log: LogId,
    secret: &Capability,
    known: KnownPlace,
) -> Result<Answer, RelayError> {
    let request = SubscribeLog { known: Some(known), ..subscription(log, secret, known.seq) };
    client.call(Request::SubscribeLog(request)).await
}

fn known(entry: &LogEntry) -> KnownPlace {
    KnownPlace { seq: entry.seq, era: entry.era }
}

#[tokio::test]
async fn p5_a_place_that_a_restored_relay_gives_out_again_is_not_the_same() {
    let relay = RelayProcess::start(&[]);
    let (log, secret) = (LogId(unique()), capability());
    let mut client = RelayClient::connect(relay.address()).await;
    client.create_log(log, Epoch(0), &secret).await;
    let before = append(&mut client, log, &secret, 3).await;
    let saved = tempfile::tempdir().unwrap();
    copy(relay.folder().path(), saved.path());
    let lost = append(&mut client, log, &secret, 3).await;
    assert!(subscribe(&mut client, log, &secret, lost[2]).await.is_ok());

    let relay = roll_back(relay, saved.path());
    let mut client = RelayClient::connect(relay.address()).await;
    for place in &lost {
        assert_eq!(subscribe(&mut client, log, &secret, *place).await, Err(RelayError::RolledBack));
    }
    assert!(subscribe(&mut client, log, &secret, before[2]).await.is_ok(), "what is there is known");
    let again = append(&mut client, log, &secret, 4).await;
    assert_eq!(again[2].seq, lost[2].seq, "the number is given out again");
    for place in &lost {
        assert_eq!(subscribe(&mut client, log, &secret, *place).await, Err(RelayError::RolledBack));
    }
    // Another client, which got no pushes for the subscription from before.
    let mut reader = RelayClient::connect(relay.address()).await;
    reader.subscribe(log, &secret, Seq(0)).await.unwrap();
    let entries = reader.log_entries(log, 7).await;
    let read: Vec<KnownPlace> = entries.iter().map(known).collect();
    assert_eq!(read, [before, again].concat(), "who reads is told the same as who wrote");
}

/// A relay that was restarted and not rolled back knows everything that it said.
#[tokio::test]
async fn p5_a_relay_that_was_only_restarted_has_not_gone_back() {
    let mut relay = RelayProcess::start(&[]);
    let (log, secret) = (LogId(unique()), capability());
    let mut client = RelayClient::connect(relay.address()).await;
    client.create_log(log, Epoch(0), &secret).await;
    let first = append(&mut client, log, &secret, 2).await;
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let second = append(&mut client, log, &secret, 2).await;
    assert_ne!(first[0].era, second[0].era, "each run is an era");
    for place in first.into_iter().chain(second) {
        assert!(subscribe(&mut client, log, &secret, place).await.is_ok());
    }
    let other = KnownPlace { seq: Seq(9), era: unique_era() };
    assert_eq!(subscribe(&mut client, log, &secret, other).await, Err(RelayError::RolledBack));
    let wrong = capability();
    let answer = subscribe(&mut client, log, &wrong, other).await;
    assert_eq!(answer, Err(RelayError::WrongCapability), "nothing is said to who may not read");
}

fn unique_era() -> parley_protocol::ids::Era {
    parley_protocol::ids::Era(unique())
}

/// All devices of the account come back at once; a removed device is not one of them.
#[tokio::test]
async fn p10_an_account_registers_again_with_its_whole_device_log() {
    let relay = RelayProcess::start(&[]);
    let saved = tempfile::tempdir().unwrap();
    copy(relay.folder().path(), saved.path());
    let mut client = RelayClient::connect(relay.address()).await;
    let mut account = TestAccount::new();
    assert_eq!(client.call(account.registration("ada")).await, Ok(Answer::Done));
    let (second, third) = (TestDevice::new(), TestDevice::new());
    for device in [&second, &third] {
        let entry = account.entry(&account.first, Change::AddDevice(device.record), Some(device));
        account.log.append(&entry).unwrap();
    }
    let entry = account.entry(&second, Change::RemoveDevice(third.record.id), None);
    account.log.append(&entry).unwrap();

    let relay = roll_back(relay, saved.path());
    let mut client = RelayClient::connect(relay.address()).await;
    let swap_stamp = |device: &TestDevice| {
        let address =
            parley_protocol::frame::InboxAddress { account: account.id(), device: device.record.id };
        Request::SwapStamp(SwapStamp { address, capability: device.inbox.clone(), stamp: Stamp(unique()) })
    };
    assert!(client.call(swap_stamp(&account.first)).await.is_err());
    let again = |by: &TestDevice| {
        let log = List::new(account.log.entries().to_vec()).unwrap();
        Request::RegisterAccount(RegisterAccount { log, claim: account.claim(by, "ada") })
    };
    assert!(client.call(again(&third)).await.is_err(), "a removed device brings nothing back");
    assert_eq!(client.call(again(&second)).await, Ok(Answer::Done));
    for device in [&account.first, &second] {
        assert_eq!(client.call(swap_stamp(device)).await, Ok(Answer::StampSwapped { before: None }));
    }
    assert_eq!(client.call(swap_stamp(&third)).await, Err(RelayError::UnknownDevice));
    let record = found(client.call(look_up(account.id())).await).expect("a record");
    assert_eq!(record.log.to_vec(), account.log.entries());
}
