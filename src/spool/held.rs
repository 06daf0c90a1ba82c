//! What a person can do with held Jobs. Nothing here sends anything: a Job runs again, or it ends.

use super::deliveries::end_original;
use super::local::LocalSpool;
use super::patients::short;
use super::routing::UNROUTED;
use super::{SpoolError, UnixMs};
use crate::deid::hold::HoldReason;
use rusqlite::{Connection, params};

/// Which held Jobs are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldSelection {
    /// One by its number.
    Job(i64),
    /// All with this reason.
    Reason(HoldReason),
    /// All.
    All,
}

/// A held Job, without any value of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldJob {
    pub id: i64,
    pub reason: String,
    pub detail: String,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    pub calling_ae: String,
    pub bytes: i64,
    pub received_ms: UnixMs,
    pub held_ms: UnixMs,
    pub decisions: i64,
    /// The routes by which it is a Job, or that holds it.
    pub route: Option<String>,
    /// The beginning of the keyed hash of its study, where that is known.
    pub study: Option<String>,
    /// How many other objects do not leave because of it.
    pub kept_back: i64,
}

/// How many records are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    pub received: i64,
    pub waiting: i64,
    pub ready: i64,
    pub held: i64,
    pub ended: i64,
    pub rejected: i64,
    pub dropped: i64,
}

