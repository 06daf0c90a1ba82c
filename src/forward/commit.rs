//! Asks a destination to commit to what it has stored (PS3.4 annex J), and hears what it answers on
//! the same Association. What it reports on another one comes through `intake`.

use super::dicom::{peer, why};
use super::pause::{pause_ms, random};
use crate::config::Destination;
use crate::dimse::commitment::{Commitment, Reference};
use crate::dimse::status::SUCCESS;
use crate::dimse::store_scu::{ScuError, StoreAssociation};
use crate::phi::Phi;
use crate::spool::{
    CommitmentResult, LocalSpool, SpoolError, Uncommitted, UnixMs, new_transaction_uid,
};
use std::time::Duration;

/// References of one transaction.
const BATCH: usize = 500;

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// There was nothing to ask about.
    Nothing,
    /// It was asked; the result is recorded, or comes later.
    Yes,
    /// It did not take the request.
    No { why: &'static str, status: Option<u16> },
}

/// One transaction about what is due. `failures` is how often that came to nothing in a row.
pub async fn request(
    of: &Destination,
    spool: &LocalSpool,
    failures: u32,
    now_ms: UnixMs,
) -> Result<Asked, SpoolError> {
    let longest_ms = of.commitment_timeout_ms.max(of.retry_max_ms.saturating_mul(2));
    let due = spool.uncommitted(&of.name, BATCH, now_ms, longest_ms).await?;
    let due = give_up(of, spool, due, now_ms).await?;
    if due.is_empty() {
        return Ok(Asked::Nothing);
    }
    let transaction_uid = new_transaction_uid()?;
    let ids = due.iter().map(|one| one.delivery).collect();
    let due_ms = now_ms.saturating_add_unsigned(of.commitment_timeout_ms);
    spool.asking_commitment(ids, &transaction_uid, due_ms, now_ms).await?;
    let reference = |one: Uncommitted| Reference {
        sop_class_uid: one.sop_class_uid,
        sop_instance_uid: Phi::new(one.sop_instance_uid),
    };
    let request = Commitment {
        transaction_uid: transaction_uid.clone(),
        references: due.into_iter().map(reference).collect(),
        failed: Vec::new(),
    };
    let no = match ask(of, spool, &request, now_ms).await? {
        Ok(SUCCESS) => return Ok(Asked::Yes),
        Ok(status) => Asked::No { why: "it refused the request", status: Some(status) },
        Err(error) => Asked::No { why: why(error), status: None },
    };
    let pause = pause_ms(of.retry_min_ms, of.retry_max_ms, failures, random());
    let next_ms = now_ms.saturating_add_unsigned(pause);
    spool.not_asked_commitment(&transaction_uid, next_ms).await?;
    Ok(no)
}

/// What was tried for too long is held, so that somebody is told.
async fn give_up(
    of: &Destination,
    spool: &LocalSpool,
    due: Vec<Uncommitted>,
    now_ms: UnixMs,
) -> Result<Vec<Uncommitted>, SpoolError> {
    let limit_ms = of.give_up_after_s.saturating_mul(1_000);
    let is_late = |one: &Uncommitted| {
        u64::try_from(now_ms.saturating_sub(one.first_ms)).unwrap_or(0) >= limit_ms
    };
    let (late, due): (Vec<_>, Vec<_>) = due.into_iter().partition(is_late);
    for one in late {
        let name = &of.name;
        let detail = format!("destination {name}: it has the object, and never committed to it");
        spool.refused(one.delivery, None, detail, now_ms).await?;
    }
    Ok(due)
}

/// Asks on an Association of its own, and waits there for the result as long as is configured.
async fn ask(
    of: &Destination,
    spool: &LocalSpool,
    request: &Commitment,
    now_ms: UnixMs,
) -> Result<Result<u16, ScuError>, SpoolError> {
    let wait = Duration::from_millis(of.commitment_wait_ms);
    let mut peer = peer(of);
    peer.timeout = peer.timeout.max(wait + Duration::from_secs(1));
    let mut association = match StoreAssociation::for_commitment(&peer, false).await {
        Ok(association) => association,
        Err(error) => return Ok(Err(error)),
    };
    let status = match association.request_commitment(request).await {
        Ok(status) => status,
        Err(error) => {
            association.abort().await;
            return Ok(Err(error));
        }
    };
    if status != SUCCESS {
        association.release().await;
        return Ok(Ok(status));
    }
    match association.wait_for_report(wait).await {
        Ok(Some(report)) => {
            let status = record(of, spool, &report.commitment, now_ms).await?;
            let _ = association.answer_report(&report, status).await;
            association.release().await;
        }
        Ok(None) => association.release().await,
        Err(_) => association.abort().await,
    }
    Ok(Ok(SUCCESS))
}

/// Records a result; the status for whoever reported it.
async fn record(
    of: &Destination,
    spool: &LocalSpool,
    commitment: &Commitment,
    now_ms: UnixMs,
) -> Result<u16, SpoolError> {
    let pause = pause_ms(of.retry_min_ms, of.retry_max_ms, 0, random());
    let again_ms = now_ms.saturating_add_unsigned(pause);
    let result = result_of(commitment, again_ms);
    let counts = spool.commitment_result(&of.name, result, now_ms).await?;
    let destination = &of.name;
    match counts {
        Some(counts) => {
            tracing::info!(destination, counts.committed, counts.failed, "commitment reported");
            Ok(SUCCESS)
        }
        None => {
            tracing::warn!(destination, "a commitment was reported that was not asked for");
            Ok(crate::dimse::status::PROCESSING_FAILURE)
        }
    }
}

fn result_of(commitment: &Commitment, again_ms: UnixMs) -> CommitmentResult {
    let uid = |one: &Reference| one.sop_instance_uid.reveal().clone();
    CommitmentResult {
        transaction_uid: commitment.transaction_uid.clone(),
        committed: commitment.references.iter().map(uid).collect(),
        failed: commitment.failed.iter().map(|(one, reason)| (uid(one), *reason)).collect(),
        again_ms,
    }
}
