//! Answers whether the store can write; its main case is a full disk.
//!
//! Anybody may ask, and the store writes to find out. So it checks once for all who ask within a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Site;

/// How long the store may take to prove that it can write.
const PROBE: Duration = Duration::from_secs(5);
/// How long an answer also serves others.
const GOOD_FOR: Duration = Duration::from_secs(1);

type Ready = (StatusCode, &'static str);

/// The last result. Whoever asks during a check waits for it.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Ready)>>);

pub(super) async fn answer(State(site): State<Arc<Site>>) -> Ready {
    let mut last = site.readiness.0.lock().await;
    if let Some((since, ready)) = *last
        && since.elapsed() < GOOD_FOR
    {
        return ready;
    }
    let ready = match timeout(PROBE, site.relay.store.probe()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot write\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store is too slow\n"),
    };
    *last = Some((Instant::now(), ready));
    ready
}
