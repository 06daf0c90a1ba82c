//! Takes Jobs from the spool and puts results back.

use super::{Current, Object, Steps};
use crate::deid::hold::{Hold, HoldReason};
use crate::sandbox::RunError;
use crate::spool::{Admission, Job, LocalSpool, SpoolError, UnixMs};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The queue is looked at this often even when nothing signals: a person may have decided.
const POLL: Duration = Duration::from_secs(1);

/// What the queue needs besides the spool.
pub struct Context {
    pub steps: Steps,
    /// Keys and patients; a reload replaces them.
    pub current: watch::Receiver<Arc<Current>>,
    /// Jobs in work at once.
    pub workers: usize,
    /// For files that are never recorded.
    pub scratch: std::path::PathBuf,
}

/// Works until `shutdown` turns true; Jobs in work are then dropped and repeated after a restart.
pub async fn run(spool: Arc<LocalSpool>, context: Context, mut shutdown: watch::Receiver<bool>) {
    let context = Arc::new(context);
    let mut in_work: JoinSet<i64> = JoinSet::new();
    let mut claimed: HashSet<i64> = HashSet::new();
    loop {
        if let Err(error) = fill(&spool, &context, &mut in_work, &mut claimed).await {
            tracing::error!(%error, "cannot take jobs");
        }
        let idle = in_work.is_empty();
        tokio::select! {
            Some(done) = in_work.join_next(), if !idle => {
                if let Ok(job) = done {
                    claimed.remove(&job);
                }
            }
            () = spool.jobs_changed.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

async fn fill(
    spool: &Arc<LocalSpool>,
    context: &Arc<Context>,
    in_work: &mut JoinSet<i64>,
    claimed: &mut HashSet<i64>,
) -> Result<(), SpoolError> {
    let free = context.workers.saturating_sub(claimed.len());
    if free == 0 {
        return Ok(());
    }
    for job in spool.waiting_jobs(free, claimed.iter().copied().collect()).await? {
        claimed.insert(job.id);
        let (spool, context) = (Arc::clone(spool), Arc::clone(context));
        in_work.spawn(async move {
            let id = job.id;
            let (working, at) = (Arc::clone(&spool), Arc::clone(&context));
            // A task of its own, so that a panic costs this job only.
            let worked = tokio::spawn(async move { work(&working, &at, job).await }).await;
            let recorded = match worked {
                Ok(recorded) => recorded,
                Err(_) => {
                    let hold = Hold::new(HoldReason::SandboxCrashed, "its task stopped");
                    spool.hold(id, hold, now_ms()).await
                }
            };
            if let Err(error) = recorded {
                tracing::error!(job = id, %error, "a job's outcome could not be recorded");
                tokio::time::sleep(POLL).await;
            }
            id
        });
    }
    Ok(())
}

async fn work(spool: &LocalSpool, context: &Context, job: Job) -> Result<(), SpoolError> {
    let id = job.id;
    if !spool.payload_is_intact(job.input.clone(), job.input_sha256.clone()).await {
        let detail = "the stored original is gone or no longer has its digest";
        return spool.hold(id, Hold::new(HoldReason::StorageDamaged, detail), now_ms()).await;
    }
    let current = Arc::clone(&context.current.borrow());
    let Some(key) = current.keys.find(&job.project, &job.key_id) else {
        let detail = "the key under which it was routed is not among the keys of this site";
        return spool.hold(id, Hold::new(HoldReason::UnknownKey, detail), now_ms()).await;
    };
    let scratch = &context.scratch;
    let object = Object { input: &job.input, scratch, profile: &job.profile, key: &key };
    let outcome = match context.steps.open(&object).await {
        Ok(opened) => {
            let subject = object.subject(&current.patients, &opened.patient);
            let new_patient = subject.as_ref().ok().map(|subject| subject.patient_id.clone());
            match spool.admit(id, &opened.patient, new_patient, now_ms()).await? {
                Admission::Admitted => {}
                Admission::Dropped => {
                    tracing::warn!(job = id, "dropped: its patient is excluded");
                    return Ok(());
                }
                Admission::Ended => return Ok(()),
            }
            let output = |round| spool.work_file(id, round);
            match subject {
                Ok(subject) => context.steps.deidentify(&object, opened, &subject, output).await,
                Err(hold) => Err(hold.into()),
            }
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok((result, report)) => {
            let (boxes, kept) = (report.redaction.boxes.len(), report.redaction.kept.len());
            let (frames, scrubbed) = (report.frames, report.header.changed());
            let report = serde_json::to_string(&report).unwrap_or_default();
            if spool.ready(id, result, report, now_ms()).await? {
                tracing::info!(job = id, frames, boxes, kept, scrubbed, "ready");
            }
            Ok(())
        }
        Err(RunError::Hold(hold)) => {
            tracing::warn!(job = id, reason = %hold.reason, detail = hold.detail, "held");
            spool.hold(id, hold, now_ms()).await
        }
        Err(RunError::Failed(kind)) => {
            tracing::error!(job = id, kind, "a step could not run; it will be tried again");
            tokio::time::sleep(5 * POLL).await;
            Ok(())
        }
    }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
