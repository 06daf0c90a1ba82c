//! Storage commitment: what destinations are asked to keep, and what they answered.
//!
//! Invariants: a delivery that has to be committed stays `waiting`, with the time when it was
//! stored, until the destination committed; a transaction is recorded before it is sent, so that
//! its result is known whenever, and over whichever Association, it comes.

use super::deliveries::end_job_if_delivered;
use super::files::hex;
use super::local::LocalSpool;
use super::ready::DELIVERABLE;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};

/// A delivery that is stored at its destination and not committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    pub delivery: i64,
    /// Since when it is tried, as a delivery or for a commitment.
    pub first_ms: UnixMs,
    pub sop_class_uid: String,
    /// The new one.
    pub sop_instance_uid: String,
}

/// What a destination said about a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentResult {
    pub transaction_uid: String,
    /// New SOP Instance UIDs that it keeps.
    pub committed: Vec<String>,
    /// Those that it does not keep, with its reasons.
    pub failed: Vec<(String, u16)>,
    /// When the failed ones are sent again.
    pub again_ms: UnixMs,
}

/// What a result changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommitmentCounts {
    pub committed: usize,
    pub failed: usize,
}

/// A new transaction UID: a random UUID (PS3.5 annex B.2).
pub fn new_transaction_uid() -> Result<String, SpoolError> {
    let mut bits = [0u8; 16];
    getrandom::fill(&mut bits).map_err(|_| SpoolError::Broken)?;
    bits[6] = bits[6] & 0x0F | 0x40;
    bits[8] = bits[8] & 0x3F | 0x80;
    let uuid = u128::from_str_radix(&hex(&bits), 16).map_err(|_| SpoolError::Broken)?;
    Ok(format!("2.25.{uuid}"))
}

impl LocalSpool {
    /// Up to `limit` deliveries that a destination is to be asked about, or asked again, now.
    pub async fn uncommitted(
        &self,
        destination: &str,
        limit: usize,
        now_ms: UnixMs,
        longest_pause_ms: u64,
    ) -> Result<Vec<Uncommitted>, SpoolError> {
        let destination = destination.to_owned();
        let latest_ms = now_ms.saturating_add_unsigned(longest_pause_ms);
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT deliveries.id, coalesce(first_ms, stored_ms), jobs.sop_class, jobs.new_sop
                 FROM deliveries JOIN jobs ON jobs.id = deliveries.job
                 WHERE destination = ?1 AND stored_ms IS NOT NULL
                   AND deliveries.state = 'waiting' AND deliveries.next_ms NOT BETWEEN ?2 + 1 AND ?4
                   AND {DELIVERABLE}
                 ORDER BY stored_ms LIMIT ?3"
            ))?;
            let rows = statement.query_map(
                params![destination, now_ms, limit as i64, latest_ms],
                |row| {
                    Ok(Uncommitted {
                        delivery: row.get(0)?,
                        first_ms: row.get(1)?,
                        sop_class_uid: row.get(2)?,
                        sop_instance_uid: row.get(3)?,
                    })
                },
            )?;
            rows.collect()
        };
        self.database.call(query).await
    }

    /// Commitment is no longer asked of this destination: what it stored and did not commit to is sent
    /// again, and counts when it is answered.
    pub async fn forget_uncommitted(&self, destination: &str) -> Result<(), SpoolError> {
        let destination = destination.to_owned();
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET stored_ms = NULL, transaction_uid = NULL, next_ms = 0
                 WHERE destination = ?1 AND state = 'waiting' AND stored_ms IS NOT NULL",
            )?
            .execute([destination])
        };
        self.database.call(record).await.map(|_| ())
    }

    /// These are about to be asked for under this transaction; again if nothing comes by `due_ms`.
    pub async fn asking_commitment(
        &self,
        deliveries: Vec<i64>,
        transaction_uid: &str,
        due_ms: UnixMs,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let uid = transaction_uid.to_owned();
        let record = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "UPDATE deliveries SET transaction_uid = ?2, next_ms = ?3,
                 first_ms = coalesce(first_ms, ?4) WHERE id = ?1 AND state = 'waiting'",
            )?;
            for delivery in deliveries {
                statement.execute(params![delivery, uid, due_ms, now_ms])?;
            }
            Ok(())
        };
        self.database.call(record).await
    }

    /// The destination did not take the request: it is made again, as a new one, at `next_ms`.
    pub async fn not_asked_commitment(
        &self,
        transaction_uid: &str,
        next_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let uid = transaction_uid.to_owned();
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE deliveries SET transaction_uid = NULL, next_ms = ?2
                 WHERE transaction_uid = ?1 AND state = 'waiting'",
            )?
            .execute(params![uid, next_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// Records what a destination said: what it keeps is delivered, what it does not is sent again.
    /// None if it was not asked under this transaction.
    pub async fn commitment_result(
        &self,
        destination: &str,
        result: CommitmentResult,
        now_ms: UnixMs,
    ) -> Result<Option<CommitmentCounts>, SpoolError> {
        let destination = destination.to_owned();
        let record = move |c: &Connection| take_result(c, &destination, &result, now_ms);
        let Some((counts, ended)) = self.database.call(record).await? else { return Ok(None) };
        ended.into_iter().for_each(|original| self.remove_original(Some(original)));
        self.deliveries_changed.send_modify(|changes| *changes += 1);
        Ok(Some(counts))
    }
}

type Taken = Option<(CommitmentCounts, Vec<String>)>;

fn take_result(
    c: &Connection,
    destination: &str,
    result: &CommitmentResult,
    now_ms: UnixMs,
) -> rusqlite::Result<Taken> {
    let asked = c
        .prepare_cached(
            "SELECT 1 FROM deliveries WHERE transaction_uid = ?1 AND destination = ?2 LIMIT 1",
        )?
        .exists(params![result.transaction_uid, destination])?;
    if !asked {
        return Ok(None);
    }
    let (mut counts, mut ended) = (CommitmentCounts::default(), Vec::new());
    let mut find = c.prepare_cached(
        "SELECT deliveries.id, jobs.id FROM deliveries JOIN jobs ON jobs.id = deliveries.job
         WHERE transaction_uid = ?1 AND destination = ?2 AND deliveries.state = 'waiting'
           AND stored_ms IS NOT NULL AND jobs.new_sop = ?3",
    )?;
    let mut find = |uid: &String| {
        find.query_row(params![result.transaction_uid, destination, uid], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()
    };
    // Failures first: what is in both lists is not kept.
    for (uid, reason) in &result.failed {
        if let Some((delivery, _)) = find(uid)? {
            c.prepare_cached(
                "UPDATE deliveries SET stored_ms = NULL, transaction_uid = NULL, status = ?2,
                 attempts = attempts + 1, next_ms = ?3, first_ms = coalesce(first_ms, ?4),
                 updated_ms = ?4 WHERE id = ?1",
            )?
            .execute(params![delivery, reason, result.again_ms, now_ms])?;
            counts.failed += 1;
        }
    }
    for uid in &result.committed {
        if let Some((delivery, job)) = find(uid)? {
            c.prepare_cached(
                "UPDATE deliveries SET state = 'sent', updated_ms = ?2 WHERE id = ?1",
            )?
            .execute(params![delivery, now_ms])?;
            ended.extend(end_job_if_delivered(c, job, now_ms)?);
            counts.committed += 1;
        }
    }
    Ok(Some((counts, ended)))
}
