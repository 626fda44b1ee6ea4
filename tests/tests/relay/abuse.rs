//! Connections that are not from a client: the relay refuses or closes them, and other clients go on.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use parley_protocol::bounded::List;
use parley_protocol::frame::{Answer, ClientFrame, PublishKeyPackages, Request, RequestId};
use parley_protocol::ids::{Epoch, LogId};
use parley_protocol::limits::MAX_FRAME;
use parley_tests::accounts::TestAccount;
use parley_tests::relay_client::{RelayClient, bytes, capability, message, messages};
use parley_tests::relay_process::RelayProcess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Much longer than the relay's limits in these tests.
const PATIENCE: Duration = Duration::from_secs(20);

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;

/// A WebSocket written by hand: its bytes need not make sense.
async fn raw_websocket(relay: &RelayProcess) -> TcpStream {
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        relay.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// A masked frame (the mask is zero) of less than 64 KiB.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = vec![first];
    if length < 126 {
        bytes.push(0x80 | u8::try_from(length).unwrap());
    } else {
        bytes.push(0x80 | 0x7E);
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Reads until the relay has closed. A reset counts as an end.
async fn closed(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let reading = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    assert!(timeout(PATIENCE, reading).await.is_ok(), "the connection is still open");
}

/// Writes `piece` every `pause` until the relay closes.
async fn drip(mut stream: TcpStream, piece: &[u8], pause: Duration) {
    let start = Instant::now();
    let mut buffer = [0; 4096];
    while start.elapsed() < PATIENCE {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        match timeout(pause, stream.read(&mut buffer)).await {
            Err(_) | Ok(Ok(1..)) => {}
            Ok(_) => return,
        }
    }
    panic!("the connection is still open");
}

async fn assert_served(client: &mut RelayClient) {
    assert_eq!(client.call(Request::Ping).await, Ok(Answer::Done));
}

#[tokio::test]
async fn a_request_that_does_not_get_finished_is_cut() {
    let relay = RelayProcess::start(&["--request-head-ms", "400"]);
    let mut bystander = RelayClient::connect(relay.address()).await;
    for begin in ["", "GET /v1/ws HTTP/1.1\r\nHost: a\r\nX: "] {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        closed(&mut stream).await;
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        drip(stream, b"x", Duration::from_millis(50)).await;
        assert_served(&mut bystander).await;
    }
    // This does not affect a client that has finished its request.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_served(&mut bystander).await;
}

#[tokio::test]
async fn what_is_no_websocket_frame_ends_the_connection() {
    let relay = RelayProcess::start(&[]);
    let mut bystander = RelayClient::connect(relay.address()).await;
    let huge = [&[FIN | BINARY, 0x80 | 127][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let broken: [(&str, Vec<u8>); 8] = [
        ("unmasked", vec![FIN | BINARY, 1, 0]),
        ("reserved opcode", frame(FIN | 3, b"")),
        ("reserved bit", frame(FIN | 0x40 | BINARY, b"")),
        ("fragmented ping", frame(PING, b"")),
        ("long ping", frame(FIN | PING, &[0; 126])),
        ("continuation of nothing", frame(FIN | CONTINUATION, b"")),
        ("a length beyond all", huge),
        ("a text that is not UTF-8", frame(FIN | TEXT, &[0xFF])),
    ];
    for (what, bytes) in broken {
        let mut stream = raw_websocket(&relay).await;
        stream.write_all(&bytes).await.unwrap();
        closed(&mut stream).await;
        assert_eq!(bystander.call(Request::Ping).await, Ok(Answer::Done), "after {what}");
    }
}

#[tokio::test]
async fn fragments_without_end_are_cut_at_the_size_of_a_frame() {
    let relay = RelayProcess::start(&[]);
    let mut bystander = RelayClient::connect(relay.address()).await;
    let mut stream = raw_websocket(&relay).await;
    stream.write_all(&frame(BINARY, &[1])).await.unwrap();
    let piece = frame(CONTINUATION, &vec![0; 60_000]);
    let mut sent = 0;
    // This generously allows for bytes in the buffers of sockets.
    while sent < MAX_FRAME * 8 && stream.write_all(&piece).await.is_ok() {
        sent += piece.len();
    }
    assert!(sent < MAX_FRAME * 8, "{sent} bytes of one message were taken");
    assert_served(&mut bystander).await;
}

#[tokio::test]
async fn a_frame_that_comes_byte_by_byte_is_cut_and_a_whole_one_is_served() {
    let relay = RelayProcess::start(&["--idle-ms", "400"]);
    let hello = frame(FIN | BINARY, &[1, 1, 0]);
    let mut stream = raw_websocket(&relay).await;
    for byte in &hello {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut answer = [0; 2];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer[0], FIN | BINARY);
    // A frame of 60,000 bytes, one byte every 50 ms.
    let whole = frame(FIN | BINARY, &vec![1; 60_000]);
    stream.write_all(&whole[..10]).await.unwrap();
    drip(stream, &[1], Duration::from_millis(50)).await;
}

/// The close code in the relay's frames, which are unmasked and shorter than 126 bytes.
fn close_code(mut frames: &[u8]) -> Option<u16> {
    while let [first, length, rest @ ..] = frames {
        let (payload, others) = rest.split_at_checked((*length).into())?;
        if *first == FIN | CLOSE {
            return payload.get(..2).map(|code| u16::from_be_bytes(code.try_into().unwrap()));
        }
        frames = others;
    }
    None
}

#[tokio::test]
async fn fragments_that_drip_are_cut_also_with_pings_in_between_and_whole_ones_are_served() {
    let relay = RelayProcess::start(&["--message-ms", "500"]);
    let mut stream = raw_websocket(&relay).await;
    let (begin, ping, end) =
        (frame(BINARY, &[1]), frame(FIN | PING, b"a"), frame(FIN | CONTINUATION, &[1, 0]));
    stream.write_all(&[begin.clone(), ping, end].concat()).await.unwrap();
    let mut answers = [0; 5];
    timeout(PATIENCE, stream.read_exact(&mut answers)).await.unwrap().unwrap();
    assert_eq!(answers[0], FIN | PONG);
    assert_eq!(answers[3], FIN | BINARY);
    // The limit does not affect the time between messages.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let (mut reading, mut writing) = stream.into_split();
    let heard = tokio::spawn(async move {
        let mut heard = vec![0; usize::from(answers[4])];
        reading.read_exact(&mut heard).await.unwrap();
        heard.clear();
        // A reset counts as an end.
        let _ = reading.read_to_end(&mut heard).await;
        heard
    });
    let piece = [frame(CONTINUATION, &[0; 1000]), frame(FIN | PING, b"")].concat();
    writing.write_all(&begin).await.unwrap();
    let start = Instant::now();
    while !heard.is_finished() && writing.write_all(&piece).await.is_ok() {
        assert!(start.elapsed() < PATIENCE, "the connection is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(close_code(&timeout(PATIENCE, heard).await.unwrap().unwrap()), Some(1008));
}

/// Opens this many sockets and begins a request on each.
async fn half_open(relay: &RelayProcess, count: usize) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
        sockets.push(stream);
    }
    sockets
}

/// Whether the relay answers an HTTP request.
async fn is_healthy(relay: &RelayProcess) -> bool {
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn sockets_of_one_address_are_bounded_and_connections_are_none_of_them() {
    const FLAGS: [&str; 4] = ["--http-sockets-per-address", "4", "--request-head-ms", "600000"];
    let relay = RelayProcess::start(&FLAGS);
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(RelayClient::connect(relay.address()).await);
    }
    let mut sockets = half_open(&relay, 4).await;
    assert!(!is_healthy(&relay).await, "a fifth socket");
    for connection in &mut connections {
        assert_served(connection).await;
    }
    sockets.pop();
    let start = Instant::now();
    while !is_healthy(&relay).await {
        assert!(start.elapsed() < PATIENCE, "the place of a closed socket stays taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Behind a proxy all sockets come from the proxy.
    let relay = RelayProcess::start(&[&FLAGS[..], &["--trusted-proxy", "127.0.0.1/32"]].concat());
    let _sockets = half_open(&relay, 8).await;
    assert!(is_healthy(&relay).await);
}

/// The relay holds unfinished messages in memory, and a client before its hello may be anybody.
#[tokio::test]
async fn p9_a_stranger_sends_no_more_than_a_hello_takes() {
    const CONNECTIONS: usize = 20;
    let relay = RelayProcess::start(&[]);
    let mut known = RelayClient::connect(relay.address()).await;
    let (mut written, piece) = (0, [0; 4096]);
    for _ in 0..CONNECTIONS {
        let mut stream = raw_websocket(&relay).await;
        // A message of half a mebibyte begins.
        let mut head = vec![FIN | BINARY, 0x80 | 0x7F];
        head.extend((512_u64 * 1024).to_be_bytes());
        head.extend([0; 4]);
        stream.write_all(&head).await.unwrap();
        for _ in 0..64 {
            if stream.write_all(&piece).await.is_err() {
                break;
            }
            written += piece.len();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        closed(&mut stream).await;
    }
    let each = written / CONNECTIONS;
    assert!(each < 128 * 1024, "{each} bytes went out on each");
    // After its hello a client may send as much as a request takes.
    assert_served(&mut known).await;
    let (log, secret) = (LogId(parley_tests::unique()), capability());
    known.create_log(log, Epoch(0), &secret).await;
    let large = messages(log, Epoch(0), &secret, vec![message(&[1; 40_000]), message(&[2; 40_000])]);
    assert!(known.call(Request::AppendMessages(large)).await.is_ok());
}

/// A frame of a client that says hello.
fn hello() -> Vec<u8> {
    let hello = ClientFrame { id: RequestId(1), request: Request::Hello };
    frame(FIN | BINARY, &hello.encode().unwrap())
}

/// Says hello, then begins a message of 4 MiB and sends most of it. Returns `None` if the relay did not take that.
async fn begin_a_long_message(relay: &RelayProcess) -> Option<TcpStream> {
    let mut stream = raw_websocket(relay).await;
    stream.write_all(&hello()).await.unwrap();
    let mut head = vec![FIN | BINARY, 0x80 | 0x7F];
    head.extend((4_u64 * 1024 * 1024).to_be_bytes());
    head.extend([0; 4]);
    stream.write_all(&head).await.ok()?;
    let piece = vec![0; 64 * 1024];
    for _ in 0..48 {
        stream.write_all(&piece).await.ok()?;
    }
    Some(stream)
}

/// How many of these connections the relay has not cut. Only bytes that it has read count, not those in sockets, so it gets
/// time.
async fn still_open(streams: &mut [TcpStream]) -> usize {
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut open = 0;
    for stream in streams {
        let mut buffer = [0; 4096];
        let reading = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
        open += usize::from(timeout(Duration::from_millis(20), reading).await.is_err());
    }
    open
}

#[tokio::test]
async fn p10_one_address_holds_few_unfinished_messages_in_the_relays_memory() {
    let relay = RelayProcess::start(&[]);
    let elsewhere = Ipv4Addr::new(127, 0, 7, 1).into();
    let mut bystander = RelayClient::connect_from(elsewhere, relay.address()).await;
    let before = relay.resident();
    let mut held = Vec::new();
    for _ in 0..60 {
        held.extend(begin_a_long_message(&relay).await);
    }
    // 3 MiB each.
    let open = still_open(&mut held).await;
    assert!(open <= 11, "{open} messages of 3 MiB are held");
    let grown = relay.resident().saturating_sub(before) / 1024 / 1024;
    assert!(grown < 150, "{grown} MiB more are resident");
    // A client from another address may send as much as a request takes.
    let (log, secret) = (LogId(parley_tests::unique()), capability());
    bystander.create_log(log, Epoch(0), &secret).await;
    let large = (0..30).map(|_| message(&vec![1; 90_000])).collect();
    let large = messages(log, Epoch(0), &secret, large);
    assert!(bystander.call(Request::AppendMessages(large)).await.is_ok());
}

#[tokio::test]
async fn p10_what_all_addresses_hold_together_is_bounded_and_small_requests_pass() {
    let relay = RelayProcess::start(&["--unfinished-mib", "8"]);
    let mut held = Vec::new();
    for _ in 0..10 {
        held.extend(begin_a_long_message(&relay).await);
    }
    assert!(still_open(&mut held).await <= 2);
    let elsewhere = Ipv4Addr::new(127, 0, 7, 1).into();
    let mut bystander = RelayClient::connect_from(elsewhere, relay.address()).await;
    let (log, secret) = (LogId(parley_tests::unique()), capability());
    bystander.create_log(log, Epoch(0), &secret).await;
    let small = messages(log, Epoch(0), &secret, (0..4).map(|_| message(&vec![1; 90_000])).collect());
    assert!(bystander.call(Request::AppendMessages(small)).await.is_ok());
}

#[tokio::test]
async fn p9_pongs_that_nobody_asked_for_end_the_connection() {
    let relay = RelayProcess::start(&[]);
    let mut stream = raw_websocket(&relay).await;
    let pongs = frame(FIN | PONG, b"a").repeat(20);
    let mut sent = 0;
    while sent < 10_000 && stream.write_all(&pongs).await.is_ok() {
        sent += 20;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(sent < 10_000, "the relay has read {sent} of them");
}

#[tokio::test]
async fn a_flood_of_connections_leaves_room_for_others() {
    const MOST: usize = 60;
    let relay =
        RelayProcess::start(&["--connections-per-address", &MOST.to_string(), "--request-head-ms", "500"]);
    let mut bystander = RelayClient::connect(relay.address()).await;
    // Half-open sockets, and many more complete ones than one address may have.
    let mut half_open = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(b"GET /v1/ws HTTP/1.1\r\n").await.unwrap();
        half_open.push(stream);
    }
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..MOST * 2 {
        let address = relay.address();
        attempts.spawn(RelayClient::try_connect(address));
    }
    let open: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(open.len(), MOST - 1, "the bystander is the first of the address");
    assert_served(&mut bystander).await;
    drop(open);
    for stream in &mut half_open {
        closed(stream).await;
    }
    let start = Instant::now();
    loop {
        if RelayClient::try_connect(relay.address()).await.is_some() {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "the flood is over and nobody is let in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_served(&mut bystander).await;
}

#[tokio::test]
async fn key_packages_cannot_be_exhausted_quickly_and_the_last_resort_stays() {
    let relay = RelayProcess::start(&["--rate-claims", "8/1"]);
    let mut owner = RelayClient::connect(relay.address()).await;
    let account = TestAccount::new();
    owner.call(account.registration("ada")).await.unwrap();
    let publish = PublishKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
        one_time: List::new((0..10).map(|number: u8| bytes(&[number; 64])).collect()).unwrap(),
        last_resort: Some(bytes(&[99; 64])),
    };
    owner.call(Request::PublishKeyPackages(publish)).await.unwrap();
    // From several connections: the limit belongs to the account, not to the asking one.
    let (mut one_time, mut last_resort) = (0, 0);
    for _ in 0..5 {
        let mut thief = RelayClient::connect(relay.address()).await;
        for _ in 0..4 {
            match thief.call(account.claim_key_packages()).await {
                Ok(Answer::KeyPackages(list)) if list[0].key_package[0] == 99 => last_resort += 1,
                Ok(Answer::KeyPackages(list)) if list.len() == 1 => one_time += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((8..=9).contains(&one_time), "{one_time} were given, and {last_resort} of last resort");
    let count = Request::CountKeyPackages {
        address: account.address(&account.first),
        capability: account.first.inbox.clone(),
    };
    let left = Ok(Answer::KeyPackageCount { one_time: 10 - one_time, last_resort: true });
    assert_eq!(owner.call(count).await, left);
    // The limit does not affect another account.
    let other = TestAccount::new();
    owner.call(other.registration("grace")).await.unwrap();
    assert_eq!(owner.call(other.claim_key_packages()).await, Ok(Answer::KeyPackages(List::default())));
}