impl LocalSpool {
    /// The held Jobs of a selection, oldest first.
    pub async fn held(&self, selection: HeldSelection) -> Result<Vec<HeldJob>, SpoolError> {
        let query = move |c: &Connection| {
            let (job, reason) = bounds(&selection);
            let mut statement = c.prepare(
                "SELECT jobs.id, held_reason, held_detail, originals.sop_class,
                        originals.transfer_syntax, calling_ae, bytes, received_ms, updated_ms,
                        (SELECT count(*) FROM decisions WHERE job = jobs.id), route, study_hash,
                        (SELECT count(*) FROM originals AS o JOIN jobs AS j ON j.original = o.id
                         WHERE o.study_hash = originals.study_hash AND jobs.released_ms IS NULL
                         AND j.release_by != 'object' AND j.released_ms IS NULL
                         AND j.state IN ('waiting', 'ready')
                         AND (j.release_by = 'study' OR o.series_hash = originals.series_hash)
                         AND (jobs.profile_digest = '' OR (j.release_by = jobs.release_by
                              AND j.project = jobs.project AND j.key_id = jobs.key_id
                              AND j.profile_digest = jobs.profile_digest)))
                 FROM jobs JOIN originals ON originals.id = jobs.original
                 WHERE jobs.state = 'held' AND (?1 IS NULL OR jobs.id = ?1)
                   AND (?2 IS NULL OR held_reason = ?2) ORDER BY jobs.id",
            )?;
            let rows = statement.query_map(params![job, reason], |row| {
                Ok(HeldJob {
                    id: row.get(0)?,
                    reason: row.get(1)?,
                    detail: row.get(2)?,
                    sop_class_uid: row.get(3)?,
                    transfer_syntax_uid: row.get(4)?,
                    calling_ae: row.get(5)?,
                    bytes: row.get(6)?,
                    received_ms: row.get(7)?,
                    held_ms: row.get(8)?,
                    decisions: row.get(9)?,
                    route: row.get(10)?,
                    study: row.get::<_, Option<Vec<u8>>>(11)?.as_deref().map(short),
                    kept_back: row.get(12)?,
                })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }

    /// Lets held Jobs run again, from their Original, under their frozen profile. What only a
    /// destination refused is sent again, and what has no profile is routed anew.
    pub async fn reprocess(
        &self,
        selection: HeldSelection,
        who: String,
        now_ms: UnixMs,
    ) -> Result<usize, SpoolError> {
        let record = move |c: &Connection| {
            let jobs = decide(c, &selection, "waiting", &who, "reprocess", now_ms)?;
            for job in &jobs {
                c.execute(
                    "UPDATE deliveries SET state = 'waiting', next_ms = 0, first_ms = NULL,
                     stored_ms = NULL, transaction_uid = NULL,
                     attempts = min(attempts, 1), updated_ms = ?2
                     WHERE job = ?1 AND state = 'refused'",
                    params![job, now_ms],
                )?;
                c.execute(
                    &format!(
                        "UPDATE originals SET state = 'received' WHERE state = 'routed' AND id =
                         (SELECT original FROM jobs WHERE id = ?1 AND {UNROUTED})"
                    ),
                    [job],
                )?;
            }
            Ok(jobs.len())
        };
        let count = self.database.call(record).await?;
        self.originals_changed.notify_one();
        self.jobs_changed.notify_one();
        self.deliveries_changed.send_modify(|changes| *changes += 1);
        Ok(count)
    }

    /// Ends held Jobs: their objects will not be sent, and Originals without another Job go.
    pub async fn reject(
        &self,
        selection: HeldSelection,
        who: String,
        now_ms: UnixMs,
    ) -> Result<usize, SpoolError> {
        let record = move |c: &Connection| {
            let jobs = decide(c, &selection, "rejected", &who, "reject", now_ms)?;
            let mut ended = Vec::new();
            for job in &jobs {
                ended.push(end_original(c, *job)?);
            }
            Ok(ended)
        };
        let ended = self.database.call(record).await?;
        let count = ended.len();
        ended.into_iter().for_each(|original| self.remove_original(original));
        Ok(count)
    }

    /// Counts by state.
    pub async fn counts(&self) -> Result<StateCounts, SpoolError> {
        let query = |c: &Connection| {
            let jobs = |state: &str| {
                c.query_row("SELECT count(*) FROM jobs WHERE state = ?1", [state], |r| r.get(0))
            };
            let received = "SELECT count(*) FROM originals WHERE state = 'received'";
            Ok(StateCounts {
                received: c.query_row(received, [], |row| row.get(0))?,
                waiting: jobs("waiting")?,
                ready: jobs("ready")?,
                held: jobs("held")?,
                ended: jobs("ended")?,
                rejected: jobs("rejected")?,
                dropped: jobs("dropped")?,
            })
        };
        self.database.call(query).await
    }
}

fn bounds(selection: &HeldSelection) -> (Option<i64>, Option<&'static str>) {
    match selection {
        HeldSelection::Job(id) => (Some(*id), None),
        HeldSelection::Reason(reason) => (None, Some(reason.code())),
        HeldSelection::All => (None, None),
    }
}

fn decide(
    c: &Connection,
    selection: &HeldSelection,
    state: &str,
    who: &str,
    what: &str,
    now_ms: UnixMs,
) -> rusqlite::Result<Vec<i64>> {
    let (job, reason) = bounds(selection);
    // What may have been sent is made again by what was known then; else by what is known now.
    let mut statement = c.prepare(
        "UPDATE jobs SET state = CASE WHEN ?3 = 'waiting' AND held_reason = 'refused'
         AND result_kept = 1 AND patient_hash IS NOT NULL THEN 'ready' ELSE ?3 END, held_reason = NULL, held_detail = NULL,
         known_set = iif(result_sha256 IS NULL OR (release_by != 'object' AND released_ms IS NULL),
                         NULL, known_set), parked = 0,
         attempts = 0, next_ms = 0, updated_ms = ?4
         WHERE state = 'held' AND (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR held_reason = ?2)
         RETURNING id",
    )?;
    let ids = statement.query_map(params![job, reason, state, now_ms], |row| row.get(0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
    for id in &ids {
        c.execute(
            "INSERT INTO decisions (job, who, at_ms, what) VALUES (?1, ?2, ?3, ?4)",
            params![id, who, now_ms, what],
        )?;
    }
    Ok(ids)
}
