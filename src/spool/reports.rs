//! What became of each Job, without any value of its object: for a summary.

use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, params};

/// One Job and what is recorded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReport {
    pub job: i64,
    /// Of the Original.
    pub sop_class_uid: String,
    /// Whether every destination has the result.
    pub delivered: bool,
    /// Reason code and detail, if it waits for a person.
    pub held: Option<(String, String)>,
    /// The `WorkReport` as JSON, once there is a verified result.
    pub report: Option<String>,
    /// The new SOP Instance UID, once there is a verified result.
    pub new_sop_uid: Option<String>,
    /// From receiving to the last change of its state.
    pub took_ms: UnixMs,
}

/// What was done to the object of one Job that has, or had, a verified result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    pub job: i64,
    pub sop_class_uid: String,
    pub new_sop_uid: String,
    pub profile: String,
    pub profile_sha256: String,
    pub project: String,
    pub key_id: String,
    /// The `WorkReport` as JSON.
    pub report: String,
}

/// Whose report is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportOf {
    Job(i64),
    /// Every Job whose result has this SOP Instance UID.
    Result(String),
}

impl LocalSpool {
    /// The reports of a Job or of a result, oldest first.
    pub async fn reports_of(&self, of: ReportOf) -> Result<Vec<StoredReport>, SpoolError> {
        let query = move |c: &Connection| {
            let (job, uid) = match &of {
                ReportOf::Job(job) => (Some(*job), None),
                ReportOf::Result(uid) => (None, Some(uid.as_str())),
            };
            let mut statement = c.prepare(
                "SELECT id, sop_class, new_sop, profile, profile_digest, project, key_id, report
                 FROM jobs WHERE (id = ?1 OR new_sop = ?2) AND report IS NOT NULL
                 AND new_sop IS NOT NULL ORDER BY id",
            )?;
            let rows = statement.query_map(params![job, uid], |row| {
                Ok(StoredReport {
                    job: row.get(0)?,
                    sop_class_uid: row.get(1)?,
                    new_sop_uid: row.get(2)?,
                    profile: row.get(3)?,
                    profile_sha256: row.get(4)?,
                    project: row.get(5)?,
                    key_id: row.get(6)?,
                    report: row.get(7)?,
                })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }

    /// Every Job, oldest first.
    pub async fn reports(&self) -> Result<Vec<JobReport>, SpoolError> {
        let query = |c: &Connection| {
            let mut statement = c.prepare(
                "SELECT jobs.id, originals.sop_class, jobs.state = 'ended', held_reason,
                        held_detail, report, new_sop, updated_ms - received_ms
                 FROM jobs JOIN originals ON originals.id = jobs.original ORDER BY jobs.id",
            )?;
            let rows = statement.query_map([], |row| {
                let reason: Option<String> = row.get(3)?;
                let detail: Option<String> = row.get(4)?;
                Ok(JobReport {
                    job: row.get(0)?,
                    sop_class_uid: row.get(1)?,
                    delivered: row.get(2)?,
                    held: reason.map(|reason| (reason, detail.unwrap_or_default())),
                    report: row.get(5)?,
                    new_sop_uid: row.get(6)?,
                    took_ms: row.get(7)?,
                })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }
}
