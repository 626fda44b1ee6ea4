//! Appends to conversation logs.

use parley_protocol::capability::Capability;
use parley_protocol::frame::{Answer, EntryKind, RelayError, Request, Welcomes};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq};
use parley_tests::relay_client::{
    RelayClient, bytes, capability, commit, message, messages, new_log, only, reading,
};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

#[tokio::test]
async fn a_retry_is_answered_like_the_first_time_also_in_a_later_epoch() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, first, second) = (LogId(unique()), capability(), capability());
    client.create_log(log, Epoch(1), &first).await;
    let request = messages(log, Epoch(1), &first, vec![message(b"one"), message(b"two")]);
    let stored = client.call(Request::AppendMessages(request.clone())).await.unwrap();
    assert_eq!(client.call(Request::AppendMessages(request.clone())).await.unwrap(), stored);
    let ending = commit(log, Epoch(1), &first, &second);
    let committed = only(client.call(Request::AppendCommit(ending.clone())).await).unwrap();
    assert_eq!(committed.seq, Seq(3));
    assert_eq!(only(client.call(Request::AppendCommit(ending)).await).unwrap(), committed);
    assert_eq!(client.call(Request::AppendMessages(request)).await.unwrap(), stored);
    // No message is stored twice.
    assert_eq!(client.append(log, Epoch(2), &second, b"three").await.unwrap().seq, Seq(4));
}

#[tokio::test]
async fn a_retry_with_another_payload_changes_nothing() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let original = message(b"original");
    let mut forged = original.clone();
    forged.payload = bytes(b"forged");
    for one in [original, forged] {
        let request = Request::AppendMessages(messages(log, Epoch(0), &secret, vec![one]));
        assert_eq!(only(client.call(request).await).unwrap().seq, Seq(1));
    }
    client.subscribe(log, &secret, Seq(0)).await.unwrap();
    assert_eq!(&*client.log_entries(log, 1).await[0].payload, b"original");
}

#[tokio::test]
async fn an_append_is_refused_as_a_whole() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let twice = message(b"twice");
    let request = messages(log, Epoch(0), &secret, vec![message(b"first"), twice.clone(), twice]);
    assert_eq!(client.call(Request::AppendMessages(request)).await, Err(RelayError::BadRequest));
    assert_eq!(client.append(log, Epoch(0), &secret, b"alone").await.unwrap().seq, Seq(1));
}

#[tokio::test]
async fn every_wrong_append_has_its_error() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, old, new) = (LogId(unique()), capability(), capability());
    let unknown = LogId(unique());
    assert_eq!(client.append(unknown, Epoch(0), &old, b"").await, Err(RelayError::UnknownLog));
    client.create_log(log, Epoch(4), &old).await;
    assert_eq!(client.append(log, Epoch(4), &new, b"").await, Err(RelayError::WrongCapability));
    assert_eq!(client.append(log, Epoch(5), &old, b"").await, Err(RelayError::WrongCapability));
    client.commit(log, Epoch(4), &old, &new).await.unwrap();
    let stale = Err(RelayError::StaleEpoch { current: Epoch(5) });
    assert_eq!(client.append(log, Epoch(4), &old, b"").await, stale);
    assert_eq!(client.commit(log, Epoch(4), &old, &capability()).await, stale);
    assert_eq!(client.append(log, Epoch(5), &old, b"").await, stale);
    // A capability opens one epoch only.
    assert_eq!(client.commit(log, Epoch(5), &new, &old).await, Err(RelayError::BadRequest));
    assert_eq!(client.append(log, Epoch(5), &new, b"").await.unwrap().seq, Seq(2));
}

#[tokio::test]
async fn making_the_same_log_again_is_no_error_and_another_one_is() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret, next) = (LogId(unique()), capability(), capability());
    client.create_log(log, Epoch(1), &secret).await;
    client.create_log(log, Epoch(1), &secret).await;
    client.commit(log, Epoch(1), &secret, &next).await.unwrap();
    client.create_log(log, Epoch(1), &secret).await;
    for other in [new_log(log, Epoch(2), &secret), new_log(log, Epoch(1), &capability())] {
        assert_eq!(client.call(Request::CreateLog(other)).await, Err(RelayError::LogExists));
    }
}

#[tokio::test]
async fn one_commit_of_twenty_wins_an_epoch() {
    let relay = RelayProcess::start(&[]);
    let mut reader = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    reader.create_log(log, Epoch(0), &secret).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (address, secret) = (relay.address(), secret.clone());
        racers.spawn(async move {
            let mut client = RelayClient::connect(address).await;
            client.commit(log, Epoch(0), &secret, &capability()).await
        });
    }
    let results = racers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = Err(RelayError::StaleEpoch { current: Epoch(1) });
    assert_eq!(results.iter().filter(|result| **result == lost).count(), 19);
    reader.subscribe(log, &secret, Seq(0)).await.unwrap();
    assert_eq!(reader.log_entries(log, 1).await[0].kind, EntryKind::Commit);
}

