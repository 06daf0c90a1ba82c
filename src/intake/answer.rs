//! Tells senders what became of the objects that they asked us to keep (PS3.4 annex J).
//!
//! Invariant: an object is told as kept only if every destination of its latest version has it, and
//! has committed to it where that is configured: the sender may then delete its only copy.

use crate::config::{CommitmentPeer, Intake};
use crate::dimse::commitment::{Commitment, Reference, Vr};
use crate::dimse::status::{self, SUCCESS};
use crate::dimse::store_scu::{Peer, ScuError, StoreAssociation};
use crate::spool::{Kept, LocalSpool, OpenCommitment, SpoolError, UnixMs};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// How often open requests are looked at.
const POLL: Duration = Duration::from_secs(1);
/// Requests looked at in one go.
const AT_ONCE: usize = 16;
/// For connecting to a sender, and for each of its answers.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The first and the longest pause before a sender that was not reached is called again.
const RETRY_MS: (i64, i64) = (1_000, 600_000);
/// The longest pause before a request is looked at again.
const LOOK_AGAIN_MS: (i64, i64) = (500, 60_000);
/// A sender that was not reached for so long after the answer was due is not called any more.
const GIVE_UP_MS: i64 = 7 * 86_400_000;

/// Answers requests until `shutdown` turns true.
pub async fn run(config: Intake, spool: Arc<LocalSpool>, mut shutdown: watch::Receiver<bool>) {
    while !*shutdown.borrow() {
        if let Err(error) = pass(&config, &spool, &shutdown).await {
            tracing::error!(%error, "cannot answer requests to commit");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = shutdown.changed() => {}
        }
    }
}

async fn pass(
    config: &Intake,
    spool: &LocalSpool,
    shutdown: &watch::Receiver<bool>,
) -> Result<(), SpoolError> {
    for open in spool.open_commitments(AT_ONCE, now_ms()).await? {
        if *shutdown.borrow() {
            return Ok(());
        }
        let age_ms = (now_ms() - open.received_ms).max(0);
        let longest_ms = i64::try_from(config.commitment_wait_s.saturating_mul(1_000));
        let is_late = age_ms >= longest_ms.unwrap_or(i64::MAX);
        let Ok(request) = Commitment::parse(&open.payload, Vr::Explicit) else {
            tracing::error!("a stored request to commit is damaged: dropped");
            spool.end_commitment(&open).await?;
            continue;
        };
        let Some(result) = result_of(spool, request, is_late).await? else {
            let pause = (age_ms / 10).clamp(LOOK_AGAIN_MS.0, LOOK_AGAIN_MS.1);
            spool.look_at_commitment(open.id, false, now_ms() + pause).await?;
            continue;
        };
        answer(config, spool, &open, &result).await?;
    }
    Ok(())
}

/// What can be said; none while some objects are on their way and there is time.
async fn result_of(
    spool: &LocalSpool,
    request: Commitment,
    is_late: bool,
) -> Result<Option<Commitment>, SpoolError> {
    let wanted =
        |one: &Reference| (one.sop_instance_uid.reveal().clone(), one.sop_class_uid.clone());
    let kept = spool.are_kept(request.references.iter().map(wanted).collect()).await?;
    if !is_late && kept.contains(&Kept::NotYet) {
        return Ok(None);
    }
    let mut result =
        Commitment { transaction_uid: request.transaction_uid, ..Commitment::default() };
    for (reference, kept) in request.references.into_iter().zip(kept) {
        match kept {
            Kept::Yes => result.references.push(reference),
            Kept::NotYet | Kept::No => {
                result.failed.push((reference, status::PROCESSING_FAILURE));
            }
            Kept::Unknown => result.failed.push((reference, status::NO_SUCH_SOP_INSTANCE)),
            Kept::OtherClass => result.failed.push((reference, status::CLASS_INSTANCE_CONFLICT)),
        }
    }
    Ok(Some(result))
}

async fn answer(
    config: &Intake,
    spool: &LocalSpool,
    open: &OpenCommitment,
    result: &Commitment,
) -> Result<(), SpoolError> {
    let peer = config.commitment_peers.iter().find(|peer| peer.ae_title == open.calling_ae);
    let told = match peer {
        Some(peer) => tell(config, peer, result).await,
        None => Err(ScuError::Connect),
    };
    let (committed, failed) = (result.references.len(), result.failed.len());
    match told {
        Ok(answered) => {
            if answered != SUCCESS {
                let answered = format!("{answered:04X}");
                tracing::warn!(answered, "the sender did not take the result of its request");
            }
            tracing::info!(committed, failed, "a sender was told what is kept");
            spool.end_commitment(open).await
        }
        Err(error) if now_ms() - open.received_ms > GIVE_UP_MS => {
            tracing::error!(%error, committed, failed, "a sender is not told: given up");
            spool.end_commitment(open).await
        }
        Err(error) => {
            let doubled = RETRY_MS.0.saturating_mul(1 << open.attempts.min(20)).min(RETRY_MS.1);
            tracing::warn!(%error, pause_ms = doubled, "a sender cannot be told what is kept");
            spool.look_at_commitment(open.id, true, now_ms() + doubled).await
        }
    }
}

async fn tell(config: &Intake, to: &CommitmentPeer, result: &Commitment) -> Result<u16, ScuError> {
    let peer = Peer {
        address: to.address.clone(),
        called_ae_title: to.ae_title.clone(),
        calling_ae_title: config.ae_title.clone(),
        timeout: TIMEOUT,
        tls: to.tls.clone(),
    };
    let mut association = StoreAssociation::for_commitment(&peer, true).await?;
    match association.report_commitment(result).await {
        Ok(status) => {
            association.release().await;
            Ok(status)
        }
        Err(error) => {
            association.abort().await;
            Err(error)
        }
    }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
