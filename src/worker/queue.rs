//! Takes Jobs from the spool and puts results back.
//!
//! Invariants: work that comes to no end is counted, in the record, and begins again later and after
//! what was tried less; after `MAX_ATTEMPTS` the Job is held. No work begins on a disk without room.

use super::{Current, Object, Steps, WorkReport, turns};
use crate::config::Profile;
use crate::deid::accept::Deidentified;
use crate::deid::header::ProjectKey;
use crate::deid::hold::{Hold, HoldReason};
use crate::sandbox::RunError;
use crate::spool::{Admission, Job, Known, LocalSpool, SpoolError, UnixMs};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The queue is looked at this often even when nothing signals: a person may have decided.
const POLL: Duration = Duration::from_secs(1);

/// How often work on a Job may come to no end before it is held: above what restarts explain.
const MAX_ATTEMPTS: u32 = 10;
/// The pause after the first time; it doubles, up to `PAUSE_MAX_MS`.
const PAUSE_MS: UnixMs = 5_000;
const PAUSE_MAX_MS: UnixMs = 600_000;

/// What the queue needs besides the spool.
pub struct Context {
    pub steps: Steps,
    /// Keys and patients; a reload replaces them.
    pub current: watch::Receiver<Arc<Current>>,
    /// Jobs in work at once.
    pub workers: usize,
    /// For files that are never recorded.
    pub scratch: std::path::PathBuf,
    /// With less free space in the spool no work begins: deliveries have to make room first.
    pub min_free_bytes: u64,
}

/// Works until `shutdown` turns true; Jobs in work are then dropped and repeated after a restart.
pub async fn run(spool: Arc<LocalSpool>, context: Context, mut shutdown: watch::Receiver<bool>) {
    let context = Arc::new(context);
    let mut in_work: JoinSet<i64> = JoinSet::new();
    let mut claimed: HashSet<i64> = HashSet::new();
    let mut room = true;
    loop {
        let had_room = std::mem::replace(&mut room, has_room(&spool, &context));
        if had_room && !room {
            tracing::error!(
                "the spool's disk is almost full: jobs wait until deliveries made room"
            );
        }
        if room && let Err(error) = fill(&spool, &context, &mut in_work, &mut claimed).await {
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
            _ = shutdown.wait_for(|stop| *stop) => break,
        }
    }
    in_work.shutdown().await;
}

