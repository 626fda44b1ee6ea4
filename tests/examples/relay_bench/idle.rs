//! What an idle connection costs the relay in memory. The clients' ends are in this process, so they do not
//! count.

use std::time::Duration;

use parley_protocol::frame::{ClientFrame, Request, RequestId};
use parley_protocol::ids::{Epoch, LogId, Seq};
use parley_tests::relay_client::{RelayClient, capability, subscription};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::say;

/// How long the relay may take to come to rest.
const REST: Duration = Duration::from_secs(2);

pub(crate) async fn run(relay: &RelayProcess, count: usize) {
    let (log, secret) = (LogId(unique()), capability());
    let mut first = RelayClient::connect(relay.address()).await;
    first.create_log(log, Epoch(0), &secret).await;
    let empty = relay.resident();
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        let mut socket = connect(relay).await;
        ask(&mut socket, 1, Request::Hello).await;
        sockets.push(socket);
    }
    tokio::time::sleep(REST).await;
    let greeted = relay.resident();
    for socket in &mut sockets {
        let request = subscription(log, &secret, Seq(0));
        ask(socket, 2, Request::SubscribeLog(request)).await;
    }
    tokio::time::sleep(REST).await;
    let subscribed = relay.resident();
    let each = |bytes: u64| bytes.saturating_sub(empty) as f64 / count as f64;
    say(&format!("idle, {count} connections: bytes for each after hello"), each(greeted));
    say(&format!("idle, {count} connections: bytes for each with a subscription"), each(subscribed));
}

/// A WebSocket without a library: 10,000 of them shall not cost the generator much.
async fn connect(relay: &RelayProcess) -> TcpStream {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        relay.address()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    socket
}

/// Sends a request of less than 126 bytes and waits for its answer, which is as short.
async fn ask(socket: &mut TcpStream, id: u32, request: Request) {
    let body = ClientFrame { id: RequestId(id), request }.encode().unwrap();
    let length = u8::try_from(body.len()).unwrap();
    assert!(length < 126);
    let frame = [&[0x82, 0x80 | length, 0, 0, 0, 0], &body[..]].concat();
    socket.write_all(&frame).await.unwrap();
    let [_, length] = [socket.read_u8().await.unwrap(), socket.read_u8().await.unwrap()];
    let mut answer = vec![0; length.into()];
    socket.read_exact(&mut answer).await.unwrap();
}
