//! Forgetting what links: when a project's own key is destroyed, so is what the records still tell.
//!
//! Afterwards nothing here leads from an object or a patient to a result of that project: neither
//! by hashes of UIDs and patients, nor by digests and sizes of files, nor by new UIDs.

use super::audit;
use super::files;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, params};

/// Jobs of a project and key.
const OF_KEY: &str = "project = ?1 AND key_id = ?2";

impl LocalSpool {
    /// How many Jobs of a project and key are not over.
    pub async fn open_jobs_under(&self, project: &str, key_id: &str) -> Result<i64, SpoolError> {
        let (project, key_id) = (project.to_owned(), key_id.to_owned());
        let query = move |c: &Connection| {
            let sql = format!(
                "SELECT count(*) FROM jobs WHERE {OF_KEY} AND state IN ('waiting', 'ready', 'held')"
            );
            c.query_row(&sql, params![project, key_id], |row| row.get(0))
        };
        self.database.call(query).await
    }

    /// Takes what links out of the Jobs of a project and key that are over, out of their Originals,
    /// and out of the database's journal; returns how many Jobs. Results that are still kept go.
    pub async fn forget_links(
        &self,
        project: &str,
        key_id: &str,
        (who, epoch): (String, u32),
        now_ms: UnixMs,
    ) -> Result<usize, SpoolError> {
        let (project, key_id) = (project.to_owned(), key_id.to_owned());
        let record = move |c: &Connection| {
            let over = format!("{OF_KEY} AND state IN ('ended', 'rejected', 'dropped')");
            let mut statement = c.prepare(&format!(
                "UPDATE jobs SET patient_hash = NULL, patient_id_hash = NULL, new_patient = NULL,
                 new_study = NULL, new_series = NULL, new_sop = NULL, result_sha256 = NULL,
                 result_bytes = NULL, result_kept = 0, report = NULL, known_set = NULL,
                 study_set = NULL, updated_ms = ?3
                 WHERE {over} RETURNING id"
            ))?;
            let jobs = statement.query_map(params![project, key_id, now_ms], |row| row.get(0))?;
            let jobs = jobs.collect::<rusqlite::Result<Vec<i64>>>()?;
            // An Original that another project has too is still known by its UID there.
            c.execute(
                &format!(
                    "UPDATE originals SET sop_hash = x'', sha256 = '', bytes = 0,
                     study_hash = NULL, series_hash = NULL
                     WHERE id IN (SELECT original FROM jobs WHERE {over})
                     AND NOT EXISTS (SELECT 1 FROM jobs WHERE original = originals.id
                                     AND NOT ({OF_KEY}))"
                ),
                params![project, key_id],
            )?;
            let event = serde_json::json!({"event": "key-closed", "project": project, "epoch": epoch,
                                           "key": key_id, "who": who});
            audit::record(c, &event, now_ms)?;
            Ok(jobs)
        };
        let jobs = self.database.call(record).await?;
        for job in &jobs {
            files::remove(&self.directories.result(*job));
        }
        self.database.empty_journal().await?;
        Ok(jobs.len())
    }
}