/// A client that is always quicker must let another one change the group in between.
#[tokio::test]
async fn c8_who_lost_a_race_has_the_next_turn() {
    let relay = RelayProcess::start(&[]);
    let (mut quick, mut slow) =
        (RelayClient::connect(relay.address()).await, RelayClient::connect(relay.address()).await);
    let secrets: Vec<Capability> = (0..4).map(|_| capability()).collect();
    let log = LogId(unique());
    quick.create_log(log, Epoch(0), &secrets[0]).await;
    quick.commit(log, Epoch(0), &secrets[0], &secrets[1]).await.unwrap();
    let lost = slow.commit(log, Epoch(0), &secrets[0], &capability()).await;
    assert_eq!(lost, Err(RelayError::StaleEpoch { current: Epoch(1) }));
    let refused = quick.commit(log, Epoch(1), &secrets[1], &secrets[2]).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
    quick.append(log, Epoch(1), &secrets[1], b"messages need no turn").await.unwrap();
    slow.commit(log, Epoch(1), &secrets[1], &secrets[2]).await.unwrap();
    quick.commit(log, Epoch(2), &secrets[2], &secrets[3]).await.unwrap();
}

#[tokio::test]
async fn pipelined_appends_keep_their_order() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let mut ids = Vec::new();
    for number in 0..100_u64 {
        let request = messages(log, Epoch(0), &secret, vec![message(&number.to_le_bytes())]);
        ids.push(client.send(Request::AppendMessages(request)).await);
    }
    for (id, place) in ids.into_iter().zip(1..) {
        assert_eq!(only(client.answer(id).await).unwrap().seq, Seq(place));
    }
}

#[tokio::test]
async fn the_group_info_is_the_current_epochs() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, first, second, third) = (LogId(unique()), capability(), capability(), capability());
    let mut create = new_log(log, Epoch(1), &first);
    create.group_info = Some(bytes(b"info 1"));
    client.call(Request::CreateLog(create)).await.unwrap();
    let info = |epoch: u64, sealed: Option<&[u8]>| {
        Ok(Answer::GroupInfo { epoch: Epoch(epoch), sealed: sealed.map(bytes) })
    };
    let fetch = |capability: &Capability| Request::FetchGroupInfo { log, capability: reading(capability) };
    assert_eq!(client.call(fetch(&first)).await, info(1, Some(b"info 1")));
    let mut next = commit(log, Epoch(1), &first, &second);
    next.group_info = Some(bytes(b"info 2"));
    next.welcomes = Welcomes::default();
    client.call(Request::AppendCommit(next)).await.unwrap();
    assert_eq!(client.call(fetch(&second)).await, info(2, Some(b"info 2")));
    client.commit(log, Epoch(2), &second, &third).await.unwrap();
    assert_eq!(client.call(fetch(&third)).await, info(3, None));
    let unknown = Request::FetchGroupInfo { log: LogId(unique()), capability: reading(&third) };
    assert_eq!(client.call(unknown).await, Err(RelayError::UnknownLog));
}

#[tokio::test]
async fn p10_a_stranger_and_a_removed_member_get_no_group_info() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, first, second) = (LogId(unique()), capability(), capability());
    let mut create = new_log(log, Epoch(1), &first);
    create.group_info = Some(bytes(b"info 1"));
    client.call(Request::CreateLog(create)).await.unwrap();
    let mut next = commit(log, Epoch(1), &first, &second);
    next.group_info = Some(bytes(b"info 2"));
    client.call(Request::AppendCommit(next)).await.unwrap();
    let mut stranger = RelayClient::connect(relay.address()).await;
    let guess = Request::FetchGroupInfo { log, capability: capability() };
    assert_eq!(stranger.call(guess).await, Err(RelayError::WrongCapability));
    let removed = Request::FetchGroupInfo { log, capability: reading(&first) };
    let stale = Err(RelayError::StaleEpoch { current: Epoch(2) });
    assert_eq!(stranger.call(removed).await, stale);
    let writer = Request::FetchGroupInfo { log, capability: second };
    assert_eq!(stranger.call(writer).await, Err(RelayError::WrongCapability), "to append is not to read");
}

#[tokio::test]
async fn a_largest_message_passes() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    client.create_log(log, Epoch(0), &secret).await;
    let payload = vec![7; parley_protocol::limits::MAX_MESSAGE];
    client.append(log, Epoch(0), &secret, &payload).await.unwrap();
    let mut largest = commit(log, Epoch(0), &secret, &capability());
    largest.append = AppendId(unique());
    largest.commit = bytes(&vec![8; parley_protocol::limits::MAX_COMMIT]);
    client.call(Request::AppendCommit(largest)).await.unwrap();
    client.subscribe(log, &secret, Seq(0)).await.unwrap();
    let entries = client.log_entries(log, 2).await;
    assert_eq!(&*entries[0].payload, payload);
}
