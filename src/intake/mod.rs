//! The C-STORE SCP: receives durably, then answers.
//!
//! ```text
//! listener ─▶ establish ─▶ association ─▶ object (spool file + element scan) ─▶ spool.accept ─▶ 0x0000
//!             (TLS, who may, a place)
//! ```
//! Invariants: memory per Association is about one PDU; 0x0000 is sent only after the spool has
//! accepted; what is refused leaves no trace. Refused is only what is truncated, does not match its
//! command, or does not fit the disk; everything else is taken, and held later if it must be.

mod access;
mod alarm;
mod answer;
mod association;
mod commitment;
mod establish;
mod negotiate;
mod object;
mod peers;
mod speed;
mod tally;
mod wire;

pub use access::Access;
pub use answer::run as answer_commitments;
pub use commitment::Reporter;
pub use tally::{Counts as TallyCounts, Tally};

use self::alarm::Alarm;
use self::peers::Peers;
use crate::config::Intake;
use crate::spool::LocalSpool;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long running Associations may go on once the gateway is stopping.
const DRAIN: Duration = Duration::from_secs(20);

/// Where senders call.
pub struct Listeners {
    pub plain: Option<TcpListener>,
    pub tls: Option<TcpListener>,
}

/// What every connection needs.
struct Context {
    config: Intake,
    reporters: Vec<Reporter>,
    spool: Arc<LocalSpool>,
    access: watch::Receiver<Arc<Access>>,
    peers: Arc<Peers>,
    tally: Arc<Tally>,
    alarm: Alarm,
    stopping: watch::Receiver<bool>,
}

/// Serves Associations until `stopping` turns true, then lets the running ones end.
pub async fn run(
    listeners: Listeners,
    config: Intake,
    reporters: Vec<Reporter>,
    (spool, tally): (Arc<LocalSpool>, Arc<Tally>),
    access: watch::Receiver<Arc<Access>>,
    mut stopping: watch::Receiver<bool>,
) {
    let peers = Peers::new(&config);
    let stopped = stopping.clone();
    let alarm = Alarm::default();
    let context =
        Context { config, reporters, spool, access, peers, tally, alarm, stopping: stopped };
    let context = Arc::new(context);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            (accepted, in_tls) = next(&listeners) => accepted.map(|(socket, from)| (socket, from, in_tls)),
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((socket, from, in_tls)) => begin(&mut connections, socket, from, in_tls, &context),
            Err(error) => {
                // Out of file descriptors, most likely: others must end first.
                tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    // Closed first: whoever calls now is refused at once, instead of waiting for a cut at the end.
    drop(listeners);
    let drained =
        tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(count = connections.len(), "associations cut at shutdown");
    }
}

fn begin(
    connections: &mut JoinSet<()>,
    socket: TcpStream,
    from: SocketAddr,
    in_tls: bool,
    context: &Arc<Context>,
) {
    let waiting = context.peers.connect(from.ip());
    let context = Arc::clone(context);
    connections.spawn(async move {
        establish::serve(socket, from, in_tls, waiting, &context).await;
    });
}

/// The next connection, and whether it came to the port that speaks TLS.
async fn next(listeners: &Listeners) -> (std::io::Result<(TcpStream, SocketAddr)>, bool) {
    let accept = async |listener: &Option<TcpListener>| match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    };
    tokio::select! {
        accepted = accept(&listeners.plain) => (accepted, false),
        accepted = accept(&listeners.tls) => (accepted, true),
    }
}