fn has_room(spool: &LocalSpool, context: &Context) -> bool {
    spool.free_bytes().is_ok_and(|free| free >= context.min_free_bytes)
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
    let taken = claimed.iter().copied().collect();
    for job in spool.waiting_jobs(free, taken, now_ms(), PAUSE_MAX_MS).await? {
        claimed.insert(job.id);
        let (spool, context) = (Arc::clone(spool), Arc::clone(context));
        in_work.spawn(async move {
            let (id, attempts) = (job.id, job.attempts);
            let recorded = match turns::caught(work(&spool, &context, job)).await {
                Some(Ok(())) => Ok(()),
                Some(Err(Unfinished::Failed(failure))) => {
                    put_off(&spool, id, attempts, &failure).await
                }
                Some(Err(Unfinished::Later(why))) => {
                    let pause_ms = context.steps.pause().as_millis() as UnixMs;
                    tracing::info!(job = id, why, pause_ms, "waits");
                    spool.put_off(id, attempts, now_ms() + pause_ms.min(PAUSE_MAX_MS)).await
                }
                None => {
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

/// Work came to no end: it begins again later, or a person is asked.
async fn put_off(
    spool: &LocalSpool,
    job: i64,
    attempts: u32,
    failure: &str,
) -> Result<(), SpoolError> {
    let attempts = attempts + 1;
    if attempts >= MAX_ATTEMPTS {
        return given_up(spool, job, attempts, failure).await;
    }
    let pause_ms = (PAUSE_MS << (attempts - 1).min(16)).min(PAUSE_MAX_MS);
    tracing::error!(job, failure, attempts, pause_ms, "work came to no end: it will begin again");
    spool.put_off(job, attempts, now_ms() + pause_ms).await
}

async fn given_up(
    spool: &LocalSpool,
    job: i64,
    attempts: u32,
    failure: &str,
) -> Result<(), SpoolError> {
    let detail = format!("begun {attempts} times without an end: {failure}");
    tracing::warn!(job, reason = %HoldReason::StepFailed, detail, "held");
    spool.hold(job, Hold::new(HoldReason::StepFailed, detail), now_ms()).await
}

/// Why a Job has no end yet.
enum Unfinished {
    /// It counts as tried.
    Failed(String),
    /// A service cannot be asked, which is not the object's doing.
    Later(String),
}

/// Brings a Job to its end: ready, held, or dropped.
async fn work(spool: &LocalSpool, context: &Context, job: Job) -> Result<(), Unfinished> {
    let (id, attempts) = (job.id, job.attempts);
    let outcome = if attempts >= MAX_ATTEMPTS {
        given_up(spool, id, attempts, "the gateway did not survive it").await.map(|()| None)
    } else if job.tells_only {
        tell(spool, context, job).await
    } else {
        run_steps(spool, context, job).await
    };
    let unrecorded = |error: SpoolError| Unfinished::Failed(error.to_string());
    match outcome.map_err(unrecorded)? {
        None => Ok(()),
        Some(Ok((known, result, report))) => {
            let (boxes, kept) = (report.redaction.count(), report.redaction.kept.len());
            let (frames, scrubbed) = (report.frames, report.header.changed());
            let report = serde_json::to_string(&report).unwrap_or_default();
            if spool.ready(id, &known, result, report, now_ms()).await.map_err(unrecorded)? {
                tracing::info!(job = id, frames, boxes, kept, scrubbed, "ready");
            }
            Ok(())
        }
        Some(Err(RunError::Hold(hold))) => {
            tracing::warn!(job = id, reason = %hold.reason, detail = hold.detail, "held");
            spool.hold(id, hold, now_ms()).await.map_err(unrecorded)
        }
        Some(Err(RunError::Failed(kind))) => Err(Unfinished::Failed(kind)),
        Some(Err(RunError::Later(why))) => Err(Unfinished::Later(why)),
    }
}

type Outcome = Result<(Known, Deidentified, WorkReport), RunError>;

/// Has an object opened that leaves with its study, for what it tells of its patient: work on it
/// begins when the study is complete.
async fn tell(
    spool: &LocalSpool,
    context: &Context,
    job: Job,
) -> Result<Option<Outcome>, SpoolError> {
    let current = Arc::clone(&context.current.borrow());
    let (profile, key) = match prepare(spool, &current, &job).await {
        Ok(prepared) => prepared,
        Err(hold) => return Ok(Some(Err(hold.into()))),
    };
    let object = Object { input: &job.input, scratch: &context.scratch, profile, key: &key };
    let told = match context.steps.harvest(&object).await {
        Ok(told) => told,
        Err(error) => return Ok(Some(Err(error))),
    };
    // A patient who is not listed is told when the object is worked on.
    let subject = object.subject(&current.patients, &told.patient).ok();
    let new_patient = subject.map(|subject| subject.patient_id);
    let admission = spool.admit(job.id, &told, new_patient, now_ms()).await?;
    Ok(known(job.id, admission).err().flatten().map(Err))
}

/// What became of the object; none if its Job ended meanwhile.
async fn run_steps(
    spool: &LocalSpool,
    context: &Context,
    job: Job,
) -> Result<Option<Outcome>, SpoolError> {
    let id = job.id;
    let current = Arc::clone(&context.current.borrow());
    let (profile, key) = match prepare(spool, &current, &job).await {
        Ok(prepared) => prepared,
        Err(hold) => return Ok(Some(Err(hold.into()))),
    };
    let object = Object { input: &job.input, scratch: &context.scratch, profile, key: &key };
    let opened = match context.steps.open(&object).await {
        Ok(opened) => opened,
        Err(error) => return Ok(Some(Err(error))),
    };
    let subject = object.subject(&current.patients, &opened.told.patient);
    let new_patient = subject.as_ref().ok().map(|subject| subject.patient_id.clone());
    let admission = spool.admit(id, &opened.told, new_patient, now_ms()).await?;
    let known = match known(id, admission) {
        Ok(known) => known,
        Err(ended) => return Ok(ended.map(Err)),
    };
    let output = |round| spool.work_file(id, round);
    Ok(Some(match subject {
        Ok(subject) => {
            let identifiers = &known.identifiers;
            let done = context.steps.deidentify(&object, opened, identifiers, &subject, output);
            done.await.map(|(result, report)| (known, result, report))
        }
        Err(hold) => Err(hold.into()),
    }))
}

/// What has to be there before an object is opened.
async fn prepare<'a>(
    spool: &LocalSpool,
    current: &Current,
    job: &'a Job,
) -> Result<(&'a Profile, ProjectKey), Hold> {
    if !spool.payload_is_intact(job.input.clone(), job.input_sha256.clone()).await {
        let detail = "the stored original is gone or no longer has its digest";
        return Err(Hold::new(HoldReason::StorageDamaged, detail));
    }
    let Some(key) = current.keys.find(&job.project, &job.key_id) else {
        let detail = "the key under which it was routed is not among the keys of this site";
        return Err(Hold::new(HoldReason::UnknownKey, detail));
    };
    let profile = job.profile.as_ref();
    let profile = profile.map_err(|error| Hold::new(HoldReason::ProfileUnreadable, error))?;
    Ok((profile, key))
}

/// What is known of an object that was admitted; else how its work ends, if there is anything to say.
fn known(job: i64, admission: Admission) -> Result<Known, Option<RunError>> {
    match admission {
        Admission::Admitted(known) => Ok(known),
        Admission::Parked | Admission::Ended => Err(None),
        Admission::Dropped => {
            tracing::warn!(job, "dropped: its patient is excluded");
            Err(None)
        }
        Admission::TooMuch => {
            let detail = "its study tells of more identifiers than are searched for";
            Err(Some(Hold::new(HoldReason::LimitExceeded, detail).into()))
        }
    }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
