//! Deliveries: how each ended, and what that ends.

use super::audit;
use super::files;
use super::jobs::hold_job;
use super::local::LocalSpool;
use super::ready::DELIVERABLE;
use super::{SpoolError, UnixMs, crash_point};
use crate::deid::hold::{Hold, HoldReason};
use rusqlite::{Connection, OptionalExtension, params};

impl LocalSpool {
    /// The destination has it. Ends the Job when it was the last, and the Original with its last Job.
    pub async fn delivered(
        &self,
        delivery: i64,
        status: u16,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        crash_point("answered");
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET state = 'sent', status = ?2, updated_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![delivery, status, now_ms])?;
            let job = job_of(c, delivery)?;
            end_job_if_delivered(c, job, now_ms)
        };
        let ended = self.database.call(record).await?;
        crash_point("delivered");
        self.remove_original(ended);
        Ok(())
    }

    /// The destination has it and is to commit: asked from `ask_ms` on, it counts only then.
    pub async fn stored(
        &self,
        delivery: i64,
        status: u16,
        ask_ms: UnixMs,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET status = ?2, stored_ms = ?4, transaction_uid = NULL,
                 next_ms = ?3, first_ms = coalesce(first_ms, ?4), updated_ms = ?4 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute(params![delivery, status, ask_ms, now_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// The destination may take it later.
    pub async fn try_later(
        &self,
        delivery: i64,
        status: Option<u16>,
        next_ms: UnixMs,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET attempts = attempts + 1, status = coalesce(?2, status),
                 next_ms = ?3, first_ms = coalesce(first_ms, ?4), updated_ms = ?4 WHERE id = ?1",
            )?
            .execute(params![delivery, status, next_ms, now_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// The destination was not asked: another delivery may be the next to try it.
    pub async fn postpone(&self, delivery: i64, next_ms: UnixMs) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached("UPDATE deliveries SET next_ms = ?2 WHERE id = ?1")?
                .execute(params![delivery, next_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// Whether another Job sends, or sent, an object of the same new UID to the same destination.
    pub async fn has_rival(&self, delivery: i64) -> Result<bool, SpoolError> {
        let query = move |c: &Connection| {
            c.query_row(
                "SELECT EXISTS (SELECT 1 FROM deliveries AS mine
                 JOIN jobs ON jobs.id = mine.job
                 JOIN jobs AS rival ON rival.new_sop = jobs.new_sop AND rival.id != jobs.id
                 JOIN deliveries AS theirs ON theirs.job = rival.id
                      AND theirs.destination = mine.destination
                 WHERE mine.id = ?1)",
                [delivery],
                |row| row.get(0),
            )
        };
        self.database.call(query).await
    }

    /// The destination refused it for good: the Job waits for a person.
    pub async fn refused(
        &self,
        delivery: i64,
        status: Option<u16>,
        detail: String,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET state = 'refused', attempts = attempts + 1, status = ?2,
                 updated_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![delivery, status, now_ms])?;
            hold_job(c, job_of(c, delivery)?, &Hold::new(HoldReason::Refused, detail), now_ms)
        };
        self.database.call(record).await
    }

    /// When the next waiting delivery to `destination` is due.
    pub async fn next_due(&self, destination: &str) -> Result<Option<UnixMs>, SpoolError> {
        let destination = destination.to_owned();
        let query = move |c: &Connection| {
            c.prepare_cached(&format!(
                "SELECT min(deliveries.next_ms) FROM deliveries JOIN jobs ON jobs.id = deliveries.job
                 WHERE destination = ?1 AND deliveries.state = 'waiting' AND stored_ms IS NULL
                 AND {DELIVERABLE}"
            ))?
            .query_row([destination], |row| row.get(0))
        };
        self.database.call(query).await
    }

    /// How many deliveries wait for destinations that are not among `configured`.
    pub async fn waiting_for_others(&self, configured: Vec<String>) -> Result<usize, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare(
                "SELECT destination FROM deliveries JOIN jobs ON jobs.id = deliveries.job
                 WHERE deliveries.state = 'waiting' AND jobs.state IN ('waiting', 'ready', 'held')",
            )?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            let names = names.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(names.iter().filter(|name| !configured.contains(name)).count())
        };
        self.database.call(query).await
    }

    /// Removes the results that were delivered before `before_ms`.
    pub async fn remove_delivered(&self, before_ms: UnixMs) -> Result<usize, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "UPDATE jobs SET result_kept = 0 WHERE result_kept = 1 AND updated_ms < ?1
                 AND state IN ('ended', 'rejected') RETURNING id",
            )?;
            let ids = statement.query_map([before_ms], |row| row.get::<_, i64>(0))?;
            ids.collect::<rusqlite::Result<Vec<_>>>()
        };
        let jobs = self.database.call(query).await?;
        for job in &jobs {
            files::remove(&self.directories.result(*job));
        }
        Ok(jobs.len())
    }

    pub(super) fn remove_original(&self, ended: Option<String>) {
        if let Some(id) = ended {
            files::remove(&self.directories.original(&id));
        }
    }
}

fn job_of(c: &Connection, delivery: i64) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT job FROM deliveries WHERE id = ?1")?
        .query_row([delivery], |row| row.get(0))
}

/// Ends a Job without open deliveries; returns the Original that this ended.
pub(super) fn end_job_if_delivered(
    c: &Connection,
    job: i64,
    now_ms: UnixMs,
) -> rusqlite::Result<Option<String>> {
    let ended = c
        .prepare_cached(
            "UPDATE jobs SET state = 'ended', updated_ms = ?2
             WHERE id = ?1 AND state IN ('waiting', 'ready', 'held')
             AND NOT EXISTS (SELECT 1 FROM deliveries WHERE job = ?1 AND state != 'sent')",
        )?
        .execute(params![job, now_ms])?;
    if ended == 0 { Ok(None) } else { end_original(c, job) }
}

/// Ends the Original of a Job that has ended, if it was the last one.
pub(super) fn end_original(c: &Connection, job: i64) -> rusqlite::Result<Option<String>> {
    let ended = c
        .prepare_cached(
            "UPDATE originals SET state = 'ended'
             WHERE id = (SELECT original FROM jobs WHERE id = ?1) AND NOT EXISTS
             (SELECT 1 FROM jobs WHERE original = originals.id
              AND state NOT IN ('ended', 'rejected', 'dropped')) RETURNING id",
        )?
        .query_row([job], |row| row.get::<_, String>(0))
        .optional()?;
    if let Some(id) = &ended {
        audit::removed(c, id)?;
    }
    Ok(ended)
}
