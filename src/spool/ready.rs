//! `Ready`: the only thing that can be forwarded.

use super::files;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, params};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A verified, de-identified object whose file was just found to have the digest of its record.
///
/// It has no constructor outside the spool and no deserialisation: neither an Original nor a
/// result that was not accepted can become one.
///
/// ```
/// use deid_gateway::deid::accept::Deidentified;
/// use deid_gateway::spool::{Original, Ready};
/// fn send(_: &Ready) {}
/// fn fine(ready: &Ready, _: &Original, _: &Deidentified) {
///     send(ready);
/// }
/// let _: serde_json::Value = serde_json::from_str("{}").unwrap();
/// ```
/// ```compile_fail
/// use deid_gateway::spool::{Original, Ready};
/// fn send(_: &Ready) {}
/// fn leak(original: &Original) {
///     send(original);
/// }
/// ```
/// ```compile_fail
/// use deid_gateway::spool::Ready;
/// let forged: Ready = serde_json::from_str("{}").unwrap();
/// ```
/// ```compile_fail
/// use deid_gateway::deid::accept::Deidentified;
/// let forged: Deidentified = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug)]
pub struct Ready {
    path: PathBuf,
    bytes: u64,
    sop_class_uid: String,
    transfer_syntax_uid: String,
    study_uid: String,
    series_uid: String,
    sop_instance_uid: String,
}

impl Ready {
    /// Opens the Part 10 file.
    pub fn open(&self) -> std::io::Result<File> {
        File::open(&self.path)
    }

    /// The Part 10 file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the Part 10 file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn sop_class_uid(&self) -> &str {
        &self.sop_class_uid
    }

    pub fn transfer_syntax_uid(&self) -> &str {
        &self.transfer_syntax_uid
    }

    /// The new Study Instance UID.
    pub fn study_uid(&self) -> &str {
        &self.study_uid
    }

    /// The new Series Instance UID.
    pub fn series_uid(&self) -> &str {
        &self.series_uid
    }

    /// The new SOP Instance UID.
    pub fn sop_instance_uid(&self) -> &str {
        &self.sop_instance_uid
    }
}

/// Jobs whose result may go out. What one destination refused, the others still get. What leaves with
/// its study waits until that is released. Those of an
/// excluded patient were dropped; that nothing of theirs goes out does not rest on it alone.
pub(super) const DELIVERABLE: &str =
    "(jobs.state = 'ready' OR (jobs.state = 'held' AND jobs.held_reason = 'refused'))
     AND (jobs.release_by = 'object' OR jobs.released_ms IS NOT NULL)
     AND NOT EXISTS (SELECT 1 FROM excluded
                     WHERE excluded.patient_hash IN (jobs.patient_hash, jobs.patient_id_hash))";

/// A delivery that is due, and what has to be known to negotiate for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    pub id: i64,
    pub job: i64,
    /// That ended without the object being there for good.
    pub attempts: u32,
    /// The first of these.
    pub first_ms: Option<UnixMs>,
    /// When its Job became ready.
    pub ready_ms: UnixMs,
    pub bytes: u64,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
}

impl LocalSpool {
    /// Up to `limit` deliveries to `destination` that are due and whose Job is ready, those that
    /// are due longest first, without those in `claimed`. One that is due later than the longest
    /// pause was put off by a clock that has been set back since: it is due.
    pub async fn due_deliveries(
        &self,
        destination: &str,
        limit: usize,
        claimed: Vec<i64>,
        now_ms: UnixMs,
        longest_pause_ms: u64,
    ) -> Result<Vec<PendingDelivery>, SpoolError> {
        let destination = destination.to_owned();
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT deliveries.id, jobs.id, deliveries.attempts, jobs.sop_class,
                        jobs.transfer_syntax, first_ms, jobs.updated_ms, jobs.result_bytes
                 FROM deliveries JOIN jobs ON jobs.id = deliveries.job
                 WHERE deliveries.destination = ?1 AND deliveries.state = 'waiting'
                   AND deliveries.next_ms NOT BETWEEN ?2 + 1 AND ?4 AND stored_ms IS NULL AND {DELIVERABLE}
                 ORDER BY deliveries.next_ms, deliveries.id LIMIT ?3"
            ))?;
            let count = (limit + claimed.len()) as i64;
            let latest_ms = now_ms.saturating_add_unsigned(longest_pause_ms);
            let rows =
                statement.query_map(params![destination, now_ms, count, latest_ms], |row| {
                    Ok(PendingDelivery {
                        id: row.get(0)?,
                        job: row.get(1)?,
                        attempts: row.get(2)?,
                        sop_class_uid: row.get(3)?,
                        transfer_syntax_uid: row.get(4)?,
                        first_ms: row.get(5)?,
                        ready_ms: row.get(6)?,
                        bytes: row.get::<_, Option<i64>>(7)?.map_or(0, |bytes| bytes as u64),
                    })
                })?;
            let mut due = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            due.retain(|delivery| !claimed.contains(&delivery.id));
            due.truncate(limit);
            Ok(due)
        };
        self.database.call(query).await
    }

    /// The result of a ready Job, after its file was read and found to have its record's digest.
    pub async fn open_ready(&self, job: i64) -> Result<Ready, SpoolError> {
        let path = self.directories.result(job);
        let record = move |c: &Connection| {
            c.query_row(
                &format!(
                    "SELECT result_sha256, result_bytes, sop_class, transfer_syntax, new_study,
                        new_series, new_sop FROM jobs WHERE id = ?1 AND {DELIVERABLE}"
                ),
                [job],
                |row| {
                    let sha256: String = row.get(0)?;
                    let ready = Ready {
                        path,
                        bytes: row.get::<_, i64>(1)? as u64,
                        sop_class_uid: row.get(2)?,
                        transfer_syntax_uid: row.get(3)?,
                        study_uid: row.get(4)?,
                        series_uid: row.get(5)?,
                        sop_instance_uid: row.get(6)?,
                    };
                    Ok((sha256, ready))
                },
            )
        };
        let (sha256, ready) = self.database.call(record).await?;
        let check = tokio::task::spawn_blocking(move || match files::digest(&ready.path) {
            Ok(found) if found == sha256 => Ok(ready),
            _ => Err(SpoolError::Damaged),
        });
        check.await.map_err(|_| SpoolError::Stopped)?
    }
}
