//! The C-STORE SCP: receives durably, then answers.
//!
//! ```text
//! listener ─▶ association ─▶ object (spool file + element scan) ─▶ spool.accept ─▶ 0x0000
//! ```
//! Invariants: memory per Association is about one PDU; 0x0000 is sent only after the spool has
//! accepted; what is refused leaves no trace. Refused is only what is truncated, does not match its
//! command, or does not fit the disk; everything else is taken, and held later if it must be.

mod answer;
mod association;
mod commitment;
mod object;

pub use answer::run as answer_commitments;
pub use commitment::Reporter;

use crate::config::Intake;
use crate::spool::LocalSpool;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long running Associations may go on once the gateway is stopping.
const DRAIN: Duration = Duration::from_secs(20);

/// Serves Associations until `shutdown` turns true, then lets the running ones end.
pub async fn run(
    listener: TcpListener,
    config: Intake,
    reporters: Vec<Reporter>,
    spool: Arc<LocalSpool>,
    mut shutdown: watch::Receiver<bool>,
) {
    let (config, reporters) = (Arc::new(config), Arc::new(reporters));
    let places = Arc::new(Semaphore::new(config.max_associations));
    let mut associations = JoinSet::new();
    loop {
        while associations.try_join_next().is_some() {}
        let accepting = async {
            // Never closed, so this always yields a place.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepting => accepted,
            _ = shutdown.wait_for(|stop| *stop) => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others must end first.
                tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (config, reporters) = (Arc::clone(&config), Arc::clone(&reporters));
        let spool = Arc::clone(&spool);
        associations.spawn(async move {
            let _place = place;
            association::serve(socket, peer, &config, &reporters, &spool).await;
        });
    }
    // Closed first: whoever calls now is refused at once, instead of waiting for a cut at the end.
    drop(listener);
    let drained =
        tokio::time::timeout(DRAIN, async { while associations.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(count = associations.len(), "associations cut at shutdown");
    }
}
