//! Jobs: one Original under one frozen profile, from routing to a verified result.

use super::files;
use super::identifiers::Known;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs, crash_point};
use crate::config::Profile;
use crate::deid::accept::Deidentified;
use crate::deid::hold::Hold;
use rusqlite::{Connection, params};
use std::path::PathBuf;

/// A Job that waits to be worked on.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: i64,
    /// The payload of its Original.
    pub input: PathBuf,
    /// Digest of that payload as it was acknowledged.
    pub input_sha256: String,
    /// As it was when the Job was routed; or why this program cannot read what another one froze.
    pub profile: Result<Profile, String>,
    pub project: String,
    /// Of the key that was in force when it was routed.
    pub key_id: String,
    /// How often work on it began before and came to no end.
    pub attempts: u32,
    /// Whether its object is only opened now, for what it tells: it leaves with its study.
    pub tells_only: bool,
}

impl LocalSpool {
    /// Up to `limit` Jobs that may be worked on now, without those in `claimed`, those that wait for
    /// their study, and those whose Original is to be routed anew: the least tried first, so that one that never ends does not stop
    /// the others, then the oldest. One that may begin later than the longest pause was put off by a
    /// clock that has been set back since: it may begin.
    pub async fn waiting_jobs(
        &self,
        limit: usize,
        claimed: Vec<i64>,
        now_ms: UnixMs,
        longest_pause_ms: UnixMs,
    ) -> Result<Vec<Job>, SpoolError> {
        let directories = self.directories.clone();
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "SELECT jobs.id, originals.id, originals.sha256, profiles.json, jobs.project,
                        jobs.key_id, jobs.attempts,
                        jobs.release_by != 'object' AND jobs.known_set IS NULL
                 FROM jobs INDEXED BY jobs_waiting
                 JOIN originals ON originals.id = jobs.original
                 JOIN profiles ON profiles.digest = jobs.profile_digest
                 WHERE jobs.state = 'waiting' AND jobs.parked = 0 AND jobs.next_ms NOT BETWEEN ?2 + 1 AND ?3
                 AND originals.state = 'routed' ORDER BY jobs.attempts, jobs.id LIMIT ?1",
            )?;
            let mut rows = statement.query(params![
                (limit + claimed.len()) as i64,
                now_ms,
                now_ms + longest_pause_ms
            ])?;
            let mut jobs = Vec::new();
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                if claimed.contains(&id) || jobs.len() == limit {
                    continue;
                }
                let json: String = row.get(3)?;
                jobs.push(Job {
                    id,
                    input: directories.original(&row.get::<_, String>(1)?),
                    input_sha256: row.get(2)?,
                    profile: serde_json::from_str(&json).map_err(|error| error.to_string()),
                    project: row.get(4)?,
                    key_id: row.get(5)?,
                    attempts: row.get(6)?,
                    tells_only: row.get(7)?,
                });
            }
            Ok(jobs)
        };
        self.database.call(query).await
    }

    /// Where the result of a Job may be written before it is accepted.
    pub fn work_file(&self, job: i64, round: usize) -> PathBuf {
        self.directories.work.join(format!("{job}.{round}.dcm"))
    }

    /// Stores a verified result and makes the Job ready: sync, rename, sync, then the commit.
    /// Whether it is ready now: a Job that was ended meanwhile leaves no result, nor does one that was
    /// searched for less (`known`) than is known by now.
    pub async fn ready(
        &self,
        job: i64,
        known: &Known,
        result: Deidentified,
        report: String,
        now_ms: UnixMs,
    ) -> Result<bool, SpoolError> {
        let (from, to) = (result.path().to_owned(), self.directories.result(job));
        let results = self.directories.results.clone();
        let store = tokio::task::spawn_blocking(move || {
            let synced = std::fs::File::open(&from).and_then(|file| file.sync_all());
            synced.map_err(|e| SpoolError::file(&from, "cannot sync", &e))?;
            std::fs::rename(&from, &to).map_err(|e| SpoolError::file(&to, "cannot rename", &e))?;
            files::sync_directory(&results)
        });
        store.await.map_err(|_| SpoolError::Stopped)??;
        crash_point("result-synced");
        let known_set = known.set.clone();
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE jobs SET state = 'ready', report = ?2, result_sha256 = ?3,
                 result_bytes = ?4, sop_class = ?5, transfer_syntax = ?6, new_study = ?7,
                 new_series = ?8, new_sop = ?9, result_kept = 1, updated_ms = ?10
                 WHERE id = ?1 AND state = 'waiting' AND known_set IS ?11",
            )?
            .execute(params![
                job,
                report,
                result.sha256(),
                result.bytes() as i64,
                result.sop_class_uid(),
                result.transfer_syntax_uid(),
                result.study_uid(),
                result.series_uid(),
                result.sop_instance_uid(),
                now_ms,
                known_set,
            ])
        };
        if self.database.call(record).await? == 0 {
            files::remove(&self.directories.result(job));
            return Ok(false);
        }
        crash_point("ready");
        self.deliveries_changed.send_modify(|count| *count += 1);
        Ok(true)
    }

    /// Work on a Job that was begun so often came to no end: it may begin again at `next_ms`.
    pub async fn put_off(
        &self,
        job: i64,
        attempts: u32,
        next_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE jobs SET attempts = ?2, next_ms = ?3 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute(params![job, attempts, next_ms])
        };
        self.database.call(record).await.map(|_| ())
    }

    /// Makes the Job wait for a person.
    pub async fn hold(&self, job: i64, hold: Hold, now_ms: UnixMs) -> Result<(), SpoolError> {
        let record = move |c: &Connection| hold_job(c, job, &hold, now_ms);
        self.database.call(record).await?;
        crash_point("held");
        Ok(())
    }

    /// Whether a payload still has the digest of its record.
    pub async fn payload_is_intact(&self, path: PathBuf, sha256: String) -> bool {
        let read = tokio::task::spawn_blocking(move || files::digest(&path)).await;
        matches!(read, Ok(Ok(found)) if found == sha256)
    }
}

pub(super) fn hold_job(
    c: &Connection,
    job: i64,
    hold: &Hold,
    now_ms: UnixMs,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "UPDATE jobs SET state = 'held', held_reason = ?2, held_detail = ?3, updated_ms = ?4
         WHERE id = ?1 AND state IN ('waiting', 'ready', 'held')",
    )?
    .execute(params![job, hold.reason.code(), hold.detail, now_ms])?;
    Ok(())
}
