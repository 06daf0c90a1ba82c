//! `report JOB|UID`: what was done to one object, as JSON.

use crate::spool::{LocalSpool, ReportOf, SpoolError, StoredReport};
use crate::worker::ObjectReport;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(
        "there is no report of this: a job is named by its number, a result by its new SOP Instance \
         UID, and both have a report once the result is verified"
    )]
    None,
    #[error("the record of job {0} cannot be read")]
    Damaged(i64),
}

/// The reports of a job by its number, or of a result by its new SOP Instance UID.
pub async fn report(spool: &LocalSpool, of: &str) -> Result<String, ReportError> {
    let of = of.parse().map_or_else(|_| ReportOf::Result(of.to_owned()), ReportOf::Job);
    let stored = spool.reports_of(of).await?;
    if stored.is_empty() {
        return Err(ReportError::None);
    }
    stored.into_iter().map(json).collect()
}

fn json(stored: StoredReport) -> Result<String, ReportError> {
    let damaged = |_| ReportError::Damaged(stored.job);
    let work: serde_json::Value = serde_json::from_str(&stored.report).map_err(damaged)?;
    let report = ObjectReport {
        sop_instance_uid: stored.new_sop_uid,
        sop_class_uid: stored.sop_class_uid,
        profile: stored.profile,
        profile_sha256: stored.profile_sha256,
        project: stored.project,
        key_id: stored.key_id,
        work,
    };
    report.json().map_err(damaged)
}
