//! What became of each Job, without any value of its object: for a summary.

use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::Connection;

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

impl LocalSpool {
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
