//! Series and studies that leave as a whole: looks after them while the gateway runs.

use crate::spool::{LocalSpool, UnixMs};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// They are looked at this often: quiet ends without a signal, and a person may have decided.
const POLL: Duration = Duration::from_millis(500);

/// Lets work begin on what is complete and releases what is ready, until `shutdown` turns true.
pub async fn keep_studies(spool: Arc<LocalSpool>, mut shutdown: watch::Receiver<bool>) {
    loop {
        match spool.keep_studies(now_ms()).await {
            Ok(0) => {}
            Ok(objects) => tracing::info!(objects, "released as a whole"),
            Err(error) => tracing::error!(%error, "studies could not be looked at"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
