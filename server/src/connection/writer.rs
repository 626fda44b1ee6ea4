//! The writing half of a connection.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use parley_protocol::frame::ClosingReason;
use tokio::time::timeout;

use super::outbox::{Next, Outbox, closing};

/// How long a client that does not read may take until it hears that it is cut. Meanwhile it costs a socket
/// and the frame that it did not read.
const FAREWELL: Duration = Duration::from_secs(10);

type Sink = SplitSink<WebSocket, Message>;

/// Sends what the outbox holds until it is finished, the client is gone or does not read.
pub(super) async fn write(mut sink: Sink, outbox: Arc<Outbox>, patience: Duration) {
    loop {
        match outbox.next().await {
            Next::Send(message) => match timeout(patience, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => break,
                Err(_) => {
                    tracing::debug!("a client does not read: its connection is cut");
                    outbox.break_off();
                    say_goodbye(&mut sink, closing(ClosingReason::SlowReader), FAREWELL).await;
                    break;
                }
            },
            Next::Finish(last) => {
                say_goodbye(&mut sink, last, patience).await;
                break;
            }
        }
    }
    outbox.break_off();
}

/// What was begun has to go out first, so only a client that reads again within `patience` learns why.
async fn say_goodbye(sink: &mut Sink, last: Option<axum::body::Bytes>, patience: Duration) {
    let goodbye = async {
        if let Some(last) = last {
            sink.send(Message::Binary(last)).await?;
        }
        sink.send(Message::Close(None)).await
    };
    // Whoever does not read the goodbye either is cut without.
    let _ = timeout(patience, goodbye).await;
}
