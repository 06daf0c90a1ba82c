//! `held list|show|reprocess|reject`: looks and decides; nothing here can send an Original.

use crate::spool::{HeldJob, HeldSelection, LocalSpool, SpoolError, UnixMs};
use std::fmt::Write as _;

/// A table of held Jobs with a count by reason.
pub async fn list(spool: &LocalSpool, selection: HeldSelection) -> Result<String, SpoolError> {
    let jobs = spool.held(selection).await?;
    let mut text = String::new();
    if jobs.is_empty() {
        return Ok("nothing is held\n".into());
    }
    let _ = writeln!(
        text,
        "{:>8}  {:<24} {:>12}  {:<16}  {:<12}  {:>9}  DETAIL",
        "JOB", "REASON", "BYTES", "FROM", "STUDY", "KEEPSBACK"
    );
    for job in &jobs {
        let _ = writeln!(
            text,
            "{:>8}  {:<24} {:>12}  {:<16}  {:<12}  {:>9}  {}",
            job.id,
            job.reason,
            job.bytes,
            job.calling_ae,
            job.study.as_deref().unwrap_or("unknown"),
            job.kept_back,
            job.detail
        );
    }
    let _ = writeln!(text, "{} held", jobs.len());
    Ok(text)
}

/// Everything about held Jobs that is not a value of their objects.
pub async fn show(spool: &LocalSpool, selection: HeldSelection) -> Result<String, SpoolError> {
    let jobs = spool.held(selection).await?;
    if jobs.is_empty() {
        return Err(SpoolError::NoSuchRecord);
    }
    Ok(jobs.iter().map(describe).collect::<Vec<_>>().join("\n"))
}

fn describe(job: &HeldJob) -> String {
    format!(
        "job              {}\nreason           {}\ndetail           {}\nSOP class        {}\n\
         transfer syntax  {}\nfrom             {}\nbytes            {}\nreceived (ms)    {}\n\
         held (ms)        {}\ndecisions        {}\nroute            {}\nstudy            {}\n\
         keeps back       {}\n",
        job.id,
        job.reason,
        job.detail,
        job.sop_class_uid,
        job.transfer_syntax_uid,
        job.calling_ae,
        job.bytes,
        job.received_ms,
        job.held_ms,
        job.decisions,
        job.route.as_deref().unwrap_or("none"),
        job.study.as_deref().unwrap_or("unknown"),
        match job.kept_back {
            0 => "nothing".to_owned(),
            1 => "1 other object of its study".to_owned(),
            count => format!("{count} other objects of its study"),
        }
    )
}

/// What a person wants done with held Jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Run them again, from their Originals, through every step.
    Reprocess,
    /// End them: their objects are not sent, and Originals that nothing else needs are removed.
    Reject,
}

/// Records the decision and carries it out; returns how many Jobs it met.
pub async fn decide(
    spool: &LocalSpool,
    selection: HeldSelection,
    decision: Decision,
    who: String,
    now_ms: UnixMs,
) -> Result<usize, SpoolError> {
    let met = match decision {
        Decision::Reprocess => spool.reprocess(selection.clone(), who, now_ms).await?,
        Decision::Reject => spool.reject(selection.clone(), who, now_ms).await?,
    };
    match (met, selection) {
        (0, HeldSelection::Job(_)) => Err(SpoolError::NoSuchRecord),
        (met, _) => Ok(met),
    }
}
