//! Runs the jobs that delete expired data.

use std::sync::Arc;
use std::time::Duration;

use parley_protocol::ids::UnixMillis;
use tokio::sync::watch;

use crate::clock::now;
use crate::relay::Relay;
use crate::store::{ExpiryRun, Pending, Store};

/// The pause after a run that found nothing more to delete.
const INTERVAL: Duration = Duration::from_mins(10);
/// The pause while there is more to delete: appends go first.
const BREATH: Duration = Duration::from_millis(50);

/// Ends expired slots, until the relay shuts down.
pub(crate) async fn end_slots(relay: Arc<Relay>, closing: watch::Receiver<bool>) {
    relay.slots.expire(closing).await;
}

/// One run that deletes expired data.
type Run = fn(&dyn Store, UnixMillis) -> Pending<ExpiryRun>;

/// Deletes expired data, until the relay shuts down.
pub(crate) async fn expire(store: Arc<dyn Store>, run: Run, mut closing: watch::Receiver<bool>) {
    loop {
        let pause = match run(&*store, now()).await {
            Ok(run) => {
                if run.deleted > 0 {
                    tracing::info!(rows = run.deleted, "old rows were deleted");
                }
                if run.more { BREATH } else { INTERVAL }
            }
            Err(error) => {
                tracing::warn!(%error, "old rows could not be deleted");
                INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}
