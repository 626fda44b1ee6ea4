//! The writing half of a connection: sends the frames of the outbox.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use parley_protocol::frame::ClosingReason;
use tokio::time::timeout;

use super::outbox::{Goodbye, Next, Outbox, closing, length};

/// How long the relay tries to tell a client that does not read why it is cut. Meanwhile the client costs a socket and its
/// unread messages.
const FAREWELL: Duration = Duration::from_secs(10);

/// Messages up to this total length are sent together. It is about the size of the WebSocket's buffer, which lives as long as
/// the connection.
const TOGETHER: usize = 4 * 1024;

type Sink = SplitSink<WebSocket, Message>;

/// Sends the outbox until it is finished, or until the client is gone or does not read.
pub(super) async fn write(mut sink: Sink, outbox: Arc<Outbox>, patience: Duration) {
    loop {
        match outbox.next().await {
            Next::Send(message) => match timeout(patience, send(&mut sink, message, &outbox)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => break,
                Err(_) => {
                    tracing::debug!("a client does not read: its connection is cut");
                    outbox.break_off();
                    say_goodbye(&mut sink, closing(ClosingReason::SlowReader).into(), FAREWELL).await;
                    break;
                }
            },
            Next::Finish(goodbye) => {
                say_goodbye(&mut sink, goodbye, patience).await;
                break;
            }
        }
    }
    outbox.break_off();
}

/// Sends a message, together with the small ones behind it, in one call of the kernel.
async fn send(sink: &mut Sink, first: Message, outbox: &Outbox) -> Result<(), axum::Error> {
    let mut bytes = length(&first);
    sink.feed(first).await?;
    while bytes < TOGETHER
        && let Some(next) = outbox.take()
    {
        bytes = bytes.saturating_add(length(&next));
        sink.feed(next).await?;
    }
    sink.flush().await
}

/// The message under way has to go out first, so only a client that reads again within `patience` learns the reason.
async fn say_goodbye(sink: &mut Sink, goodbye: Goodbye, patience: Duration) {
    let goodbye = async {
        if let Some(frame) = goodbye.frame {
            sink.send(Message::Binary(frame)).await?;
        }
        sink.send(Message::Close(goodbye.close)).await
    };
    // A client that does not read the goodbye either is cut without it.
    let _ = timeout(patience, goodbye).await;
}
