//! How the relay handles bytes that are no request, and how connections end.

use parley_protocol::codec::{VERSION, VersionNotice};
use parley_protocol::frame::{Answer, ClosingReason, Push, RelayError, Request, ServerFrame};
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_protocol::limits::MAX_FRAME;
use parley_tests::relay_client::{Incoming, RelayClient, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

#[tokio::test]
async fn what_is_not_a_frame_ends_the_connection_with_a_reason() {
    let relay = RelayProcess::start(&[]);
    let junk: [Vec<u8>; 5] = [
        vec![],
        vec![VERSION],
        vec![VERSION, 0xFF, 0xFF, 0xFF],
        vec![0, 1, 1],
        vec![VERSION, 1, 0, 0, 0, 0, 0],
    ];
    for bytes in junk {
        let mut client = RelayClient::connect(relay.address()).await;
        client.send_raw(bytes.clone()).await;
        assert_eq!(client.closing().await, Some(ClosingReason::ProtocolViolation), "{bytes:?}");
    }
    let mut client = RelayClient::connect(relay.address()).await;
    client.send_text("hello").await;
    assert_eq!(client.closing().await, Some(ClosingReason::ProtocolViolation));
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_the_connection_with_a_reason() {
    let relay = RelayProcess::start(&[]);
    for length in [MAX_FRAME + 1, MAX_FRAME * 2] {
        let mut client = RelayClient::connect(relay.address()).await;
        let mut bytes = vec![0; length];
        bytes[0] = VERSION;
        client.send_raw(bytes).await;
        assert_eq!(client.closing().await, Some(ClosingReason::ProtocolViolation), "{length}");
    }
    // The relay works as before.
    RelayClient::connect(relay.address()).await;
}

#[tokio::test]
async fn a_frame_of_another_version_gets_the_notice() {
    let relay = RelayProcess::start(&[]);
    for version in [VERSION + 1, 255] {
        let mut client = RelayClient::connect_silently(relay.address()).await;
        client.send_raw(vec![version, 1, 2, 3]).await;
        assert_eq!(client.incoming().await, Incoming::Notice(VersionNotice::OURS));
        assert_eq!(client.incoming().await, Incoming::End);
    }
}

#[tokio::test]
async fn nothing_is_answered_before_hello_and_the_connection_stays() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect_silently(relay.address()).await;
    assert_eq!(client.call(Request::Ping).await, Err(RelayError::BadRequest));
    assert!(matches!(client.call(Request::Hello).await, Ok(Answer::Hello { .. })));
    assert_eq!(client.call(Request::Ping).await, Ok(Answer::Done));
}

#[tokio::test]
async fn a_slow_reader_is_cut_and_told() {
    let relay = RelayProcess::start(&["--slow-reader-ms", "700", "--outbox-kib", "64"]);
    let mut writer = RelayClient::connect(relay.address()).await;
    let (log, secret) = (LogId(unique()), capability());
    writer.create_log(log, Epoch(0), &secret).await;
    let mut slow = RelayClient::connect(relay.address()).await;
    slow.subscribe(log, &secret, Seq(0)).await.unwrap();
    let mut reader = RelayClient::connect(relay.address()).await;
    reader.subscribe(log, &secret, Seq(0)).await.unwrap();
    // More than the sockets' buffers take. It does not hold up another reader.
    let count = 400;
    let reading = tokio::spawn(async move { reader.log_entries(log, count).await.len() });
    for _ in 0..count / 10 {
        let batch = (0..10).map(|_| message(&vec![1; 90_000])).collect();
        writer.call(Request::AppendMessages(messages(log, Epoch(0), &secret, batch))).await.unwrap();
    }
    assert_eq!(reading.await.unwrap(), count);
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    let mut received = 0;
    let reason = loop {
        match slow.incoming().await {
            Incoming::Frame(ServerFrame::Push(Push::Log { entries, .. })) => received += entries.len(),
            Incoming::Frame(ServerFrame::Closing(reason)) => break reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason, ClosingReason::SlowReader);
    assert!(received < count, "it was not slow at all");
    assert_eq!(slow.incoming().await, Incoming::End);
}

#[tokio::test]
async fn a_silent_connection_is_cut_and_one_that_answers_pings_stays() {
    let relay = RelayProcess::start(&["--idle-ms", "200"]);
    let mut answering = RelayClient::connect(relay.address()).await;
    // Reading answers the relay's pings.
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(1500), answering.incoming()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    assert_eq!(answering.call(Request::Ping).await, Ok(Answer::Done));
    let mut silent = RelayClient::connect(relay.address()).await;
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    assert_eq!(silent.closing().await, None);
}

#[tokio::test]
async fn shutting_down_says_so_answers_what_was_asked_and_exits_cleanly() {
    let mut relay = RelayProcess::start(&[]);
    let mut idle = RelayClient::connect(relay.address()).await;
    let mut busy = RelayClient::connect(relay.address()).await;
    // A client that begins a request and does not end it holds nobody up.
    let mut stalled = tokio::net::TcpStream::connect(relay.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stalled, b"GET / HT").await.unwrap();
    let (log, secret) = (LogId(unique()), capability());
    busy.create_log(log, Epoch(0), &secret).await;
    let request = messages(log, Epoch(0), &secret, vec![message(b"last")]);
    let id = busy.send(Request::AppendMessages(request)).await;
    assert!(busy.answer(id).await.is_ok());
    relay.terminate();
    assert_eq!(idle.closing().await, Some(ClosingReason::ShuttingDown));
    assert_eq!(busy.closing().await, Some(ClosingReason::ShuttingDown));
    assert!(relay.wait().success());
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut client = RelayClient::connect(relay.address()).await;
    assert_eq!(client.subscribe(log, &secret, Seq(0)).await.unwrap().head, Seq(1));
}
