//! From the spool to the destinations.
//!
//! Invariants: only a `&Ready` can be sent; a delivery is recorded as sent only after the
//! destination answered success, or after the file and its directory were synced; what may pass
//! later is tried again without end, what will not is held for a person.

mod dicom;
mod folder;

pub use folder::object_path;

use crate::config::{Destination, DestinationKind};
use crate::spool::{LocalSpool, PendingDelivery, Ready, SpoolError, UnixMs};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Deliveries taken from the spool at once.
const BATCH: usize = 64;
/// An idle destination is looked at this often even when nothing signals.
const POLL: Duration = Duration::from_secs(5);

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The destination has it.
    Delivered { status: u16 },
    /// Not now; `status` is that of the response, if there was one.
    TryLater { status: Option<u16>, why: &'static str },
    /// The destination cannot be reached: nothing was asked of it.
    Unreachable { why: &'static str },
    /// It will not take this object.
    Refused { status: Option<u16>, why: &'static str },
}

enum Sender {
    Folder(folder::Folder),
    Dicom(Box<dicom::Dicom>),
}

impl Sender {
    fn new(destination: &Destination) -> Self {
        match destination.kind {
            DestinationKind::Folder => Self::Folder(folder::Folder::new(&destination.path)),
            DestinationKind::Dicom => Self::Dicom(Box::new(dicom::Dicom::new(destination))),
        }
    }

    async fn send(&mut self, ready: &Ready, batch: &[PendingDelivery]) -> Sent {
        match self {
            Self::Folder(folder) => folder.send(ready).await,
            Self::Dicom(dicom) => dicom.send(ready, batch).await,
        }
    }

    async fn idle(&mut self) {
        if let Self::Dicom(dicom) = self {
            dicom.release().await;
        }
    }
}

/// Delivers to one destination until `shutdown` turns true.
pub async fn run(
    destination: Destination,
    spool: Arc<LocalSpool>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut changed = spool.deliveries_changed.subscribe();
    let mut sender = Sender::new(&destination);
    let mut failures = 0;
    loop {
        changed.mark_unchanged();
        let stop = shutdown.clone();
        let passed = pass(&destination, &spool, &mut sender, &stop).await;
        let pause = match passed {
            Ok(Pass::More) => continue,
            Ok(Pass::Idle(pause)) => {
                failures = 0;
                pause
            }
            Ok(Pass::Unreachable(why)) => {
                let pause = backoff(&destination, failures);
                failures += 1;
                let pause_ms = pause.as_millis() as u64;
                tracing::warn!(destination = destination.name, why, pause_ms, "unreachable");
                pause
            }
            Err(error) => {
                tracing::error!(destination = destination.name, %error, "cannot deliver");
                POLL
            }
        };
        if *shutdown.borrow() {
            sender.idle().await;
            return;
        }
        // What was released now is at once available to the peer; a new object negotiates again.
        if failures == 0 {
            let quiet =
                tokio::time::timeout(Duration::from_millis(500).min(pause), changed.changed());
            if quiet.await.is_ok() {
                continue;
            }
            sender.idle().await;
        }
        tokio::select! {
            _ = changed.changed(), if failures == 0 => {}
            () = tokio::time::sleep(pause) => {}
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }
}

enum Pass {
    More,
    Idle(Duration),
    Unreachable(&'static str),
}

async fn pass(
    destination: &Destination,
    spool: &LocalSpool,
    sender: &mut Sender,
    shutdown: &watch::Receiver<bool>,
) -> Result<Pass, SpoolError> {
    let batch = spool.due_deliveries(&destination.name, BATCH, now_ms()).await?;
    for delivery in &batch {
        if *shutdown.borrow() {
            return Ok(Pass::Idle(POLL));
        }
        let ready = match spool.open_ready(delivery.job).await {
            Ok(ready) => ready,
            // A person rejected it meanwhile.
            Err(SpoolError::NoSuchRecord) => continue,
            Err(SpoolError::Damaged) => {
                let hold = damaged();
                tracing::error!(job = delivery.job, "a stored result is damaged: held");
                spool.hold(delivery.job, hold, now_ms()).await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let sent = sender.send(&ready, &batch).await;
        if let Sent::Unreachable { why } = sent {
            return Ok(Pass::Unreachable(why));
        }
        record(destination, spool, delivery, sent).await?;
    }
    if !batch.is_empty() {
        return Ok(Pass::More);
    }
    let due = spool.next_due(&destination.name).await?;
    let pause = due.map_or(POLL, |due| Duration::from_millis((due - now_ms()).max(10) as u64));
    Ok(Pass::Idle(pause.min(POLL)))
}

fn damaged() -> crate::deid::hold::Hold {
    use crate::deid::hold::{Hold, HoldReason};
    Hold::new(HoldReason::StorageDamaged, "the stored result is gone or has another digest")
}

async fn record(
    destination: &Destination,
    spool: &LocalSpool,
    delivery: &PendingDelivery,
    sent: Sent,
) -> Result<(), SpoolError> {
    let (job, name, now) = (delivery.job, &destination.name, now_ms());
    match sent {
        Sent::Delivered { status } => {
            spool.delivered(delivery.id, status, now).await?;
            tracing::info!(job, destination = name, "delivered");
        }
        Sent::TryLater { status, why } => {
            let pause = backoff(destination, delivery.attempts);
            let status_hex = status.map(|status| format!("{status:04X}"));
            tracing::warn!(job, destination = name, status = status_hex, why, "will try later");
            spool.try_later(delivery.id, status, now + pause.as_millis() as i64, now).await?;
        }
        Sent::Refused { status, why } => {
            let answer = status.map_or(String::new(), |status| format!(" (status {status:04X})"));
            let detail = format!("destination {name}: {why}{answer}");
            tracing::warn!(job, detail, "refused: held");
            spool.refused(delivery.id, status, detail, now).await?;
        }
        Sent::Unreachable { .. } => {}
    }
    Ok(())
}

fn backoff(destination: &Destination, attempts: u32) -> Duration {
    let doubled = destination.retry_min_ms.saturating_mul(1 << attempts.min(20));
    Duration::from_millis(doubled.min(destination.retry_max_ms))
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let destination = Destination::folder("a", "./a");
        let pauses: Vec<_> = (0..4).map(|n| backoff(&destination, n).as_millis()).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(backoff(&destination, u32::MAX).as_millis(), 600_000);
    }
}
